"""Keeping up with couriers (跟踪承运方): pushed messages, asking about silent parcels."""

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings

from yiwang.hall.deliveries.actions import ASK_EVERY, tracking_take
from yiwang.hall.deliveries.couriers import courier_get, push_signed, route
from yiwang.hall.deliveries.data import TrackingEvent
from yiwang.hall.deliveries.errors import CourierUnknown
from yiwang.hall.deliveries.models import Delivery, PracticeParcel
from yiwang.identity.api import data_scope
from yiwang.kernel.api import context_system, context_use

AT_ONCE = 200
LOST_EVERY = 7


def message_receive(
    courier: str, headers: Mapping[str, str], body: bytes, *, now: datetime
) -> None:
    """Take a pushed message (接收轨迹推送). Raises CourierUnknown, CourierSignatureWrong."""
    _take(courier, courier_get(courier).message_read(headers, body, now=now), now=now)


def deliveries_follow(now: datetime) -> int:
    """Ask about parcels of which nothing was heard (轨迹补查); return how many."""
    with data_scope(purpose="物流轨迹查询", reason="递送"):
        rows = list(Delivery.objects.filter(ask_at__lte=now).order_by("ask_at")[:AT_ONCE])
        for row in rows:
            Delivery.objects.filter(pk=row.pk, ask_at=row.ask_at).update(ask_at=now + ASK_EVERY)
    for row in rows:
        try:
            events = courier_get(row.courier).ask(row.tracking, now=now)
        except (OSError, CourierUnknown):
            continue
        _take(row.courier, events, now=now)
    return len(rows)


def practice_messages_push(now: datetime) -> int:
    """Let the practice courier push what happened (演练快递推送), signed, through the same door as all."""
    if "practice" not in settings.COURIERS:
        return 0
    count = 0
    for row in PracticeParcel.objects.filter(is_told=False).order_by("pk")[:AT_ONCE]:
        whole = route(row)
        events = [one for one in whole if one.at <= now]
        for place, event in enumerate(events[row.pushed :], start=row.pushed):
            if (row.pk + place) % LOST_EVERY:
                headers, body = push_signed(event, now=now)
                message_receive("practice", headers, body, now=now)
                count += 1
        row.pushed, row.is_told = len(events), len(events) == len(whole)
        row.save(update_fields=["pushed", "is_told"])
    return count


def _take(courier: str, events: list[TrackingEvent], *, now: datetime) -> None:
    with context_use(context_system("物流轨迹入账")):
        for event in events:
            tracking_take(event, courier=courier, now=now)
