"""Elements of the subset as text, for the tests."""

from yiwang.engines.workflow.tests.models_of_processes import chain, flow, user
from yiwang.engines.workflow.tests.models_of_processes import process as plain

ROOTS = (
    '<message id="m_paid" name="paid"/><message id="m_done" name="done"/>'
    '<signal id="s_stop" name="stop"/><error id="x_bad" errorCode="BAD"/>'
    '<error id="x_other" errorCode="OTHER"/><escalation id="c_late" escalationCode="LATE"/>\n'
)
DEFINITIONS = {
    "paid": '<messageEventDefinition messageRef="m_paid"/>',
    "done": '<messageEventDefinition messageRef="m_done"/>',
    "stop": '<signalEventDefinition signalRef="s_stop"/>',
    "BAD": '<errorEventDefinition errorRef="x_bad"/>',
    "OTHER": '<errorEventDefinition errorRef="x_other"/>',
    "any error": "<errorEventDefinition/>",
    "LATE": '<escalationEventDefinition escalationRef="c_late"/>',
    "terminate": "<terminateEventDefinition/>",
}


def process(*lines: str) -> str:
    """A process with the messages, signals, errors and escalations of the tests."""
    return plain(*lines).replace("<process ", ROOTS + "<process ")


def definition(what: str) -> str:
    """An event definition by name, or a timer by its length, cycle or moment."""
    if what in DEFINITIONS:
        return DEFINITIONS[what]
    tag = "timeCycle" if what.startswith("R") else "timeDuration"
    tag = tag if what[0] in "RP" else "timeDate"
    return f"<timerEventDefinition><{tag}>{what}</{tag}></timerEventDefinition>"


def event(tag: str, key: str, what: str = "", *, more: str = "", inner: str = "") -> str:
    body = definition(what) if what else ""
    return f'<{tag} id="{key}" {more}>{inner}{body}</{tag}>'


def start(key: str = "s", what: str = "", *, interrupting: bool = True) -> str:
    flag = "" if interrupting else 'isInterrupting="false"'
    return event("startEvent", key, what, more=flag)


def end(key: str = "e", what: str = "") -> str:
    return event("endEvent", key, what)


def catch(key: str, what: str, *, more: str = "") -> str:
    return event("intermediateCatchEvent", key, what, more=more)


def throw(key: str, what: str, *, more: str = "", inner: str = "") -> str:
    return event("intermediateThrowEvent", key, what, more=more, inner=inner)


def boundary(key: str, host: str, what: str, *, interrupting: bool = True) -> str:
    flag = "true" if interrupting else "false"
    more = f'attachedToRef="{host}" cancelActivity="{flag}"'
    return event("boundaryEvent", key, what, more=more)


def gateway(kind: str, *keys: str, default: str = "") -> list[str]:
    own = f' default="{default}"' if default else ""
    return [f'<{kind}Gateway id="{key}"{own}/>' for key in keys]


def sub(key: str, *lines: str, by_event: bool = False, multi: str = "") -> str:
    flag = ' triggeredByEvent="true"' if by_event else ""
    return f'<subProcess id="{key}"{flag}>{multi}{"".join(lines)}</subProcess>'


def several(
    *, by: str = "", count: str = "", done: str = "", sequential: bool = False, result: str = ""
) -> str:
    """Several instances: by a collection or a count, with a completion condition."""
    own = f' yw:collection="{by}" yw:element="signer"' if by else ""
    own += f' yw:result="{result}"' if result else ""
    flag = ' isSequential="true"' if sequential else ""
    inner = f"<loopCardinality>{count}</loopCardinality>" if count else ""
    inner += f"<completionCondition>{done}</completionCondition>" if done else ""
    tag = "multiInstanceLoopCharacteristics"
    return f"<{tag}{flag}{own}>{inner}</{tag}>"


def signers(key: str, multi: str, *, outcomes: str = "AGREE,REFUSE") -> str:
    """A user task with several instances, each given to its element."""
    return (
        f'<userTask id="{key}" name="{key}" yw:role="APPROVER" yw:outcomes="{outcomes}"'
        f' yw:assignee="signer">{multi}</userTask>'
    )


__all__ = ["chain", "flow", "user"]
