"""The acts: who may, when, and what a refusal leaves as it was."""

import datetime

import pytest
from django.db import DatabaseError, transaction

from yiwang.engines.workflow import actions, data, queries, registry, sweeps
from yiwang.engines.workflow.models import HistoryEvent, Timer, WorkItem
from yiwang.engines.workflow.tests.models_of_processes import (
    CARD,
    NOW,
    chain,
    flow,
    item_at,
    parallel,
    process,
    staff,
    start_process,
    user,
)
from yiwang.kernel.api import (
    RequestContext,
    audit_list,
    context_system,
    context_use,
)
from yiwang.sdk.errors import Conflict, Forbidden, Invalid

pytestmark = pytest.mark.django_db

APPROVER = staff(7, 1, "APPROVER")
COLLEAGUE = staff(8, 1, "APPROVER")
SYSTEM = context_system("test")
DAY = datetime.timedelta(days=1)
ONE = process(
    '<startEvent id="s"/>',
    user("t", outcomes="A,B,CORRECT"),
    '<endEvent id="e"/>',
    *chain("s", "t", "e"),
)


def timed(*, interrupting: bool, limit: str = "P1D") -> str:
    """One task with a timer that leads to a second task."""
    flag = "true" if interrupting else "false"
    return process(
        '<startEvent id="s"/>',
        user("t", outcomes="A,CORRECT"),
        f'<boundaryEvent id="b" attachedToRef="t" cancelActivity="{flag}" yw:limit="{limit}">'
        '<timerEventDefinition id="d"/></boundaryEvent>',
        user("late"),
        '<endEvent id="e"/>',
        '<endEvent id="e2"/>',
        *chain("s", "t", "e"),
        *chain("b", "late", "e2"),
    )


def snapshot(instance_id):
    view = queries.instance_get(instance_id)
    return (view.state, view.revision, view.variables, view.tokens, view.items)


def refused(error, instance_id, function, *args, **kwargs):
    before = snapshot(instance_id)
    with pytest.raises(error):
        function(*args, **kwargs)
    assert snapshot(instance_id) == before


def test_the_same_net_is_the_same_version_and_a_changed_one_a_new_version():
    with context_use(SYSTEM):
        first = actions.process_put("x", ONE, title={"zh": "一"})
        again = actions.process_put("x", ONE, title={"zh": "一"})
        other = actions.process_put(
            "x", ONE.replace('"t"', '"u"').replace("t__e", "u__e"), title={}
        )
    assert (first.number, first.is_new) == (1, True)
    assert (again.version_id, again.is_new) == (first.version_id, False)
    assert other.number == 2
    assert queries.process_get("x").version_id == other.version_id


def test_a_broken_process_is_refused_and_not_stored():
    with context_use(SYSTEM), pytest.raises(data.ProcessInvalid) as caught:
        actions.process_put("x", ONE.replace("APPROVER", "KING"), title={})
    assert str(caught.value) == (
        "The process x cannot run: line 4, t (t): There is no role called KING."
    )
    assert queries.process_get("x") is None


def test_publishing_needs_the_permission():
    with context_use(APPROVER), pytest.raises(Forbidden):
        actions.process_put("x", ONE, title={})


@pytest.mark.parametrize(
    "attempt",
    [
        lambda rows: rows.update(actor_name="somebody else"),
        lambda rows: rows.delete(),
        lambda rows: rows.first().save(),
    ],
    ids=["update", "delete", "save"],
)
def test_history_can_neither_be_changed_nor_deleted(attempt):
    with context_use(SYSTEM):
        instance_id = start_process(ONE)
    before = queries.instance_history(instance_id)
    with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic():
        attempt(HistoryEvent.objects.filter(instance_id=instance_id))
    assert queries.instance_history(instance_id) == before != ()


def test_a_start_names_every_department():
    with context_use(SYSTEM):
        version = actions.process_put("x", parallel(["a", "b"]), title={})
        with pytest.raises(data.DepartmentMissing, match="No department was given for b, owner"):
            actions.process_start(
                version.version_id,
                business_key="k",
                card=CARD,
                variables={},
                departments={"a": 1},
                now=NOW,
            )
    assert queries.instance_find("k") == []


