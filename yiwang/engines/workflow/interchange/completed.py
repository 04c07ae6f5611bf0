"""Copies of a process fit for the checks of our engine (补全后的流程).

A model from another tool says less than our engine must know, or more than it executes. Soundness is
a matter of the control flow alone. So a first copy has plain steps in place of what we do not
execute: its structure is checked. A second one is filled in as well, with a role for each task and a
condition for each choice: its states are searched. What was put in is never taken for the model: ids
of ours have "--" in them.
"""

import copy
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, SubElement

from yiwang.engines.workflow import data
from yiwang.engines.workflow.bpmn import BPMN, EVENTS, GATEWAYS, YW
from yiwang.engines.workflow.bpmn_xml import is_element, local
from yiwang.engines.workflow.data import Problem
from yiwang.sdk.errors import N_

ROLE, SERVICE = "APPROVER", "service"
UNEXAMINED = N_("Because of this element it was not examined whether the process is sound.")
_STEPS = frozenset({"task", "adHocSubProcess"})
_OPAQUE = frozenset({"complexGateway", "choreographyTask", "subChoreography", "callChoreography"})
_LOOPS = ("multiInstanceLoopCharacteristics", "standardLoopCharacteristics")
_FOREIGN_EVENTS = frozenset({"conditionalEventDefinition", "cancelEventDefinition"})
_ENDING = frozenset({"terminateEventDefinition", "errorEventDefinition"})
_TRUE = ("true", "1")


def _bpmn(tag: str) -> str:
    return f"{{{BPMN}}}{tag}"


def _yw(name: str) -> str:
    return f"{{{YW}}}{name}"


@dataclass
class Copies:
    """known: with plain steps for what we do not execute; filled: with all that was missing.

    opaque: elements whose flow of control we cannot know.
    """

    known: Element
    filled: Element
    lines: dict[Element, int]
    opaque: list[Problem] = field(default_factory=list)


def process_complete(process: Element, lines: dict[Element, int]) -> Copies:
    """Return the copies of a process (补全流程); the process itself is left alone."""
    lines = dict(lines)
    known = _twin(process, lines)
    for parent in list(known.iter()):
        for child in [one for one in parent if not is_element(one)]:
            parent.remove(child)
    simple = _Simple(lines)
    simple.container(known)
    filled = _twin(known, lines)
    _Filled(lines).container(filled)
    return Copies(known, filled, lines, simple.opaque)


def _twin(element: Element, lines: dict[Element, int]) -> Element:
    twin = copy.deepcopy(element)
    for old, new in zip(element.iter(), twin.iter(), strict=True):
        if old in lines:
            lines[new] = lines[old]
    return twin


def _definitions(element: Element) -> list[Element]:
    return [one for one in element if local(one).endswith("EventDefinition")]


def _nodes(container: Element) -> dict[str, Element]:
    kinds = EVENTS | GATEWAYS | data.ACTIVITIES
    found = [child for child in container if local(child) in kinds and child.get("id")]
    return {child.get("id", ""): child for child in found}


def _flows(container: Element) -> list[Element]:
    return [child for child in container if local(child) == "sequenceFlow"]


class _Copy:
    """What both copies need: adding elements with the line of what they stand for."""

    def __init__(self, lines: dict[Element, int]) -> None:
        self.lines = lines

    def flow(self, container: Element, source: Element, target: Element) -> None:
        key = f"{source.get('id')}--{target.get('id')}"
        ends = {"sourceRef": source.get("id", ""), "targetRef": target.get("id", "")}
        made = SubElement(container, _bpmn("sequenceFlow"), {"id": key, **ends})
        self.lines[made] = self.lines.get(source, 0)

    def node(self, container: Element, tag: str, owner: Element | None = None) -> Element:
        owner = container if owner is None else owner
        key = f"{owner.get('id')}--{tag}"
        made = SubElement(container, _bpmn(tag), {"id": key, "name": owner.get("name", "")})
        self.lines[made] = self.lines.get(owner, 0)
        return made

    def inner(self, container: Element, visit: Callable[[Element, Element], None]) -> None:
        for element in list(container):
            if local(element) == data.SUB:
                self.container(element)
            visit(container, element)

    def container(self, container: Element) -> None:
        raise NotImplementedError


class _Simple(_Copy):
    """Puts plain steps in place of what we do not execute."""

    def __init__(self, lines: dict[Element, int]) -> None:
        super().__init__(lines)
        self.opaque: list[Problem] = []

    def container(self, container: Element) -> None:
        for element in container:
            if local(element) == "transaction":
                element.tag = _bpmn(data.SUB)
        self.inner(container, self.element)
        self.links(container)

    def element(self, container: Element, element: Element) -> None:
        tag = local(element)
        if element.get("isForCompensation") in _TRUE or self.is_compensation(element):
            container.remove(element)
            return
        if tag in _OPAQUE:
            key, name = element.get("id", ""), element.get("name", "")
            self.opaque.append(Problem(key, name, self.lines.get(element, 0), UNEXAMINED))
        if tag in _STEPS or (tag == data.SUB and not _nodes(element)):
            step(element)
        for loop in [one for one in element if local(one) == _LOOPS[1]]:
            element.remove(loop)
        if tag in EVENTS:
            self.event(element)

    def is_compensation(self, element: Element) -> bool:
        is_boundary = local(element) == data.BOUNDARY
        return is_boundary and element.find(_bpmn("compensateEventDefinition")) is not None

    def event(self, element: Element) -> None:
        for one in _definitions(element):
            if local(one) == "compensateEventDefinition":
                element.remove(one)
            elif local(one) in _FOREIGN_EVENTS:
                element.remove(one)
                if local(element) in (data.BOUNDARY, data.CATCH):
                    timer(element)

    def links(self, container: Element) -> None:
        """Turn link events into flows from each throw to the catch of its name."""
        catches, throws = {}, []
        for node in _nodes(container).values():
            link = node.find(_bpmn("linkEventDefinition"))
            if link is None:
                continue
            name = link.get("name", "")
            node.remove(link)
            if local(node) == data.CATCH:
                catches[name] = node
            else:
                throws.append((name, node))
            node.tag = _bpmn(data.EXCLUSIVE)
        for name, node in throws:
            if name in catches:
                self.flow(container, node, catches[name])


