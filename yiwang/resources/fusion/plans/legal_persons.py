"""Legal persons (法人): 26 departments, a class each, keyed by the organisation inside the credit code."""

from functools import cache

from yiwang.resources.fusion.data import Field, FusionPlan, Level, Source, Trust

FIELDS = (
    Field("name", "TEXT", "机构名称"),
    Field("uscc", "TEXT", "统一社会信用代码"),
    Field("registration_number", "TEXT", "注册号"),
    Field("representative", "NAME", "法定代表人"),
    Field("address", "ADDRESS", "住所"),
    Field("phone", "PHONE", "联系电话"),
    Field("industry", "TEXT", "行业代码"),
    Field("status", "CODE", "存续状态"),
    Field("established_date", "DATE", "成立日期"),
)
# Letters: u code as a field, r old registration number, i industry, s status, e date of establishment.
CLASSES = (
    ("L01", "市场监管登记", "CLEAN DATE PROVINCE DIGITS urise"),
    ("L02", "机构编制登记", "CLEAN DATE PROVINCE DIGITS use"),
    ("L03", "社会组织登记", "CLEAN DATE PROVINCE DIGITS use"),
    ("L04", "税务登记", "CLEAN ISO CITY DIGITS uis"),
    ("L05", "社会保险单位", "CLEAN COMPACT CITY DIGITS us"),
    ("L06", "医疗保险单位", "CLEAN - CITY DIGITS u"),
    ("L07", "公积金缴存单位", "CLEAN - CITY DIGITS u"),
    ("L08", "统计单位名录", "TYPED SLASH CITY TYPED ie"),
    ("L09", "组织机构代码历史库", "CLEAN COMPACT CITY DIGITS re"),
    ("L10", "商务备案", "TYPED SLASH CITY TYPED -"),
    ("L11", "生态环境许可", "TYPED - CITY TYPED i"),
    ("L12", "应急管理", "TYPED - CITY TYPED r"),
    ("L13", "住房和城乡建设", "TYPED SLASH CITY TYPED r"),
    ("L14", "交通运输", "TYPED - CITY TYPED r"),
    ("L15", "卫生健康机构", "CLEAN - CITY DIGITS -"),
    ("L16", "教育机构", "CLEAN - CITY DIGITS -"),
    ("L17", "文化和旅游", "TYPED - BARE TYPED -"),
    ("L18", "农业农村", "TYPED - BARE TYPED -"),
    ("L19", "水务", "TYPED - BARE TYPED -"),
    ("L20", "城市管理", "TYPED - BARE TYPED -"),
    ("L21", "公安备案", "CLEAN - CITY DIGITS -"),
    ("L22", "消防", "TYPED - CITY TYPED -"),
    ("L23", "科技企业", "TYPED ISO CITY TYPED i"),
    ("L24", "法院执行", "TYPED - CITY - -"),
    ("L25", "信用信息", "CLEAN - - - s"),
    ("L26", "供电用户", "TYPED - BARE TYPED -"),
)
EXTRA = {
    "u": ("uscc", "CLEAN"),
    "r": ("registration_number", "CLEAN"),
    "i": ("industry", "CLEAN"),
    "s": ("status", "CODE"),
    "e": ("established_date", ""),
}
MARKET = "《中华人民共和国市场主体登记管理条例》第八条"
INSTITUTION = "《事业单位登记管理暂行条例》第八条"
SOCIETY = "《社会团体登记管理条例》第十二条"
REGISTRARS = {1: Trust(9, MARKET), 2: Trust(9, INSTITUTION), 3: Trust(9, SOCIETY)}
TAX = Trust(3, "《中华人民共和国税收征收管理法》第十五条")
TRUST = {
    **dict.fromkeys(
        ("name", "uscc", "representative", "established_date", "registration_number"), REGISTRARS
    ),
    "status": REGISTRARS | {4: TAX},
    "address": REGISTRARS | {4: TAX},
    "industry": {1: Trust(9, MARKET), 8: Trust(5, "《中华人民共和国统计法》第十六条")},
    "phone": {},
}
LEVELS = (
    Level(("registration_number", "name")),
    Level(("name", "representative")),
    Level(("name", "address")),
    Level(("registration_number",)),
    Level(("name",)),
    Level(("representative", "phone", "address")),
)
WITHIN = (
    Level(("registration_number",)),
    Level(("name", "representative")),
    Level(("name", "address")),
)


def _source(number: int, department: str, title: str, forms: str) -> Source:
    written, day, address, phone, extra = forms.split()
    formats = {"name": written, "representative": written}
    formats |= {
        name: form for name, form in (("address", address), ("phone", phone)) if form != "-"
    }
    formats |= dict(EXTRA[letter] for letter in extra if letter in EXTRA)
    if "established_date" in formats:
        formats["established_date"] = day
    return Source(number, department, title, written, formats)


@cache
def legal_person_plan() -> FusionPlan:
    """Return the plan of legal persons (法人融合计划): 26 departments, 26 classes, 9 fields."""
    return FusionPlan(
        name="legal-persons",
        title="法人",
        identifier="USCC",
        sources=tuple(_source(number, *row) for number, row in enumerate(CLASSES, start=1)),
        fields=FIELDS,
        trust=TRUST,
        levels=LEVELS,
        within=WITHIN,
        link_fields=("name", "representative", "phone", "address"),
        link_blocks=(("phone",), ("address",), ("representative", "name:3")),
        buckets=16,
        cluster_guard=256,
        unfilled=("uscc",),
    )
