"""BPMN 2.0 XML to a net (读取流程图). The XML stays as it is for viewers; this reads what runs.

Source: OMG formal/2011-01-03. Extension attributes stand in the namespace `urn:yiwang:bpmn`; which
there are is told in `docs/areas/engines.md`. What the engine does not execute is named, never
skipped: each such element or attribute is a `Problem`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from types import MappingProxyType
from xml.etree.ElementTree import Element

from yiwang.engines.workflow import data
from yiwang.engines.workflow.bpmn_parts import Parts
from yiwang.engines.workflow.bpmn_xml import broken, document_read, local
from yiwang.engines.workflow.data import Flow, Net, Node, Problem
from yiwang.sdk.errors import N_

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DI = "http://www.omg.org/spec/DD/20100524/DI"
YW = "urn:yiwang:bpmn"

EVENTS = frozenset({data.START, data.END, data.CATCH, data.THROW, data.BOUNDARY})
GATEWAYS = frozenset({data.EXCLUSIVE, data.PARALLEL, data.INCLUSIVE, data.EVENT_GATEWAY})
EXECUTABLE = EVENTS | GATEWAYS | data.ACTIVITIES
DESCRIPTIVE = frozenset(
    {
        "documentation",
        "extensionElements",
        "laneSet",
        "textAnnotation",
        "association",
        "group",
        "dataObject",
        "dataObjectReference",
        "dataStoreReference",
        "dataInputAssociation",
        "dataOutputAssociation",
        "ioSpecification",
        "ioBinding",
        "property",
        "auditing",
        "monitoring",
        "supports",
        "supportedInterfaceRef",
        "correlationSubscription",
        "performer",
        "humanPerformer",
        "potentialOwner",
        "resourceRole",
        "rendering",
        "incoming",
        "outgoing",
        "categoryValueRef",
        "multiInstanceLoopCharacteristics",
        "standardLoopCharacteristics",
    }
)
_NOT_YET = N_("%(tag)s is not executed by this engine yet.")


def bpmn(tag: str) -> str:
    """Return a tag in the BPMN namespace, as ElementTree writes it."""
    return f"{{{BPMN}}}{tag}"


def tree_read(xml: str | bytes) -> tuple[Element, dict[Element, int]]:
    """Parse XML safely into its root and the line of each element. Raises `ProcessInvalid`."""
    document = document_read(xml, comments=False)
    return document.root, document.lines


def process_element(root: Element) -> Element | None:
    """Return the one process that runs: the executable one, or the only one."""
    processes = root.findall(bpmn("process"))
    runs = [one for one in processes if one.get("isExecutable") == "true"]
    return (runs or processes or [None])[0]


def process_read(xml: str | bytes) -> tuple[Net, list[Problem]]:
    """Read a process (读取流程) into a net and what is wrong with its elements.

    The net is complete even when there are problems, so that all of them can be told at once.
    Raises `ProcessInvalid` when there is no process to read.
    """
    root, lines = tree_read(xml)
    process = process_element(root)
    if root.tag != bpmn("definitions") or process is None:
        raise broken(N_("There is no BPMN process in this file."))
    return net_read(process, root=root, lines=lines)


def net_read(
    process: Element, *, root: Element, lines: dict[Element, int]
) -> tuple[Net, list[Problem]]:
    """Read one process of a parsed file (读取一个流程), as `process_read` does."""
    return _Reader(process, root, lines).read()


class _Reader:
    def __init__(self, process: Element, root: Element, lines: dict[Element, int]) -> None:
        self.process = process
        self.lines = lines
        self.problems: list[Problem] = []
        self.flows: dict[str, Flow] = {}
        self.nodes: dict[str, Node] = {}
        self.coming: defaultdict[str, list[str]] = defaultdict(list)
        self.going: defaultdict[str, list[str]] = defaultdict(list)
        self.parts = Parts(root, self.problem)

    def read(self) -> tuple[Net, list[Problem]]:
        found = list(self.walk(self.process, ""))
        for element, _scope in found:
            if local(element) == "sequenceFlow":
                self.flow(element)
        for flow in self.flows.values():
            self.coming[flow.target].append(flow.id)
            self.going[flow.source].append(flow.id)
        for element, scope in found:
            if local(element) in EXECUTABLE:
                self.node(element, scope)
        self.flows_check()
        net = Net(
            id=self.process.get("id", ""),
            name=self.process.get("name", ""),
            nodes=MappingProxyType(self.nodes),
            flows=MappingProxyType(self.flows),
            name_en=self.process.get(f"{{{YW}}}nameEn", ""),
        )
        return net, self.problems

    def walk(self, container: Element, scope: str) -> Iterator[tuple[Element, str]]:
        """Iterate over flow elements with their scope, naming what the engine does not execute."""
        for element in container:
            namespace, _, tag = element.tag[1:].partition("}")
            if namespace != BPMN or tag in DESCRIPTIVE:
                continue
            if tag != "sequenceFlow" and tag not in EXECUTABLE:
                self.problem(element, _NOT_YET, tag=tag)
                continue
            yield element, scope
            if tag == data.SUB:
                yield from self.walk(element, element.get("id", ""))

    def problem(self, element: Element, reason: str, **params: object) -> None:
        name, line = element.get("name", ""), self.lines.get(element, 0)
        key = element.get("id") or local(element)
        self.problems.append(Problem(key, name, line, reason, params))

    def identifier(self, element: Element) -> str:
        key = element.get("id", "")
        if not key:
            self.problem(element, N_("The element has no id."))
        elif key in self.nodes or key in self.flows:
            self.problem(element, N_("The id is used twice."))
        return key

    def flow(self, element: Element) -> None:
        key = self.identifier(element)
        self.flows[key] = Flow(
            id=key,
            source=element.get("sourceRef", ""),
            target=element.get("targetRef", ""),
            name=element.get("name", ""),
            condition=self.parts.condition(element, bpmn("conditionExpression")),
            line=self.lines.get(element, 0),
        )

    def flows_check(self) -> None:
        """A flow stays in its sub-process."""
        for flow in self.flows.values():
            source, target = self.nodes.get(flow.source), self.nodes.get(flow.target)
            if source and target and source.scope != target.scope:
                reason = N_("The flow crosses the border of a sub-process.")
                self.problems.append(Problem(flow.id, flow.name, flow.line, reason))

    def node(self, element: Element, scope: str) -> None:
        key, kind = self.identifier(element), local(element)
        own = self.own(element)
        outcomes = tuple(part.strip() for part in own("outcomes").split(",") if part.strip())
        department = own("department") or "owner"
        is_timed = kind in (data.USER, data.MANUAL, data.RECEIVE)
        interrupts = "isInterrupting" if kind == data.START else "cancelActivity"
        details = self.details(element, kind)
        limit = self.parts.limit(element, own("limit")) if is_timed else None
        self.nodes[key] = Node(
            id=key,
            kind=kind,
            name=element.get("name", ""),
            name_en=own("nameEn"),
            line=self.lines.get(element, 0),
            scope=scope,
            incoming=tuple(self.coming[key]),
            outgoing=tuple(self.going[key]),
            default=element.get("default", ""),
            role=own("role"),
            department=department,
            branch=own("branch") or ("" if department == "owner" else department),
            outcomes=outcomes or (("DONE",) if kind == data.MANUAL else ()),
            limit=limit,
            service=own("service"),
            attached_to=element.get("attachedToRef", ""),
            is_interrupting=element.get(interrupts, "true") not in ("false", "0"),
            **details,
        )
        self.refuse_details(element, kind)

    def details(self, element: Element, kind: str) -> dict[str, object]:
        """Read what only some kinds of nodes have."""
        own, parts = self.own(element), self.parts
        return {
            "event": parts.event(element, kind),
            "multi": parts.multi(element) if kind in data.ACTIVITIES else None,
            "assignee": parts.expression(element, own("assignee")),
            "department_by": parts.expression(element, own("departmentBy")),
            "script": parts.script(element) if kind == data.SCRIPT else None,
            "decision": own("decision"),
            "result": own("result"),
            "inputs": parts.mapping(element, "input"),
            "outputs": parts.mapping(element, "output"),
            "called": element.get("calledElement", "").strip() if kind == data.CALL else "",
            "version": own("version") or "latest",
            "is_event_sub": element.get("triggeredByEvent") in ("true", "1"),
        }

    def own(self, element: Element) -> Callable[[str], str]:
        """Return a reader of the element's attributes of ours."""
        return lambda name: element.get(f"{{{YW}}}{name}", "").strip()

    def refuse_details(self, element: Element, kind: str) -> None:
        """Name what changes the meaning of an element beyond the subset."""
        if element.get("isForCompensation") in ("true", "1"):
            self.problem(element, _NOT_YET, tag="isForCompensation")
        if element.get("parallelMultiple") in ("true", "1"):
            self.problem(element, _NOT_YET, tag="parallelMultiple")
        if element.find(bpmn("standardLoopCharacteristics")) is not None:
            self.problem(element, _NOT_YET, tag="standardLoopCharacteristics")
        if kind == data.EVENT_GATEWAY:
            if element.get("instantiate") in ("true", "1"):
                self.problem(element, _NOT_YET, tag="instantiate")
            if element.get("eventGatewayType") == "Parallel":
                self.problem(element, _NOT_YET, tag="eventGatewayType")
