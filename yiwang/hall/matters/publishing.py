"""What a matter's tables must satisfy before it is published (判定表发布检查).

A table of eligibility or routing answers every application: no gap, no overlap, no rule that nobody reaches, no
cell that cannot be looked into; it asks only for what the form surely has; and every rule says in words what it
means, since the guide and the refusal say just that.
"""

import json
from collections.abc import Iterator

from yiwang.engines.api import (
    DecisionSheet,
    FormView,
    decision_input_names,
    decision_model_get,
    decision_sheet_get,
)
from yiwang.hall.matters.deciding import GIVEN
from yiwang.hall.matters.rules import FUNCTION_NAMES
from yiwang.sdk.packs import MatterDefinition

LEVELS = ("CITY", "DISTRICT", "STREET")
SINGLE = ("UNIQUE", "FIRST", "ANY", "PRIORITY")
WORDS = frozenset({"zh", "en"})
FINDINGS = {
    "GAP": "no rule answers",
    "OVERLAP": "several rules answer",
    "UNREACHED": "never decides anything",
    "OPAQUE": "has cells that cannot be looked into",
}
Found = Iterator[tuple[tuple, str]]


def tables_check(definition: MatterDefinition, form: FormView) -> list[tuple[tuple, str]]:
    """List what is wrong with the tables of a matter (判定表检查): (where in the file, sentence).

    The definition's references are keys of stored models already; form: the version that the matter uses.
    """
    found: list[tuple[tuple, str]] = []
    rule = definition.eligibility
    if rule is not None and rule.decision:
        found += _table(("eligibility",), rule.decision, rule.question, form, _eligibility)
    if definition.routing is not None:
        routing = definition.routing
        found += _table(("routing",), routing.decision, routing.question, form, _routing)
        found += _lower(definition, routing.decision, routing.question)
    return found


def outputs_of(sheet: DecisionSheet) -> list[dict[str, object]]:
    """Return what each rule of a table gives, by output name (规则结论); a cell that is no literal is absent."""
    made = []
    for rule in sheet.rules:
        cells = zip(sheet.names, map(_literal, rule.outputs), strict=False)
        made.append({name: value for name, value in cells if value is not None})
    return made


def _literal(text: str) -> object:
    """Return a literal text, number or truth value; None for anything else."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _table(at: tuple, model: str, question: str, form: FormView, outputs) -> Found:  # noqa: ANN001
    sheet = decision_sheet_get(model, question)
    if sheet is None or not sheet.rules:
        yield (*at, "question"), f"{model} has no table {question}."
        return
    if sheet.policy not in SINGLE:
        yield (
            (*at, "decision"),
            f"{question} must have one answer: its hit policy is {sheet.policy}.",
        )
    for one in decision_model_get(model).findings:
        where = " | ".join(one["where"])
        rules = ", ".join(str(number) for number in one["rules"])
        place = (
            f"{one['table']}" + (f" [{rules}]" if rules else "") + (f" ({where})" if where else "")
        )
        yield (*at, "decision"), f"{place}: {FINDINGS[one['kind']]}."
    yield from _inputs(at, model, sheet, form)
    for number, made in enumerate(outputs_of(sheet), start=1):
        for said in (*_words(made), *outputs(made)):
            yield (*at, "decision"), f"{question}, rule {number}: {said}"


def _inputs(at: tuple, model: str, sheet: DecisionSheet, form: FormView) -> Found:
    asked = decision_input_names(model) - GIVEN
    for name in sorted(asked - form.required):
        has = "does not ask for" if name not in form.fields else "does not require"
        yield (*at, "decision"), f"{model} asks for {name}, which the form {has}."
    properties = form.definition.get("schema", {}).get("properties", {})
    for name, allowed in zip(sheet.expressions, sheet.allowed, strict=False):
        choices = properties.get(name, {}).get("enum")
        taken = _literal(f"[{allowed}]") if allowed else None
        if choices and isinstance(taken, list):
            for choice in choices:
                if choice not in taken:
                    yield (
                        (*at, "decision"),
                        f"The form offers {name} {choice}, the table does not take it.",
                    )


def _words(made: dict[str, object]) -> Iterator[str]:
    for name in sorted(WORDS):
        if not (isinstance(made.get(name), str) and str(made[name]).strip()):
            yield f"the output {name} must be a text that says what the rule means."


def _eligibility(made: dict[str, object]) -> Iterator[str]:
    if not isinstance(made.get("eligible"), bool):
        yield "the output eligible must be true or false."


def _routing(made: dict[str, object]) -> Iterator[str]:
    if not made.keys() & {"level", "department", "first_review"}:
        yield "it says neither level nor department nor first_review."
    if made.get("level", "CITY") not in LEVELS:
        yield f"the level {made['level']} is none of {', '.join(LEVELS)}."
    if made.get("department", "data") not in FUNCTION_NAMES:
        yield f"no department has the function {made['department']}."
    if not isinstance(made.get("first_review", False), bool):
        yield "first_review must be true or false."


def _lower(definition: MatterDefinition, model: str, question: str) -> Found:
    """Yield rules that send an application to a lower organ which is not named, or not lower."""
    sheet = decision_sheet_get(model, question)
    first = definition.first_review
    for number, made in enumerate(outputs_of(sheet) if sheet else (), start=1):
        if made.get("first_review") is not True:
            continue
        level = made.get("level") or definition.level
        if first is None:
            said = "a lower organ reviews first, and the matter has no branch of the role FIRST_REVIEW."
        elif level not in LEVELS or LEVELS.index(level) >= LEVELS.index(first.level):
            said = f"the {first.level} organ reviews first, so a higher one has to decide."
        else:
            continue
        yield ("routing", "decision"), f"{question}, rule {number}: {said}"
