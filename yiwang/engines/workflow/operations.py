"""Operations of Chinese approval practice (审批操作) on one item: 委派, 加签, 减签, 催办.

Added signers are tokens inside the item's own token: *before* lets the item wait for them, *parallel*
and *after* let the step wait. The step's outcome is then what all of them decided together; those
who signed before only advise. In a parallel multi-instance a parallel signer is one more instance.
"""

import datetime
from collections.abc import Iterable, Mapping

from yiwang.engines.workflow import engine
from yiwang.engines.workflow.data import ActRefused, UrgedLately
from yiwang.engines.workflow.items import (
    CLAIMED,
    RUNNING,
    SUSPENDED,
    instance_allow,
    item_audit,
    item_change,
    item_open,
    item_workable,
)
from yiwang.engines.workflow.models import HistoryEvent, WorkItem
from yiwang.engines.workflow.multi import multi_go_on
from yiwang.engines.workflow.step import MULTI, WORK, Arrival, Mark, Step
from yiwang.kernel.api import action, event_publish
from yiwang.sdk.errors import N_, Invalid

URGE_EVERY = datetime.timedelta(hours=24)
BEFORE, AFTER, PARALLEL = "BEFORE", "AFTER", "PARALLEL"
MAX_SIGNERS = 50

NOT_TWICE = N_("a delegated item cannot be handed on; answer it, or have it transferred")
KNOWN = N_("one of them signs already")
NOT_SIGNING = N_("this person does not sign here, or has signed")


def _reason_check(reason: str) -> None:
    if not reason.strip():
        raise Invalid(fields={"reason": [N_("State the reason.")]})


# -- delegating


@action("engines.workflow.work_item_delegate")
def work_item_delegate(
    item_id: int, *, to_account_id: int, reason: str, now: datetime.datetime
) -> None:
    """Let somebody else prepare an item (委派): the answer comes back to be confirmed.

    Unlike a transfer the item stays the delegator's. Raises `ActRefused` for an item that is
    delegated already.
    """
    step, item = item_open(item_id, now)
    item_workable(step, item)
    _reason_check(reason)
    holder = step.acting_for or step.context.account_id or item.assignee_id
    if item.delegated_by is not None:
        raise ActRefused(reason=NOT_TWICE)
    if holder is None or to_account_id == holder:
        raise Invalid(N_("An item is delegated by one person to another."))
    item_change(step, item, state=CLAIMED, assignee_id=to_account_id, delegated_by=holder)
    own = {"state": CLAIMED, "assignee": to_account_id, "delegated_by": holder}
    step.log("DELEGATED", item.node_id, token=item.token_number, **own, reason=reason)
    step.save()
    item_audit(item, assignee=to_account_id, reason=reason)


def delegate_answer(
    step: Step, item: WorkItem, *, outcome: str, comment: str, variables: Mapping | None
) -> None:
    """Give a delegated item back with what the delegate proposes (委派答复)."""
    step.merge(variables or {})
    back = item.delegated_by
    item_change(step, item, state=CLAIMED, assignee_id=back, delegated_by=None)
    own = {"state": CLAIMED, "assignee": back, "delegated_by": None}
    proposal = {"proposed": outcome, "comment": comment}
    step.log("DELEGATE_ANSWERED", item.node_id, token=item.token_number, **own, **proposal)
    step.save()
    item_audit(item, assignee=back, proposed=outcome)


# -- signers


@action("engines.workflow.work_item_add_signers")
def work_item_add_signers(
    item_id: int,
    *,
    account_ids: Iterable[int],
    how: str,
    reason: str,
    now: datetime.datetime,
) -> None:
    """Let more people sign an item (加签): BEFORE it, AFTER it, or in PARALLEL with it."""
    step, item = item_open(item_id, now)
    item_workable(step, item)
    _reason_check(reason)
    accounts = list(dict.fromkeys(account_ids))
    if how not in (BEFORE, AFTER, PARALLEL) or not 0 < len(accounts) <= MAX_SIGNERS:
        raise Invalid(N_("Name who signs, and whether before, after or in parallel."))
    if item.delegated_by is not None:
        raise ActRefused(reason=NOT_TWICE)
    mark = step.marks[item.token_number]
    if set(accounts) & _signing(step, mark, item):
        raise ActRefused(reason=KNOWN)
    outer = step.marks.get(mark.scope)
    node = step.net.nodes[mark.node_id]
    is_vote = outer is not None and outer.state == MULTI and outer.node_id == mark.node_id
    if is_vote and how == PARALLEL and not node.multi.is_sequential:
        _add_instances(step, item, outer, accounts=accounts, reason=reason)
    else:
        _add_signers(step, item, mark, accounts=accounts, how=how, reason=reason)
    engine.advance(step)
    step.save()
    item_audit(item, signers=accounts, how=how, reason=reason)


def _signing(step: Step, mark: Mark, item: WorkItem) -> set[int]:
    """Return who signs already: the holder, added signers, the others of the same multi-instance."""
    outer = step.marks.get(mark.scope)
    around = outer is not None and outer.node_id == mark.node_id
    inside = [one.number for one in step.inside(mark.number)]
    if around:
        inside += [one.number for one in step.inside(mark.scope)]
    rows = WorkItem.objects.filter(
        instance_id=item.instance_id, token_number__in=inside, assignee_id__isnull=False
    )
    later = {one["assignee"] for one in (mark.data or {}).get("after", ())}
    return {*rows.values_list("assignee_id", flat=True), item.assignee_id} - {None} | later


