"""What the counters speak of (大厅的值): halls, queues, slots, appointments, tickets, forecasts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from yiwang.sdk.errors import N_

LEVELS = {
    "CITY": N_("City level"),
    "DISTRICT": N_("District level"),
    "STREET": N_("Street level"),
    "COMMUNITY": N_("Community level"),
}
WINDOW_STATES = {
    "CLOSED": N_("Window closed"),
    "OPEN": N_("Window open"),
    "PAUSED": N_("Short break"),
}
PHONE, KIOSK, DESK = "PHONE", "KIOSK", "DESK"
CHANNELS = {PHONE: N_("By phone"), KIOSK: N_("At the kiosk"), DESK: N_("At the desk")}
WAITING, CALLED, SERVING = "WAITING", "CALLED", "SERVING"
SKIPPED, DONE, NO_ANSWER, LEFT = "SKIPPED", "DONE", "NO_ANSWER", "LEFT"
IN_HAND = (CALLED, SERVING)
PRESENT = (WAITING, CALLED, SERVING, SKIPPED)
TICKET_STATES = {
    WAITING: N_("Waits to be called"),
    CALLED: N_("Called"),
    SERVING: N_("Being served"),
    SKIPPED: N_("Missed the call"),
    DONE: N_("Visit finished"),
    NO_ANSWER: N_("Did not come"),
    LEFT: N_("Left the queue"),
}
BOOKED, CHECKED_IN, CANCELLED, NO_SHOW = "BOOKED", "CHECKED_IN", "CANCELLED", "NO_SHOW"
CALLED_OFF = "CALLED_OFF"
APPOINTMENT_STATES = {
    BOOKED: N_("Booked"),
    CHECKED_IN: N_("Checked in"),
    CANCELLED: N_("Cancelled by you"),
    NO_SHOW: N_("Not kept"),
    CALLED_OFF: N_("Called off by the hall"),
}
Text = Mapping[str, str]
Spans = tuple[tuple[int, int], ...]
"""Opening hours of one day: (opens, closes) in minutes since midnight, in order."""


@dataclass(frozen=True, slots=True)
class NoShowRule:
    """Who did not come `count` times within `days` may not book for `block_days` (爽约规则)."""

    count: int = 3
    days: int = 90
    block_days: int = 30


@dataclass(frozen=True, slots=True)
class HallRules:
    """What a hall decides for itself (大厅规则); every figure is data of the hall.

    early_minutes, late_minutes: around the slot's start, in which one is on time; days_ahead: how far
    one books; seats: open appointments a person may hold; most_people: in one appointment;
    return_after: whoever missed the call goes on after so many others; no_answer_after: calls;
    doors_minutes: before opening, from when tickets are given.
    """

    no_show: NoShowRule = NoShowRule()
    early_minutes: int = 30
    late_minutes: int = 15
    days_ahead: int = 10
    seats: int = 3
    most_people: int = 5
    return_after: int = 3
    no_answer_after: int = 3
    doors_minutes: int = 30


@dataclass(frozen=True, slots=True)
class Forecast:
    """How long one waits (等候预测), in seconds: the middle and the interval that holds four times in five.

    raw: what the simulation said before it was set right by the errors on record; is_after_close: the
    middle lies after the hall has closed.
    """

    low: int
    middle: int
    high: int
    raw: tuple[int, int, int]
    is_after_close: bool = False

    @property
    def minutes(self) -> tuple[int, int, int]:
        """Return low, middle and high in whole minutes, for people (分钟)."""
        return self.low // 60, round(self.middle / 60), -(-self.high // 60)


@dataclass(frozen=True, slots=True)
class QueueView:
    """A queue (队列) of a hall as it stands now. open_windows: open and taking it."""

    id: int
    hall_id: int
    key: str
    letter: str
    title: Text
    matters: tuple[str, ...]
    pool_id: int | None
    is_open: bool
    waiting: int = 0
    open_windows: int = 0
    forecast: Forecast | None = None


@dataclass(frozen=True, slots=True)
class HallView:
    """A hall (大厅). spans: today's opening hours; is_open: at the moment asked for."""

    id: int
    code: str
    title: Text
    level: str
    area_code: str
    area_name: str
    address: str
    phone: str
    department_id: int | None
    is_made: bool
    spans: Spans = ()
    is_open: bool = False
    waiting: int = 0

    @property
    def hours_text(self) -> str:
        """Return today's opening hours as 09:00–12:00 13:00–17:00, "" when closed (今日办公时间)."""
        return " ".join(
            f"{opens // 60:02}:{opens % 60:02}–{closes // 60:02}:{closes % 60:02}"
            for opens, closes in self.spans
        )

    @property
    def level_label(self) -> str:
        """Return the level in words, as a message id (层级)."""
        return LEVELS[self.level]


