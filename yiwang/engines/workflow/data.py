"""What the engine speaks of: nets, work items, instances (流程的值). Frozen, free of Django."""

import datetime
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from yiwang.engines.workflow.blocks import inclusive_pairs
from yiwang.sdk.errors import N_, Conflict, Forbidden, NotFound, YiwangError
from yiwang.sdk.expressions import Expression

START, END = "startEvent", "endEvent"
CATCH, THROW, BOUNDARY = "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"
USER, MANUAL, SERVICE, SCRIPT = "userTask", "manualTask", "serviceTask", "scriptTask"
RULE, SEND, RECEIVE = "businessRuleTask", "sendTask", "receiveTask"
EXCLUSIVE, PARALLEL = "exclusiveGateway", "parallelGateway"
INCLUSIVE, EVENT_GATEWAY = "inclusiveGateway", "eventBasedGateway"
SUB, CALL = "subProcess", "callActivity"

TASKS = frozenset({USER, MANUAL})
"""Work for a person: a work item each."""

AUTOMATIC = frozenset({SERVICE, SCRIPT, RULE, SEND})
"""Tasks that are done in the step that reaches them; only an error can interrupt them."""

ACTIVITIES = TASKS | AUTOMATIC | {RECEIVE, SUB, CALL}

TIMER, MESSAGE, SIGNAL = "timer", "message", "signal"
ERROR, ESCALATION, TERMINATE = "error", "escalation", "terminate"

CORRECT = "CORRECT"
"""The outcome that is not one: a task that lists it may ask the applicant for a correction (补正)."""

Mapped = tuple[tuple[str, Expression], ...]
"""Values to hand over: (name, expression) in the order of the file."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A length of time (时限): amount of WORKING_DAY, DAY, HOUR, MINUTE or SECOND, MONTH or YEAR."""

    amount: int
    unit: str


@dataclass(frozen=True, slots=True)
class Event:
    """What an event waits for or throws (事件定义).

    kind: TIMER, MESSAGE, SIGNAL, ERROR, ESCALATION, TERMINATE. name: of the message or signal, code
    of the error or escalation ("" catches every one). key: what the message is correlated by, None
    for the business key. A timer has `limit` (after that long), or `moment` (an expression that
    gives a date or a moment, or a text in ISO 8601); times: how often a cycle comes, 0 for ever.
    """

    kind: str
    name: str = ""
    key: Expression | None = None
    limit: Limit | None = None
    moment: Expression | None = None
    times: int = 1


@dataclass(frozen=True, slots=True)
class Multi:
    """Several instances of one activity (多实例): signing together 会签, any one 或签, by votes 票签, in order 顺签.

    One instance for each element of `collection`, or `cardinality` of them. element: the name of its
    element inside an instance (`loop` is its index). completion: asked after every instance with
    total, done, open, votes {outcome: count} and share {outcome: part of total}; once it holds, the
    rest is cancelled. result: the variable that receives {total, done, votes, share, items}.
    """

    is_sequential: bool = False
    collection: Expression | None = None
    cardinality: Expression | None = None
    element: str = "element"
    completion: Expression | None = None
    result: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """A sequence flow (顺序流). condition: None takes it unasked."""

    id: str
    source: str
    target: str
    name: str = ""
    condition: Expression | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Node:
    """One element of a process (节点); `line` is where it stands in the XML.

    scope: the sub-process it stands in, "" for the process itself. assignee: who is given the item;
    department_by: a key or id of the department, in place of `department`. script: the expression
    of a script task, whose value goes to `result` (as a decision's does). inputs, outputs: what a
    message, decision or called process is given, and what comes back. version: of the called
    process: "latest", "bound" (the newest when the caller was published) or a number.
    """

    id: str
    kind: str
    name: str = ""
    name_en: str = ""
    line: int = 0
    scope: str = ""
    incoming: tuple[str, ...] = ()
    outgoing: tuple[str, ...] = ()
    default: str = ""
    role: str = ""
    department: str = "owner"
    branch: str = ""
    outcomes: tuple[str, ...] = ()
    limit: Limit | None = None
    service: str = ""
    attached_to: str = ""
    is_interrupting: bool = True
    event: Event | None = None
    multi: Multi | None = None
    assignee: Expression | None = None
    department_by: Expression | None = None
    script: Expression | None = None
    decision: str = ""
    result: str = ""
    inputs: Mapped = ()
    outputs: Mapped = ()
    called: str = ""
    version: str = "latest"
    is_event_sub: bool = False


