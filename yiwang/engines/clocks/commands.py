"""What `yw clock` does (时限命令): when a limit ends, by which days, and why not the others."""

import json
import sys
from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from django.db import DatabaseError

from yiwang.engines.clocks.limits import HOUR, MINUTE, MONTH, TimeLimit, limit_read, span_read
from yiwang.engines.clocks.queries import Due, due_of, local
from yiwang.engines.clocks.rules import CALENDAR_DAY, WORKING_DAY, Facts, Ruler, pauses_merge
from yiwang.kernel.api import (
    CalendarNotPublished,
    WorkingCalendar,
    calendar_get,
    calendar_of_file,
    closed_days,
    office_hours_get,
)
from yiwang.sdk.errors import N_, Invalid, YiwangError

Echo = Callable[[str], object]
DAYS_SHOWN = 400
RULES = {
    WORKING_DAY: {
        "zh": "起算当日不计；自次日起逐个工作日计数，暂停当日计、恢复当日不计；半日停办的，当日计为一个工作日；"
        "届满日的下班时间到期。",
        "en": "The starting day does not count; working days count from the next, the day of a pause "
        "counts and the day of its end does not; a day closed for half counts as one; due at the close of "
        "business of the last day.",
    },
    CALENDAR_DAY: {
        "zh": "起算当日不计；自次日起逐日计数（含节假日），暂停当日计、恢复当日不计；届满日的下班时间到期。",
        "en": "The starting day does not count; every day counts from the next, holidays included, the "
        "day of a pause counts and the day of its end does not; due at the close of business.",
    },
    "WORKING_HOUR": {
        "zh": "只计工作日的办公时间，精确到秒，扣除暂停；半日停办的，只计办公的半日。",
        "en": "Only the office hours of working days count, to the second, less the pauses; of a day closed "
        "for half the open half.",
    },
    MONTH: {
        "zh": "起算当日不计；届满月的对应日到期，没有对应日的，月末日到期；暂停的天数（暂停当日计、恢复当日不计）顺延；"
        "届满日的下班时间到期，节假日不顺延。",
        "en": "The starting day does not count; due on the day of the same number, or the last of its month; "
        "days of a pause are added (the day of a pause counts, the day of its end does not); due at the close "
        "of business, holidays included.",
    },
    HOUR: {
        "zh": "按自然时间连续计算（含夜间和节假日），扣除暂停。",
        "en": "Every hour counts, night and holiday included, less the pauses.",
    },
}
RULES[MINUTE] = RULES[HOUR]
WALL = {HOUR: timedelta(hours=1), MINUTE: timedelta(minutes=1)}


class ClockRequestInvalid(Invalid):
    """What was asked of the clock cannot be read (时限参数有误)."""

    code = "clock_request_invalid"
    message = N_("%(name)s: %(reason)s")


