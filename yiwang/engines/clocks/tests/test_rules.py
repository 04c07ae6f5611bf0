"""Clocks equal a walk over days and minutes, for any calendar, pauses and extensions."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from django.utils import timezone
from hypothesis import assume, given
from hypothesis import strategies as st

from yiwang.engines.clocks.rules import Facts, Ruler, pauses_merge
from yiwang.kernel.api import CalendarNotPublished, OfficeHours, WorkingCalendar

HOURS = OfficeHours.parse([("09:00", "12:00"), ("13:00", "17:00")])
ZONE = timezone.get_default_timezone()
days = st.dates(date(2026, 2, 1), date(2026, 4, 30))
clock_times = st.one_of(
    st.sampled_from([time(8, 30), time(9), time(11), time(12, 30), time(16, 59), time(18)]),
    st.times().map(lambda t: t.replace(second=0, microsecond=0)),
)
moments = st.builds(lambda d, t: datetime.combine(d, t, ZONE), days, clock_times)


def at(month: int, day: int, hour: int = 10, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=ZONE)


@st.composite
def calendars(draw: st.DrawFn) -> WorkingCalendar:
    return WorkingCalendar(
        frozenset({2025, 2026}),
        holidays=draw(st.frozensets(days, max_size=20)),
        make_up_days=draw(st.frozensets(days, max_size=10)),
        closures=draw(st.frozensets(days, max_size=8)),
        **halves(draw),
    )


def halves(draw: st.DrawFn) -> dict:
    """Draw days closed for half of it (半日停办), some of which count in no limit."""
    parts = draw(st.dictionaries(days, st.sampled_from(["AM", "PM"]), max_size=8))
    uncounted = draw(st.sets(st.sampled_from(sorted(parts)))) if parts else ()
    return {"half_days": frozenset(parts.items()), "uncounted": frozenset(uncounted)}


def closes(ruler: Ruler, day: date) -> datetime:
    """Return when the day's business stops: at noon where the afternoon is closed."""
    noon = ruler.calendar.closed_part(day) == "PM"
    return datetime.combine(day, time(12) if noon else HOURS.closes, ZONE)


@st.composite
def pauses(draw: st.DrawFn, *, may_be_open: bool = False) -> tuple:
    pairs = draw(st.lists(st.tuples(moments, moments), max_size=4))
    closed = [tuple(sorted(pair)) for pair in pairs]
    if may_be_open and draw(st.booleans()):
        closed.append((draw(moments), None))
    return tuple(closed)


@st.composite
def facts(draw: st.DrawFn, unit: str, *, may_be_open: bool = False) -> Facts:
    amount = draw(st.integers(0, 40)) + draw(st.integers(0, 10))  # limit and extensions
    start = draw(moments)
    taken = [(max(a, start), b and max(b, start)) for a, b in draw(pauses(may_be_open=may_be_open))]
    return Facts(unit, amount, start, tuple(taken))


def counts(ruler: Ruler, given_facts: Facts, day: date) -> bool:
    """Say whether a day counts: worked (or any, for calendar days) and in no pause."""
    if given_facts.unit == "WORKING_DAY" and not ruler.calendar.is_working(day):
        return False
    return not any(a.date() < day and (b is None or day <= b.date()) for a, b in given_facts.pauses)


def walk_elapsed(ruler: Ruler, given_facts: Facts, now: datetime) -> int:
    day, used = given_facts.started_at.date(), 0
    while day < now.date():
        day += timedelta(days=1)
        used += counts(ruler, given_facts, day)
    return used


def walk_due(ruler: Ruler, given_facts: Facts) -> date | None:
    """Walk to the day on which the count reaches the amount, then past every pause that begins on

    it or lies over it: the moment of the resume leaves the rest of that day, or the next open one.
    """
    start = given_facts.started_at
    if given_facts.amount:
        day, used = start.date(), 0
        while used < given_facts.amount:
            day += timedelta(days=1)
            if day > date(2026, 12, 31):
                return None  # an open pause: the count never gets there
            used += counts(ruler, given_facts, day)
    else:
        day = walk_open(ruler, given_facts.unit, start)
    changed = True
    while changed:
        changed = False
        for a, b in given_facts.pauses:
            close = closes(ruler, day)
            if a <= close and a.date() <= day and b is None:
                return None
            if a <= close and a.date() <= day < b.date():
                day, changed = walk_open(ruler, given_facts.unit, b), True
    return day


def walk_open(ruler: Ruler, unit: str, moment: datetime) -> date:
    day = moment.date()
    while moment > closes(ruler, day) or (
        unit == "WORKING_DAY" and not ruler.calendar.is_working(day)
    ):
        day += timedelta(days=1)
    return day


day_units = st.sampled_from(["WORKING_DAY", "CALENDAR_DAY"])


