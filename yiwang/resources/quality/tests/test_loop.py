"""The loop: a failed rule goes to the supplier, and only a batch that proves the fix closes it."""

from datetime import date, timedelta

import pytest

from yiwang.kernel.api import audit_list, context_system, context_use
from yiwang.resources.quality.actions.exceptions import (
    ExceptionMoved,
    exception_answer,
    exception_decide,
    exception_fix,
    exception_from_objection,
    exception_objection_end,
    exception_see,
    exceptions_escalate,
)
from yiwang.resources.quality.hooks import FixUnavailable, fix_register
from yiwang.resources.quality.models import QualityException
from yiwang.resources.quality.queries import ExceptionNotFound, exception_get
from yiwang.resources.quality.tests.conftest import NOW
from yiwang.sdk.errors import Forbidden, Invalid

GOOD = ("A1", "张三", "1", "2026-01-02")
NAMELESS = ("A2", None, "1", "2026-01-02")
EARLY = ("A3", "李四", "2", "1999-01-02")


def opened(**more):
    return list(QualityException.objects.filter(**more).order_by("id"))


def test_every_failed_rule_becomes_an_exception_for_its_supplier_with_a_deadline(city):
    city.batch([GOOD, NAMELESS, EARLY, ("A4", None, "7", "2026-01-02")])
    found = {(row.rule, row.rows, row.property, row.state) for row in opened()}
    assert found == {
        ("named", 2, "COMPLETENESS", "OPEN"),
        ("later", 1, "CONSISTENCY", "OPEN"),
        ("code:sex", 1, "NORMATIVITY", "OPEN"),
    }
    row = opened(rule="named")[0]
    assert row.department_id == city.ids["bureau"]
    assert row.due_date == date(2026, 11, 25)  # five working days after Wednesday the 18th
    assert row.number == f"YC20261118{row.pk:06d}"


def test_the_same_batch_again_changes_nothing(city):
    run = city.batch([GOOD, NAMELESS])
    before = opened()
    city.number -= 1
    assert city.batch([GOOD, NAMELESS, EARLY]).pk == run.pk
    assert [row.pk for row in opened()] == [row.pk for row in before]


def test_an_exception_closes_only_when_a_later_batch_proves_the_fix(city):
    city.batch([GOOD, NAMELESS, ("A5", None, "1", "2026-01-02")])
    (row,) = opened()
    city.batch([("A9", "王五", "1", "2026-01-02")])  # says nothing of these rows
    assert opened()[0].rows_open == 2
    city.batch([("A2", "钱二", "1", "2026-01-02")])
    (row,) = opened()
    assert (row.state, row.rows_open) == ("OPEN", 1)
    city.batch([("A5", "孙五", "1", "2026-01-02")], now=NOW + timedelta(days=1))
    (row,) = opened()
    assert (row.state, row.ending, row.rows_open) == ("CLOSED", "PROVED", 0)
    assert row.closed_at == NOW + timedelta(days=1)


def test_a_row_that_fails_another_rule_is_no_proof(city):
    city.batch([NAMELESS])
    city.batch([("A2", "钱二", "1", "1999-01-01")])  # named now, but kept back for its date
    assert [(row.rule, row.state) for row in opened()] == [("named", "OPEN"), ("later", "OPEN")]


def test_a_full_batch_without_the_rows_proves_it_and_a_partial_one_does_not(city):
    city.batch([GOOD, NAMELESS])
    city.batch([GOOD])
    assert opened()[0].state == "OPEN"
    city.batch([GOOD], mode="FULL")
    assert opened()[0].ending == "PROVED"


def test_rows_without_a_key_are_proved_by_a_full_batch_alone(city):
    city.batch([GOOD, (None, "周六", "1", "2026-01-02")])
    (row,) = opened(rule="required:number")
    city.batch([("A7", "周六", "1", "2026-01-02")])
    assert exception_get(row.pk).state == "OPEN"
    city.batch([GOOD, ("A7", "周六", "1", "2026-01-02")], mode="FULL")
    assert exception_get(row.pk).state == "CLOSED"


def test_it_opens_again_when_it_comes_back(city):
    city.batch([NAMELESS])
    city.batch([("A2", "钱二", "1", "2026-01-02")])
    assert opened()[0].state == "CLOSED"
    city.batch([NAMELESS])
    (row,) = opened()
    assert (row.state, row.reopened, row.rows_open, row.closed_at) == ("OPEN", 1, 1, None)


def test_known_rows_stay_with_their_exception_and_new_ones_get_their_own(city):
    city.batch([NAMELESS])
    city.batch([NAMELESS, ("A8", None, "1", "2026-01-02")])
    assert [(row.rule, row.rows_open) for row in opened()] == [("named", 1), ("named", 1)]