class LineUnreadable(ClockRequestInvalid):
    """A line of a batch is no request (批量行无法识别)."""

    code = "line_unreadable"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a clock (时限参数). closed: days closed besides, "2026-09-14" or "2026-09-14/PM"."""

    started: str
    limit: str
    pauses: Sequence[str]
    calendar: str
    closed: Sequence[str] = ()


def due(  # noqa: PLR0913 - the options of the command
    started: str,
    limit: str,
    *,
    pauses: Sequence[str],
    calendar: str,
    compact: bool,
    echo: Echo,
    closed: Sequence[str] = (),
) -> int:
    """Print when a limit ends, as JSON; 0 when it has a due date, 1 when it has none or is unreadable."""
    answer, code = _answer(Asked(started, limit, pauses, calendar, closed))
    echo(json.dumps(answer, ensure_ascii=False, indent=None if compact else 2))
    return code


def due_batch(lines: Iterable[str], *, calendar: str, echo: Echo) -> int:
    """Answer one JSON a line: {"from", "limit", "pause": ["A/B"]}; 1 when any has no due date."""
    worst = 0
    for line in lines:
        if not line.strip():
            continue
        try:
            answer, code = _answer(_asked(line, calendar))
        except ClockRequestInvalid as error:
            answer, code = _refused(error), 1
        worst = max(worst, code)
        echo(json.dumps(answer, ensure_ascii=False))
        sys.stdout.flush()
    return worst


def _asked(line: str, calendar: str) -> Asked:
    """Read a line of a batch. Raises LineUnreadable."""
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise LineUnreadable(name="the line", reason=f"not JSON: {error}") from error
    if not isinstance(asked, dict):
        reason = 'a JSON object is needed: {"from", "limit", "pause": ["A/B"]}'
        raise LineUnreadable(name="the line", reason=reason)
    asked = {"calendar": calendar, **asked}
    for name in ("from", "limit", "calendar"):
        if not isinstance(asked.get(name), str):
            raise LineUnreadable(name=name, reason="a text is needed")
    pauses, closed = _texts(asked, "pause", "A/B"), _texts(asked, "closed", "2026-09-14/PM")
    return Asked(asked["from"], asked["limit"], pauses, asked["calendar"], closed)


def _texts(asked: Mapping[str, object], name: str, example: str) -> list[str]:
    """Return one text or a list of them from a line. Raises LineUnreadable."""
    found = asked.get(name) or []
    found = [found] if isinstance(found, str) else found
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise LineUnreadable(name=name, reason=f'texts are needed: ["{example}"]')
    return found


def _refused(error: YiwangError) -> dict[str, object]:
    said = "; ".join(text for texts in getattr(error, "fields", {}).values() for text in texts)
    return {"error": {"code": error.code, "message": said or str(error)}}


def _answer(asked: Asked) -> tuple[Mapping[str, object], int]:
    try:
        return _reached(asked)
    except YiwangError as error:
        return _refused(error), 1
    except (OverflowError, ValueError):
        reason = "it ends beyond the year 9999"
        return _refused(ClockRequestInvalid(name="--limit", reason=reason)), 1


def _reached(asked: Asked) -> tuple[Mapping[str, object], int]:
    found = limit_read(asked.limit)
    at = _moment("--from", asked.started)
    read = map(span_read, asked.pauses)
    spans = tuple((local_of(begin), end and local_of(end)) for begin, end in read)
    for begin, end in spans:
        if end is not None and end < begin:
            raise ClockRequestInvalid(name="--pause", reason="it ends before it begins")
    working, source = calendar_named(asked.calendar)
    working = calendar_closed(working, asked.closed)
    ruler = Ruler(working, office_hours_get())
    facts = _facts(found, at, spans)
    reached = _due_wall(facts) if found.unit in WALL else due_of(facts, ruler)
    answer = {
        "from": at.isoformat(),
        "limit": {"amount": found.amount, "unit": found.unit, "text": asked.limit},
        "due_at": reached.due_at and reached.due_at.isoformat(),
        "due_date": reached.due_at and reached.due_at.date().isoformat(),
        "due_state": reached.due_state,
        "missing_year": reached.missing_year,
        "message": _message(reached),
        "warn_at": _warn(ruler, reached),
        "pauses": _pauses(facts, ruler),
        "calendar": source,
        "rule": RULES[found.unit],
    }
    if facts.unit in (WORKING_DAY, CALENDAR_DAY) and reached.due_at is not None:
        answer |= _days(facts, ruler, reached.due_at.date())
    return answer, 0 if reached.due_at is not None else 1


def _facts(found: TimeLimit, at: datetime, spans: tuple) -> Facts:
    """Return what the clock follows from; months become the days that they have from here on."""
    if found.unit != MONTH:
        return Facts(found.unit, found.amount, at, spans)
    last = months_after(at.date(), found.amount)
    return Facts(CALENDAR_DAY, (last - at.date()).days, at, spans)


def months_after(day: date, amount: int) -> date:
    """Return the day of the same number so many months later, or the last of its month (对应日).

    >>> months_after(date(2026, 1, 31), 1), months_after(date(2026, 11, 30), 3)
    (datetime.date(2026, 2, 28), datetime.date(2027, 2, 28))
    """
    years, month = divmod(day.month - 1 + amount, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def local_of(moment: datetime) -> datetime:
    """Return a moment in the city's time; one without an offset is taken as the city's."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=local(datetime.now().astimezone()).tzinfo)
    return local(moment)


def calendar_named(name: str) -> tuple[WorkingCalendar, dict[str, object]]:
    """Return a calendar by name: "shipped", "city", "city:<area code>", or a file of that form."""
    if name == "city" or name.startswith("city:"):
        try:
            working = calendar_get(name.partition(":")[2])
        except DatabaseError as error:
            reason = "the installation has no calendar yet; use --calendar shipped"
            raise ClockRequestInvalid(name="--calendar", reason=reason) from error
        source = "the installation's own calendar"
    elif name == "shipped":
        working, source = calendar_of_file(None), "shipped: notices of the State Council"
    else:
        working, source = calendar_of_file(Path(name)), name
    years = sorted(working.published_years)
    span = [years[0], years[-1]] if years else []
    return working, {"source": source, "published_years": span}


