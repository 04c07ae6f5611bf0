"""Suspending, resuming and terminating a whole case: who may, what is kept, who is asked."""

import datetime
from dataclasses import replace

import pytest

from yiwang.engines.workflow import actions, queries, registry
from yiwang.engines.workflow.tests.models_of_processes import (
    NOW,
    item_at,
    parallel,
    staff,
    start_process,
)
from yiwang.engines.workflow.tests.test_elements import stands
from yiwang.engines.workflow.tests.test_operations import refused
from yiwang.kernel.api import context_system, context_use
from yiwang.sdk.errors import Forbidden, Invalid

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def system():
    with context_use(context_system("test")):
        yield


def head(department_id: int):
    return replace(
        staff(90, department_id, "DEPARTMENT_HEAD"),
        permissions=frozenset({"engines.workflow.hold"}),
    )


def test_terminating_ends_all_branches_and_is_for_the_head_of_the_department_in_charge():
    instance = start_process(parallel(["a", "b"]))
    actions.work_item_complete(item_at(instance, "accept").id, outcome="DONE", now=NOW)
    for who in (staff(11, 1, "APPROVER"), staff(91, 1, "DEPARTMENT_HEAD"), head(2), head(99)):
        with context_use(who):
            refused(Forbidden, instance, actions.instance_terminate, instance, reason="x")
            refused(Forbidden, instance, actions.instance_suspend, instance, reason="x")
    with context_use(head(1)):
        refused(Invalid, instance, actions.instance_terminate, instance, reason=" ")
        actions.instance_terminate(instance, reason="依法终止", now=NOW)
    assert stands(instance) == ["TERMINATED"]
    assert item_at(instance, "a").state == "CANCELLED"


def test_each_suspension_is_kept_with_what_was_stated_and_how_it_ended():
    instance = start_process(parallel(["a", "b"]))
    stated = {"ground": "HEARING", "document": "听字1号", "expected_days": 5}
    with context_use(head(1)):
        actions.instance_suspend(instance, reason="听证", now=NOW, **stated)
        actions.instance_resume(instance, reason="听证结束", now=NOW + DAY)
        actions.instance_suspend(instance, reason="再次", now=NOW + 2 * DAY)
        actions.instance_terminate(instance, reason="依法终止", now=NOW + 3 * DAY)
    first, second = queries.instance_hold_list(instance)
    assert (first.ground, first.document, first.expected_days) == ("HEARING", "听字1号", 5)
    assert (first.reason, first.suspended_at, first.suspended_by) == ("听证", NOW, "staff 90")
    assert (first.end, first.end_reason, first.ended_at) == ("RESUMED", "听证结束", NOW + DAY)
    assert (second.end, second.ended_at, second.department_id) == ("TERMINATED", NOW + 3 * DAY, 1)


def test_what_the_owner_refuses_is_not_done_at_all(monkeypatch):
    def refuse(change):
        raise Invalid(fields={"ground": [change.kind]})

    monkeypatch.setattr(registry, "OWNERS", {"application:": registry.InstanceOwner(refuse)})
    instance = start_process(parallel(["a", "b"]))
    refused(Invalid, instance, actions.instance_suspend, instance, reason="x")
    refused(Invalid, instance, actions.instance_terminate, instance, reason="x")
    assert queries.instance_hold_list(instance) == []
