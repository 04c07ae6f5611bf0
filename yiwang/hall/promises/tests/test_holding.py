"""Promises of a suspended case: their time stands still with it and goes on with the days that were left."""

from datetime import date, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yiwang.hall.promises.actions import (
    promise_break,
    promise_keep,
    promise_return,
    promise_supply,
    promises_void,
)
from yiwang.hall.promises.data import Hold
from yiwang.hall.promises.errors import PromiseHeld
from yiwang.hall.promises.holding import promises_hold, promises_release
from yiwang.hall.promises.queries import promise_list_of
from yiwang.hall.promises.sweeps import promises_follow
from yiwang.hall.promises.tests.conftest import HOLDER, NOW, SUBJECT, SYSTEM, file, row
from yiwang.hall.promises.tests.test_pages import at, holder
from yiwang.hall.promises.tests.test_promises import DUE, topics
from yiwang.kernel.api import (
    CodeRow,
    audit_list,
    calendar_get,
    code_table_load,
    context_use,
)

__all__ = ["holder"]
DAY = timedelta(days=1)
WAITING = Hold(
    "OTHER_CASE", {"zh": "另案尚未办结", "en": "Another case"}, "中止字〔2026〕1号", "另案未结"
)


@pytest.fixture(autouse=True)
def _grounds(db):
    with context_use(SYSTEM):
        code_table_load(
            "pause_grounds",
            edition="1",
            rows=[CodeRow("OTHER_CASE", "另案尚未办结")],
            valid_from=date(2004, 7, 1),
            source="test",
            now=NOW,
        )


def hold(now: datetime) -> int:
    with context_use(SYSTEM):
        return promises_hold(SUBJECT, WAITING, now=now)


def release(now: datetime) -> int:
    with context_use(SYSTEM):
        return promises_release(SUBJECT, now=now)


def test_the_time_stands_still_with_the_case_and_goes_on_with_what_was_left(hall):
    (key,) = hall.make()
    later = NOW + 3 * DAY
    assert [hold(later), hold(later)] == [1, 0]
    (shown,) = promise_list_of(SUBJECT)
    assert (shown.state, shown.due_at, shown.held_at, shown.hold) == ("OPEN", None, later, WAITING)
    assert promises_follow(now=DUE + 30 * DAY) == 0

    assert [release(later + 7 * DAY), release(later + 7 * DAY)] == [1, 0]
    found = row(key)
    assert (found.due_at, found.held_at, found.hold) == (DUE + 7 * DAY, None, None)
    assert found.warn_at < found.due_at
    assert promises_follow(now=DUE + 7 * DAY + timedelta(minutes=1)) == 1
    assert topics() == ["made", "broken"]
    acts = [one["act"] for one in audit_list(subject=SUBJECT)]
    assert {"hall.promises.hold", "hall.promises.release"} <= set(acts)


def test_nothing_is_broken_while_the_case_is_suspended(hall):
    (key,) = hall.make()
    hold(NOW)
    with context_use(hall.officer()), pytest.raises(PromiseHeld):
        promise_break(key, reason="未补交", legal_basis="某法", now=NOW)
    assert (row(key).state, topics()) == ("OPEN", ["made"])


def test_what_is_handed_in_meanwhile_and_sent_back_has_the_days_that_were_left(hall):
    (key,) = hall.make()
    hold(NOW)
    with context_use(HOLDER):
        promise_supply(key, file=file(), now=NOW + DAY)
    with context_use(hall.officer()):
        promise_return(key, reason="缺少签章", now=NOW + 10 * DAY)
    assert (row(key).state, row(key).due_at) == ("OPEN", None)
    release(NOW + 21 * DAY)
    assert row(key).due_at == DUE + 21 * DAY


def test_what_lay_with_the_department_when_it_was_suspended_keeps_its_days_too(hall):
    (key,) = hall.make()
    with context_use(HOLDER):
        promise_supply(key, file=file(), now=NOW)
    hold(NOW)
    release(NOW + 7 * DAY)
    with context_use(hall.officer()):
        promise_return(key, reason="缺少签章", now=NOW + 7 * DAY)
        assert row(key).due_at == DUE + 7 * DAY
    with context_use(HOLDER):
        promise_supply(key, file=file(), now=NOW + 8 * DAY)
    with context_use(hall.officer()):
        promise_keep(key, result="合格", now=NOW + 8 * DAY)
    assert (row(key).state, row(key).days_left) == ("KEPT", None)


def test_what_falls_away_with_a_suspended_case_is_held_no_more(hall):
    (key,) = hall.make()
    hold(NOW)
    with context_use(SYSTEM):
        assert promises_void(SUBJECT, now=NOW + DAY) == 1
    assert release(NOW + 2 * DAY) == 0
    assert (row(key).state, row(key).held_at, row(key).hold) == ("VOID", None, None)


@given(gaps=st.lists(st.integers(0, 3), max_size=6))
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_however_often_it_is_suspended_only_the_days_between_count(hall, gaps):
    with transaction.atomic():
        (key,) = hall.make()
        day, held, free = NOW, False, []
        for gap in gaps:
            for _ in range(gap):
                day += DAY
                free += [] if held else [day.date()]
            held = (hold if not held else release)(day) and not held
        if held:
            release(day)
        calendar = calendar_get()
        counted = sum(calendar.is_working(one) for one in free)
        left = calendar.add_working_days(day.date(), 10 - counted)
        assert row(key).due_at.date() == left
        transaction.set_rollback(True)


def test_the_pages_say_why_it_stands_still(holder, hall):
    (key,) = hall.make()
    hold(NOW)
    page = holder.get(at("detail", key)).content.decode()
    assert "承诺期限随办件中止" in page
    assert "另案未结" in page
    assert 'type="file"' in page
    assert "随办件中止" in holder.get(at("mine")).content.decode()
