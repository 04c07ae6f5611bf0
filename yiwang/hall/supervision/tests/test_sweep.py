"""The sweep: which cards, once each, whatever happens in between."""

from datetime import UTC, date, datetime, timedelta

import pytest

from yiwang.engines.api import clock_pause, clock_start, clock_stop
from yiwang.hall.supervision import sweep as sweep_module
from yiwang.hall.supervision.actions import fact_add, rule_put, violation_report
from yiwang.hall.supervision.data import REPORTABLE, VIOLATIONS
from yiwang.hall.supervision.findings import findings_scan
from yiwang.hall.supervision.models import BoardCell, SupervisionCard, SupervisionRule
from yiwang.hall.supervision.queries import rule_list
from yiwang.hall.supervision.sweep import board_count, supervision_sweep
from yiwang.hall.supervision.tests.conftest import NOW, SUPERVISOR, SYSTEM, WorkItem, close_of
from yiwang.kernel.api import CodeRow, calendar_get, code_table_load, context_use

pytestmark = pytest.mark.django_db


def issued() -> list[tuple[str, str, str]]:
    rows = SupervisionCard.objects.order_by("id").values_list("rule_key", "level", "number")
    return sorted(rows)


def test_a_warning_is_given_from_the_working_day_before_the_limit(hall):
    thursday, friday = close_of(date(2026, 11, 26)), close_of(date(2026, 11, 27))
    hall.item(thursday, warn_at=datetime(2026, 11, 24, 16, 0, tzinfo=UTC))
    hall.item(friday, warn_at=datetime(2026, 11, 25, 16, 0, tzinfo=UTC))
    assert supervision_sweep(now=NOW).issued["WARNING"] == 1
    assert issued() == [("due_soon", "WARNING", "A1")]


@pytest.mark.parametrize(
    ("due", "card"),
    [
        (date(2026, 11, 24), ("step_exceeded", "YELLOW", "A1")),
        (date(2026, 11, 23), ("step_exceeded", "YELLOW", "A1")),
        (date(2026, 11, 20), ("step_exceeded_red", "RED", "A1")),
        (date(2026, 11, 2), ("step_exceeded_red", "RED", "A1")),
    ],
)
def test_a_step_over_time_gets_one_card_by_the_working_days_it_is_over(hall, due, card):
    hall.item(close_of(due))
    supervision_sweep(now=NOW)
    assert issued() == [card]


def test_running_twice_issues_nothing_twice_and_tells_nobody_twice(hall, events):
    for day in (2, 20, 23, 24, 26):
        hall.item(close_of(date(2026, 11, day)))
    first = supervision_sweep(now=NOW)
    cards = issued()
    second = supervision_sweep(now=NOW + timedelta(minutes=1))
    assert (first.issued["RED"], first.issued["YELLOW"], first.issued["WARNING"]) == (2, 2, 1)
    assert sum(second.issued.values()) == 0
    assert issued() == cards
    assert [topic for topic, _payload in events] == ["supervision.issued"]


def test_a_yellow_step_turns_red_with_a_second_card_after_three_working_days(hall):
    hall.item(close_of(date(2026, 11, 24)))
    supervision_sweep(now=NOW)
    supervision_sweep(now=NOW + timedelta(days=1))
    assert [card[1] for card in issued()] == ["YELLOW"]
    supervision_sweep(now=NOW + timedelta(days=2))
    assert [card[1] for card in issued()] == ["YELLOW", "RED"]


def test_a_new_due_date_is_a_new_period(hall):
    item = hall.item(close_of(date(2026, 11, 24)))
    supervision_sweep(now=NOW)
    later = close_of(date(2026, 11, 30))
    WorkItem.objects.filter(pk=item.pk).update(due_at=later, due_order=later, warn_at=later)
    assert supervision_sweep(now=NOW).issued["YELLOW"] == 0
    after = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)
    assert supervision_sweep(now=after).issued["YELLOW"] == 1
    assert SupervisionCard.objects.count() == 2


def test_suspended_finished_and_undated_items_get_no_card(hall):
    late = close_of(date(2026, 11, 10))
    hall.item(late, state="SUSPENDED")
    hall.item(late, state="COMPLETED", closed_at=NOW - timedelta(days=1))
    hall.item(None, warn_at=None)
    supervision_sweep(now=NOW)
    assert issued() == []


