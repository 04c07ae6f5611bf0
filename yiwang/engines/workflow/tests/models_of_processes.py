"""Small processes for the tests, written as text."""

import datetime
import hashlib
from xml.sax.saxutils import escape

from yiwang.engines.workflow.actions import process_put, process_start
from yiwang.engines.workflow.data import WorkCard
from yiwang.engines.workflow.queries import instance_get
from yiwang.kernel.api import RequestContext, context_system, context_use

NOW = datetime.datetime(2026, 11, 21, 2, 0, tzinfo=datetime.UTC)
CARD = WorkCard(
    subject="application:1",
    number="0001",
    title={"zh": "开餐馆", "en": "Open a restaurant"},
    applicant_name="王某",
    url="/hall/applications/1/",
)
HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:yw="urn:yiwang:bpmn" targetNamespace="t">\n<process id="p" isExecutable="true">\n'
)
TAIL = "\n</process>\n</definitions>"


def process(*lines: str) -> str:
    """Return a process of these lines; the first of them stands on line 3."""
    return HEAD + "\n".join(lines) + TAIL


def user(key: str, *, department: str = "", outcomes: str = "DONE", role: str = "APPROVER") -> str:
    own = f' yw:department="{department}"' if department else ""
    return f'<userTask id="{key}" name="{key}" yw:role="{role}" yw:outcomes="{outcomes}"{own}/>'


def flow(source: str, target: str, condition: str = "") -> str:
    text = escape(condition)
    inner = f"<conditionExpression>{text}</conditionExpression>" if condition else ""
    head = f'<sequenceFlow id="{source}__{target}" sourceRef="{source}" targetRef="{target}"'
    return f"{head}>{inner}</sequenceFlow>"


def chain(*keys: str) -> list[str]:
    return [flow(a, b) for a, b in zip(keys, keys[1:], strict=False)]


def parallel(branches: list[str]) -> str:
    """Accept, all branches at once, join, end."""
    lines = ['<startEvent id="s"/>', user("accept"), '<parallelGateway id="split"/>']
    lines += [user(key, department=key, outcomes="AGREE,REFUSE,CORRECT") for key in branches]
    lines += ['<parallelGateway id="join"/>', '<endEvent id="e"/>', *chain("s", "accept", "split")]
    for key in branches:
        lines += chain("split", key, "join")
    return process(*lines, flow("join", "e"))


def staff(account_id: int, department_id: int, *roles: str) -> RequestContext:
    return RequestContext(
        population="STAFF",
        account_id=account_id,
        name=f"staff {account_id}",
        department_id=department_id,
        department_ids=frozenset({department_id}),
        roles=frozenset(roles),
    )


DEPARTMENTS = {"owner": 1, "a": 2, "b": 3, "c": 4}


def start_process(xml: str, *, now: datetime.datetime = NOW, key: str = "", **variables) -> int:
    """Store and start a process as the system; returns the instance's id."""
    with context_use(context_system("test")):
        name = hashlib.sha256(xml.encode()).hexdigest()[:12]
        version = process_put(name, xml, title={"zh": "流程", "en": "Process"})
        return process_start(
            version.version_id,
            business_key=key or "application:1",
            card=CARD,
            variables=variables,
            departments=DEPARTMENTS,
            now=now,
        )


def item_at(instance_id: int, node_id: str):
    """Return the newest item of a node."""
    found = [item for item in instance_get(instance_id).items if item.node_id == node_id]
    return found[-1]
