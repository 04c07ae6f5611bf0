"""The state of a form (表单状态): the same pure function decides what is shown and what is wrong.

The browser never evaluates a condition: it posts and gets the next state, so the two cannot differ.
A hidden field is None to every expression, is not validated and is not submitted; so nothing that
stands in a hidden field can change the outcome.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from yiwang.engines.forms.data import (
    FieldState,
    FormState,
    Option,
    PageState,
    RowState,
    Text,
    ValueConflict,
    ValueSource,
    walk,
)
from yiwang.engines.forms.rules.conditions import Outcome, decide, rows_sent
from yiwang.engines.forms.rules.definition import (
    GROUP_DEFAULT,
    FieldDefinition,
    FormDefinition,
    PageDefinition,
)
from yiwang.engines.forms.rules.groups import (
    FAR_SAID,
    NUMBERS_SAID,
    RowAsked,
    Window,
    row_known,
    rows_wrong,
    window_of,
)
from yiwang.engines.forms.rules.inputs import is_blank, value_text
from yiwang.engines.forms.rules.problems import FieldError

Say = Callable[[FieldError], str]
Lookup = Callable[[FieldDefinition], tuple[Option, ...]]
PHOTO_TYPES = ("image/jpeg", "image/png")
YES_NO = {True: {"zh": "是", "en": "Yes"}, False: {"zh": "否", "en": "No"}}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a form is evaluated in (环境): outer names, sources of values, language, code lists.

    windows: the row, counted from 0, around which a group of many rows is shown.
    """

    names: Mapping[str, object] = field(default_factory=dict)
    sources: Mapping[str, ValueSource] = field(default_factory=dict)
    conflicts: Mapping[str, ValueConflict] = field(default_factory=dict)
    windows: Mapping[str, int] = field(default_factory=dict)
    notes: Mapping[str, Mapping] = field(default_factory=dict)
    say: Say = lambda error: error.message % error.params
    lookup: Lookup = lambda definition: definition.options


def evaluate(
    definition: FormDefinition,
    data: Mapping[str, object],
    around: Surroundings,
    *,
    version_id: int = 0,
) -> FormState:
    """Work out the state of a form (状态计算) for `data`, values by field name as a draft holds them.

    Values of locked fields come from their source whatever `data` says. Idempotent: the state of
    `state.values` has the same values, and shows and asks for the same fields.
    """
    outcome = decide(definition, data, names=around.names, sources=around.sources)
    states = {
        name: _field_state(definition, definition.fields[name], outcome, around)
        for name in definition.fields
        if name in outcome.shown
    }
    _checks_apply(definition, outcome, around, states)
    pages = _pages(definition.pages, states)
    errors = {
        each.name: list(each.errors)
        for page in pages
        for each in walk(page.fields, far=True)
        if each.errors
    }
    found = {
        name: _submitted(definition.fields[name], state.value, outcome)
        for name, state in states.items()
    }
    values = {name: each for name, each in found.items() if not is_blank(each)}
    return FormState(version_id, definition.key, definition.title, pages, values, errors)


def _pages(pages: tuple[PageDefinition, ...], states: dict) -> tuple[PageState, ...]:
    found = []
    for page in pages:
        fields = tuple(states[name] for name in page.fields if name in states)
        if any(each.widget != "hidden" for each in fields):
            found.append(PageState(page.key, page.title, len(found) + 1, fields, page.help))
    if not found:
        page = pages[0]
        found.append(PageState(page.key, page.title, 1, (), page.help))
    return tuple(found)


def _submitted(definition: FieldDefinition, value: object, outcome: Outcome) -> object:
    if definition.kind == "rows":
        return rows_sent(definition, value, outcome.rows.get(definition.key, ()))
    return value


# --- one field -----------------------------------------------------------------------------------


def _field_state(
    form: FormDefinition, definition: FieldDefinition, outcome: Outcome, around: Surroundings
) -> FieldState:
    name = definition.key
    value = outcome.values[name]
    source = around.sources.get(name)
    locked = source is not None and (definition.locked or name in outcome.locked)
    if locked:
        value = source.value
    options = _options(definition, around, outcome.restricted.get(name))
    required = name in outcome.required
    sent = _submitted(definition, value, outcome)
    errors = () if locked else _errors(definition, sent, required, options)
    is_group = definition.kind == "rows"
    group = _group(definition, value, around, outcome.rows.get(name, ())) if is_group else NO_ROWS
    errors += group.errors
    conflict = around.conflicts.get(name)
    return FieldState(
        key=name,
        name=name,
        title=definition.title,
        widget=definition.widget,
        help=definition.help,
        hint=definition.hint,
        required=required,
        locked=locked,
        options=options,
        value=value,
        text=_text(value),
        display=value_display(definition, value, options),
        errors=_sentences(definition, errors, around),
        source=source,
        edited=source is not None and not locked and value != source.value,
        conflict=conflict,
        other=value_display(definition, conflict.other, options) if conflict else {},
        accept=definition.accept or PHOTO_TYPES,
        max_mb=definition.max_mb,
        columns=tuple((each.key, each.title) for each in definition.fields),
        rows=group.rows,
        far_rows=group.far,
        row_total=group.window.total,
        row_start=group.window.start,
        row_window=group.window.text,
        row_limit=definition.schema.get("maxItems", GROUP_DEFAULT),
        rows_wrong=group.wrong,
        rows_note=around.notes.get(name, {}),
        may_add=group.window.total < definition.schema.get("maxItems", GROUP_DEFAULT),
        may_remove=group.window.total > 0,
        block=definition.block,
        max_length=definition.schema.get("maxLength"),
        minimum=definition.schema.get("minimum"),
        maximum=definition.schema.get("maximum"),
        autocomplete=definition.autocomplete,
        triggers=name in form.triggers,
    )


