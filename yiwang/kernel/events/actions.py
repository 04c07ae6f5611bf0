"""Publishing and delivering events through the outbox (事务发件箱).

An event is written in the transaction of the act that caused it: either both happened or neither.
Deliveries are relayed by the workers: database effects of a subscriber exactly once, effects on the
outside world at least once. No order is promised, not even between events of one key: a subscriber
that needs an order looks at the state of what the event names.
"""

import logging
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from yiwang.kernel.audit.actions import action, audit_record
from yiwang.kernel.audit.context import context_system, context_use
from yiwang.kernel.events.data import EventView
from yiwang.kernel.events.models import EventDelivery, OutboxEvent
from yiwang.kernel.events.registry import Subscription, subscription_get, subscription_list
from yiwang.kernel.events.rules import ATTEMPTS_MAX, retry_delay
from yiwang.kernel.rows.statements import row_insert, rows_insert
from yiwang.sdk.errors import N_, Conflict, YiwangError

logger = logging.getLogger(__name__)
PENDING, DELIVERED, FAILED = "PENDING", "DELIVERED", "FAILED"
# How long an outside subscriber may work before another worker takes over its delivery.
OUTSIDE_LEASE = timedelta(minutes=5)


class EventOutsideTransaction(YiwangError):
    """An event was published without the act it belongs to: a defect of the caller."""

    code = "event_outside_transaction"
    status = 500
    message = N_("The event %(topic)s was published outside a transaction.")


class SubscriberUnknown(YiwangError):
    """A delivery names a subscriber that this version of the program does not have."""

    code = "subscriber_unknown"
    status = 500
    message = N_("No subscriber is registered under the name %(name)s.")


def event_publish(topic: str, payload: dict, *, key: str = "") -> int:
    """Write an event (发布事件) into the running transaction, one delivery a subscriber.

    payload: JSON only; ids and codes rather than personal data, since events are kept for months.
    Raises `EventOutsideTransaction`: an event without its act's transaction could be lost or lie.
    """
    if not connection.in_atomic_block:
        raise EventOutsideTransaction(topic=topic)
    now = timezone.now()
    event_id = row_insert(OutboxEvent(topic=topic, key=key, payload=payload, published_at=now))
    rows_insert(
        [
            EventDelivery(event_id=event_id, subscriber=subscription.name, due_at=now)
            for subscription in subscription_list(topic)
        ]
    )
    return event_id


def event_relay(*, limit: int = 100, now: datetime, stop: object | None = None) -> int:
    """Deliver up to `limit` due events (投递) and return how many subscribers were run.

    stop: something with `is_set()`, asked between two deliveries.
    """
    # A plain read first: an idle worker never takes SQLite's write lock.
    due = list(
        EventDelivery.objects.filter(state=PENDING, due_at__lte=now)
        .order_by("due_at", "id")
        .values_list("pk", flat=True)[:limit]
    )
    done = 0
    for delivery_id in due:
        if stop is not None and stop.is_set():
            break
        done += _deliver(delivery_id, now=now)
    return done


@action("kernel.events.retry", permission="kernel.events.retry")
def delivery_retry(delivery_id: int, *, now: datetime) -> None:
    """Give a failed delivery all its attempts again (重新投递)."""
    changed = EventDelivery.objects.filter(pk=delivery_id, state=FAILED).update(
        state=PENDING, attempts=0, due_at=now
    )
    if not changed:
        raise Conflict()
    audit_record(f"delivery:{delivery_id}")


def event_prune(*, before: datetime, limit: int = 5000) -> int:
    """Delete events that were delivered to everyone before a moment; failed ones stay. Counts."""
    kept = EventDelivery.objects.filter(event=OuterRef("pk")).exclude(
        state=DELIVERED, delivered_at__lt=before
    )
    done = list(
        OutboxEvent.objects.filter(~Exists(kept), published_at__lt=before)
        .order_by("pk")
        .values_list("pk", flat=True)[:limit]
    )
    OutboxEvent.objects.filter(pk__in=done).delete()
    return len(done)


def _deliver(delivery_id: int, *, now: datetime) -> bool:
    subscription_name = (
        EventDelivery.objects.filter(pk=delivery_id).values_list("subscriber", flat=True).first()
    )
    subscription = subscription_get(subscription_name or "")
    if subscription is not None and subscription.outside:
        return _deliver_outside(delivery_id, subscription, now=now)
    with transaction.atomic():
        delivery = _claim(delivery_id, now=now)
        if delivery is None:
            return False
        try:
            with transaction.atomic():
                if subscription is None:
                    raise SubscriberUnknown(name=delivery.subscriber)
                _run(subscription, delivery)
        except Exception as error:
            logger.exception("delivery %s to %s failed", delivery_id, delivery.subscriber)
            _mark_failed(delivery, error, now=now)
        else:
            _mark_delivered(delivery, now=now)
    return True


def _deliver_outside(delivery_id: int, subscription: Subscription, *, now: datetime) -> bool:
    with transaction.atomic():
        delivery = _claim(delivery_id, now=now)
        if delivery is None:
            return False
        EventDelivery.objects.filter(pk=delivery.pk).update(due_at=now + OUTSIDE_LEASE)
    try:
        _run(subscription, delivery)
    except Exception as error:
        logger.exception("delivery %s to %s failed", delivery_id, delivery.subscriber)
        _mark_failed(delivery, error, now=now)
    else:
        _mark_delivered(delivery, now=now)
    return True


def _claim(delivery_id: int, *, now: datetime) -> EventDelivery | None:
    """Lock a due delivery and count the attempt; None when another worker has it."""
    rows = EventDelivery.objects.filter(pk=delivery_id, state=PENDING, due_at__lte=now)
    locked = rows.select_related("event")
    if connection.features.has_select_for_update_skip_locked:
        locked = locked.select_for_update(skip_locked=True, of=("self",))
    delivery = locked.first()
    if delivery is None:
        return None
    guarded = rows.filter(attempts=delivery.attempts)
    if delivery.attempts >= ATTEMPTS_MAX:
        # Every attempt before ended with the worker's death, so nothing could mark the failure.
        guarded.update(state=FAILED, error="WorkerDied: every attempt ended with the worker.")
        return None
    delivery.attempts += 1
    return delivery if guarded.update(attempts=delivery.attempts) else None


def _run(subscription: Subscription, delivery: EventDelivery) -> None:
    event = delivery.event
    view = EventView(
        event.pk, event.topic, event.key, event.payload, event.published_at, delivery.attempts
    )
    with context_use(context_system(f"event:{event.topic}", name=subscription.name)):
        subscription.function(view)


def _mark_delivered(delivery: EventDelivery, *, now: datetime) -> None:
    EventDelivery.objects.filter(pk=delivery.pk, state=PENDING).update(
        state=DELIVERED, delivered_at=now, error=""
    )


def _mark_failed(delivery: EventDelivery, error: Exception, *, now: datetime) -> None:
    delay = retry_delay(delivery.attempts)
    EventDelivery.objects.filter(pk=delivery.pk, state=PENDING, attempts=delivery.attempts).update(
        state=PENDING if delay else FAILED,
        due_at=now + (delay or timedelta()),
        error=f"{type(error).__name__}: {error}"[:4000],
    )
