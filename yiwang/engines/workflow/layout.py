"""Draws a process that has no diagram (自动布局): layers left to right, as one would by hand.

The method is Sugiyama's: turn loops round, layer by the longest path, let long flows pass through
invisible nodes, order each layer by the mean of its neighbours, and place the rows by the least
squares that keep that order (pool adjacent violators). The main line, which follows the first flow
out of every choice, weighs most and stays straight; the other ways out hang below it.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from xml.etree.ElementTree import Element
from xml.sax.saxutils import quoteattr

from yiwang.engines.workflow import data
from yiwang.engines.workflow.bpmn import BPMNDI, DC, DI, bpmn, tree_read
from yiwang.engines.workflow.bpmn_xml import local
from yiwang.engines.workflow.data import Flow, Net, Node
from yiwang.engines.workflow.interchange.canonical import Model
from yiwang.engines.workflow.interchange.references import NODES

COLUMN, ROW, MARGIN = 170, 140, 90
TASK, GATEWAY, EVENT = (110, 80), (50, 50), (36, 36)
CONTAINERS = frozenset({data.SUB, "transaction", "adHocSubProcess"})
_CLOSING = re.compile(r"</[\w.:-]*definitions\s*>\s*(?:<!--(?:(?!-->).)*-->\s*)*\Z", re.DOTALL)

Point = tuple[int, int]
Box = tuple[int, int, int, int]


@dataclass(slots=True)
class _Drawing:
    """Nodes and invisible nodes on a grid; a path is a flow's way through the columns."""

    net: Net
    column: dict[str, int] = field(default_factory=dict)
    row: dict[str, float] = field(default_factory=dict)
    paths: dict[str, list[str]] = field(default_factory=dict)
    backward: list[str] = field(default_factory=list)
    satellites: dict[str, Node] = field(default_factory=dict)
    main: set[str] = field(default_factory=set)


def process_layout(xml: str, *, anew: bool = False) -> str:
    """Return the XML with BPMNDI diagrams (补画流程图); unchanged when it has one already.

    Every process gets a diagram, and every sub-process one of its own, to which viewers lead down.
    anew: take the diagrams that it has away and draw others. Pools, lanes, message flows, data and
    annotations are not drawn.
    """
    root, _lines = tree_read(xml)
    if anew:
        xml = _undrawn(xml)
    elif root.find(f".//{{{BPMNDI}}}BPMNShape") is not None:
        return xml
    nets = [net for process in root.findall(bpmn("process")) for net in _nets(process)]
    match = _CLOSING.search(xml)
    if match is None or not any(net.nodes for net in nets):
        return xml
    drawn = "".join(_diagram(net) for net in nets if net.nodes)
    return xml[: match.start()] + drawn + xml[match.start() :]


def _undrawn(xml: str) -> str:
    """Return the XML without its diagrams."""
    model = Model.read(xml)
    for diagram in model.root.findall(f"{{{BPMNDI}}}BPMNDiagram"):
        model.root.remove(diagram)
    return model.export()


def _nets(container: Element) -> Iterator[Net]:
    """Iterate over a process and its sub-processes as nets to draw, whatever their elements are."""
    flows, nodes, inner = {}, {}, []
    for child in container:
        key = child.get("id", "")
        if child.tag == bpmn("sequenceFlow"):
            ends = child.get("sourceRef", ""), child.get("targetRef", "")
            flows[key] = Flow(key, *ends, name=child.get("name", ""))
    for child in container:
        key, kind = child.get("id", ""), local(child)
        if kind in NODES and key:
            nodes[key] = Node(
                id=key,
                kind=kind,
                name=child.get("name", ""),
                incoming=tuple(flow.id for flow in flows.values() if flow.target == key),
                outgoing=tuple(flow.id for flow in flows.values() if flow.source == key),
                attached_to=child.get("attachedToRef", ""),
            )
            inner += [child] if kind in CONTAINERS else []
    yield Net(container.get("id", ""), container.get("name", ""), nodes, flows)
    for child in inner:
        yield from _nets(child)


