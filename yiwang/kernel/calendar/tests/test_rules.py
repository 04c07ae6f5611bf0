"""The pure calendar: every answer equals a day-by-day count."""

import json
from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.kernel.calendar.data import HOLIDAY, CalendarFileInvalid, calendar_file_parse
from yiwang.kernel.calendar.rules import (
    CalendarNotPublished,
    OfficeHours,
    WorkingCalendar,
    area_covers,
    closed_days,
)

FILE = Path(__file__).parents[1] / "data" / "chinese-days.json"
CONTENT = json.loads(FILE.read_text(encoding="utf-8"))
HOLIDAYS = frozenset(map(date.fromisoformat, CONTENT["holidays"]))
MAKE_UP = frozenset(map(date.fromisoformat, CONTENT["workdays"]))
CHINA = WorkingCalendar(frozenset(range(2004, 2027)), holidays=HOLIDAYS, make_up_days=MAKE_UP)


days = st.dates(date(2019, 6, 1), date(2022, 6, 30))


@st.composite
def calendars(draw: st.DrawFn) -> WorkingCalendar:
    return WorkingCalendar(
        frozenset(range(2019, 2023)),
        holidays=draw(st.frozensets(days, max_size=60)),
        make_up_days=draw(st.frozensets(days, max_size=30)),
        closures=draw(st.frozensets(days, max_size=20)),
    )


def walk(calendar: WorkingCalendar, start: date, end: date) -> int:
    """Count working days by hand: closure first, then make-up day, then week and holiday."""
    count, day = 0, start
    while day < end:
        day += timedelta(days=1)
        if day in calendar.closures:
            continue
        if day in calendar.make_up_days or (day.weekday() < 5 and day not in calendar.holidays):
            count += 1
    return count


@given(calendars(), days, days)
def test_days_between_equal_a_day_walk(calendar, start, end):
    assert calendar.working_days_between(start, end) == walk(calendar, start, end)


@given(calendars(), days, st.integers(1, 120))
def test_adding_and_counting_are_inverse(calendar, start, amount):
    due = calendar.add_working_days(start, amount)
    assert calendar.working_days_between(start, due) == amount
    assert calendar.is_working(due)
    assert walk(calendar, start, due - timedelta(days=1)) == amount - 1


@given(calendars(), days, st.integers(1, 80))
def test_subtracting_gives_the_nth_working_day_before(calendar, end, amount):
    start = calendar.add_working_days(end, -amount)
    assert calendar.is_working(start)
    assert walk(calendar, start - timedelta(days=1), end - timedelta(days=1)) == amount


@given(calendars(), st.lists(st.tuples(days, st.integers(0, 400)), max_size=20))
def test_many_due_dates_equal_one_by_one(calendar, pairs):
    expected = []
    for start, amount in pairs:
        try:
            expected.append(calendar.add_working_days(start, amount))
        except CalendarNotPublished:
            expected.append(None)
    assert calendar.due_dates([p[0] for p in pairs], [p[1] for p in pairs]) == expected


def test_many_due_dates_before_and_after_the_published_years_are_none():
    starts = [date(2003, 12, 30), date(2003, 12, 31), date(2026, 12, 31), date(2027, 3, 1)]
    assert CHINA.due_dates(starts, [1, 1, 1, 1]) == [None, date(2004, 1, 2), None, None]


@pytest.mark.parametrize(
    ("start", "amount", "due"),
    [
        (date(2026, 2, 13), 5, date(2026, 2, 27)),
        (date(2026, 9, 24), 20, date(2026, 10, 29)),
        (date(2026, 4, 30), 3, date(2026, 5, 8)),
        (date(2020, 1, 23), 3, date(2020, 2, 5)),
        (date(2013, 9, 30), 5, date(2013, 10, 12)),
    ],
)
def test_published_vectors_hold(start, amount, due):
    assert CHINA.add_working_days(start, amount) == due


@pytest.mark.parametrize("year", range(2004, 2027))
def test_every_year_has_its_holidays_and_make_up_days(year):
    published = calendar_file_parse(CONTENT)[year]
    assert date(year, 1, 1) in {d.date for d in published if d.kind == HOLIDAY}
    for day in (date(year, 5, 1), date(year, 10, 1), date(year, 10, 2), date(year, 10, 3)):
        assert not CHINA.is_working(day)
    for day in published:
        assert CHINA.is_working(day.date) is (day.kind != HOLIDAY)
        if day.kind != HOLIDAY:
            assert day.date.weekday() >= 5
    january_first = date(year - 1, 12, 31)
    assert CHINA.working_days_between(january_first, date(year, 12, 31)) == walk(
        CHINA, january_first, date(year, 12, 31)
    )


