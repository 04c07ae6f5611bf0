"""From what was typed to typed values and back (输入解析): nothing typed is ever lost.

A text that can be read becomes a value of the schema's type; one that cannot stays exactly as typed
(less control characters, which no database keeps) and the validation says what is wrong with it.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from yiwang.engines.forms.rules.definition import FieldDefinition

CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]"
)
DATE = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{2})(\d{2}))")
INTEGER = re.compile(r"[+-]?\d{1,15}")
NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,10})?")
# Never read from a post: files come apart from the texts, hidden values from the registries.
UNPOSTED = frozenset({"photo", "file", "hidden"})
CODES = frozenset({"phone", "id_number", "uscc", "email"})
ADD, REMOVE, TAKE, FIELDS, ROW = "_add", "_remove", "_take", "_fields", "_row"
SEEN = "_seen"
WINDOW_MARK = "_window"
WINDOW_TEXT = re.compile(r"(\d{1,6})-(\d{1,6})")


def text_clean(text: str) -> str:
    """Drop control characters, make line ends one kind, trim; everything else stays as typed.

    >>> text_clean("  张\\x00三\\r\\n丰 ")
    '张三\\n丰'
    """
    return CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def values_clean(value: object) -> object:
    """Drop control characters from every text inside a JSON value; nothing else changes."""
    if isinstance(value, str):
        return CONTROL.sub("", value)
    if isinstance(value, dict):
        return {str(key): values_clean(each) for key, each in value.items()}
    return [values_clean(each) for each in value] if isinstance(value, (list, tuple)) else value


def value_parse(field: FieldDefinition, typed: str | None) -> object:
    """Read one typed text as a value of the field's type; what cannot be read stays text.

    None or blank gives None. Full-width digits, spaces and thousands separators are understood in
    numbers; a date may be written 2026-11-21, 2026/11/21, 2026年11月21日 or 20261121.
    """
    text = text_clean(typed or "")
    if field.kind == "boolean" and (text or field.widget == "checkbox"):
        return text.lower() not in ("", "0", "false", "off", "no")
    if not text:
        return None
    if field.kind in ("integer", "number"):
        return number_parse(text, whole=field.kind == "integer")
    if field.schema.get("format") == "date":
        return date_parse(text)
    if field.widget in CODES:
        return code_parse(text, field.widget)
    return text


def number_parse(text: str, *, whole: bool) -> object:
    """Read a number; give the text back when it is none.

    >>> number_parse("１２，０００", whole=True), number_parse("十二", whole=True)
    (12000, '十二')
    """
    plain = re.sub(r"[\s,，_]", "", unicodedata.normalize("NFKC", text))
    if INTEGER.fullmatch(plain):
        return int(plain)
    if not whole and NUMBER.fullmatch(plain):
        return float(plain)
    return text


def date_parse(text: str) -> str:
    """Bring a date to ISO 8601; give the text back when it is none.

    >>> date_parse("２０２６年２月３日"), date_parse("20260203"), date_parse("2026-02-30")
    ('2026-02-03', '2026-02-03', '2026-02-30')
    """
    found = DATE.fullmatch(re.sub(r"\s", "", unicodedata.normalize("NFKC", text)))
    if not found:
        return text
    year, month, day = (int(part) for part in found.groups() if part)
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return text


def code_parse(text: str, widget: str) -> str:
    """Bring numbers of phones, persons and organisations to stored form; others stay as typed.

    >>> code_parse("１３８ ００００ ００００", "phone"), code_parse("没有", "phone")
    ('13800000000', '没有')
    """
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    if not plain.isascii():
        return text
    if widget == "phone":
        mobile = re.sub(r"^(\+?86)(?=1\d{10}$)", "", plain.replace("-", ""))
        return mobile if re.fullmatch(r"1\d{10}", mobile) else plain
    return plain if widget == "email" else plain.upper()


def value_text(value: object) -> str:
    """Return a value as an input shows it.

    >>> value_text(None), value_text(12), value_text(0.00001), value_text("张三")
    ('', '12', '0.00001', '张三')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f").removesuffix(".0")
    return value if isinstance(value, str) else str(value)


def values_render(
    fields: Iterable[FieldDefinition], values: Mapping[str, object], *, prefix: str = ""
) -> dict[str, list[str]]:
    """Turn values into what a browser would post for them, by HTML name."""
    asked = [field for field in fields if field.widget not in UNPOSTED]
    post = {f"{prefix}{FIELDS}": [" ".join(field.key for field in asked)]} if not prefix else {}
    for field in asked:
        name, value = prefix + field.key, values.get(field.key)
        if field.kind == "rows":
            for number, row in enumerate(value if isinstance(value, list) else ()):
                start = f"{name}.{number}."
                post |= {f"{start}{ROW}": ["1"]} | values_render(field.fields, row, prefix=start)
        elif field.kind == "list":
            post[name] = [value_text(each) for each in value or ()]
        elif field.widget == "checkbox":
            post |= {name: ["1"]} if value else {}
        else:
            post[name] = [value_text(value)]
    return post


