"""What windows speak of (窗口的值): frozen values, never rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from yiwang.sdk.errors import N_

HALL, COMMUNITY = "HALL", "COMMUNITY"
KINDS = {HALL: N_("Window of a hall"), COMMUNITY: N_("Community window")}
VISIT_LIFE = timedelta(hours=2)
RATING_LIFE = timedelta(days=15)
"""How long after a visit it may still be rated with the code on the receipt."""
TABLET_WAIT = timedelta(minutes=5)
"""How long the tablet at the window asks for a rating."""
PURPOSE = "窗口受理核验身份"

ORIGINAL_STATES = {
    "HELD": N_("Kept at the window"),
    "SENT": N_("On its way"),
    "RECEIVED": N_("With the department"),
    "MISSING": N_("Missing at the hand-over"),
}
COMPLAINTS = (
    N_("I waited too long"),
    N_("I was not told everything at once"),
    N_("The explanation was not clear"),
    N_("The manner of the staff"),
    N_("I was asked for more papers than the guide says"),
)
"""What a visitor may tick on the tablet when dissatisfied (差评原因)."""


@dataclass(frozen=True, slots=True)
class WindowView:
    """A window (服务窗口). matters: the only codes it takes, empty for all that its kind takes."""

    id: int
    code: str
    title: Mapping[str, str]
    kind: str
    department_id: int
    department_name: str
    area_code: str
    address: str
    matters: tuple[str, ...]
    is_open: bool

    @property
    def kind_label(self) -> str:
        """Return the kind in words, as a message id (窗口类型)."""
        return KINDS[self.kind]


@dataclass(frozen=True, slots=True)
class VisitView:
    """A visit (窗口来访). is_open: the clerk may still act; the visitor may be an enterprise's agent."""

    id: int
    number: str
    window: WindowView
    clerk_id: int
    clerk_name: str
    visitor_ref: str
    visitor_name: str
    applicant_ref: str
    applicant_name: str
    purpose: str
    rating_code: str
    opened_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    rating_asked_at: datetime | None
    ticket_id: int | None = None

    def is_open(self, now: datetime) -> bool:
        """Tell whether the clerk may still act in this visit."""
        return self.ended_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class OriginalView:
    """A paper kept for an application (留存纸质材料)."""

    id: int
    number: str
    matter: Mapping[str, str]
    title: str
    copies: int
    is_copy: bool
    state: str

    @property
    def state_label(self) -> str:
        """Return the state in words, as a message id (材料状态)."""
        return ORIGINAL_STATES[self.state]


@dataclass(frozen=True, slots=True)
class TakingView:
    """An application taken in at a window (窗口收件). delegation_id: for whom the visitor acted, None for themselves."""

    number: str
    query_code: str
    receipt_hash: str
    visit_number: str
    window_id: int
    title: Mapping[str, str]
    department_id: int
    department_name: str
    is_elsewhere: bool
    taken_at: datetime
    delegation_id: int | None = None
    originals: tuple[OriginalView, ...] = ()


@dataclass(frozen=True, slots=True)
class HandOverView:
    """A hand-over list (材料交接单) with its papers."""

    id: int
    number: str
    window: WindowView
    department_id: int
    department_name: str
    handed_by: str
    handed_at: datetime
    received_by: str
    received_at: datetime | None
    note: str
    items: tuple[OriginalView, ...] = ()

    @property
    def missing(self) -> int:
        """Return how many papers were not there (缺件数)."""
        return sum(item.state == "MISSING" for item in self.items)


@dataclass(frozen=True, slots=True)
class WindowCount:
    """What a window did in a period (窗口统计). satisfied of rated: what visitors said on the spot."""

    window: WindowView
    visits: int
    takings: int
    elsewhere: int
    rated: int
    satisfied: int

    @property
    def share(self) -> float | None:
        """Return the share of satisfied ratings (满意率) in percent; None without ratings."""
        return 100 * self.satisfied / self.rated if self.rated else None
