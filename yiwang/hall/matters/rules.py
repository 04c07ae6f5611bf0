"""Pure tables and functions of the matters: words, life events, what an open catalogue means here."""

import hashlib
from collections.abc import Iterable

from yiwang.sdk.errors import N_

# GB/T 39046-2020 A.1 (事项类型), A.4 (服务对象), A.5 (办理形式), A.6 (办件类型).
ITEM_TYPES = {
    "01": N_("Administrative licensing"),
    "02": N_("Administrative penalty"),
    "03": N_("Administrative coercion"),
    "04": N_("Administrative levy"),
    "05": N_("Administrative payment"),
    "06": N_("Administrative inspection"),
    "07": N_("Administrative confirmation"),
    "08": N_("Administrative reward"),
    "09": N_("Administrative adjudication"),
    "10": N_("Other administrative power"),
    "20": N_("Public service"),
}
PERSON_OBJECT = "1"
SERVICE_OBJECTS = {
    "1": N_("Natural persons"),
    "2": N_("Enterprise legal persons"),
    "3": N_("Public institutions"),
    "4": N_("Social organisations"),
    "5": N_("Administrative organs"),
    "6": N_("Other organisations"),
}
HANDLING_FORMS = {
    "1": N_("At the window"),
    "2": N_("On line"),
    "3": N_("On a phone"),
    "4": N_("By mail"),
    "9": N_("Another way"),
}
PROJECT_TYPES = {
    "1": N_("Done on the spot"),
    "2": N_("Done within the promised limit"),
    "9": N_("Other"),
}
LEVELS = {
    "CITY": N_("City level"),
    "DISTRICT": N_("District level"),
    "STREET": N_("Street level"),
}

# The 24 subject themes of the Suzhou catalogue, with their English names.
THEMES = {
    "婚育收养": N_("Marriage, birth and adoption"),
    "环境资源": N_("Environment and resources"),
    "教育培训": N_("Education and training"),
    "住房保障": N_("Housing"),
    "劳动就业": N_("Work and employment"),
    "执业资格": N_("Professional qualifications"),
    "社会保障": N_("Social security"),
    "纳税缴费": N_("Taxes and fees"),
    "医疗卫生": N_("Health"),
    "交通旅游": N_("Transport and travel"),
    "出境入境": N_("Entry and exit"),
    "生活服务": N_("Daily life"),
    "民族宗教": N_("Ethnic and religious affairs"),
    "三农服务": N_("Farming and the countryside"),
    "死亡殡葬": N_("Death and funerals"),
    "设立变更": N_("Founding and changing a business"),
    "行业准营": N_("Permits to trade"),
    "投资立项": N_("Investment projects"),
    "工程建设": N_("Construction"),
    "涉外服务": N_("Foreign affairs"),
    "安全生产": N_("Work safety"),
    "破产注销": N_("Closing a business"),
    "文物保护": N_("Heritage"),
    "其他": N_("Other themes"),
}

# Events of life (“一件事”): key, title, English, icon; in the order of a life, then of a business.
LIFE_EVENTS = (
    ("birth", "我要生育", "Having a child", "balloon-heart"),
    ("school", "我要上学", "Going to school", "backpack"),
    ("employment", "我要就业", "Finding work", "briefcase"),
    ("marriage", "我要结婚", "Getting married", "hearts"),
    ("housing", "我要住房", "A home", "house-heart"),
    ("moving", "我要落户", "Moving here", "box-seam"),
    ("illness", "我要看病", "Falling ill", "hospital"),
    ("disability", "我要助残", "Living with a disability", "universal-access"),
    ("travel", "我要出行", "Getting about", "car-front"),
    ("retirement", "我要退休养老", "Retirement and old age", "cup-hot"),
    ("death", "身后事", "A death in the family", "flower1"),
    ("starting_business", "我要开公司", "Starting a business", "shop"),
    ("opening_restaurant", "我要开餐馆", "Opening a restaurant", "egg-fried"),
    ("construction", "我要搞建设", "Building something", "cone-striped"),
    ("closing_business", "我要注销", "Closing a business", "door-closed"),
)

# Departments of the open catalogue of 广安区 -> functions of this city, and the theme under which
# the entries are found. A department that is not here is reported by the import, never dropped.
# All entries of 区政府办 are about civil air defence, all of 区委办 about archives.
CATALOGUE_DEPARTMENTS = {
    "区行政审批局": ("administrative_approval", "行业准营"),
    "区人社局": ("human_resources", "社会保障"),
    "区交通运输局": ("transport", "交通旅游"),
    "广安区税务局": ("tax", "纳税缴费"),
    "区住建局": ("housing", "工程建设"),
    "区自然资源和规划局": ("natural_resources", "环境资源"),
    "区公安分局": ("public_security", "生活服务"),
    "区医疗保障局": ("medical_insurance", "社会保障"),
    "区文广旅局": ("culture_tourism", "文物保护"),
    "区教科体局": ("education", "教育培训"),
    "区农业农村局": ("agriculture", "三农服务"),
    "区司法局": ("justice", "生活服务"),
    "区卫健局": ("health", "医疗卫生"),
    "区民政局": ("civil_affairs", "生活服务"),
    "区市监局": ("market_supervision", "设立变更"),
    "区林业局": ("forestry", "环境资源"),
    "区生态环境局": ("ecology", "环境资源"),
    "区残联": ("disabled", "社会保障"),
    "区水务局": ("water", "环境资源"),
    "区应急管理局": ("emergency", "安全生产"),
    "区政府办": ("civil_defence", "工程建设"),
    "区烟草专卖局": ("tobacco", "行业准营"),
    "区气象局": ("meteorology", "工程建设"),
    "区退役军人事务局": ("veterans", "社会保障"),
    "区财政局": ("finance", "其他"),
    "区委办": ("archives", "其他"),
    "区综合执法局": ("urban_management", "生活服务"),
    "区发改局": ("development_reform", "投资立项"),
    "区公管办": ("public_resources", "投资立项"),
    "区商务局": ("commerce", "行业准营"),
    "区委统战部": ("ethnic_religious", "民族宗教"),
    "区经信局": ("industry", "投资立项"),
    "区消防大队": ("fire_rescue", "安全生产"),
    "区统计局": ("statistics", "其他"),
}
UNMAPPED = "unmapped"

