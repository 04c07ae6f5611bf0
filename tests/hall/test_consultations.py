"""Asking other agencies and experts (征求意见, 专家评审) while an application is handled."""

import datetime
from dataclasses import replace
from functools import cache

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.hall.test_pack_journeys import (
    PACKS,
    applicant_make,
    item_of,
    officer_act,
    officer_of,
    submit,
)
from yiwang.engines.api import clock_list
from yiwang.hall.api import matter_get
from yiwang.hall.applications.actions.work import work_conclude
from yiwang.hall.consultations.actions import (
    consultation_answer,
    consultation_ask,
    consultation_recall,
)
from yiwang.hall.consultations.casework import application_consult
from yiwang.hall.consultations.data import PartyAsk
from yiwang.hall.consultations.errors import (
    AnswerIncomplete,
    ConsultationClosed,
    ConsultationNotFound,
    OpinionsOutstanding,
    OverrideReasonMissing,
    PanelForbidden,
    QuestionIncomplete,
)
from yiwang.hall.consultations.following import consultations_follow
from yiwang.hall.consultations.models import Consultation, ConsultationParty
from yiwang.hall.consultations.panels import expert_add, panel_put
from yiwang.hall.consultations.queries import consultation_get, consultation_list_of
from yiwang.identity.api import (
    account_list,
    account_list_by_department,
    context_of_account,
    department_list,
)
from yiwang.kernel.api import context_use
from yiwang.kernel.events.models import OutboxEvent
from yiwang.sdk.errors import Forbidden
from yiwang.sdk.joins import Join, join_decide

ALL_OF_THEM = Join("ALL")
ACCEPT = {"officer": "accept", "outcome": "ACCEPT"}


@pytest.fixture
def case(city, now):
    """An accepted application for a residence permit, under review: its number and the reviewer."""
    pack = next(one for one in PACKS if one.manifest.id == "residence")
    journey = pack.files["tests/journey.yaml"].data["journeys"][0]
    matter = matter_get("320709001000")
    person = applicant_make(city, journey["applicant"], now=now)
    number = submit(city, pack, journey, matter, person, now=now)
    officer_act(number, ACCEPT, now=now)
    return number, officer_of(item_of(number, "review"), now=now)


@cache
def seat(function: str) -> tuple[int, int]:
    """A department of this trade and the account of somebody there who approves."""
    for one in department_list(function=function):
        people = account_list_by_department(one.id, role="APPROVER", on=datetime.date(2026, 11, 20))
        if people:
            return one.id, people[0].id
    raise LookupError(function)


@pytest.fixture(autouse=True)
def _seats_anew():
    seat.cache_clear()


def officer(function: str):
    return replace(context_of_account(seat(function)[1]), purpose="征求意见")


def ask(case, parties, *, now, join=ALL_OF_THEM, **more):
    number, reviewer = case
    with context_use(reviewer):
        return application_consult(
            item_of(number, "review").id, question="申请人住所是否真实？", parties=parties,
            days=more.pop("days", 5), join=join, now=now, **more,
        )  # fmt: skip


def departments(*functions: str) -> list[PartyAsk]:
    return [PartyAsk("DEPARTMENT", seat(one)[0]) for one in functions]


def experts(*functions: str) -> list[PartyAsk]:
    return [PartyAsk("EXPERT", seat(one)[1]) for one in functions]


def key_of(function: str) -> str:
    return f"department_{seat(function)[0]}"


def answer(found, function: str, opinion: str, *, now, kind="department", reason="登记与实际不符"):
    key = key_of(function) if kind == "department" else f"expert_{seat(function)[1]}"
    party = ConsultationParty.objects.get(consultation=found.id, key=key)
    with context_use(officer(function)):
        return consultation_answer(
            party.pk, opinion=opinion, answer="已核实。", reason=reason if opinion == "REFUSE" else "",
            now=now,
        )  # fmt: skip


def clocks(number: str, *, now) -> dict[str, str]:
    return {one.kind: one.state for one in clock_list(f"application:{number}", now=now)}


def conclude(case, outcome: str, *, now, opinion="经审查符合条件。"):
    number, reviewer = case
    with context_use(reviewer):
        work_conclude(item_of(number, "review").id, outcome=outcome, opinion=opinion, now=now)


