"""What the lists of power and responsibility speak of (权责清单的值)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from yiwang.sdk.errors import N_

POWER_TYPES = ("01", "02", "03", "04", "05", "06", "07", "08", "09", "10")
"""GB/T 39046 A.1 without 20, public service: that is no power and has a list of its own."""

LEVEL_ORDER = {"CITY": 0, "DISTRICT": 1, "STREET": 2}

ADDED, CANCELLED, DELEGATED, TAKEN_BACK, TRANSFERRED, CHANGED = (
    "ADDED",
    "CANCELLED",
    "DELEGATED",
    "TAKEN_BACK",
    "TRANSFERRED",
    "CHANGED",
)
CHANGE_KINDS = {
    ADDED: N_("Added"),
    CANCELLED: N_("Cancelled"),
    DELEGATED: N_("Delegated to a lower level"),
    TAKEN_BACK: N_("Taken back by a higher level"),
    TRANSFERRED: N_("Moved to another department"),
    CHANGED: N_("Content changed"),
}

STATES = {
    "DRAFT": N_("Being prepared"),
    "SUBMITTED": N_("Waiting to be published"),
    "PUBLISHED": N_("List published"),
    "DISCARDED": N_("Adjustment dropped"),
}
OPEN_STATES = ("DRAFT", "SUBMITTED")

PARTS = {
    "title": N_("Name of the power"),
    "item_type": N_("Kind of power"),
    "function": N_("Department"),
    "level": N_("Level"),
    "legal_basis": N_("Legal basis"),
    "office": N_("Responsible office"),
    "steps": N_("Steps and who acts"),
    "responsibilities": N_("Responsibility items"),
    "accountability": N_("When somebody is held to account"),
    "accountability_basis": N_("Ground of being held to account"),
    "limits": N_("Time limits"),
}
"""Parts of an entry that a change is told by, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class EntryView:
    """A power as it stands on the list (清单事项). What the source does not say is empty, never made up.

    content: title {zh, en}, item_type, function, level, legal_basis [{title {zh, en}, article}], office, steps
    [{name {zh, en}, function, amount, unit}], responsibilities, accountability, accountability_basis, limits
    {legal, promised} or None, has_diagram, kind, local_task_code, source_note, is_made.
    """

    id: int
    code: str
    valid_from: date
    valid_to: date | None
    content: Mapping

    @property
    def title(self) -> Mapping[str, str]:
        """Return the name of the power (事项名称)."""
        return self.content["title"]

    @property
    def basis_text(self) -> str:
        """Return the legal basis in one line (设定依据), "" where the source has none."""
        return "；".join(
            f"{one['title']['zh']}{one['article']}" for one in self.content["legal_basis"]
        )


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One power in an adjustment (清单调整事项): what it was and what it becomes."""

    id: int
    code: str
    kind: str
    before: Mapping | None
    after: Mapping | None
    note: str = ""
    is_left_out: bool = False

    @property
    def title(self) -> Mapping[str, str]:
        """Return the name, of what it becomes if it goes on (事项名称)."""
        return (self.after or self.before)["title"]

    @property
    def kind_label(self) -> str:
        """Return the kind of change in words, as a message id (调整类别)."""
        return CHANGE_KINDS[self.kind]


@dataclass(frozen=True, slots=True)
class AdjustmentView:
    """An adjustment of the lists (清单调整). counts: {kind: number}."""

    id: int
    number: int
    state: str
    reason: str
    legal_ground: str
    effective_date: date
    counts: Mapping[str, int]
    prepared_by_id: int | None
    prepared_by: str
    published_by: str
    published_at: datetime | None
    return_note: str = ""
    prepared_at: datetime | None = None

    @property
    def state_label(self) -> str:
        """Return the state in words, as a message id (状态名称)."""
        return STATES[self.state]


@dataclass(frozen=True, slots=True)
class DetailView:
    """What a department adds to a power that the catalogue does not say (清单补充信息)."""

    office: str = ""
    responsibilities: str = ""
    accountability: str = ""
    accountability_basis: str = ""


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """What a list shows (清单筛选); on: as of a day; basis: "known" or "unknown"."""

    text: str = ""
    department: str = ""
    item_type: str = ""
    level: str = ""
    basis: str = ""
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two days of the lists side by side (两日对比)."""

    earlier: date
    later: date
    changes: tuple[ChangeView, ...] = field(default=())

    @property
    def counts(self) -> dict[str, int]:
        """Count the changes by kind, in the order of the kinds."""
        return {
            kind: number
            for kind in CHANGE_KINDS
            if (number := sum(change.kind == kind for change in self.changes))
        }
