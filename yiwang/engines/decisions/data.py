"""Decision models as other rooms and pages see them (决策的值)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from yiwang.sdk.errors import N_, NotFound, YiwangError

FINDINGS = {
    "GAP": N_("no rule answers here"),
    "OVERLAP": N_("several rules answer here"),
    "UNREACHED": N_("never decides anything"),
    "OPAQUE": N_("not looked into: cells beyond comparisons"),
}
"""What the analysis finds, in words (检查结果说明)."""


@dataclass(frozen=True, slots=True)
class DecisionModelView:
    """A stored version of a decision model (决策模型版本).

    decisions: names that can be asked. findings: [{table, kind, rules, where}] of the analysis; gaps are allowed.
    """

    version_id: int
    key: str
    number: int
    title: Mapping[str, str]
    digest: str
    source: str
    decisions: tuple[str, ...]
    findings: tuple[Mapping[str, object], ...]
    created_at: datetime
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class DecisionOutcome:
    """What a stored decision answered (决策结论). value: plain JSON.

    fired: [{table, inputs, rules, problem}], why it is so. version_id: who answered.
    """

    value: object
    fired: tuple[Mapping[str, object], ...]
    version_id: int


class DecisionModelUnknown(NotFound):
    """No pack or person stored a decision model of this key."""

    code = "decision_model_unknown"
    message = N_("There is no decision model %(key)s.")


class DecisionModelRefused(YiwangError):
    """A model with expressions that are not FEEL, or tables that contradict themselves, is not put in force."""

    code = "decision_model_refused"
    status = 422
    message = N_("The decision model %(key)s was not put in force: %(reasons)s")
