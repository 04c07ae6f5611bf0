"""What one field says (字段属性), as texts of an edit form and back.

`field_change(d, path, field_texts(d, path)) == d`: opening a field and saving it changes nothing. What
the edit form does not know of (const, multipleOf, $ref …) stays as it is.
"""

from collections.abc import Mapping
from copy import deepcopy

from yiwang.engines.formdesigner.rules.edits import part_of
from yiwang.engines.forms.rules.inputs import number_parse, value_text
from yiwang.sdk.errors import N_, Invalid

# Keyword of the schema -> is it a whole number.
COUNTS = {
    "minLength": True, "maxLength": True, "minItems": True, "maxItems": True,
    "minimum": False, "maximum": False,
}  # fmt: skip
LIMITS_OF = {
    "string": ("minLength", "maxLength"),
    "integer": ("minimum", "maximum"),
    "number": ("minimum", "maximum"),
    "array": ("minItems", "maxItems"),
}
TEXTS = ("format", "pattern")
WORDS = ("widget", "code_table", "prefill", "block", "autocomplete", "level")
LANGUAGES = ("zh", "en")
SAID = ("title", "help", "hint")
FORMATS = (
    "date", "mobile-phone", "phone", "email", "id-number", "uscc", "postal-code", "plate",
)  # fmt: skip


class FieldInvalid(Invalid):
    """What was entered for a field cannot be one's properties; `errors` says where."""

    code = "form_field_invalid"
    message = N_("Please check these entries")

    def __init__(self, errors: dict[str, tuple[str, dict]]) -> None:
        super().__init__()
        self.errors = errors


def field_texts(definition: Mapping, path: str) -> dict[str, object]:
    """Return a field as an edit form shows it (字段属性表)."""
    schema, fields, name = part_of(definition, path)
    own, ui = schema["properties"][name], fields.get(name) or {}
    texts: dict[str, object] = {
        f"{part}_{language}": (ui.get(part) or {}).get(language, "")
        for part in SAID
        for language in LANGUAGES
    }
    texts |= {key: value_text(own.get(key)) for key in COUNTS}
    texts |= {key: str(own.get(key) or "") for key in TEXTS}
    texts |= {key: str(ui.get(key) or "") for key in WORDS}
    texts["required"] = name in (schema.get("required") or [])
    texts["locked"] = bool(ui.get("locked"))
    texts["accept"] = ", ".join(ui.get("accept") or [])
    texts["max_mb"] = value_text(ui.get("max_mb"))
    texts["options"] = "\n".join(_option_text(each) for each in ui.get("options") or [])
    texts["type"] = str(own.get("type") or "")
    return texts


def _option_text(option: object) -> str:
    if not isinstance(option, dict):
        return str(option)
    value = value_text(option.get("value"))
    return " | ".join((value, str(option.get("zh", "")), str(option.get("en", ""))))


def field_change(definition: Mapping, path: str, texts: Mapping[str, object]) -> dict:
    """Write what an edit form says into a field (修改字段). Raises FieldInvalid with every fault."""
    result = deepcopy(dict(definition))
    schema, fields, name = part_of(result, path)
    own, ui = schema["properties"][name], fields.setdefault(name, {})
    errors: dict[str, tuple[str, dict]] = {}
    _said_put(ui, texts, errors)
    _limits_put(own, texts, errors)
    for key in TEXTS:
        _put(own, key, str(texts.get(key) or "").strip())
    for key in WORDS:
        _put(ui, key, str(texts.get(key) or "").strip())
    _put(ui, "locked", bool(texts.get("locked")))
    _put(
        ui,
        "accept",
        [part.strip() for part in str(texts.get("accept") or "").split(",") if part.strip()],
    )
    _number_put(ui, "max_mb", texts, errors, whole=True)
    _options_put(own, ui, str(texts.get("options") or ""), errors)
    _required_put(schema, name, bool(texts.get("required")))
    if errors:
        raise FieldInvalid(errors)
    return result


def _put(owner: dict, key: str, value: object) -> None:
    if value:
        owner[key] = value
    else:
        owner.pop(key, None)


def _said_put(ui: dict, texts: Mapping, errors: dict) -> None:
    for part in SAID:
        said = {each: str(texts.get(f"{part}_{each}") or "").strip() for each in LANGUAGES}
        if part == "title" or any(said.values()):
            for language in LANGUAGES:
                if not said[language]:
                    errors[f"{part}_{language}"] = (N_("Both languages are needed."), {})
        if any(said.values()):
            ui[part] = said
        else:
            ui.pop(part, None)


def _limits_put(own: dict, texts: Mapping, errors: dict) -> None:
    for key in LIMITS_OF.get(own.get("type", ""), ()):
        _number_put(own, key, texts, errors, whole=COUNTS[key])


def _number_put(owner: dict, key: str, texts: Mapping, errors: dict, *, whole: bool) -> None:
    text = str(texts.get(key) or "").strip()
    if text == value_text(owner.get(key)):
        return
    if not text:
        owner.pop(key, None)
        return
    value = number_parse(text, whole=whole)
    if isinstance(value, str) or (whole and value < 0):
        errors[key] = (N_("“%(text)s” is no number."), {"text": text})
        return
    owner[key] = int(value) if float(value).is_integer() else value


def _required_put(schema: dict, name: str, required: bool) -> None:
    names = schema.get("required") or []
    if required and name not in names:
        schema["required"] = [*names, name]
    elif not required and name in names:
        schema["required"] = [each for each in names if each != name]


def _options_put(own: dict, ui: dict, text: str, errors: dict) -> None:
    """Read one choice a line: "value | 中文 | English"."""
    before = ui.get("options") or []
    if text == "\n".join(_option_text(each) for each in before):
        return
    whole = (own.get("items") or own).get("type") == "integer"
    options = []
    for number, line in enumerate(filter(None, map(str.strip, text.splitlines())), start=1):
        parts = [part.strip() for part in line.split("|")]
        if len(parts) != 3 or not all(parts):
            errors["options"] = (
                N_("Line %(number)s: write value | 中文 | English."), {"number": number}
            )  # fmt: skip
            return
        value = number_parse(parts[0], whole=True) if whole else parts[0]
        options.append({"value": value, "zh": parts[1], "en": parts[2]})
    values = [each["value"] for each in options]
    if len(set(values)) < len(values):
        errors["options"] = (N_("Two choices have the same value."), {})
        return
    allowed = own["items"] if own.get("type") == "array" and "items" in own else own
    if options and (not before or "enum" in allowed):
        allowed["enum"] = values
    if not options:
        allowed.pop("enum", None)
    _put(ui, "options", options)
