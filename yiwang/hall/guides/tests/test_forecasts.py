"""A forecast holds for eighty of a hundred cases, rests on enough of them, and says so when it cannot."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.hall.guides.actions import durations_add, forecasts_refresh
from yiwang.hall.guides.following import forecast_sweep
from yiwang.hall.guides.models import CaseDuration, ForecastTable
from yiwang.hall.guides.quantiles import COUNT_MIN, counts_of, interval_of
from yiwang.hall.guides.queries import forecast_of
from yiwang.hall.guides.tests.simulation import coverage_measure, history_make
from yiwang.hall.matters.actions import matter_put
from yiwang.hall.matters.tests.conftest import CARD
from yiwang.kernel.api import calendar_seed_load, context_system, context_use

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
TODAY = date(2026, 11, 20)
SYSTEM = context_system("test")


@pytest.fixture
def matter(db):
    with context_use(SYSTEM):
        calendar_seed_load(now=NOW)
        return matter_put(CARD, source="pack:made@1.0.0", now=NOW)


def keep(matter, days, *, department_id=7, code=None, ended=TODAY):
    """Keep decided cases that took these working days."""
    known = CaseDuration.objects.count()
    rows = [
        CaseDuration(
            number=f"N{known + index}",
            matter_code=code or matter.code,
            department_id=department_id,
            function=matter.department_function,
            item_type=matter.spec.item_type,
            promised_days=matter.spec.limits.promised.amount,
            decided_date=ended,
            working_days=one,
        )
        for index, one in enumerate(days)
    ]
    with context_use(SYSTEM):
        durations_add(rows)
        forecasts_refresh(today=TODAY, now=NOW)


@pytest.mark.parametrize("seed", range(4))
def test_eighty_of_a_hundred_simulated_cases_end_in_their_interval(seed):
    measured = coverage_measure(history_make(seed=seed, matters=8, months=14))
    assert measured.cases > 3000
    assert 0.78 <= measured.share <= 0.88


def test_the_interval_of_what_runs_already_holds_as_well():
    measured = coverage_measure(history_make(seed=11, matters=8, months=14), elapsed_share=0.5)
    assert measured.cases > 2000
    assert 0.76 <= measured.share <= 0.90


def test_too_few_cases_say_nothing():
    assert interval_of(counts_of(range(COUNT_MIN - 1))) is None
    assert interval_of({}) is None
    assert interval_of({3: 500}, elapsed=4) is None


DAYS = st.lists(st.integers(0, 60), min_size=COUNT_MIN, max_size=300)


@given(DAYS)
def test_an_interval_holds_its_share_of_the_past_and_lies_within_it(days):
    found = interval_of(counts_of(days))
    inside = sum(found.low <= day <= found.high for day in days)
    assert found.count == len(days)
    assert min(days) <= found.low <= found.high <= max(days)
    assert inside * 100 >= 80 * len(days)


@given(DAYS, st.integers(0, 60))
def test_who_has_waited_is_never_told_a_day_that_is_over(days, elapsed):
    found = interval_of(counts_of(days), elapsed=elapsed)
    assert found is None or found.low >= elapsed


@given(DAYS, st.integers(1, 30))
def test_slower_cases_move_the_interval_by_as_much(days, more):
    first = interval_of(counts_of(days))
    later = interval_of(counts_of(day + more for day in days))
    assert (later.low, later.high) == (first.low + more, first.high + more)


def test_the_nearest_scope_with_enough_cases_is_used(matter):
    keep(matter, [30] * 200, code="other-matter", department_id=9)
    assert forecast_of(matter, department_id=7, today=TODAY).level == "KIND"
    keep(matter, [5] * COUNT_MIN, department_id=8)
    city = forecast_of(matter, department_id=7, today=TODAY)
    assert (city.level, city.interval.low, city.interval.high) == ("MATTER", 5, 5)
    keep(matter, [2] * COUNT_MIN, department_id=7)
    own = forecast_of(matter, department_id=7, today=TODAY)
    assert (own.level, own.interval.high, own.interval.count) == ("MATTER_DEPARTMENT", 2, COUNT_MIN)


def test_days_become_dates_of_the_working_calendar(matter):
    keep(matter, [1] * 12 + [3] * 30 + [6] * 12)
    found = forecast_of(matter, department_id=7, today=TODAY)
    assert (found.interval.low, found.interval.high) == (1, 6)
    assert (found.low_date, found.high_date) == (date(2026, 11, 23), date(2026, 11, 30))
    waiting = forecast_of(matter, department_id=7, since=date(2026, 11, 17), today=TODAY)
    assert (waiting.interval.low, waiting.low_date) == (3, TODAY)


def test_a_year_without_a_calendar_gives_days_but_no_dates(matter):
    keep(matter, [40] * 50)
    found = forecast_of(matter, department_id=7, today=TODAY)
    assert (found.interval.low, found.low_date, found.high_date) == (40, None, None)


def test_what_ended_more_than_a_year_ago_counts_no_more(matter):
    keep(matter, [2] * 50, ended=TODAY - timedelta(days=400))
    assert forecast_of(matter, department_id=7, today=TODAY) is None
    assert ForecastTable.objects.count() == 0


def test_the_sweep_refreshes_once_a_day_and_again_changes_nothing(matter):
    assert forecast_sweep(now=NOW) == 0
    keep(matter, [2] * 30, ended=TODAY - timedelta(days=3))
    ForecastTable.objects.update(refreshed_at=NOW - timedelta(days=1))
    assert forecast_sweep(now=NOW) == 3
    assert forecast_sweep(now=NOW) == 0
    assert ForecastTable.objects.get(scope=f"matter:{matter.code}").counts == {"2": 30}


def test_keeping_a_duration_twice_keeps_one(matter):
    row = {
        "number": "N1",
        "matter_code": matter.code,
        "department_id": 7,
        "function": "x",
        "item_type": "20",
        "decided_date": TODAY,
    }
    with context_use(SYSTEM):
        durations_add([CaseDuration(**row, working_days=3)])
        durations_add([CaseDuration(**row, working_days=9)])
    assert [each.working_days for each in CaseDuration.objects.all()] == [3]