def test_an_item_carries_the_card_and_waits_for_its_role(running):
    instance_id = running(ONE)
    item = item_at(instance_id, "t")
    assert (item.number, item.title["zh"], item.applicant_name) == ("0001", "开餐馆", "王某")
    assert (item.department_id, item.role, item.state) == (1, "APPROVER", "READY")
    assert queries.work_item_get(item.id).outcomes == ("A", "B", "CORRECT")


@pytest.mark.parametrize(
    "context",
    [
        staff(7, 1, "REVIEWER"),
        staff(7, 2, "APPROVER"),
        RequestContext(),
        RequestContext(
            population="CITIZEN", account_id=7, department_id=1, roles=frozenset({"APPROVER"})
        ),
    ],
)
def test_only_the_role_in_the_department_may_act(running, context):
    instance_id = running(ONE)
    item = item_at(instance_id, "t")
    with context_use(context):
        refused(data.WorkItemForbidden, instance_id, actions.work_item_claim, item.id, now=NOW)
        refused(
            data.WorkItemForbidden,
            instance_id,
            actions.work_item_complete,
            item.id,
            outcome="A",
            now=NOW,
        )


def test_who_claims_an_item_holds_it_until_it_is_released(running):
    instance_id = running(ONE)
    item = item_at(instance_id, "t")
    with context_use(APPROVER):
        actions.work_item_claim(item.id, now=NOW)
    with context_use(COLLEAGUE):
        refused(data.WorkItemHeld, instance_id, actions.work_item_claim, item.id, now=NOW)
        refused(
            data.WorkItemHeld,
            instance_id,
            actions.work_item_complete,
            item.id,
            outcome="A",
            now=NOW,
        )
    with context_use(APPROVER):
        actions.work_item_release(item.id, now=NOW)
    with context_use(COLLEAGUE):
        actions.work_item_complete(item.id, outcome="A", now=NOW, comment="同意")
    done = item_at(instance_id, "t")
    assert (done.state, done.assignee_id, done.outcome) == ("COMPLETED", 8, "A")
    assert queries.instance_get(instance_id).state == "COMPLETED"
    assert [one.id for one in queries.work_item_done_list(account_id=8)] == [item.id]


def test_a_second_completion_comes_too_late(running):
    instance_id = running(ONE)
    item = item_at(instance_id, "t")
    with context_use(APPROVER):
        actions.work_item_complete(item.id, outcome="A", now=NOW)
        refused(
            data.WorkItemClosed,
            instance_id,
            actions.work_item_complete,
            item.id,
            outcome="B",
            now=NOW,
        )
        refused(data.WorkItemClosed, instance_id, actions.work_item_claim, item.id, now=NOW)


def test_an_outcome_must_be_offered_and_a_correction_is_not_an_outcome(running):
    instance_id = running(ONE)
    item = item_at(instance_id, "t")
    with context_use(APPROVER):
        for outcome in ("C", "", "CORRECT"):
            refused(
                data.OutcomeNotAllowed,
                instance_id,
                actions.work_item_complete,
                item.id,
                outcome=outcome,
                now=NOW,
            )


def test_outcomes_and_variables_decide_the_way_on(running):
    xml = process(
        '<startEvent id="s"/>',
        user("t", outcomes="A,B"),
        '<exclusiveGateway id="x" default="x__no"/>',
        '<endEvent id="yes"/>',
        '<endEvent id="no"/>',
        *chain("s", "t", "x"),
        flow("x", "yes", "outcomes.t == 'A' and fee > 100"),
        flow("x", "no"),
    )
    ways = {}
    for outcome, fee in (("A", 200), ("A", 50), ("B", 200)):
        instance_id = running(xml, fee=fee)
        with context_use(APPROVER):
            actions.work_item_complete(item_at(instance_id, "t").id, outcome=outcome, now=NOW)
        ways[outcome, fee] = queries.instance_diagram(instance_id)["done"]
    assert ways == {
        ("A", 200): ["s", "t", "x", "yes"],
        ("A", 50): ["no", "s", "t", "x"],
        ("B", 200): ["no", "s", "t", "x"],
    }