def clock(number, *, kind="PROMISED", suffix="", days=5, started=date(2026, 11, 10), department=1):
    with context_use(SYSTEM):
        return clock_start(
            f"application:{number}{suffix}",
            kind=kind,
            label={"zh": "承诺期限", "en": "Promised limit"},
            amount=days,
            unit="WORKING_DAY",
            started_at=close_of(started),
            now=NOW,
            department_id=department,
        )


def test_a_case_over_its_whole_limit_gets_the_limit_card_and_not_the_step_card(hall):
    late = hall.item(close_of(date(2026, 11, 24)))
    clock(late.number, days=9, started=date(2026, 11, 11))
    supervision_sweep(now=NOW)
    assert issued() == [("limit_exceeded", "YELLOW", "A1")]
    (card,) = SupervisionCard.objects.all()
    assert (card.department_id, card.officer_id, card.case_key) == (
        hall.department, 7, "application:A1",
    )  # fmt: skip


def test_a_step_over_time_within_the_whole_limit_gets_the_step_card(hall):
    late = hall.item(close_of(date(2026, 11, 24)))
    clock(late.number, days=20)
    supervision_sweep(now=NOW)
    assert issued() == [("step_exceeded", "YELLOW", "A1")]


def test_a_paused_or_stopped_clock_is_not_over(hall):
    clock("B1")
    clock("B2")
    with context_use(SYSTEM):
        code_table_load(
            "pause_grounds",
            edition="1",
            rows=[CodeRow("HEARING", "听证")],
            valid_from=date(2004, 7, 1),
            source="test",
            now=NOW,
        )
        clock_pause(
            "application:B1",
            ground="HEARING",
            document="听证通知 1",
            now=close_of(date(2026, 11, 11)),
        )
        clock_stop("application:B2", now=close_of(date(2026, 11, 12)))
    supervision_sweep(now=NOW)
    assert issued() == []


def test_silence_on_acceptance_is_refusing_to_accept(hall):
    clock("C1", kind="STEP", suffix="/acceptance", department=hall.other)
    supervision_sweep(now=NOW)
    assert issued() == [("refused_acceptance", "YELLOW", "C1")]
    assert SupervisionCard.objects.get().department_id == hall.other


def test_the_step_of_acceptance_gets_the_card_of_acceptance_only(hall):
    item = hall.item(close_of(date(2026, 11, 17)))
    clock(item.number, kind="STEP", suffix="/acceptance")
    supervision_sweep(now=NOW)
    assert issued() == [("refused_acceptance", "YELLOW", "A1")]


@pytest.mark.parametrize("trigger", REPORTABLE)
def test_each_reported_class_gets_its_card(hall, trigger):
    with context_use(SUPERVISOR):
        violation_report(
            trigger,
            department_id=hall.department,
            description="群众反映",
            occurred_at=NOW - timedelta(hours=1),
            now=NOW,
        )
    supervision_sweep(now=NOW)
    supervision_sweep(now=NOW)
    (card,) = SupervisionCard.objects.all()
    assert (card.trigger, card.department_id) == (trigger, hall.department)


def test_all_eight_classes_have_a_rule_that_is_in_force(hall):
    assert len(VIOLATIONS) == 8
    assert {rule.trigger for rule in rule_list(on=NOW.date())} == {"DUE_SOON", *VIOLATIONS}


def test_late_forwarding_watches_the_steps_that_the_city_names(hall):
    hall.item(close_of(date(2026, 11, 24)), node_id="forward")
    supervision_sweep(now=NOW)
    assert ("late_forwarding", "YELLOW", "A1") in issued()


def test_a_killed_sweep_goes_on_where_it_stopped(hall, monkeypatch):
    for _number in range(5):
        hall.item(close_of(date(2026, 11, 24)))
    monkeypatch.setattr("yiwang.hall.supervision.findings.CHUNK", 2)
    real, calls = sweep_module.cards_issue, []

    def dying(*arguments, **named):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*arguments, **named)

    monkeypatch.setattr(sweep_module, "cards_issue", dying)
    with pytest.raises(KeyboardInterrupt):
        supervision_sweep(now=NOW)
    assert SupervisionCard.objects.count() == 2
    monkeypatch.setattr(sweep_module, "cards_issue", real)
    supervision_sweep(now=NOW)
    assert [card[2] for card in issued()] == ["A1", "A2", "A3", "A4", "A5"]
    assert not SupervisionCard.objects.filter(told_at=None).exists()


