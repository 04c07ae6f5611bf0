"""A step given away for help (委派) and concluded in the hall: the case goes on as its model says, nothing is doubled."""

import re
from dataclasses import replace

import pytest
from django.urls import reverse

from tests.hall import test_consultations
from tests.hall.test_pack_journeys import item_of, officer_act
from tests.hall.test_suspending import items, row
from yiwang.engines.api import (
    WorkItemClosed,
    WorkItemHeld,
    clock_list,
    instance_get,
    process_put,
    work_item_delegate,
    work_item_get,
)
from yiwang.engines.workflow.models import ProcessVersion
from yiwang.engines.workflow.replay import replay
from yiwang.hall.applications.actions.work import work_conclude
from yiwang.hall.applications.models import ApplicationOpinion
from yiwang.hall.matters.models import MatterVersion
from yiwang.hall.matters.queries import STAMP
from yiwang.identity.api import account_list_by_department, context_of_account
from yiwang.kernel.api import audit_list, context_system, context_use, stamp_renew
from yiwang.sdk.errors import YiwangError

case, _seats_anew = test_consultations.case, test_consultations._seats_anew
AGREE, AGAINST = "AGREE", "DISAGREE"
WORDS = {"reason": "现场不符", "legal_basis": "《条例》第五条"}


def colleague(item, role: str, *, now):
    """Somebody else of the item's department."""
    people = account_list_by_department(item.department_id, role=role, on=now.date())
    return replace(context_of_account(people[0].id), purpose="办理办件")


def delegate(item_id: int, by, to, *, now) -> None:
    with context_use(by):
        work_item_delegate(item_id, to_account_id=to.account_id, reason="请先核实", now=now)


def conclude(item_id: int, by, outcome: str, *, now, **words) -> None:
    with context_use(by):
        work_conclude(item_id, outcome=outcome, now=now, **words)


def opinions(number: str) -> list[tuple[dict, str, str]]:
    rows = ApplicationOpinion.objects.filter(application__number=number).order_by("pk")
    return list(rows.values_list("step", "outcome", "officer_name"))


def standing(number: str, *, now) -> tuple:
    """Where a case stands: its state, open steps, what each step came to, its clocks."""
    view = instance_get(row(number).instance_id)
    told = replay(view.history)
    assert told.tokens.keys() == {token.number for token in view.tokens}
    steps = [(one.node_id, one.state, one.outcome) for one in view.items]
    clocks = [(one.kind, one.state) for one in clock_list(f"application:{number}", now=now)]
    return row(number).state, sorted(steps), sorted(clocks)


def test_a_delegated_step_comes_back_as_a_proposal_and_the_case_goes_on_as_without(case, now):
    number, reviewer = case
    item = item_of(number, "review")
    helper = colleague(item, "APPROVER", now=now)
    before = standing(number, now=now)
    delegate(item.id, reviewer, helper, now=now)
    with pytest.raises(WorkItemHeld):
        conclude(item.id, reviewer, AGREE, now=now)

    conclude(item.id, helper, AGAINST, now=now, opinion="见附件", **WORDS)

    assert [one[0]["zh"] for one in opinions(number)] == ["受理"]
    back = item_of(number, "review")
    assert (back.id, back.state, back.assignee_id) == (item.id, "CLAIMED", reviewer.account_id)
    assert [one.node_id for one in items(number)] == ["review"]
    assert standing(number, now=now)[2] == before[2]
    answer = instance_get(row(number).instance_id).history[-1]
    assert (answer.kind, answer.detail["proposed"]) == ("DELEGATE_ANSWERED", AGAINST)
    assert answer.detail["comment"] == "见附件；现场不符；《条例》第五条"
    with pytest.raises(YiwangError):
        conclude(item.id, helper, AGREE, now=now)

    conclude(item.id, reviewer, AGREE, now=now, opinion="已核实")
    assert [one[1:] for one in opinions(number)[1:]] == [(AGREE, reviewer.name)]
    assert [one.node_id for one in items(number)] == ["decide"]
    with pytest.raises(WorkItemClosed):
        conclude(item.id, reviewer, AGREE, now=now)
    officer_act(number, {"officer": "decide", "outcome": "APPROVE"}, now=now)
    ended = standing(number, now=now)
    assert ended[0] == "APPROVED"
    assert [one[:1] + one[2:] for one in ended[1]] == [
        ("accept", "ACCEPT"), ("decide", "APPROVE"), ("review", AGREE),
    ]  # fmt: skip
    acts = [one["detail"] for one in audit_list(subject=f"application:{number}", limit=50)]
    assert [one["proposed"] for one in acts if "step" in one and "proposed" in one] == [AGAINST]


SEVERAL = '<multiInstanceLoopCharacteristics isSequential="{sequential}"><loopCardinality>3</loopCardinality>{done}</multiInstanceLoopCharacteristics>'


