"""Learning from decided applications (办件办结后登记时长), and refreshing what forecasts are read from.

Facts come with the event of a decision; the first sweep of a city that decided before takes in what is there.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db.models import Max, QuerySet
from django.utils import timezone

from yiwang.hall.applications.models import Application
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.guides.actions import durations_add, forecasts_refresh
from yiwang.hall.guides.models import CaseDuration, ForecastTable
from yiwang.hall.guides.queries import promised_of
from yiwang.hall.matters.queries import matter_version_get
from yiwang.kernel.api import (
    CalendarNotPublished,
    EventView,
    calendar_get,
    context_system,
    context_use,
    subscriber,
)

PURPOSE = "测算办理时长"
COUNTED = ("APPROVED", "REFUSED")
"""Withdrawn and not accepted ones end early for other reasons than how fast one works."""
COLUMNS = (
    "number",
    "matter_version_id",
    "matter_code",
    "department_id",
    "submitted_at",
    "decided_at",
)
CHUNK = 5000


def decision_learn(event: EventView) -> None:
    """Keep how long a decided application took (登记办理时长)."""
    if event.payload.get("outcome") not in COUNTED:
        return
    with context_use(context_system(PURPOSE)):
        rows = application_rows(PURPOSE).filter(number=event.payload.get("number", ""))
        found = list(durations_of(rows))
        if found:
            durations_add(found)


def durations_of(rows: QuerySet[Application]) -> Iterator[CaseDuration]:
    """Yield what is to be kept of decided applications (办理时长)."""
    calendar, kinds = calendar_get(), {}
    decided = rows.filter(state__in=COUNTED, decided_at__isnull=False)
    for number, version_id, code, department_id, begun, ended in decided.values_list(*COLUMNS):
        if version_id not in kinds:
            matter = matter_version_get(version_id)
            kinds[version_id] = (
                matter.department_function,
                matter.spec.item_type,
                promised_of(matter),
            )
        function, item_type, promised = kinds[version_id]
        first, last = timezone.localdate(begun), timezone.localdate(ended)
        try:
            days = calendar.working_days_between(first, last)
        except CalendarNotPublished:
            continue
        yield CaseDuration(
            number=number,
            matter_code=code,
            department_id=department_id,
            function=function,
            item_type=item_type,
            promised_days=promised,
            decided_date=last,
            working_days=days,
        )


def forecast_sweep(*, now: datetime) -> int:
    """Refresh the forecasts when something ended since, or a day has passed (预测更新); idempotent."""
    today = timezone.localdate(now)
    with context_use(context_system("hall.guides.forecast")):
        if not CaseDuration.objects.exists():
            _backfill(durations_of(application_rows(PURPOSE)))
        last = ForecastTable.objects.aggregate(last=Max("refreshed_at"))["last"]
        if not CaseDuration.objects.exists() and last is None:
            return 0
        is_old = last is None or timezone.localdate(last) < today
        if not is_old and not CaseDuration.objects.filter(decided_date__gte=today).exists():
            return 0
        return forecasts_refresh(today=today, now=now)


def _backfill(rows: Iterable[CaseDuration]) -> None:
    part: list[CaseDuration] = []
    for row in rows:
        part.append(row)
        if len(part) >= CHUNK:
            durations_add(part)
            part = []
    if part:
        durations_add(part)


def register() -> None:
    """Subscribe (called once, from `ready`)."""
    subscriber("application.decided", name="hall.guides.durations")(decision_learn)