def _diagram(net: Net) -> str:
    drawing = _Drawing(net)
    _layer(drawing)
    drawing.main = _main_line(drawing)
    _arrange(drawing)
    _apart(drawing)
    boxes = _boxes(drawing)
    lines = [
        f'  <bpmndi:BPMNDiagram id="Diagram_{net.id}" xmlns:bpmndi="{BPMNDI}" xmlns:dc="{DC}"'
        f' xmlns:di="{DI}">',
        f'    <bpmndi:BPMNPlane id="Plane_{net.id}" bpmnElement={quoteattr(net.id)}>',
    ]
    for key, box in boxes.items():
        node = net.nodes[key]
        marker = ' isMarkerVisible="true"' if node.kind == data.EXCLUSIVE else ""
        marker += ' isExpanded="false"' if node.kind in CONTAINERS else ""
        lines += [
            f'      <bpmndi:BPMNShape id="Shape_{key}" bpmnElement={quoteattr(key)}{marker}>',
            f"        {_bounds(*box)}",
            *_label(_node_label(node, box)),
            "      </bpmndi:BPMNShape>",
        ]
    for key, points in _routes(drawing, boxes).items():
        lines.append(f'      <bpmndi:BPMNEdge id="Edge_{key}" bpmnElement={quoteattr(key)}>')
        lines += [f'        <di:waypoint x="{x}" y="{y}" />' for x, y in points]
        lines += [*_label(_flow_label(net.flows[key].name, points)), "      </bpmndi:BPMNEdge>"]
    return "\n".join([*lines, "    </bpmndi:BPMNPlane>", "  </bpmndi:BPMNDiagram>", ""])


def _bounds(x: int, y: int, width: int, height: int) -> str:
    return f'<dc:Bounds x="{x}" y="{y}" width="{width}" height="{height}" />'


def _label(box: Box | None) -> list[str]:
    if box is None:
        return []
    return [
        "        <bpmndi:BPMNLabel>",
        f"          {_bounds(*box)}",
        "        </bpmndi:BPMNLabel>",
    ]


def _width(text: str) -> int:
    """Return about how wide a text is drawn: Chinese characters are twice as wide as others."""
    return 6 + sum(12 if ord(letter) > 0x2E7F else 7 for letter in text)


def _node_label(node: Node, box: Box) -> Box | None:
    """Write beside gateways and timers, where no flow runs; tasks and other events as usual."""
    x, y, width, height = box
    text = _width(node.name)
    if node.name and (width, height) == GATEWAY:
        return x + width // 2 - text - 4, y - 14, text, 14
    if node.name and node.kind == data.BOUNDARY:
        return x - text + 14, y + height + 2, text, 14
    return None


