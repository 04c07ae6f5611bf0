"""Is a net fit to run? (流程校验) Structure first, then a bounded search of its states.

The search is that of workflow nets (van der Aalst, *The Application of Petri Nets to Workflow
Management*, 1998): whatever the data, every reachable state can end, no node is dead, and no flow
ever carries two tokens. Flows are places; an exclusive gateway is a free choice of its flows, an
inclusive one of any set of them, an event-based one of its events; an activity has a way out for
each event that can interrupt it. Automatic nodes go at once, as they do in the engine; what waits
goes in every order, and so do merges. A net too wide for that (some fifteen branches at once) is searched with one at
a time: since no two nodes share an incoming flow that still finds every deadlock (a stubborn set),
though not every meeting of two tokens.

Sub-processes are searched by themselves: from outside each is one activity, whatever happens inside
(Vanhatalo, Völzer, Leymann, *Faster and More Focused Control-Flow Analysis for Business Process Models
Through SESE Decomposition*, 2007). So are several instances of one activity: they end together.
What an event beside an activity starts is searched by itself too, as long as it keeps to itself: it
may happen again while the last time still goes on.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from yiwang.engines.workflow import data
from yiwang.engines.workflow.blocks import region
from yiwang.engines.workflow.data import Net, Node, Problem
from yiwang.engines.workflow.structure import process_node, say, structure_problems
from yiwang.sdk.errors import N_

MAX_STATES = 20_000
WAITS = data.ACTIVITIES - data.AUTOMATIC | {data.CATCH, data.EVENT_GATEWAY}
Marking = frozenset[str]


def problems_find(net: Net, *, services: Iterable[str], roles: Iterable[str]) -> list[Problem]:
    """List why a net cannot run (校验流程), [] when it can.

    services, roles: the names that exist. The states are searched only once the structure holds.
    """
    problems = structure_problems(net, services=frozenset(services), roles=frozenset(roles))
    if problems:
        return problems
    scopes = ["", *(node.id for node in net.nodes.values() if node.kind == data.SUB)]
    for scope in scopes:
        problems += _states(net, scope)
    return problems


def marking_problem(net: Net, flows: Iterable[str]) -> Problem | None:
    """Tell why a process could not go on well from a state (状态校验), None when it can.

    flows: the sequence flows of one scope that carry a token. Dead nodes are no fault here.
    """
    beside = _beside(net)
    flows = list(flows)
    main = frozenset(key for key in flows if net.flows[key].target not in beside.nodes)
    parts = [main, *(frozenset({key}) for key in flows if key not in main)]
    for marking in parts:
        if found := _explore(net, marking, where=process_node(net))[0]:
            return found
    return None


@dataclass(frozen=True, slots=True)
class Beside:
    """Events beside an activity whose way keeps to itself, and the nodes of those ways."""

    events: frozenset[str]
    nodes: frozenset[str]


@lru_cache(maxsize=256)
def _beside(net: Net) -> Beside:
    """Find the ways that events beside activities start and that never meet the others (旁路)."""
    every = net.nodes.values()
    aside = [node for node in every if node.kind == data.BOUNDARY and not node.is_interrupting]
    starts = [node.id for node in every if node.kind == data.START]
    main = _reach(net, starts, without=frozenset(node.id for node in aside))
    events, nodes = set(), set()
    for event in aside:
        way = _reach(net, [event.id]) - {event.id}
        if not way & main:
            events.add(event.id)
            nodes |= way
    return Beside(frozenset(events), frozenset(nodes))


def _reach(net: Net, starts: list[str], *, without: frozenset[str] = frozenset()) -> set[str]:
    seen: set[str] = set()
    queue = list(starts)
    while queue:
        key = queue.pop()
        if key in seen or key in without:
            continue
        seen.add(key)
        queue += [net.flows[flow].target for flow in net.nodes[key].outgoing]
        queue += [event.id for event in net.boundaries.get(key, ())]
    return seen


def _enabled(net: Net, marking: Marking) -> list[Node]:
    """Return which nodes can go: one automatic node, else all that wait; [] in a deadlock."""
    waiting = []
    for key in sorted(marking):
        node = net.nodes[net.flows[key].target]
        if node.kind == data.PARALLEL and not marking.issuperset(node.incoming):
            continue
        if node.kind == data.INCLUSIVE and marking & _before(net, node.id):
            continue
        if not _lingers(node):
            return [node]
        if node not in waiting:
            waiting.append(node)
    return waiting


def _lingers(node: Node) -> bool:
    """Tell whether tokens may wait before a node: at what waits, and where ways merge, so that two that
    come there at once are seen, however fast the engine would let each go on."""
    is_merge = len(node.incoming) > 1 and node.kind not in (data.PARALLEL, data.INCLUSIVE, data.END)
    return is_merge or node.kind in WAITS


@lru_cache(maxsize=256)
def _before(net: Net, join: str) -> frozenset[str]:
    """Return the flows between an inclusive join and its split, without those that lead into it."""
    split = next((key for key, one in net.pairs.items() if one == join), None)
    if split is None:
        return frozenset()
    inside = region(net, split, join) or frozenset()
    flows = {flow for key in (split, *inside) for flow in net.nodes[key].outgoing}
    return frozenset(flows - set(net.nodes[join].incoming))


def _ways(net: Net, node: Node) -> list[tuple[str, ...]]:
    """Return the alternatives of what a node puts out."""
    if node.kind in (data.EXCLUSIVE, data.EVENT_GATEWAY):
        return [(flow,) for flow in node.outgoing]
    if node.kind == data.INCLUSIVE and len(node.outgoing) > 1:
        flows = [flow for flow in node.outgoing if flow != node.default]
        sets = [ways for size in range(1, len(flows) + 1) for ways in combinations(flows, size)]
        return [*sets, (node.default,)] if node.default else sets
    ways = [node.outgoing]
    aside = _beside(net).events
    for event in net.boundaries.get(node.id, ()):
        if event.is_interrupting:
            ways.append(event.outgoing)
        elif event.id not in aside:
            ways += [(*way, *event.outgoing) for way in ways]
    return ways


class _Unsafe(Exception):
    def __init__(self, flow: str) -> None:
        super().__init__(flow)
        self.flow = flow


def _next(net: Net, marking: Marking, node: Node) -> list[Marking]:
    if node.event is not None and node.kind == data.END:
        if node.event.kind in (data.TERMINATE, data.ERROR):
            return [frozenset()]
    used = frozenset(node.incoming) & marking
    if _lingers(node) and len(used) > 1:
        raise _Unsafe(min(used))
    if node.kind not in (data.PARALLEL, data.INCLUSIVE):
        used = frozenset(sorted(used)[:1])
    rest = marking - used
    states = []
    for way in _ways(net, node):
        if double := rest.intersection(way):
            raise _Unsafe(min(double))
        states.append(rest.union(way))
    return states


class _TooMany(Exception):
    pass


def _states(net: Net, scope: str) -> list[Problem]:
    """Search a scope, and every way beside it, from its beginning (状态搜索)."""
    start, where = net.start(scope), net.nodes.get(scope) or process_node(net)
    aside = [net.nodes[key] for key in sorted(_beside(net).events) if net.nodes[key].scope == scope]
    fired = {start.id}
    for first in (start, *aside):
        problem, ran = _explore(net, frozenset(first.outgoing), where=where)
        if problem is not None:
            return [problem]
        fired |= ran
    return _dead(net, scope, fired)


def _explore(net: Net, first: Marking, *, where: Node) -> tuple[Problem | None, set[str]]:
    """Return what can go wrong from a state, and which nodes can go."""
    try:
        try:
            before, fired = _search(net, first, every_order=True)
        except _TooMany:
            before, fired = _search(net, first, every_order=False)
    except _Unsafe as error:
        reason = N_("Two tokens can meet on this flow: parallel branches merge without a join.")
        return say(net.flows[error.flow], reason), set()
    except _TooMany:
        reason = N_("More than %(states)d states; split the process up.")
        return say(where, reason, states=MAX_STATES), set()
    stuck = next((marking for marking in before if marking and not _enabled(net, marking)), None)
    if stuck is not None:
        return _deadlock(net, stuck), fired
    return _endless(net, before), fired


def _search(
    net: Net, first: Marking, *, every_order: bool
) -> tuple[dict[Marking, list[Marking]], set[str]]:
    """Return the reachable states, each with the states before it, and the nodes that can go."""
    before: dict[Marking, list[Marking]] = {first: []}
    fired: set[str] = set()
    queue = deque([first])
    while queue:
        marking = queue.popleft()
        nodes = _enabled(net, marking)
        for node in nodes if every_order else nodes[:1]:
            fired.add(node.id)
            fired.update(event.id for event in net.boundaries.get(node.id, ()))
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
        if (node := net.nodes[net.flows[key].target]).kind in (data.PARALLEL, data.INCLUSIVE)
    )
    missing = ", ".join(sorted(set(join.incoming) - marking))
    return say(join, N_("This join can wait for ever for %(flows)s."), flows=missing)


def _dead(net: Net, scope: str, fired: set[str]) -> list[Problem]:
    dead = [
        node
        for key, node in net.nodes.items()
        if node.scope == scope and not node.is_event_sub and key not in fired
    ]
    return [say(node, N_("This can never run.")) for node in dead]


def _endless(net: Net, before: dict[Marking, list[Marking]]) -> Problem | None:
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
            return say(node, N_("From here the process can never end."))
    return None
