"""What becomes of a card: answer, appeal, decision, cancellation; scores, letters, rules, replay."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from yiwang.hall.supervision.actions import (
    card_appeal,
    card_cancel,
    card_decide,
    card_reply,
    card_settle,
    letter_issue,
    letter_reply,
    rule_put,
    violation_report,
)
from yiwang.hall.supervision.data import BASE_SCORE
from yiwang.hall.supervision.errors import (
    CardClosed,
    CardNotFound,
    NotResponsible,
    ReasonNeeded,
    ReportInvalid,
    RuleInvalid,
)
from yiwang.hall.supervision.models import SupervisionCard, SupervisionFact, SupervisionRule
from yiwang.hall.supervision.queries import card_get, rule_list, score_list
from yiwang.hall.supervision.replay import replay_scores, supervision_replay
from yiwang.hall.supervision.rules import cutoff, over_at, scores_make
from yiwang.hall.supervision.sweep import supervision_sweep
from yiwang.hall.supervision.tests.conftest import NOW, SUPERVISOR, close_of
from yiwang.kernel.api import calendar_of_file, context_use
from yiwang.sdk.errors import Forbidden

LATE = date(2026, 11, 24)


@pytest.fixture
def card(hall):
    hall.item(close_of(LATE))
    supervision_sweep(now=NOW)
    return SupervisionCard.objects.get().pk


def state_of(card_id: int) -> str:
    return SupervisionCard.objects.get(pk=card_id).state


def test_the_responsible_officer_answers_and_the_supervisor_settles(hall, card, events):
    with context_use(hall.officer()):
        card_reply(card, text="系统故障，已恢复并办结。", now=NOW)
    assert state_of(card) == "REPLIED"
    with context_use(SUPERVISOR):
        card_settle(card, text="同意。", now=NOW)
    row = SupervisionCard.objects.get(pk=card)
    assert (row.state, row.reply, row.decided_by) == (
        "CLOSED",
        "系统故障，已恢复并办结。",
        "朱敏华",
    )
    assert [event.kind for event in row.events.all()] == ["REPLY", "SETTLE"]
    assert [topic for topic, _ in events] == ["supervision.decided"]


def test_an_appeal_is_to_be_decided_within_five_working_days(hall, card):
    with context_use(hall.officer()):
        card_appeal(card, text="已依法中止，未录入。", now=NOW)
    row = SupervisionCard.objects.get(pk=card)
    assert (row.state, row.decide_by) == ("APPEALED", close_of(date(2026, 12, 2)))


@pytest.mark.parametrize(("upheld", "state", "score"), [(True, "UPHELD", 95), (False, "CANCELLED", 100)])  # fmt: skip
def test_an_appeal_is_upheld_or_the_card_cancelled_with_its_points(
    hall, card, upheld, state, score
):
    with context_use(hall.officer()):
        card_appeal(card, text="申诉", now=NOW)
    with context_use(SUPERVISOR):
        card_decide(card, upheld=upheld, text="经核实", now=NOW)
    assert state_of(card) == state
    scores = {one.key: one.score for one in score_list("department", quarter="2026Q4")}
    assert scores.get(hall.department, BASE_SCORE) == score


def test_cancelling_needs_a_reason_and_is_for_ever(hall, card):
    with context_use(SUPERVISOR):
        with pytest.raises(ReasonNeeded):
            card_cancel(card, text="  ", now=NOW)
        assert state_of(card) == "OPEN"
        card_cancel(card, text="数据错误", now=NOW)
        with pytest.raises(CardClosed):
            card_cancel(card, text="再来", now=NOW)
    supervision_sweep(now=NOW)
    assert SupervisionCard.objects.count() == 1


def test_only_who_is_responsible_or_the_head_may_answer(hall, card):
    others = [
        hall.officer(account_id=8),
        hall.officer(account_id=8, department_id=hall.other, head=True),
    ]
    for person in others:
        with context_use(person):
            with pytest.raises(NotResponsible):
                card_reply(card, text="不是我", now=NOW)
            with pytest.raises(CardNotFound):
                card_get(card)
    assert state_of(card) == "OPEN"
    with context_use(hall.officer(account_id=9, head=True)):
        assert card_get(card).pk == card
        card_reply(card, text="本部门负责整改", now=NOW)
    assert state_of(card) == "REPLIED"


def test_an_officer_neither_decides_nor_cancels_nor_changes_rules(hall, card):
    with context_use(hall.officer(head=True)):
        for act in (
            lambda: card_cancel(card, text="自己撤销", now=NOW),
            lambda: card_decide(card, upheld=False, text="自己决定", now=NOW),
            lambda: letter_issue(hall.department, text="信", now=NOW),
            lambda: rule_put("due_soon", values={}, valid_from=NOW.date(), now=NOW),
        ):
            with pytest.raises(Forbidden):
                act()
    assert state_of(card) == "OPEN"


def test_a_warning_asks_for_no_answer(hall):
    hall.item(close_of(date(2026, 11, 26)), warn_at=NOW)
    supervision_sweep(now=NOW)
    (row,) = SupervisionCard.objects.all()
    assert (row.level, row.reply_due_at, row.points) == ("WARNING", None, 0)
    with context_use(hall.officer()), pytest.raises(CardClosed):
        card_reply(row.pk, text="收到", now=NOW)


@pytest.mark.parametrize("act", [card_reply, card_appeal])
def test_a_settled_card_takes_no_more_words(hall, card, act):
    with context_use(hall.officer()):
        card_reply(card, text="已办", now=NOW)
    with context_use(SUPERVISOR):
        card_settle(card, text="同意", now=NOW)
    with context_use(hall.officer()), pytest.raises(CardClosed):
        act(card, text="还有", now=NOW)


def test_scores_are_by_department_officer_and_step_in_four_grades(hall):
    for day in (2, 3, 4, 5, 24):
        hall.item(close_of(date(2026, 11, day)))
    hall.item(close_of(LATE), department_id=hall.other, assignee_id=8, name_zh="决定")
    supervision_sweep(now=NOW)
    departments = {
        one.key: (one.score, one.grade) for one in score_list("department", quarter="2026Q4")
    }
    assert departments == {hall.department: (55, "FAIL"), hall.other: (95, "EXCELLENT")}
    assert {one.key: one.score for one in score_list("officer", quarter="2026Q4")} == {7: 55, 8: 95}
    assert {one.key: one.score for one in score_list("step", quarter="2026Q4")} == {
        "审查": 55,
        "决定": 95,
    }
    assert score_list("department", quarter="2026Q3") == []


def test_three_warnings_take_three_points_and_nothing_falls_below_zero():
    (one,) = scores_make([(1, "WARNING", 7, 0), (1, "YELLOW", 1, 5)])
    assert (one.score, one.points, one.grade) == (89, 11, "GOOD")
    assert scores_make([(1, "RED", 30, 300)])[0].score == 0


def test_a_letter_goes_to_the_department_whose_head_reports_back(hall):
    with context_use(SUPERVISOR):
        letter = letter_issue(hall.department, text="请完善内部催办。", now=NOW)
    with context_use(hall.officer()), pytest.raises(NotResponsible):
        letter_reply(letter, text="我来", now=NOW)
    with context_use(hall.officer(head=True)):
        letter_reply(letter, text="已建立每日提醒。", now=NOW)
    with context_use(SUPERVISOR), pytest.raises(ReportInvalid):
        letter_issue(999_999, text="", now=NOW)


def rule_values(key: str, **changes) -> dict:
    rule = SupervisionRule.objects.get(key=key, valid_to=None)
    names = ("title", "trigger", "level", "over_days", "nodes", "reply_days", "points", "basis")
    return {**{name: getattr(rule, name) for name in names}, "is_enabled": True, **changes}


def test_a_rule_changes_from_a_day_on_and_what_was_issued_stays(hall, card):
    later = date(2026, 12, 1)
    with context_use(SUPERVISOR):
        rule_put(
            "step_exceeded",
            values=rule_values("step_exceeded", over_days=2, points=8),
            valid_from=later,
            now=NOW,
        )
    by_day = {
        day: next(rule for rule in rule_list(on=day) if rule.key == "step_exceeded")
        for day in (date(2026, 11, 30), later)
    }
    assert [(rule.over_days, rule.points) for rule in by_day.values()] == [(0, 5), (2, 8)]
    assert SupervisionCard.objects.get(pk=card).points == 5


@pytest.mark.parametrize(
    ("changes", "valid_from", "field"),
    [
        ({"level": "BLUE"}, date(2026, 12, 1), "level"),
        ({"trigger": "X"}, date(2026, 12, 1), "trigger"),
        ({"over_days": 61}, date(2026, 12, 1), "over_days"),
        ({"points": None}, date(2026, 12, 1), "points"),
        ({"title": {"zh": " "}}, date(2026, 12, 1), "title"),
        ({}, date(2026, 11, 24), "valid_from"),
    ],
)
def test_a_rule_that_does_not_hold_is_refused_and_nothing_changes(hall, changes, valid_from, field):
    with context_use(SUPERVISOR), pytest.raises(RuleInvalid) as caught:
        rule_put(
            "step_exceeded",
            values=rule_values("step_exceeded", **changes),
            valid_from=valid_from,
            now=NOW,
        )
    assert list(caught.value.fields) == [field]
    assert SupervisionRule.objects.filter(key="step_exceeded").count() == 1


def test_the_past_replayed_under_its_own_rules_is_what_was_issued(hall):
    for day in (2, 10, 20, 23, 24):
        hall.item(close_of(date(2026, 11, day)))
    supervision_sweep(now=NOW)
    rows = replayed(rule_list(on=NOW.date()))
    assert {
        key: (row.would, row.issued, row.added_count, row.dropped_count)
        for key, row in rows.items()
    } == {
        "step_exceeded_red": (3, 3, 0, 0),
        "step_exceeded": (2, 2, 0, 0),
        "due_soon": (5, 0, 5, 0),
    }


def test_other_thresholds_give_other_cards_and_change_nothing(hall):
    for day in (2, 10, 20, 23, 24):
        hall.item(close_of(date(2026, 11, day)))
    hall.item(
        close_of(date(2026, 11, 19)), closed_at=close_of(date(2026, 11, 23)), state="COMPLETED"
    )
    supervision_sweep(now=NOW)
    before = list(SupervisionCard.objects.order_by("id").values())
    rules = [
        replace(rule, over_days=10) if rule.key == "step_exceeded_red" else rule
        for rule in rule_list(on=NOW.date())
    ]
    rows = replayed(rules)
    red, yellow = rows["step_exceeded_red"], rows["step_exceeded"]
    assert (red.would, red.issued, red.dropped_count) == (2, 3, 1)
    assert (yellow.would, yellow.issued, yellow.added_count) == (4, 2, 2)
    assert {finding.number for finding in yellow.added} == {"A3", "A6"}
    assert list(SupervisionCard.objects.order_by("id").values()) == before


def test_other_levels_and_points_are_replayed_too_with_the_scores_they_would_give(hall):
    for day in (2, 10, 20, 23, 24):
        hall.item(close_of(date(2026, 11, day)))
    supervision_sweep(now=NOW)
    changed = {
        "step_exceeded": {"level": "WARNING", "points": 1},
        "step_exceeded_red": {"points": 30},
        "due_soon": {"is_enabled": False},
    }
    rules = [replace(rule, **changed.get(rule.key, {})) for rule in rule_list(on=NOW.date())]
    rows = replayed(rules)
    red, mild = rows["step_exceeded_red"], rows["step_exceeded"]
    assert (red.would, red.points, red.issued_points) == (3, 90, 30)
    assert (mild.rule.level, mild.would, mild.points, mild.issued_points) == ("WARNING", 2, 2, 10)
    (score,) = replay_scores(
        rows.values(), since=datetime(2026, 11, 1, tzinfo=UTC), until=NOW + timedelta(days=1)
    )
    assert (score.department_id, score.would, score.was) == (hall.department, 8, 60)
    assert (score.would_grade, score.was_grade) == ("FAIL", "PASS")


def replayed(rules) -> dict:
    rows = supervision_replay(
        rules, since=datetime(2026, 11, 1, tzinfo=UTC), until=NOW + timedelta(days=1), now=NOW
    )
    return {row.rule.key: row for row in rows if row.would or row.issued}


def test_a_violation_needs_class_department_and_words(hall):
    with context_use(SUPERVISOR), pytest.raises(ReportInvalid) as caught:
        violation_report(
            "LIMIT_EXCEEDED", department_id=None, description=" ", occurred_at=NOW, now=NOW
        )
    assert set(caught.value.fields) == {"trigger", "department_id", "description"}
    assert not SupervisionFact.objects.exists()


CHINA = calendar_of_file()
DAYS = st.dates(date(2024, 1, 10), date(2026, 11, 30))


@given(DAYS, DAYS, st.integers(0, 12))
@example(date(2026, 2, 7), date(2026, 2, 9), 1)  # a limit that ended on a Saturday, on Monday
def test_the_set_based_limit_and_the_rule_for_one_say_the_same(due_day, today, over_days):
    due = datetime(due_day.year, due_day.month, due_day.day, 17)
    now = datetime(today.year, today.month, today.day, 18)
    assert (due < cutoff(CHINA, now, over_days)) is over_at(CHINA, due, over_days, ended_at=now)