@dataclass(frozen=True, slots=True)
class _Group:
    """The rows of a group that are looked at, and what is wrong with the others."""

    window: Window
    rows: tuple[RowState, ...] = ()
    far: tuple[RowState, ...] = ()
    wrong: tuple[int, ...] = ()
    errors: tuple[FieldError, ...] = ()


NO_ROWS = _Group(window_of(0, 0))


def _group(
    definition: FieldDefinition,
    value: object,
    around: Surroundings,
    outcomes: tuple[Outcome, ...],
) -> _Group:
    raw = value if isinstance(value, list) else []
    options = {each.key: _options(each, around, None) for each in definition.fields}
    window = window_of(around.windows.get(definition.key, 0), len(raw))
    shown = range(window.start, window.stop)

    def state(place: int) -> RowState:
        decided = outcomes[place] if outcomes else None
        return _row(definition, raw[place], place, options, around, decided)

    rows = tuple(map(state, shown))
    if len(shown) == len(raw):
        return _Group(window, rows)
    if outcomes:
        known = [row_known(definition, raw[n], one.shown) for n, one in enumerate(outcomes)]
    else:
        known = [row_known(definition, row) for row in raw]
    asked = [RowAsked(one.required, one.restricted) for one in outcomes]
    wrong = rows_wrong(definition, known, options, asked)
    far = [place for place in wrong if place not in shown]
    errors = ()
    if far:
        numbers = ", ".join(str(place + 1) for place in far[:10])
        more = ", …" if len(far) > 10 else ""
        errors = (FieldError("rows_wrong", {"count": len(far), "numbers": numbers + more}),)
    return _Group(
        window,
        rows,
        tuple(map(state, far[:FAR_SAID])),
        tuple(place + 1 for place in wrong[:NUMBERS_SAID]),
        errors,
    )


def _row(  # noqa: PLR0913 - what one row is made of
    definition: FieldDefinition,
    row: object,
    place: int,
    options: Mapping[str, tuple[Option, ...]],
    around: Surroundings,
    decided: Outcome | None,
) -> RowState:
    cells = row if isinstance(row, dict) else {}
    shown = decided.shown if decided else None
    empty = is_blank(row_known(definition, row, shown))
    name = f"{definition.key}.{place}"
    triggers = definition.row.triggers if definition.row else ()
    fields = tuple(
        replace(
            _cell(each, name, cells.get(each.key), empty, options[each.key], around, decided),
            triggers=each.key in triggers,
        )
        for each in definition.fields
        if shown is None or each.key in shown
    )
    asked = " ".join(each.key for each in fields) if decided else ""
    return RowState(place + 1, name, fields, asked)


def _cell(  # noqa: PLR0913 - what one cell is made of
    definition: FieldDefinition,
    row: str,
    value: object,
    empty: bool,
    options: tuple[Option, ...],
    around: Surroundings,
    decided: Outcome | None,
) -> FieldState:
    required = definition.key in decided.required if decided else definition.required
    left = decided.restricted.get(definition.key) if decided else None
    if left is not None:
        options = tuple(each for each in options if each.value in left)
    errors = () if empty else _errors(definition, value, required, options)
    return FieldState(
        key=definition.key,
        name=f"{row}.{definition.key}",
        title=definition.title,
        widget=definition.widget,
        help=definition.help,
        hint=definition.hint,
        required=required,
        options=options,
        value=value,
        text=_text(value),
        display=value_display(definition, value, options),
        errors=_sentences(definition, errors, around),
        max_length=definition.schema.get("maxLength"),
        minimum=definition.schema.get("minimum"),
        maximum=definition.schema.get("maximum"),
        autocomplete=definition.autocomplete,
        block=definition.block,
    )


def _text(value: object) -> str:
    return "" if isinstance(value, (list, dict)) else value_text(value)


def _options(
    definition: FieldDefinition, around: Surroundings, restricted: tuple | None
) -> tuple[Option, ...]:
    options = around.lookup(definition) if definition.has_options else ()
    if restricted is None:
        return tuple(options)
    return tuple(each for each in options if each.value in restricted)


