"""The departments, posts and staff of the demonstration city (演示机构).

Names and duties are those that a prefecture-level city has; codes, telephones, addresses and people
are made. `function` is the word by which matters name their department.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from random import Random

from yiwang.config.demo.names import given_make, surname_make
from yiwang.kernel.api import CodeView
from yiwang.sdk.identifiers import uscc_make

CITY_CODE, CITY_NAME, CITY_EN = "320500", "苏州市", "Suzhou"
OFFICE_HOURS = "工作日 9:00–12:00，13:00–17:00"
DISTRICTS_EN = {
    "320505": "Huqiu", "320506": "Wuzhong", "320507": "Xiangcheng", "320508": "Gusu",
    "320509": "Wujiang", "320576": "Suzhou Industrial Park", "320581": "Changshu",
    "320582": "Zhangjiagang", "320583": "Kunshan", "320585": "Taicang",
}  # fmt: skip
ZONE_CODE = "320576"


@dataclass(frozen=True, slots=True)
class Bureau:
    """A trade of government (职能): its bureau's name, at city and perhaps at district level.

    kind: position 2 of the code: 1 organ, 2 public institution, 3 mass organisation.
    """

    function: str
    zh: str
    en: str
    district: bool = False
    kind: str = "1"
    district_zh: str = ""  # where the district's body is named otherwise


BUREAUS = (
    Bureau("general_office", "人民政府办公室", "General Office", True),
    Bureau("development_reform", "发展和改革委员会", "Development and Reform Commission"),
    Bureau("education", "教育局", "Education Bureau", True),
    Bureau("science", "科学技术局", "Science and Technology Bureau"),
    Bureau("industry", "工业和信息化局", "Industry and Information Technology Bureau"),
    Bureau("ethnic_religious", "民族宗教事务局", "Ethnic and Religious Affairs Bureau"),
    Bureau("public_security", "公安局", "Public Security Bureau", True),
    Bureau("civil_affairs", "民政局", "Civil Affairs Bureau", True),
    Bureau("justice", "司法局", "Justice Bureau", True),
    Bureau("finance", "财政局", "Finance Bureau", True),
    Bureau("human_resources", "人力资源和社会保障局", "Human Resources and Social Security Bureau", True),
    Bureau("natural_resources", "自然资源和规划局", "Natural Resources and Planning Bureau", True),
    Bureau("ecology", "生态环境局", "Ecology and Environment Bureau", True),
    Bureau("housing", "住房和城乡建设局", "Housing and Urban-Rural Development Bureau", True),
    Bureau("urban_management", "城市管理局", "Urban Management Bureau", True),
    Bureau("transport", "交通运输局", "Transport Bureau", True),
    Bureau("water", "水务局", "Water Bureau", True),
    Bureau("agriculture", "农业农村局", "Agriculture and Rural Affairs Bureau", True),
    Bureau("commerce", "商务局", "Commerce Bureau"),
    Bureau("culture_tourism", "文化广电和旅游局", "Culture, Radio, Television and Tourism Bureau", True),
    Bureau("health", "卫生健康委员会", "Health Commission", True),
    Bureau("veterans", "退役军人事务局", "Veterans Affairs Bureau"),
    Bureau("emergency", "应急管理局", "Emergency Management Bureau", True),
    Bureau("audit", "审计局", "Audit Bureau"),
    Bureau("foreign_affairs", "人民政府外事办公室", "Foreign Affairs Office"),
    Bureau("state_assets", "国有资产监督管理委员会", "State-owned Assets Supervision Commission"),
    Bureau("market_supervision", "市场监督管理局", "Market Supervision Bureau", True),
    Bureau("intellectual_property", "知识产权局", "Intellectual Property Office"),
    Bureau("sports", "体育局", "Sports Bureau"),
    Bureau("statistics", "统计局", "Statistics Bureau"),
    Bureau("medical_insurance", "医疗保障局", "Healthcare Security Bureau", True),
    Bureau("forestry", "园林和绿化管理局", "Landscape and Forestry Bureau"),
    Bureau("civil_defence", "国防动员办公室", "National Defence Mobilisation Office"),
    Bureau("petitions", "信访局", "Petitions Bureau"),
    Bureau("administrative_approval", "行政审批局", "Administrative Approval Bureau", True),
    Bureau("data", "数据局", "Data Bureau"),
    Bureau("tax", "税务局", "Tax Bureau", True),
    Bureau("meteorology", "气象局", "Meteorological Bureau"),
    Bureau("tobacco", "烟草专卖局", "Tobacco Monopoly Bureau"),
    Bureau(
        "fire_rescue", "消防救援支队", "Fire and Rescue Department", True, district_zh="消防救援大队"
    ),
    Bureau("post", "邮政管理局", "Postal Administration"),
    Bureau("archives", "档案馆", "Archives", kind="2"),
    Bureau("housing_fund", "住房公积金管理中心", "Housing Provident Fund Centre", kind="2"),
    Bureau("public_resources", "公共资源交易中心", "Public Resources Trading Centre", kind="2"),
    Bureau("disabled", "残疾人联合会", "Disabled Persons' Federation", kind="3"),
    Bureau("women", "妇女联合会", "Women's Federation", kind="3"),
    Bureau("trade_unions", "总工会", "Federation of Trade Unions", kind="3"),
    Bureau("red_cross", "红十字会", "Red Cross Society", kind="3"),
)  # fmt: skip

POSTS = (
    ("窗口受理岗", ["WINDOW_CLERK"]),
    ("审查岗", ["REVIEWER"]),
    ("审批岗", ["APPROVER"]),
    ("负责人", ["DEPARTMENT_HEAD"]),
)
STEWARD_POST = ("数据管理岗", ["DATA_STEWARD"])
# Posts that the city has once: (function, title, roles).
CITY_POSTS = (
    ("data", "系统管理岗", ["SYSTEM_ADMIN"]),
    ("data", "安全管理岗", ["SECURITY_ADMIN"]),
    ("data", "审计管理岗", ["AUDIT_ADMIN"]),
    ("administrative_approval", "效能监察岗", ["SUPERVISOR"]),
)


@dataclass(frozen=True, slots=True)
class Government:
    """Rows for `departments_load`, `posts_load` and `accounts_load` (without demo accounts)."""

    departments: list[dict]
    posts: list[dict]
    staff: list[dict]

    def uscc(self, function: str, area_code: str) -> str:
        """Return the code of the department with a function in an area."""
        return next(
            row["uscc"]
            for row in self.departments
            if (row["function"], row["area_code"]) == (function, area_code)
        )


def government_make(
    *, seed: int, districts: list[CodeView], streets: dict[str, list[CodeView]]
) -> Government:
    """Make the departments of the city, its districts and streets, their posts and staff.

    streets: district code -> its streets and towns.
    """
    departments = list(_departments(districts, streets))
    posts = [
        {"department_uscc": row["uscc"], "title": title, "roles": roles}
        for row in departments
        for title, roles in _posts(row)
    ]
    random = Random(f"{seed}-staff")  # noqa: S311 - made data
    staff = [_staff(random, number, post) for number, post in enumerate(posts, 1)]
    return Government(departments, posts, staff)


def _posts(row: dict) -> Iterator[tuple[str, list[str]]]:
    yield from POSTS
    if row["function"] != "street_office":
        yield STEWARD_POST
    if row["level"] == "CITY":
        yield from ((t, roles) for function, t, roles in CITY_POSTS if function == row["function"])


def _staff(random: Random, number: int, post: dict) -> dict:
    sex = random.choice("12")
    return {
        "username": f"s{number:05d}",
        "population": "STAFF",
        "name": surname_make(random) + given_make(random, random.randint(1968, 2000), sex),
        "subject_ref": "",
        "phone": f"0512-41{number:06d}",
        "email": "",
        "password": None,
        "totp_secret": "",
        "posts": [{"department_uscc": post["department_uscc"], "title": post["title"]}],
        "authorities": [],
    }


def _departments(districts: list[CodeView], streets: dict[str, list[CodeView]]) -> Iterator[dict]:
    """Yield the tree: a district's bureau stands below the city's bureau of the same trade, a street
    below its district's government; so each sees what those below it handle, and no more.
    """
    numbers, city = count(), {}
    for bureau in BUREAUS:
        seat = f"苏州市姑苏区政务大道{len(city) + 1}号"
        row = _row(next(numbers), bureau, "CITY", CITY_CODE, None, seat, *_city_names(bureau))
        city[bureau.function] = row["uscc"]
        yield row
    for district in districts:
        offices = {}
        for bureau in (b for b in BUREAUS if b.district):
            seat = f"苏州市{district.name}政务路{len(offices) + 1}号"
            names, parent = _district_names(bureau, district), city[bureau.function]
            row = _row(next(numbers), bureau, "DISTRICT", district.code, parent, seat, *names)
            offices[bureau.function] = row["uscc"]
            yield row
        for street in streets[district.code]:
            seat = f"苏州市{district.name}{street.name}便民路1号"
            names, parent = _street_names(street, district), offices["general_office"]
            yield _row(next(numbers), STREET_OFFICE, "STREET", street.code, parent, seat, *names)


STREET_OFFICE = Bureau("street_office", "街道办事处", "Subdistrict Office")


def _row(
    number: int, bureau: Bureau, level: str, area: str, parent: str | None, seat: str,
    name: str, short_name: str, name_en: str,
) -> dict:  # fmt: skip
    region = CITY_CODE if area[:6] == ZONE_CODE else area[:6]
    return {
        "uscc": uscc_make("1", bureau.kind, region, f"MB9{number:05d}"),
        "name": name,
        "short_name": short_name,
        "name_en": name_en,
        "function": bureau.function,
        "level": level,
        "area_code": area,
        "parent_uscc": parent,
        "phone": f"0512-40{number:06d}",
        "complaint_phone": "0512-12345",
        "address": f"{seat}（演示地址）",
        "office_hours": OFFICE_HOURS,
    }


def _city_names(bureau: Bureau) -> tuple[str, str, str]:
    name = f"{CITY_NAME}{bureau.zh}"
    if bureau.function == "tax":
        name = f"国家税务总局{name}"
    return name, f"市{bureau.zh}", f"{CITY_EN} {bureau.en}"


def _district_names(bureau: Bureau, district: CodeView) -> tuple[str, str, str]:
    """Return name, short name and English name; branches of the police are the city's own."""
    zh, zone = bureau.district_zh or bureau.zh, district.code == ZONE_CODE
    alone = zone or district.name.endswith("市")  # named without the city in front
    english = DISTRICTS_EN.get(district.code, district.name_en or district.name)
    english = f"{english}{'' if alone else ' District'} {bureau.en}"
    short = f"{district.name}{zh}"
    if bureau.function == "public_security" and (zone or not alone):
        branch = f"{district.name.removesuffix('区') if not zone else district.name}分局"
        return f"苏州市公安局{branch}", f"公安局{branch}", english
    if bureau.function == "general_office" and zone:
        return f"{district.name}管理委员会办公室", "园区管委会办公室", english
    prefix = "国家税务总局" if bureau.function == "tax" else ""
    return f"{prefix}{'' if alone else CITY_NAME}{short}", short, english


def _street_names(street: CodeView, district: CodeView) -> tuple[str, str, str]:
    english = DISTRICTS_EN.get(district.code, district.name)
    if street.name.endswith("街道"):
        body, body_en = "办事处", "Subdistrict Office"
    elif street.name.endswith(("镇", "乡")):
        body, body_en = "人民政府", "Town Government"
    else:
        body, body_en = "管理委员会", "Administrative Committee"
    name = f"{district.name}{street.name}{body}"
    return name, f"{street.name}{body}", f"{street.name_en or street.name} {body_en}, {english}"
