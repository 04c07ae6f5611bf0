"""A copy of a process made fit for the soundness search (补全后的流程).

A model from another tool says less than our engine must know, or more than it executes. Soundness is
a matter of the control flow, so the copy has stand-ins for what is missing: a role for a task, a
condition for a choice; and plain steps for what we do not execute. What was filled in is told, so
that nobody takes the copy for the model.
"""

import copy
from collections import defaultdict
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, SubElement

from yiwang.engines.workflow import data
from yiwang.engines.workflow.bpmn import BPMN, EVENTS, GATEWAYS, YW
from yiwang.engines.workflow.data import Problem
from yiwang.engines.workflow.interchange.xml import is_element, local
from yiwang.sdk.errors import N_

ROLE, SERVICE = "ROLE", "service"
_TASK_LIKE = frozenset(
    {"task", "callActivity", "adHocSubProcess", "scriptTask", "businessRuleTask"}
)
_MISSING = N_("The attribute yw:%(attribute)s is missing.")
_UNEXAMINED = N_("Because of this element it was not examined whether the process is sound.")
_LOOPS = ("multiInstanceLoopCharacteristics", "standardLoopCharacteristics")


def _bpmn(tag: str) -> str:
    return f"{{{BPMN}}}{tag}"


def _yw(name: str) -> str:
    return f"{{{YW}}}{name}"


@dataclass
class Completed:
    """The copy, and what the model lacks (补全结果).

    bindings: to be filled in before publishing. gaps: valid BPMN that the engine could not execute.
    opaque: elements whose flow of control we cannot know.
    """

    process: Element
    lines: dict[Element, int]
    bindings: list[Problem] = field(default_factory=list)
    gaps: list[Problem] = field(default_factory=list)
    opaque: list[Problem] = field(default_factory=list)


def process_complete(process: Element, lines: dict[Element, int]) -> Completed:
    """Return a completed copy of a process (补全流程)."""
    twin = copy.deepcopy(process)
    pairs = zip(process.iter(), twin.iter(), strict=True)
    known = {new: lines[old] for old, new in pairs if old in lines}
    for parent in list(twin.iter()):
        for child in [one for one in parent if not is_element(one)]:
            parent.remove(child)
    work = _Completer(Completed(twin, known))
    work.container(twin)
    return work.result


