"""The step loop (步进): one transaction moves one family of instances from one revision to a later one.

A step holds the lock, reads its tokens once, walks the net in memory and writes what changed in a
handful of bulk statements. Kinds of nodes are rows of a table (`HANDLERS`): what an arriving token
does. Automatic nodes take no rows; only a token that waits is stored.

Joins count within a scope: a parallel gateway fires when each of its incoming flows has brought a
token of the same scope, and takes exactly one of each.
"""

from collections.abc import Callable

from yiwang.engines.workflow import activities, data, scopes
from yiwang.engines.workflow.data import Node, NoFlowMatches, ProcessStuck
from yiwang.engines.workflow.events import (
    error_throw,
    escalate,
    letter_throw,
    occur,
)
from yiwang.engines.workflow.models import ProcessInstance, Timer, WorkItem
from yiwang.engines.workflow.multi import finish, multi_settle
from yiwang.engines.workflow.step import (
    JOIN,
    MULTI,
    SCOPE,
    SIGN,
    WORK,
    Arrival,
    Mark,
    Step,
    instance_lock,
    item_lock,
    net_get,
)

__all__ = [
    "Step",
    "advance",
    "arrive",
    "complete",
    "fire",
    "instance_lock",
    "item_lock",
    "net_get",
    "start",
]

RUNNING = ProcessInstance.State.RUNNING


def start(step: Step) -> None:
    """Put the first token on the start event (启动)."""
    scopes.begin(step)
    advance(step)


def advance(step: Step, *, is_touched: bool = False) -> None:
    """Walk until every token of the whole family waits or has ended (推进).

    is_touched: look at this instance even if nothing moves.
    """
    family = step.family
    if is_touched:
        _walk(step)
    while True:
        busy = next(
            (one for one in family.values() if one.queue or one.revision != one.settled), None
        )
        if busy is None:
            return
        _walk(busy)


def _walk(step: Step) -> None:
    while True:
        if step.queue:
            _enter(step, step.queue.popleft())
        elif step.happened:
            number, node, variables = step.happened.pop()
            if not number or number in step.marks:
                occur(step, number, node, variables=variables)
        elif not _settle(step):
            break
    if step.instance.state == RUNNING:
        if step.failure:
            _fail(step)
        elif not step.marks:
            _complete_instance(step)
    step.settled = step.revision


def _enter(step: Step, arrival: Arrival) -> None:
    node = step.net.nodes[arrival.node_id]
    step.budget -= 1
    if step.budget < 0:
        raise ProcessStuck(node=node.name or node.id)
    if node.multi is not None and arrival.data is None:
        scopes.multi_open(step, node, arrival)
    else:
        HANDLERS[node.kind](step, node, arrival)


def _settle(step: Step) -> bool:
    """Let the innermost thing go on in which nothing is left; False when there is none."""
    for mark in reversed(step.marks.values()):
        settle = SETTLERS.get(mark.state)
        if settle is not None and settle(step, mark):
            return True
    return False


def _complete_instance(step: Step) -> None:
    step.log("INSTANCE_COMPLETED")
    step.instance.state = ProcessInstance.State.COMPLETED
    step.instance.ended_at = step.now
    if step.net.event_starts.get(""):
        step.drop_waits(0)
    if step.instance.parent_id is not None:
        scopes.call_return(step)


def _fail(step: Step) -> None:
    """Stop an instance that an error left nowhere to go, until an administrator looks (出错)."""
    step.log("INSTANCE_FAILED", reason=step.failure)
    step.instance.state = ProcessInstance.State.FAILED
    step.pause()


# -- entering


def _pass(step: Step, node: Node, arrival: Arrival) -> None:
    _go_on(step, node, arrival, node.outgoing)


def _go_on(step: Step, node: Node, arrival: Arrival, flows: tuple[str, ...]) -> None:
    cause = step.log("PASSED", node.id, flows=list(flows), **came(arrival))
    step.send_all(flows, arrival.scope, cause)


def came(arrival: Arrival) -> dict[str, object]:
    """Return whence a token came, for the history: the event that sent it, and its scope."""
    if arrival.scope:
        return {"from": arrival.cause, "scope": arrival.scope}
    return {"from": arrival.cause}


def _choose(step: Step, node: Node, arrival: Arrival) -> None:
    """Take the first flow whose condition holds, in the order of the file, else the default."""
    if len(node.outgoing) == 1:
        _pass(step, node, arrival)
        return
    names = step.names(arrival.scope)
    for flow_id in node.outgoing:
        condition = step.net.flows[flow_id].condition
        if flow_id != node.default and condition and condition.evaluate(names):
            _go_on(step, node, arrival, (flow_id,))
            return
    if not node.default:
        raise NoFlowMatches(node=node.name or node.id)
    _go_on(step, node, arrival, (node.default,))


def _synchronise(step: Step, node: Node, arrival: Arrival) -> None:
    """Let a token wait for the others of its scope; the last one to come lets all go on (汇合)."""
    if len(node.incoming) == 1:
        _pass(step, node, arrival)
        return
    number = step.log("ARRIVED", node.id, flow=arrival.flow_id, **came(arrival))
    step.put(number, node, JOIN, arrival)
    first: dict[str, int] = {}
    for mark in step.marks.values():
        if mark.node_id == node.id and mark.scope == arrival.scope:
            first.setdefault(mark.flow_id, mark.number)
    if len(first) < len(node.incoming):
        return
    for used in first.values():
        step.take(used)
    cause = step.log("JOINED", node.id, tokens=sorted(first.values()), flows=list(node.outgoing))
    step.send_all(node.outgoing, arrival.scope, cause)