def test_a_year_that_is_not_published_is_never_guessed():
    with pytest.raises(CalendarNotPublished, match="2027") as caught:
        CHINA.add_working_days(date(2026, 12, 30), 5)
    assert caught.value.year == 2027
    for ask in (
        lambda: CHINA.is_working(date(2027, 1, 1)),
        lambda: CHINA.working_days_between(date(2026, 12, 1), date(2027, 1, 1)),
        lambda: CHINA.add_working_days(date(2027, 6, 1), 1),
        lambda: CHINA.is_working(date(2003, 12, 31)),
        lambda: CHINA.add_working_days(date(2004, 1, 2), -1),
    ):
        with pytest.raises(CalendarNotPublished):
            ask()
    assert CHINA.add_working_days(date(2026, 12, 30), 1) == date(2026, 12, 31)
    assert CHINA.published_until == date(2026, 12, 31)


def test_a_gap_between_published_years_is_not_crossed():
    calendar = WorkingCalendar(frozenset({2024, 2026}))
    assert calendar.add_working_days(date(2025, 12, 31), 1) == date(2026, 1, 1)
    with pytest.raises(CalendarNotPublished, match="2025"):
        calendar.add_working_days(date(2024, 12, 31), 1)
    with pytest.raises(CalendarNotPublished, match="2025"):
        calendar.working_days_between(date(2024, 12, 1), date(2026, 2, 1))
    with pytest.raises(CalendarNotPublished, match="2025"):
        calendar.add_working_days(date(2026, 1, 2), -2)


def test_an_empty_calendar_knows_nothing():
    calendar = WorkingCalendar(frozenset())
    assert calendar.published_until is None
    with pytest.raises(CalendarNotPublished, match="2026"):
        calendar.add_working_days(date(2026, 1, 5), 1)


PARTS = st.dictionaries(days, st.sampled_from(["AM", "PM"]), max_size=30)


@given(calendars(), PARTS, days, days)
def test_half_days_are_counted_as_a_walk_counts_them(calendar, parts, start, end):
    half = replace(calendar, half_days=frozenset(parts.items()))
    span = [start + timedelta(days=n + 1) for n in range((end - start).days)]
    closed = [half.closed_part(day) for day in span if half.is_working(day)]
    assert half.halves_between(start, end) == (closed.count("AM"), closed.count("PM"))
    assert half.working_days_between(start, end) == calendar.working_days_between(start, end)


def test_a_half_day_left_out_by_its_order_is_open_and_counts_nowhere():
    day = date(2026, 9, 16)
    closed = closed_days([(day, "PM", False), (date(2026, 9, 17), "AM", True)])
    calendar = WorkingCalendar(frozenset({2026}), **closed)
    assert (calendar.is_working(day), calendar.is_open(day), calendar.closed_part(day)) == (
        False,
        True,
        "PM",
    )
    assert calendar.add_working_days(date(2026, 9, 15), 1) == date(2026, 9, 17)
    assert calendar.halves_between(date(2026, 9, 15), date(2026, 9, 17)) == (1, 0)


def test_hours_are_parted_at_noon():
    through = OfficeHours.parse([("09:00", "17:00")])
    assert through.without("AM").spans == ((43200, 61200),)
    assert OfficeHours.parse([("13:00", "17:00")]).without("PM").seconds_a_day == 0
    assert OfficeHours.parse([("13:00", "17:00")]).without("PM").closes == time(12)


def test_a_closure_wins_over_a_make_up_day():
    closed = WorkingCalendar(
        frozenset({2026}),
        make_up_days=frozenset({date(2026, 9, 20)}),
        closures=frozenset({date(2026, 9, 20)}),
    )
    assert not closed.is_working(date(2026, 9, 20))


def test_office_hours_count_and_invert():
    hours = OfficeHours.parse([("09:00", "12:00"), ("13:00", "17:00")])
    assert [hours.seconds_until(time(h, 30)) for h in (8, 9, 12, 13, 18)] == [
        0,
        1800,
        10800,
        12600,
        25200,
    ]
    assert [hours.moment_after(s) for s in (1, 10800, 10801, 25200)] == [
        time(9, 0, 1),
        time(12, 0),
        time(13, 0, 1),
        time(17, 0),
    ]
    with pytest.raises(ValueError, match="in order"):
        OfficeHours.parse([("13:00", "17:00"), ("09:00", "12:00")])


@pytest.mark.parametrize(
    ("area", "other", "covered"),
    [
        ("", "320505", True),
        ("320000", "320505", True),
        ("320500", "320505003001", True),
        ("320505", "320505003", True),
        ("320505", "320506", False),
        ("320505003", "320505", False),
        ("320500", "330500", False),
    ],
)
def test_an_area_covers_what_lies_in_it(area, other, covered):
    assert area_covers(area, other) is covered


@pytest.mark.parametrize(
    "content",
    [
        [],
        {"holidays": []},
        {"holidays": {"2026-13-01": "x,y"}},
        {"holidays": {"2026-01-01": "x,y"}, "workdays": {"2026-01-01": "x,y"}},
        {"workdays": {"2026-01-04": "x,y"}},
    ],
)
def test_a_broken_file_is_refused(content):
    with pytest.raises(CalendarFileInvalid):
        calendar_file_parse(content)