def calendar_closed(working: WorkingCalendar, closed: Sequence[str]) -> WorkingCalendar:
    """Return a calendar with more days closed (另加停办日): "DAY", "DAY/AM", "DAY/PM" or "DAY/PM/uncounted"."""
    if not closed:
        return working
    known = [(day, "", False) for day in working.closures]
    known += [(day, part, day not in working.uncounted) for day, part in working.half_days]
    return replace(working, **closed_days([*known, *map(_closed_day, closed)]))


def _closed_day(text: str) -> tuple[date, str, bool]:
    day, part, counting, *more = [*text.strip().split("/"), "", ""]
    try:
        found = date.fromisoformat(day)
    except ValueError as error:
        raise ClockRequestInvalid(name="--closed", reason=f"{day!r} is no date") from error
    if part not in ("", "AM", "PM") or counting not in ("", "uncounted") or any(more):
        reason = f"{text!r}: write 2026-09-14, 2026-09-14/PM or 2026-09-14/PM/uncounted"
        raise ClockRequestInvalid(name="--closed", reason=reason)
    return found, part, bool(part) and not counting


def _moment(name: str, text: str) -> datetime:
    try:
        return local_of(datetime.fromisoformat(text.strip()))
    except ValueError as error:
        reason = f"{text!r} is no date and time, for example 2026-02-13T10:00:00+08:00"
        raise ClockRequestInvalid(name=name, reason=reason) from error


def _due_wall(facts: Facts) -> Due:
    due_at = facts.started_at + facts.amount * WALL[facts.unit]
    for begin, end in pauses_merge(facts):
        paused = max(begin, facts.started_at)
        if paused >= due_at:
            break
        if end is None:
            return Due(None, "PAUSED")
        due_at += max(end - paused, timedelta())
    return Due(due_at, "DATED")


def _message(reached: Due) -> dict[str, str]:
    if reached.due_at is not None:
        text = f"{reached.due_at:%Y-%m-%d %H:%M}"
        return {"zh": f"{text} 到期。", "en": f"Due at {text}."}
    if reached.missing_year is not None:
        year = reached.missing_year
        return {
            "zh": f"{year} 年放假安排尚未公布，到期日暂不能确定。",
            "en": f"The holidays of {year} have not been published: the due date is not known yet.",
        }
    return {
        "zh": "时限处于暂停，恢复后才能确定到期日。",
        "en": "The limit is paused: its due date is known when it resumes.",
    }


def _warn(ruler: Ruler, reached: Due) -> str | None:
    try:
        return reached.due_at and ruler.warn_at(reached.due_at).isoformat()
    except CalendarNotPublished:
        return None


def _pauses(facts: Facts, ruler: Ruler) -> list[dict[str, object]]:
    shown = []
    for begin, end in facts.pauses:
        one = {"from": begin.isoformat(), "to": end and end.isoformat()}
        if end is not None and facts.unit == WORKING_DAY:
            since = max(begin, facts.started_at).date()
            try:
                one["working_days_not_counted"] = ruler.calendar.working_days_between(
                    since, end.date()
                )
            except CalendarNotPublished:
                one["working_days_not_counted"] = None
        shown.append(one)
    return shown


def _days(facts: Facts, ruler: Ruler, last: date) -> dict[str, object]:
    counted, skipped = [], []
    for day, reason in _walk(facts, ruler, last):
        if reason:
            skipped.append({"date": day.isoformat(), "reason": reason})
        else:
            counted.append(day.isoformat())
    answer: dict[str, object] = {"counted": len(counted)}
    halves = [day for day in counted if ruler.calendar.closed_part(date.fromisoformat(day))]
    if halves:
        answer["half_days"] = halves
    if len(counted) + len(skipped) <= DAYS_SHOWN:
        answer |= {"counted_days": counted, "days_not_counted": skipped}
    return answer


def _walk(facts: Facts, ruler: Ruler, last: date) -> Iterator[tuple[date, str]]:
    calendar = ruler.calendar
    spans = pauses_merge(facts)
    day = facts.started_at.date()
    while day < last:
        day += timedelta(days=1)
        if any(begin.date() < day and (end is None or day <= end.date()) for begin, end in spans):
            yield day, "PAUSED"
        elif facts.unit == CALENDAR_DAY or calendar.is_working(day):
            yield day, ""
        elif day in calendar.closures or day in calendar.uncounted:
            yield day, "CLOSURE"
        else:
            yield day, "HOLIDAY" if day in calendar.holidays else "WEEKEND"