def _throw(step: Step, node: Node, arrival: Arrival) -> None:
    """Throw what an intermediate event throws, and go on (中间抛出事件)."""
    if node.event is not None:
        if node.event.kind == data.ESCALATION:
            escalate(step, node, arrival, code=node.event.name)
        else:
            letter_throw(step, node, names=step.names(arrival.scope, arrival.data))
    if arrival.scope and arrival.scope not in step.marks:
        return  # what it told has interrupted it
    _pass(step, node, arrival)


def _end(step: Step, node: Node, arrival: Arrival) -> None:
    kind = node.event.kind if node.event else ""
    if kind in ("", data.MESSAGE, data.SIGNAL):
        if kind:
            letter_throw(step, node, names=step.names(arrival.scope))
        step.log("ENDED", node.id, flow=arrival.flow_id, **came(arrival))
    elif kind == data.TERMINATE:
        _terminate(step, node, arrival)
    elif kind == data.ERROR:
        error_throw(step, node, arrival, code=node.event.name)
    else:
        step.log("ENDED", node.id, flow=arrival.flow_id, **came(arrival))
        escalate(step, node, arrival, code=node.event.name)


def _terminate(step: Step, node: Node, arrival: Arrival) -> None:
    """End everything in the sub-process or process at once (终止结束)."""
    scope = arrival.scope
    while scope and step.net.nodes[step.marks[scope].node_id].kind != data.SUB:
        scope = step.marks[scope].scope
    withdrawn = step.withdraw([mark.number for mark in step.inside(scope)])
    step.queue_clear(scope)
    step.log("ENDED", node.id, flow=arrival.flow_id, withdrawn=withdrawn, **came(arrival))


HANDLERS: dict[str, Callable[[Step, Node, Arrival], None]] = {
    data.START: _pass,
    data.END: _end,
    data.THROW: _throw,
    data.CATCH: scopes.catch_enter,
    data.USER: activities.item_open,
    data.MANUAL: activities.item_open,
    data.SERVICE: activities.service_run,
    data.SCRIPT: activities.script_run,
    data.RULE: activities.rule_run,
    data.SEND: activities.send_run,
    data.RECEIVE: scopes.catch_enter,
    data.EXCLUSIVE: _choose,
    data.PARALLEL: _synchronise,
    data.INCLUSIVE: scopes.inclusive_enter,
    data.EVENT_GATEWAY: scopes.event_gateway_enter,
    data.SUB: scopes.sub_enter,
    data.CALL: scopes.call_enter,
}


# -- settling


def _held_settle(step: Step, mark: Mark) -> bool:
    """Give an item back to its holder when those asked to sign before have signed (前加签完成)."""
    if not (mark.data and mark.data.get("hold")) or step.inside(mark.number):
        return False
    own = {key: value for key, value in mark.data.items() if key not in ("hold", "opinions")}
    step.change(mark.number, data=own)
    item = WorkItem.objects.get(instance_id=step.instance.pk, token_number=mark.number)
    state = step.item_release(item)
    step.log("SIGNERS_DONE", mark.node_id, token=mark.number, state=state)
    return True


SETTLERS: dict[str, Callable[[Step, Mark], bool]] = {
    SCOPE: scopes.scope_settle,
    MULTI: multi_settle,
    SIGN: scopes.sign_settle,
    WORK: _held_settle,
}


# -- from outside


def complete(
    step: Step, token_number: int, *, outcome: str, by: int | None, detail: dict[str, object]
) -> None:
    """Let the token of a finished item go on (办结); its row is closed already, this logs and walks."""
    mark = step.marks[token_number]
    node = step.net.nodes[mark.node_id]
    own = mark.data or {}
    after = own.get("after", ())
    waits = bool(after) or bool(own.get("signers") and step.inside(token_number))
    detail = {"token": token_number, "outcome": outcome, "assignee": by} | detail
    if own.get("signer"):
        detail["signer"] = True
    elif "index" in own:
        element = own["local"].get(node.multi.element)
        detail |= {"multi": mark.scope, "index": own["index"], "element": element}
    elif not waits:
        detail["branch"] = node.branch or node.id
        step.outcome_set(detail["branch"], outcome)
    if waits:
        _wait_for_signers(step, mark, node, after=after, detail=detail)
    else:
        step.take(token_number)
        cause = step.log("COMPLETED", node.id, **detail)
        finish(step, node, mark.scope, cause=cause, outcome=outcome, by=by)
    advance(step)


def _wait_for_signers(step: Step, mark: Mark, node: Node, *, after: list, detail: dict) -> None:
    own = {**mark.data, "outcome": detail["outcome"]}
    own.pop("after", None)
    step.change(mark.number, state=SIGN, data=own)
    cause = step.log("COMPLETED", node.id, **detail, stays=str(SIGN))
    for signer in after:
        step.queue.append(Arrival(node.id, "", mark.number, cause, signer))


def fire(step: Step, timer: Timer) -> None:
    """Let a timer event happen (定时触发): beside what it watches, or in place of it."""
    occur(step, timer.token_number, step.net.nodes[timer.node_id])
    advance(step)


def arrive(step: Step, number: int, node: Node, variables: dict) -> None:
    """Let a message or signal happen (消息到达)."""
    occur(step, number, node, variables=variables)
    advance(step)
