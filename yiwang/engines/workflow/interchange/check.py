"""What is a BPMN file to us? (流程分类) executable, descriptive, unsound or invalid, and why.

* *invalid*: no good XML, or no valid BPMN: a reference that leads to nothing, an id used twice.
* *unsound*: whatever the data, it can deadlock, never end, or never reach an element.
* *descriptive*: valid BPMN that says something which the engine does not execute; each is listed.
* *executable*: every element is of the engine's subset and the process is sound. `bindings` are what
  publishing still asks for, such as the role of a task; they do not change how the process flows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from yiwang.engines.workflow.bpmn import net_read
from yiwang.engines.workflow.data import Net, Problem, ProcessInvalid
from yiwang.engines.workflow.interchange.canonical import Model
from yiwang.engines.workflow.interchange.completed import (
    ROLE,
    SERVICE,
    Completed,
    process_complete,
)
from yiwang.engines.workflow.interchange.references import describe, processes, validity_check
from yiwang.engines.workflow.interchange.xml import children, local
from yiwang.engines.workflow.soundness import problems_find
from yiwang.sdk.errors import N_

EXECUTABLE, DESCRIPTIVE = "executable", "descriptive"
UNSOUND, INVALID = "unsound", "invalid"
_WORST = (INVALID, UNSOUND, DESCRIPTIVE, EXECUTABLE)
_REFERENCES = ("leads to nothing", "used twice", "has no id")
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
    lines = model.document.lines
    net, told = net_read(_bare(process, lines), root=model.root, lines=lines)
    work = process_complete(process, lines)
    gaps = [one for one in told if not any(part in one.reason for part in _REFERENCES)]
    gaps = _unique([*gaps, *work.gaps])
    unsound, limits = _search(model, work)
    bindings = [*work.bindings, *_unknown(net, services, roles)]
    state = UNSOUND if unsound else DESCRIPTIVE if gaps or limits else EXECUTABLE
    return ProcessReport(
        id=process.get("id", ""),
        name=process.get("name", ""),
        line=model.line(process),
        state=state,
        problems=tuple(unsound),
        not_executed=tuple(sorted([*gaps, *limits], key=lambda one: one.line)),
        bindings=tuple(sorted(bindings, key=lambda one: one.line)),
    )


def _bare(process: Element, lines: dict[Element, int]) -> Element:
    """Return the process without comments, which the reader of nets does not know."""
    for parent in list(process.iter()):
        for child in [one for one in parent if not isinstance(one.tag, str)]:
            parent.remove(child)
    return process


def _search(model: Model, work: Completed) -> tuple[list[Problem], list[Problem]]:
    """Return what is unsound, and why soundness could not be told."""
    if work.opaque or not len(work.process):
        return [], work.opaque
    net, _problems = net_read(work.process, root=model.root, lines=work.lines)
    if not net.nodes:
        return [], []
    known = {node.service for node in net.nodes.values()}
    used = {node.role for node in net.nodes.values()}
    found = [_plain(one) for one in problems_find(net, services=known, roles=used)]
    limits = [one for one in found if getattr(one, "kind", "UNSOUND") != "UNSOUND"]
    limits += [one for one in found if "states; split" in one.reason and one not in limits]
    return [one for one in found if one not in limits], limits


def _plain(problem: Problem) -> Problem:
    """Name the model's element in place of one that was put in."""
    key = problem.element.partition("--")[0]
    return problem if key == problem.element else _renamed(problem, key)


def _renamed(problem: Problem, key: str) -> Problem:
    return Problem(key, problem.name, problem.line, problem.reason, problem.params)


def _unknown(net: Net, services: frozenset[str], roles: frozenset[str]) -> list[Problem]:
    found = []
    for node in net.nodes.values():
        if node.role and roles and node.role not in roles | {ROLE}:
            reason, params = N_("There is no role called %(role)s."), {"role": node.role}
            found.append(Problem(node.id, node.name, node.line, reason, params))
        if node.service and services and node.service not in services | {SERVICE}:
            reason = N_("There is no service called %(service)s.")
            found.append(Problem(node.id, node.name, node.line, reason, {"service": node.service}))
    return found


def _unique(problems: list[Problem]) -> list[Problem]:
    seen: set[tuple] = set()
    kept = []
    for one in problems:
        key = (one.element, one.line, str(one))
        if key not in seen:
            seen.add(key)
            kept.append(one)
    return kept
