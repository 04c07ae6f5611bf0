"""Pages of approval practice: what an officer does with an item, who acts for whom, moving running cases."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from tests.architecture.world import World
from yiwang.engines.approvals import queries
from yiwang.engines.workflow import actions
from yiwang.engines.workflow.data import WorkCard
from yiwang.engines.workflow.models import HistoryEvent, ProcessInstance, Proxy, WorkItem
from yiwang.engines.workflow.queries import instance_get
from yiwang.engines.workflow.tests.models_of_processes import chain, process, user
from yiwang.identity.api import account_find, accounts_load, posts_load
from yiwang.kernel.api import audit_list, context_system, context_use

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
HOME = "/engines/approvals/"
TITLE = {"zh": "开店", "en": "Open a shop"}
STEPS = process(
    '<startEvent id="s"/>',
    user("review", role="REVIEWER"),
    user("decide"),
    '<endEvent id="e"/>',
    *chain("s", "review", "decide", "e"),
)
OTHER = STEPS.replace('id="decide" name="decide"', 'id="resolve" name="复核"').replace(
    '"decide"', '"resolve"'
)
USCC = "91320500MATRIX0001"


@pytest.fixture
def world(db):
    """One department with a reviewer, an approver, a second approver and a head."""
    found = World(("REVIEWER", "APPROVER", "DEPARTMENT_HEAD", "SYSTEM_ADMIN"))
    post = {"department_uscc": USCC, "title": "审批二岗"}
    with context_use(context_system("test")):
        posts_load([post | {"roles": ["APPROVER"]}], now=NOW)
        accounts_load(
            [{"username": "second", "population": "STAFF", "name": "秦思远", "posts": [post]}],
            now=NOW,
        )
    found.second = account_find("second").id
    return found


def begin(world, xml=STEPS, *, done=(), key="city.shop"):
    with context_use(context_system("test")):
        version = actions.process_put(key, xml, title=TITLE).version_id
        instance = actions.process_start(
            version,
            business_key=f"application:{ProcessInstance.objects.count() + 1}",
            card=WorkCard("application:1", "0001", TITLE, "王某", "/x/"),
            variables={},
            departments={"owner": world.own_department},
            now=NOW,
        )
        for node in done:
            actions.work_item_complete(item_at(instance, node), outcome="DONE", now=NOW)
    return instance


def item_at(instance, node):
    rows = WorkItem.objects.filter(instance=instance, node_id=node, closed_at__isnull=True)
    return rows.values_list("pk", flat=True).get()


def post(client, item, act, **more):
    return client.post(f"{HOME}items/{item}/", {"act": act, "reason": "事由", **more})


def kinds(instance):
    wanted = queries.OPERATIONS
    return [one.kind for one in instance_get(instance).history if one.kind in wanted]


def test_an_item_is_returned_to_a_finished_step_with_a_reason(world):
    instance = begin(world, done=["review"])
    item, client = item_at(instance, "decide"), world.client("APPROVER")
    page = client.get(f"{HOME}items/{item}/").content.decode()
    assert "review" in page
    assert post(client, item, "return", to_node="review", reason=" ").status_code == 422
    assert post(client, item, "return", to_node="").status_code == 422
    assert kinds(instance) == []
    assert post(client, item, "return", to_node="review").status_code == 302
    assert kinds(instance) == ["RETURNED"]
    assert WorkItem.objects.get(pk=item_at(instance, "review")).state == "READY"


def test_an_item_is_delegated_and_comes_back_and_is_handed_on(world):
    instance = begin(world, done=["review"])
    item = item_at(instance, "decide")
    client, second = world.client("APPROVER"), world.second
    assert post(client, item, "delegate", person=second).status_code == 302
    row = WorkItem.objects.get(pk=item)
    assert (row.assignee_id, row.delegated_by) == (second, world.account_id("APPROVER"))
    refused = post(client, item, "delegate", person=second)
    assert refused.status_code == 422
    assert kinds(instance) == ["DELEGATED"]
    with context_use(context_system("test")):
        actions.work_item_complete(item, outcome="DONE", comment="可以", now=NOW)
    assert post(client, item, "transfer", username="nobody").status_code == 422
    assert post(client, item, "transfer", username="second").status_code == 302
    assert kinds(instance) == ["DELEGATED", "DELEGATE_ANSWERED", "TRANSFERRED"]
    assert WorkItem.objects.get(pk=item).assignee_id == second
    assert post(client, item, "delegate", person=second).status_code == 422
    acts = [one["act"] for one in audit_list(subject=row.business_key)]
    assert "engines.workflow.work_item_transfer" in acts


def test_signers_are_added_and_taken_off_and_the_holder_is_urged_once_a_day(world):
    instance = begin(world, done=["review"])
    item, client = item_at(instance, "decide"), world.client("APPROVER")
    assert post(client, item, "sign", how="BEFORE").status_code == 422
    asked = post(client, item, "sign", how="BEFORE", people=[world.second])
    assert asked.status_code == 302
    assert WorkItem.objects.get(pk=item).paused_by == "SIGNERS"
    page = client.get(f"{HOME}items/{item}/").content.decode()
    assert "秦思远" in page
    assert post(client, item, "unsign", person=world.second).status_code == 302
    assert WorkItem.objects.get(pk=item).paused_by == ""
    assert kinds(instance) == ["SIGNER_ADDED", "SIGNER_REMOVED"]
    head = world.client("DEPARTMENT_HEAD")
    assert post(head, item, "urge").status_code == 302
    assert post(head, item, "urge").status_code == 422
    assert kinds(instance) == ["SIGNER_ADDED", "SIGNER_REMOVED", "URGED"]


def test_what_one_has_just_finished_is_taken_back_by_oneself_only(world):
    instance = begin(world)
    item, reviewer = item_at(instance, "review"), world.client("REVIEWER")
    with context_use(context_system("test")):
        actions.work_item_transfer(
            item, to_account_id=world.account_id("REVIEWER"), reason="x", now=NOW
        )
    from yiwang.identity.api import context_of_account

    with context_use(context_of_account(world.account_id("REVIEWER"))):
        actions.work_item_complete(item, outcome="DONE", now=NOW)
    assert post(world.client("APPROVER"), item, "recall").status_code in (403, 422)
    assert "RECALLED" not in kinds(instance)
    assert post(reviewer, item, "recall").status_code == 302
    assert kinds(instance)[-1] == "RECALLED"
    assert WorkItem.objects.get(pk=item_at(instance, "review")).state in ("READY", "CLAIMED")


def test_another_department_neither_sees_nor_moves_an_item(world):
    instance = begin(world, done=["review"])
    item = item_at(instance, "decide")
    ProcessInstance.objects.filter(pk=instance).update(
        departments={"owner": world.other_department}
    )
    WorkItem.objects.filter(pk=item).update(department_id=world.other_department)
    for persona in ("APPROVER", "DEPARTMENT_HEAD"):
        client = world.client(persona)
        assert client.get(f"{HOME}items/{item}/").status_code == 403
        assert post(client, item, "urge").status_code == 403
    assert kinds(instance) == []


def test_a_deputy_sees_whose_items_they_are_and_does_them_while_it_lasts(world):
    instance = begin(world, done=["review"])
    item = item_at(instance, "decide")
    with context_use(context_system("test")):
        actions.work_item_transfer(
            item, to_account_id=world.account_id("APPROVER"), reason="x", now=timezone.now()
        )
    approver, second = world.client("APPROVER"), world.client("REVIEWER")
    today = timezone.localdate()
    form = {"username": "reviewer", "from_date": today, "to_date": today, "reason": "公出"}
    assert post(second, item, "transfer", username="second").status_code == 422
    past = form | {"to_date": today - timedelta(days=1)}
    assert approver.post(f"{HOME}deputies/", past).status_code == 422
    assert Proxy.objects.count() == 0
    assert approver.post(f"{HOME}deputies/", form).status_code == 302
    shown = second.get(f"{HOME}acting/").content.decode()
    assert "APPROVER" in shown
    assert f"{HOME}items/{item}/" in shown
    assert "APPROVER" in second.get(f"{HOME}items/{item}/").content.decode()
    assert post(second, item, "transfer", username="second").status_code == 302
    event = HistoryEvent.objects.filter(instance=instance, kind="TRANSFERRED").latest("seq")
    assert event.actor_id == world.account_id("REVIEWER")
    assert world.account_id("APPROVER") in event.detail.values()
    proxy = Proxy.objects.get()
    assert (
        world.client("DEPARTMENT_HEAD").post(f"{HOME}deputies/{proxy.pk}/end/").status_code == 403
    )
    assert second.post(f"{HOME}deputies/{proxy.pk}/end/").status_code == 302
    assert f"{HOME}items/{item}/" not in second.get(f"{HOME}acting/").content.decode()


def test_a_colleague_of_the_same_post_as_deputy_does_what_the_absent_one_has_taken(world):
    instance = begin(world, done=["review"])
    item = item_at(instance, "decide")
    with context_use(context_system("test")):
        actions.work_item_transfer(
            item, to_account_id=world.account_id("APPROVER"), reason="x", now=NOW
        )
    from yiwang.engines.workflow.data import WorkItemHeld
    from yiwang.engines.workflow.proxies import proxy_put
    from yiwang.identity.api import context_of_account

    deputy = context_of_account(world.second)
    with context_use(deputy), pytest.raises(WorkItemHeld):
        actions.work_item_complete(item, outcome="DONE", now=NOW)
    with context_use(context_system("test")):
        proxy_put(
            world.second,
            starts_at=NOW,
            ends_at=NOW + timedelta(days=1),
            reason="公出",
            roles=["APPROVER"],
            department_ids=[world.own_department],
            principal=(world.account_id("APPROVER"), "审批员"),
        )
    assert [one.item.id for one in queries.acting_list(deputy, now=NOW)] == [item]
    with context_use(deputy):
        actions.work_item_complete(item, outcome="DONE", now=NOW)
    assert WorkItem.objects.get(pk=item).state == "COMPLETED"


def test_running_cases_move_all_or_none_after_a_rehearsal(world):
    first, second = begin(world), begin(world, done=["review"])
    with context_use(context_system("test")):
        newest = actions.process_put("city.shop", OTHER, title=TITLE).version_id
    client, address = world.client("SYSTEM_ADMIN"), f"{HOME}migrations/city.shop/"
    old = ProcessInstance.objects.get(pk=first).version_id
    assert client.get(f"{HOME}migrations/").status_code == 200
    assert client.get(address).status_code == 200
    form = {"from": old, "to": newest, "reason": "改名"}
    refused = client.post(address, form | {"act": "move"})
    assert refused.status_code == 422
    assert "decide" in refused.content.decode()
    assert set(ProcessInstance.objects.values_list("version_id", flat=True)) == {old}
    assert client.post(address, form | {"act": "plan", "mapping": "decide"}).status_code == 422
    mapped = form | {"mapping": "decide = resolve"}
    planned = client.post(address, mapped | {"act": "plan"})
    assert planned.status_code == 200
    assert set(ProcessInstance.objects.values_list("version_id", flat=True)) == {old}
    assert client.post(address, mapped | {"act": "move"}).status_code == 302
    assert set(ProcessInstance.objects.values_list("version_id", flat=True)) == {newest}
    assert item_at(second, "resolve")
    assert world.client("DEPARTMENT_HEAD").get(address).status_code == 403
