"""What subscribers and the operators' pages get to see of the outbox."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class EventView:
    """One event (事件) as its subscribers see it. attempt: 1 for the first try."""

    id: int
    topic: str
    key: str
    payload: dict
    published_at: datetime
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One delivery (事件投递). state: PENDING, DELIVERED or FAILED."""

    id: int
    event_id: int
    topic: str
    key: str
    subscriber: str
    state: str
    attempts: int
    due_at: datetime
    delivered_at: datetime | None
    error: str
