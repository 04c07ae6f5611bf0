"""What deliveries speak of (递送的值): who gets what, how, and where it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from yiwang.sdk.errors import N_

COURIER, COUNTER, LOCKER = "COURIER", "COUNTER", "LOCKER"
WAITING, UNDER_WAY, PLACED = "WAITING", "UNDER_WAY", "PLACED"
DELIVERED, RETURNED, CANCELLED = "DELIVERED", "RETURNED", "CANCELLED"
METHODS = {
    COURIER: N_("By courier to your address"),
    COUNTER: N_("Pick up at the department's counter"),
    LOCKER: N_("Pick up from a self-service locker"),
}
STATES = {
    WAITING: N_("Being prepared"),
    UNDER_WAY: N_("Under way"),
    PLACED: N_("Ready to be picked up"),
    DELIVERED: N_("Delivered"),
    RETURNED: N_("Came back to the department"),
    CANCELLED: N_("Cancelled"),
}
TRACKING = {
    "ACCEPTED": N_("The courier has it"),
    "IN_TRANSIT": N_("Under way"),
    "OUT_FOR_DELIVERY": N_("The courier is bringing it today"),
    "DELIVERED": N_("Delivered"),
    "RETURNED": N_("Sent back"),
    "LOST": N_("The courier cannot find it"),
}
"""What couriers say about a parcel (物流状态), in the order in which it mostly happens."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who gets it (收件人). address only for couriers."""

    name: str
    phone: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a courier is asked to carry (寄件单)."""

    number: str
    receiver: Receiver
    sender: str
    content: str


@dataclass(frozen=True, slots=True)
class TrackingEvent:
    """What a courier says (物流轨迹), after its signature held. kind: a key of `TRACKING`."""

    event_id: str
    tracking: str
    kind: str
    place: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """A delivery (递送) as its receiver and its department see it.

    pickup_code: for the receiver's eyes and for WAITING or PLACED pick-ups only, else "".
    """

    id: int
    number: str
    subject: str
    title: Mapping[str, str]
    method: str
    state: str
    receiver: Receiver
    holder_ref: str
    department_id: int
    account_id: int | None
    courier: str
    tracking: str
    place: Mapping[str, str]
    box: str
    pickup_code: str
    chosen_at: datetime
    due_at: datetime | None
    closed_at: datetime | None

    @property
    def state_label(self) -> str:
        """Return the state in words, as a message id (状态名称)."""
        return STATES[self.state]

    @property
    def method_label(self) -> str:
        """Return the way in words, as a message id (领取方式)."""
        return METHODS[self.method]


@dataclass(frozen=True, slots=True)
class StepView:
    """One thing that happened to a delivery (递送轨迹)."""

    kind: str
    label: str
    place: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class LockerView:
    """A locker (自助取件柜) and how many of its boxes are free."""

    id: int
    code: str
    title: Mapping[str, str]
    address: str
    boxes: int
    free: int
