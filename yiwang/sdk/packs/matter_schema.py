"""The JSON Schema (2020-12) of matters/<name>.yaml: its shape; `matters.py` has the rules beyond."""

from yiwang.sdk.joins import JOIN_SCHEMA

THEMES = (
    "婚育收养", "环境资源", "教育培训", "住房保障", "劳动就业", "执业资格", "社会保障", "纳税缴费",
    "医疗卫生", "交通旅游", "出境入境", "生活服务", "民族宗教", "三农服务", "死亡殡葬", "设立变更",
    "行业准营", "投资立项", "工程建设", "涉外服务", "安全生产", "破产注销", "文物保护", "其他",
)  # fmt: skip
LEVELS = ("CITY", "DISTRICT", "STREET")
CONSEQUENCES = ("WITHHOLD", "REVOKE", "CREDIT")
UNITS = ("WORKING_DAY", "WORKING_HOUR", "CALENDAR_DAY")

_WORD = {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"}
_REFERENCE = {"type": "string", "pattern": r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$"}
_NON_EMPTY = {"type": "string", "minLength": 1}
_EXPRESSION = {"type": "string"}


def _object(required: tuple[str, ...], /, **properties: dict) -> dict:
    return {
        "type": "object",
        "required": list(required),
        "properties": properties,
        "additionalProperties": False,
    }


def _list(items: dict, *, minimum: int = 0) -> dict:
    return {"type": "array", "items": items, "minItems": minimum}


_TEXT = _object(("zh", "en"), zh=_NON_EMPTY, en=_NON_EMPTY)
_OPTIONAL_TEXT = {"anyOf": [_TEXT, {"type": "null"}]}
_LIMIT = _object(
    ("amount", "unit"), amount={"type": "integer", "minimum": 0}, unit={"enum": list(UNITS)}
)
_LEGAL_BASIS = _object(
    ("title", "article"), title=_TEXT, article=_NON_EMPTY, source={"type": "string"}
)
_BRANCH = _object(
    ("key", "title", "department", "level"),
    key=_WORD,
    title=_TEXT,
    department=_WORD,
    level={"enum": list(LEVELS)},
    limit=_LIMIT,
    licence=_REFERENCE,
    role={"enum": ["PARALLEL", "FIRST_REVIEW"]},
)
_ELIGIBILITY = _object(
    ("zh", "en"),
    when=_EXPRESSION,
    zh=_NON_EMPTY,
    en=_NON_EMPTY,
    decision=_REFERENCE,
    question=_NON_EMPTY,
)
_ROUTING = _object(
    ("decision", "question", "zh", "en"),
    decision=_REFERENCE,
    question=_NON_EMPTY,
    zh=_NON_EMPTY,
    en=_NON_EMPTY,
)
_MAY_FOLLOW = _object(
    ("days",),
    days={"type": "integer", "minimum": 1, "maximum": 60},
    consequence={"enum": list(CONSEQUENCES)},
)
_COMMITMENT = _object(
    ("check_days", "notice", "consequences"),
    check_days={"type": "integer", "minimum": 1, "maximum": 120},
    notice=_list(_TEXT, minimum=1),
    consequences=_TEXT,
    legal_basis={"type": "string"},
)
_PARTY = _object(
    ("key", "title", "pages"),
    key=_WORD,
    title=_TEXT,
    kind={"enum": ["person", "enterprise"]},
    min={"type": "integer", "minimum": 0, "maximum": 20},
    max={"type": "integer", "minimum": 1, "maximum": 20},
    pages=_list(_WORD, minimum=1),
    reads=_list(_WORD),
    signs={"type": "boolean"},
)
_MATERIAL = _object(
    ("key", "title", "source"),
    key=_WORD,
    title=_TEXT,
    required={"type": "boolean"},
    source={"enum": ["registry", "upload", "licence"]},
    registry_field={"type": "string", "pattern": r"^(person|enterprise)\.[a-z_]+$"},
    licence_type=_REFERENCE,
    accept=_list({"type": "string", "pattern": "^[a-z]+/[a-z0-9.+-]+$"}),
    max_mb={"type": "integer", "minimum": 1, "maximum": 50},
    when=_EXPRESSION,
    note=_OPTIONAL_TEXT,
    document=_WORD,
    valid_days={"type": "integer", "minimum": 0, "maximum": 3660},
    may_follow={"anyOf": [_MAY_FOLLOW, {"type": "null"}]},
    commitment={"anyOf": [_COMMITMENT, {"type": "null"}]},
)
_FEE = _object(
    (),
    amount_fen={"type": "integer", "minimum": 0},
    basis={"type": "string"},
    note=_OPTIONAL_TEXT,
    decision=_REFERENCE,
    question={"type": "string"},
    title=_OPTIONAL_TEXT,
    rate={"type": "string"},
    unit=_OPTIONAL_TEXT,
)
_QUESTION = _object(("question", "answer"), question=_TEXT, answer=_TEXT)
_OPINION = _object(
    ("key", "step", "panel", "title", "question", "days", "join"),
    key=_WORD,
    step=_WORD,
    panel={"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$", "maxLength": 40},
    title=_TEXT,
    question=_TEXT,
    days={"type": "integer", "minimum": 1, "maximum": 60},
    join=JOIN_SCHEMA,
    basis=_NON_EMPTY,
)

MATTER_SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Matter (政务服务事项)",
    **_object(
        (
            "code", "title", "item_type", "department", "level", "service_objects", "project_type",
            "eligibility", "legal_basis", "limits", "materials", "refusal_remedy", "form",
            "workflow", "themes",
        ),
        code={"type": "string", "pattern": "^[0-9]{12}$"},
        title=_TEXT,
        aliases=_list(_NON_EMPTY),
        summary=_OPTIONAL_TEXT,
        item_type={"type": "string", "pattern": "^(0[0-9]|1[0-9]|2[0-9])$"},
        department=_WORD,
        level={"enum": list(LEVELS)},
        service_objects=_list({"enum": ["1", "2", "3", "4", "5", "6"]}, minimum=1),
        project_type={"enum": ["1", "2", "9"]},
        eligibility=_ELIGIBILITY,
        legal_basis=_list(_LEGAL_BASIS, minimum=1),
        limits=_object(("legal", "promised"), legal=_LIMIT, promised=_LIMIT),
        branches=_list(_BRANCH),
        routing=_ROUTING,
        join=JOIN_SCHEMA,
        opinions=_list(_OPINION),
        materials=_list(_MATERIAL),
        fee={"anyOf": [_FEE, {"type": "null"}]},
        conditions=_list(_TEXT),
        result=_object((), licences=_list(_REFERENCE)),
        refusal_remedy=_TEXT,
        form=_REFERENCE,
        workflow=_REFERENCE,
        life_events=_list(_WORD),
        themes=_list({"enum": list(THEMES)}, minimum=1),
        handling_forms=_list({"enum": ["1", "2", "3", "4", "9"]}, minimum=1),
        visits={"type": "integer", "minimum": 0},
        visit_reason=_OPTIONAL_TEXT,
        online_depth={"enum": ["1", "2", "3", "4", "5", "6", "9"]},
        anywhere={"type": ["boolean", "null"]},
        parties=_list(_PARTY),
        faq=_list(_QUESTION),
        is_made={"type": "boolean"},
        source={"type": "string"},
    ),
}  # fmt: skip
