"""Which step may follow which in a process (流程足迹), to compare with what happened. Pure.

Only work for people counts as a step; gateways, events, automatic tasks and sub-processes are passed through. A step
may come directly after another when the flow leads from it there, or when the two stand in branches that run at once.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product

from yiwang.engines.workflow.data import (
    BOUNDARY,
    END,
    INCLUSIVE,
    PARALLEL,
    SUB,
    TASKS,
    Net,
    Node,
)

ENDED = ""
"""What stands for the end of a process where a step could stand; before the first step there is None."""

FOREIGN, RETURNED, SKIPPED, OUT_OF_ORDER = "FOREIGN", "RETURNED", "SKIPPED", "OUT_OF_ORDER"


@dataclass(frozen=True, slots=True)
class Deviation:
    """How a step does not fit (偏离): FOREIGN (not of this version), RETURNED (came again or before), SKIPPED (those
    between were not done), OUT_OF_ORDER. skipped: the steps on the shortest way."""

    kind: str
    skipped: tuple[str, ...] = ()


class Footprint:
    """The steps of a net and what may follow what (足迹).

    >>> made = Footprint.of_pairs({None: ["a"], "a": ["b"], "b": ["c"], "c": [ENDED]})
    >>> made.deviation("a", "b"), made.deviation("a", "c")
    (None, Deviation(kind='SKIPPED', skipped=('b',)))
    >>> made.deviation("c", "a").kind, made.deviation("b", ENDED).skipped
    ('RETURNED', ('c',))
    """

    def __init__(
        self,
        follows: dict[str | None, frozenset[str]],
        at_once: frozenset[tuple[str, str]],
        names: dict[str, dict[str, str]] | None = None,
    ) -> None:
        self.follows = follows
        self.at_once = at_once
        self.names = names or {}

    @classmethod
    def of_pairs(
        cls, follows: dict[str | None, Iterable[str]], at_once: Iterable[tuple[str, str]] = ()
    ) -> "Footprint":
        """Make one of what follows what (足迹)."""
        both = {pair for one in at_once for pair in (one, one[::-1])}
        return cls({key: frozenset(value) for key, value in follows.items()}, frozenset(both))

    @classmethod
    def of_net(cls, net: Net) -> "Footprint":
        """Read the footprint off a net (由流程得足迹)."""
        walk = _Walk(net)
        steps = [node for node in net.nodes.values() if node.kind in TASKS]
        follows: dict[str | None, frozenset[str]] = {None: walk.steps_from([net.start().id])}
        follows |= {node.id: walk.steps_from(walk.after(node)) for node in steps}
        made = cls.of_pairs(follows, walk.at_once())
        made.names = {one.id: {"zh": one.name, "en": one.name_en or one.name} for one in steps}
        return made

    @cached_property
    def steps(self) -> frozenset[str]:
        """The steps of the process (环节)."""
        return frozenset(key for key in self.follows if key is not None)

    def allows(self, before: str | None, step: str) -> bool:
        """Tell whether a step, or ENDED, may come directly after another (是否允许)."""
        if step in self.follows.get(before, ()) or (before, step) in self.at_once:
            return True
        others = [other for one, other in self.at_once if one == before]
        return step == ENDED and any(ENDED in self.follows.get(one, ()) for one in others)

    def deviation(self, before: str | None, step: str) -> Deviation | None:
        """Say how a step deviates (偏离情形), None when it may come there."""
        if self.allows(before, step):
            return None
        if step not in self.steps | {ENDED} or before not in self.steps | {None}:
            return Deviation(FOREIGN)
        if before is not None and step != ENDED and self._way(step, before) is not None:
            return Deviation(RETURNED)
        way = self._way(before, step)
        return Deviation(OUT_OF_ORDER) if way is None else Deviation(SKIPPED, way)

    def _way(self, start: str | None, goal: str) -> tuple[str, ...] | None:
        """Return the steps between two on the shortest way, None when there is none."""
        if start == goal:
            return ()
        queue: deque[tuple[str | None, tuple[str, ...]]] = deque([(start, ())])
        seen = {start}
        while queue:
            step, way = queue.popleft()
            for following in sorted(self.follows.get(step, ())):
                if following == goal:
                    return way
                if following not in seen:
                    seen.add(following)
                    queue.append((following, (*way, following)))
        return None


class _Walk:
    """Walks over a net as if its sub-processes were written out."""

    def __init__(self, net: Net) -> None:
        self.net = net

    def steps_from(self, keys: Iterable[str]) -> frozenset[str]:
        """Return the first steps that are reached from nodes, ENDED among them."""
        found, seen, queue = set(), set(), list(keys)
        while queue:
            key = queue.pop()
            if key in seen:
                continue
            seen.add(key)
            node = self.net.nodes.get(key)
            if node is None:
                found.add(ENDED)
            elif node.kind in TASKS:
                found.add(key)
            else:
                queue += self.through(node)
        return frozenset(found)

    def after(self, node: Node) -> Iterator[str]:
        """Yield what may come once a node was reached: its flows, boundary events, interruptions around it."""
        yield from self._targets(node)
        for event in self.net.boundaries.get(node.id, ()):
            yield from self._targets(event)
        if node.multi is not None:
            yield node.id
        for scope in self._scopes(node):
            if scope and _is_cut_short(self.net.nodes[scope]):
                yield from self._targets(self.net.nodes[scope])
            for start in self.net.event_starts.get(scope, ()):
                yield from self._targets(start)
            for event in self.net.boundaries.get(scope, ()):
                yield from self._targets(event)

    def through(self, node: Node) -> Iterator[str]:
        """Yield where a token goes on from a node that is no step: into a sub-process, out of one at its end."""
        if node.kind == SUB and not node.is_event_sub:
            yield self.net.start(node.id).id
            for event in self.net.boundaries.get(node.id, ()):
                yield from self._targets(event)
        elif node.kind == END and node.scope:
            yield from self._out_of(node.scope)
        elif node.kind == END:
            yield ""
        else:
            yield from self.after(node)

    def _out_of(self, scope: str) -> Iterator[str]:
        sub = self.net.nodes[scope]
        if sub.is_event_sub:
            yield from self._out_of(sub.scope) if sub.scope else ("",)
            return
        if sub.multi is not None:
            yield self.net.start(sub.id).id
        yield from self._targets(sub)

    def _scopes(self, node: Node) -> Iterator[str]:
        scope = node.scope
        while scope:
            yield scope
            scope = self.net.nodes[scope].scope
        yield ""

    def _targets(self, node: Node) -> Iterator[str]:
        return (self.net.flows[flow].target for flow in node.outgoing)

    def at_once(self) -> Iterator[tuple[str, str]]:
        """Yield the pairs of steps that stand in branches which run at once."""
        for node in self.net.nodes.values():
            if node.kind in (PARALLEL, INCLUSIVE) and len(node.outgoing) > 1:
                branches = [self._reach([target], node.id) for target in self._targets(node)]
                yield from _across(branches)
            elif node.kind == BOUNDARY and not node.is_interrupting:
                aside = self._reach(self._targets(node), "")
                yield from product(aside, aside)  # it may come again while that of before is open
                yield from _across([aside, self._reach([node.attached_to], "") - aside])
            elif node.kind == SUB and node.multi is not None and not node.multi.is_sequential:
                inside = self._inside(node.id)
                yield from product(inside, inside)
        for starts in self.net.event_starts.values():
            for start in starts:
                if not start.is_interrupting:
                    aside = self._reach([start.id], "")
                    yield from product(aside, aside)
                    yield from _across([aside, self._steps() - aside])

    def _steps(self) -> frozenset[str]:
        return frozenset(node.id for node in self.net.nodes.values() if node.kind in TASKS)

    def _inside(self, scope: str) -> frozenset[str]:
        return frozenset(key for key in self._steps() if scope in self._scopes(self.net.nodes[key]))

    def _reach(self, keys: Iterable[str], stop: str) -> frozenset[str]:
        """Return the steps that can be reached at all without passing `stop` again."""
        seen: set[str] = {stop}
        queue = list(keys)
        while queue:
            key = queue.pop()
            node = self.net.nodes.get(key)
            if key in seen or node is None:
                continue
            seen.add(key)
            queue += self.after(node) if node.kind in TASKS else self.through(node)
        return self._steps() & seen


def _is_cut_short(sub: Node) -> bool:
    """Tell whether instances of a sub-process are left open inside when enough are done (提前结束)."""
    return sub.multi is not None and sub.multi.completion is not None


def _across(branches: list[frozenset[str]]) -> Iterator[tuple[str, str]]:
    common = frozenset.intersection(*branches)
    for one, other in combinations(branches, 2):
        for step in one - common:
            yield from ((step, beside) for beside in other - common if beside != step)
