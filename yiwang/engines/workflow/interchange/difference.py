"""What changed between two versions of a process (版本比较), element by element and in words.

Elements are matched by id. The drawing is told apart: an element that only moved has not changed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from yiwang.engines.workflow.bpmn import YW
from yiwang.engines.workflow.bpmn_xml import children, is_element, local
from yiwang.engines.workflow.interchange.canonical import Model
from yiwang.engines.workflow.interchange.schema import XSI_TYPE
from yiwang.sdk.errors import N_

ADDED, REMOVED, CHANGED, MOVED = "ADDED", "REMOVED", "CHANGED", "MOVED"
_ORDER = (ADDED, REMOVED, CHANGED, MOVED)

TAGS = {
    "process": N_("Process"),
    "task": N_("Task"),
    "userTask": N_("User task"),
    "manualTask": N_("Manual task"),
    "serviceTask": N_("Service task"),
    "scriptTask": N_("Script task"),
    "businessRuleTask": N_("Business rule task"),
    "sendTask": N_("Send task"),
    "receiveTask": N_("Receive task"),
    "callActivity": N_("Called process"),
    "subProcess": N_("Sub-process"),
    "startEvent": N_("Start event"),
    "endEvent": N_("End event"),
    "intermediateCatchEvent": N_("Waiting event"),
    "intermediateThrowEvent": N_("Throwing event"),
    "boundaryEvent": N_("Boundary event"),
    "exclusiveGateway": N_("Exclusive gateway"),
    "parallelGateway": N_("Parallel gateway"),
    "inclusiveGateway": N_("Inclusive gateway"),
    "eventBasedGateway": N_("Event gateway"),
    "sequenceFlow": N_("Flow"),
    "messageFlow": N_("Message flow"),
    "participant": N_("Pool"),
    "lane": N_("Lane"),
    "textAnnotation": N_("Annotation"),
    "association": N_("Association"),
    "dataObjectReference": N_("Data object"),
    "message": N_("Message"),
    "signal": N_("Signal"),
    "error": N_("Error code"),
    "escalation": N_("Escalation"),
}
ASPECTS = {
    "": N_("kind"),
    "name": N_("name"),
    "sourceRef": N_("comes from"),
    "targetRef": N_("leads to"),
    "default": N_("default flow"),
    "attachedToRef": N_("attached to"),
    "cancelActivity": N_("interrupts"),
    "isInterrupting": N_("interrupts"),
    "isExecutable": N_("executable"),
    "calledElement": N_("called process"),
    "messageRef": N_("message"),
    "conditionExpression": N_("condition"),
    "documentation": N_("documentation"),
    "timeDuration": N_("time"),
    "timeDate": N_("time"),
    "timeCycle": N_("time"),
    "loopCardinality": N_("number of instances"),
    "completionCondition": N_("completion condition"),
    "isSequential": N_("one after another"),
    "script": N_("script"),
    "text": N_("text"),
    "yw:role": N_("role"),
    "yw:department": N_("department"),
    "yw:departmentBy": N_("department by expression"),
    "yw:branch": N_("branch"),
    "yw:outcomes": N_("outcomes"),
    "yw:limit": N_("limit"),
    "yw:service": N_("service"),
    "yw:decision": N_("decision table"),
    "yw:decisionName": N_("decision"),
    "yw:result": N_("result variable"),
    "yw:collection": N_("collection"),
    "yw:element": N_("element name"),
    "yw:assignee": N_("assignee"),
    "yw:nameEn": N_("English name"),
    "yw:key": N_("correlation key"),
    "yw:version": N_("version"),
    "multiInstanceLoopCharacteristics": N_("several instances"),
    "standardLoopCharacteristics": N_("loop"),
    "timerEventDefinition": N_("timer"),
    "messageEventDefinition": N_("waits for or sends a message"),
    "signalEventDefinition": N_("waits for or sends a signal"),
    "errorEventDefinition": N_("error"),
    "escalationEventDefinition": N_("escalation"),
    "terminateEventDefinition": N_("ends everything"),
}
_DRAWING = ("BPMNDiagram",)
_NOT_OWN = frozenset({"incoming", "outgoing", "flowNodeRef"})


@dataclass(frozen=True)
class Aspect:
    """One property that changed (变更项): "" where it was not there."""

    key: str
    before: str
    after: str

    @property
    def title(self) -> str:
        """The message id of what changed; a property nobody named stands for itself."""
        return ASPECTS.get(self.key, self.key)


@dataclass(frozen=True)
class Change:
    """One element that differs (变更): ADDED, REMOVED, CHANGED or MOVED."""

    kind: str
    id: str
    tag: str
    name: str
    aspects: tuple[Aspect, ...] = ()

    @property
    def title(self) -> str:
        """The message id of the element's kind."""
        return TAGS.get(self.tag, self.tag)