def test_another_agency_answers_within_its_own_limit_while_the_legal_clock_runs(case, now):
    found = ask(case, departments("housing", "human_resources"), now=now)

    assert clocks(case[0], now=now) == {"LEGAL": "RUNNING", "PROMISED": "RUNNING"}
    assert timezone.localtime(found.due_at).date() == datetime.date(2026, 11, 27)
    answer(found, "housing", "AGREE", now=now)
    done = answer(found, "human_resources", "AGREE", now=now)
    assert (done.state, done.result, done.answered) == ("CONCLUDED", "AGREE", 2)
    kept = consultation_list_of(f"application:{case[0]}", now=now)
    assert [one.answer for one in kept[0].parties] == ["已核实。", "已核实。"]
    own = clock_list(f"consultation:{found.number}", now=now)
    assert [one.state for one in own] == ["STOPPED"]


def test_a_review_by_experts_pauses_the_legal_clock_until_they_have_answered(case, now):
    found = ask(
        case, experts("housing", "health"), now=now, join=Join("QUORUM"), ground="EXPERT_REVIEW"
    )
    assert clocks(case[0], now=now) == {"LEGAL": "PAUSED", "PROMISED": "PAUSED"}
    later = now + datetime.timedelta(days=3)

    answer(found, "housing", "AGREE", now=later, kind="expert")
    assert clocks(case[0], now=later)["LEGAL"] == "PAUSED"
    answer(found, "health", "AGREE", now=later, kind="expert")

    assert clocks(case[0], now=later) == {"LEGAL": "RUNNING", "PROMISED": "RUNNING"}
    pause = clock_list(f"application:{case[0]}", now=later)[0].pauses[0]
    assert (pause.ground, pause.expected_days) == ("EXPERT_REVIEW", 5)


def test_asking_an_agency_may_not_pause_the_clock(case, now):
    with pytest.raises(QuestionIncomplete) as refused:
        ask(case, departments("housing"), now=now, ground="EXPERT_REVIEW")

    assert list(refused.value.fields) == ["ground"]
    assert not Consultation.objects.exists()
    assert clocks(case[0], now=now)["LEGAL"] == "RUNNING"


@pytest.mark.parametrize(
    ("functions", "more", "field"),
    [
        ((), {}, "parties"),
        (("public_security",), {}, "parties"),
        (("housing",), {"days": 0}, "days"),
        (("housing",), {"join": Join("QUORUM", quorum=2)}, "policy"),
    ],
)
def test_a_request_that_cannot_work_is_refused_with_the_field(case, now, functions, more, field):
    number, reviewer = case
    parties = departments(*[one for one in functions if one != "public_security"])
    if "public_security" in functions:
        parties.append(PartyAsk("DEPARTMENT", reviewer.department_id))

    with pytest.raises(QuestionIncomplete) as refused:
        ask(case, parties, now=now, **more)

    assert list(refused.value.fields) == [field]
    assert not Consultation.objects.exists()


def test_nobody_answers_for_another_department_or_twice(case, now):
    found = ask(case, departments("housing", "health"), now=now)
    party = ConsultationParty.objects.get(consultation=found.id, key=key_of("housing"))

    with context_use(officer("health")), pytest.raises(Forbidden):
        consultation_answer(party.pk, opinion="AGREE", answer="可以。", now=now)
    with context_use(officer("housing")):
        with pytest.raises(AnswerIncomplete) as refused:
            consultation_answer(party.pk, opinion="REFUSE", answer="不可以。", now=now)
        consultation_answer(party.pk, opinion="AGREE", answer="可以。", now=now)
        with pytest.raises(ConsultationClosed):
            consultation_answer(party.pk, opinion="REFUSE", answer="不。", reason="另", now=now)
    assert list(refused.value.fields) == ["reason"]
    party.refresh_from_db()
    assert (party.opinion, party.answer) == ("AGREE", "可以。")


def test_those_who_are_not_asked_do_not_see_it(case, now):
    found = ask(case, departments("housing"), now=now)

    with context_use(officer("water")), pytest.raises(ConsultationNotFound):
        consultation_get(found.id, now=now)
    with context_use(officer("housing")):
        assert consultation_get(found.id, now=now).number == found.number


def test_a_veto_ends_the_round_at_once_and_a_conclusion_against_it_needs_words(case, now):
    join = Join("VETO", veto=(key_of("housing"),))
    found = ask(case, departments("housing", "health", "water"), now=now, join=join)
    with pytest.raises(OpinionsOutstanding):
        conclude(case, "AGREE", now=now)

    done = answer(found, "housing", "REFUSE", now=now)

    assert (done.state, done.result) == ("CONCLUDED", "REFUSE")
    assert {one.state for one in done.parties} == {"ANSWERED", "ENDED"}
    with pytest.raises(OverrideReasonMissing):
        conclude(case, "AGREE", now=now, opinion=" ")
    assert item_of(case[0], "review").state in ("READY", "CLAIMED")
    conclude(case, "AGREE", now=now, opinion="经现场复核，住所真实，不采纳该意见。")


