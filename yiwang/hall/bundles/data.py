"""What leaves this room (一件事的数据形态): frozen values, never rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from yiwang.hall.applications.data import MaterialLine
from yiwang.hall.bundles.definition import BundleDefinition
from yiwang.hall.bundles.schedule import Schedule
from yiwang.hall.matters.data import MatterView
from yiwang.sdk.errors import N_

OPEN, DONE, WITHDRAWN = "OPEN", "DONE", "WITHDRAWN"
WAITING, FILED, APPROVED = "WAITING", "FILED", "APPROVED"
REFUSED, STOPPED, ATTENTION = "REFUSED", "STOPPED", "ATTENTION"
ITEM_OPEN = (WAITING, FILED, ATTENTION)
CASE_STATES = {
    OPEN: N_("Being handled"),
    DONE: N_("Everything is decided"),
    WITHDRAWN: N_("Withdrawn"),
}
ITEM_STATES = {
    WAITING: N_("Waits for another matter"),
    FILED: N_("Being handled"),
    APPROVED: N_("Approved"),
    REFUSED: N_("Refused"),
    STOPPED: N_("Cannot go on"),
    ATTENTION: N_("Needs you"),
    WITHDRAWN: N_("Withdrawn"),
}


@dataclass(frozen=True, slots=True)
class BundleView:
    """One version of a bundle (一件事) with its matters as they are now.

    fields: name in the one form → [(matter's key, its field)]; asked_before: questions of the forms apart.
    """

    version_id: int
    key: str
    number: int
    spec: BundleDefinition
    form_version_id: int
    fields: Mapping[str, tuple[tuple[str, str], ...]]
    asked_before: int
    matters: Mapping[str, MatterView]

    @property
    def title(self) -> dict[str, str]:
        """Return the name as {zh, en}."""
        return self.spec.title

    @property
    def asked(self) -> int:
        """Return how many questions its one form has."""
        return len(self.fields)


@dataclass(frozen=True, slots=True)
class BundleRow:
    """A bundle in a list."""

    key: str
    title: dict[str, str]
    summary: dict[str, str]
    kind: str
    matters: int
    departments: int


@dataclass(frozen=True, slots=True)
class BundleScope:
    """A bundle as far as an authorisation goes (一件事的事项范围). matters: code → themes."""

    key: str
    title: dict[str, str]
    matters: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Whether a matter applies to somebody (适用结果).

    barred: why it cannot be applied for, else None; is_held: its licences are there already.
    """

    key: str
    applies: bool
    barred: dict[str, str] | None = None
    is_held: bool = False

    @property
    def is_filed(self) -> bool:
        """Tell whether it is applied for with the bundle."""
        return self.applies and not self.is_held and self.barred is None


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One document of the bundle (共用材料), asked for once. matters: who needs it.

    awaited: the key of the matter whose licence it will be.
    """

    key: str
    line: MaterialLine
    matters: tuple[str, ...]
    awaited: str = ""

    @property
    def is_satisfied(self) -> bool:
        """Tell whether the applicant need do nothing more for it."""
        return bool(self.awaited) or self.line.is_satisfied


@dataclass(frozen=True, slots=True)
class BundleReceipt:
    """What the applicant gets at once (一件事回执). applications: numbers of what was filed already."""

    number: str
    sha256: str
    submitted_at: datetime
    applications: tuple[str, ...]
    is_new: bool


@dataclass(frozen=True, slots=True)
class ItemView:
    """One matter of a case (事项进度). corrections: ids of notices that the applicant has to answer."""

    key: str
    title: dict[str, str]
    matter_code: str
    department: dict[str, str]
    state: str
    application: str
    draft_id: int | None
    reasons: tuple[dict, ...]
    after: tuple[str, ...]
    basis: dict[str, str] | None
    filed_at: datetime | None
    ended_at: datetime | None
    corrections: tuple[int, ...] = ()

    @property
    def state_label(self) -> str:
        """Return the state in words, as a message id."""
        return ITEM_STATES[self.state]


@dataclass(frozen=True, slots=True)
class BundleCaseView:
    """A bundle somebody filed (一件事办件), with all its matters and the projected end.

    schedule: without dates where the calendar of `missing_year` is not published yet. filed_by: the deputy or the
    clerk who filed it, "" for the applicant; is_own: whether who looks is the applicant.
    """

    number: str
    key: str
    title: dict[str, str]
    context_ref: str
    state: str
    applicant: str
    submitted_at: datetime
    ended_at: datetime | None
    sha256: str
    items: tuple[ItemView, ...]
    schedule: Schedule | None = None
    missing_year: int | None = None
    filed_by: str = ""
    is_own: bool = True

    @property
    def state_label(self) -> str:
        """Return the state in words, as a message id."""
        return CASE_STATES[self.state]

    @property
    def is_open(self) -> bool:
        """Tell whether something of it is still to be decided."""
        return self.state == OPEN

    @property
    def done(self) -> int:
        """Count the matters that have their answer."""
        return sum(one.state not in ITEM_OPEN for one in self.items)

    def title_of(self, key: str) -> dict[str, str]:
        """Return the title of one of its matters."""
        return next((one.title for one in self.items if one.key == key), {"zh": key, "en": key})


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case in a list. applicant: for whom it was filed as a deputy, "" for one's own; applicant_ref: whose it is."""

    number: str
    key: str
    title: dict[str, str]
    state: str
    submitted_at: datetime
    applicant: str = ""
    applicant_ref: str = ""

    @property
    def state_label(self) -> str:
        """Return the state in words, as a message id."""
        return CASE_STATES[self.state]


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A bundle that somebody has begun to fill in (一件事草稿). applicant: for whom, "" for oneself."""

    draft_id: int
    title: dict[str, str]
    updated_at: datetime
    applicant: str = ""
