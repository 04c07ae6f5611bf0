"""Which inclusive split belongs to which join (包容网关配对). Pure: works on the shape of a net.

A split and a join are a pair when what lies between them can be entered only by the split and left
only by the join (or by an end event). Only pairs are executed: the join then waits for exactly the
tokens of its split, and never has to guess what may still come.
"""

from collections.abc import Mapping
from typing import Any, Protocol

INCLUSIVE = "inclusiveGateway"


class Shape(Protocol):
    """What is asked of a net: nodes and flows by id, boundary events by host."""

    nodes: Mapping[str, Any]
    flows: Mapping[str, Any]
    boundaries: Mapping[str, Any]


def region(net: Shape, split: str, join: str) -> frozenset[str] | None:
    """Return the nodes between a split and a join, None when they are no pair (区域)."""
    seen: set[str] = set()
    queue = [net.flows[flow].target for flow in net.nodes[split].outgoing]
    is_reached = False
    while queue:
        key = queue.pop()
        if key == join:
            is_reached = True
        elif key == split:
            return None
        elif key not in seen and key in net.nodes:
            seen.add(key)
            queue += [net.flows[flow].target for flow in net.nodes[key].outgoing]
            queue += [event.id for event in net.boundaries.get(key, ())]
    inside = seen | {split}
    entered = [flow for key in (*seen, join) for flow in net.nodes[key].incoming]
    is_closed = all(net.flows[flow].source in inside for flow in entered)
    return frozenset(seen) if is_reached and is_closed else None


def inclusive_pairs(net: Shape) -> dict[str, str]:
    """Return the join of every inclusive split that has one (配对): the nearest."""
    nodes = [node for node in net.nodes.values() if node.kind == INCLUSIVE]
    joins = [node for node in nodes if len(node.incoming) > 1]
    pairs: dict[str, str] = {}
    for split in nodes:
        if len(split.outgoing) < 2 or len(split.incoming) > 1:
            continue
        found = [
            (len(between), join.id)
            for join in joins
            if join.scope == split.scope and (between := region(net, split.id, join.id)) is not None
        ]
        if found:
            pairs[split.id] = min(found)[1]
    return pairs
