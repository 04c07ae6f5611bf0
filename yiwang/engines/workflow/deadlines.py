"""When a limit ends (到期), by the city's working-day calendar and office hours."""

import datetime

from django.utils import timezone

from yiwang.engines.workflow.data import Limit
from yiwang.engines.workflow.rules import limit_duration, months_add
from yiwang.kernel.api import CalendarNotPublished, calendar_get, office_hours_get


def due_at_get(limit: Limit, started_at: datetime.datetime) -> datetime.datetime | None:
    """Return when a limit that started then ends; None while its calendar is not published.

    The starting day does not count; a working-day limit ends at the close of business.
    """
    if limit.unit == "MONTH":
        return months_add(timezone.localtime(started_at), limit.amount)
    if limit.unit != "WORKING_DAY":
        return started_at + limit_duration(limit)
    start = timezone.localtime(started_at).date()
    try:
        calendar = calendar_get()
        day = calendar.add_working_days(start, limit.amount)
    except CalendarNotPublished:
        return None
    hours = office_hours_get().without(calendar.closed_part(day))
    closes = datetime.datetime.combine(day, hours.closes)
    return timezone.make_aware(closes)


def warn_at_get(due_at: datetime.datetime) -> datetime.datetime | None:
    """Return from when one working day or less is left (预警): the midnight before the last but one.

    None when the calendar does not say.
    """
    day = timezone.localtime(due_at).date()
    try:
        before = calendar_get().add_working_days(day, -1)
    except CalendarNotPublished:
        return None
    return timezone.make_aware(datetime.datetime.combine(before, datetime.time()))


def limit_rest(
    limit: Limit, *, started_at: datetime.datetime, paused_at: datetime.datetime
) -> Limit:
    """Return what was left of a limit when it was paused (剩余时限).

    Working days are counted as whole days: those up to the day of the pause are used. A limit in
    clock time keeps its seconds.
    """
    if limit.unit != "WORKING_DAY":
        whole = (due_at_get(limit, started_at) or started_at) - started_at
        left = whole - (paused_at - started_at)
        return Limit(max(int(left.total_seconds()), 0), "SECOND")
    first, last = (timezone.localtime(moment).date() for moment in (started_at, paused_at))
    try:
        used = calendar_get().working_days_between(first, last)
    except CalendarNotPublished:
        return limit
    return Limit(max(limit.amount - used, 0), limit.unit)
