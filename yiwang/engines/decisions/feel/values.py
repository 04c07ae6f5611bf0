"""Values of FEEL (取值): what they are, when they are equal, which comes first.

Null is None, a boolean bool, a number Decimal (34 digits), a text str, a list list, a context dict. Dates,
times and durations stand in `feel.temporal`. Everything is total: what cannot be compared gives None.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal, InvalidOperation, Overflow

from yiwang.engines.decisions.feel.temporal import Date, DateTime, Months, Seconds, Time

NUMBERS = Context(prec=34, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, Overflow])


class Nothing:
    """The end of an interval that was written as null: nothing can be compared with it."""

    def __str__(self) -> str:
        return "null"


NOTHING = Nothing()


@dataclass(frozen=True, slots=True)
class Range:
    """An interval (区间); an end that is None is open without limit.

    mark: = or != for the intervals `(=10)` and `(!=10)` of one value and of everything but it.
    """

    low: object
    high: object
    is_low_closed: bool = True
    is_high_closed: bool = True
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Function:
    """A function as a value (函数). call: takes arguments in order. types: of parameters, Any by default."""

    names: tuple[str, ...]
    call: Callable[..., object]
    types: tuple[object, ...] = ()
    result: object = None
    is_open: bool = False  # takes any number of arguments
    call_named: Callable[[dict[str, object]], object] | None = None


def number(value: object) -> Decimal | None:
    """Make a FEEL number of a Python number; None for anything else, for NaN and infinity."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    made = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return NUMBERS.plus(made) if made.is_finite() else None


def is_number(value: object) -> bool:
    """Tell whether a value is a number."""
    return isinstance(value, Decimal)


def whole(value: object) -> int | None:
    """Return a whole number as int; None for anything else."""
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else None


def kind_of(value: object) -> str:
    """Return the kind of a value; values of different kinds have nothing to do with each other."""
    for kind, classes in KINDS.items():
        if isinstance(value, classes):
            return kind
    return "null"


KINDS: dict[str, type | tuple[type, ...]] = {
    "boolean": bool,
    "number": Decimal,
    "string": str,
    "date": Date,
    "time": Time,
    "date and time": DateTime,
    "years and months duration": Months,
    "days and time duration": Seconds,
    "list": list,
    "context": Mapping,
    "range": Range,
    "function": Function,
}


def equal(left: object, right: object) -> bool | None:
    """Tell whether two values are equal (相等); None when they are of different kinds.

    Times are equal when their whole seconds are, as the conformance cases have it; `order` sees fractions.
    """
    if left is None or right is None:
        return left is right
    kind = kind_of(left)
    if kind != kind_of(right):
        return None
    return EQUALITIES.get(kind, lambda one, other: one == other)(left, right)


def _lists_equal(left: list, right: list) -> bool | None:
    if len(left) != len(right):
        return False
    return _all(equal(one, other) for one, other in zip(left, right, strict=True))


def _contexts_equal(left: Mapping, right: Mapping) -> bool | None:
    if left.keys() != right.keys():
        return False
    return _all(equal(left[name], right[name]) for name in left)


def _all(answers) -> bool | None:
    kept = list(answers)
    if any(answer is False for answer in kept):
        return False
    return None if None in kept else True


def _times_equal(left: Time, right: Time) -> bool:
    if left.zone or right.zone:
        return (int(left.seconds), left.zone_text) == (int(right.seconds), right.zone_text)
    if (left.offset is None) != (right.offset is None):
        return False
    return int(left.seconds) - (left.offset or 0) == int(right.seconds) - (right.offset or 0)


def _moments_equal(left: DateTime, right: DateTime) -> bool:
    same = left.time.is_zoned == right.time.is_zoned
    return same and left.instant.to_integral_value(ROUND_FLOOR) == right.instant.to_integral_value(
        ROUND_FLOOR
    )


def _ranges_equal(left: Range, right: Range) -> bool | None:
    if _shape(left) != _shape(right):
        return False
    return _all((equal(left.low, right.low), equal(left.high, right.high)))


def _shape(span: Range) -> tuple[bool, bool, str]:
    return span.is_low_closed, span.is_high_closed, span.mark


EQUALITIES: dict[str, Callable] = {
    "list": _lists_equal,
    "context": _contexts_equal,
    "time": _times_equal,
    "date and time": _moments_equal,
    "range": _ranges_equal,
    "function": lambda left, right: left is right,
}


def order(left: object, right: object) -> int | None:
    """Return -1, 0 or 1 as left comes before, with or after right (先后); None without an order."""
    kind = kind_of(left)
    key = ORDERED.get(kind)
    if key is None:
        return None
    if kind != kind_of(right):
        if {kind, kind_of(right)} != {"date", "date and time"}:
            return None
        left, right, key = _midnight(left), _midnight(right), ORDERED["date and time"]
    if isinstance(left, DateTime | Time):
        zoned = (left if isinstance(left, Time) else left.time).is_zoned
        if zoned != (right if isinstance(right, Time) else right.time).is_zoned:
            return None
    one, other = key(left), key(right)
    return (one > other) - (one < other)


def _midnight(value: Date | DateTime) -> DateTime:
    return DateTime(value, Time(Decimal(0))) if isinstance(value, Date) else value


ORDERED: dict[str, Callable] = {
    "number": lambda value: value,
    "string": lambda value: value,
    "date": lambda value: value.ordinal,
    "time": lambda value: value.seconds - (value.offset or 0),
    "date and time": lambda value: value.instant,
    "years and months duration": lambda value: value.months,
    "days and time duration": lambda value: value.seconds,
}


def within(value: object, span: Range) -> bool | None:
    """Tell whether a value lies in an interval (属于区间); None when it has no order with the ends."""
    if span.mark:
        same = equal(value, span.low)
        return same if same is None else same is (span.mark == "=")
    answers = []
    for end, sign, is_closed in (
        (span.low, 1, span.is_low_closed),
        (span.high, -1, span.is_high_closed),
    ):
        if end is None:
            answers.append(True)
            continue
        place = order(value, end)
        answers.append(None if place is None else place * sign > 0 or (place == 0 and is_closed))
    return _all(answers)


def text_of(value: object, *, quoted: bool = False) -> str | None:
    """Write a value as FEEL's string function does (文本形式); None for null and functions."""
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"' if quoted else value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return number_text(value)
    if isinstance(value, list):
        return f"[{', '.join(text_of(item, quoted=True) or 'null' for item in value)}]"
    if isinstance(value, Mapping):
        inner = ", ".join(
            f"{_key_text(name)}: {text_of(item, quoted=True) or 'null'}"
            for name, item in value.items()
        )
        return f"{{{inner}}}"
    if isinstance(value, Range):
        return _range_text(value)
    return None if value is None or isinstance(value, Function) else str(value)


def _key_text(name: str) -> str:
    return name if name.replace(" ", "").replace("_", "").isalnum() else f'"{name}"'


def _range_text(span: Range) -> str:
    low, high = (text_of(end, quoted=True) or "null" for end in (span.low, span.high))
    return f"{'[' if span.is_low_closed else '('}{low}..{high}{']' if span.is_high_closed else ')'}"


def number_text(value: Decimal) -> str:
    """Write a number without exponent and without zeros behind it.

    >>> number_text(Decimal("1.50")), number_text(Decimal("1E+3")), number_text(Decimal("-0"))
    ('1.5', '1000', '0')
    """
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
