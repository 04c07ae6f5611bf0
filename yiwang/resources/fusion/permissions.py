"""Permissions of the fusion desk (权限) and who counts as the city's data bureau."""

from collections.abc import Callable

from yiwang.identity.api import DepartmentUnknown, Rule, department_get, everyone, field_in
from yiwang.kernel.api import RequestContext, context_get

BIND, RUN = "resources.fusion.bind", "resources.fusion.run"
REVIEW, SETTLE = "resources.fusion.review", "resources.fusion.settle"
DESK = "resources.fusion.desk"
LINEAGE = "resources.fusion.lineage"
# name → zh, en, roles
PERMISSIONS = {
    BIND: ("绑定融合数据源", "Bind resources to fusion", {"DATA_STEWARD"}),
    RUN: ("运行融合", "Run the fusion", {"DATA_STEWARD"}),
    REVIEW: ("判定疑似同一主体", "Review uncertain pairs", {"DATA_STEWARD"}),
    SETTLE: ("裁定有分歧的判定", "Settle disputed pairs", {"SUPERVISOR"}),
    DESK: ("查看判定台", "Open the review desk", {"DATA_STEWARD", "SUPERVISOR"}),
    LINEAGE: ("查看数据血缘", "See data lineage", {"DATA_STEWARD", "AUDIT_ADMIN"}),
}
BUREAU_FUNCTION = "data"
own_rows: Rule = field_in("department_id", "department_ids")


def is_bureau(context: RequestContext | None = None) -> bool:
    """Tell whether the acting person works for the city's data bureau (数据主管部门); the machine does."""
    context = context or context_get()
    if context.population == "SYSTEM":
        return True
    try:
        department = department_get(context.department_id) if context.department_id else None
    except DepartmentUnknown:
        return False
    return department is not None and (department.function, department.level) == (
        BUREAU_FUNCTION,
        "CITY",
    )


def pair_rule(context: RequestContext | None = None) -> Rule:
    """Return which pairs a steward sees: the data bureau all, a department those of its rows."""
    return everyone if is_bureau(context) else own_rows


# field → protection level (敏感级别, GB/T 43697-2024) of what a registry's master holds; 1 where unnamed.
LEVELS = {
    "population": {
        "uid": 2,
        "identifier": 4,
        "name": 3,
        "sex": 2,
        "birth_date": 3,
        "ethnicity": 3,
        "marital": 3,
        "address": 3,
        "phone": 3,
        "employer": 3,
        "household": 3,
        "household_address": 3,
        "community": 2,
        "employer_code": 2,
        "photo": 4,
        "deceased_date": 3,
    },
    "legal-persons": {"representative": 3, "representative_id": 4, "phone": 3},
}


def field_levels(registry: str) -> dict[str, int]:
    """Return the protection level of each field of a registry's master (字段敏感级别)."""
    return LEVELS.get(registry, {})


_readers: dict[str, Callable[[int], str]] = {}


def person_ref_register(registry: str, reader: Callable[[int], str]) -> None:
    """Let the registry tell who a subject is (登记人员编号读取): uid → reference, "" for none.

    So that a person sees in *who looked at my data* that his record was opened at the review desk. The
    registries stand above fusion, so they register themselves; again it takes the place of the other.
    """
    _readers[registry] = reader


def person_ref(registry: str, uid: int) -> str:
    """Return the reference of a subject in the serving registry (人员编号); "" when nobody can tell."""
    reader = _readers.get(registry)
    return reader(uid) if reader else ""