@dataclass(frozen=True, slots=True)
class SlotView:
    """A slot (预约时段) with how many places are left for those who ask."""

    pool_id: int
    starts_at: datetime
    ends_at: datetime
    capacity: int
    free: int

    @property
    def clock(self) -> str:
        """Return the times of the slot as 09:00–09:30 (时段)."""
        return f"{self.starts_at:%H:%M}–{self.ends_at:%H:%M}"


@dataclass(frozen=True, slots=True)
class DayView:
    """A day with its slots (可约日期); reason: why it has none, as a message id."""

    day: date
    slots: tuple[SlotView, ...]
    reason: str = ""

    @property
    def free(self) -> int:
        """Return how many places are left on the day (余号)."""
        return sum(slot.free for slot in self.slots)


@dataclass(frozen=True, slots=True)
class AppointmentView:
    """An appointment (预约). code: what its holder types at the kiosk, "" for others' eyes."""

    id: int
    number: str
    code: str
    hall: HallView
    queues: tuple[Text, ...]
    queue_ids: tuple[int, ...]
    name: str
    phone: str
    people: int
    places: int
    matter: str
    starts_at: datetime
    ends_at: datetime
    state: str
    booked_at: datetime
    ends_clock: str = ""
    reason: str = ""

    @property
    def state_label(self) -> str:
        """Return the state in words, as a message id (状态名称)."""
        return APPOINTMENT_STATES[self.state]


@dataclass(frozen=True, slots=True)
class TicketView:
    """A ticket (号票). ahead: how many are called before it, None once it was called.

    applications: numbers of what was taken in while it was served; rating_code: to rate the visit with.
    """

    id: int
    code: str
    label: str
    hall_id: int
    hall_title: Text
    hall_code: str
    queue_id: int
    queue_title: Text
    state: str
    channel: str
    priority: Text
    proof: Text
    name: str
    phone: str
    holder_ref: str
    account_id: int | None
    appointment_id: int | None
    matters: tuple[str, ...]
    further: tuple[int, ...]
    applications: tuple[str, ...]
    window_id: int | None
    window: str
    calls: int
    rating_code: str
    issued_at: datetime
    ready_at: datetime
    called_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    forecast: Forecast | None = None
    ahead: int | None = None

    @property
    def state_label(self) -> str:
        """Return the state in words, as a message id (状态名称)."""
        return TICKET_STATES[self.state]

    @property
    def channel_label(self) -> str:
        """Return where it was taken, as a message id (取号渠道)."""
        return CHANNELS[self.channel]


@dataclass(frozen=True, slots=True)
class WindowView:
    """A window (窗口). skills: ids of the queues it takes; ticket: what it has in hand."""

    id: int
    hall_id: int
    number: str
    title: Text
    department_id: int | None
    state: str
    reason: str
    clerk_id: int | None
    clerk_name: str
    skills: tuple[int, ...]
    opened_at: datetime | None
    ticket: TicketView | None = None

    @property
    def state_label(self) -> str:
        """Return the state in words, as a message id (状态名称)."""
        return WINDOW_STATES[self.state]


@dataclass(frozen=True, slots=True)
class KioskView:
    """A self-service machine (自助终端). pairing_code: only in the answer that made it."""

    id: int
    title: str
    hall_id: int
    is_open: bool
    paired_at: datetime | None
    pairing_code: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """One call that has ended, for the statistics (办理记录). Seconds; forecast: what was said, or None."""

    queue_id: int
    window_id: int
    called_at: datetime
    wait_seconds: int
    service_seconds: int | None
    outcome: str
    forecast: Forecast | None = None
    applications: int = 0


@dataclass(frozen=True, slots=True)
class Spread:
    """How a group of times lies (时间分布), in seconds; count 0 has no figures."""

    count: int
    mean: int | None = None
    median: int | None = None
    p90: int | None = None
    longest: int | None = None


@dataclass(frozen=True, slots=True)
class StatisticsRow:
    """Waiting and service of one queue, hour or window (统计行)."""

    key: object
    tickets: int
    waiting: Spread
    service: Spread
    no_answers: int
    applications: int = 0


@dataclass(frozen=True, slots=True)
class ForecastRecord:
    """How good the forecasts were (预测误差): mean absolute error in seconds, share within the interval."""

    count: int
    mean_error: int | None
    within: float | None
