"""What the conditions of a form decide (条件判定): in one pass, in the order in which they depend.

The same walk decides for a form and for each row of a repeating group: in a row the names are its own
cells, those of the form that come before the group, and the outer ones; a cell hides a field of its name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from yiwang.engines.forms.data import ValueSource
from yiwang.engines.forms.rules.definition import OUTER_NAMES, FieldDefinition, FormDefinition
from yiwang.engines.forms.rules.groups import row_known
from yiwang.engines.forms.rules.inputs import is_blank
from yiwang.sdk.expressions import as_date

TYPES = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "list": list,
    "rows": list,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the conditions decide (判定结果). rows: of each group with conditions of its own, row by row."""

    shown: frozenset[str]
    required: frozenset[str]
    locked: frozenset[str]
    restricted: dict[str, tuple]
    values: dict[str, object]
    names: dict[str, object]
    rows: dict[str, tuple["Outcome", ...]] = field(default_factory=dict)


def decide(
    definition: FormDefinition,
    data: Mapping[str, object],
    *,
    names: Mapping[str, object],
    sources: Mapping[str, ValueSource],
) -> Outcome:
    """Decide what a form shows and asks for (条件判定): one pass is the fixed point.

    names: the outer ones; sources: of locked fields, whose values stand whatever `data` says.
    """
    given: dict[str, object] = dict.fromkeys(OUTER_NAMES)
    given.update({name: each for name, each in names.items() if name in OUTER_NAMES})
    return _walk(definition, data, given, sources)


def _walk(
    definition: FormDefinition,
    data: Mapping[str, object],
    given: Mapping[str, object],
    sources: Mapping[str, ValueSource],
) -> Outcome:
    names = {**given, **dict.fromkeys(definition.fields)}
    values: dict[str, object] = {}
    rows: dict[str, tuple[Outcome, ...]] = {}
    for name in definition.order:
        each = definition.fields[name]
        if name in definition.conditional and not any(
            name in one.show and _true(one.when, names) for one in definition.conditions
        ):
            continue
        value = data.get(name)
        source = sources.get(name)
        if each.locked and source is not None:
            value = source.value
        values[name] = value
        if each.row is not None and isinstance(value, list):
            rows[name] = tuple(_walk(each.row, _cells(row), names, {}) for row in value)
            names[name] = rows_sent(each, value, rows[name])
        else:
            names[name] = _usable(each, value)
    met = [each for each in definition.conditions if _true(each.when, names)]
    shown = frozenset(values)
    always = {name for name, each in definition.fields.items() if each.required}
    required = always.union(*(each.require for each in met)) & shown
    locked = frozenset().union(*(each.lock for each in met))
    return Outcome(shown, frozenset(required), locked, _restricted(met), values, names, rows)


def _restricted(met: list) -> dict[str, tuple]:
    restricted: dict[str, tuple] = {}
    for each in met:
        for name, allowed in each.options.items():
            before = restricted.get(name, allowed)
            restricted[name] = tuple(value for value in before if value in allowed)
    return restricted


def _cells(row: object) -> Mapping[str, object]:
    return row if isinstance(row, dict) else {}


def rows_sent(definition: FieldDefinition, value: object, outcomes: tuple[Outcome, ...]) -> object:
    """Return the rows of a group that would be submitted (提交行): shown and filled cells; None for none."""
    if not isinstance(value, list):
        return value
    if outcomes:
        known = [
            row_known(definition, row, one.shown) for row, one in zip(value, outcomes, strict=True)
        ]
    else:
        known = [row_known(definition, row) for row in value]
    return [row for row in known if not is_blank(row)] or None


def _true(expression: object, names: Mapping[str, object]) -> bool:
    return bool(expression.evaluate(names))


def _usable(definition: FieldDefinition, value: object) -> object:
    """Give expressions a value of the right type, or None: a typing error decides nothing."""
    if definition.schema.get("format") == "date":
        return as_date(value)
    right = isinstance(value, TYPES[definition.kind])
    if isinstance(value, bool) and definition.kind != "boolean":
        right = False
    return None if is_blank(value) or not right else value