def test_a_gateway_without_a_way_on_undoes_the_whole_act(running):
    xml = process(
        '<startEvent id="s"/>',
        user("t", outcomes="A,B"),
        '<exclusiveGateway id="x" name="哪条路"/>',
        '<endEvent id="yes"/>',
        '<endEvent id="no"/>',
        *chain("s", "t", "x"),
        flow("x", "yes", "fee > 100"),
        flow("x", "no", "fee < 100"),
    )
    instance_id = running(xml)
    item = item_at(instance_id, "t")
    with context_use(APPROVER):
        refused(
            data.NoFlowMatches,
            instance_id,
            actions.work_item_complete,
            item.id,
            outcome="A",
            now=NOW,
        )
        actions.work_item_complete(item.id, outcome="A", variables={"fee": 5}, now=NOW)
    assert queries.instance_get(instance_id).variables["fee"] == 5


def test_a_correction_makes_one_branch_wait_while_the_others_go_on(running):
    instance_id = running(parallel(["a", "b"]))
    with context_use(SYSTEM):
        actions.work_item_complete(item_at(instance_id, "accept").id, outcome="DONE", now=NOW)
    waiting = item_at(instance_id, "a")
    with context_use(staff(9, 2, "APPROVER")):
        refused(
            Invalid,
            instance_id,
            actions.work_item_request_correction,
            waiting.id,
            ground="",
            now=NOW,
        )
        actions.work_item_request_correction(waiting.id, ground="CORRECTION", now=NOW)
        refused(
            data.WorkItemSuspended,
            instance_id,
            actions.work_item_complete,
            waiting.id,
            outcome="AGREE",
            now=NOW,
        )
    item = item_at(instance_id, "a")
    assert (item.state, item.ground, item.assignee_id) == ("SUSPENDED", "CORRECTION", 9)
    with context_use(staff(10, 3, "APPROVER")):
        actions.work_item_complete(item_at(instance_id, "b").id, outcome="AGREE", now=NOW)
    with context_use(SYSTEM):
        actions.work_item_resume(waiting.id, now=NOW)
    assert item_at(instance_id, "a").state == "CLAIMED"
    with context_use(staff(9, 2, "APPROVER")):
        actions.work_item_complete(waiting.id, outcome="AGREE", now=NOW)
    assert queries.instance_get(instance_id).state == "COMPLETED"


def test_a_party_to_the_matter_may_answer_and_withdraw_and_a_stranger_may_not(running, monkeypatch):
    applicant = RequestContext(population="CITIZEN", account_id=5, subject_ref="person:5")
    monkeypatch.setattr(registry, "ACCESS", {})
    registry.instance_access_register("application:", lambda context, key: context.account_id == 5)
    instance_id = running(ONE)
    item = item_at(instance_id, "t")
    with context_use(APPROVER):
        actions.work_item_request_correction(item.id, ground="CORRECTION", now=NOW)
    stranger = RequestContext(population="CITIZEN", account_id=6)
    with context_use(stranger):
        refused(Forbidden, instance_id, actions.work_item_resume, item.id, now=NOW)
        refused(Forbidden, instance_id, actions.instance_withdraw, instance_id, reason="x", now=NOW)
        assert not queries.instance_may_see(instance_id, stranger)
    with context_use(applicant):
        actions.work_item_resume(item.id, now=NOW)
        assert queries.instance_may_see(instance_id, applicant)
        actions.instance_withdraw(instance_id, reason="不办了", now=NOW)
    assert queries.instance_get(instance_id).state == "WITHDRAWN"


def test_a_transfer_to_a_person_reaches_over_departments_but_not_over_roles(running):
    instance_id = running(ONE)
    item = item_at(instance_id, "t")
    with context_use(APPROVER):
        refused(
            Invalid,
            instance_id,
            actions.work_item_transfer,
            item.id,
            to_account_id=20,
            reason=" ",
            now=NOW,
        )
        refused(Invalid, instance_id, actions.work_item_transfer, item.id, reason="x", now=NOW)
        actions.work_item_transfer(item.id, to_account_id=20, reason="专长", now=NOW)
        refused(
            data.WorkItemHeld,
            instance_id,
            actions.work_item_complete,
            item.id,
            outcome="A",
            now=NOW,
        )
    with context_use(staff(20, 99, "REVIEWER")):
        refused(
            data.WorkItemForbidden,
            instance_id,
            actions.work_item_complete,
            item.id,
            outcome="A",
            now=NOW,
        )
    with context_use(staff(20, 99, "APPROVER")):
        actions.work_item_complete(item.id, outcome="A", now=NOW)
    assert queries.instance_get(instance_id).state == "COMPLETED"