def changes_find(before: Model, after: Model) -> list[Change]:
    """List what differs (比较两个版本): added, removed, changed, moved, each in the order of the file."""
    old, new = dict(_elements(before)), dict(_elements(after))
    found = [_change(ADDED, after, new[key]) for key in new if key not in old]
    found += [_change(REMOVED, before, old[key]) for key in old if key not in new]
    places = _places(before), _places(after)
    for key, element in new.items():
        if key not in old:
            continue
        aspects = _compared(_facets(before, old[key]), _facets(after, element))
        drawn = [place.get(key) for place in places]
        if aspects:
            found.append(_change(CHANGED, after, element, aspects))
        elif all(drawn) and drawn[0] != drawn[1]:
            found.append(_change(MOVED, after, element))
    return sorted(found, key=lambda change: _ORDER.index(change.kind))


def _change(kind: str, model: Model, element: Element, aspects: tuple = ()) -> Change:
    name = element.get("name", "") or _ends(model, element)
    return Change(kind, element.get("id", ""), local(element), name, aspects)


def _ends(model: Model, element: Element) -> str:
    """Name a flow by its ends."""
    if element.get("sourceRef") is None:
        return ""
    names = dict(_elements(model))
    ends = [element.get(end, "") for end in ("sourceRef", "targetRef")]
    shown = [names[end].get("name") or end if end in names else end for end in ends]
    return " → ".join(shown)


def _elements(model: Model) -> Iterator[tuple[str, Element]]:
    """Iterate over the elements with an id, without the drawing."""
    stack = list(reversed(list(children(model.root))))
    while stack:
        element = stack.pop()
        if local(element) in _DRAWING:
            continue
        kept = local(element) in TAGS or not _is_part(element)
        if element.get("id") and kept:
            yield element.get("id"), element
        stack += reversed(list(children(element)))


def _is_part(element: Element) -> bool:
    """Tell what belongs to the element it stands in, such as the definition of an event."""
    tag = local(element)
    return tag.endswith(("EventDefinition", "LoopCharacteristics", "Expression", "Condition")) or (
        tag in ("timeDuration", "timeDate", "timeCycle", "loopCardinality", "documentation", "text")
    )


def _facets(model: Model, element: Element) -> dict[str, str]:
    """Return all that an element says of itself, apart from elements that have an id of their own."""
    found = {"": local(element)}
    _attributes(model, element, found)
    flows: list[str] = []
    for child in children(element):
        if local(child) in _NOT_OWN:
            continue
        if child.get("id") and not _is_part(child):
            if local(child) == "sequenceFlow":
                flows.append(child.get("id", ""))
            continue
        _inner(model, child, found)
    return found


def _inner(model: Model, element: Element, found: dict[str, str]) -> None:
    tag = local(element)
    _attributes(model, element, found)
    text = (element.text or "").strip()
    if tag.endswith(("EventDefinition", "LoopCharacteristics")):
        found[tag] = "✓"
    elif element.tag.startswith(f"{{{YW}}}"):
        found[f"{tag} {element.get('name', '')}"] = element.get("value", "")
    elif text:
        found[tag] = f"{found[tag]}\n{text}" if tag in found else text
    for child in element:
        if is_element(child):
            _inner(model, child, found)


def _attributes(model: Model, element: Element, found: dict[str, str]) -> None:
    kind = model.kind(element)
    for key, value in element.items():
        if key in ("id", XSI_TYPE) or element.tag.startswith(f"{{{YW}}}"):
            continue
        rule = kind.attributes.get(key) if kind else None
        plain = model.value(element, rule, value) if rule else value
        if rule and rule.default == plain:
            continue
        name = key.replace(f"{{{YW}}}", "yw:")
        found[name.rpartition("}")[2]] = plain


def _compared(old: dict[str, str], new: dict[str, str]) -> tuple[Aspect, ...]:
    keys = [*new, *(key for key in old if key not in new)]
    return tuple(
        Aspect(key, old.get(key, ""), new.get(key, ""))
        for key in keys
        if old.get(key, "") != new.get(key, "")
    )


def _places(model: Model) -> dict[str, tuple]:
    """Return where each element is drawn."""
    found = {}
    for diagram in children(model.root):
        if local(diagram) not in _DRAWING:
            continue
        for shape in diagram.iter():
            if is_element(shape) and shape.get("bpmnElement"):
                found[shape.get("bpmnElement", "")] = tuple(
                    tuple(sorted(point.items()))
                    for point in shape.iter()
                    if is_element(point) and local(point) in ("Bounds", "waypoint")
                )
    return found