def test_the_department_sees_answers_and_the_bureau_decides(city):
    city.batch([NAMELESS, EARLY])
    named, later = opened(rule="named")[0], opened(rule="later")[0]
    with city.steward():
        assert exception_see(named.pk, now=NOW).state == "SEEN"
        view = exception_answer(named.pk, outcome="ACCEPTED", now=NOW)
        assert (view.state, view.due_date) == ("ANSWERED", date(2026, 12, 2))
        view = exception_answer(later.pk, outcome="DISPUTED", reason="登记属实", now=NOW)
        assert (view.state, view.reason) == ("DISPUTED", "登记属实")
        with pytest.raises(Forbidden):
            exception_decide(later.pk, outcome="WAIVED", reason="自认", now=NOW)
        assert exception_get(later.pk).state == "DISPUTED"
    with city.reviewer():
        view = exception_decide(later.pk, outcome="WAIVED", reason="历史数据", now=NOW)
        assert (view.state, view.ending, view.decision) == ("CLOSED", "WAIVED", "历史数据")
    city.batch([EARLY])  # the bureau has said that nothing is wrong with this row
    assert [row.state for row in opened(rule="later")] == ["CLOSED"]
    acts = {event["act"] for event in audit_list(subject=f"exception:{later.number}")}
    assert {"resources.quality.answer", "resources.quality.decide"} <= acts


def test_another_department_neither_sees_nor_answers(city):
    city.batch([NAMELESS])
    (row,) = opened()
    with context_use(city.context("health", 4)), pytest.raises(ExceptionNotFound):
        exception_answer(row.pk, outcome="ACCEPTED", now=NOW)
    with city.reviewer(), pytest.raises(Forbidden):
        exception_answer(row.pk, outcome="ACCEPTED", now=NOW)
    assert opened()[0].state == "OPEN"


def test_a_refused_answer_changes_nothing(city):
    city.batch([NAMELESS])
    (row,) = opened()
    with city.steward():
        for outcome, reason in (("DISPUTED", " "), ("PERHAPS", "x"), ("DISPUTED", "长" * 2001)):
            with pytest.raises(Invalid):
                exception_answer(row.pk, outcome=outcome, reason=reason, now=NOW)
        assert opened()[0].state == "OPEN"
        exception_answer(row.pk, outcome="ACCEPTED", now=NOW)
        with pytest.raises(ExceptionMoved):
            exception_answer(row.pk, outcome="DISPUTED", reason="晚了", now=NOW)
    assert (opened()[0].state, opened()[0].reason) == ("ANSWERED", "")


def test_one_click_sends_the_whole_row_and_its_batch_closes_the_exception(city):
    fix_register(city.send)
    city.batch([GOOD, NAMELESS])
    (row,) = opened()
    with city.steward():
        view = exception_fix(row.pk, {3: {"name": "钱二"}}, now=NOW)
    assert city.fixes == [
        [{"number": "A2", "name": "钱二", "sex": "1", "registered_date": "2026-01-02"}]
    ]
    assert (view.state, view.ending) == ("CLOSED", "PROVED")


def test_a_correction_that_does_not_hold_comes_back(city):
    fix_register(city.send)
    city.batch([EARLY])
    (row,) = opened()
    with city.steward():
        view = exception_fix(row.pk, {2: {"registered_date": "1998-01-02"}}, now=NOW)
    assert view.state == "OPEN"
    assert [each.pk for each in opened()] == [row.pk]


def test_a_correction_that_cannot_be_sent_changes_nothing(city):
    city.batch([NAMELESS])
    (row,) = opened()
    with city.steward():
        with pytest.raises(FixUnavailable):
            exception_fix(row.pk, {2: {"name": "钱二"}}, now=NOW)
        fix_register(city.send)
        for rows in ({}, {2: {"name": ""}}, {9: {"name": "钱"}}, {2: {"salary": "1"}}):
            with pytest.raises(Invalid):
                exception_fix(row.pk, rows, now=NOW)
    assert opened()[0].state == "OPEN"
    assert city.fixes == []


def test_overdue_is_red_and_reminded_of_once(city):
    city.batch([NAMELESS])
    (row,) = opened()
    days = {18: "GREEN", 24: "YELLOW", 25: "YELLOW", 26: "RED"}
    for day, light in days.items():
        assert exception_get(row.pk, now=NOW.replace(day=day)).light == light
    assert exceptions_escalate(now=NOW.replace(day=25)) == 0
    assert exceptions_escalate(now=NOW.replace(day=26)) == 1
    assert exceptions_escalate(now=NOW.replace(day=27)) == 0


def test_an_objection_opens_an_exception_and_its_answer_closes_it(city):
    payload = {"number": "YY1", "subject_ref": "person:P1", "field": "phone",
               "department_id": city.ids["bureau"]}  # fmt: skip
    with context_use(context_system("test")):
        assert exception_from_objection(payload, now=NOW) is not None
        assert exception_from_objection(payload, now=NOW) is None
        (row,) = opened()
        assert (row.origin, row.objection, row.state) == ("OBJECTION", "YY1", "OPEN")
        assert exception_objection_end("YY1", outcome="CORRECTED", now=NOW) == 1
        assert exception_objection_end("YY1", outcome="CORRECTED", now=NOW) == 0
    assert opened()[0].ending == "ANSWERED"
