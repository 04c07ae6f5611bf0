"""A project's facts as typed (项目要素): read, checked, and the type that they give it by the decision table."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext

from yiwang.engines.api import decision_evaluate
from yiwang.hall.projects.data import KINDS, USES
from yiwang.hall.projects.errors import ProjectIncomplete
from yiwang.hall.projects.rules import NUMBERS
from yiwang.hall.projects.tables import project_plan
from yiwang.sdk.errors import N_

MISSING = N_("Please fill this in.")
NOT_A_NUMBER = N_("Please enter a number above zero.")
DATES_WRONG = N_("The finish lies after the start.")
NO_TYPE = N_("The city's rules name no type for such a project. Ask the lead department.")
TEXTS = {"name": 120, "address": 200}
DAYS = ("start_planned", "finish_planned")


def facts_read(values: Mapping[str, str]) -> dict:
    """Return the facts of a new project from what was typed (读取项目要素). Raises ProjectIncomplete."""
    facts: dict[str, object] = {"needs_eia": bool(values.get("needs_eia"))}
    facts |= {name: str(values.get(name, "")).strip() for name in (*TEXTS, "area_code")}
    facts |= {name: values.get(name, "") for name in _choices()}
    problems = {
        name: [gettext(MISSING)] for name, known in _choices().items() if facts[name] not in known
    }
    read, wrong = figures_read(values)
    facts |= read
    problems |= wrong
    problems |= {name: [gettext(MISSING)] for name in facts if facts[name] == ""}
    if problems:
        raise ProjectIncomplete(fields=problems)
    return facts


def figures_read(values: Mapping[str, str]) -> tuple[dict, dict[str, list[str]]]:
    """Return numbers and days as typed, and what is wrong with them (读取规模和工期)."""
    facts: dict[str, object] = {name: number_read(values.get(name, "")) for name in NUMBERS}
    facts |= {name: day_read(values.get(name, "")) for name in DAYS}
    problems = {name: [gettext(NOT_A_NUMBER)] for name in NUMBERS if facts[name] is None}
    problems |= {name: [gettext(MISSING)] for name in DAYS if facts[name] is None}
    if not problems and facts["finish_planned"] <= facts["start_planned"]:
        problems["finish_planned"] = [gettext(DATES_WRONG)]
    return facts, problems


def _choices() -> dict[str, set[str]]:
    plan = project_plan()
    return {
        "use": set(USES),
        "funding": {one.value for one in plan.funding},
        "catalogue": {one.value for one in plan.catalogue},
    }


def number_read(text: object, *, or_zero: bool = False) -> Decimal | None:
    """Read a number of at most two decimals above zero (or zero), None for anything else."""
    try:
        number = Decimal(str(text).strip())
    except InvalidOperation:
        return None
    if not number.is_finite() or number >= 10**12 or number < 0 or not (number or or_zero):
        return None
    return number.quantize(Decimal("0.01"))


def day_read(text: object) -> date | None:
    """Read a day as browsers send it, None for anything else."""
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None


def kind_decide(facts: Mapping[str, object]) -> tuple[str, dict]:
    """Decide how a project is decided on (审批制、核准制、备案制), by the city's table, with its reason.

    Returns the key of `data.KINDS` and {zh, en, basis, rules, version}. Raises ProjectIncomplete where the
    table says nothing.
    """
    plan = project_plan()
    asked = {"funding": facts["funding"], "catalogue": facts["catalogue"]}
    asked["investment_wan"] = float(facts["investment_wan"])
    outcome = decision_evaluate(plan.table, plan.question, asked)
    said = outcome.value if isinstance(outcome.value, dict) else {}
    if said.get("kind") not in KINDS:
        raise ProjectIncomplete(fields={"catalogue": [gettext(NO_TYPE)]})
    reason = {name: said.get(name) or "" for name in ("zh", "en", "basis")}
    reason["rules"] = [number for one in outcome.fired for number in one["rules"]]
    return said["kind"], {**reason, "version": outcome.version_id}
