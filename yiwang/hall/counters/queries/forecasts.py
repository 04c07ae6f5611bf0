"""Forecasts from how a hall stands now (等候预测)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils import timezone

from yiwang.hall.counters import data, forecasting
from yiwang.hall.counters.data import Forecast, ForecastRecord, QueueView
from yiwang.hall.counters.forecasting import Overtaking, Server, Waiting
from yiwang.hall.counters.models import Hall, Queue, Ticket, TicketCall, Window
from yiwang.hall.counters.queries.halls import minute_of_day, queue_list, spans_today
from yiwang.hall.counters.rules import forecast_record
from yiwang.identity.api import data_scope

RECENT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class HallState:
    """How a hall stands (大厅现状): what a forecast is made from. waiting: (order, id, queue, waited seconds)."""

    now: datetime
    minute: float
    spans: data.Spans
    servers: Sequence[Server]
    waiting: Sequence[tuple[datetime, int, int, int]]
    samples: Mapping[int, Sequence[int]]
    scores: Mapping[int, Sequence[float]]
    priorities: Sequence[tuple[int, int]]


def hall_state(hall: Hall, *, now: datetime) -> HallState:
    """Read how a hall stands now (大厅现状): windows, who waits, the last service times and errors."""
    queues = list(Queue.objects.filter(hall=hall).values_list("pk", "service_seconds"))
    samples, scores = {}, {}
    for queue_id, expected in queues:
        calls = list(
            TicketCall.objects.filter(queue_id=queue_id)
            .order_by("-called_at")
            .values_list("busy_seconds", "wait_seconds", "forecast")[: forecasting.RECORDS]
        )
        seen = [busy for busy, _waited, _said in calls if busy is not None]
        samples[queue_id] = forecasting.samples_with_prior(seen, expected)
        scores[queue_id] = forecasting.scores_of(
            [(tuple(said[3:6]), waited) for _busy, waited, said in calls if said]
        )
    tickets = _tickets(hall, now)
    return HallState(
        now=now,
        minute=minute_of_day(now) + timezone.localtime(now).second / 60,
        spans=spans_today(hall, now=now),
        servers=_servers(hall, tickets, now),
        waiting=sorted(
            (row.order_at, row.pk, row.queue_id, _seconds(now - row.ready_at))
            for row in tickets
            if row.state == data.WAITING
        ),
        samples=samples,
        scores=scores,
        priorities=[
            (row.queue_id, _seconds(row.ready_at - row.order_at))
            for row in tickets
            if now - RECENT < row.issued_at and row.ready_at > row.order_at
        ],
    )


def _tickets(hall: Hall, now: datetime) -> list[Ticket]:
    with data_scope(purpose="等候预测", reason=hall.code):
        rows = Ticket.objects.filter(hall=hall, day=timezone.localdate(now))
        fields = ("state", "queue_id", "window_id", "issued_at", "ready_at", "order_at")
        return list(rows.only(*fields, "called_at"))


def _servers(hall: Hall, tickets: Sequence[Ticket], now: datetime) -> list[Server]:
    in_hand = {row.window_id: row for row in tickets if row.state in data.IN_HAND}
    windows = Window.objects.filter(hall=hall, state="OPEN").prefetch_related("skills")
    return [
        Server(
            skills={
                skill.queue_id: skill.helps_after_minutes * 60 for skill in window.skills.all()
            },
            queue_in_hand=in_hand[window.pk].queue_id if window.pk in in_hand else None,
            seconds_in_hand=_seconds(now - in_hand[window.pk].called_at)
            if window.pk in in_hand
            else 0,
        )
        for window in windows.order_by("pk")
    ]


def _seconds(span: timedelta) -> int:
    return max(0, round(span.total_seconds()))


def forecast_of(
    state: HallState, queue_id: int, *, order_at: datetime, ticket_id: int | None = None
) -> Forecast | None:
    """Forecast the wait of a ticket, or of one taken now (等候预测); None while no window takes the queue.

    order_at: by which it will be called; ticket_id: the ticket itself when it waits already.
    """
    mine = (order_at, float("inf") if ticket_id is None else ticket_id)
    line = [
        Waiting(queue, waited) for moment, pk, queue, waited in state.waiting if (moment, pk) < mine
    ]
    line.append(Waiting(queue_id))
    waits = forecasting.waits_play(
        state.servers,
        line,
        state.samples,
        overtaking=_overtaking(state, order_at),
        seed=len(line),
    )
    if not waits:
        return None
    clock = [
        forecasting.on_the_clock(wait, minute=state.minute, spans=state.spans) for wait in waits
    ]
    made = forecasting.forecast_make([at for at, _late in clock], state.scores[queue_id])
    return replace(made, is_after_close=clock[len(clock) // 2][1])


def _overtaking(state: HallState, order_at: datetime) -> list[Overtaking]:
    """Expect priorities to come as they came in the last hour (近一小时优先取号)."""
    ahead = (order_at - state.now).total_seconds()
    found: dict[int, list[int]] = {}
    for queue_id, head_start in state.priorities:
        found.setdefault(queue_id, []).append(head_start)
    return [
        Overtaking(
            queue_id,
            len(starts) / RECENT.total_seconds(),
            max(0, round(sum(starts) / len(starts) + ahead)),
        )
        for queue_id, starts in found.items()
    ]


def queue_forecast_list(hall: Hall, *, now: datetime) -> list[QueueView]:
    """List the open queues of a hall with the wait of somebody who takes a ticket now (各队列等候)."""
    state = hall_state(hall, now=now)
    return [
        replace(queue, forecast=forecast_of(state, queue.id, order_at=now))
        for queue in queue_list(hall.pk, now=now)
    ]


def forecast_dump(forecast: Forecast | None) -> list[int] | None:
    """Turn a forecast into what a row keeps: low, middle, high, the raw three, after close."""
    if forecast is None:
        return None
    said = (forecast.low, forecast.middle, forecast.high)
    return [*said, *forecast.raw, int(forecast.is_after_close)]


def forecast_load(kept: Sequence[int] | None) -> Forecast | None:
    """Turn what a row keeps into a forecast."""
    if not kept:
        return None
    return Forecast(*kept[:3], raw=tuple(kept[3:6]), is_after_close=bool(kept[6]))


def forecast_record_get(queue_id: int) -> ForecastRecord:
    """Say how good the last forecasts of a queue were (预测误差)."""
    rows = TicketCall.objects.filter(queue_id=queue_id, forecast__isnull=False)
    kept = rows.order_by("-called_at").values_list("forecast", "wait_seconds")
    return forecast_record(
        (forecast_load(said), waited) for said, waited in kept[: forecasting.RECORDS]
    )
