"""Is a file valid BPMN? (有效性) Ids, references, elements and values, each fault with its line."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from yiwang.engines.workflow.bpmn_xml import children, local
from yiwang.engines.workflow.data import Problem
from yiwang.engines.workflow.interchange.canonical import Model
from yiwang.engines.workflow.interchange.schema import Attribute, enums, is_ours
from yiwang.sdk.errors import N_

ROOT = "{http://www.omg.org/spec/BPMN/20100524/MODEL}definitions"

# Names that may point outside the file: types, called processes, operations.
_ELSEWHERE = frozenset(
    {
        "calledElement",
        "calledChoreographyRef",
        "calledCollaborationRef",
        "itemSubjectRef",
        "structureRef",
        "evaluatesToTypeRef",
        "type",
        "operationRef",
        "interfaceRef",
        "implementationRef",
        "supportedInterfaceRef",
        "inMessageRef",
        "outMessageRef",
        "partnerRoleRef",
        "partnerEntityRef",
        "definitionalCollaborationRef",
        "correlationKeyRef",
        "source",
        "target",
        "from",
        "to",
        "ref",
    }
)
# What only the drawing points to.
_DRAWN = frozenset(
    {
        "bpmnElement",
        "labelStyle",
        "sourceElement",
        "targetElement",
        "choreographyActivityShape",
        "definition",
    }
)
NODES = frozenset(
    """task userTask manualTask serviceTask scriptTask businessRuleTask sendTask receiveTask
    subProcess transaction adHocSubProcess callActivity startEvent endEvent intermediateCatchEvent
    intermediateThrowEvent boundaryEvent exclusiveGateway inclusiveGateway parallelGateway
    eventBasedGateway complexGateway choreographyTask subChoreography callChoreography event
    implicitThrowEvent""".split()
)


@dataclass
class Validity:
    """What makes a file invalid, and what a stricter reader would not like (有效性)."""

    faults: list[Problem]
    warnings: list[Problem]


def describe(model: Model, element: Element, reason: str, **params: object) -> Problem:
    """Return a problem that names the nearest element with an id (问题定位)."""
    key = element.get("id") or element.get("bpmnElement") or local(element)
    return Problem(key, element.get("name", ""), model.line(element), reason, params)


def validity_check(model: Model) -> Validity:
    """Check ids, references, names and values against BPMN 2.0 (校验有效性)."""
    if model.root.tag != ROOT:
        fault = describe(model, model.root, N_("There is no BPMN process in this file."))
        return Validity([fault], [])
    return _Checker(model).check()


class _Checker:
    def __init__(self, model: Model) -> None:
        self.model = model
        self.found = Validity([], [])
        self.ids: dict[str, Element] = {}

    def check(self) -> Validity:
        elements = [element for element in self.model.root.iter() if element in self.model.kinds]
        for element in elements:
            self.id(element)
        for element in elements:
            self.element(element)
        return self.found

    def fault(self, element: Element, reason: str, **params: object) -> None:
        self.found.faults.append(describe(self.model, element, reason, **params))

    def warn(self, element: Element, reason: str, **params: object) -> None:
        self.found.warnings.append(describe(self.model, element, reason, **params))

    def id(self, element: Element) -> None:
        key = element.get("id")
        if not key:
            return
        if key in self.ids:
            self.fault(element, N_("The id is used twice."))
        self.ids.setdefault(key, element)

    def element(self, element: Element) -> None:
        kind = self.model.kind(element)
        if kind is None:
            self.reference(element, element, local(element), (element.text or "").strip())
            return
        for child in children(element):
            if child not in self.model.kinds and not kind.is_mixed and is_ours(child.tag):
                self.fault(child, N_("%(tag)s may not stand here."), tag=local(child))
        for name, rule in kind.attributes.items():
            value = element.get(name)
            if value is None:
                self.missing(element, name, rule)
            else:
                self.value(element, name, rule, value)
        for name in element.keys():
            if not name.startswith("{") and name not in kind.attributes:
                self.warn(element, N_("BPMN knows no attribute %(name)s here."), name=name)

    def missing(self, element: Element, name: str, rule: Attribute) -> None:
        if not rule.is_required:
            return
        reason = N_("The attribute %(name)s is missing.")
        (self.fault if rule.kind == "x:IDREF" else self.warn)(element, reason, name=name)

    def value(self, element: Element, name: str, rule: Attribute, value: str) -> None:
        allowed = enums().get(rule.kind)
        if allowed and value not in allowed and rule.kind != "b:tImplementation":
            self.warn(element, N_("%(value)s is no value of %(name)s."), value=value, name=name)
        if rule.kind == "x:boolean" and value.strip() not in ("true", "false", "0", "1"):
            self.warn(element, N_("%(value)s is no value of %(name)s."), value=value, name=name)
        if rule.kind in ("x:IDREF", "x:QName"):
            self.reference(element, element, name, value)

    def reference(self, element: Element, holder: Element, name: str, value: str) -> None:
        """A name must lead to something in this file, and a flow to a node."""
        target = self.model.name(holder, value)
        if name in _ELSEWHERE or target.startswith("{") or not target:
            return
        if target not in self.ids:
            prefix, colon, tag = target.rpartition(":")
            if colon and tag in self.ids:
                return
            say = self.warn if name in _DRAWN else self.fault
            say(element, N_("%(name)s leads to nothing (%(value)s)."), name=name, value=value)
            return
        is_end = name in ("sourceRef", "targetRef") and local(element) == "sequenceFlow"
        if is_end and local(self.ids[target]) not in NODES:
            reason = N_("A sequence flow cannot lead to or from %(tag)s (%(value)s).")
            self.fault(element, reason, tag=local(self.ids[target]), value=value)


def processes(model: Model) -> Iterator[Element]:
    """Iterate over the processes of a file (流程)."""
    return (child for child in children(model.root) if local(child) == "process")
