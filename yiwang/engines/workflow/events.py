"""Events (事件): what waits for one, what throws one, and what happens when one comes.

Timers and subscriptions belong to a token: the activity a boundary event is attached to, the token
that waits at an intermediate event or event-based gateway, the scope (0: the process) that an event
sub-process may interrupt. Errors and escalations are not waited for in rows: they look outwards for
whoever catches them.
"""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils import timezone

from yiwang.engines.workflow import data
from yiwang.engines.workflow.data import Event, Node
from yiwang.engines.workflow.deadlines import due_at_get
from yiwang.engines.workflow.models import Message, ProcessInstance, Subscription, Timer
from yiwang.engines.workflow.multi import finish
from yiwang.engines.workflow.step import MULTI, SCOPE, STUCK, Arrival, Mark, Step

KEEP = datetime.timedelta(days=30)
"""How long a message that nobody waits for is kept, unless its sender says otherwise."""


def arm(
    step: Step,
    number: int,
    nodes: Iterable[Node],
    *,
    scope: int,
    own: dict | None = None,
) -> None:
    """Let a token wait for the events of these nodes (等待事件)."""
    for node in nodes:
        event = node.event
        if event is None:
            continue
        if event.kind == data.TIMER:
            step.timers.append(_timer(step, number, node, names=step.names(scope, own)))
        elif event.kind in (data.MESSAGE, data.SIGNAL):
            _subscribe(step, number, node, names=step.names(scope, own))


def _timer(step: Step, number: int, node: Node, *, names: Mapping[str, object]) -> Timer:
    event = node.event
    is_running = step.instance.state == ProcessInstance.State.RUNNING
    timer = Timer(
        instance_id=step.instance.pk,
        token_number=number,
        node_id=node.id,
        started_at=step.now,
        amount=0,
        unit="SECOND",
        times=event.times,
        state=Timer.State.PENDING if is_running else Timer.State.PAUSED,
        paused_at=None if is_running else step.now,
    )
    if event.limit is not None:
        timer.amount, timer.unit = event.limit.amount, event.limit.unit
        timer.due_at = due_at_get(event.limit, step.now)
    else:
        timer.due_at = moment_read(event.moment.evaluate(names) if event.moment else None)
        rest = (timer.due_at or step.now) - step.now
        timer.amount = max(int(rest.total_seconds()), 0)
        timer.due_at = timer.due_at or step.now
    return timer


def moment_read(value: object) -> datetime.datetime | None:
    """Read a moment (时刻): a date is its midnight in the city; None when it is none."""
    if isinstance(value, str):
        try:
            value = datetime.datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        value = datetime.datetime.combine(value, datetime.time())
    if not isinstance(value, datetime.datetime):
        return None
    return value if timezone.is_aware(value) else timezone.make_aware(value)


def key_of(step: Step, event: Event, names: Mapping[str, object]) -> str:
    """Return what a message is correlated by (关联键): its key, else the business key."""
    if event.kind == data.SIGNAL:
        return ""
    value = step.instance.business_key if event.key is None else event.key.evaluate(names)
    return str(value)[:160]


def _subscribe(step: Step, number: int, node: Node, *, names: Mapping[str, object]) -> None:
    subscription = Subscription(
        instance_id=step.instance.pk,
        token_number=number,
        node_id=node.id,
        kind=node.event.kind,
        name=node.event.name[:120],
        key=key_of(step, node.event, names),
    )
    step.subscriptions.append(subscription)
    if node.event.kind == data.MESSAGE and (message := _kept(step, subscription)):
        if is_last(node):
            subscription.state = Subscription.State.TAKEN
        step.happened.append((number, node, message.variables))


def is_last(node: Node) -> bool:
    """Tell whether an event can come only once to its token (是否一次性)."""
    return node.kind not in (data.BOUNDARY, data.START) or node.is_interrupting


def _kept(step: Step, subscription: Subscription) -> Message | None:
    """Take a message that came before anybody waited for it, once."""
    kept = Message.objects.filter(
        kind=data.MESSAGE,
        name=subscription.name,
        key=subscription.key,
        state=Message.State.KEPT,
        expires_at__gt=step.now,
    )
    for message in kept.order_by("pk")[:5]:
        mine = Message.objects.filter(pk=message.pk, state=Message.State.KEPT)
        if mine.update(state=Message.State.DELIVERED, delivered_at=step.now):
            return message
    return None