def test_a_transfer_to_a_department_opens_the_item_there(running):
    instance_id = running(ONE)
    item = item_at(instance_id, "t")
    with context_use(APPROVER):
        actions.work_item_claim(item.id, now=NOW)
        actions.work_item_transfer(item.id, to_department_id=2, reason="职责在彼", now=NOW)
        refused(
            data.WorkItemForbidden,
            instance_id,
            actions.work_item_complete,
            item.id,
            outcome="A",
            now=NOW,
        )
    moved = item_at(instance_id, "t")
    assert (moved.department_id, moved.state, moved.assignee_id) == (2, "READY", None)


def test_a_suspended_instance_refuses_work_and_comes_back_as_it_was(running):
    instance_id = running(parallel(["a", "b", "c"]))
    with context_use(SYSTEM):
        actions.work_item_complete(item_at(instance_id, "accept").id, outcome="DONE", now=NOW)
        actions.work_item_claim(item_at(instance_id, "a").id, account_id=30, now=NOW)
        actions.work_item_request_correction(
            item_at(instance_id, "b").id, ground="HEARING", now=NOW
        )
        actions.instance_suspend(instance_id, reason="检查", now=NOW)
        states = {item.node_id: item.state for item in queries.instance_get(instance_id).items}
        assert states == {
            "accept": "COMPLETED",
            "a": "SUSPENDED",
            "b": "SUSPENDED",
            "c": "SUSPENDED",
        }
        item = item_at(instance_id, "c")
        refused(
            data.WorkItemSuspended,
            instance_id,
            actions.work_item_complete,
            item.id,
            outcome="AGREE",
            now=NOW,
        )
        refused(
            data.InstanceNotRunning,
            instance_id,
            actions.instance_suspend,
            instance_id,
            reason="",
            now=NOW,
        )
        actions.work_item_resume(item_at(instance_id, "b").id, now=NOW)
        assert item_at(instance_id, "b").state == "SUSPENDED"
        actions.instance_resume(instance_id, now=NOW)
        states = {item.node_id: item.state for item in queries.instance_get(instance_id).items}
        assert states == {"accept": "COMPLETED", "a": "CLAIMED", "b": "READY", "c": "READY"}


def test_a_withdrawal_ends_every_branch_at_once(running):
    instance_id = running(parallel(["a", "b", "c"]))
    with context_use(SYSTEM):
        actions.work_item_complete(item_at(instance_id, "accept").id, outcome="DONE", now=NOW)
        actions.work_item_complete(item_at(instance_id, "a").id, outcome="AGREE", now=NOW)
        actions.work_item_request_correction(
            item_at(instance_id, "b").id, ground="HEARING", now=NOW
        )
        actions.instance_withdraw(instance_id, reason="不办了", now=NOW)
    view = queries.instance_get(instance_id)
    assert {item.node_id: item.state for item in view.items} == {
        "accept": "COMPLETED",
        "a": "COMPLETED",
        "b": "WITHDRAWN",
        "c": "WITHDRAWN",
    }
    assert (view.state, view.tokens, view.ended_at) == ("WITHDRAWN", (), NOW)


def test_a_timer_beside_the_task_fires_once_and_leaves_the_task_open(running):
    instance_id = running(timed(interrupting=False))
    assert sweeps.timer_sweep(NOW + DAY - datetime.timedelta(seconds=1)) == 0
    assert sweeps.timer_sweep(NOW + DAY) == 1
    assert sweeps.timer_sweep(NOW + DAY) == 0
    view = queries.instance_get(instance_id)
    assert {item.node_id: item.state for item in view.items} == {"t": "READY", "late": "READY"}
    fired = [event for event in view.history if event.kind == "TIMER_FIRED"]
    assert [(event.node_id, event.actor_name) for event in fired] == [("b", "定时巡检")]


def test_a_timer_in_place_of_the_task_cancels_it(running):
    instance_id = running(timed(interrupting=True))
    item = item_at(instance_id, "t")
    assert sweeps.timer_sweep(NOW + DAY) == 1
    view = queries.instance_get(instance_id)
    assert {one.node_id: one.state for one in view.items} == {"t": "CANCELLED", "late": "READY"}
    with context_use(APPROVER):
        refused(
            data.WorkItemClosed,
            instance_id,
            actions.work_item_complete,
            item.id,
            outcome="A",
            now=NOW,
        )