@given(calendars(), st.data(), moments)
def test_elapsed_days_equal_a_day_walk(calendar, data, now):
    ruler = Ruler(calendar, HOURS)
    clock = data.draw(facts(data.draw(day_units), may_be_open=True))
    pauses_so_far = tuple(
        (a, b if b is not None and b <= now else None) for a, b in clock.pauses if a <= now
    )
    assume(now >= clock.started_at)
    so_far = replace(clock, pauses=pauses_so_far)
    assert ruler.elapsed(so_far, now) == walk_elapsed(ruler, so_far, now)


@given(calendars(), st.data())
def test_the_due_day_equals_a_day_walk(calendar, data):
    ruler = Ruler(calendar, HOURS)
    clock = data.draw(facts(data.draw(day_units), may_be_open=True))
    expected = walk_due(ruler, clock)
    due = ruler.due_at(clock)
    assert (due and due.date()) == expected
    assert due is None or due == closes(ruler, expected)


@given(calendars(), st.data())
def test_pausing_and_extending_never_bring_the_due_date_forward(calendar, data):
    ruler = Ruler(calendar, HOURS)
    clock = data.draw(
        facts(data.draw(st.sampled_from(["WORKING_DAY", "CALENDAR_DAY", "WORKING_HOUR"])))
    )
    start, end = sorted([data.draw(moments), data.draw(moments)])
    start, end = max(start, clock.started_at), max(end, clock.started_at)
    longer = replace(clock, pauses=(*clock.pauses, (start, end)))
    assert ruler.due_at(longer) >= ruler.due_at(clock)
    assert ruler.due_at(replace(clock, amount=clock.amount + 1)) >= ruler.due_at(clock)


@given(calendars(), st.data())
def test_the_order_of_pauses_and_their_nesting_do_not_matter(calendar, data):
    ruler = Ruler(calendar, HOURS)
    clock = data.draw(facts("WORKING_DAY"))
    assume(clock.pauses)
    outer = (min(a for a, _b in clock.pauses), max(b for _a, b in clock.pauses))
    nested = replace(clock, pauses=(*reversed(clock.pauses), outer))
    alone = replace(clock, pauses=(outer,))
    assert ruler.due_at(nested) == ruler.due_at(alone)
    assert ruler.elapsed(nested, at(6, 1)) == ruler.elapsed(alone, at(6, 1))


def in_office(ruler: Ruler, moment: datetime) -> bool:
    """Say whether the minute that begins at `moment` is office time."""
    minute = moment.hour * 60 + moment.minute
    closed = ruler.calendar.closed_part(moment.date())
    morning, afternoon = closed != "AM", closed != "PM"
    is_office = 540 <= minute < 720 and morning or 780 <= minute < 1020 and afternoon
    return ruler.calendar.is_working(moment.date()) and is_office


def walk_minutes(ruler: Ruler, clock: Facts, now: datetime) -> int:
    moment, minutes = clock.started_at, 0
    while moment < now:
        paused = any(a <= moment and (b is None or moment < b) for a, b in clock.pauses)
        minutes += in_office(ruler, moment) and not paused
        moment += timedelta(minutes=1)
    return minutes


@given(calendars(), st.data(), st.integers(0, 6 * 24 * 60))
def test_elapsed_hours_equal_a_minute_walk(calendar, data, minutes):
    ruler = Ruler(calendar, HOURS)
    start = data.draw(moments)
    shifts = st.integers(0, 5 * 24 * 60)
    pairs = data.draw(st.lists(st.tuples(shifts, shifts), max_size=3))
    taken = tuple(tuple(start + timedelta(minutes=m) for m in sorted(pair)) for pair in pairs)
    clock, now = Facts("WORKING_HOUR", 0, start, taken), start + timedelta(minutes=minutes)
    assert ruler.elapsed(clock, now) == 60 * walk_minutes(ruler, clock, now)


@given(calendars(), st.data(), st.integers(1, 24))
def test_the_due_moment_of_hours_is_the_first_at_which_they_are_used_up(calendar, data, amount):
    ruler = Ruler(calendar, HOURS)
    clock = replace(data.draw(facts("WORKING_HOUR")), amount=amount)
    due = ruler.due_at(clock)
    assert ruler.elapsed(clock, due) == amount * 3600
    assert ruler.elapsed(clock, due - timedelta(seconds=1)) == amount * 3600 - 1


CHINA_2026 = WorkingCalendar(
    frozenset({2026}),
    holidays=frozenset(date(2026, 10, d) for d in range(1, 8)),
    make_up_days=frozenset({date(2026, 9, 20), date(2026, 10, 10)}),
)
RULER = Ruler(CHINA_2026, HOURS)


