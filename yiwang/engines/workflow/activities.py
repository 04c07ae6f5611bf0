"""Tasks (任务): work for people, services, expressions, decisions, messages."""

from django.db import transaction

from yiwang.engines.workflow.data import (
    MESSAGE,
    DecisionUnavailable,
    DepartmentMissing,
    Node,
    ProcessFault,
    ServiceCall,
    ServiceUnknown,
)
from yiwang.engines.workflow.deadlines import due_at_get, warn_at_get
from yiwang.engines.workflow.events import arm, error_throw, letter_throw, mapped, plain
from yiwang.engines.workflow.models import ProcessInstance, WorkItem
from yiwang.engines.workflow.multi import finish
from yiwang.engines.workflow.registry import SERVICES, decider_get
from yiwang.engines.workflow.rules import NO_DUE
from yiwang.engines.workflow.step import WORK, Arrival, Step

RUNNING = ProcessInstance.State.RUNNING


def item_open(step: Step, node: Node, arrival: Arrival) -> None:
    """Open a work item, its token and its timers (开启待办)."""
    own = arrival.data or {}
    department_id = own.get("department") or _department(step, node, arrival)
    role = own.get("role", node.role)
    detail = {"flow": arrival.flow_id, "department": department_id, "role": role}
    assignee = _assignee(step, node, arrival)
    if assignee is not None:
        detail["assignee"] = assignee
    if arrival.scope:
        detail["scope"] = arrival.scope
    if step.instance.state != RUNNING:
        detail["state"] = "SUSPENDED"
    number = step.log("OPENED", node.id, **detail, **{"from": arrival.cause})
    step.put(number, node, WORK, arrival)
    item = _item(step, node, number=number, department_id=department_id, role=role)
    item.assignee_id = assignee
    if step.instance.state != RUNNING:
        item.state, item.paused_by = WorkItem.State.SUSPENDED, WorkItem.Pause.INSTANCE
    elif assignee is not None:
        item.state = WorkItem.State.CLAIMED
    step.items.append(item)
    if arrival.data is None and (boundaries := step.net.boundaries.get(node.id)):
        arm(step, number, boundaries, scope=arrival.scope)


def _item(step: Step, node: Node, *, number: int, department_id: int, role: str) -> WorkItem:
    instance = step.instance
    due_at, warn_at = step.due
    if due_at is None and node.limit:
        due_at = due_at_get(node.limit, step.now)
        warn_at = warn_at_get(due_at)
    card = instance.card
    return WorkItem(
        instance_id=instance.pk,
        token_number=number,
        business_key=instance.business_key,
        node_id=node.id,
        branch=node.branch,
        name_zh=node.name[:120],
        name_en=(node.name_en or node.name)[:160],
        number=card["number"],
        title_zh=card["title"].get("zh", "")[:200],
        title_en=card["title"].get("en", "")[:240],
        applicant_name=card["applicant_name"][:160],
        url=card["url"],
        department_id=department_id,
        role=role,
        opened_at=step.now,
        due_at=due_at,
        due_order=due_at or NO_DUE,
        warn_at=warn_at,
    )


def _department(step: Step, node: Node, arrival: Arrival) -> int:
    """Return whose the item is: by the node's expression, else by its key."""
    key: object = node.department
    if node.department_by is not None:
        key = node.department_by.evaluate(step.names(arrival.scope, arrival.data))
    if isinstance(key, int) and not isinstance(key, bool):
        return key
    department_id = step.instance.departments.get(key) if isinstance(key, str) else None
    if department_id is None:
        raise DepartmentMissing(keys=str(key))
    return department_id


def _assignee(step: Step, node: Node, arrival: Arrival) -> int | None:
    if arrival.data and "assignee" in arrival.data:
        return arrival.data["assignee"]
    if node.assignee is None:
        return None
    account = node.assignee.evaluate(step.names(arrival.scope, arrival.data))
    return account if isinstance(account, int) and not isinstance(account, bool) else None


def service_run(step: Step, node: Node, arrival: Arrival) -> None:
    """Call a service (服务任务); an error it throws is caught as a boundary event's."""
    function = SERVICES.get(node.service)
    if function is None:
        raise ServiceUnknown(service=node.service)
    instance = step.instance
    names = dict(step.names(arrival.scope, arrival.data))
    call = ServiceCall(instance.pk, instance.business_key, node.id, names, step.now)
    try:
        with transaction.atomic():
            values = function(call) or {}
    except ProcessFault as fault:
        error_throw(step, node, arrival, code=fault.code, text=str(fault))
        return
    step.merge(values)
    _done(step, node, arrival)


def script_run(step: Step, node: Node, arrival: Arrival) -> None:
    """Work out an expression (脚本任务) and keep its value."""
    value = node.script.evaluate(step.names(arrival.scope, arrival.data))
    step.merge({node.result: plain(value)})
    _done(step, node, arrival)


def rule_run(step: Step, node: Node, arrival: Arrival) -> None:
    """Ask for a decision (业务规则任务): the result into a variable, the rules that fired into the history."""
    decider = decider_get(node.decision)
    if decider is None:
        raise DecisionUnavailable(decision=node.decision)
    names = step.names(arrival.scope, arrival.data)
    inputs = mapped(node.inputs, names) if node.inputs else dict(names)
    value, fired = decider(node.decision, inputs)
    step.merge({node.result: plain(value)})
    _done(step, node, arrival, decision=node.decision, value=plain(value), fired=fired)


def send_run(step: Step, node: Node, arrival: Arrival) -> None:
    """Send a message (发送任务)."""
    letter_throw(step, node, names=step.names(arrival.scope, arrival.data))
    _done(step, node, arrival, message=node.event.name, to=MESSAGE)


def _done(step: Step, node: Node, arrival: Arrival, **detail: object) -> None:
    flows = [] if arrival.data else list(node.outgoing)
    came = {"from": arrival.cause} | ({"scope": arrival.scope} if arrival.scope else {})
    cause = step.log("PASSED", node.id, flows=flows, **detail, **came)
    finish(step, node, arrival.scope, cause=cause)
