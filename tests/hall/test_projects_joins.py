"""Opinions that decide together in shipped matters: three of five experts, and the planning authority's veto."""

from dataclasses import replace

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.hall.test_pack_journeys import item_of, officer_of
from tests.hall.test_projects import act, agent, apply, project, relay, values  # noqa: F401 - fixtures
from tests.hall.test_projects_reports import grant_rows
from yiwang.engines.api import clock_list, work_item_list
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.consultations.casework import application_review_ask
from yiwang.hall.consultations.errors import ConsultationNotFound, PanelMissing
from yiwang.hall.consultations.models import Consultation, ConsultationParty
from yiwang.hall.consultations.panels import expert_add, panel_put
from yiwang.hall.projects.actions.registration import project_register
from yiwang.identity.api import (
    account_list,
    account_list_by_department,
    context_of_account,
    department_list,
)
from yiwang.kernel.api import context_use

EXPERTS = 5


def browser(account_id: int) -> Client:
    from django.contrib.auth import get_user_model

    client = Client()
    client.force_login(get_user_model().objects.get(pk=account_id))
    return client


def state_of(number: str) -> str:
    return application_rows("测试").get(number=number).state


def pressed(client: Client, item_id: int, outcome: str, **words):
    """Press a button of the officer's page."""
    url = reverse("hall_applications:conclude", args=[item_id])
    return client.post(url, {"outcome": outcome, "opinion": "已审查。", **words})


# --- three of five experts ----------------------------------------------------------------------


@pytest.fixture
def design(city, agent):  # noqa: F811
    """An accepted application for the preliminary design of a government project."""
    with context_use(agent):
        row = project_register(values(funding="GOVERNMENT"), investor_name="甲", now=timezone.now())
    grant_rows(row, "proposal", "site", "feasibility", "land", on=timezone.localdate())
    number = apply(agent, row.code, "design")
    act(number, "accept", "ACCEPT")
    return number


@pytest.fixture
def panel(city):
    """The panel of building design with its five experts; returns their accounts."""
    today = timezone.localdate()
    head = next(
        person
        for one in department_list(function="housing")
        for person in account_list_by_department(one.id, role="DEPARTMENT_HEAD", on=today)
    )
    people = [one for one in account_list() if one.population == "STAFF" and one.id != head.id]
    with context_use(replace(context_of_account(head.id), purpose="维护专家组")):
        made = panel_put("building_design", title_zh="建筑设计专家组", title_en="Building design")
        for one in people[:EXPERTS]:
            expert_add(made.id, username=one.username, field="建筑设计")
    return [one.id for one in people[:EXPERTS]]


def answers(consultation_id: int, account_id: int, opinion: str) -> None:
    party = ConsultationParty.objects.get(consultation=consultation_id, account_id=account_id)
    browser(account_id).post(
        reverse("hall_consultations:answer", args=[party.pk]),
        {"consultation": consultation_id, "opinion": opinion, "answer": "已审阅图纸。",
         "reason": "" if opinion == "AGREE" else "结构选型不合理"},
    )  # fmt: skip


def asked_by_button(reviewer, item) -> Consultation:
    browser(reviewer.account_id).post(
        reverse("hall_consultations:review", args=[item.id]), {"review": "design_experts"}
    )
    return Consultation.objects.get(requirement="design_experts")


def test_a_design_goes_on_when_three_of_five_experts_agree(design, panel):
    item = item_of(design, "review")
    reviewer = officer_of(item, now=timezone.now())
    desk = browser(reviewer.account_id)
    work = reverse("hall_applications:work", args=[item.id])
    assert "须有 3 名同意" in desk.get(work).content.decode()
    refused = pressed(desk, item.id, "AGREE")
    assert refused.status_code == 422
    assert "初步设计专家评审" in refused.content.decode()
    assert item_of(design, "review").id == item.id

    found = asked_by_button(reviewer, item)
    assert (found.join, found.ground) == ({"policy": "QUORUM", "quorum": 3}, "EXPERT_REVIEW")
    assert found.parties.count() == EXPERTS
    subject = f"application:{design}"
    assert {one.state for one in clock_list(subject, now=timezone.now())} == {"PAUSED"}
    assert "还需 3 个同意" in desk.get(work).content.decode()
    for account_id, opinion in zip(panel, ("AGREE", "REFUSE", "AGREE"), strict=False):
        answers(found.pk, account_id, opinion)
    assert "还需 1 个同意" in desk.get(work).content.decode()
    answers(found.pk, panel[3], "AGREE")

    found.refresh_from_db()
    assert (found.state, found.result) == ("CONCLUDED", "AGREE")
    last = ConsultationParty.objects.get(consultation=found.pk, account_id=panel[4])
    assert last.state == "ENDED"
    assert {one.state for one in clock_list(subject, now=timezone.now())} == {"RUNNING"}
    pressed(desk, item.id, "AGREE")
    act(design, "decide", "APPROVE")
    relay()
    assert state_of(design) == "APPROVED"


