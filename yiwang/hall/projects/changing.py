"""Pure rules of changes of a project (项目变更规则): what is needed again."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from yiwang.hall.projects.rules import ChangeRule
from yiwang.sdk.expressions import compile as expression_compile


def percent_of(old: object, new: object) -> float:
    """Return by how many percent a number changes (变化幅度), 0 for what is no number.

    >>> percent_of(Decimal(200), Decimal(170)), percent_of("A", "B")
    (15.0, 0.0)
    """
    if not isinstance(old, Decimal) or not isinstance(new, Decimal) or not old:
        return 0.0
    return float(abs(new - old) * 100 / old)


def again_of(
    rules: Sequence[ChangeRule],
    changed: Mapping[str, tuple[object, object]],
    facts: Mapping[str, object],
) -> tuple[str, ...]:
    """Return the approvals that a change needs again (须重新办理), in the order of the rules.

    changed: field → (old, new); facts: of the project after the change. For each field the first rule that holds.
    """
    found: list[str] = []
    for field, (old, new) in changed.items():
        names = {"old": _plain(old), "new": _plain(new), "percent": percent_of(old, new)}
        for rule in rules:
            if rule.field != field:
                continue
            known = {"project": dict(facts), "change": names}
            if not rule.when or expression_compile(rule.when).evaluate(known):
                found += rule.again
                break
    return tuple(dict.fromkeys(found))


def _plain(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else str(value)
