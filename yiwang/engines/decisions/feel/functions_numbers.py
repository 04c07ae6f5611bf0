"""FEEL's functions over numbers, dates and intervals (数值、日期、区间函数)."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
    InvalidOperation,
)

from yiwang.engines.decisions.feel.library import builtin
from yiwang.engines.decisions.feel.temporal import (
    Date,
    DateTime,
    Months,
    Seconds,
    Time,
    date_make,
    date_of,
    date_read,
    date_time_read,
    duration_read,
    months_between,
    time_make,
    time_read,
)
from yiwang.engines.decisions.feel.values import NUMBERS, Range, equal, order, whole

SCALES = range(-6111, 6177)
WIDE = Context(prec=7_000)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)  # fmt: skip


def rounded(value: Decimal, scale: Decimal, rounding: str) -> Decimal | None:
    """Round to so many places behind the point; null for a scale out of range."""
    places = int(scale)
    if places not in SCALES:
        return None
    if value.as_tuple().exponent >= -places:
        return value
    try:
        return value.quantize(Decimal(1).scaleb(-places), rounding=rounding, context=WIDE)
    except InvalidOperation:
        return None


def _rounding(name: str, rounding: str, *, default: bool) -> None:
    scale = "scale?: number" if default else "scale: number"

    def call(value: Decimal, places: Decimal | None = None) -> Decimal | None:
        return rounded(value, places if places is not None else Decimal(0), rounding)

    builtin(name, "n: number", scale)(call)


_rounding("decimal", ROUND_HALF_EVEN, default=False)
_rounding("round up", ROUND_UP, default=False)
_rounding("round down", ROUND_DOWN, default=False)
_rounding("round half up", ROUND_HALF_UP, default=False)
_rounding("round half down", ROUND_HALF_DOWN, default=False)


@builtin("floor", "n: number")
def floor(value: Decimal) -> Decimal:
    """Return the next whole number below."""
    return value.to_integral_value(ROUND_FLOOR)


@builtin("floor", "n: number", "scale: number")
def floor_scaled(value: Decimal, scale: Decimal) -> Decimal | None:
    """Round down to so many places."""
    return rounded(value, scale, ROUND_FLOOR)


@builtin("ceiling", "n: number")
def ceiling(value: Decimal) -> Decimal:
    """Return the next whole number above."""
    return value.to_integral_value(ROUND_CEILING)


@builtin("ceiling", "n: number", "scale: number")
def ceiling_scaled(value: Decimal, scale: Decimal) -> Decimal | None:
    """Round up to so many places."""
    return rounded(value, scale, ROUND_CEILING)


@builtin("abs", "n: number|days and time duration|years and months duration")
def absolute(value: object) -> object:
    """Return a number or duration without its sign."""
    if isinstance(value, Months):
        return Months(abs(value.months))
    return Seconds(abs(value.seconds)) if isinstance(value, Seconds) else abs(value)


@builtin("modulo", "dividend: number", "divisor: number")
def modulo(dividend: Decimal, divisor: Decimal) -> Decimal | None:
    """Return the rest of a division, with the sign of the divisor."""
    if divisor == 0:
        return None
    quotient = NUMBERS.divide(dividend, divisor).to_integral_value(ROUND_FLOOR)
    return NUMBERS.subtract(dividend, NUMBERS.multiply(divisor, quotient))


@builtin("sqrt", "number: number")
def square_root(value: Decimal) -> Decimal | None:
    """Return the square root; null of a negative number."""
    return NUMBERS.sqrt(value) if value >= 0 else None


@builtin("log", "number: number")
def logarithm(value: Decimal) -> Decimal | None:
    """Return the natural logarithm; null of what is not above zero."""
    return NUMBERS.ln(value) if value > 0 else None


@builtin("exp", "number: number")
def exponential(value: Decimal) -> Decimal | None:
    """Return e to a power; null when that is too large."""
    return NUMBERS.exp(value) if value < 10_000 else None


@builtin("odd", "number: number")
def odd(value: Decimal) -> bool:
    """Tell whether a number is odd."""
    return value % 2 in (1, -1)


@builtin("even", "number: number")
def even(value: Decimal) -> bool:
    """Tell whether a number is even."""
    return value % 2 == 0


# -- dates and times


@builtin("date", "from: string")
def date_from_text(text: str) -> Date | None:
    """Read a day."""
    return date_read(text)


@builtin("date", "from: date|date and time")
def date_from_moment(value: Date | DateTime) -> Date:
    """Return the day of a moment."""
    return value.date if isinstance(value, DateTime) else value


@builtin("date", "year: number", "month: number", "day: number")
def date_from_parts(year: Decimal, month: Decimal, day: Decimal) -> Date | None:
    """Make a day of its parts."""
    parts = [whole(part) for part in (year, month, day)]
    return None if None in parts else date_make(*parts)


@builtin("time", "from: string")
def time_from_text(text: str) -> Time | None:
    """Read a time of day."""
    return time_read(text)


@builtin("time", "from: time|date and time|date")
def time_from_moment(value: Time | DateTime | Date) -> Time:
    """Return the time of a moment; a day's is midnight in UTC."""
    if isinstance(value, Date):
        return Time(Decimal(0), 0)
    return value.time if isinstance(value, DateTime) else value