@pytest.mark.parametrize(
    ("clock", "due"),
    [
        (Facts("WORKING_DAY", 5, at(9, 24)), at(10, 8, 17)),
        (Facts("WORKING_DAY", 5, at(9, 24), ((at(9, 25), at(9, 28)),)), at(10, 9, 17)),
        (Facts("CALENDAR_DAY", 5, at(9, 24)), at(9, 29, 17)),
        (Facts("WORKING_HOUR", 8, at(9, 24, 16)), at(9, 25, 17)),
        (Facts("WORKING_HOUR", 3, at(9, 25, 9)), at(9, 25, 12)),
        (Facts("WORKING_HOUR", 8, at(9, 30, 16)), at(10, 8, 17)),
        # On the spot: today; after hours and on a day off the next working day.
        (Facts("WORKING_DAY", 0, at(9, 24, 16, 59)), at(9, 24, 17)),
        (Facts("WORKING_DAY", 0, at(9, 24, 20)), at(9, 25, 17)),
        (Facts("WORKING_DAY", 0, at(10, 3)), at(10, 8, 17)),
        # Paused on the last day: the rest of that day is given back on the day of the resume.
        (Facts("WORKING_DAY", 1, at(9, 23), ((at(9, 24), at(9, 28)),)), at(9, 28, 17)),
        (Facts("WORKING_DAY", 1, at(9, 23), ((at(9, 24), at(9, 27)),)), at(9, 28, 17)),
        # Paused when it was overdue already: nothing is given back.
        (Facts("WORKING_DAY", 1, at(9, 23), ((at(9, 24, 18), at(9, 28)),)), at(9, 24, 17)),
    ],
)
def test_due_dates_by_example(clock, due):
    assert RULER.due_at(clock) == due


HALF = replace(
    CHINA_2026, half_days=frozenset({(date(2026, 9, 16), "PM"), (date(2026, 9, 17), "AM")})
)


@pytest.mark.parametrize(
    ("clock", "due"),
    [
        # The day counts whole, and closes when its business stops.
        (Facts("WORKING_DAY", 2, at(9, 14)), at(9, 16, 12)),
        (Facts("WORKING_DAY", 3, at(9, 14)), at(9, 17, 17)),
        # Received after the half day's business: it is due the next one.
        (Facts("WORKING_DAY", 0, at(9, 16, 14)), at(9, 17, 17)),
        # Seven hours a day, three and four on the half ones.
        (Facts("WORKING_HOUR", 7, at(9, 15, 17)), at(9, 17, 17)),
        (Facts("WORKING_HOUR", 3, at(9, 16, 9)), at(9, 16, 12)),
        (Facts("WORKING_HOUR", 4, at(9, 16, 9)), at(9, 17, 14)),
        (Facts("WORKING_HOUR", 21, at(9, 15, 9)), at(9, 18, 17)),
    ],
)
def test_half_days_count_whole_in_days_and_half_in_hours(clock, due):
    assert Ruler(HALF, HOURS).due_at(clock) == due


def test_a_half_day_that_an_order_leaves_out_counts_in_nothing():
    ruler = Ruler(replace(HALF, uncounted=frozenset({date(2026, 9, 16)})), HOURS)
    assert ruler.due_at(Facts("WORKING_DAY", 2, at(9, 14))) == at(9, 17, 17)
    assert ruler.due_at(Facts("WORKING_HOUR", 3, at(9, 16, 9))) == at(9, 17, 16)


def test_an_open_pause_holds_the_due_date_back_unless_it_came_too_late():
    paused = Facts("WORKING_DAY", 2, at(9, 14), ((at(9, 15), None),))
    assert RULER.due_at(paused) is None
    assert RULER.elapsed(paused, at(11, 30)) == 1
    late = Facts("WORKING_DAY", 2, at(9, 14), ((at(9, 17), None),))
    assert RULER.due_at(late) == at(9, 16, 17)


def test_a_stop_ends_an_open_pause():
    stopped = Facts("WORKING_DAY", 2, at(9, 14), ((at(9, 15), None),), stopped_at=at(9, 17))
    assert pauses_merge(stopped) == [(at(9, 15), at(9, 17))]
    assert RULER.due_at(stopped) == at(9, 18, 17)
    assert RULER.elapsed(stopped, at(11, 30)) == 1


def test_a_due_date_in_an_unpublished_year_is_not_guessed():
    clock = Facts("WORKING_DAY", 5, at(12, 28))
    with pytest.raises(CalendarNotPublished, match="2027"):
        RULER.due_at(clock)
    assert RULER.elapsed(clock, at(12, 30)) == 2
    paused = replace(clock, pauses=((at(12, 30), None),))
    assert RULER.elapsed(paused, datetime(2027, 1, 8, 10, tzinfo=ZONE)) == 2


def test_the_warning_begins_one_working_day_before():
    assert RULER.warn_at(at(10, 8, 17)) == at(9, 30, 0)
    assert RULER.warn_at(at(10, 4, 17)) == at(9, 29, 0)
