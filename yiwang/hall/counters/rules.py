"""How a hall works (大厅规则): opening, slots, who is next, who may book. Pure: no clock, no database."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime, timedelta
from typing import Protocol

from yiwang.hall.counters import data
from yiwang.hall.counters.data import HallRules, NoShowRule, Spans, Spread

SATURDAY = 5
NOON = 12 * 60

# What may happen to a ticket (号票状态机): (state, act) -> state.
TRANSITIONS = {
    (data.WAITING, "call"): data.CALLED,
    (data.WAITING, "leave"): data.LEFT,
    (data.CALLED, "start"): data.SERVING,
    (data.CALLED, "finish"): data.DONE,
    (data.CALLED, "skip"): data.SKIPPED,
    (data.CALLED, "no_answer"): data.NO_ANSWER,
    (data.CALLED, "transfer"): data.WAITING,
    (data.SERVING, "finish"): data.DONE,
    (data.SERVING, "transfer"): data.WAITING,
    (data.SKIPPED, "return"): data.WAITING,
    (data.SKIPPED, "leave"): data.LEFT,
}


class Calendar(Protocol):
    """As much of the working-day calendar as a hall needs."""

    holidays: frozenset[date]
    closures: frozenset[date]

    def is_open(self, day: date) -> bool:
        """Tell whether offices are open on a day, if for half of it."""
        ...

    def closed_part(self, day: date) -> str:
        """Return the closed half of a day: AM, PM or ""."""
        ...


def state_after(state: str, act: str) -> str | None:
    """Return the state of a ticket after an act (号票状态迁移), None where the act is not possible.

    >>> state_after("WAITING", "call"), state_after("DONE", "call")
    ('CALLED', None)
    """
    return TRANSITIONS.get((state, act))


def hours_parse(hours: Mapping[str, Sequence[Sequence[str]]]) -> dict[str, Spans]:
    """Read opening hours (办公时间): {"working": [["09:00", "12:00"], …], "saturday": […]}.

    Raises ValueError when a span is empty, overlaps or is out of order.

    >>> hours_parse({"working": [["09:00", "12:00"], ["13:00", "17:00"]]})
    {'working': ((540, 720), (780, 1020))}
    """
    read = {}
    for kind, pairs in hours.items():
        if kind not in ("working", "saturday"):
            raise ValueError(f"Hours are for working or saturday, not for {kind}.")
        spans = tuple((_minutes(opens), _minutes(closes)) for opens, closes in pairs)
        edges = [edge for span in spans for edge in span]
        if edges != sorted(set(edges)):
            raise ValueError("Opening hours must be spans of HH:MM in order.")
        read[kind] = spans
    return read


def _minutes(text: str) -> int:
    hour, minute = (int(part) for part in text.split(":"))
    if not (0 <= hour <= 24 and 0 <= minute < 60):
        raise ValueError(f"{text} is no time of day.")
    return hour * 60 + minute


def day_spans(hours: Mapping[str, Spans], calendar: Calendar, day: date) -> Spans:
    """Return when a hall is open on a day (当日开放时间), () when it is closed.

    On a Saturday that is neither holiday nor worked its Saturday hours count (周六延时服务). Raises
    `CalendarNotPublished` of the calendar.
    """
    if day in calendar.closures:
        return ()
    spans: Spans = ()
    if calendar.is_open(day):
        spans = hours.get("working", ())
    elif day.weekday() == SATURDAY and day not in calendar.holidays:
        spans = hours.get("saturday", ())
    return spans_without(spans, calendar.closed_part(day))


def spans_without(spans: Spans, part: str) -> Spans:
    """Return opening hours less a closed morning (AM) or afternoon (PM), parted at noon (半日开放时间).

    >>> spans_without(((540, 720), (780, 1020)), "PM"), spans_without(((540, 1020),), "AM")
    (((540, 720),), ((720, 1020),))
    """
    if not part:
        return spans
    low, high = (NOON, 24 * 60) if part == "AM" else (0, NOON)
    cut = ((max(opens, low), min(closes, high)) for opens, closes in spans)
    return tuple((opens, closes) for opens, closes in cut if opens < closes)


def gives_tickets(spans: Spans, minute: int, *, doors_minutes: int) -> bool:
    """Tell whether tickets are given at a minute of the day (是否放号): doors to the last close.

    >>> spans = ((540, 720), (780, 1020))
    >>> [gives_tickets(spans, m, doors_minutes=30) for m in (509, 510, 750, 1019, 1020)]
    [False, True, True, True, False]
    """
    return bool(spans) and spans[0][0] - doors_minutes <= minute < spans[-1][1]


def is_open(spans: Spans, minute: int) -> bool:
    """Tell whether the hall is open at a minute of the day (是否开放)."""
    return any(opens <= minute < closes for opens, closes in spans)


def slot_minutes(spans: Spans, length: int) -> tuple[int, ...]:
    """Return where the slots of a day begin (时段划分), each whole inside the opening hours.

    >>> slot_minutes(((540, 600), (780, 830)), 30)
    (540, 570, 780)
    """
    return tuple(
        start for opens, closes in spans for start in range(opens, closes - length + 1, length)
    )


def places_needed(people: int, queues: int) -> int:
    """Return how many places an appointment takes (占用号数): each person for each thing."""
    return people * queues


def blocked_until(dates: Iterable[date], rule: NoShowRule) -> date | None:
    """Return the last day on which somebody may not book (爽约限制), None without a block.

    dates: of the appointments that were not kept; those before the last block count no more.

    >>> rule = NoShowRule(count=2, days=30, block_days=10)
    >>> blocked_until([date(2026, 3, 1), date(2026, 3, 20)], rule)
    datetime.date(2026, 3, 30)
    """
    counted: list[date] = []
    until = None
    for day in sorted(dates):
        counted = [one for one in counted if (day - one).days < rule.days] + [day]
        if len(counted) >= rule.count:
            until = day + timedelta(days=rule.block_days)
            counted = []
    return until


def order_moment(ready_at: datetime, head_start_minutes: int) -> datetime:
    """Return the moment by which tickets are called (排序时间): a priority is worth minutes of waiting.

    So those first who have waited longest, priorities counted in, and nobody waits for ever.
    """
    return ready_at - timedelta(minutes=head_start_minutes)


def returned_order(now: datetime, waiting: Sequence[datetime], after: int) -> datetime:
    """Return the place of somebody who missed the call (过号重排): after the next `after` who wait.

    waiting: the order moments of those who wait, in order.
    """
    if after <= 0 or not waiting:
        return min([now, *waiting])
    return waiting[min(after, len(waiting)) - 1] + timedelta(microseconds=1)


def rules_read(values: Mapping[str, object]) -> HallRules:
    """Read the rules of a hall (大厅规则) from its data; raises ValueError for unknown or wrong ones."""
    known = {one.name for one in fields(HallRules)}
    if wrong := sorted(values.keys() - known):
        raise ValueError(f"A hall has no rule {', '.join(wrong)}.")
    given = dict(values)
    block = given.pop("no_show", {})
    if not isinstance(block, Mapping) or block.keys() - {one.name for one in fields(NoShowRule)}:
        raise ValueError("no_show has count, days and block_days.")
    for name, value in (*given.items(), *block.items()):
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise ValueError(f"{name} must be a whole number, 0 or more.")
    if block.get("count", 1) < 1:
        raise ValueError("count must be 1 or more.")
    return HallRules(no_show=NoShowRule(**block), **given)


def queue_for(queues: Sequence[data.QueueView], matter: str, function: str) -> int | None:
    """Return the queue that takes a matter (事项对应队列): by its code, its department, else the first "*"."""
    for wanted in (matter, function, "*"):
        for queue in queues:
            if wanted and wanted in queue.matters:
                return queue.id
    return None


def spread(values: Sequence[int]) -> Spread:
    """Say how times lie (时间分布).

    >>> spread([60, 120, 600])
    Spread(count=3, mean=260, median=120, p90=600, longest=600)
    """
    if not values:
        return Spread(0)
    ordered = sorted(values)
    return Spread(
        count=len(ordered),
        mean=round(statistics.fmean(ordered)),
        median=round(statistics.median(ordered)),
        p90=ordered[min(len(ordered) - 1, -(-9 * len(ordered) // 10) - 1)],
        longest=ordered[-1],
    )


def statistics_rows(visits: Iterable[data.Visit], key) -> list[data.StatisticsRow]:
    """Group ended calls (分组统计): one row for each value of `key(visit)`, in order."""
    groups: dict[object, list[data.Visit]] = {}
    for visit in visits:
        groups.setdefault(key(visit), []).append(visit)
    return [
        data.StatisticsRow(
            key=name,
            tickets=len(group),
            waiting=spread([one.wait_seconds for one in group]),
            service=spread(
                [one.service_seconds for one in group if one.service_seconds is not None]
            ),
            no_answers=sum(one.outcome in (data.NO_ANSWER, data.SKIPPED) for one in group),
            applications=sum(one.applications for one in group),
        )
        for name, group in sorted(groups.items(), key=lambda item: str(item[0]))
    ]


def forecast_record(pairs: Iterable[tuple[data.Forecast, int]]) -> data.ForecastRecord:
    """Compare what was forecast with what came (预测误差): pairs of forecast and seconds waited."""
    rows = list(pairs)
    if not rows:
        return data.ForecastRecord(0, None, None)
    errors = [abs(waited - said.middle) for said, waited in rows]
    inside = sum(said.low <= waited <= said.high for said, waited in rows)
    return data.ForecastRecord(len(rows), round(statistics.fmean(errors)), inside / len(rows))
