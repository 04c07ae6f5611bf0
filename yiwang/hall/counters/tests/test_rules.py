"""What a hall decides by itself: opening, slots, no-shows, who is next."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.hall.counters import data, rules
from yiwang.hall.counters.data import Forecast, NoShowRule, QueueView, Visit
from yiwang.kernel.api import WorkingCalendar

HOURS = rules.hours_parse(
    {"working": [["09:00", "12:00"], ["13:00", "17:00"]], "saturday": [["09:00", "12:00"]]}
)
CALENDAR = WorkingCalendar(
    frozenset({2026}),
    holidays=frozenset({date(2026, 10, 1), date(2026, 10, 3)}),
    make_up_days=frozenset({date(2026, 10, 10)}),
    closures=frozenset({date(2026, 11, 26)}),
    half_days=frozenset({(date(2026, 11, 24), "PM"), (date(2026, 11, 23), "AM")}),
    uncounted=frozenset({date(2026, 11, 23)}),
)
MORNING, DAY = ((540, 720),), ((540, 720), (780, 1020))


@pytest.mark.parametrize(
    ("day", "spans"),
    [
        (date(2026, 11, 25), DAY),  # a Wednesday
        (date(2026, 11, 26), ()),  # closed by order
        (date(2026, 11, 24), MORNING),  # the afternoon is closed
        (
            date(2026, 11, 23),
            ((780, 1020),),
        ),  # the morning is closed, and the day is no working day
        (date(2026, 11, 28), MORNING),  # a Saturday
        (date(2026, 11, 29), ()),  # a Sunday
        (date(2026, 10, 1), ()),  # a holiday
        (date(2026, 10, 3), ()),  # a Saturday that is a holiday
        (date(2026, 10, 10), DAY),  # a Saturday that is worked
    ],
)
def test_a_hall_opens_by_the_working_day_calendar(day, spans):
    assert rules.day_spans(HOURS, CALENDAR, day) == spans


@pytest.mark.parametrize(
    "hours",
    [
        {"working": [["12:00", "09:00"]]},
        {"working": [["09:00", "12:00"], ["11:00", "13:00"]]},
        {"sunday": [["09:00", "12:00"]]},
        {"working": [["25:00", "26:00"]]},
    ],
)
def test_hours_that_make_no_sense_are_refused(hours):
    with pytest.raises(ValueError):
        rules.hours_parse(hours)


@given(
    opens=st.integers(0, 1000),
    length=st.integers(1, 400),
    slot=st.integers(5, 240),
)
def test_slots_lie_whole_inside_the_opening_hours_and_do_not_overlap(opens, length, slot):
    spans = ((opens, opens + length),)
    starts = rules.slot_minutes(spans, slot)
    assert all(opens <= start and start + slot <= opens + length for start in starts)
    assert all(b - a == slot for a, b in zip(starts, starts[1:], strict=False))
    assert len(starts) == length // slot


DATES = st.lists(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=12)


@given(DATES, st.integers(1, 4), st.integers(1, 90), st.integers(1, 60))
def test_who_kept_appointments_often_enough_is_not_blocked(dates, count, days, block):
    rule = NoShowRule(count, days, block)
    until = rules.blocked_until(dates, rule)
    if len(dates) < count:
        assert until is None
    if until is not None:
        begun = until - timedelta(days=block)
        assert begun in dates
        assert sum((begun - timedelta(days=days)) < day <= begun for day in dates) >= count
    assert rules.blocked_until(reversed(dates), rule) == until


def test_a_block_ends_and_what_led_to_it_counts_no_more():
    rule = NoShowRule(count=2, days=30, block_days=10)
    missed = [date(2026, 3, 1), date(2026, 3, 5), date(2026, 3, 20)]
    assert rules.blocked_until(missed[:2], rule) == date(2026, 3, 15)
    assert rules.blocked_until(missed, rule) == date(2026, 3, 15)
    assert rules.blocked_until([*missed, date(2026, 3, 22)], rule) == date(2026, 4, 1)
    assert rules.blocked_until([date(2026, 3, 1), date(2026, 4, 1)], rule) is None


AT = datetime(2026, 11, 25, 2, tzinfo=UTC)
TICKETS = st.lists(st.tuples(st.integers(0, 300), st.sampled_from([0, 20, 45])), min_size=1)


@given(TICKETS)
def test_a_priority_is_worth_its_minutes_and_nobody_waits_for_ever(tickets):
    keyed = [
        (rules.order_moment(AT + timedelta(minutes=at), start), at, start) for at, start in tickets
    ]
    ordered = sorted(keyed)
    for (_moment, at, start), (_next, later_at, later_start) in zip(
        ordered, ordered[1:], strict=False
    ):
        assert at - start <= later_at - later_start
        assert at - later_at <= 45  # who came three quarters of an hour earlier is always first


MOMENTS = st.lists(st.integers(0, 120), max_size=8).map(sorted)


@given(MOMENTS, st.integers(0, 5))
def test_who_missed_the_call_goes_on_after_the_next_few(minutes, after):
    waiting = [AT + timedelta(minutes=minute) for minute in minutes]
    place = rules.returned_order(AT + timedelta(minutes=200), waiting, after)
    before = sum(moment < place for moment in waiting)
    if waiting and after:
        assert before >= min(after, len(waiting))
    else:
        assert before == 0


@given(
    st.lists(
        st.sampled_from(
            ["call", "start", "skip", "return", "transfer", "finish", "no_answer", "leave"]
        )
    )
)
def test_whatever_is_pressed_a_ticket_that_ended_stays_ended(acts):
    state = data.WAITING
    for act in acts:
        after = rules.state_after(state, act)
        if state in (data.DONE, data.NO_ANSWER, data.LEFT):
            assert after is None
        state = after or state
    assert state in data.TICKET_STATES


def queue(key: int, *matters: str) -> QueueView:
    return QueueView(key, 1, str(key), "A", {}, matters, None, True)


def test_a_matter_goes_to_its_own_queue_its_departments_or_the_one_for_all():
    queues = [queue(1, "*"), queue(2, "health"), queue(3, "3201")]
    assert rules.queue_for(queues, "3201", "health") == 3
    assert rules.queue_for(queues, "3202", "health") == 2
    assert rules.queue_for(queues, "3202", "tax") == 1
    assert rules.queue_for(queues[1:], "3202", "tax") is None


@pytest.mark.parametrize(
    "values",
    [{"seatz": 1}, {"seats": "1"}, {"seats": -1}, {"no_show": {"count": 0}}, {"no_show": {"n": 1}}],
)
def test_a_rule_that_no_hall_has_is_refused(values):
    with pytest.raises(ValueError):
        rules.rules_read(values)


def test_statistics_group_calls_and_leave_out_service_that_never_was():
    said = Forecast(0, 60, 120, (0, 60, 120))
    visits = [
        Visit(1, 7, AT, 60, 300, "DONE", said),
        Visit(1, 7, AT, 180, None, "SKIPPED", said),
        Visit(2, 7, AT, 600, 900, "TRANSFERRED"),
    ]
    first, second = rules.statistics_rows(visits, lambda visit: visit.queue_id)
    assert (first.key, first.tickets, first.no_answers) == (1, 2, 1)
    assert (first.waiting.mean, first.waiting.longest, first.service.mean) == (120, 180, 300)
    assert (second.key, second.waiting.median, second.no_answers) == (2, 600, 0)
    record = rules.forecast_record((one.forecast, one.wait_seconds) for one in visits[:2])
    assert (record.count, record.mean_error, record.within) == (2, 60, 0.5)
    assert rules.forecast_record([]).count == 0