def _signer(item: WorkItem, account_id: int, **own: object) -> dict:
    return {"assignee": account_id, "role": "", "department": item.department_id, **own}


def _add_instances(
    step: Step, item: WorkItem, outer: Mark, *, accounts: list[int], reason: str
) -> None:
    node = step.net.nodes[outer.node_id]
    first, count = outer.data["opened"], len(accounts)
    own = {**outer.data, "total": outer.data["total"] + count, "opened": first + count}
    step.change(outer.number, data=own)
    detail = {"token": item.token_number, "signers": accounts, "how": PARALLEL, "reason": reason}
    cause = step.log("SIGNER_ADDED", item.node_id, **detail)
    for index, account_id in enumerate(accounts, first):
        local = {node.multi.element: account_id, "loop": index}
        data = _signer(item, account_id, index=index, local=local)
        step.queue.append(Arrival(node.id, "", outer.number, cause, data))


def _add_signers(
    step: Step, item: WorkItem, mark: Mark, *, accounts: list[int], how: str, reason: str
) -> None:
    own = {**(mark.data or {}), "signers": True}
    signers = [_signer(item, account_id, signer=True) for account_id in accounts]
    detail = {"token": item.token_number, "signers": accounts, "how": how, "reason": reason}
    if how == AFTER:
        own["after"] = [*own.get("after", ()), *signers]
    if how == BEFORE:
        own["hold"] = True
        item_change(step, item, state=SUSPENDED, paused_by=WorkItem.Pause.SIGNERS)
        detail["state"] = SUSPENDED
    step.change(mark.number, data=own)
    cause = step.log("SIGNER_ADDED", item.node_id, **detail)
    if how != AFTER:
        for signer in signers:
            step.queue.append(Arrival(mark.node_id, "", mark.number, cause, signer))


@action("engines.workflow.work_item_remove_signer")
def work_item_remove_signer(
    item_id: int, *, account_id: int, reason: str, now: datetime.datetime
) -> None:
    """Let one of those who have not signed yet sign no more (减签): an added signer, or another voter.

    item_id: one's own item at the same step, which may be waiting for those that sign before it.
    """
    step, item = item_open(item_id, now)
    is_waiting = item.state == SUSPENDED and item.paused_by == WorkItem.Pause.SIGNERS
    if is_waiting:
        item.state = CLAIMED if item.assignee_id is not None else WorkItem.State.READY
    item_workable(step, item)
    _reason_check(reason)
    mark = step.marks[item.token_number]
    later = (mark.data or {}).get("after", ())
    kept = [one for one in later if one["assignee"] != account_id]
    withdrawn: list[int] = []
    if len(kept) < len(later):
        step.change(mark.number, data={**mark.data, "after": kept})
    else:
        withdrawn = _remove(step, item, mark, account_id)
    detail = {"withdrawn": withdrawn, "signer": account_id, "reason": reason}
    cause = step.log("SIGNER_REMOVED", item.node_id, token=item.token_number, **detail)
    outer = step.marks.get(mark.scope)
    if outer is not None and outer.state == MULTI and outer.node_id == mark.node_id:
        multi_go_on(step, step.net.nodes[mark.node_id], outer.number, cause=cause)
    engine.advance(step)
    step.save()
    item_audit(item, signer=account_id, reason=reason)


def _remove(step: Step, item: WorkItem, mark: Mark, account_id: int) -> list[int]:
    outer = step.marks.get(mark.scope)
    is_vote = outer is not None and outer.state == MULTI and outer.node_id == mark.node_id
    places = [mark.number, *([outer.number] if is_vote else [])]
    for place in places:
        numbers = [one.number for one in step.inside(place) if one.state == WORK]
        rows = WorkItem.objects.filter(
            instance_id=item.instance_id, token_number__in=numbers, assignee_id=account_id
        )
        number = rows.values_list("token_number", flat=True).first()
        if number is None or number == mark.number:
            continue
        if place != mark.number:
            own = {**outer.data, "total": outer.data["total"] - 1}
            step.change(place, data={**own, "opened": own["opened"] - 1})
        return step.withdraw([number])
    raise ActRefused(reason=NOT_SIGNING)


# -- urging


@action("engines.workflow.work_item_urge")
def work_item_urge(item_id: int, *, now: datetime.datetime, reason: str = "") -> None:
    """Ask for an item to be dealt with (催办): the parties and the staff concerned may, once in a day.

    Whoever holds it is told by the event `workflow.urged`. Raises `UrgedLately`.
    """
    step, item = item_open(item_id, now)
    instance_allow(step.instance, step.context)
    if step.instance.state != RUNNING:
        raise ActRefused(reason=N_("the process stands still"))
    urged = HistoryEvent.objects.filter(
        instance_id=item.instance_id,
        kind="URGED",
        node_id=item.node_id,
        at__gt=now - URGE_EVERY,
        detail__token=item.token_number,
    )
    last = urged.order_by("-seq").values_list("at", flat=True).first()
    if last is not None:
        raise UrgedLately(after=(last + URGE_EVERY).isoformat(timespec="minutes"))
    step.log("URGED", item.node_id, token=item.token_number, reason=reason)
    step.save()
    payload = {"item": item.pk, "business_key": item.business_key, "node": item.node_id}
    payload |= {"assignee": item.assignee_id, "department": item.department_id}
    event_publish("workflow.urged", payload, key=item.business_key)
    item_audit(item, reason=reason)