@dataclass(frozen=True, eq=False)
class Net:
    """A compiled process (流程网): immutable, shared by every instance of its version, equal to itself only.

    Nodes and flows of sub-processes stand beside those of the process, each with its `scope`.
    """

    id: str
    name: str
    nodes: Mapping[str, Node]
    flows: Mapping[str, Flow]
    name_en: str = ""

    @cached_property
    def boundaries(self) -> Mapping[str, tuple[Node, ...]]:
        """The boundary events of each activity (边界事件)."""
        return _grouped((n.attached_to, n) for n in self.nodes.values() if n.kind == BOUNDARY)

    @cached_property
    def starts(self) -> Mapping[str, tuple[Node, ...]]:
        """The start events of each scope, "" for the process (开始事件)."""
        return _grouped((n.scope, n) for n in self.nodes.values() if n.kind == START)

    @cached_property
    def event_starts(self) -> Mapping[str, tuple[Node, ...]]:
        """The start events of the event sub-processes that stand in each scope (事件子流程)."""
        subs = [node for node in self.nodes.values() if node.is_event_sub]
        return _grouped((sub.scope, start) for sub in subs for start in self.starts.get(sub.id, ()))

    @cached_property
    def pairs(self) -> Mapping[str, str]:
        """The join of every inclusive split (包容网关配对)."""
        return inclusive_pairs(self)

    @cached_property
    def listens(self) -> bool:
        """Whether anything in it waits for a message or a signal (是否订阅)."""
        events = (node.event for node in self.nodes.values())
        return any(event is not None and event.kind in (MESSAGE, SIGNAL) for event in events)

    def start(self, scope: str = "") -> Node:
        """Return the start event of a scope (开始事件)."""
        return self.starts[scope][0]

    def department_keys(self) -> frozenset[str]:
        """Return the keys that `process_start(departments=…)` must give (部门键)."""
        nodes = self.nodes.values()
        return frozenset(n.department for n in nodes if n.kind in TASKS and not n.department_by)


def _grouped(pairs: Iterable[tuple[str, Node]]) -> dict[str, tuple[Node, ...]]:
    groups: dict[str, tuple[Node, ...]] = {}
    for key, node in pairs:
        groups[key] = (*groups.get(key, ()), node)
    return groups


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a process cannot run (流程错误): which element, where, why."""

    element: str
    name: str
    line: int
    reason: str
    params: Mapping[str, object] = field(default_factory=dict)

    def what(self) -> str:
        """Say which element and why, without the line (错误说明)."""
        element = f"{self.element} ({self.name})" if self.name else self.element
        reason = self.reason % self.params if self.params else self.reason
        return f"{element}: {reason}"

    def __str__(self) -> str:
        return f"line {self.line}, {self.what()}"


class ProcessInvalid(YiwangError):
    """A process model cannot run; `problems` has every reason with element and line."""

    code = "process_invalid"
    status = 422
    message = N_("The process %(key)s cannot run: %(first)s")

    def __init__(self, key: str, problems: list[Problem]) -> None:
        super().__init__(key=key, first=str(problems[0]))
        self.problems = tuple(problems)


class WorkItemNotFound(NotFound):
    """No work item has this number."""

    code = "work_item_not_found"
    message = N_("There is no such work item. It may have been entered wrongly.")


class WorkItemClosed(Conflict):
    """The item was completed, withdrawn or cancelled before."""

    code = "work_item_closed"
    message = N_("This item has been dealt with already. Reload the page to see the result.")


class WorkItemSuspended(Conflict):
    """The item waits for a correction, or its whole instance is suspended."""

    code = "work_item_suspended"
    message = N_("This item is suspended. It can go on when the answer is in or it is resumed.")


class WorkItemHeld(Conflict):
    """Somebody else holds the item."""

    code = "work_item_held"
    message = N_("A colleague has claimed this item. Ask for its release or transfer.")


class WorkItemForbidden(Forbidden):
    """The person's post does not have the item's role in the item's department."""

    code = "work_item_forbidden"
    message = N_("This item belongs to another post or department. Ask for its transfer.")


class OutcomeNotAllowed(YiwangError):
    """The outcome is not one of those the step offers."""

    code = "outcome_not_allowed"
    status = 422
    message = N_("%(outcome)s is not a result of this step. Choose one of: %(allowed)s.")


class InstanceNotFound(NotFound):
    """No instance has this number."""

    code = "instance_not_found"
    message = N_("There is no such process instance. Check the address.")


class InstanceNotRunning(Conflict):
    """The instance has ended or is suspended, so the act is too late or too early."""

    code = "instance_not_running"
    message = N_("The process has ended or is suspended, so this is not possible now.")


class NoFlowMatches(Conflict):
    """No condition of an exclusive gateway holds and it has no default."""

    code = "no_flow_matches"
    message = N_("No way leads on from %(node)s with these data. Tell the process's author.")


class ProcessStuck(YiwangError):
    """A process ran in a circle of automatic steps without end."""

    code = "process_stuck"
    status = 500
    message = N_("The process ran in a circle at %(node)s and was stopped; nothing was changed.")


class ProcessFault(Exception):
    """What a service raises to throw a BPMN error (业务错误): the boundary that catches `code` goes on.

    What the service had written is undone; uncaught, the instance fails and waits for an administrator.
    """

    def __init__(self, code: str, text: str = "") -> None:
        super().__init__(text or code)
        self.code = code


class ActRefused(Conflict):
    """An operation has no defined meaning here and now; `reason` says why."""

    code = "act_refused"
    message = N_("This is not possible here: %(reason)s")

    def text(self, translate: Callable[[str], str], language: str) -> str:
        """Return the sentence with its reason in a language (错误提示)."""
        return translate(self.message) % {"reason": translate(str(self.params["reason"]))}


