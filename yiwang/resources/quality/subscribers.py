"""What quality hears of (订阅): objections of persons, and their answers."""

from yiwang.kernel.api import EventView, subscriber
from yiwang.resources.quality.actions.exceptions import (
    exception_from_objection,
    exception_objection_end,
)


@subscriber("registries.objected", name="resources.quality.objected")
def objected(event: EventView) -> None:
    """Open an exception for a person's *this is wrong* (异议转异常)."""
    exception_from_objection(event.payload, now=event.published_at)


@subscriber("registries.objection_answered", name="resources.quality.objection_answered")
def objection_answered(event: EventView) -> None:
    """Close the exception whose objection was answered (异议办结)."""
    payload = event.payload
    exception_objection_end(
        str(payload["number"]), outcome=str(payload.get("outcome", "")), now=event.published_at
    )
