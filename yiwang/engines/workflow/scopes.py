"""What has tokens inside (作用域): sub-processes, inclusive blocks, called processes, multi-instances.

Each is one token; what stands inside carries its number as scope. When nothing is left inside (for an
inclusive block: when all that is inside waits at its join) it goes on.
"""

from collections.abc import Mapping

from yiwang.engines.workflow import data
from yiwang.engines.workflow.data import CalledUnknown, Node, NoFlowMatches
from yiwang.engines.workflow.events import arm, mapped, scope_open
from yiwang.engines.workflow.models import ProcessInstance, ProcessVersion
from yiwang.engines.workflow.multi import finish, instance_open, verdict
from yiwang.engines.workflow.step import CALL, JOIN, MULTI, SCOPE, WAIT, Arrival, Mark, Step

STEPS_EACH = 20
"""How many automatic steps each instance of a multi-instance adds to what one step may walk."""


def multi_open(step: Step, node: Node, arrival: Arrival) -> None:
    """Open a multi-instance (开启多实例): all instances at once, or the first of them."""
    elements = _elements(step, node, arrival)
    own = {"total": len(elements), "opened": 0, "done": 0, "votes": {}}
    if node.multi.is_sequential:
        own["elements"] = elements
    number = step.log(
        "MULTI_OPENED",
        node.id,
        flow=arrival.flow_id,
        scope=arrival.scope,
        total=len(elements),
        **{"from": arrival.cause},
    )
    step.put(number, node, MULTI, arrival, data=own)
    arm(step, number, step.net.boundaries.get(node.id, ()), scope=arrival.scope)
    step.budget += STEPS_EACH * len(elements)
    for element in elements[:1] if node.multi.is_sequential else elements:
        instance_open(step, node, number, element=element, cause=number)


def _elements(step: Step, node: Node, arrival: Arrival) -> list:
    names = step.names(arrival.scope)
    if node.multi.collection is not None:
        found = node.multi.collection.evaluate(names)
        return list(found) if isinstance(found, list | tuple | Mapping) else []
    number = node.multi.cardinality.evaluate(names) if node.multi.cardinality else 0
    is_count = isinstance(number, int | float) and not isinstance(number, bool)
    return list(range(max(int(number), 0))) if is_count else []


# -- sub-processes


def sub_enter(step: Step, node: Node, arrival: Arrival) -> None:
    """Enter a sub-process (进入子流程)."""
    scope_open(step, node, arrival, step.net.start(node.id))


def scope_settle(step: Step, mark: Mark) -> bool:
    """Let a sub-process or inclusive block go on when it is done (作用域结束)."""
    node = step.net.nodes[mark.node_id]
    if node.kind == data.INCLUSIVE:
        return _block_settle(step, node, mark)
    if step.inside(mark.number):
        return False
    step.take(mark.number)
    cause = step.log("SCOPE_COMPLETED", node.id, token=mark.number)
    if not node.is_event_sub:
        finish(step, node, mark.scope, cause=cause)
    return True


# -- inclusive gateways


def inclusive_enter(step: Step, node: Node, arrival: Arrival) -> None:
    """Split into every flow whose condition holds, or wait for all that the split let go (包容网关)."""
    if len(node.incoming) > 1:
        number = step.log("ARRIVED", node.id, **_where(arrival))
        step.put(number, node, JOIN, arrival)
        return
    flows = _chosen(step, node, arrival)
    if len(node.outgoing) == 1:
        cause = step.log("PASSED", node.id, flows=flows, **{"from": arrival.cause})
        step.send_all(flows, arrival.scope, cause)
        return
    number = step.log("SPLIT", node.id, flows=flows, **_where(arrival))
    step.put(number, node, SCOPE, arrival)
    step.send_all(flows, number, number)


def _where(arrival: Arrival) -> dict[str, object]:
    return {"flow": arrival.flow_id, "scope": arrival.scope, "from": arrival.cause}


def _chosen(step: Step, node: Node, arrival: Arrival) -> list[str]:
    if len(node.outgoing) == 1:
        return list(node.outgoing)
    names = step.names(arrival.scope)
    chosen = []
    for flow_id in node.outgoing:
        condition = step.net.flows[flow_id].condition
        if flow_id != node.default and (condition is None or condition.evaluate(names)):
            chosen.append(flow_id)
    chosen = chosen or [node.default]
    if not chosen[0]:
        raise NoFlowMatches(node=node.name or node.id)
    return chosen