class _Completer:
    def __init__(self, result: Completed) -> None:
        self.result = result

    def gap(self, element: Element, reason: str, **params: object) -> None:
        self.result.gaps.append(self.problem(element, reason, **params))

    def bind(self, element: Element, attribute: str) -> None:
        self.result.bindings.append(self.problem(element, _MISSING, attribute=attribute))

    def problem(self, element: Element, reason: str, **params: object) -> Problem:
        key, line = element.get("id") or local(element), self.result.lines.get(element, 0)
        return Problem(key, element.get("name", ""), line, reason, params)

    def container(self, container: Element) -> None:
        """Complete a process or sub-process, the inner ones first."""
        for element in list(container):
            self.element(container, element)
        flows = [child for child in container if local(child) == "sequenceFlow"]
        nodes = {
            child.get("id"): child
            for child in container
            if local(child) in EVENTS | GATEWAYS | data.ACTIVITIES and child.get("id")
        }
        self.links(container, nodes)
        self.ends(container, nodes, flows)
        self.splits(container, nodes, flows)

    def element(self, container: Element, element: Element) -> None:
        tag = local(element)
        if element.get("isForCompensation") in ("true", "1") or self.is_compensation(element):
            container.remove(element)
            return
        if tag in ("complexGateway", "choreographyTask", "subChoreography", "callChoreography"):
            self.result.opaque.append(self.problem(element, _UNEXAMINED))
        if tag == "transaction":
            element.tag = _bpmn("subProcess")
        if local(element) == "subProcess":
            self.container(element)
        elif tag in _TASK_LIKE:
            self.black_box(element)
        self.task(element)
        if tag in EVENTS:
            self.event(element)
        for loop in [child for child in element if local(child) in _LOOPS]:
            self.loop(element, loop)
            element.remove(loop)

    def is_compensation(self, element: Element) -> bool:
        is_boundary = local(element) == data.BOUNDARY
        return is_boundary and element.find(_bpmn("compensateEventDefinition")) is not None

    def black_box(self, element: Element) -> None:
        """Turn what runs by itself into one step."""
        tag = local(element)
        if tag == data.SCRIPT and element.find(_bpmn("script")) is None:
            self.gap(element, N_("The script is missing."))
        if tag == data.RULE and not element.get(_yw("decision")):
            self.bind(element, "decision")
        if tag == data.CALL and not element.get("calledElement"):
            self.gap(element, N_("The called process is missing."))
        for child in [one for one in element if local(one) not in ("extensionElements", *_LOOPS)]:
            element.remove(child)
        is_automatic = tag in (data.SCRIPT, data.RULE)
        element.tag = _bpmn(data.SERVICE if is_automatic else data.USER)
        element.set(_yw("service" if is_automatic else "role"), SERVICE if is_automatic else ROLE)
        element.set(_yw("outcomes"), "DONE")

    def task(self, element: Element) -> None:
        """Fill in who does a task, or which service."""
        tag = local(element)
        wanted = {"userTask": ("role", "outcomes"), "manualTask": ("role",)}.get(tag, ())
        for name in wanted:
            if not element.get(_yw(name), "").strip():
                self.bind(element, name)
                element.set(_yw(name), ROLE if name == "role" else "DONE")
        if tag == data.SERVICE and not element.get(_yw("service"), "").strip():
            self.bind(element, "service")
            element.set(_yw("service"), SERVICE)
        if tag in (data.SEND, data.RECEIVE) and not element.get("messageRef"):
            self.gap(element, N_("The message is missing."))
        if tag not in EVENTS:
            for name in ("assignee", "departmentBy", "limit", "collection", "key"):
                element.attrib.pop(_yw(name), None)
        if tag in (data.SEND, data.RECEIVE):
            self.black_box_message(element)

    def black_box_message(self, element: Element) -> None:
        is_send = local(element) == data.SEND
        element.attrib.pop("messageRef", None)
        element.tag = _bpmn(data.SERVICE if is_send else data.USER)
        element.set(_yw("service" if is_send else "role"), SERVICE if is_send else ROLE)
        element.set(_yw("outcomes"), "DONE")

    def event(self, element: Element) -> None:
        """Say what an event's definition lacks, and give it one that can be executed."""
        definitions = [one for one in element if local(one).endswith("EventDefinition")]
        for one in definitions:
            self.definition(element, one)
        named = [one for one in element if local(one) == "eventDefinitionRef"]
        if local(element) in (data.BOUNDARY, data.CATCH) and not (definitions or named):
            self.gap(element, N_("The event does not say what it waits for."))
            definitions = [SubElement(element, _bpmn("timerEventDefinition"))]
            element.set(_yw("limit"), "1 day")

    def definition(self, element: Element, one: Element) -> None:
        tag = local(one)
        is_timer = tag == "timerEventDefinition"
        if is_timer and not (len(one) or element.get(_yw("limit"))):
            self.gap(element, N_("The timer does not say when."))
        if is_timer:
            for child in list(one):
                one.remove(child)
            element.set(_yw("limit"), "1 day")
        wanted = {"messageEventDefinition": "messageRef", "signalEventDefinition": "signalRef"}
        if tag in wanted and not one.get(wanted[tag]):
            self.gap(element, N_("%(name)s is missing."), name=wanted[tag])
        is_caught = local(element) in (data.BOUNDARY, data.CATCH)
        if tag in ("conditionalEventDefinition", "cancelEventDefinition") and is_caught:
            element.remove(one)
            SubElement(element, _bpmn("timerEventDefinition"))
            element.set(_yw("limit"), "1 day")
        elif tag not in _KEPT:
            element.remove(one)

    def loop(self, element: Element, loop: Element) -> None:
        """Several instances are one step seen from outside; say what is missing to run them."""
        if local(loop) != _LOOPS[0]:
            return
        own = loop.get(_yw("collection")) or element.get(_yw("collection"))
        given = own or any(
            loop.find(_bpmn(tag)) is not None for tag in ("loopCardinality", "loopDataInputRef")
        )
        if not given:
            self.gap(element, N_("Nobody can tell how many instances there are."))

    def links(self, container: Element, nodes: dict[str, Element]) -> None:
        """Turn link events into flows from each throw to the catch of its name."""
        catches, throws = {}, []
        for node in nodes.values():
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

    def flow(self, container: Element, source: Element, target: Element) -> None:
        key = f"{source.get('id')}--{target.get('id')}"
        ends = {"sourceRef": source.get("id", ""), "targetRef": target.get("id", "")}
        made = SubElement(container, _bpmn("sequenceFlow"), {"id": key, **ends})
        self.result.lines[made] = self.result.lines.get(source, 0)

    def ends(self, container: Element, nodes: dict[str, Element], flows: list[Element]) -> None:
        """Make implicit starts and ends explicit, and several starts one choice."""
        flows = [child for child in container if local(child) == "sequenceFlow"]
        into = {flow.get("targetRef") for flow in flows}
        out = {flow.get("sourceRef") for flow in flows}
        inner = {
            key: node
            for key, node in nodes.items()
            if local(node) != data.BOUNDARY and node.get("triggeredByEvent") not in ("true", "1")
        }
        starts = [node for node in inner.values() if local(node) == data.START]
        ends = [node for node in nodes.values() if local(node) == data.END]
        if not inner or container.get("triggeredByEvent") in ("true", "1"):
            return
        if not starts:
            self.gap(container, N_("It has no start event; it begins wherever nothing leads."))
        if not starts or (len(starts) > 1):
            if len(starts) > 1:
                self.gap(container, N_("It has several start events."))
            self.start(container, starts, [n for key, n in inner.items() if key not in into])
        if not ends and not starts:
            end = self.node(container, data.END)
            for key, node in {**nodes}.items():
                if key not in out:
                    self.flow(container, node, end)

    def start(self, container: Element, starts: list[Element], firsts: list[Element]) -> None:
        begin = self.node(container, data.START)
        tag = data.EXCLUSIVE if starts else data.PARALLEL
        hub = self.node(container, tag)
        self.flow(container, begin, hub)
        for node in starts or firsts:
            if starts:
                node.tag = _bpmn(data.EXCLUSIVE)
                for one in [child for child in node if local(child).endswith("EventDefinition")]:
                    node.remove(one)
            self.flow(container, hub, node)

    def node(self, container: Element, tag: str) -> Element:
        key = f"{container.get('id')}--{tag}"
        made = SubElement(container, _bpmn(tag), {"id": key, "name": container.get("name", "")})
        self.result.lines[made] = self.result.lines.get(container, 0)
        return made

    def splits(self, container: Element, nodes: dict[str, Element], flows: list[Element]) -> None:
        """Put a gateway behind what has several flows out; give every choice conditions."""
        by_source: dict[str, list[Element]] = defaultdict(list)
        for flow in [child for child in container if local(child) == "sequenceFlow"]:
            by_source[flow.get("sourceRef", "")].append(flow)
        for node in [child for child in container if child.get("id") in by_source]:
            out = by_source[node.get("id", "")]
            tag = local(node)
            if tag in (data.EXCLUSIVE, data.INCLUSIVE):
                self.conditions(node, out)
            elif tag not in GATEWAYS:
                self.implicit(container, node, out)
            if tag in (data.PARALLEL, data.EVENT_GATEWAY):
                _conditions_drop(out)

    def conditions(self, node: Element, out: list[Element]) -> None:
        is_made = node not in self.result.lines or "--" in node.get("id", "")
        default = node.get("default")
        for flow in out:
            own = flow.find(_bpmn("conditionExpression"))
            text = "" if own is None else (own.text or "").strip()
            if own is not None:
                flow.remove(own)
            if len(out) == 1 or flow.get("id") == default:
                continue
            SubElement(flow, _bpmn("conditionExpression")).text = "choice"
            if not text and not is_made and local(node) != data.START:
                self.gap(
                    flow, N_("The flow has no condition, so nobody can tell when it is taken.")
                )

    def implicit(self, container: Element, node: Element, out: list[Element]) -> None:
        has_condition = any(flow.find(_bpmn("conditionExpression")) is not None for flow in out)
        if len(out) == 1 and not has_condition:
            return
        self.gap(node, N_("Several flows lead out; put a gateway behind it."))
        if has_condition:
            self.result.opaque.append(self.problem(node, _UNEXAMINED))
        _conditions_drop(out)
        hub = self.node(node, data.PARALLEL)
        node.remove(hub)
        container.append(hub)
        for flow in out:
            flow.set("sourceRef", hub.get("id", ""))
        self.flow(container, node, hub)


_KEPT = frozenset(
    {
        "timerEventDefinition",
        "messageEventDefinition",
        "signalEventDefinition",
        "errorEventDefinition",
        "escalationEventDefinition",
        "terminateEventDefinition",
        "linkEventDefinition",
    }
)


def _conditions_drop(flows: list[Element]) -> None:
    for flow in flows:
        own = flow.find(_bpmn("conditionExpression"))
        if own is not None:
            flow.remove(own)
