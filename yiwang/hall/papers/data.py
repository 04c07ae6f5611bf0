"""What stands on a decision document (决定书要素), by field: typed, and complete or not made at all."""

from dataclasses import dataclass
from datetime import date

GRANTED, REFUSED, NOT_ACCEPTED, TERMINATED = "APPROVED", "REFUSED", "NOT_ACCEPTED", "TERMINATED"


@dataclass(frozen=True, slots=True)
class DecisionPaper:
    """A decision as its document says it (决定书). outcome: GRANTED, REFUSED, NOT_ACCEPTED or TERMINATED.

    reasons: (department, text) of each department that refused; licences: (title, number) of each that was issued;
    is_licensing: whether the Administrative Licensing Law rules it.
    """

    outcome: str
    is_licensing: bool
    document_number: str
    application_number: str
    matter: str
    applicant: str
    department: str
    submitted_date: date
    decided_date: date
    legal_basis: tuple[str, ...]
    reasons: tuple[tuple[str, str], ...] = ()
    remedy: str = ""
    licences: tuple[tuple[str, str], ...] = ()
