"""Reads of the outbox for health and operations pages."""

from yiwang.kernel.events.data import DeliveryView
from yiwang.kernel.events.models import EventDelivery


def delivery_list(
    *, state: str = "FAILED", limit: int = 50, before: int | None = None
) -> list[DeliveryView]:
    """List deliveries (事件投递) of one state, newest first; `before` is the last id seen."""
    rows = EventDelivery.objects.filter(state=state).select_related("event").order_by("-pk")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return [
        DeliveryView(
            row.pk,
            row.event_id,
            row.event.topic,
            row.event.key,
            row.subscriber,
            row.state,
            row.attempts,
            row.due_at,
            row.delivered_at,
            row.error,
        )
        for row in rows[:limit]
    ]


def delivery_count() -> dict[str, int]:
    """Count what still waits and what has failed: keys PENDING and FAILED."""
    # One count a state: each reads its partial index, an IN over both reads the whole table.
    return {
        state: EventDelivery.objects.filter(state=state).count() for state in ("PENDING", "FAILED")
    }