@pytest.fixture
def reviewed_by_three(city, request):
    """The matter of the residence permit with a review of three instances, from now on."""
    sequential, done = request.param
    matter = MatterVersion.objects.filter(matter__code="320709001000").latest("pk")
    version = ProcessVersion.objects.select_related("process").get(pk=matter.process_version_id)
    several = SEVERAL.format(
        sequential=str(sequential).lower(),
        done=f"<completionCondition>{done}</completionCondition>" if done else "",
    )
    xml, found = re.subn(
        r'(<userTask id="review"[^>]*?)\s*/>', rf"\1>{several}</userTask>", version.xml
    )
    assert found == 1
    with context_use(context_system("测试")):
        put = process_put(version.process.key, xml, title=version.process.title)
        MatterVersion.objects.filter(pk=matter.pk).update(process_version_id=put.version_id)
        stamp_renew(STAMP)


def reviews(number: str) -> list[int]:
    return [one.id for one in items(number) if one.node_id == "review"]


@pytest.mark.parametrize("reviewed_by_three", [(False, "")], indirect=True)
def test_of_several_instances_only_the_delegated_one_waits_and_each_counts_once(
    reviewed_by_three, case, now
):
    number, reviewer = case
    first, second, third = reviews(number)
    helper = colleague(item_of(number, "review"), "APPROVER", now=now)
    delegate(first, reviewer, helper, now=now)
    conclude(second, reviewer, AGREE, now=now)
    conclude(first, helper, AGAINST, now=now, **WORDS)
    conclude(third, reviewer, AGREE, now=now)
    assert [one.node_id for one in items(number)] == ["review"]
    assert [one[1] for one in opinions(number)[1:]] == [AGREE, AGREE]

    conclude(first, reviewer, AGREE, now=now)

    assert [one.node_id for one in items(number)] == ["decide"]
    assert [one[1] for one in opinions(number)[1:]] == [AGREE, AGREE, AGREE]
    (done,) = [
        one
        for one in instance_get(row(number).instance_id).history
        if one.kind == "MULTI_COMPLETED"
    ]
    assert (done.detail["votes"], done.detail["done"], done.detail["total"]) == ({AGREE: 3}, 3, 3)
    standing(number, now=now)


@pytest.mark.parametrize("reviewed_by_three", [(False, "done >= 2")], indirect=True)
def test_when_the_others_decide_what_was_delegated_ends_with_them_and_is_not_asked_again(
    reviewed_by_three, case, now
):
    number, reviewer = case
    first, second, third = reviews(number)
    helper = colleague(item_of(number, "review"), "APPROVER", now=now)
    delegate(first, reviewer, helper, now=now)
    for each in (second, third):
        conclude(each, reviewer, AGREE, now=now)
    assert [one.node_id for one in items(number)] == ["decide"]
    with pytest.raises(WorkItemClosed):
        conclude(first, helper, AGAINST, now=now, **WORDS)
    assert [one[1] for one in opinions(number)[1:]] == [AGREE, AGREE]
    with context_use(context_system("测试")):
        assert work_item_get(first).state == "CANCELLED"
    standing(number, now=now)


@pytest.mark.parametrize("reviewed_by_three", [(True, "")], indirect=True)
def test_one_after_the_other_the_next_waits_until_who_delegated_concludes(
    reviewed_by_three, case, now
):
    number, reviewer = case
    (first,) = reviews(number)
    helper = colleague(item_of(number, "review"), "APPROVER", now=now)
    delegate(first, reviewer, helper, now=now)
    conclude(first, helper, AGREE, now=now)
    assert reviews(number) == [first]
    conclude(first, reviewer, AGREE, now=now)
    (second,) = reviews(number)
    assert second != first
    standing(number, now=now)


def test_who_was_asked_from_another_department_reads_the_case_and_the_proposal_is_shown(
    case, now, client, django_user_model
):
    number, reviewer = case
    item, helper = item_of(number, "review"), test_consultations.officer("housing")
    page = reverse("hall_applications:work", args=[item.id])

    def shown(who) -> tuple[int, str]:
        client.force_login(django_user_model.objects.get(pk=who.account_id))
        answer = client.get(page)
        return answer.status_code, answer.content.decode()

    assert shown(helper)[0] == 404
    delegate(item.id, reviewer, helper, now=now)
    status, text = shown(helper)
    assert (status, f"您受{reviewer.name}委派办理本环节" in text) == (200, True)
    conclude(item.id, helper, AGAINST, now=now, opinion="租赁合同已到期", **WORDS)
    assert shown(helper)[0] == 404
    text = shown(reviewer)[1]
    assert f"{helper.name}已答复委派，意见为“建议不予办理”" in text
    assert "租赁合同已到期" in text
    operations = client.get(reverse("engines_approvals:item", args=[item.id])).content.decode()
    assert "租赁合同已到期" in operations
