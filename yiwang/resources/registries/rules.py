"""Pure rules of the registries (基础库): references, sources, the texts of coded values."""

from datetime import date

from yiwang.resources.registries.data import (
    ENTERPRISE_FIELDS,
    PERSON_FIELDS,
    Field,
    UnknownField,
)
from yiwang.sdk.identifiers import luhn_check


def ref_make(prefix: str, sequence: int) -> str:
    """Make a stable reference (主体标识) that tells nothing: prefix, 9 digits, a check digit.

    The multiplier shares no factor with 10**9, so no two sequences below it meet.
    """
    digits = f"{(sequence * 387_420_489 + 271_828_182) % 10**9:09d}"
    return f"{prefix}{digits}{luhn_check(digits)}"


def ref_valid(ref: str) -> bool:
    """Tell whether a reference has its form and check digit (主体标识校验)."""
    return (
        len(ref) == 11
        and ref[0] in "PH"
        and ref[1:].isascii()
        and ref[1:].isdigit()
        and luhn_check(ref[1:10]) == ref[10]
    )


def fields_of(subject_ref: str) -> dict[str, Field]:
    """Return the fields (字段) of the registry that `person:…` or `enterprise:…` belongs to."""
    return ENTERPRISE_FIELDS if subject_ref.startswith("enterprise:") else PERSON_FIELDS


def fields_check(names: list[str], known: dict[str, Field]) -> None:
    """Refuse names that the registry does not publish. Raises UnknownField."""
    for name in names:
        if name not in known:
            raise UnknownField(field=name)


def source_of(sources: dict, field: Field) -> tuple[str, date]:
    """Return (function, as of) of a field (字段来源).

    `sources` holds {function: day} for all that one supplier delivered together, and
    {"field:<name>": [function, day]} where one field was corrected since.
    """
    if own := sources.get(f"field:{field.name}"):
        return own[0], date.fromisoformat(own[1])
    return field.function, date.fromisoformat(sources.get(field.function, "1970-01-01"))