def test_who_must_answer_is_told_once_with_the_number_of_cards(hall, events):
    for day in (20, 24):
        hall.item(close_of(date(2026, 11, day)))
    supervision_sweep(now=NOW)
    ((_topic, payload),) = events
    assert (payload["account_id"], payload["count"]) == (7, 2)
    assert (payload["red"], payload["yellow"], payload["number"]) == (1, 1, "A1")


def test_the_answer_is_due_at_the_close_of_the_third_working_day(hall):
    hall.item(close_of(date(2026, 11, 24)))
    supervision_sweep(now=NOW)
    assert SupervisionCard.objects.get().reply_due_at == close_of(date(2026, 11, 30))


def test_a_rule_counting_days_of_an_unpublished_year_waits_and_the_others_go_on(hall):
    hall.item(datetime(2027, 1, 4, 9, 0, tzinfo=UTC))
    now = datetime(2027, 1, 11, 2, 0, tzinfo=UTC)
    supervision_sweep(now=now)
    assert issued() == [("step_exceeded", "YELLOW", "A1")]
    assert SupervisionCard.objects.get().reply_due_at is None


def test_a_disabled_rule_issues_nothing(hall):
    rule = SupervisionRule.objects.get(key="step_exceeded")
    values = {
        name: getattr(rule, name)
        for name in (
            "title",
            "trigger",
            "level",
            "over_days",
            "nodes",
            "reply_days",
            "points",
            "basis",
        )
    }
    with context_use(SUPERVISOR):
        rule_put(
            "step_exceeded",
            values={**values, "is_enabled": False},
            valid_from=date(2026, 11, 25),
            now=NOW,
        )
    hall.item(close_of(date(2026, 11, 24)))
    supervision_sweep(now=NOW)
    assert issued() == []


def test_the_findings_of_a_chunked_scan_are_those_of_a_whole_one(hall, monkeypatch):
    for number in range(7):
        hall.item(close_of(date(2026, 11, 20 if number % 2 else 24)))
    rule = next(rule for rule in rule_list(on=NOW.date()) if rule.key == "step_exceeded")
    whole = [one for chunk in findings_scan(rule, calendar_get(), now=NOW) for one in chunk]
    monkeypatch.setattr("yiwang.hall.supervision.findings.CHUNK", 2)
    parts = [one for chunk in findings_scan(rule, calendar_get(), now=NOW) for one in chunk]
    assert parts == whole
    assert len(whole) == 7


def test_the_board_counts_open_steps_by_department_matter_and_light(hall):
    hall.item(close_of(date(2026, 11, 24)))
    hall.item(close_of(date(2026, 11, 26)), warn_at=NOW - timedelta(hours=1))
    hall.item(close_of(date(2026, 12, 20)))
    hall.item(None, warn_at=None)
    hall.item(close_of(date(2026, 11, 24)), department_id=hall.other, title_zh="低保")
    assert board_count(now=NOW) == 2
    cells = BoardCell.objects.order_by("department_id")
    lights = {
        cell.department_id: (cell.green, cell.yellow, cell.red, cell.undated) for cell in cells
    }
    assert lights == {hall.department: (1, 1, 1, 1), hall.other: (0, 0, 1, 0)}
    WorkItem.objects.update(closed_at=NOW, state="COMPLETED")
    assert board_count(now=NOW + timedelta(minutes=1)) == 0
    assert not BoardCell.objects.exists()


def test_the_same_fact_is_recorded_once(hall):
    with context_use(SYSTEM):
        ids = {
            fact_add(
                "NO_REASONS",
                source="decision:A1",
                department_id=hall.department,
                description="未说明理由",
                occurred_at=NOW,
                now=NOW,
            )
            for _time in range(2)
        }
    assert len(ids) == 1
