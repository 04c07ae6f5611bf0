"""What leaves this app (办件的数据形态): frozen values, never rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from yiwang.sdk.packs import Commitment, MayFollow


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the applicant gets at once (回执). `is_new` is False for a repeated submission."""

    number: str
    query_code: str
    receipt_hash: str
    submitted_at: datetime
    is_new: bool


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who applies (申请人): a person or an enterprise as the registry knows it.

    facts: {registry field: {"value", "source": {zh, en}, "as_of": ISO date}}.
    """

    kind: str
    ref: str
    name: str
    number: str
    area_code: str
    facts: Mapping[str, Mapping]

    def values(self) -> dict:
        """Return the plain facts for expressions and processes, without the long ones."""
        plain = {key: fact["value"] for key, fact in self.facts.items() if key != "photo"}
        return {"kind": self.kind, "name": self.name, "area_code": self.area_code, **plain}

    def names(self, today: date) -> dict:
        """Return the names that a matter's conditions may use: `applicant` and `today`."""
        values = self.values()
        for key in ("birth_date", "established_date"):
            if isinstance(values.get(key), str):
                values[key] = date.fromisoformat(values[key])
        return {"applicant": values, "today": today}


@dataclass(frozen=True, slots=True)
class MaterialLine:
    """One line of the material list as it stands for a draft (材料清单).

    source: LICENCE, REGISTRY, EARLIER (an earlier case), UPLOAD, PROMISED (it follows), COMMITTED (a
    commitment replaces it) or MISSING (an upload is still needed). why: a sentence of {zh, en} that says
    where the document comes from, or why one must upload it; as_of: of what day it is. may_refuse: one may
    upload another instead; is_refused: one chose to. may_follow, commitment: what the matter offers;
    barred, kept_back: number of the case for which no commitment, no document to follow, is offered for now. promise: the words agreed to.
    """

    key: str
    title: dict
    required: bool
    source: str
    why: dict
    attachment_id: int | None = None
    attachment_name: str = ""
    digest: str = ""
    source_ref: str = ""
    accept: tuple[str, ...] = ()
    max_mb: int = 10
    note: dict = field(default_factory=dict)
    document: str = ""
    as_of: date | None = None
    may_refuse: bool = False
    is_refused: bool = False
    may_follow: MayFollow | None = None
    commitment: Commitment | None = None
    barred: str = ""
    kept_back: str = ""
    promise: dict = field(default_factory=dict)

    @property
    def is_satisfied(self) -> bool:
        """Tell whether the applicant need do nothing more for this line."""
        return self.source != "MISSING" or not self.required


@dataclass(frozen=True, slots=True)
class ApplicationRow:
    """One application in a list (办件列表行)."""

    number: str
    title: dict
    applicant_name: str
    state: str
    state_label: str
    department_name: str
    submitted_at: datetime
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class OpenCorrection:
    """A notice that the applicant has to answer (待补正)."""

    id: int
    number: str
    title: dict
    department_name: str
    requested_at: datetime