def value_display(definition: FieldDefinition, value: object, options: tuple[Option, ...]) -> Text:
    """Return a value as a person reads it (显示文本): the words of a choice, Yes or No, the text."""
    if is_blank(value) or definition.kind == "rows":
        return {}
    if definition.kind == "boolean" and isinstance(value, bool) and not options:
        return YES_NO[value]
    titles = {value_text(each.value): each.title for each in options}
    values = value if isinstance(value, list) else [value]
    texts = [value_text(each) for each in values]
    found = [titles.get(text, {"zh": text, "en": text}) for text in texts]
    return {
        "zh": "、".join(each["zh"] for each in found),
        "en": ", ".join(each["en"] for each in found),
    }


def _sentences(
    definition: FieldDefinition, errors: tuple[FieldError, ...], around: Surroundings
) -> tuple[str, ...]:
    named = [
        FieldError(each.code, {"title": definition.title, "hint": definition.hint, **each.params})
        for each in errors
    ]
    return tuple(dict.fromkeys(around.say(each) for each in named))


# --- what is wrong -------------------------------------------------------------------------------


def _errors(
    definition: FieldDefinition, value: object, required: bool, options: tuple[Option, ...]
) -> tuple[FieldError, ...]:
    if is_blank(value) or (definition.widget == "checkbox" and value is False):
        return (_missing(definition),) if required else ()
    if definition.kind == "rows":
        return _group_validation(definition, value)
    found = _validation(definition, value)
    if not found and definition.has_options:
        allowed = {value_text(each.value) for each in options}
        chosen = value if isinstance(value, list) else [value]
        if any(value_text(each) not in allowed for each in chosen):
            return (FieldError("not_choice"),)
    return found


def _missing(definition: FieldDefinition) -> FieldError:
    by_widget = {
        "checkbox": "required_tick",
        "photo": "required_file",
        "file": "required_file",
        "rows": "required_rows",
        "radio": "required_choice",
        "select": "required_choice",
        "checkboxes": "required_choice",
        "area": "required_choice",
    }
    code = by_widget.get(definition.widget, "required_text")
    is_question = definition.title.get("zh", "").endswith(("？", "?"))
    if is_question and code in ("required_choice", "required_text"):
        code = "required_answer"  # a title that is a question has its own mark at the end
    return FieldError(code)


def _group_validation(definition: FieldDefinition, value: list) -> tuple[FieldError, ...]:
    """Validate the group itself, not its rows."""
    return tuple(
        _translate(definition, error.kind.name, error.kind.value, value)
        for error in definition.group_validator.iter_errors(value)
    )


def _validation(definition: FieldDefinition, value: object) -> tuple[FieldError, ...]:
    found = []
    for error in definition.validator.iter_errors(value):
        translated = _translate(definition, error.kind.name, error.kind.value, value)
        if translated.code.startswith("not_") and error.kind.name == "type":
            return (translated,)
        found.append(translated)
    return tuple(found)


LIMITS = {
    "minimum": "minimum",
    "maximum": "maximum",
    "exclusiveMinimum": "above",
    "exclusiveMaximum": "below",
    "multipleOf": "multiple",
}
COUNTS = {
    "maxLength": "too_long",
    "minLength": "too_short",
    "maxItems": "too_many",
    "minItems": "too_few",
}
KINDS = {"integer": "not_integer", "number": "not_number"}
FORMAT_CODES = frozenset(
    {"date", "email", "id-number", "uscc", "mobile-phone", "phone", "postal-code", "plate"}
)


def _translate(
    definition: FieldDefinition, keyword: str, limit: object, value: object
) -> FieldError:
    if keyword in COUNTS:
        return FieldError(COUNTS[keyword], {"limit": limit, "count": len(value)})
    if keyword in LIMITS:
        return FieldError(LIMITS[keyword], {"limit": value_text(limit)})
    if keyword == "type":
        return FieldError(KINDS.get(definition.kind, "not_text"))
    if keyword in ("enum", "const"):
        ticks = definition.widget == "checkbox"
        return FieldError("required_tick" if ticks else "not_choice")
    if keyword == "uniqueItems":
        return FieldError("not_unique")
    if definition.hint:
        return FieldError("hint")
    if keyword == "format" and limit in FORMAT_CODES:
        return FieldError(str(limit))
    return FieldError("pattern" if keyword == "pattern" else "other")


def _checks_apply(
    form: FormDefinition, outcome: Outcome, around: Surroundings, states: dict[str, FieldState]
) -> None:
    """Apply the rules across fields, each only when all it speaks of is shown, filled and right."""
    for check in form.checks:
        if check.field not in states or any(
            name not in states or outcome.names[name] is None or states[name].errors
            for name in check.names
        ):
            continue
        if not check.that.evaluate(outcome.names):
            state = states[check.field]
            error = FieldError("check", {"title": state.title, "hint": check.message})
            states[check.field] = replace(state, errors=(*state.errors, around.say(error)))