def _block_settle(step: Step, split: Node, mark: Mark) -> bool:
    inside = step.inside(mark.number)
    join = step.net.pairs.get(split.id, "")
    if any(one.state != JOIN or one.node_id != join for one in inside):
        return False
    numbers = sorted(one.number for one in inside)
    for number in (*numbers, mark.number):
        step.take(number)
    if not numbers:
        step.log("BLOCK_ENDED", split.id, token=mark.number)
        return True
    node = step.net.nodes[join]
    cause = step.log("JOINED", join, tokens=[*numbers, mark.number], flows=list(node.outgoing))
    step.send_all(node.outgoing, mark.scope, cause)
    return True


# -- event-based gateways


def event_gateway_enter(step: Step, node: Node, arrival: Arrival) -> None:
    """Wait for the first of several events (事件网关); the rest ends with it."""
    number = step.log("WAITING", node.id, **_where(arrival))
    step.put(number, node, WAIT, arrival)
    targets = [step.net.nodes[step.net.flows[flow].target] for flow in node.outgoing]
    arm(step, number, targets, scope=arrival.scope)


def catch_enter(step: Step, node: Node, arrival: Arrival) -> None:
    """Wait for an event (等待事件)."""
    number = step.log("WAITING", node.id, **_where(arrival))
    step.put(number, node, WAIT, arrival)
    own = (node, *(step.net.boundaries.get(node.id, ()) if arrival.data is None else ()))
    arm(step, number, own, scope=arrival.scope, own=arrival.data)


# -- called processes


def call_enter(step: Step, node: Node, arrival: Arrival) -> None:
    """Start another process and wait for its end (调用流程)."""
    number = step.log("CALLED", node.id, process=node.called, **_where(arrival))
    step.put(number, node, CALL, arrival)
    if arrival.data is None:
        arm(step, number, step.net.boundaries.get(node.id, ()), scope=arrival.scope)
    caller = step.instance
    called = ProcessInstance(
        version=_version(step, node),
        business_key=caller.business_key,
        card=caller.card,
        departments=caller.departments,
        variables={"outcomes": {}, **mapped(node.inputs, step.names(arrival.scope, arrival.data))},
        started_at=step.now,
        root_id=caller.root_id or caller.pk,
        parent_id=caller.pk,
        parent_token=number,
    )
    called.save(force_insert=True)
    inner = Step(called, now=step.now, family=step.family)
    begin(inner)


def begin(step: Step) -> None:
    """Let an instance begin at its start event (开始)."""
    cause = step.log("STARTED")
    arm(step, 0, step.net.event_starts.get("", ()), scope=0)
    step.queue.append(Arrival(step.net.start().id, "", 0, cause))


def _version(step: Step, node: Node) -> ProcessVersion:
    versions = ProcessVersion.objects.filter(process__key=node.called).only("pk", "digest")
    if node.version == "bound":
        own = ProcessVersion.objects.values_list("created_at", flat=True)
        versions = versions.filter(created_at__lte=own.get(pk=step.instance.version_id))
    elif node.version != "latest":
        versions = versions.filter(number=int(node.version) if node.version.isdecimal() else 0)
    version = versions.order_by("-number").first()
    if version is None:
        raise CalledUnknown(key=node.called, version=node.version)
    return version


def call_return(step: Step) -> None:
    """Tell the caller of an instance that it is done (调用返回)."""
    instance = step.instance
    caller = step.member(instance.parent_id)
    if instance.parent_token not in caller.marks:
        return
    mark = caller.take(instance.parent_token)
    node = caller.net.nodes[mark.node_id]
    caller.merge(mapped(node.outputs, step.variables))
    cause = caller.log("CALL_RETURNED", node.id, token=mark.number)
    finish(caller, node, mark.scope, cause=cause)


# -- signers added to an item


def sign_settle(step: Step, mark: Mark) -> bool:
    """Let a finished item go on when all its added signers have signed (加签完成)."""
    if step.inside(mark.number):
        return False
    node = step.net.nodes[mark.node_id]
    votes: dict[str, int] = {}
    for opinion in ({"outcome": mark.data["outcome"]}, *mark.data.get("opinions", ())):
        votes[opinion["outcome"]] = votes.get(opinion["outcome"], 0) + 1
    outcome = verdict(node.outcomes, votes, by_votes=False)
    step.take(mark.number)
    detail = {"token": mark.number, "votes": votes, "outcome": outcome}
    if "index" not in mark.data and not mark.data.get("signer"):
        detail["branch"] = node.branch or node.id
        step.outcome_set(detail["branch"], outcome)
    cause = step.log("SIGNED", node.id, **detail)
    finish(step, node, mark.scope, cause=cause, outcome=outcome)
    return True