def is_blank(value: object) -> bool:
    """Tell whether nothing was filled in."""
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, dict):
        return all(is_blank(each) or each is False for each in value.values())
    return value is None or value == []


def post_lists(post: Mapping) -> dict[str, list[str]]:
    """Turn a QueryDict, a dict of texts or a dict of lists into name -> list of texts."""
    if hasattr(post, "lists"):
        return {name: list(values) for name, values in post.lists()}
    return {
        name: [str(each) for each in value]
        if isinstance(value, (list, tuple))
        else ["" if value is None else str(value)]
        for name, value in post.items()
    }


def post_parse(
    fields: Iterable[FieldDefinition], post: Mapping, values: Mapping[str, object]
) -> dict[str, object]:
    """Read the posted fields of a page into a copy of `values` (取值), rows added and removed.

    A page that we rendered lists its fields in `_fields`: a box in the list that was not posted was
    unticked. Without the list only what was posted counts. Blank removes the value.
    """
    lists = post_lists(post)
    listed = set(" ".join(lists[FIELDS]).split()) if FIELDS in lists else None
    result = dict(values)
    for field in fields:
        if listed is not None and field.key not in listed:
            continue
        found = _field_parse(field, lists, result.get(field.key), listed is not None)
        if found is _ABSENT:
            continue
        result[field.key] = found
        if found is None:
            del result[field.key]
    return _rows_change(result, fields, lists)


_ABSENT = object()


def _field_parse(field: FieldDefinition, lists: dict, old: object, listed: bool) -> object:
    if field.kind == "rows":
        return _rows_parse(field, lists, old, listed)
    posted = lists.get(field.key)
    if field.widget in UNPOSTED:
        return _ABSENT
    if posted is None:
        if listed and field.widget in ("checkbox", "checkboxes"):
            return False if field.kind == "boolean" else None
        return _ABSENT
    if field.kind == "list":
        return _list_parse(field, posted)
    return value_parse(field, posted[-1])


def _list_parse(field: FieldDefinition, posted: list[str]) -> list | None:
    whole = field.schema["items"].get("type") == "integer"
    texts = [text for text in map(text_clean, posted) if text]
    found = [number_parse(text, whole=True) if whole else text for text in texts]
    return list(dict.fromkeys(found)) or None


def _rows_parse(field: FieldDefinition, lists: dict, old: object, listed: bool) -> object:
    """Read the rows that a page shows; those before and after its window stay as they are."""
    posted = _rows_posted(field.key, lists)
    if not posted and not listed:
        return _ABSENT
    before = old if isinstance(old, list) else []
    start, stop = _window_read(lists.get(f"{field.key}.{WINDOW_MARK}"), len(before))
    whole = {FIELDS: [" ".join(each.key for each in field.fields)]} if listed else {}
    rows = []
    for number in sorted(posted)[: field.row_limit]:
        kept = before[number] if number < len(before) and isinstance(before[number], dict) else {}
        # A row that shows only some of its cells says which: the hidden ones stay as they were typed.
        rows.append(post_parse(field.fields, {**whole, **posted[number]}, kept))
    return [*before[:start], *rows, *before[stop:]] or None


def _rows_posted(key: str, lists: dict) -> dict[int, dict[str, list[str]]]:
    """Sort the posted cells of a group by row: {row: {cell: texts}}."""
    prefix, rows = f"{key}.", {}
    for name, texts in lists.items():
        number, _, cell = name.removeprefix(prefix).partition(".")
        if name.startswith(prefix) and number.isdecimal() and len(name) < 200:
            rows.setdefault(int(number), {})[cell] = texts
    return rows


def _window_read(posted: list[str] | None, total: int) -> tuple[int, int]:
    """Return which rows the page had: all of them when it does not say."""
    found = WINDOW_TEXT.fullmatch((posted or [""])[-1])
    if not found:
        return 0, total
    start, stop = (min(int(part), total) for part in found.groups())
    return (start, stop) if start <= stop else (0, total)


def _rows_change(values: dict, fields: Iterable[FieldDefinition], lists: dict) -> dict:
    """Add or remove a row as the submit buttons `_add` and `_remove` say."""
    groups = {field.key: field for field in fields if field.kind == "rows"}
    for name in lists.get(ADD, ()):
        rows = list(values.get(name) or [])
        if name in groups and len(rows) < groups[name].row_limit:
            boxes = (each.key for each in groups[name].fields if each.widget == "checkbox")
            values[name] = [*rows, dict.fromkeys(boxes, False)]
    for place in lists.get(REMOVE, ()):
        name, _, number = place.partition(".")
        rows = values.get(name)
        if name in groups and number.isdecimal() and rows and int(number) < len(rows):
            values[name] = [row for place, row in enumerate(rows) if place != int(number)]
    return values