KINDS = {
    data.TIMER: "TIMER_FIRED",
    data.MESSAGE: "MESSAGE_RECEIVED",
    data.SIGNAL: "SIGNAL_RECEIVED",
    data.ERROR: "ERROR_CAUGHT",
    data.ESCALATION: "ESCALATION_CAUGHT",
}


def occur(
    step: Step, number: int, node: Node, *, cause: int = 0, variables: Mapping | None = None
) -> None:
    """Let an event happen to the token that waits for it (事件发生).

    cause: the history event that threw it, 0 for what comes from outside.
    """
    step.merge(variables or {})
    kind, detail = KINDS[node.event.kind], {"token": number}
    if cause:
        detail["from"] = cause
    if node.kind == data.START:
        _event_sub(step, number, node, kind=kind, detail=detail)
        return
    mark = step.marks[number]
    if node.kind == data.BOUNDARY:
        detail["is_interrupting"] = node.is_interrupting
        detail["withdrawn"] = step.withdraw([number]) if node.is_interrupting else []
        seq = step.log(kind, node.id, **detail)
        step.send_all(node.outgoing, mark.scope, seq)
        return
    step.take(number)
    seq = step.log(kind, node.id, **detail, taken=True)
    finish(step, node, mark.scope, cause=seq)


def _event_sub(step: Step, number: int, start: Node, *, kind: str, detail: dict) -> None:
    """Start an event sub-process beside, or in place of, what runs in its scope (事件子流程)."""
    detail |= {"is_interrupting": start.is_interrupting, "withdrawn": []}
    if start.is_interrupting:
        detail["withdrawn"] = step.withdraw([mark.number for mark in step.inside(number)])
        step.queue_clear(number)
        starts = step.net.event_starts[step.scope_node(number)]
        step.drop_events(number, [one.id for one in starts])
    seq = step.log(kind, start.id, **detail)
    scope_open(step, step.net.nodes[start.scope], Arrival(start.scope, "", number, seq), start)


def scope_open(step: Step, node: Node, arrival: Arrival, start: Node) -> None:
    """Put a token for a sub-process and let it begin at its start event (进入子流程)."""
    number = step.log(
        "SCOPE_OPENED",
        node.id,
        flow=arrival.flow_id,
        scope=arrival.scope,
        **{"from": arrival.cause},
    )
    step.put(number, node, SCOPE, arrival)
    if arrival.data is None:
        arm(step, number, step.net.boundaries.get(node.id, ()), scope=arrival.scope)
    arm(step, number, step.net.event_starts.get(node.id, ()), scope=number)
    step.queue.append(Arrival(start.id, "", number, number))


# -- errors and escalations


@dataclass(frozen=True, slots=True)
class Catcher:
    """Who catches an error or escalation: the event's node, and the token it belongs to."""

    step: Step
    number: int
    node: Node


def catcher_find(step: Step, scope: int, *, kind: str, code: str) -> Catcher | None:
    """Look outwards for the nearest event that catches (就近捕获): in the scope, on it, around it, in the caller."""
    is_handling = False
    while True:
        if found := None if is_handling else _matching(_subs(step, scope), kind, code):
            return Catcher(step, scope, found)
        if not scope:
            break
        mark = step.marks[scope]
        if found := _matching(_boundaries(step, mark), kind, code):
            return Catcher(step, scope, found)
        is_handling, scope = step.net.nodes[mark.node_id].is_event_sub, mark.scope
    instance = step.instance
    if instance.parent_id is None:
        return None
    caller = step.member(instance.parent_id)
    mark = caller.marks.get(instance.parent_token)
    if mark is None:
        return None
    if found := _matching(caller.net.boundaries.get(mark.node_id, ()), kind, code):
        return Catcher(caller, mark.number, found)
    return catcher_find(caller, mark.scope, kind=kind, code=code)