@builtin(
    "time", "hour: number", "minute: number", "second: number",
    "offset?: days and time duration|null",
)  # fmt: skip
def time_from_parts(
    hour: Decimal, minute: Decimal, second: Decimal, offset: Seconds | None = None
) -> Time | None:
    """Make a time of day of its parts."""
    hours, minutes = whole(hour), whole(minute)
    if hours is None or minutes is None:
        return None
    return time_make(hours, minutes, second, None if offset is None else int(offset.seconds))


@builtin("date and time", "from: string")
def moment_from_text(text: str) -> DateTime | None:
    """Read a moment."""
    return date_time_read(text)


@builtin("date and time", "from: date and time")
def moment_from_moment(value: DateTime) -> DateTime:
    """Return a moment as it is."""
    return value


@builtin("date and time", "date: date|date and time", "time: time")
def moment_from_parts(day: Date | DateTime, time: Time) -> DateTime:
    """Make a moment of a day and a time."""
    return DateTime(day.date if isinstance(day, DateTime) else day, time)


@builtin("duration", "from: string")
def duration(text: str) -> Months | Seconds | None:
    """Read a duration."""
    return duration_read(text)


@builtin("duration", "from: days and time duration|years and months duration")
def duration_same(value: Months | Seconds) -> Months | Seconds:
    """Return a duration as it is."""
    return value


@builtin("years and months duration", "from: date|date and time", "to: date|date and time")
def months_duration(first: Date | DateTime, last: Date | DateTime) -> Months:
    """Count the whole months from one day or moment to another."""
    return months_between(_moment(first), _moment(last))


def _moment(value: Date | DateTime) -> DateTime:
    return DateTime(value, Time(Decimal(0), 0)) if isinstance(value, Date) else value


def _day(value: Date | DateTime) -> Date:
    return value.date if isinstance(value, DateTime) else value


@builtin("day of year", "date: date|date and time")
def day_of_year(value: Date | DateTime) -> Decimal:
    """Count days from the first of January, which is 1."""
    day = _day(value)
    return Decimal(day.ordinal - Date(day.year, 1, 1).ordinal + 1)


@builtin("day of week", "date: date|date and time")
def day_of_week(value: Date | DateTime) -> str:
    """Name the day of the week in English."""
    return WEEKDAYS[(_day(value).ordinal + 3) % 7]


@builtin("month of year", "date: date|date and time")
def month_of_year(value: Date | DateTime) -> str:
    """Name the month in English."""
    return MONTHS[_day(value).month - 1]