def test_a_finished_task_takes_its_timer_with_it(running):
    instance_id = running(timed(interrupting=True))
    with context_use(APPROVER):
        actions.work_item_complete(item_at(instance_id, "t").id, outcome="A", now=NOW)
    assert Timer.objects.get(instance_id=instance_id).state == "CANCELLED"
    assert sweeps.timer_sweep(NOW + 9 * DAY) == 0


def test_timers_stand_still_while_a_task_waits_for_a_correction(running):
    instance_id = running(timed(interrupting=True))
    item = item_at(instance_id, "t")
    half = datetime.timedelta(hours=12)
    with context_use(APPROVER):
        actions.work_item_request_correction(item.id, ground="CORRECTION", now=NOW + half)
        assert sweeps.timer_sweep(NOW + 9 * DAY) == 0
        actions.work_item_resume(item.id, now=NOW + 9 * DAY)
    assert Timer.objects.get(instance_id=instance_id).due_at == NOW + 9 * DAY + half


def test_a_working_day_timer_waits_for_its_calendar(running, django_db_blocker):
    instance_id = running(timed(interrupting=False, limit="5 working days"))
    assert Timer.objects.get(instance_id=instance_id).due_at is None
    assert sweeps.timer_sweep(NOW + 100 * DAY) == 0


def test_a_clocks_due_date_is_mirrored_into_the_open_items(running):
    instance_id = running(parallel(["a", "b"]))
    with context_use(SYSTEM):
        actions.work_item_complete(item_at(instance_id, "accept").id, outcome="DONE", now=NOW)
        due, warn = NOW + 3 * DAY, NOW + 2 * DAY
        assert actions.work_item_due_set("application:1", branch="a", due_at=due, warn_at=warn) == 1
    a, b = item_at(instance_id, "a"), item_at(instance_id, "b")
    assert [a.light(NOW + n * DAY) for n in (1, 2, 3, 4)] == ["GREEN", "YELLOW", "YELLOW", "RED"]
    assert (b.due_at, b.light(NOW)) == (None, "NONE")


def test_a_service_runs_in_the_step_and_its_failure_undoes_it(running, services, monkeypatch):
    xml = process(
        '<startEvent id="s"/>',
        user("t"),
        '<serviceTask id="v" yw:service="hall.applications.issue"/>',
        '<endEvent id="e"/>',
        *chain("s", "t", "v", "e"),
    )
    instance_id = running(xml)
    item = item_at(instance_id, "t")
    from yiwang.engines.workflow import activities

    def fail(call):
        WorkItem.objects.filter(pk=item.id).update(number="touched")
        raise Conflict()

    issue = activities.SERVICES["hall.applications.issue"]
    activities.SERVICES["hall.applications.issue"] = fail
    with context_use(APPROVER):
        refused(Conflict, instance_id, actions.work_item_complete, item.id, outcome="DONE", now=NOW)
        activities.SERVICES["hall.applications.issue"] = lambda call: issue(call) or {"licence": 5}
        actions.work_item_complete(item.id, outcome="DONE", now=NOW)
    view = queries.instance_get(instance_id)
    assert (view.state, view.variables["licence"]) == ("COMPLETED", 5)
    assert services == [("hall.applications.issue", {"outcomes": {"t": "DONE"}, "outcome": "DONE"})]


def test_a_circle_of_automatic_steps_is_stopped(running):
    xml = process(
        '<startEvent id="s"/>',
        user("t"),
        '<exclusiveGateway id="x" default="x__y"/>',
        '<exclusiveGateway id="y"/>',
        '<endEvent id="e"/>',
        *chain("s", "t", "y", "x", "y"),
        flow("x", "e", "never"),
    )
    instance_id = running(xml)
    item = item_at(instance_id, "t")
    from yiwang.engines.workflow.data import ProcessStuck

    with context_use(APPROVER):
        refused(
            ProcessStuck, instance_id, actions.work_item_complete, item.id, outcome="DONE", now=NOW
        )


def test_every_act_leaves_an_audit_row(running):
    instance_id = running(ONE)
    item = item_at(instance_id, "t")
    with context_use(APPROVER):
        actions.work_item_claim(item.id, now=NOW)
        actions.work_item_complete(item.id, outcome="A", now=NOW)
    acts = [row["act"] for row in audit_list(subject="application:1")]
    assert sorted(acts) == [
        "engines.workflow.process_start",
        "engines.workflow.work_item_claim",
        "engines.workflow.work_item_complete",
    ]
