"""FEEL values and JSON (取值交换): dates, times and durations travel as ISO 8601 texts."""

import re
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from yiwang.engines.decisions.feel.temporal import (
    Date,
    DateTime,
    Months,
    Seconds,
    Time,
    date_read,
    date_time_read,
    duration_read,
    time_read,
)
from yiwang.engines.decisions.feel.types import ANY, Type
from yiwang.engines.decisions.feel.values import NUMBERS, Function, Range, number, text_of

READERS = {
    "date": date_read,
    "time": time_read,
    "date and time": date_time_read,
    "days and time duration": duration_read,
    "years and months duration": duration_read,
}
PLAIN_DIGITS = 40
"""Whole numbers of up to so many digits are written out, larger ones with an exponent."""
MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d|$)")
_encoder = msgspec.json.Encoder(decimal_format="number")


def value_of_json(value: object) -> object:
    """Make a FEEL value of a JSON value: numbers become Decimal, texts stay texts.

    >>> value_of_json({"age": 18, "tags": ["a", None]})
    {'age': Decimal('18'), 'tags': ['a', None]}
    """
    if isinstance(value, Mapping):
        return {" ".join(str(name).split()): value_of_json(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [value_of_json(item) for item in value]
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    return number(value)


def value_typed(value: object, wanted: Type | None) -> object:
    """Read texts as dates, times and durations where a type asks for them, inside lists and contexts too.

    Where no type is declared, a text that is a whole day or moment is read as one, for JSON has none.
    """
    if value is None:
        return value
    wanted = wanted or ANY
    if isinstance(value, str):
        reader = _moment if wanted.name == "Any" else READERS.get(wanted.name)
        return reader(value) if reader else value
    if isinstance(value, list):
        inner = wanted.item if wanted.name == "list" else wanted
        return [value_typed(item, inner) for item in value]
    if isinstance(value, Mapping) and (wanted.fields or wanted.name == "Any"):
        fields = dict(wanted.fields)
        return {name: value_typed(item, fields.get(name)) for name, item in value.items()}
    return value


def _moment(text: str) -> object:
    """Return the day or moment that a text is; the text itself when it is none."""
    if MOMENT.match(text) is None:
        return text
    return (date_time_read(text) if "T" in text else date_read(text)) or text


def json_of_value(value: object) -> object:
    """Make a JSON value of a FEEL value; a function is null, an interval its text.

    >>> json_of_value([Decimal("1.50"), Date(2026, 11, 21), None])
    [Decimal('1.5'), '2026-11-21', None]
    """
    if isinstance(value, Decimal):
        made = NUMBERS.plus(value).normalize(NUMBERS)
        if made != made.to_integral_value() or made.adjusted() > PLAIN_DIGITS:
            return made
        return int(made) if abs(made) < 10**15 else Decimal(int(made))
    if isinstance(value, Mapping):
        return {name: json_of_value(item) for name, item in value.items()}
    if isinstance(value, list):
        return [json_of_value(item) for item in value]
    if isinstance(value, Date | Time | DateTime | Months | Seconds):
        return str(value)
    if isinstance(value, Range):
        return text_of(value)
    return None if isinstance(value, Function) else value


def json_text(value: object) -> str:
    """Write plain values as JSON, numbers with all their digits."""
    return _encoder.encode(value).decode()
