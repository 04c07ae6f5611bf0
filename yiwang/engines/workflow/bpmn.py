"""BPMN 2.0 XML to a net (读取流程图). The XML stays as it is for viewers; this reads what runs.

Source: OMG formal/2011-01-03. Extension attributes stand in the namespace `urn:yiwang:bpmn`:
role, department, branch, outcomes, limit on user tasks; service on service tasks; limit on timer
boundary events; nameEn anywhere.
"""

from types import MappingProxyType
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from yiwang.engines.workflow import data
from yiwang.engines.workflow.data import Flow, Net, Node, Problem, ProcessInvalid
from yiwang.engines.workflow.rules import limit_parse
from yiwang.sdk.errors import N_
from yiwang.sdk.expressions import Expression, ExpressionError
from yiwang.sdk.expressions import compile as compile_expression

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DI = "http://www.omg.org/spec/DD/20100524/DI"
YW = "urn:yiwang:bpmn"
MAX_BYTES = 2_000_000

EXECUTABLE = frozenset(
    {data.START, data.END, data.USER, data.SERVICE, data.EXCLUSIVE, data.PARALLEL, data.BOUNDARY}
)
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
        "ioSpecification",
        "property",
        "auditing",
        "monitoring",
    }
)


class _LineParser(DefusedXMLParser):
    """Remembers on which line each element starts; refuses DTDs and entities."""

    def __init__(self) -> None:
        super().__init__(forbid_dtd=True)
        self.lines: dict[Element, int] = {}

    def _start(self, tag, attributes):
        element = super()._start(tag, attributes)
        self.lines[element] = self.parser.CurrentLineNumber
        return element


def bpmn(tag: str) -> str:
    """Return a tag in the BPMN namespace, as ElementTree writes it."""
    return f"{{{BPMN}}}{tag}"


def tree_read(xml: str) -> tuple[Element, dict[Element, int]]:
    """Parse XML safely into its root and the line of each element. Raises `ProcessInvalid`."""
    if len(xml.encode("utf-8", "replace")) > MAX_BYTES:
        raise _broken(N_("The file is larger than %(bytes)d bytes."), 1, bytes=MAX_BYTES)
    parser = _LineParser()
    try:
        parser.feed(xml)
        return parser.close(), parser.lines
    except ParseError as error:
        line = error.position[0]
        raise _broken(N_("This is not well-formed XML: %(error)s"), line, error=error) from None
    except UnicodeError as error:
        raise _broken(N_("This is not well-formed XML: %(error)s"), 1, error=error.reason) from None
    except DefusedXmlException:
        raise _broken(N_("Document types and entities are not accepted."), 1) from None


def _broken(reason: str, line: int, **params: object) -> ProcessInvalid:
    return ProcessInvalid("?", [Problem("definitions", "", line, reason, params)])


def process_element(root: Element) -> Element | None:
    """Return the one process that runs: the executable one, or the only one."""
    processes = root.findall(bpmn("process"))
    runs = [one for one in processes if one.get("isExecutable") == "true"]
    return (runs or processes or [None])[0]


def process_read(xml: str) -> tuple[Net, list[Problem]]:
    """Read a process (读取流程) into a net and what is wrong with its elements.

    The net is complete even when there are problems, so that all of them can be told at once.
    Raises `ProcessInvalid` when there is no process to read.
    """
    root, lines = tree_read(xml)
    process = process_element(root)
    if root.tag != bpmn("definitions") or process is None:
        raise _broken(N_("There is no BPMN process in this file."), 1)
    return _Reader(process, lines).read()


class _Reader:
    def __init__(self, process: Element, lines: dict[Element, int]) -> None:
        self.process = process
        self.lines = lines
        self.problems: list[Problem] = []
        self.flows: dict[str, Flow] = {}
        self.nodes: dict[str, Node] = {}

    def read(self) -> tuple[Net, list[Problem]]:
        elements = []
        for element in self.process:
            namespace, _, tag = element.tag[1:].partition("}")
            if namespace != BPMN or tag in DESCRIPTIVE:
                continue
            if tag == "sequenceFlow":
                self.flow(element)
            elif tag in EXECUTABLE:
                elements.append((tag, element))
            else:
                self.problem(element, N_("%(tag)s is not executed by this engine yet."), tag=tag)
        for tag, element in elements:
            self.node(tag, element)
        net = Net(
            id=self.process.get("id", ""),
            name=self.process.get("name", ""),
            nodes=MappingProxyType(self.nodes),
            flows=MappingProxyType(self.flows),
            name_en=self.process.get(f"{{{YW}}}nameEn", ""),
        )
        return net, self.problems

    def problem(self, element: Element, reason: str, **params: object) -> None:
        name, line = element.get("name", ""), self.lines[element]
        key = element.get("id") or element.tag.rpartition("}")[2]
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
        condition = element.find(bpmn("conditionExpression"))
        self.flows[key] = Flow(
            id=key,
            source=element.get("sourceRef", ""),
            target=element.get("targetRef", ""),
            name=element.get("name", ""),
            condition=None if condition is None else self.condition(condition, element),
            line=self.lines[element],
        )

    def condition(self, condition: Element, flow: Element) -> Expression | None:
        try:
            return compile_expression((condition.text or "").strip())
        except ExpressionError as error:
            self.problem(flow, N_("The condition cannot be read: %(error)s"), error=str(error))
            return None

    def node(self, tag: str, element: Element) -> None:
        key = self.identifier(element)

        def own(name: str) -> str:
            return element.get(f"{{{YW}}}{name}", "").strip()

        outcomes = tuple(part.strip() for part in own("outcomes").split(",") if part.strip())
        department = own("department") or "owner"
        limit = self.limit(element, own("limit"))
        is_timer = tag == data.BOUNDARY and limit is not None
        self.nodes[key] = Node(
            id=key,
            kind=tag,
            name=element.get("name", ""),
            name_en=own("nameEn"),
            line=self.lines[element],
            incoming=tuple(flow.id for flow in self.flows.values() if flow.target == key),
            outgoing=tuple(flow.id for flow in self.flows.values() if flow.source == key),
            default=element.get("default", ""),
            role=own("role"),
            department=department,
            branch=own("branch") or ("" if department == "owner" else department),
            outcomes=outcomes,
            limit=limit,
            event=data.Event(data.TIMER, limit=limit) if is_timer else None,
            service=own("service"),
            attached_to=element.get("attachedToRef", ""),
            is_interrupting=element.get("cancelActivity", "true") != "false",
        )
        self.refuse_details(tag, element)

    def limit(self, element: Element, text: str) -> data.Limit | None:
        timer = element.find(bpmn("timerEventDefinition"))
        duration = None if timer is None else timer.find(bpmn("timeDuration"))
        if not text and duration is not None:
            text = (duration.text or "").strip()
        limit = limit_parse(text) if text else None
        if text and limit is None:
            self.problem(element, N_("%(text)s is not a time limit."), text=text)
        return limit

    def refuse_details(self, tag: str, element: Element) -> None:
        """Refuse what changes the meaning of an element beyond the subset."""
        for child in element:
            name = child.tag.rpartition("}")[2]
            is_timer = name == "timerEventDefinition" and tag == data.BOUNDARY
            if name.endswith("EventDefinition") and not is_timer:
                self.problem(element, N_("%(tag)s is not executed by this engine yet."), tag=name)
            if name.endswith("LoopCharacteristics"):
                self.problem(element, N_("%(tag)s is not executed by this engine yet."), tag=name)
