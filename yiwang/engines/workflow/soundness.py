"""Is a net fit to run? (流程校验) Structure first, then a bounded search of its states.

The search is that of workflow nets (van der Aalst, *The Application of Petri Nets to Workflow
Management*, 1998): whatever the data, every reachable state can end, no node is dead, and no flow
ever carries two tokens. Flows are places; an exclusive gateway is a free choice of its flows, a
task with an interrupting timer one of two ways out. Automatic nodes go at once, as they do in the
engine; tasks go in every order. A net too wide for that (some fifteen branches at once) is searched
with one task at a time: since no two nodes share an incoming flow that still finds every deadlock
(a stubborn set), though not every meeting of two tokens.
"""

from collections import deque
from collections.abc import Iterable

from yiwang.engines.workflow import data
from yiwang.engines.workflow.data import Flow, Net, Node, Problem
from yiwang.sdk.errors import N_

MAX_STATES = 20_000
Marking = frozenset[str]


def problems_find(net: Net, *, services: Iterable[str], roles: Iterable[str]) -> list[Problem]:
    """List why a net cannot run (校验流程), [] when it can.

    services, roles: the names that exist. The states are searched only once the structure holds.
    """
    services, roles = frozenset(services), frozenset(roles)
    problems = _ends(net)
    for flow in net.flows.values():
        problems += _flow(net, flow)
    for node in net.nodes.values():
        problems += _CHECKS[node.kind](net, node)
        problems += _names(node, services, roles)
        problems += _wires(node)
    problems += _unreached(net)
    return problems or _states(net)


def _say(where: Node | Flow, reason: str, **params: object) -> Problem:
    return Problem(where.id, where.name, where.line, reason, params)


def _ends(net: Net) -> list[Problem]:
    kinds = [node.kind for node in net.nodes.values()]
    process = Node(net.id, "process", net.name, line=1)
    problems = []
    if data.START not in kinds:
        problems.append(_say(process, N_("The process has no start event.")))
    if data.END not in kinds:
        problems.append(_say(process, N_("The process has no end event.")))
    if kinds.count(data.START) > 1:
        problems.append(_say(process, N_("The process has more than one start event.")))
    return problems


def _flow(net: Net, flow: Flow) -> list[Problem]:
    problems = []
    for end in (flow.source, flow.target):
        if end not in net.nodes:
            problems.append(_say(flow, N_("The flow leads to nothing (%(end)s)."), end=end))
    source = net.nodes.get(flow.source)
    if flow.condition and source is not None and source.kind != data.EXCLUSIVE:
        problems.append(_say(flow, N_("Only flows out of an exclusive gateway have conditions.")))
    return problems


def _wires(node: Node) -> list[Problem]:
    no_in, no_out = (data.START, data.BOUNDARY), (data.END,)
    many = (data.EXCLUSIVE, data.PARALLEL)
    problems = []
    if not node.incoming and node.kind not in no_in:
        problems.append(_say(node, N_("Nothing leads here.")))
    if node.incoming and node.kind in no_in:
        problems.append(_say(node, N_("No flow may lead into this event.")))
    if not node.outgoing and node.kind not in no_out:
        problems.append(_say(node, N_("Nothing leads on from here.")))
    if node.outgoing and node.kind in no_out:
        problems.append(_say(node, N_("No flow may lead out of an end event.")))
    if len(node.outgoing) > 1 and node.kind not in many:
        problems.append(_say(node, N_("Several flows lead out; put a gateway behind it.")))
    return problems


def _names(node: Node, services: frozenset[str], roles: frozenset[str]) -> list[Problem]:
    problems = []
    if node.service and node.service not in services:
        reason = N_("There is no service called %(service)s.")
        problems.append(_say(node, reason, service=node.service))
    if node.role and node.role not in roles:
        problems.append(_say(node, N_("There is no role called %(role)s."), role=node.role))
    return problems


def _no_check(net: Net, node: Node) -> list[Problem]:
    return []


def _user(net: Net, node: Node) -> list[Problem]:
    wanted = (("role", node.role), ("outcomes", node.outcomes))
    reason = N_("The attribute yw:%(attribute)s is missing.")
    return [_say(node, reason, attribute=name) for name, value in wanted if not value]


def _service(net: Net, node: Node) -> list[Problem]:
    if node.service:
        return []
    return [_say(node, N_("The attribute yw:%(attribute)s is missing."), attribute="service")]


def _exclusive(net: Net, node: Node) -> list[Problem]:
    if node.default and node.default not in node.outgoing:
        return [_say(node, N_("The default flow does not lead out of this gateway."))]
    if len(node.outgoing) < 2:
        return []
    bare = [key for key in node.outgoing if not net.flows[key].condition and key != node.default]
    if not bare:
        return []
    reason = N_("The flows %(flows)s have neither a condition nor are they the default.")
    return [_say(node, reason, flows=", ".join(bare))]


def _boundary(net: Net, node: Node) -> list[Problem]:
    host = net.nodes.get(node.attached_to)
    if host is None or host.kind != data.USER:
        return [_say(node, N_("A timer must be attached to a user task."))]
    if node.limit is None:
        return [_say(node, N_("The attribute yw:%(attribute)s is missing."), attribute="limit")]
    return []


