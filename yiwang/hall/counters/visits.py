"""What the room of the windows answers about a ticket in hand (窗口来访): its visit, and how it ends.

This room calls and that one takes in; it lies above, so it names its answers here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class OpenVisit:
    """The visit that was opened for a ticket (号票对应来访). drafts: begun and not submitted."""

    number: str
    page: str
    applicant: str
    drafts: int


@dataclass(frozen=True, slots=True)
class VisitDoor:
    """found: ticket's id → its open visit, None without one. end: ends it, by its clerk."""

    found: Callable[[int, datetime], OpenVisit | None]
    end: Callable[[int, datetime], None]


_doors: list[VisitDoor] = []


def visit_door_register(door: VisitDoor) -> None:
    """Name who answers for visits (来访)."""
    _doors[:] = [door]


def visit_of_ticket(ticket_id: int, *, now: datetime) -> OpenVisit | None:
    """Return the open visit of a ticket in the acting clerk's hand (号票对应来访)."""
    return _doors[0].found(ticket_id, now) if _doors else None


def visit_of_ticket_end(ticket_id: int, *, now: datetime) -> None:
    """End the visit of a ticket (结束来访), if one is open."""
    if _doors:
        _doors[0].end(ticket_id, now)