def _subs(step: Step, scope: int) -> tuple[Node, ...]:
    """Return the event sub-processes that watch over a scope; what handles an event is not watched by its like."""
    mark = step.marks.get(scope)
    if mark is not None and (mark.state != SCOPE or step.net.nodes[mark.node_id].kind != data.SUB):
        return ()
    return step.net.event_starts.get("" if mark is None else mark.node_id, ())


def _boundaries(step: Step, mark: Mark) -> tuple[Node, ...]:
    """Return the boundary events of a token's node; those of a multi-instance belong to its whole."""
    outer = step.marks.get(mark.scope)
    if outer is not None and outer.state == MULTI and outer.node_id == mark.node_id:
        return ()
    return step.net.boundaries.get(mark.node_id, ())


def _matching(nodes: Iterable[Node], kind: str, code: str) -> Node | None:
    """Return the event that names the code, else the one that catches every code."""
    catches = [node for node in nodes if node.event is not None and node.event.kind == kind]
    exact = [node for node in catches if node.event.name == code]
    every = [node for node in catches if not node.event.name]
    return (exact or every or [None])[0]


def error_throw(step: Step, node: Node, arrival: Arrival, *, code: str, text: str = "") -> None:
    """Throw an error outwards (抛出错误); uncaught, the instance fails and keeps a token here."""
    seq = step.log("ERROR_THROWN", node.id, code=code, text=text, **{"from": arrival.cause})
    outer = step.marks.get(arrival.scope)
    is_own = node.kind in data.AUTOMATIC and not (outer and outer.node_id == node.id)
    boundaries = step.net.boundaries.get(node.id, ()) if is_own else ()
    if found := _matching(boundaries, data.ERROR, code):
        caught = step.log(KINDS[data.ERROR], found.id, **{"from": seq})
        step.send_all(found.outgoing, arrival.scope, caught)
        return
    catcher = catcher_find(step, arrival.scope, kind=data.ERROR, code=code)
    if catcher is not None:
        inner = seq if catcher.step is step else 0
        occur(catcher.step, catcher.number, catcher.node, cause=inner)
        return
    number = step.log("STUCK", node.id, flow=arrival.flow_id, scope=arrival.scope, **{"from": seq})
    step.put(number, node, STUCK, arrival)
    step.failure = f"{node.name or node.id}: {text or code}"[:400]


def escalate(step: Step, node: Node, arrival: Arrival, *, code: str) -> None:
    """Tell whoever catches an escalation outwards (上报); uncaught it is only noted."""
    seq = step.log("ESCALATED", node.id, code=code, **{"from": arrival.cause})
    catcher = catcher_find(step, arrival.scope, kind=data.ESCALATION, code=code)
    if catcher is not None:
        inner = seq if catcher.step is step else 0
        occur(catcher.step, catcher.number, catcher.node, cause=inner)


# -- what is sent


def letter_throw(step: Step, node: Node, *, names: Mapping[str, object]) -> None:
    """Put a message or a signal into the post (发出消息): it is delivered after this step."""
    event = node.event
    letter = {
        "kind": event.kind,
        "name": event.name[:120],
        "key": key_of(step, event, names),
        "variables": mapped(node.inputs, names),
        "sent_at": step.now,
        "expires_at": step.now + KEEP,
    }
    if event.kind == data.MESSAGE:
        step.letters.append(Message(**letter))
        return
    step.letters += [Message(**letter, subscription_id=pk) for pk in signal_receivers(event.name)]


def signal_receivers(name: str) -> list[int]:
    """Return who waits for a signal now (信号接收者)."""
    waiting = Subscription.objects.filter(
        kind=data.SIGNAL, name=name, state=Subscription.State.PENDING
    )
    return list(waiting.order_by("pk").values_list("pk", flat=True))


def mapped(pairs: data.Mapped, names: Mapping[str, object]) -> dict[str, object]:
    """Work out what is handed over (变量映射); "*" stands for everything."""
    values: dict[str, object] = {}
    for name, expression in pairs:
        if name == "*":
            values.update(names)
        else:
            values[name] = plain(expression.evaluate(names))
    return values


def plain(value: object) -> object:
    """Return a value as variables keep it: dates as ISO texts."""
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value
