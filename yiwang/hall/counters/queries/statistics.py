"""Reads for the manager of a hall (大厅统计)."""

from datetime import date, datetime, timedelta

from django.utils import timezone

from yiwang.hall.counters import rules
from yiwang.hall.counters.data import ForecastRecord, StatisticsRow, Visit
from yiwang.hall.counters.models import TicketCall
from yiwang.hall.counters.queries.forecasts import forecast_load
from yiwang.hall.counters.queries.slots import moment_of

LONGEST_DAYS = 92


def visit_list(hall_id: int, *, since: date, until: date) -> list[Visit]:
    """List the ended calls of a hall (办理记录) from one day to another, both counted; 92 days at most."""
    until = min(until, since + timedelta(days=LONGEST_DAYS - 1))
    rows = TicketCall.objects.filter(
        queue__hall_id=hall_id,
        called_at__gte=moment_of(since, 0),
        called_at__lt=moment_of(until, 0) + timedelta(days=1),
        ended_at__isnull=False,
    )
    fields = ("queue_id", "window_id", "called_at", "wait_seconds", "service_seconds", "outcome")
    found = rows.order_by("called_at", "pk").values_list(*fields, "forecast", "applications")
    return [
        Visit(*values, forecast=forecast_load(said), applications=taken)
        for *values, said, taken in found
    ]


def statistics_of(visits: list[Visit], by: str) -> list[StatisticsRow]:
    """Group visits by "queue", "hour" (of the city's day) or "window" (分组统计)."""
    keys = {
        "queue": lambda visit: visit.queue_id,
        "hour": lambda visit: hour_of(visit.called_at),
        "window": lambda visit: visit.window_id,
    }
    return rules.statistics_rows(visits, keys[by])


def hour_of(moment: datetime) -> str:
    """Return the hour of the city's day as "09"."""
    return f"{timezone.localtime(moment):%H}"


def forecast_records(visits: list[Visit]) -> dict[int, ForecastRecord]:
    """Say how good the forecasts were (预测误差), by queue."""
    queues = {visit.queue_id for visit in visits}
    return {
        queue_id: rules.forecast_record(
            (visit.forecast, visit.wait_seconds)
            for visit in visits
            if visit.queue_id == queue_id and visit.forecast
        )
        for queue_id in queues
    }
