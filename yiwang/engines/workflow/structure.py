"""Is a net put together rightly? (结构校验) Every element by itself and with its neighbours.

What is wrong is said of an element: the states are searched (`soundness`) once the structure holds.
"""

from collections import deque
from collections.abc import Callable

from yiwang.engines.workflow import data
from yiwang.engines.workflow.blocks import region
from yiwang.engines.workflow.data import Flow, Net, Node, Problem
from yiwang.sdk.errors import N_

MISSING = N_("The attribute yw:%(attribute)s is missing.")
WAITED_FOR = (data.TIMER, data.MESSAGE, data.SIGNAL)
WAITING_HOSTS = data.ACTIVITIES - data.AUTOMATIC
THROWING_HOSTS = data.AUTOMATIC | {data.SUB, data.CALL}
GATEWAYS = (data.EXCLUSIVE, data.PARALLEL, data.INCLUSIVE, data.EVENT_GATEWAY)
MAX_INCLUSIVE = 12


def say(where: Node | Flow, reason: str, **params: object) -> Problem:
    """Say what is wrong with an element."""
    return Problem(where.id, where.name, where.line, reason, params)


def process_node(net: Net) -> Node:
    """Return the process itself as an element to speak of."""
    return Node(net.id, "process", net.name, line=1)


def structure_problems(
    net: Net, *, services: frozenset[str], roles: frozenset[str]
) -> list[Problem]:
    """List what is wrong with single elements and their wiring (结构问题)."""
    problems = _ends(net)
    for flow in net.flows.values():
        problems += _flow(net, flow)
    for node in net.nodes.values():
        problems += _CHECKS.get(node.kind, _no_check)(net, node)
        problems += _multi(node)
        problems += _names(node, services, roles)
        problems += _wires(node)
    return problems + _unreached(net)


def _scopes(net: Net) -> list[tuple[str, Node]]:
    subs = [(node.id, node) for node in net.nodes.values() if node.kind == data.SUB]
    return [("", process_node(net)), *subs]


def _ends(net: Net) -> list[Problem]:
    problems = []
    for scope, where in _scopes(net):
        kinds = [node.kind for node in net.nodes.values() if node.scope == scope]
        is_process = where.kind == "process"
        if data.START not in kinds:
            text = N_("The process has no start event.")
            problems.append(say(where, text if is_process else N_("It has no start event.")))
        if data.END not in kinds:
            text = N_("The process has no end event.")
            problems.append(say(where, text if is_process else N_("It has no end event.")))
        if kinds.count(data.START) > 1:
            text = N_("The process has more than one start event.")
            problems.append(
                say(where, text if is_process else N_("It has more than one start event."))
            )
    return problems


def _flow(net: Net, flow: Flow) -> list[Problem]:
    problems = []
    for end in (flow.source, flow.target):
        if end not in net.nodes:
            problems.append(say(flow, N_("The flow leads to nothing (%(end)s)."), end=end))
    source, target = net.nodes.get(flow.source), net.nodes.get(flow.target)
    if flow.condition and source is not None and source.kind not in GATEWAYS[::2]:
        reason = N_("Only flows out of an exclusive or inclusive gateway have conditions.")
        problems.append(say(flow, reason))
    if source is not None and target is not None and source.scope != target.scope:
        problems.append(say(flow, N_("No flow may cross the border of a sub-process.")))
    return problems


def _wires(node: Node) -> list[Problem]:
    no_in = node.kind in (data.START, data.BOUNDARY) or node.is_event_sub
    no_out = node.kind == data.END or node.is_event_sub
    problems = []
    if not node.incoming and not no_in:
        problems.append(say(node, N_("Nothing leads here.")))
    if node.incoming and no_in:
        problems.append(say(node, N_("No flow may lead into this event.")))
    if not node.outgoing and not no_out:
        problems.append(say(node, N_("Nothing leads on from here.")))
    if node.outgoing and no_out:
        problems.append(say(node, N_("No flow may lead out of an end event.")))
    if len(node.outgoing) > 1 and node.kind not in GATEWAYS:
        problems.append(say(node, N_("Several flows lead out; put a gateway behind it.")))
    return problems


