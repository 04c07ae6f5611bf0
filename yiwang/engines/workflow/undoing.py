"""Going back (退回、撤回): to an earlier step, by undoing what followed from it and nothing else."""

import datetime

from yiwang.engines.workflow import data, engine
from yiwang.engines.workflow.causality import (
    Causes,
    Undo,
    causes_of,
    finishes,
    outcomes_left,
    undo_plan,
)
from yiwang.engines.workflow.data import ActRefused, WorkItemNotFound
from yiwang.engines.workflow.items import RUNNING, is_system, item_audit, item_open, item_workable
from yiwang.engines.workflow.models import WorkItem
from yiwang.engines.workflow.queries import instance_history
from yiwang.engines.workflow.step import MULTI, SCOPE, Arrival, Step
from yiwang.kernel.api import action
from yiwang.sdk.errors import N_, Forbidden, Invalid

NOT_EARLIER = N_("this step did not come before it on the same way")
NEVER_DONE = N_("that step has not been finished")
OLD = N_("the process has changed its version, or began before the engine kept what this needs")
ACTED_ON = N_("somebody has acted on it since, or a service has run")
SIGNER = N_("an added signer gives an opinion; only the item itself can be returned")

AUTOMATIC_KINDS = frozenset(
    "PASSED OPENED ARRIVED WAITING SCOPE_OPENED SPLIT MULTI_OPENED JOINED ENDED SCOPE_COMPLETED"
    " BLOCK_ENDED MULTI_COMPLETED".split()
)
EFFECTS = frozenset({data.SERVICE, data.SEND, data.THROW})


def _blocks(step: Step, causes: Causes) -> frozenset[int]:
    nodes = step.net.nodes
    return frozenset(
        number
        for number, token in causes.tokens.items()
        if token.state == SCOPE
        and token.event.node_id in nodes
        and nodes[token.event.node_id].kind == data.INCLUSIVE
    )


def _plan(step: Step, causes: Causes, seq: int, *, token_number: int) -> Undo:
    """Work out an undo and check that the tokens it speaks of are those that are there."""
    plan = undo_plan(causes, seq, blocks=_blocks(step, causes))
    if plan.refusal:
        return plan
    if token_number not in plan.withdrawn:
        return Undo(refusal=NOT_EARLIER)
    opened = [causes.tokens[number].event.node_id for number in (*plan.restored, plan.token)]
    is_known = all(node_id in step.net.nodes for node_id in opened)
    if not is_known or not step.marks.keys() >= set(plan.withdrawn):
        return Undo(refusal=OLD)
    return plan


def _undo(step: Step, causes: Causes, plan: Undo, *, kind: str, node_id: str, **detail) -> None:
    """Withdraw what followed, put back what was used up, open the step anew (执行退回)."""
    outcomes, last = outcomes_left(causes, plan.undone)
    withdrawn = step.withdraw(plan.withdrawn)
    step.merge({"outcomes": outcomes, "outcome": last})
    step.log(
        kind,
        node_id,
        withdrawn=withdrawn,
        restored=list(plan.restored),
        undone=plan.seq,
        reopened=plan.token,
        outcomes=outcomes,
        **detail,
    )
    for number in plan.restored:
        made = causes.tokens[number]
        event = made.event
        node = step.net.nodes[event.node_id]
        arrival = Arrival(node.id, event.detail.get("flow", ""), made.scope)
        step.put_back(number, node, made.state, arrival)
    made = causes.tokens[plan.token].event
    arrival = Arrival(
        made.node_id,
        made.detail.get("flow", ""),
        made.detail.get("scope", 0),
        made.detail.get("from", 0),
        detail.get("own"),
    )
    step.queue.append(arrival)


@action("engines.workflow.work_item_return")
def work_item_return(item_id: int, *, to_node: str, reason: str, now: datetime.datetime) -> None:
    """Send a case back to an earlier step (退回): what followed from that step is withdrawn.

    Parallel branches that did not follow from it go on; what they brought to a join waits there
    again. Services that ran are not undone. Raises `ActRefused` with the reason where going back has
    no meaning: `return_targets` lists where it has.
    """
    step, item = item_open(item_id, now)
    item_workable(step, item)
    if not reason.strip():
        raise Invalid(fields={"reason": [N_("State the reason.")]})
    if step.instance.state != RUNNING:
        raise data.InstanceNotRunning(state=step.instance.state)
    causes, plan = _return_plan(step, item, to_node)
    if plan.refusal:
        raise ActRefused(reason=plan.refusal)
    by = step.context.account_id or item.assignee_id
    detail = {"token": item.token_number, "to": to_node, "reason": reason}
    _undo(step, causes, plan, kind="RETURNED", node_id=item.node_id, **detail, by=by)
    engine.advance(step)
    step.save()
    WorkItem.objects.filter(pk=item.pk).update(outcome="RETURN")
    item_audit(item, to=to_node, reason=reason)


