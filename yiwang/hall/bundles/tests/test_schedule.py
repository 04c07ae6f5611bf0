"""The critical path (关键路径): dates over a true calendar, slack, what decides the end."""

import datetime
from dataclasses import replace
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from yiwang.hall.bundles.schedule import (
    CALENDAR_DAY,
    WORKING_HOUR,
    PlanStep,
    schedule_count,
    schedule_make,
)
from yiwang.kernel.api import WorkingCalendar
from yiwang.sdk.joins import Join

CALENDAR = WorkingCalendar(
    frozenset({2026, 2027}),
    holidays=frozenset({datetime.date(2026, 10, day) for day in range(1, 8)}),
    make_up_days=frozenset({datetime.date(2026, 10, 10)}),
)
BEGIN = datetime.date(2026, 9, 28)  # a Monday before the holidays


def plan(*steps, **names):
    return schedule_make(steps, begin=BEGIN, calendar=CALENDAR, **names)


def test_parallel_matters_end_with_the_longer_one_which_is_critical():
    found = plan(PlanStep("waste", 5), PlanStep("drain", 7), PlanStep("shop", 15, after=("waste",)))

    assert found.path == ("waste", "shop")
    assert found.working_days == 20
    assert found.lines["shop"].start == datetime.date(
        2026, 10, 10
    )  # over the holidays, a worked Saturday
    assert found.finish == datetime.date(2026, 10, 30)
    assert found.lines["drain"].slack_days == 13
    assert not found.lines["drain"].is_critical


def test_calendar_days_and_hours_are_counted_as_they_are():
    found = plan(PlanStep("days", 15, CALENDAR_DAY), PlanStep("hours", 9, WORKING_HOUR))

    assert found.lines["days"].finish == datetime.date(2026, 10, 13)
    assert found.lines["hours"].finish == datetime.date(2026, 9, 30)


def test_one_of_several_is_enough_where_any_will_do():
    steps = (
        PlanStep("a", 3),
        PlanStep("b", 1),
        PlanStep("c", 2, after=("a", "b"), join=Join("ANY")),
    )

    assert plan(*steps).lines["c"].start == datetime.date(2026, 9, 29)
    waiting = replace(steps[2], join=Join("ALL"))
    assert plan(*steps[:2], waiting).lines["c"].start == datetime.date(2026, 10, 8)


def test_what_has_happened_counts_and_what_runs_late_moves_the_end():
    done = PlanStep("a", 5, started=BEGIN, finished=datetime.date(2026, 9, 29))
    running = PlanStep("b", 5, after=("a",), started=datetime.date(2026, 9, 29),
                       due=datetime.date(2026, 10, 9))  # fmt: skip
    late = plan(done, running, today=datetime.date(2026, 10, 15))

    assert plan(done, running).finish == datetime.date(2026, 10, 9)
    assert late.finish == datetime.date(2026, 10, 15)
    assert late.lines["a"].is_done


def test_matters_that_are_not_in_the_plan_are_not_waited_for():
    assert plan(PlanStep("shop", 3, after=("waste",))).lines["shop"].start == BEGIN


def test_beyond_the_published_calendar_only_working_days_are_counted():
    steps = [PlanStep("a", 7, CALENDAR_DAY), PlanStep("b", 20, after=("a",))]

    found = schedule_count(steps, begin=BEGIN)

    assert (found.is_dated, found.working_days, found.path) == (False, 25, ("a", "b"))
    assert found.day_of(found.lines["b"].start) == 5


def test_an_empty_plan_is_done_at_once():
    assert plan().finish == BEGIN
    assert plan().path == ()


@st.composite
def nets(draw):
    count = draw(st.integers(1, 7))
    steps = []
    for number in range(count):
        before = [f"s{one}" for one in range(number)]
        after = draw(st.lists(st.sampled_from(before), unique=True, max_size=3)) if before else []
        steps.append(PlanStep(f"s{number}", draw(st.integers(0, 12)), after=tuple(after)))
    return steps


@given(nets())
def test_the_end_is_the_longest_way_through_the_net(steps):
    by_key = {step.key: step for step in steps}

    @cache
    def longest(key: str) -> int:
        return by_key[key].amount + max((longest(one) for one in by_key[key].after), default=0)

    found = plan(*steps)
    days = max(longest(step.key) for step in steps)
    assert found.finish == CALENDAR.add_working_days(BEGIN, days)
    assert sum(by_key[key].amount for key in found.path) == days
    for before, key in zip(found.path, found.path[1:], strict=False):
        assert before in by_key[key].after


@given(nets(), st.data())
def test_slack_is_just_what_may_be_lost_without_moving_the_end(steps, data):
    found = plan(*steps)
    step = data.draw(st.sampled_from(steps))
    slack = found.lines[step.key].slack_days

    def end(extra: int):
        longer = [replace(one, amount=one.amount + extra) if one is step else one for one in steps]
        return plan(*longer).finish

    assert end(slack) == found.finish
    assert end(slack + 1) > found.finish
    assert not (found.lines[step.key].is_critical and slack)
