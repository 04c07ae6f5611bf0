"""Pages about whole cases: suspending, resuming, terminating, and what stands suspended."""

from datetime import UTC, datetime

import pytest

from tests.architecture.world import World
from yiwang.engines.approvals.tests.test_approvals import STEPS, begin, item_at
from yiwang.engines.workflow.models import InstanceHold, ProcessInstance, WorkItem
from yiwang.engines.workflow.queries import instance_get, instance_hold_list
from yiwang.kernel.api import audit_list

HOME = "/engines/approvals/"
GIVEN = {"act": "suspend", "ground": "HEARING", "document": "听字〔2026〕1号", "days": "10"}


@pytest.fixture
def world(db):
    """One department with a reviewer, an approver and a head, and those who watch."""
    return World(("REVIEWER", "APPROVER", "DEPARTMENT_HEAD", "SUPERVISOR"))


def post(client, instance, **given):
    return client.post(f"{HOME}cases/{instance}/", {"reason": "依法", **given})


def test_the_head_suspends_a_case_with_ground_document_and_reason_and_resumes_it(world, changes):
    instance, head = begin(world, STEPS), world.client("DEPARTMENT_HEAD")
    item = item_at(instance, "review")
    assert f"{HOME}cases/{instance}/" in head.get(f"{HOME}items/{item}/").content.decode()
    page = head.get(f"{HOME}cases/{instance}/").content.decode()
    assert "The fee goes back." in page
    assert post(head, instance, **GIVEN).status_code == 302
    (change,) = changes
    assert (change.kind, change.ground, change.document, change.expected_days, change.reason) == (
        "SUSPENDED", "HEARING", "听字〔2026〕1号", 10, "依法",
    )  # fmt: skip
    row = WorkItem.objects.get(pk=item)
    assert (row.state, row.paused_by) == ("SUSPENDED", "INSTANCE")
    page = head.get(f"{HOME}cases/{instance}/").content.decode()
    assert "听字〔2026〕1号" in page
    assert 'value="resume"' in page
    assert 'value="suspend"' not in page
    assert "bi-exclamation-triangle" in head.get(f"{HOME}items/{item}/").content.decode()
    assert post(head, instance, act="resume", reason="听证结束").status_code == 302
    assert [one.kind for one in changes] == ["SUSPENDED", "RESUMED"]
    assert changes[1].ground == "HEARING"
    assert WorkItem.objects.get(pk=item).state == "READY"
    page = head.get(f"{HOME}cases/{instance}/").content.decode()
    assert "听证结束" in page
    acts = [one["act"] for one in audit_list(subject=row.business_key)]
    assert {"engines.workflow.instance_suspend", "engines.workflow.instance_resume"} <= set(acts)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (GIVEN | {"reason": " "}, "f-suspend-reason"),
        (GIVEN | {"days": "many"}, "f-suspend-days"),
        (GIVEN | {"days": "0"}, "f-suspend-days"),
        ({"act": "terminate", "basis": "第一条"}, "f-terminate-sure"),
        ({"act": "terminate", "sure": "1", "reason": ""}, "f-terminate-reason"),
        ({"act": "resume"}, ""),
        ({"act": "close"}, ""),
    ],
)
def test_what_is_missing_is_told_beside_its_field_and_nothing_is_done(world, changes, given, field):
    instance = begin(world, STEPS)
    answer = post(world.client("DEPARTMENT_HEAD"), instance, **given)
    assert answer.status_code == 422
    assert f'id="{field}-errors"' in answer.content.decode() or not field
    assert ProcessInstance.objects.get(pk=instance).state == "RUNNING"
    assert changes == []
    assert InstanceHold.objects.count() == 0


def test_the_head_terminates_a_case_for_good_even_a_suspended_one(world, changes):
    instance, head = begin(world, STEPS), world.client("DEPARTMENT_HEAD")
    item = item_at(instance, "review")
    post(head, instance, **GIVEN)
    given = {"act": "terminate", "basis": "《条例》第三条", "sure": "1", "reason": "申请人已注销"}
    assert post(head, instance, **given).status_code == 302
    assert (changes[-1].kind, changes[-1].basis) == ("TERMINATED", "《条例》第三条")
    assert instance_get(instance).state == "TERMINATED"
    assert WorkItem.objects.get(pk=item).state == "CANCELLED"
    assert [one.end for one in instance_hold_list(instance)] == ["TERMINATED"]
    page = head.get(f"{HOME}cases/{instance}/").content.decode()
    assert 'name="act"' not in page
    assert post(head, instance, **given).status_code == 422


def test_only_the_head_of_the_department_in_charge_decides_on_a_whole_case(world, changes):
    instance = begin(world, STEPS)
    for persona in ("REVIEWER", "APPROVER", "SUPERVISOR"):
        client = world.client(persona)
        assert client.get(f"{HOME}cases/{instance}/").status_code == 403
        assert post(client, instance, **GIVEN).status_code == 403
    ProcessInstance.objects.filter(pk=instance).update(
        departments={"owner": world.other_department, "branch": world.own_department}
    )
    head = world.client("DEPARTMENT_HEAD")
    assert head.get(f"{HOME}cases/{instance}/").status_code == 403
    assert post(head, instance, **GIVEN).status_code == 403
    assert changes == []


def test_what_is_suspended_stands_in_a_list_the_longest_first(world):
    head, supervisor = world.client("DEPARTMENT_HEAD"), world.client("SUPERVISOR")
    first, second, third = (begin(world, STEPS) for _ in range(3))
    post(head, second, **GIVEN | {"days": "1"})
    post(head, first, **GIVEN | {"ground": "TESTING"})
    InstanceHold.objects.filter(instance=second).update(
        suspended_at=datetime(2026, 11, 2, 2, tzinfo=UTC)
    )
    page = head.get(f"{HOME}suspended/").content.decode()
    assert page.index(f"cases/{second}/") < page.index(f"cases/{first}/")
    assert f"cases/{third}/" not in page
    only = head.get(f"{HOME}suspended/?ground=TESTING").content.decode()
    assert f"cases/{first}/" in only
    assert f"cases/{second}/" not in only
    InstanceHold.objects.filter(instance=first).update(department_id=world.other_department)
    assert f"cases/{first}/" not in head.get(f"{HOME}suspended/").content.decode()
    watched = supervisor.get(f"{HOME}suspended/").content.decode()
    assert watched.count("听字〔2026〕1号") == 2
    assert f"cases/{first}/" not in watched
    assert world.client("REVIEWER").get(f"{HOME}suspended/").status_code == 403
