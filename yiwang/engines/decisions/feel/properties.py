"""What stands behind a dot (属性): entries of contexts, parts of dates, durations and intervals."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from yiwang.engines.decisions.feel.temporal import Date, DateTime, Months, Seconds, Time
from yiwang.engines.decisions.feel.values import NOTHING, Range


def property_of(value: object, name: str) -> object:
    """Return a part of a value by name, null when it has none of the name.

    >>> property_of(Date(2026, 11, 21), "weekday"), property_of({"a b": 1}, "a b")
    (Decimal('6'), 1)
    """
    if isinstance(value, Mapping):
        return value.get(name)
    found = PROPERTIES.get(type(value), {}).get(name)
    return found(value) if found else None


def _weekday(day: Date) -> Decimal:
    return Decimal((day.ordinal + 3) % 7 + 1)  # 1970-01-01 was a Thursday


def _offset(offset: int | None) -> Seconds | None:
    return None if offset is None else Seconds(Decimal(offset))


def _part(place: int) -> Callable[[Seconds], Decimal]:
    return lambda value: Decimal(value.parts[place])


def _months(part: Callable[[int], int]) -> Callable[[Months], Decimal]:
    def found(value: Months) -> Decimal:
        sign = -1 if value.months < 0 else 1
        return Decimal(sign * part(abs(value.months)))

    return found


def _of(inner: str, part: Callable) -> Callable[[DateTime], object]:
    """Return a part of the day or of the time inside a moment."""
    return lambda value: part(getattr(value, inner))


DATE_PARTS: dict[str, Callable] = {
    "year": lambda day: Decimal(day.year),
    "month": lambda day: Decimal(day.month),
    "day": lambda day: Decimal(day.day),
    "weekday": _weekday,
}
TIME_PARTS: dict[str, Callable] = {
    "hour": lambda time: Decimal(time.hour),
    "minute": lambda time: Decimal(time.minute),
    "second": lambda time: time.second,
    "timezone": lambda time: time.zone or None,
}
PROPERTIES: dict[type, dict[str, Callable]] = {
    Date: DATE_PARTS,
    Time: TIME_PARTS | {"time offset": lambda time: _offset(time.offset)},
    DateTime: {name: _of("date", part) for name, part in DATE_PARTS.items()}
    | {name: _of("time", part) for name, part in TIME_PARTS.items()}
    | {"time offset": lambda value: _offset(value.offset)},
    Months: {
        "years": _months(lambda months: months // 12),
        "months": _months(lambda months: months % 12),
    },
    Seconds: {
        "days": _part(0),
        "hours": _part(1),
        "minutes": _part(2),
        "seconds": _part(3),
    },
    Range: {
        "start": lambda span: None if span.low is NOTHING else span.low,
        "end": lambda span: None if span.high is NOTHING else span.high,
        "start included": lambda span: span.is_low_closed and span.low is not None,
        "end included": lambda span: span.is_high_closed and span.high is not None,
    },
}
PROPERTY_NAMES = frozenset(name for parts in PROPERTIES.values() for name in parts)