def _return_plan(step: Step, item: WorkItem, to_node: str) -> tuple[Causes, Undo]:
    causes = causes_of(instance_history(item.instance_id))
    if (step.marks[item.token_number].data or {}).get("signer"):
        return causes, Undo(refusal=SIGNER)
    seq = finishes(causes).get(to_node)
    if seq is None:
        return causes, Undo(refusal=NEVER_DONE)
    return causes, _plan(step, causes, seq, token_number=item.token_number)


def return_targets(item_id: int, *, now: datetime.datetime) -> list[dict[str, object]]:
    """List the steps to which an item may be returned (可退回环节), latest first: id, name {zh, en}."""
    item = WorkItem.objects.filter(pk=item_id).select_related("instance__version").first()
    if item is None:
        raise WorkItemNotFound()
    step = Step(item.instance, now=now)
    if item.closed_at is not None or (step.marks[item.token_number].data or {}).get("signer"):
        return []
    causes = causes_of(instance_history(item.instance_id))
    found = sorted(finishes(causes).items(), key=lambda pair: -pair[1])
    nodes = [
        step.net.nodes[key]
        for key, seq in found
        if not _plan(step, causes, seq, token_number=item.token_number).refusal
    ]
    return [
        {"id": node.id, "name": {"zh": node.name, "en": node.name_en or node.name}}
        for node in nodes
    ]


@action("engines.workflow.work_item_recall")
def work_item_recall(item_id: int, *, reason: str, now: datetime.datetime) -> None:
    """Take back what one has just finished (撤回), while nobody has acted on what came of it."""
    item = engine.item_lock(item_id)
    step = Step(item.instance, now=now)
    if step.instance.state != RUNNING or item.state != WorkItem.State.COMPLETED:
        raise data.InstanceNotRunning(state=step.instance.state)
    causes = causes_of(instance_history(item.instance_id))
    done = [
        event
        for event in causes.events.values()
        if event.kind == "COMPLETED" and event.detail["token"] == item.token_number
    ]
    if not done:
        raise ActRefused(reason=ACTED_ON)
    event = done[-1]
    if not is_system(step.context) and event.actor_id != step.context.account_id:
        raise Forbidden()
    if event.detail.get("signer") or "stays" in event.detail:
        raise ActRefused(reason=SIGNER)
    plan = undo_plan(causes, event.seq, blocks=_blocks(step, causes))
    lost = [causes.events[seq] for seq in plan.undone if seq != event.seq]
    if plan.refusal or any(_is_act(step, one) for one in lost):
        raise ActRefused(reason=plan.refusal or ACTED_ON)
    if not step.marks.keys() >= set(plan.withdrawn):
        raise ActRefused(reason=OLD)
    own = _uncount(step, causes, event.detail) if "multi" in event.detail else None
    detail = {"token": item.token_number, "reason": reason, "own": own}
    _undo(step, causes, plan, kind="RECALLED", node_id=item.node_id, **detail)
    engine.advance(step)
    step.save()
    WorkItem.objects.filter(pk=item.pk).update(outcome="RECALL")
    item_audit(item, reason=reason)


def _is_act(step: Step, event: data.HistoryView) -> bool:
    """Tell whether an event is more than the process walking on by itself."""
    if event.kind not in AUTOMATIC_KINDS:
        return True
    return event.kind == "PASSED" and step.net.nodes[event.node_id].kind in EFFECTS


def _uncount(step: Step, causes: Causes, detail: dict) -> dict:
    """Take a vote back out of its multi-instance; returns what its token knew (撤销一票)."""
    mark = step.marks.get(detail["multi"])
    if mark is None or mark.state != MULTI:
        raise ActRefused(reason=ACTED_ON)
    node = step.net.nodes[mark.node_id]
    votes = {**mark.data["votes"], detail["outcome"]: mark.data["votes"][detail["outcome"]] - 1}
    own = {**mark.data, "done": mark.data["done"] - 1, "votes": votes}
    if node.multi.is_sequential:
        own["opened"] = detail["index"] + 1
    step.change(mark.number, data=own)
    local = {node.multi.element: detail["element"], "loop": detail["index"]}
    return {"index": detail["index"], "local": local}
