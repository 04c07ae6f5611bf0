"""Pure rules of the registries (基础库): references, lineage, sources, masks."""

import json
from datetime import UTC, date, datetime
from functools import cache
from unicodedata import normalize

from yiwang.resources.fusion.plans import REGISTRY_PLANS
from yiwang.resources.fusion.plans.city import REGISTRY_FUNCTIONS
from yiwang.resources.registries.data import (
    ENTERPRISE_FIELDS,
    PERSON_FIELDS,
    Field,
    Lineage,
    Losing,
    Origin,
    UnknownField,
)
from yiwang.sdk.identifiers import luhn_check
from yiwang.sdk.masking import mask_address, mask_id_number, mask_name, mask_phone

FACTOR, SHIFT, SIZE = 387_420_489, 271_828_182, 10**9
# Luhn's sums of three digits (luhn_check): a city gives out millions of references at once.
TWICE = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
DOUBLED_OUTSIDE = [TWICE[n // 100] + n // 10 % 10 + TWICE[n % 10] for n in range(1000)]
DOUBLED_INSIDE = [n // 100 + TWICE[n // 10 % 10] + n % 10 for n in range(1000)]
LONG_AGO = date(1970, 1, 1)


def ref_make(prefix: str, sequence: int) -> str:
    """Make a stable reference (主体标识) that tells nothing: prefix, 9 digits, a check digit.

    The multiplier shares no factor with 10**9, so no two sequences below it meet.
    """
    number = (sequence * FACTOR + SHIFT) % SIZE
    high, low = divmod(number, 1_000_000)
    middle, low = divmod(low, 1000)
    total = DOUBLED_OUTSIDE[high] + DOUBLED_INSIDE[middle] + DOUBLED_OUTSIDE[low]
    return f"{prefix}{number:09d}{-total % 10}"


def ref_sequence(ref: str) -> int:
    """Return the sequence that a reference was made of (主体标识序号).

    >>> ref_sequence(ref_make("P", 12_345))
    12345
    """
    return (int(ref[1:10]) - SHIFT) * pow(FACTOR, -1, SIZE) % SIZE


def ref_valid(ref: str) -> bool:
    """Tell whether a reference has its form and check digit (主体标识校验)."""
    return (
        len(ref) == 11
        and ref[0] in "PHE"
        and ref[1:].isascii()
        and ref[1:].isdigit()
        and luhn_check(ref[1:10]) == ref[10]
    )


def fields_of(subject_ref: str) -> dict[str, Field]:
    """Return the fields (字段) of the registry that `person:…` or `enterprise:…` belongs to."""
    return ENTERPRISE_FIELDS if subject_ref.startswith("enterprise:") else PERSON_FIELDS


def registry_of(subject_ref: str) -> str:
    """Return the registry that a subject belongs to (所属基础库)."""
    return "legal-persons" if subject_ref.startswith("enterprise:") else "population"


def fields_check(names: list[str], known: dict[str, Field]) -> None:
    """Refuse names that the registry does not publish. Raises UnknownField."""
    for name in names:
        if name not in known:
            raise UnknownField(field=name)


def lineage_read(text: str, registry: str) -> Lineage:
    """Read where a row's values come from (血缘).

    text: JSON {"f": {field: [class, row, seconds, rule?, score?]}, "l": [[field, value, class, row,
    seconds]], "s": {…}}; fields as the plan names them; without rule: EXACT_ID; s: what a loader or a
    correction here says, see `source_of`.
    """
    kept = json.loads(text or "{}")
    losing: dict[str, list[Losing]] = {}
    for field, value, number, row_no, seconds in kept.get("l", ()):
        losing.setdefault(field, []).append(Losing(value, number, row_no, moment(seconds)))
    origins = {
        field: Origin(number, row_no, moment(seconds), *why)
        for field, (number, row_no, seconds, *why) in kept.get("f", {}).items()
    }
    return Lineage(registry, origins, losing, kept.get("s", {}))


def moment(seconds: int) -> datetime:
    """Turn the seconds of a source row into a moment (来源时间); departments write the city's wall clock."""
    return datetime.fromtimestamp(seconds, UTC)


@cache
def department_code(registry: str, number: int) -> str:
    """Return the plan's code of the department that keeps a class (数源部门代码), "" when unknown."""
    for source in REGISTRY_PLANS[registry]().sources:
        if source.number == number:
            return source.department
    return ""


@cache
def class_title(registry: str, number: int) -> str:
    """Return the Chinese name of a class of records (数据类名称), "" when unknown."""
    for source in REGISTRY_PLANS[registry]().sources:
        if source.number == number:
            return source.title
    return ""


def function_of(registry: str, number: int) -> str:
    """Return the function of the department that keeps a class (数源部门职能), "" when unknown."""
    return REGISTRY_FUNCTIONS.get(department_code(registry, number), "")


def source_of(lineage: Lineage, field: Field) -> tuple[str, date]:
    """Return (function, as of) of a field (字段来源).

    A correction made here comes first, then the source row that fusion chose, then what one supplier
    delivered as a whole ({function: day}).
    """
    if own := lineage.suppliers.get(f"field:{field.name}"):
        return own[0], date.fromisoformat(own[1])
    if origin := origin_of(lineage, field):
        function = function_of(lineage.registry, origin.class_number)
        return function or field.function, origin.at.date()
    return field.function, date.fromisoformat(lineage.suppliers.get(field.function, f"{LONG_AGO}"))


def origin_of(lineage: Lineage, field: Field) -> Origin | None:
    """Return the source row of a field (来源行): of the first of its plan fields that has one."""
    return next(
        (lineage.origins[name] for name in field.plan_fields if name in lineage.origins), None
    )


# Field → how it is shown to who may not see it; others are hidden whole.
MASKS = {
    "name": mask_name,
    "id_number": mask_id_number,
    "phone": mask_phone,
    "address": mask_address,
    "household_address": mask_address,
    "birth_date": lambda text: f"{text[:4]}-**-**",
}


def masked_text(name: str, value: str) -> str:
    """Hide a value as far as its field asks (脱敏).

    >>> masked_text("birth_date", "1985-01-01"), masked_text("ethnicity", "01"), masked_text("phone", "")
    ('1985-**-**', '****', '')
    """
    return MASKS.get(name, lambda _text: "****")(value) if value else ""


def value_normal(text: str) -> str:
    """Write a value so that two writings of the same compare equal (核验规范化): width, blanks, case.

    >>> value_normal("江苏省 苏州市１号") == value_normal("江苏省苏州市1号")
    True
    """
    return "".join(normalize("NFKC", text).upper().split())
