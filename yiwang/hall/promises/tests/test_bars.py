"""A broken promise bars for the time the city set and told before; one sees why, appeals once, and another decides."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from yiwang.hall.promises import bar_actions
from yiwang.hall.promises.actions import promise_break
from yiwang.hall.promises.data import COMMITMENT, TOLERANT, BarTerms
from yiwang.hall.promises.errors import (
    BarAppealed,
    BarOwnDecision,
    BarRuleInvalid,
    CommitmentBarred,
    PromiseBarred,
    PromiseNotFound,
    PromiseReasonMissing,
)
from yiwang.hall.promises.models import PromiseBar, PromiseBarRule, PromiseBreach
from yiwang.hall.promises.queries import (
    BAR_RULES,
    bar_list,
    bar_of_promise,
    bar_terms,
    bars_of,
    breach_list,
)
from yiwang.hall.promises.rules import commitment_text, follow_text
from yiwang.hall.promises.sweeps import promises_follow
from yiwang.hall.promises.tests.conftest import HOLDER, NOW, SUBJECT, SYSTEM, pledge, row
from yiwang.kernel.api import RequestContext, context_use

DAY = timedelta(days=1)
TERMS = BarTerms(180, "ALL", (TOLERANT,))
OTHER_MATTER = "999999999999"


def broken(hall, kind=TOLERANT, terms=TERMS, subject=SUBJECT):
    (key,) = hall.make(replace(pledge(kind), bar=terms), subject=subject)
    with context_use(hall.officer()):
        promise_break(key, reason="逾期未补", legal_basis="承诺书", now=NOW)
    return key


def barred(on, matter=OTHER_MATTER):
    return set(bars_of("person:P1", matter, on=on))


def test_what_was_told_is_barred_for_its_days_and_no_longer(hall):
    broken(hall)
    first = date(2026, 11, 20)
    assert barred(first) == {TOLERANT}
    assert barred(first + 180 * DAY) == {TOLERANT}
    assert barred(first + 181 * DAY) == set()
    with pytest.raises(PromiseBarred):
        hall.make(pledge(), subject="application:A2")
    assert len(hall.make(pledge(COMMITMENT), subject="application:A3")) == 1


def test_a_bar_of_one_matter_leaves_the_others_open_and_may_bar_both_kinds(hall):
    broken(hall, COMMITMENT, BarTerms(30, "MATTER", (COMMITMENT, TOLERANT)))
    assert barred(NOW.date()) == set()
    assert barred(NOW.date(), "320116001000") == {COMMITMENT, TOLERANT}
    for kind, error in ((COMMITMENT, CommitmentBarred), (TOLERANT, PromiseBarred)):
        with pytest.raises(error):
            hall.make(pledge(kind), subject="application:A2")


def test_a_promise_without_terms_bars_from_nothing_but_is_kept_for_the_credit_room(hall):
    key = broken(hall, terms=None)
    assert bar_of_promise(key) is None
    (breach,) = breach_list()
    assert (breach.promise_id, breach.reason, breach.barred_until) == (key, "逾期未补", None)


def test_the_words_tell_what_is_barred_before_one_promises():
    title = {"zh": "检测报告", "en": "Test report"}
    text = follow_text(title, days=10, consequence="WITHHOLD", terms=TERMS)
    assert "自认定之日起一百八十日内办理各类事项不再适用容缺受理" in text["zh"]
    assert (
        "for 180 days from then on I cannot use documents that follow for any matter" in text["en"]
    )
    told = commitment_text(
        title,
        notice=[],
        consequences={"zh": "撤销。", "en": "Revoked."},
        legal_basis="",
        check_days=5,
        terms=BarTerms(365, "MATTER", (COMMITMENT,)),
    )
    assert "承诺不实的，自认定之日起三百六十五日内办理本事项不再适用告知承诺。" in told["zh"]


def test_one_appeals_once_with_a_reason_and_it_holds_until_decided(hall):
    key = broken(hall)
    with context_use(replace(HOLDER, subject_ref="person:P2")), pytest.raises(PromiseNotFound):
        bar_actions.bar_appeal(key, reason="冤", now=NOW)
    with context_use(HOLDER):
        with pytest.raises(PromiseReasonMissing):
            bar_actions.bar_appeal(key, reason=" ", now=NOW)
        bar_actions.bar_appeal(key, reason="检测机构停业，已说明", now=NOW)
        with pytest.raises(BarAppealed):
            bar_actions.bar_appeal(key, reason="再诉", now=NOW)
    assert barred(NOW.date()) == {TOLERANT}
    assert bar_of_promise(key).state == "APPEALED"


def test_another_officer_decides_and_a_granted_appeal_lifts_and_voids_the_record(hall):
    key = broken(hall)
    with context_use(HOLDER):
        bar_actions.bar_appeal(key, reason="检测机构停业", now=NOW)
    with context_use(hall.officer()), pytest.raises(BarOwnDecision):
        bar_actions.bar_decide(key, granted=True, reason="我自己改", now=NOW)
    assert PromiseBreach.objects.get().voided_at is None
    colleague = replace(hall.officer(), account_id=22, name="周复核")
    with context_use(colleague):
        bar_actions.bar_decide(key, granted=True, reason="不可归责于申请人", now=NOW)
        with pytest.raises(BarAppealed):
            bar_actions.bar_decide(key, granted=False, reason="再定", now=NOW)
    assert barred(NOW.date()) == set()
    assert breach_list()[0].voided_at == NOW
    assert (bar_of_promise(key).state, PromiseBar.objects.get().ruled_by) == ("LIFTED", "周复核")


def test_a_refused_appeal_leaves_the_bar(hall):
    key = broken(hall)
    with context_use(HOLDER):
        bar_actions.bar_appeal(key, reason="检测机构停业", now=NOW)
    with context_use(replace(hall.officer(), account_id=22)):
        bar_actions.bar_decide(key, granted=False, reason="未在期限内说明", now=NOW)
    assert barred(NOW.date()) == {TOLERANT}
    (bar,) = bar_list("person:P1", on=NOW.date())
    assert (bar.state, bar.ruling) == ("UPHELD", "未在期限内说明")


def test_the_city_sets_days_scope_and_kinds_and_promises_made_before_keep_their_words(hall):
    assert bar_terms() == {}
    promises_follow(now=NOW)
    assert bar_terms()[TOLERANT] == BarTerms(180, "ALL", (TOLERANT,))
    (key,) = hall.make(replace(pledge(), bar=TERMS))
    setting = {"scope": "MATTER", "kinds": [TOLERANT], "basis": "", "is_enabled": True, "now": NOW}
    supervisor = RequestContext(
        population="STAFF", account_id=5, permissions=frozenset({BAR_RULES})
    )
    with context_use(supervisor):
        with pytest.raises(BarRuleInvalid) as wrong:
            bar_actions.bar_rule_put(TOLERANT, days=0, **{**setting, "kinds": []})
        assert set(wrong.value.fields) == {"days", "kinds"}
        bar_actions.bar_rule_put(TOLERANT, days=30, **setting)
    assert bar_terms()[TOLERANT] == BarTerms(30, "MATTER", (TOLERANT,))
    with context_use(hall.officer()):
        promise_break(key, reason="逾期", legal_basis="承诺书", now=NOW)
    assert bar_of_promise(key).until == date(2026, 11, 20) + 180 * DAY
    PromiseBarRule.objects.update(is_enabled=False)
    assert bar_terms() == {}


def test_a_room_of_credit_takes_each_record_once(hall):
    key = broken(hall)
    (breach,) = breach_list(after=0)
    with context_use(SYSTEM):
        assert bar_actions.breach_take(breach.id, by="信用平台", now=NOW) is True
        assert bar_actions.breach_take(breach.id, by="信用平台", now=NOW) is False
    assert breach_list()[0].taken_at == NOW
    assert breach_list(after=breach.id) == []
    assert row(key).state == "BROKEN"