class _Filled(_Copy):
    """Fills in what is missing and leaves of each element only its place in the flow of control."""

    def container(self, container: Element) -> None:
        hosts = {one.get("attachedToRef") for one in container if local(one) == data.BOUNDARY}
        self.inner(container, lambda parent, element: self.element(parent, element, hosts))
        self.begin(container)
        self.split(container)

    def element(self, container: Element, element: Element, hosts: set) -> None:
        tag = local(element)
        for loop in [child for child in element if local(child) in _LOOPS]:
            element.remove(loop)
        if tag in EVENTS:
            self.event(container, element)
        elif tag == data.EVENT_GATEWAY:
            element.tag = _bpmn(data.EXCLUSIVE)
        elif tag in data.AUTOMATIC and element.get("id") not in hosts:
            step(element, is_automatic=True)
        elif tag in data.ACTIVITIES and tag != data.SUB:
            step(element)

    def event(self, container: Element, element: Element) -> None:
        tag, definitions = local(element), _definitions(element)
        is_ending = any(local(one) in _ENDING for one in definitions)
        is_inner = container.get("triggeredByEvent") in _TRUE
        for child in list(element):
            element.remove(child)
        if tag in (data.BOUNDARY, data.CATCH) or (tag == data.START and is_inner):
            timer(element)
        elif tag == data.END and is_ending:
            SubElement(element, _bpmn("terminateEventDefinition"))

    def begin(self, container: Element) -> None:
        """Make implicit starts and ends explicit, and several starts one choice."""
        nodes = _nodes(container)
        inner = {
            key: node
            for key, node in nodes.items()
            if local(node) != data.BOUNDARY and node.get("triggeredByEvent") not in _TRUE
        }
        starts = [node for node in inner.values() if local(node) == data.START]
        if not inner or len(starts) == 1:
            return
        ends = [node for node in inner.values() if local(node) == data.END]
        into = {flow.get("targetRef") for flow in _flows(container)}
        out = {flow.get("sourceRef") for flow in _flows(container)}
        firsts = starts or [node for key, node in inner.items() if key not in into]
        self.hub(container, firsts, data.EXCLUSIVE if starts else data.PARALLEL)
        if not ends and not starts:
            end = self.node(container, data.END)
            for key, node in nodes.items():
                if key not in out and node.get("triggeredByEvent") not in _TRUE:
                    self.flow(container, node, end)

    def hub(self, container: Element, firsts: list[Element], tag: str) -> None:
        begin, hub = self.node(container, data.START), self.node(container, tag)
        self.flow(container, begin, hub)
        for node in firsts:
            if local(node) == data.START:
                node.tag = _bpmn(data.EXCLUSIVE)
            self.flow(container, hub, node)

    def split(self, container: Element) -> None:
        """Put a gateway behind what has several flows out; give every choice conditions."""
        by_source: dict[str, list[Element]] = defaultdict(list)
        for flow in _flows(container):
            by_source[flow.get("sourceRef", "")].append(flow)
        for node in list(container):
            out = by_source.get(node.get("id", ""), [])
            tag = local(node)
            if not out or tag == "sequenceFlow":
                continue
            has_conditions = [_condition_take(flow) for flow in out]
            if tag in (data.EXCLUSIVE, data.INCLUSIVE):
                _conditions_give(node, out)
            elif tag not in GATEWAYS and (len(out) > 1 or any(has_conditions)):
                kind = data.INCLUSIVE if any(has_conditions) else data.PARALLEL
                self.implicit(container, node, out, kind)

    def implicit(self, container: Element, node: Element, out: list[Element], kind: str) -> None:
        hub = self.node(container, kind, owner=node)
        for flow in out:
            flow.set("sourceRef", hub.get("id", ""))
        self.flow(container, node, hub)
        if kind == data.INCLUSIVE:
            _conditions_give(hub, out)


def step(element: Element, *, is_automatic: bool = False) -> None:
    """Turn an element into one plain step (简单步骤)."""
    for child in list(element):
        element.remove(child)
    for name in [key for key in element.attrib if key.startswith(f"{{{YW}}}")]:
        del element.attrib[name]
    element.tag = _bpmn(data.SERVICE if is_automatic else data.USER)
    element.set(_yw("service" if is_automatic else "role"), SERVICE if is_automatic else ROLE)
    if not is_automatic:
        element.set(_yw("outcomes"), "DONE")


def timer(element: Element) -> None:
    """Let an event wait for a day (一日定时)."""
    SubElement(element, _bpmn("timerEventDefinition"))
    element.set(_yw("limit"), "1 day")


def _condition_take(flow: Element) -> bool:
    own = flow.find(_bpmn("conditionExpression"))
    if own is not None:
        flow.remove(own)
    return own is not None and bool((own.text or "").strip())


def _conditions_give(node: Element, out: list[Element]) -> None:
    for flow in out:
        if len(out) > 1 and flow.get("id") != node.get("default"):
            SubElement(flow, _bpmn("conditionExpression")).text = "choice"