# Names for functions that the tree of departments does not (yet) have.
FUNCTION_NAMES = {
    "administrative_approval": ("行政审批", "Administrative approval"),
    "agriculture": ("农业农村", "Agriculture"),
    "archives": ("档案", "Archives"),
    "audit": ("审计", "Audit"),
    "civil_affairs": ("民政", "Civil affairs"),
    "civil_defence": ("人民防空", "Civil air defence"),
    "commerce": ("商务", "Commerce"),
    "culture_tourism": ("文化广电旅游", "Culture and tourism"),
    "data": ("数据", "Data"),
    "development_reform": ("发展改革", "Development and reform"),
    "disabled": ("残联", "Disabled persons"),
    "ecology": ("生态环境", "Ecology"),
    "education": ("教育", "Education"),
    "emergency": ("应急管理", "Emergency management"),
    "ethnic_religious": ("民族宗教", "Ethnic and religious affairs"),
    "finance": ("财政", "Finance"),
    "fire_rescue": ("消防救援", "Fire and rescue"),
    "foreign_affairs": ("外事", "Foreign affairs"),
    "forestry": ("园林林业", "Forestry"),
    "general_office": ("政府办公室", "Government office"),
    "health": ("卫生健康", "Health"),
    "housing": ("住房城乡建设", "Housing and construction"),
    "housing_fund": ("住房公积金", "Housing fund"),
    "human_resources": ("人力资源社会保障", "Human resources and social security"),
    "industry": ("工业和信息化", "Industry and information"),
    "intellectual_property": ("知识产权", "Intellectual property"),
    "justice": ("司法行政", "Justice"),
    "market_supervision": ("市场监管", "Market supervision"),
    "medical_insurance": ("医疗保障", "Medical insurance"),
    "meteorology": ("气象", "Meteorology"),
    "natural_resources": ("自然资源和规划", "Natural resources and planning"),
    "petitions": ("信访", "Petitions"),
    "post": ("邮政", "Post"),
    "public_resources": ("公共资源交易", "Public resources"),
    "public_security": ("公安", "Public security"),
    "red_cross": ("红十字", "Red Cross"),
    "science": ("科技", "Science and technology"),
    "sports": ("体育", "Sports"),
    "state_assets": ("国有资产监管", "State assets"),
    "statistics": ("统计", "Statistics"),
    "street_office": ("街道（镇）办事处", "Street and town offices"),
    "tax": ("税务", "Tax"),
    "tobacco": ("烟草专卖", "Tobacco monopoly"),
    "trade_unions": ("总工会", "Trade unions"),
    "transport": ("交通运输", "Transport"),
    "unmapped": ("未对应部门", "No department here"),
    "urban_management": ("城市管理", "Urban management"),
    "veterans": ("退役军人事务", "Veterans"),
    "water": ("水务", "Water"),
    "women": ("妇女联合会", "Women's federation"),
}


def catalogue_item_type(task_type: str) -> str:
    """Turn the one- or two-digit taskType of an open catalogue into a code of A.1.

    >>> catalogue_item_type("1"), catalogue_item_type("20")
    ('01', '20')
    """
    code = task_type.strip().zfill(2)
    return code if code in ITEM_TYPES else "10"


def catalogue_code(local_task_code: str, item_type: str, *, attempt: int = 0) -> str:
    """Make the 12-digit code of a catalogue entry: 51 (Sichuan) + item type + 8 digits of a digest.

    attempt: raise it when another entry has the code already.

    >>> catalogue_code("511Z07001006-511602000000-000-11511301008778183N-1-00", "10")
    '511007543230'
    """
    digest = hashlib.sha256(f"{local_task_code}#{attempt}".encode()).digest()
    return f"51{item_type}{int.from_bytes(digest[:8], 'big') % 10**8:08d}"


def function_title(function: str) -> dict[str, str]:
    """Return what a department's function is called, {zh, en}; an unknown one keeps its key."""
    zh, en = FUNCTION_NAMES.get(function, (function, function.replace("_", " ")))
    return {"zh": zh, "en": en}


def applicant_kinds(service_objects: Iterable[str]) -> frozenset[str]:
    """Return who may apply (申请人类型): "person", "enterprise" or both.

    >>> sorted(applicant_kinds(["1", "2"]))
    ['enterprise', 'person']
    """
    return frozenset(
        "person" if code == PERSON_OBJECT else "enterprise" for code in service_objects
    )


def applicant_note(kinds: Iterable[str], *, population: str) -> str:
    """Say why somebody signed in cannot apply here (不能在此申请的原因), "" where they can.

    population: that of the person, as in the request's context; who is not signed in may still become either.
    """
    if population == "STAFF":
        return N_(
            "You are signed in as an officer: applicants begin here. At a window, begin from the visit."
        )
    if population == "CITIZEN" and "person" not in kinds:
        return N_("This is for enterprises and organisations: sign in as the agent of one.")
    if population == "AGENT" and "enterprise" not in kinds:
        return N_("This is for persons: sign in as yourself, not for an enterprise.")
    return ""
