"""The population (人口): 13 departments, 32 classes, as the population registry's plan has them.

Which department is the source of a field (数源部门) is the city's to decide; the laws named here say
who registers the fact. A class that is not named for a field has rank 1.
"""

from functools import cache

from yiwang.resources.fusion.data import Field, FusionPlan, Level, Source, Trust

FIELDS = (
    Field("name", "NAME", "姓名"),
    Field("sex", "CODE", "性别"),
    Field("birth_date", "DATE", "出生日期"),
    Field("ethnicity", "CODE", "民族"),
    Field("marital", "CODE", "婚姻状况"),
    Field("address", "ADDRESS", "住址"),
    Field("phone", "PHONE", "联系电话"),
    Field("employer", "TEXT", "工作单位"),
)
CLEAN = {"name": "CLEAN", "sex": "CODE", "birth_date": "DATE"}
TYPED = {"name": "TYPED", "sex": "SEX_TEXT", "birth_date": "CHINESE"}
# Formats by class: how its id and name are written, the form of its birth date, address and phone, and
# which of ethnicity (e), marital (m) and employer (w) it supplies. A dash: not supplied.
CLASSES = (
    ("D01", "户籍人口", "CLEAN DATE PROVINCE - em"),
    ("D01", "居住证", "CLEAN DATE PROVINCE DIGITS w"),
    ("D01", "流动人口登记", "TYPED CHINESE CITY TYPED w"),
    ("D01", "出入境证件", "CLEAN COMPACT - DIGITS -"),
    ("D01", "机动车驾驶人", "CLEAN DATE PROVINCE DIGITS -"),
    ("D02", "婚姻登记", "CLEAN ISO - DIGITS em"),
    ("D02", "最低生活保障", "TYPED CHINESE CITY TYPED m"),
    ("D02", "养老服务", "TYPED SLASH BARE TYPED -"),
    ("D03", "职工社会保险参保", "CLEAN COMPACT - DIGITS w"),
    ("D03", "社会保障卡", "CLEAN COMPACT CITY DIGITS e"),
    ("D03", "就业登记", "CLEAN COMPACT - DIGITS w"),
    ("D03", "企业退休人员", "TYPED COMPACT CITY TYPED w"),
    ("D04", "基本医疗保险参保", "CLEAN COMPACT CITY DIGITS w"),
    ("D04", "医疗救助", "TYPED SLASH CITY TYPED -"),
    ("D05", "出生医学证明", "CLEAN DATE CITY DIGITS e"),
    ("D05", "居民电子健康档案", "TYPED ISO BARE TYPED e"),
    ("D05", "家庭医生签约", "TYPED ISO BARE TYPED -"),
    ("D06", "学籍", "CLEAN COMPACT CITY DIGITS e"),
    ("D06", "教师", "CLEAN ISO - DIGITS w"),
    ("D06", "入学报名", "TYPED ISO CITY TYPED -"),
    ("D07", "公积金缴存职工", "CLEAN COMPACT - DIGITS w"),
    ("D07", "公积金贷款人", "CLEAN COMPACT CITY DIGITS m"),
    ("D08", "商品房买受人", "TYPED SLASH CITY TYPED -"),
    ("D08", "租赁备案", "TYPED SLASH CITY TYPED -"),
    ("D09", "不动产权利人", "CLEAN - CITY DIGITS -"),
    ("D10", "自然人纳税人", "CLEAN ISO PROVINCE DIGITS w"),
    ("D11", "残疾人", "CLEAN DATE CITY TYPED m"),
    ("D12", "优抚对象", "TYPED CHINESE CITY TYPED -"),
    ("D13", "个体经营者", "CLEAN ISO CITY DIGITS -"),
    ("D13", "企业负责人", "CLEAN - - DIGITS w"),
    ("D13", "特种设备作业人员", "TYPED SLASH - TYPED w"),
    ("D13", "食品从业人员", "TYPED - - TYPED w"),
)
EXTRA = {"e": ("ethnicity", "CODE"), "m": ("marital", "CODE"), "w": ("employer", "CLEAN")}

HOUSEHOLD = "《中华人民共和国户口登记条例》第三条"
IDENTITY = "《中华人民共和国居民身份证法》第三条"
MARRIAGE = "《婚姻登记条例》第二条"
INSURANCE = "《中华人民共和国社会保险法》第五十七条"
RESIDENCE = "《居住证暂行条例》第八条"
BIRTH = "《中华人民共和国母婴保健法》第二十三条"
TRUST = {
    "name": {1: Trust(9, IDENTITY), 2: Trust(6, RESIDENCE), 15: Trust(3, BIRTH)},
    "sex": {1: Trust(9, IDENTITY), 15: Trust(3, BIRTH)},
    "birth_date": {1: Trust(9, IDENTITY), 15: Trust(6, BIRTH)},
    "ethnicity": {1: Trust(9, HOUSEHOLD)},
    "marital": {6: Trust(9, MARRIAGE), 1: Trust(3, HOUSEHOLD)},
    # Where people live now is what they last told anyone; the household register is where they belong.
    "address": {2: Trust(3, RESIDENCE), 3: Trust(2, RESIDENCE), 1: Trust(2, HOUSEHOLD)},
    "phone": {},
    "employer": {9: Trust(9, INSURANCE), 13: Trust(6, INSURANCE), 21: Trust(5)},
}
LEVELS = (
    Level(("name", "birth_date", "phone")),
    Level(("name", "birth_date", "address")),
    Level(("name", "birth_date"), digits=2),
    Level(("birth_date", "phone", "sex"), digits=2),
    Level(("name", "sex", "phone"), digits=2),
    Level(("name", "birth_date", "sex")),
    Level(("name", "phone", "address")),
)
WITHIN = (
    Level(("name", "birth_date", "phone")),
    Level(("name", "birth_date", "address")),
    Level(("name", "phone", "address")),
)


def _source(number: int, department: str, title: str, forms: str) -> Source:
    written, birth, address, phone, extra = forms.split()
    formats = {"name": written, "sex": (CLEAN if written == "CLEAN" else TYPED)["sex"]}
    formats |= {
        name: form
        for name, form in (("birth_date", birth), ("address", address), ("phone", phone))
        if form != "-"
    }
    formats |= dict(EXTRA[letter] for letter in extra if letter in EXTRA)
    return Source(number, department, title, written, formats)


@cache
def population_plan() -> FusionPlan:
    """Return the plan of the population (人口融合计划): 13 departments, 32 classes, 8 fields."""
    return FusionPlan(
        name="population",
        title="人口",
        identifier="ID_NUMBER",
        sources=tuple(_source(number, *row) for number, row in enumerate(CLASSES, start=1)),
        fields=FIELDS,
        trust=TRUST,
        levels=LEVELS,
        within=WITHIN,
        link_fields=("name", "birth_date", "phone", "address"),
        link_blocks=(("birth_date", "name:1"), ("phone",), ("address",)),
    )
