"""FEEL values and JSON (取值交换): dates, times and durations travel as ISO 8601 texts."""

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
from yiwang.engines.decisions.feel.types import Type
from yiwang.engines.decisions.feel.values import Function, Range, number, text_of

READERS = {
    "date": date_read,
    "time": time_read,
    "date and time": date_time_read,
    "days and time duration": duration_read,
    "years and months duration": duration_read,
}
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
    """Read texts as dates, times and durations where a type asks for them, inside lists and contexts too."""
    if wanted is None or value is None:
        return value
    if isinstance(value, str):
        reader = READERS.get(wanted.name)
        return reader(value) if reader else value
    if isinstance(value, list):
        inner = wanted.item if wanted.name == "list" else wanted
        return [value_typed(item, inner) for item in value]
    if isinstance(value, Mapping) and wanted.fields:
        fields = dict(wanted.fields)
        return {name: value_typed(item, fields.get(name)) for name, item in value.items()}
    return value


def json_of_value(value: object) -> object:
    """Make a JSON value of a FEEL value; a function is null, an interval its text.

    >>> json_of_value([Decimal("1.50"), Date(2026, 11, 21), None])
    [Decimal('1.5'), '2026-11-21', None]
    """
    if isinstance(value, Decimal):
        made = value.normalize()
        return int(made) if made == made.to_integral_value() and abs(made) < 10**15 else made
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
