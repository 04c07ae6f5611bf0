"""What hangs on a case follows it: promises stand still with it, questions to others close with its end."""

import pytest

from tests.hall import test_consultations
from tests.hall.test_consultations import (
    answer,
    ask,
    departments,
    experts,
    officer,
    seat,
)
from tests.hall.test_materials import code_of, fill_all, run, sample_of, upload
from tests.hall.test_pack_journeys import officer_act
from tests.hall.test_suspending import BASIS, DAY, STATED, relay, resume, row, suspend, terminate
from yiwang.engines.api import clock_list
from yiwang.hall.api import application_submit, matter_get, message_list
from yiwang.hall.applications.actions.applicant import application_withdraw
from yiwang.hall.applications.actions.drafts import draft_begin
from yiwang.hall.applications.actions.materials import material_attach, material_choose
from yiwang.hall.applications.queries.holds import termination_effects
from yiwang.hall.consultations.actions import consultation_answer, consultation_ask
from yiwang.hall.consultations.errors import ConsultationClosed
from yiwang.hall.consultations.models import Consultation, ConsultationParty
from yiwang.hall.promises.queries import promise_list_of
from yiwang.identity.api import context_of_account
from yiwang.kernel.api import context_use

case, _seats_anew = test_consultations.case, test_consultations._seats_anew
REFUSAL = {"reason": {"zh": "不符合条件"}, "legal_basis": {"zh": "《条例》第五条"}}


def person_of(number: str):
    return context_of_account(row(number).account_id)


def decide(number: str, outcome: str, now, **more) -> None:
    officer_act(number, {"officer": "review", "outcome": "AGREE"}, now=now)
    officer_act(number, {"officer": "decide", "outcome": outcome, **more}, now=now)


def withdraw(number: str, now) -> None:
    with context_use(person_of(number)):
        application_withdraw(number, now=now)


ENDS = {
    "WITHDRAWN": (withdraw, "申请人已撤回申请"),
    "TERMINATED": (lambda number, now: terminate(number, now=now), "已终止办理"),
    "REFUSED": (lambda number, now: decide(number, "REFUSE", now, **REFUSAL), "已决定不予办理"),
    "APPROVED": (lambda number, now: decide(number, "APPROVE", now), "已决定准予办理"),
}


@pytest.mark.parametrize("state", ENDS)
def test_whatever_ends_a_case_closes_the_questions_and_who_was_asked_reads_why(
    case, now, state, client, django_user_model
):
    number, reviewer = case
    with context_use(reviewer):
        found = consultation_ask(
            f"application:{number}", title=row(number).title, question="是否同意？", branch="joint",
            parties=[*departments("housing", "health"), *experts("water")], days=5, now=now,
        )  # fmt: skip
    answer(found, "housing", "AGREE", now=now)
    end, words = ENDS[state]
    end(number, now)

    closed = Consultation.objects.get(pk=found.id)
    assert (row(number).state, closed.state, closed.ending) == (state, "CLOSED", state)
    assert (closed.closed_at, closed.result, closed.note) == (now, "", "")
    states = closed.parties.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["ANSWERED", "ENDED", "ENDED"]
    clocks = clock_list(f"consultation:{found.number}", now=now)
    assert [one.state for one in clocks] == ["STOPPED"]
    party = ConsultationParty.objects.get(consultation=closed, account_id=seat("water")[1])
    with context_use(officer("water")), pytest.raises(ConsultationClosed):
        consultation_answer(party.pk, opinion="AGREE", answer="可以。", now=now)
    relay()
    told = [one for one in message_list(seat("water")[1]) if one.template == "consultation_closed"]
    assert [words in one.body["zh"] for one in told] == [True]
    client.force_login(django_user_model.objects.get(pk=seat("health")[1]))
    page = client.get(f"/hall/consultations/{found.id}/").content.decode()
    assert words in page
    assert 'name="opinion"' not in page


def test_a_review_that_paused_the_limit_closes_with_the_case_and_others_questions_stay(case, now):
    subject = f"application:{case[0]}"
    before = termination_effects(subject)
    found = ask(case, experts("housing"), now=now, ground="EXPERT_REVIEW")
    (more,) = set(termination_effects(subject)) - set(before)
    assert "1" in more
    with context_use(case[1]):
        other = consultation_ask(
            "project:1", title={"zh": "甲", "en": "A"}, question="是否同意？",
            parties=departments("health"), days=5, now=now,
        )  # fmt: skip
    withdraw(case[0], now)
    states = dict(Consultation.objects.values_list("pk", "state"))
    assert states == {found.id: "CLOSED", other.id: "OPEN"}
    assert {one.state for one in clock_list(f"application:{case[0]}", now=now)} == {"STOPPED"}


@pytest.fixture
def promised(city, now):
    """An accepted application for a drainage permit on the promise of a water test."""
    agent = city.context("agent")
    with context_use(agent):
        matter = matter_get(code_of("urban_services", "drainage_permit"))
        draft_id = draft_begin(matter.code, now=now)
        fill_all(draft_id, sample_of("urban_services", "drainage_permit_apply"), now=now)
        for key in ("drainage_plan", "pretreatment_plan"):
            material_attach(draft_id, key, file=upload(matter, key), now=now)
        material_choose(draft_id, "water_test", kind="PROMISE", now=now)
        number = application_submit(draft_id, now=now).number
    run(number, "accept", now=now)
    return number


def test_promises_stand_still_while_the_case_is_suspended_and_go_on_with_it(promised, now):
    subject = f"application:{promised}"
    (before,) = promise_list_of(subject)
    suspend(promised, now=now)
    (held,) = promise_list_of(subject)
    assert (held.state, held.due_at, held.held_at) == ("OPEN", None, now)
    assert (held.hold.document, held.hold.note) == (STATED["document"], "另案未结")
    assert held.hold.title["zh"] == "须以另案处理结果为依据而另案尚未办结"

    resume(promised, now=now + 7 * DAY)
    (after,) = promise_list_of(subject)
    assert (after.state, after.due_at, after.hold) == ("OPEN", before.due_at + 7 * DAY, None)


def test_promises_of_a_suspended_case_that_is_terminated_fall_away(promised, now):
    suspend(promised, now=now)
    terminate(promised, now=now + DAY, basis=BASIS)
    (found,) = promise_list_of(f"application:{promised}")
    assert (found.state, found.held_at) == ("VOID", None)