def _flow_label(name: str, points: list[Point]) -> Box | None:
    """Write above the first level piece of the flow."""
    if not name:
        return None
    text = _width(name)
    level = next((pair for pair in pairwise(points) if pair[0][1] == pair[1][1]), None)
    if level is None:
        return None
    (x, y), (end_x, _) = level
    return (x + 4 if end_x > x else (x + end_x - text) // 2), y - 18, text, 14


def _host(net: Net, key: str) -> str:
    """Return the task a boundary event sits on, or the node itself."""
    return net.nodes[key].attached_to or key


def _layer(drawing: _Drawing) -> None:
    """Give every node a column and every flow a path; flows that lead back get none."""
    net = drawing.net
    flows = [flow for flow in net.flows.values() if {flow.source, flow.target} <= net.nodes.keys()]
    for flow in flows:
        source, target = net.nodes[flow.source], net.nodes[flow.target]
        alone = target.kind == data.END and len(target.incoming) == 1
        if source.kind == data.BOUNDARY and alone:
            drawing.satellites[target.id] = source
    inner = [flow for flow in flows if flow.target not in drawing.satellites]
    out = defaultdict(list)
    for flow in inner:
        out[_host(net, flow.source)].append(flow)
    order, drawing.backward = _sorted(net, out)
    drawing.column = dict.fromkeys(order, 0)
    for key in order:
        for flow in out[key]:
            if flow.id not in drawing.backward:
                column = drawing.column[key] + 1
                drawing.column[flow.target] = max(drawing.column[flow.target], column)
    for flow in inner:
        if flow.id not in drawing.backward:
            _path(drawing, flow.id, _host(net, flow.source), flow.target)


def _sorted(net: Net, out: dict[str, list]) -> tuple[list[str], list[str]]:
    """Return the nodes in topological order and the flows that had to be turned round."""
    done: list[str] = []
    backward: list[str] = []
    state: dict[str, int] = {}
    nodes = [n for n in net.nodes.values() if n.kind != data.BOUNDARY and (n.incoming or out[n.id])]
    for first in sorted(nodes, key=lambda node: node.kind != data.START):
        if first.id in state:
            continue
        state[first.id] = 1
        stack = [(first.id, reversed(out[first.id]))]
        while stack:
            key, flows = stack[-1]
            flow = next(flows, None)
            if flow is None:
                state[key] = 2
                done.append(key)
                stack.pop()
            elif state.get(flow.target) == 1:
                backward.append(flow.id)
            elif flow.target not in state:
                state[flow.target] = 1
                stack.append((flow.target, reversed(out[flow.target])))
    return done[::-1], backward


def _path(drawing: _Drawing, flow_id: str, source: str, target: str) -> None:
    path = [source]
    for column in range(drawing.column[source] + 1, drawing.column[target]):
        key = f"{flow_id}\0{column}"
        drawing.column[key] = column
        path.append(key)
    drawing.paths[flow_id] = [*path, target]


def _arrange(drawing: _Drawing) -> None:
    """Give every node a row: sweep to and fro over the columns."""
    columns: dict[int, list[str]] = defaultdict(list)
    for key, column in drawing.column.items():
        if key not in drawing.satellites:
            columns[column].append(key)
    before, after = defaultdict(list), defaultdict(list)
    for path in drawing.paths.values():
        for left, right in pairwise(path):
            before[right].append(left)
            after[left].append(right)
    drawing.row = {key: float(n) for keys in columns.values() for n, key in enumerate(keys)}
    numbers = sorted(columns)
    for sweep in range(8):
        forward = sweep % 2 == 0
        near = before if forward else after
        for column in numbers if forward else reversed(numbers):
            _place(drawing, columns[column], near)


def _apart(drawing: _Drawing) -> None:
    """Put what no flow leads to or from, such as event sub-processes, in a row of its own below."""
    bottom = max(drawing.row.values(), default=0.0)
    lone = [
        node.id
        for node in drawing.net.nodes.values()
        if node.kind != data.BOUNDARY
        and node.id not in drawing.row
        and node.id not in drawing.satellites
    ]
    for column, key in enumerate(lone):
        drawing.column[key], drawing.row[key] = column, bottom + 1


def _place(drawing: _Drawing, keys: list[str], near: dict[str, list[str]]) -> None:
    row = drawing.row
    wanted = {}
    for key in keys:
        others = near[key]
        if key in drawing.main:
            others = [other for other in others if other in drawing.main] or others
        rows = [row[other] for other in others]
        wanted[key] = sum(rows) / len(rows) if rows else row[key]
    keys.sort(key=lambda key: (round(wanted[key], 3), row[key]))
    weights = [_weight(drawing, key) for key in keys]
    offsets = [wanted[key] - n for n, key in enumerate(keys)]
    for n, (key, value) in enumerate(zip(keys, _monotone(offsets, weights), strict=True)):
        row[key] = value + n


def _weight(drawing: _Drawing, key: str) -> float:
    if key in drawing.main:
        return 10_000.0
    return 1.0 if "\0" in key else 100.0


def _main_line(drawing: _Drawing) -> set[str]:
    """Return the nodes on the way that a process usually takes; no branch of a split is on it."""
    net = drawing.net
    main: set[str] = set()
    key = next((node.id for node in net.nodes.values() if node.kind == data.START), "")
    depth = 0
    while key and key not in main and len(main) < len(net.nodes):
        node = net.nodes[key]
        is_parallel = node.kind == data.PARALLEL
        depth -= is_parallel and len(node.incoming) > 1
        if depth <= 0:
            main.add(key)
        depth += is_parallel and len(node.outgoing) > 1
        onward = [flow for flow in node.outgoing if flow in drawing.paths]
        key = net.flows[onward[0]].target if onward else ""
    return main


def _monotone(values: list[float], weights: list[float]) -> list[float]:
    """Return the nearest values that never fall (weighted least squares).

    >>> _monotone([0.0, -1.0, -2.0], [1.0, 1.0, 1.0])
    [-1.0, -1.0, -1.0]
    """
    pools: list[list[float]] = []
    for value, weight in zip(values, weights, strict=True):
        pools.append([value, weight, 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            value2, weight2, count2 = pools.pop()
            value1, weight1, count1 = pools[-1]
            total = weight1 + weight2
            mean = (value1 * weight1 + value2 * weight2) / total
            pools[-1] = [mean, total, count1 + count2]
    return [value for value, _weight, count in pools for _ in range(int(count))]


def _size(node: Node) -> tuple[int, int]:
    if node.kind.endswith("Gateway"):
        return GATEWAY
    return EVENT if node.kind.endswith("Event") else TASK


def _centre(drawing: _Drawing, key: str) -> Point:
    top = min(drawing.row.values(), default=0)
    head = MARGIN + 30 * len(drawing.backward)
    y = head + round((drawing.row[key] - top) * ROW / 10) * 10
    return MARGIN + drawing.column[key] * COLUMN, y


def _boxes(drawing: _Drawing) -> dict[str, Box]:
    boxes = {}
    for key, node in drawing.net.nodes.items():
        width, height = _size(node)
        if key in drawing.row:
            x, y = _centre(drawing, key)
        elif node.kind == data.BOUNDARY and node.attached_to in drawing.row:
            x, y = _centre(drawing, node.attached_to)
            siblings = drawing.net.boundaries[node.attached_to]
            x, y = x - 30 + 40 * siblings.index(node), y + 40
        elif key in drawing.satellites:
            host = drawing.satellites[key]
            x, y = _centre(drawing, host.attached_to)
            x, y = x + 40 * drawing.net.boundaries[host.attached_to].index(host) + 30, y + 76
        else:
            continue
        boxes[key] = (x - width // 2, y - height // 2, width, height)
    return boxes


def _middle(box: Box) -> Point:
    x, y, width, height = box
    return x + width // 2, y + height // 2


def _routes(drawing: _Drawing, boxes: dict) -> dict[str, list[Point]]:
    routes = {}
    for flow in drawing.net.flows.values():
        if not {flow.source, flow.target} <= boxes.keys():
            continue
        source, target = boxes[flow.source], boxes[flow.target]
        if flow.target in drawing.satellites or flow.id not in drawing.paths:
            is_back = flow.id in drawing.backward
            level = drawing.backward.index(flow.id) if is_back else 0
            route = (
                _over(source, target, MARGIN - 30 + 30 * level)
                if is_back
                else _under(source, target)
            )
        else:
            route = _across(drawing, flow.id, boxes)
        routes[flow.id] = _straightened(route)
    return routes


def _under(source: tuple, target: tuple) -> list[Point]:
    """From the bottom of a boundary event down and to the right."""
    x, _ = _middle(source)
    target_y = _middle(target)[1]
    return [(x, source[1] + source[3]), (x, target_y), (target[0], target_y)]


def _over(source: tuple, target: tuple, y: int) -> list[Point]:
    """Back to an earlier node, above everything else."""
    source_x, target_x = _middle(source)[0], _middle(target)[0]
    return [(source_x, source[1]), (source_x, y), (target_x, y), (target_x, target[1])]


def _across(drawing: _Drawing, flow_id: str, boxes: dict) -> list[Point]:
    """From left to right through the gaps between the columns."""
    flow = drawing.net.flows[flow_id]
    source, target = boxes[flow.source], boxes[flow.target]
    path = drawing.paths[flow_id]
    x, y = _middle(source)
    is_gateway = source[2] == source[3] == GATEWAY[0]
    end_x, end_y = _middle(target)
    first = _centre(drawing, path[1]) if len(path) > 2 else (end_x, end_y)
    if drawing.net.nodes[flow.source].kind == data.BOUNDARY:
        points = [(x, source[1] + source[3]), (x, first[1])]
    elif is_gateway and first[1] != y and _is_alone(drawing, path[0]):
        points = [(x, source[1] if first[1] < y else source[1] + source[3]), (x, first[1])]
    else:
        points = [(source[0] + source[2], y)]
    for key in path[1:-1]:
        points += _jog(points[-1], _centre(drawing, key))
    joins = target[2] == target[3] == GATEWAY[0] and _is_alone(drawing, path[-1])
    if joins and points[-1][1] != end_y:
        edge = target[1] if points[-1][1] < end_y else target[1] + target[3]
        return [*points, (end_x, points[-1][1]), (end_x, edge)]
    return [*points, *_jog(points[-1], (target[0], end_y), gap=target[0] - 25)]


def _is_alone(drawing: _Drawing, key: str) -> bool:
    """Tell whether nothing else stands in the column, so that flows may run along it."""
    column = drawing.column[key]
    return not any(c == column and k != key and k in drawing.row for k, c in drawing.column.items())


def _jog(start: Point, end: Point, *, gap: int | None = None) -> list[Point]:
    if start[1] == end[1]:
        return [end]
    x = gap if gap is not None else end[0] - COLUMN // 2
    return [(x, start[1]), (x, end[1]), end]


def _straightened(points: list[Point]) -> list[Point]:
    """Drop points that stand on the line between their neighbours."""
    kept = [points[0]]
    for here, after in pairwise(points[1:]):
        before = kept[-1]
        on_line = before[0] == here[0] == after[0] or before[1] == here[1] == after[1]
        if not on_line and here != before:
            kept.append(here)
    return [*kept, points[-1]]
