"""What happens in halls by itself (定时事项): reminders, appointments not kept, closed days."""

from datetime import date, datetime, timedelta

from django.utils import timezone

from yiwang.hall.counters import data, rules
from yiwang.hall.counters.actions.appointments import (
    appointment_call_off,
    appointment_no_show,
    appointment_remind,
)
from yiwang.hall.counters.errors import AppointmentStateWrong
from yiwang.hall.counters.models import Appointment, Hall, Slot
from yiwang.hall.counters.queries.slots import moment_of
from yiwang.identity.api import data_scope
from yiwang.kernel.api import (
    CalendarNotPublished,
    calendar_get,
    context_system,
    context_use,
)

REMIND_BEFORE = timedelta(hours=24)
BATCH = 500


def appointments_follow(now: datetime) -> int:
    """Remind of what is near, note what was not kept, call off what falls on closed days (预约巡检); counts."""
    with context_use(context_system("预约巡检")):
        return (
            _each(appointment_remind, _to_remind(now), now)
            + _each(appointment_no_show, _missed(now), now)
            + _call_off(now)
        )


def _each(act, ids: list[int], now: datetime) -> int:
    return sum(bool(act(appointment_id, now=now)) for appointment_id in ids)


def _booked():
    with data_scope(purpose="预约巡检"):
        return Appointment.objects.filter(state=data.BOOKED)


def _to_remind(now: datetime) -> list[int]:
    near = _booked().filter(
        starts_at__gt=now, starts_at__lte=now + REMIND_BEFORE, reminded_at__isnull=True
    )
    return list(near.order_by("starts_at", "pk").values_list("pk", flat=True)[:BATCH])


def _missed(now: datetime) -> list[int]:
    today = moment_of(timezone.localdate(now), 0)
    rows = _booked().filter(starts_at__lt=today)
    return list(rows.order_by("starts_at", "pk").values_list("pk", flat=True)[:BATCH])


def _call_off(now: datetime) -> int:
    count = 0
    for hall, day in _closed_days(now):
        since = moment_of(day, 0)
        rows = _booked().filter(hall=hall, starts_at__gt=max(since, now))
        rows = rows.filter(starts_at__lt=since + timedelta(days=1))
        for appointment_id in list(rows.order_by("pk").values_list("pk", flat=True)):
            try:
                appointment_call_off(appointment_id, reason="大厅当日不对外办公", now=now)
                count += 1
            except AppointmentStateWrong:
                continue  # its holder was quicker
    return count


def _closed_days(now: datetime) -> list[tuple[Hall, date]]:
    """List halls and days to come with booked places on which the hall will be closed (停止对外办公日)."""
    slots = Slot.objects.filter(starts_at__gt=now, taken__gt=0).select_related("pool__hall")
    booked = {
        (slot.pool.hall_id, timezone.localdate(slot.starts_at)): slot.pool.hall for slot in slots
    }
    return [
        (hall, day)
        for (_key, day), hall in sorted(booked.items(), key=str)
        if _is_closed(hall, day)
    ]


def _is_closed(hall: Hall, day: date) -> bool:
    try:
        spans = rules.day_spans(rules.hours_parse(hall.hours), calendar_get(hall.area_code), day)
    except CalendarNotPublished:
        return False
    return not hall.is_open or not spans