def test_three_experts_against_it_end_the_review_and_the_officer_must_say_why_otherwise(
    design, panel
):
    item = item_of(design, "review")
    reviewer = officer_of(item, now=timezone.now())
    found = asked_by_button(reviewer, item)
    for account_id in panel[:3]:
        answers(found.pk, account_id, "REFUSE")
    found.refresh_from_db()
    assert (found.state, found.result) == ("CONCLUDED", "REFUSE")
    desk = browser(reviewer.account_id)
    assert pressed(desk, item.id, "AGREE", opinion="").status_code == 422
    assert item_of(design, "review").id == item.id


def test_a_review_is_asked_for_once_and_only_of_a_panel_that_is_large_enough(design, request):
    item = item_of(design, "review")
    reviewer = officer_of(item, now=timezone.now())
    with context_use(reviewer):
        with pytest.raises(PanelMissing):
            application_review_ask(item.id, "design_experts", now=timezone.now())
        assert not Consultation.objects.exists()
        request.getfixturevalue("panel")
        application_review_ask(item.id, "design_experts", now=timezone.now())
        for key in ("design_experts", "something_else"):
            with pytest.raises(ConsultationNotFound):
                application_review_ask(item.id, key, now=timezone.now())
    assert Consultation.objects.count() == 1


# --- the planning authority's veto --------------------------------------------------------------

BRANCHES = ("planning", "construction", "environment", "city_appearance")


@pytest.fixture
def review(city, agent, project):  # noqa: F811
    """An accepted application for the joint review of a building design."""
    grant_rows(project, "filing", "site", "land", on=timezone.localdate())
    number = apply(agent, project.code, "scheme_review")
    act(number, "accept", "ACCEPT")
    return number


def says(number: str, key: str, outcome: str) -> str:
    """Let a department press its button; returns what its page said before."""
    item = item_of(number, key)
    desk = browser(officer_of(item, now=timezone.now()).account_id)
    page = desk.get(reverse("hall_applications:work", args=[item.id])).content.decode()
    words = {"reason": "不符合规划条件", "legal_basis": "《城乡规划法》第四十条"}
    pressed(desk, item.id, outcome, **(words if outcome == "REFUSE" else {}))
    return page


def open_nodes(number: str) -> set[str]:
    items = work_item_list(business_key=f"application:{number}", states=("READY", "CLAIMED"))
    return {item.node_id for item in items}


def test_the_planning_authority_alone_refuses_a_design_that_all_others_want(review):
    page = says(review, "construction", "AGREE")
    assert "有否决权" in page
    assert "还需 3 个同意" in page
    assert "还需 2 个同意" in says(review, "environment", "AGREE")
    assert open_nodes(review) == {"planning", "city_appearance"}

    says(review, "planning", "REFUSE")

    assert state_of(review) == "REFUSED"
    assert open_nodes(review) == set()
    relay()
    row = application_rows("测试").get(number=review)
    assert row.decision.reasons[0]["text"] == "不符合规划条件"


@pytest.mark.parametrize(
    ("order", "state"),
    [
        ({"planning": "AGREE", "construction": "AGREE", "environment": "AGREE"}, "APPROVED"),
        ({"construction": "REFUSE", "environment": "REFUSE"}, "REFUSED"),
        ({"city_appearance": "REFUSE", "construction": "AGREE", "environment": "AGREE",
          "planning": "AGREE"}, "APPROVED"),
    ],
)  # fmt: skip
def test_it_ends_as_soon_as_veto_and_number_decide_it(review, order, state):
    *before, last = order
    for key in before:
        act_as(review, key, order[key])
        assert state_of(review) == "HANDLING"
    act_as(review, last, order[last])
    assert state_of(review) == state
    assert open_nodes(review) == set()


def act_as(number: str, key: str, outcome: str) -> None:
    act(number, key, outcome, reason="不合格", legal_basis="《城乡规划法》第四十条")
