"""A matter's tables in the words of its guide (判定规则说明): every rule that runs, and nothing else."""

from collections.abc import Callable

from yiwang.engines.api import decision_sheet_get
from yiwang.hall.matters.data import GuideRule
from yiwang.hall.matters.publishing import outputs_of
from yiwang.sdk.errors import NotFound
from yiwang.sdk.packs import MatterDefinition


def eligibility_rules(
    spec: MatterDefinition, words: Callable[[dict], str]
) -> tuple[GuideRule, ...]:
    """Return the rules of the table of eligibility (资格判定规则), those that let through first."""
    rule = spec.eligibility
    if rule is None or not rule.decision:
        return ()
    found = [
        GuideRule(words(made), is_allowed=made.get("eligible") is True)
        for made in _made(rule.decision, rule.question)
    ]
    return tuple(sorted(found, key=lambda one: not one.is_allowed))


def routing_rules(
    spec: MatterDefinition,
    words: Callable[[dict], str],
    *,
    department: Callable[[str, str], str],
) -> tuple[GuideRule, ...]:
    """Return the rules of the table of routing (承办分工规则). department: (function, level) → its name."""
    if spec.routing is None:
        return ()
    first = spec.first_review
    lower = department(first.department, first.level) if first else ""
    return tuple(
        GuideRule(
            words(made),
            department=department(
                str(made.get("department") or spec.department), str(made.get("level") or spec.level)
            ),
            first=lower if made.get("first_review") is True else "",
        )
        for made in _made(spec.routing.decision, spec.routing.question)
    )


def _made(model: str, question: str) -> list[dict]:
    try:
        sheet = decision_sheet_get(model, question)
    except NotFound:
        return []
    return outputs_of(sheet) if sheet else []