def _names(node: Node, services: frozenset[str], roles: frozenset[str]) -> list[Problem]:
    problems = []
    if node.service and node.service not in services:
        reason = N_("There is no service called %(service)s.")
        problems.append(say(node, reason, service=node.service))
    if node.role and node.role not in roles:
        problems.append(say(node, N_("There is no role called %(role)s."), role=node.role))
    return problems


def _no_check(net: Net, node: Node) -> list[Problem]:
    return []


def _wants(*attributes: str) -> Callable[[Net, Node], list[Problem]]:
    def check(net: Net, node: Node) -> list[Problem]:
        missing = [name for name in attributes if not getattr(node, name)]
        return [say(node, MISSING, attribute=name) for name in missing]

    return check


def _multi(node: Node) -> list[Problem]:
    multi = node.multi
    if multi is None:
        return []
    if node.kind not in data.ACTIVITIES or node.is_event_sub:
        return [say(node, N_("Only an activity can have several instances."))]
    if multi.collection is None and multi.cardinality is None:
        return [say(node, MISSING, attribute="collection")]
    return []


def _event(node: Node, kinds: tuple[str, ...]) -> list[Problem]:
    """Check that an event is of a kind that can stand there, and says all it must."""
    event = node.event
    if event is None:
        return [say(node, N_("It does not say what it waits for or throws."))]
    if event.kind not in kinds:
        reason = N_("An event of the kind %(kind)s cannot stand here.")
        return [say(node, reason, kind=event.kind)]
    if event.kind == data.TIMER and event.limit is None and event.moment is None:
        return [say(node, MISSING, attribute="limit")]
    if event.kind in (data.MESSAGE, data.SIGNAL) and not event.name:
        return [say(node, N_("The message or signal has no name."))]
    return []


def _start(net: Net, node: Node) -> list[Problem]:
    scope = net.nodes.get(node.scope)
    if scope is None or not scope.is_event_sub:
        if node.event is None:
            return []
        return [say(node, N_("Only an event sub-process starts by an event."))]
    problems = _event(node, (*WAITED_FOR, data.ERROR, data.ESCALATION))
    if not problems and node.event.kind == data.ERROR and not node.is_interrupting:
        problems = [say(node, N_("An error always interrupts."))]
    return problems


def _end(net: Net, node: Node) -> list[Problem]:
    if node.event is None:
        return []
    kinds = (data.MESSAGE, data.SIGNAL, data.ERROR, data.ESCALATION, data.TERMINATE)
    problems = _event(node, kinds)
    if not problems and node.event.kind == data.ERROR and not node.event.name:
        problems = [say(node, N_("The error has no code."))]
    return problems


def _catch(net: Net, node: Node) -> list[Problem]:
    return _event(node, WAITED_FOR)


def _throw(net: Net, node: Node) -> list[Problem]:
    if node.event is None:
        return []
    return _event(node, (data.MESSAGE, data.SIGNAL, data.ESCALATION))


def _messaging(net: Net, node: Node) -> list[Problem]:
    return _event(node, (data.MESSAGE,))


def _boundary(net: Net, node: Node) -> list[Problem]:
    host = net.nodes.get(node.attached_to)
    if host is None or host.kind not in data.ACTIVITIES or host.is_event_sub:
        return [say(node, N_("A boundary event must be attached to an activity."))]
    problems = _event(node, (*WAITED_FOR, data.ERROR, data.ESCALATION))
    if problems:
        return problems
    kind = node.event.kind
    if kind in WAITED_FOR and host.kind not in WAITING_HOSTS and host.multi is None:
        return [say(node, N_("This task is done at once; only an error can interrupt it."))]
    if kind not in WAITED_FOR and host.kind not in THROWING_HOSTS:
        return [say(node, N_("Nothing there can throw an error or escalation."))]
    if kind == data.ERROR and not node.is_interrupting:
        return [say(node, N_("An error always interrupts."))]
    if host.scope != node.scope:
        return [say(node, N_("No flow may cross the border of a sub-process."))]
    return []