_CHECKS = {
    data.START: _no_check,
    data.END: _no_check,
    data.PARALLEL: _no_check,
    data.USER: _user,
    data.SERVICE: _service,
    data.EXCLUSIVE: _exclusive,
    data.BOUNDARY: _boundary,
}


def _unreached(net: Net) -> list[Problem]:
    seen: set[str] = set()
    queue = deque(node.id for node in net.nodes.values() if node.kind == data.START)
    while queue:
        key = queue.popleft()
        if key in seen or key not in net.nodes:
            continue
        seen.add(key)
        queue.extend(net.flows[flow].target for flow in net.nodes[key].outgoing)
        queue.extend(node.id for node in net.boundaries.get(key, ()))
    lost = [node for key, node in net.nodes.items() if key not in seen]
    return [_say(node, N_("The start event does not lead here.")) for node in lost if node.incoming]


def _enabled(net: Net, marking: Marking) -> list[Node]:
    """Return which nodes can go: one automatic node, else every task; [] in a deadlock."""
    tasks = []
    for key in sorted(marking):
        node = net.nodes[net.flows[key].target]
        if node.kind == data.PARALLEL and not marking.issuperset(node.incoming):
            continue
        if node.kind != data.USER:
            return [node]
        if node not in tasks:
            tasks.append(node)
    return tasks


def _outputs(net: Net, node: Node) -> list[tuple[str, ...]]:
    """Return the alternatives of what a node puts out."""
    if node.kind == data.EXCLUSIVE:
        return [(flow,) for flow in node.outgoing]
    ways = [node.outgoing]
    for timer in net.boundaries.get(node.id, ()):
        if timer.is_interrupting:
            ways.append(timer.outgoing)
        else:
            ways += [(*way, *timer.outgoing) for way in ways]
    return ways


class _Unsafe(Exception):
    def __init__(self, flow: str) -> None:
        super().__init__(flow)
        self.flow = flow


def _next(net: Net, marking: Marking, node: Node) -> list[Marking]:
    used = frozenset(node.incoming) & marking
    if node.kind == data.USER and len(used) > 1:
        raise _Unsafe(min(used))
    if node.kind != data.PARALLEL:
        used = frozenset(sorted(used)[:1])
    rest = marking - used
    states = []
    for way in _outputs(net, node):
        if double := rest.intersection(way):
            raise _Unsafe(min(double))
        states.append(rest.union(way))
    return states


class _TooMany(Exception):
    pass


def _states(net: Net) -> list[Problem]:
    try:
        try:
            before, fired = _search(net, every_order=True)
        except _TooMany:
            before, fired = _search(net, every_order=False)
    except _Unsafe as error:
        reason = N_("Two tokens can meet on this flow: parallel branches merge without a join.")
        return [_say(net.flows[error.flow], reason)]
    except _TooMany:
        reason = N_("More than %(states)d states; split the process up.")
        return [_say(Node(net.id, "process", net.name, line=1), reason, states=MAX_STATES)]
    stuck = next((marking for marking in before if marking and not _enabled(net, marking)), None)
    if stuck is not None:
        return [_deadlock(net, stuck)]
    return _dead(net, fired) or _endless(net, before)


def _search(net: Net, *, every_order: bool) -> tuple[dict[Marking, list[Marking]], set[str]]:
    """Return the reachable states, each with the states before it, and the nodes that can go."""
    first = frozenset(net.start().outgoing)
    before: dict[Marking, list[Marking]] = {first: []}
    fired = {net.start().id}
    queue = deque([first])
    while queue:
        marking = queue.popleft()
        nodes = _enabled(net, marking)
        for node in nodes if every_order else nodes[:1]:
            fired.add(node.id)
            fired.update(timer.id for timer in net.boundaries.get(node.id, ()))
            for state in _next(net, marking, node):
                if state not in before:
                    before[state] = []
                    queue.append(state)
                before[state].append(marking)
        if len(before) > MAX_STATES:
            raise _TooMany
    return before, fired


def _deadlock(net: Net, marking: Marking) -> Problem:
    join = next(
        node
        for key in sorted(marking)
        if (node := net.nodes[net.flows[key].target]).kind == data.PARALLEL
    )
    missing = ", ".join(sorted(set(join.incoming) - marking))
    return _say(join, N_("This join can wait for ever for %(flows)s."), flows=missing)


def _dead(net: Net, fired: set[str]) -> list[Problem]:
    dead = [node for key, node in net.nodes.items() if key not in fired]
    return [_say(node, N_("This can never run.")) for node in dead]


def _endless(net: Net, before: dict[Marking, list[Marking]]) -> list[Problem]:
    """Say where the process can get to and never end from."""
    seen: set[Marking] = set()
    queue = deque([frozenset()])
    while queue:
        marking = queue.popleft()
        if marking not in seen:
            seen.add(marking)
            queue.extend(before.get(marking, ()))
    for marking in before:
        if marking not in seen:
            node = net.nodes[net.flows[min(marking)].target]
            return [_say(node, N_("From here the process can never end."))]
    return []