class UrgedLately(Conflict):
    """An item was urged a short while ago."""

    code = "urged_lately"
    message = N_("This item was urged already. It may be urged again after %(after)s.")


class CalledUnknown(YiwangError):
    """A call activity names a process or version that is not stored."""

    code = "called_unknown"
    status = 500
    message = N_("There is no process %(key)s (%(version)s) to call.")


class DecisionUnavailable(YiwangError):
    """A business-rule task is reached and no decision engine is registered."""

    code = "decision_unavailable"
    status = 500
    message = N_("The decision %(decision)s cannot be asked for.")


class DepartmentMissing(YiwangError):
    """The start of a process did not say which department a task belongs to."""

    code = "department_missing"
    status = 422
    message = N_("No department was given for %(keys)s.")


class ServiceUnknown(YiwangError):
    """A service task names a service nobody has registered."""

    code = "service_unknown"
    status = 500
    message = N_("No service is registered as %(service)s.")


@dataclass(frozen=True, slots=True)
class WorkCard:
    """What a desk shows of the matter behind an item (办件卡片).

    subject: "application:<number>"; title: {"zh", "en"}; url: where the item is worked on.
    """

    subject: str
    number: str
    title: Mapping[str, str]
    applicant_name: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class ServiceCall:
    """What a service task's function is called with (服务调用), inside the step's transaction."""

    instance_id: int
    business_key: str
    node_id: str
    variables: Mapping[str, object]
    now: datetime.datetime


@dataclass(frozen=True, slots=True)
class InstanceChange:
    """What the authority did with a whole case (流程处置), as the owner of its business key hears it.

    kind: SUSPENDED, RESUMED or TERMINATED. ground, document, expected_days: of the suspension, also when it
    is resumed; basis: the legal basis of a termination.
    """

    instance_id: int
    business_key: str
    kind: str
    reason: str
    now: datetime.datetime
    ground: str = ""
    document: str = ""
    expected_days: int | None = None
    basis: str = ""


@dataclass(frozen=True, slots=True)
class HoldView:
    """A suspension of a case (挂起记录). ended_at None: it still stands; end: RESUMED, WITHDRAWN or TERMINATED."""

    id: int
    instance_id: int
    department_id: int | None
    ground: str
    document: str
    reason: str
    expected_days: int | None
    suspended_at: datetime.datetime
    suspended_by: str
    ended_at: datetime.datetime | None
    ended_by: str
    end: str
    end_reason: str


@dataclass(frozen=True, slots=True)
class ProcessView:
    """A stored process version (流程版本)."""

    version_id: int
    key: str
    number: int
    title: Mapping[str, str]
    digest: str
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class ProposalView:
    """What somebody proposed who prepared a step for another (委派答复)."""

    by: str
    outcome: str
    comment: str
    at: datetime.datetime


@dataclass(frozen=True, slots=True)
class WorkItemView:
    """A work item as a desk sees it (待办). light: GREEN, YELLOW, RED, or NONE without due date.

    paused_by: why it is SUSPENDED: ITEM a correction, INSTANCE the whole case, SIGNERS those asked before.
    delegated_by: to whom the answer of whoever prepares it comes back; told by `work_item_get` alone.
    """

    id: int
    instance_id: int
    business_key: str
    node_id: str
    branch: str
    name: Mapping[str, str]
    number: str
    title: Mapping[str, str]
    applicant_name: str
    url: str
    department_id: int
    role: str
    assignee_id: int | None
    state: str
    paused_by: str
    ground: str
    outcome: str
    opened_at: datetime.datetime
    due_at: datetime.datetime | None
    warn_at: datetime.datetime | None
    closed_at: datetime.datetime | None
    outcomes: tuple[str, ...] = ()
    delegated_by: int | None = None

    def light(self, now: datetime.datetime) -> str:
        """Return the traffic light (红绿灯) at a moment."""
        if self.due_at is None or self.closed_at is not None:
            return "NONE"
        if now > self.due_at:
            return "RED"
        return "YELLOW" if self.warn_at is not None and now >= self.warn_at else "GREEN"


@dataclass(frozen=True, slots=True)
class TokenView:
    """Where an instance stands (令牌). state: see `Token`; data: its element or its count."""

    number: int
    node_id: str
    state: str
    flow_id: str
    scope: int
    data: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class HistoryView:
    """One thing that happened to an instance (流转记录)."""

    seq: int
    at: datetime.datetime
    kind: str
    node_id: str
    node_name: str
    actor_id: int | None
    actor_name: str
    detail: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class InstanceView:
    """A process instance (流程实例) with its tokens, items and history."""

    id: int
    version_id: int
    process_key: str
    business_key: str
    state: str
    revision: int
    variables: Mapping[str, object]
    departments: Mapping[str, int]
    started_at: datetime.datetime
    ended_at: datetime.datetime | None
    tokens: tuple[TokenView, ...]
    items: tuple[WorkItemView, ...]
    history: tuple[HistoryView, ...]
    failure: str = ""
