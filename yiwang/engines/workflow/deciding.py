"""Business-rule tasks ask the decision models of the city (业务规则任务调用决策)."""

import re
from collections.abc import Mapping

from yiwang.engines.decisions.queries import decision_evaluate, decision_model_get

_REFERENCE = re.compile(r"(?P<key>[^@#]+)(?:@(?P<number>\d+))?(?:#(?P<name>.+))?")


def decide(reference: str, inputs: Mapping[str, object]) -> tuple[object, list]:
    """Ask "model", "model#decision" or "model@version#decision" (调用决策); returns value and what fired.

    Without a name the last decision of the model answers; without a version, the newest.
    """
    match = _REFERENCE.fullmatch(reference)
    key, number, name = match.groups() if match else (reference, None, None)
    version = int(number) if number else None
    name = name or decision_model_get(key, number=version).decisions[-1]
    outcome = decision_evaluate(key, name, inputs, number=version)
    fired = [dict(one) for one in outcome.fired]
    return outcome.value, [{"version": outcome.version_id, "decision": name}, *fired]