def _exclusive(net: Net, node: Node) -> list[Problem]:
    if node.default and node.default not in node.outgoing:
        return [say(node, N_("The default flow does not lead out of this gateway."))]
    if len(node.outgoing) < 2:
        return []
    bare = [key for key in node.outgoing if not net.flows[key].condition and key != node.default]
    if not bare:
        return []
    reason = N_("The flows %(flows)s have neither a condition nor are they the default.")
    return [say(node, reason, flows=", ".join(bare))]


def _inclusive(net: Net, node: Node) -> list[Problem]:
    if node.default and node.default not in node.outgoing:
        return [say(node, N_("The default flow does not lead out of this gateway."))]
    is_split, is_join = len(node.outgoing) > 1, len(node.incoming) > 1
    if is_split and is_join:
        return [say(node, N_("An inclusive gateway either splits or joins; use two."))]
    if len(node.outgoing) > MAX_INCLUSIVE:
        reason = N_("An inclusive gateway can have at most %(most)d ways; use several.")
        return [say(node, reason, most=MAX_INCLUSIVE)]
    if is_split and node.id not in net.pairs:
        return [say(node, _unpaired(net, node))]
    if is_join and list(net.pairs.values()).count(node.id) != 1:
        return [say(node, N_("No inclusive split belongs to this join alone."))]
    return []


def _unpaired(net: Net, node: Node) -> str:
    joins = [
        one.id
        for one in net.nodes.values()
        if one.kind == data.INCLUSIVE and len(one.incoming) > 1 and one.scope == node.scope
    ]
    if any(region(net, node.id, join) is not None for join in joins):
        return N_("This inclusive split has no join of its own.")
    return N_("Its ways do not come together in one inclusive join that only they lead to.")


def _event_gateway(net: Net, node: Node) -> list[Problem]:
    if len(node.outgoing) < 2:
        return [say(node, N_("An event-based gateway needs at least two events."))]
    problems = []
    for flow in node.outgoing:
        target = net.nodes.get(net.flows[flow].target)
        if target is None:
            continue
        is_event = target.kind in (data.CATCH, data.RECEIVE) and target.multi is None
        if not is_event or len(target.incoming) != 1 or net.boundaries.get(target.id):
            reason = N_("Behind an event-based gateway stand only events, each for it alone.")
            problems.append(say(target, reason))
    return problems


def _call(net: Net, node: Node) -> list[Problem]:
    problems = _wants("called")(net, node)
    if node.version not in ("latest", "bound") and not node.version.isdecimal():
        reason = N_("The version is latest, bound or a number, not %(version)s.")
        problems.append(say(node, reason, version=node.version))
    return problems


_CHECKS: dict[str, Callable[[Net, Node], list[Problem]]] = {
    data.START: _start,
    data.END: _end,
    data.CATCH: _catch,
    data.THROW: _throw,
    data.BOUNDARY: _boundary,
    data.USER: _wants("role", "outcomes"),
    data.MANUAL: _wants("role", "outcomes"),
    data.SERVICE: _wants("service"),
    data.SCRIPT: _wants("script", "result"),
    data.RULE: _wants("decision", "result"),
    data.SEND: _messaging,
    data.RECEIVE: _messaging,
    data.EXCLUSIVE: _exclusive,
    data.INCLUSIVE: _inclusive,
    data.EVENT_GATEWAY: _event_gateway,
    data.CALL: _call,
}


def _unreached(net: Net) -> list[Problem]:
    seen: set[str] = set()
    queue = deque(one.id for one in (*net.starts.get("", ()), *net.event_starts.get("", ())))
    while queue:
        key = queue.popleft()
        if key in seen or key not in net.nodes:
            continue
        seen.add(key)
        node = net.nodes[key]
        queue.extend(net.flows[flow].target for flow in node.outgoing)
        queue.extend(one.id for one in net.boundaries.get(key, ()))
        if node.kind == data.SUB:
            queue.extend(one.id for one in net.starts.get(key, ()))
            queue.extend(one.id for one in net.event_starts.get(key, ()))
    lost = [node for key, node in net.nodes.items() if key not in seen]
    return [say(node, N_("The start event does not lead here.")) for node in lost if node.incoming]