def test_a_request_taken_back_lets_the_clock_and_the_work_go_on(case, now):
    found = ask(case, experts("housing"), now=now, ground="EXPERT_REVIEW")

    with context_use(case[1]):
        consultation_recall(found.id, reason="专家回避", now=now)

    assert clocks(case[0], now=now)["LEGAL"] == "RUNNING"
    row = Consultation.objects.get(pk=found.id)
    assert (row.state, row.note, row.result) == ("RECALLED", "专家回避", "")
    conclude(case, "AGREE", now=now)


def test_who_has_not_answered_is_reminded_a_day_before_and_overdue_is_told_once(case, now):
    found = ask(case, departments("housing"), now=now)

    assert consultations_follow(now=now) == 0
    assert consultations_follow(now=found.due_at - datetime.timedelta(hours=3)) == 1
    assert consultations_follow(now=found.due_at - datetime.timedelta(hours=2)) == 0
    late = found.due_at + datetime.timedelta(minutes=1)
    assert consultations_follow(now=late) == 1
    assert consultations_follow(now=late) == 0
    topics = list(
        OutboxEvent.objects.filter(topic__startswith="consultation.").values_list(
            "topic", flat=True
        )
    )
    assert topics.count("consultation.overdue") == 1
    assert consultation_list_of(f"application:{case[0]}", now=late)[0].is_overdue


def test_a_panel_asks_each_of_its_experts_and_belongs_to_its_department(case, now):
    heads = department_list(function="housing")
    head = next(
        person
        for one in heads
        for person in account_list_by_department(one.id, role="DEPARTMENT_HEAD", on=now.date())
    )
    keeper = replace(context_of_account(head.id), purpose="维护专家组")
    with context_use(keeper):
        panel = panel_put("housing-review", title_zh="住房评审专家组", title_en="Housing review")
        for function in ("health", "water"):
            username = account_list(ids=[seat(function)[1]])[0].username
            panel = expert_add(panel.id, username=username, field="建筑")
    stranger = next(
        person
        for one in department_list(function="water")
        for person in account_list_by_department(one.id, role="DEPARTMENT_HEAD", on=now.date())
    )
    with context_use(replace(context_of_account(stranger.id))), pytest.raises(PanelForbidden):
        panel_put("housing-review", title_zh="改名", title_en="Renamed")

    found = ask(case, [PartyAsk("PANEL", panel.id)], now=now, join=Join("ANY"))
    assert sorted(one.key for one in found.parties) == sorted(
        f"expert_{seat(one)[1]}" for one in ("health", "water")
    )
    done = answer(found, "water", "AGREE", now=now, kind="expert")
    assert (done.state, done.result) == ("CONCLUDED", "AGREE")


FUNCTIONS = ("housing", "health", "water")


@given(
    policy=st.sampled_from([Join("ALL"), Join("ANY"), Join("QUORUM"), "veto"]),
    opinions=st.tuples(*[st.sampled_from(["AGREE", "REFUSE"])] * 3),
    order=st.permutations(FUNCTIONS),
)
@hypothesis_settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_order_the_round_ends_when_it_is_decided(case, now, policy, opinions, order):
    join = Join("VETO", veto=(key_of("health"),)) if policy == "veto" else policy
    with transaction.atomic():
        with context_use(case[1]):
            found = consultation_ask(
                "project:1", title={"zh": "甲", "en": "A"}, question="是否同意？",
                parties=departments(*FUNCTIONS), days=5, join=join, now=now,
            )  # fmt: skip
        said = dict.fromkeys(map(key_of, FUNCTIONS))
        for function in order:
            if join_decide(join, said) is not None:
                with pytest.raises(ConsultationClosed):
                    answer(found, function, "AGREE", now=now)
                continue
            opinion = opinions[FUNCTIONS.index(function)]
            said[key_of(function)] = opinion
            done = answer(found, function, opinion, now=now)
            assert done.result == (join_decide(join, said) or "")
            assert (done.state == "OPEN") == (done.result == "")
        assert Consultation.objects.get(pk=found.id).state == "CONCLUDED"
        transaction.set_rollback(True)
