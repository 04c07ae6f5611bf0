"""Kinds of filings (登记种类): what each asks for, who signs it, and what its document says; registered by matter."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from yiwang.hall.companies.models import Company, NameReservation
from yiwang.hall.companies.parties import Signatures
from yiwang.hall.companies.standing import Problems


@dataclass(frozen=True, slots=True)
class FilingSubject:
    """What a filing is about (登记对象): a reserved name, or a company of the register.

    changes: item → [old, new], what people compare before they sign.
    """

    name: str
    reservation: NameReservation | None = None
    company: Company | None = None
    changes: Mapping[str, list] | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of filing (登记种类).

    problems(content, now) judges what was typed and who acts, by field, in sentences; signatures(content),
    document(content) and subject(content) hold for content without problems; take(content, now) lays hold
    of what only one filing may have, inside the submission, and answers like problems.
    """

    kind: str
    matter: str
    problems: Callable[[Mapping, datetime], Problems]
    signatures: Callable[[Mapping], Signatures]
    document: Callable[[Mapping], str]
    subject: Callable[[Mapping], FilingSubject]
    take: Callable[[Mapping, datetime], Problems]


_kinds: dict[str, Kind] = {}


def nothing_taken(_content: Mapping, _now: datetime) -> Problems:
    """Lay hold of nothing (无须占用): for kinds whose filing takes only its company."""
    return {}


def kind_register(kind: Kind) -> None:
    """Name what a matter files (登记种类注册); called once, from `ready`."""
    _kinds[kind.matter] = kind


def kind_of(matter_code: str) -> Kind | None:
    """Return what a matter files, None for a matter of another room."""
    return _kinds.get(matter_code)


def kind_named(kind: str) -> Kind:
    """Return a kind by its name."""
    return next(one for one in _kinds.values() if one.kind == kind)
