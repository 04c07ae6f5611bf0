"""How the fusion desk's codes read in the active language."""

from collections.abc import Mapping

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from yiwang.identity.api import DepartmentUnknown, department_get, department_list
from yiwang.kernel.api import EditionUnknown, code_get
from yiwang.resources.fusion import desk
from yiwang.resources.fusion.data import Field, FusionPlan
from yiwang.resources.fusion.plans import REGISTRY_FUNCTIONS
from yiwang.sdk.errors import N_

# field → code table, width of the code
CODED = {"sex": ("sexes", 1), "ethnicity": ("ethnicities", 2), "marital": ("marital_status", 2)}


def registry(name: str) -> str:
    """Name a registry (基础库)."""
    return _(desk.REGISTRIES.get(name, name))


def field(name: str, title: str = "") -> str:
    """Name a field (字段)."""
    known = desk.FIELD_TITLES.get(name)
    return _(known) if known else title or name


def source(plan: FusionPlan, number: int) -> str:
    """Name a class (数据类)."""
    found = next((one.title for one in plan.sources if one.number == number), "")
    return found or f"C{number:02d}"


def code_title(plan: FusionPlan, code: str) -> str:
    """Name a class by its code (数据类), with the code."""
    return f"{code} {source(plan, int(code[1:]))}" if code[1:].isdigit() else code


def department(department_id: int | None) -> str:
    """Name a department (部门); "" when it is not known."""
    try:
        found = department_get(department_id) if department_id else None
    except DepartmentUnknown:
        return ""
    if found is None:
        return ""
    chinese = (get_language() or "").startswith("zh")
    return (found.short_name or found.name) if chinese else (found.name_en or found.name)


def departments(plan: FusionPlan) -> dict[str, str]:
    """Name the departments of a plan (计划部门): code → name of the city's bureau, else the code."""
    bureaus = {row.function: row.id for row in department_list(level="CITY")}
    return {
        code: department(bureaus.get(REGISTRY_FUNCTIONS.get(code, ""))) or code
        for code in dict.fromkeys(one.department for one in (*plan.sources, *plan.ties))
    }


def rule(name: str) -> str:
    """Say by what rule rows were placed (归属规则)."""
    if name.startswith("KEY_"):
        text = desk.RULES["KEY"]
        return _(text) % {"number": name.removeprefix("KEY_")}
    return _(desk.RULES[name]) if name in desk.RULES else name


def value(item: Field, text: str) -> str:
    """Write a value as people read it (值): codes with their words."""
    table, width = CODED.get(item.name, ("", 0))
    if not table or not text.isdigit():
        return text
    try:
        found = code_get(table, text.zfill(width))
    except EditionUnknown:
        found = None
    if found is None:
        return text
    return found.name if (get_language() or "").startswith("zh") else found.name_en or found.name


def run_state(state: str) -> str:
    """Say how a run stands (运行状态)."""
    return _(desk.RUN_STATES[state])


def stage(name: str) -> str:
    """Say what a run is doing (运行阶段)."""
    return _(desk.STAGES[name]) if name in desk.STAGES else _("Waiting for the worker")


def pair_state(state: str) -> str:
    """Say how a pair stands (判定状态)."""
    return _(desk.PAIR_STATES[state])


def word(name: str) -> str:
    """Say a verdict (判定意见)."""
    return _(desk.WORDS[name]) if name in desk.WORDS else ""


def sign(name: str) -> str:
    """Say how a field compares (比对证据)."""
    return _(desk.SIGNS[name])


def strength(probability: float) -> str:
    """Say a probability in words (可能性)."""
    return _(desk.strength_of(probability))


def remedy(code: str) -> str:
    """Say what to do about a failed run (处置办法)."""
    return _(desk.remedy_of(code))


def total(counts: Mapping[str, int]) -> int:
    """Add counts up."""
    return sum(counts.values())


EVENTS = {
    "BUILT": N_("All identifiers told anew"),
    "CREATED": N_("New subjects"),
    "ABSORBED": N_("Provisional subjects that got their number"),
    "MERGED": N_("Subjects joined"),
    "SPLIT": N_("Subjects taken apart"),
    "RETIRED": N_("Subjects that are gone"),
    "SPOUSE": N_("Married couples"),
    "CHILD": N_("Children"),
    "BRANCH": N_("Branches"),
    "INVESTOR": N_("Investors"),
    "REPRESENTATIVE": N_("Representatives"),
}


def event(name: str) -> str:
    """Say a change of identifiers, a tie or what a comparison found (标识变更、关系、比对)."""
    from yiwang.resources.fusion.comparisons import FIRMS, PEOPLE  # noqa: PLC0415 - loads DuckDB
    from yiwang.resources.fusion.ties import RULES as TIE_RULES  # noqa: PLC0415

    if name in EVENTS:
        return _(EVENTS[name])
    if name in TIE_RULES:
        return _(TIE_RULES[name])
    found = next((one for one in PEOPLE + FIRMS if one.key == name), None)
    if found is None:
        return name
    return _(found.message) % {"limit": found.shared, "count": "…"}
