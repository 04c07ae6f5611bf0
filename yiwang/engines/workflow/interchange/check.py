"""What is a BPMN file to us? (流程分类) executable, descriptive, unsound or invalid, and why.

* *invalid*: no good XML, or no valid BPMN: a reference that leads to nothing, an id used twice.
* *unsound*: whatever the data, it can deadlock, never end, or never reach an element.
* *descriptive*: valid BPMN that says something which the engine does not execute; each is listed.
* *executable*: every element is of the engine's subset and the process is sound. `bindings` are what
  publishing still asks for, such as the role of a task; they do not change how the process flows.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from yiwang.engines.workflow.bpmn import bpmn, net_read
from yiwang.engines.workflow.bpmn_xml import children, is_element, local
from yiwang.engines.workflow.data import Problem, ProcessInvalid
from yiwang.engines.workflow.interchange.canonical import Model
from yiwang.engines.workflow.interchange.completed import (
    ROLE,
    SERVICE,
    UNEXAMINED,
    Copies,
    process_complete,
)
from yiwang.engines.workflow.interchange.references import describe, processes, validity_check
from yiwang.engines.workflow.soundness import problems_find
from yiwang.engines.workflow.structure import MISSING, structure_problems
from yiwang.sdk.errors import N_

EXECUTABLE, DESCRIPTIVE = "executable", "descriptive"
UNSOUND, INVALID = "unsound", "invalid"
_WORST = (INVALID, UNSOUND, DESCRIPTIVE, EXECUTABLE)
_REFERENCES = ("leads to nothing", "used twice", "has no id")
_BINDINGS = frozenset({"role", "outcomes", "service", "decision", "result"})
# How elements are wired makes a process unsound by itself …
_WIRING = frozenset(
    {
        "The process has no end event.",
        "It has no end event.",
        "Nothing leads here.",
        "Nothing leads on from here.",
        "No flow may lead into this event.",
        "No flow may lead out of an end event.",
        "The start event does not lead here.",
        "The default flow does not lead out of this gateway.",
    }
)
# … and so do states that can be reached. All other structure problems are limits of our subset.
WAITS = "This join can wait for ever for %(flows)s."
UNSOUND_REASONS = _WIRING | {
    "Two tokens can meet on this flow: parallel branches merge without a join.",
    WAITS,
    "This can never run.",
    "From here the process can never end.",
}
UNPAIRED = "Its ways do not come together in one inclusive join that only they lead to."
_COLLABORATIVE = frozenset(
    {"messageFlow", "conversation", "callConversation", "subConversation", "choreography"}
)


@dataclass(frozen=True)
class ProcessReport:
    """One process of a file (流程结论)."""

    id: str
    name: str
    line: int
    state: str
    problems: tuple[Problem, ...] = ()
    not_executed: tuple[Problem, ...] = ()
    bindings: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class FileReport:
    """A whole file (文件结论); its state is the worst of its processes."""

    state: str
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    not_executed: tuple[Problem, ...] = ()
    processes: tuple[ProcessReport, ...] = ()


def file_check(
    content: str | bytes, *, services: Iterable[str] = (), roles: Iterable[str] = ()
) -> FileReport:
    """Classify a file and each of its processes (流程分类). Never raises for what is in the file.

    services, roles: the names that exist here; others are told as bindings.
    """
    try:
        model = Model.read(content)
    except ProcessInvalid as error:
        return FileReport(INVALID, problems=error.problems)
    valid = validity_check(model)
    if valid.faults:
        return FileReport(INVALID, problems=tuple(valid.faults), warnings=tuple(valid.warnings))
    services, roles = frozenset(services), frozenset(roles)
    found = tuple(_process(model, one, services, roles) for one in processes(model))
    beside = tuple(_beside(model))
    states = {one.state for one in found} | ({DESCRIPTIVE} if beside or not found else set())
    return FileReport(
        state=next(state for state in _WORST if state in states),
        warnings=tuple(valid.warnings),
        not_executed=beside,
        processes=found,
    )


def _beside(model: Model) -> Iterable[Problem]:
    """Return what stands outside the processes and is not executed."""
    for root in children(model.root):
        if local(root) in _COLLABORATIVE:
            yield describe(model, root, N_("%(tag)s is not executed."), tag=local(root))
        elif local(root) in ("collaboration", "globalConversation"):
            for child in children(root):
                if local(child) in _COLLABORATIVE:
                    yield describe(model, child, N_("%(tag)s is not executed."), tag=local(child))
    if not any(True for _ in processes(model)):
        yield describe(model, model.root, N_("There is no BPMN process in this file."))


def _process(
    model: Model, process: Element, services: frozenset[str], roles: frozenset[str]
) -> ProcessReport:
    plain = _bare(process)
    lines = model.document.lines
    _net, told = net_read(plain, root=model.root, lines=lines)
    copies = process_complete(plain, lines)
    gaps = [one for one in told if not any(part in one.reason for part in _REFERENCES)]
    structure, bindings = _structure(model, copies, services, roles)
    unsound, unknown = _search(model, copies)
    unsound = [*_startless(model, process), *unsound]
    gaps = _unique([*gaps, *structure, *copies.opaque, *unknown])
    if not unsound and all(one.reason in (UNPAIRED, UNEXAMINED) for one in gaps):
        unsound = _stuck(model, copies)
    return ProcessReport(
        id=process.get("id", ""),
        name=process.get("name", ""),
        line=model.line(process),
        state=UNSOUND if unsound else DESCRIPTIVE if gaps else EXECUTABLE,
        problems=tuple(unsound),
        not_executed=tuple(sorted(gaps, key=lambda one: one.line)),
        bindings=tuple(sorted(_unique(bindings), key=lambda one: one.line)),
    )


def _startless(model: Model, process: Element) -> Iterable[Problem]:
    """Name a process that ends but never starts: BPMN wants a start event where there is an end event."""
    if process.find(bpmn("startEvent")) is None and process.find(bpmn("endEvent")) is not None:
        yield describe(model, process, N_("The process has no start event."))


def _bare(process: Element) -> Element:
    """Take the comments out, which the reader of nets does not know; the canonical form is kept."""
    for parent in list(process.iter()):
        for child in [one for one in parent if not is_element(one)]:
            parent.remove(child)
    return process


def _structure(
    model: Model, copies: Copies, services: frozenset[str], roles: frozenset[str]
) -> tuple[list[Problem], list[Problem]]:
    """Return what our engine could not execute as it is, and what is yet to be filled in."""
    net, _told = net_read(copies.known, root=model.root, lines=copies.lines)
    if not net.nodes:
        return [], []
    services = services or frozenset(node.service for node in net.nodes.values())
    roles = (roles or frozenset(node.role for node in net.nodes.values())) | {ROLE}
    found = structure_problems(net, services=services, roles=roles)
    bindings = [one for one in found if _is_binding(one)]
    limits = [one for one in found if one.reason not in UNSOUND_REASONS and not _is_binding(one)]
    return [_placed(one, copies) for one in limits], bindings


def _is_binding(problem: Problem) -> bool:
    if problem.reason == MISSING:
        return problem.params.get("attribute") in _BINDINGS
    return problem.reason.startswith(("There is no service called", "There is no role called"))


def _search(model: Model, copies: Copies) -> tuple[list[Problem], list[Problem]]:
    """Return what is unsound, and because of what soundness could not be told."""
    net, _told = net_read(copies.filled, root=model.root, lines=copies.lines)
    if not net.nodes:
        return [], []
    names = {"services": {SERVICE}, "roles": {ROLE}}
    found = [_placed(one, copies) for one in problems_find(net, **names)]
    if copies.opaque:
        return [one for one in found if one.reason in _WIRING], []
    unsound = [one for one in found if one.reason in UNSOUND_REASONS]
    others = [one for one in found if one.reason not in UNSOUND_REASONS]
    if unsound or not others:
        return unsound, []
    too_many = [one for one in others if one.reason.startswith("More than")]
    first = Problem(others[0].element, others[0].name, others[0].line, UNEXAMINED)
    return [], too_many or [first]


def _stuck(model: Model, copies: Copies) -> list[Problem]:
    """Look for joins that wait for ever when inclusive splits take one way, or all: both they may.

    For models that are ours but for inclusive gateways not in pairs: what gets stuck so does so in any engine.
    """
    names = {"services": {SERVICE}, "roles": {ROLE}}
    splits = list(copies.filled.iter(bpmn("inclusiveGateway")))
    coming = Counter(flow.get("targetRef") for flow in copies.filled.iter(bpmn("sequenceFlow")))
    if not splits or any(coming[one.get("id")] > 1 for one in splits):
        return []
    found: list[Problem] = []
    for tag in ("exclusiveGateway", "parallelGateway"):
        for one in splits:
            one.tag = bpmn(tag)
        net, _told = net_read(copies.filled, root=model.root, lines=copies.lines)
        found += [one for one in problems_find(net, **names) if one.reason == WAITS]
    for one in splits:
        one.tag = bpmn("inclusiveGateway")
    return _unique([_placed(one, copies) for one in found])


def _placed(problem: Problem, copies: Copies) -> Problem:
    """Name the model's element in place of one that was put in, and the process by its own line."""
    key = problem.element.partition("--")[0]
    line = problem.line
    if key == copies.filled.get("id"):
        line = copies.lines.get(copies.filled, line)
    return Problem(key, problem.name, line, problem.reason, problem.params)


def _unique(problems: list[Problem]) -> list[Problem]:
    seen: set[tuple] = set()
    kept = []
    for one in problems:
        key = (one.element, one.line, str(one))
        if key not in seen:
            seen.add(key)
            kept.append(one)
    return kept