@builtin("week of year", "date: date|date and time")
def week_of_year(value: Date | DateTime) -> Decimal:
    """Return the week of ISO 8601: the week belongs to the year of its Thursday."""
    ordinal = _day(value).ordinal
    thursday = date_of(ordinal - (ordinal + 3) % 7 + 3)
    return Decimal((thursday.ordinal - Date(thursday.year, 1, 1).ordinal) // 7 + 1)


@builtin("now")
def now() -> DateTime:
    """Return the moment of the call, in UTC."""
    moment = datetime.now(UTC)
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
    return DateTime(
        Date(moment.year, moment.month, moment.day),
        Time(Decimal(seconds) + Decimal(moment.microsecond) / 1_000_000, 0),
    )


@builtin("today")
def today() -> Date:
    """Return the day of the call, in UTC."""
    return now().date


# -- intervals: a point is an interval of one


def _span(value: object) -> Range:
    return value if isinstance(value, Range) else Range(value, value)


def _before(one: Range, other: Range) -> bool | None:
    place = order(one.high, other.low)
    if place is None:
        return None
    return place < 0 or (place == 0 and not (one.is_high_closed and other.is_low_closed))


def _meets(one: Range, other: Range) -> bool | None:
    place = order(one.high, other.low)
    return None if place is None else place == 0 and one.is_high_closed and other.is_low_closed


def _low(one: Range, other: Range) -> int | None:
    """Compare where two intervals begin."""
    place = order(one.low, other.low)
    return place or (other.is_low_closed - one.is_low_closed) if place is not None else None


def _high(one: Range, other: Range) -> int | None:
    """Compare where two intervals end."""
    place = order(one.high, other.high)
    return place or (one.is_high_closed - other.is_high_closed) if place is not None else None


def _both(one: Range, other: Range, test: Callable[[int, int], bool]) -> bool | None:
    low, high = _low(one, other), _high(one, other)
    return None if low is None or high is None else test(low, high)


def _overlaps(one: Range, other: Range) -> bool | None:
    first, second = _before(one, other), _before(other, one)
    return None if first is None or second is None else not first and not second


def _overlaps_before(one: Range, other: Range) -> bool | None:
    shared = _overlaps(one, other)
    if shared is None:
        return None
    return shared and _low(one, other) < 0 and _high(one, other) <= 0


def _reversed(test: Callable[[Range, Range], bool | None]) -> Callable:
    return lambda one, other: test(other, one)


def _includes(one: Range, other: Range) -> bool | None:
    return _both(one, other, lambda low, high: low <= 0 and high >= 0)


def _starts(one: Range, other: Range) -> bool | None:
    return _both(one, other, lambda low, high: low == 0 and high <= 0)


def _finishes(one: Range, other: Range) -> bool | None:
    return _both(one, other, lambda low, high: low >= 0 and high == 0)


def _coincides(one: Range, other: Range) -> bool | None:
    return equal(one, other)


RELATIONS: dict[str, Callable[[Range, Range], bool | None]] = {
    "before": _before,
    "after": _reversed(_before),
    "meets": _meets,
    "met by": _reversed(_meets),
    "overlaps": _overlaps,
    "overlaps before": _overlaps_before,
    "overlaps after": _reversed(_overlaps_before),
    "finishes": _finishes,
    "finished by": _reversed(_finishes),
    "includes": _includes,
    "during": _reversed(_includes),
    "starts": _starts,
    "started by": _reversed(_starts),
    "coincides": _coincides,
}
PARAMETERS = ("range", "range"), ("point", "range"), ("range", "point"), ("point", "point")


def _relation(name: str, test: Callable[[Range, Range], bool | None]) -> None:
    def call(one: object, other: object) -> bool | None:
        if one is None or other is None:
            return None
        return test(_span(one), _span(other))

    for first, second in PARAMETERS:
        names = (f"{first}1", f"{second}2") if first == second else (first, second)
        builtin(name, f"{names[0]}: any", f"{names[1]}: any")(call)


for _name, _test in RELATIONS.items():
    _relation(_name, _test)
