"""Small processes for the tests, written as text."""

import datetime

from yiwang.engines.workflow.data import WorkCard
from yiwang.kernel.api import RequestContext

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
    inner = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
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
