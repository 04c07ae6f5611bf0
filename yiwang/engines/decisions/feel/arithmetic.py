"""The four operations, the power and the sign (运算) over numbers, texts, dates and durations. Total: no sense is None."""

from collections.abc import Callable
from decimal import Decimal, DivisionByZero, InvalidOperation, Overflow

from yiwang.engines.decisions.feel.temporal import (
    DAY,
    Date,
    DateTime,
    Months,
    Seconds,
    Time,
    months_add,
    seconds_add,
    time_add,
)
from yiwang.engines.decisions.feel.values import NUMBERS

ZERO_TIME = Time(Decimal(0), 0)


def calculate(sign: str, left: object, right: object) -> object:
    """Return `left sign right` (计算), None where it has no sense or no finite result.

    >>> calculate("+", Decimal(1), Decimal(2)), calculate("+", "a", "b"), calculate("/", Decimal(1), Decimal(0))
    (Decimal('3'), 'ab', None)
    """
    found = OPERATIONS.get((sign, type(left), type(right)))
    if found is None:
        return None
    try:
        return found(left, right)
    except (InvalidOperation, Overflow, DivisionByZero, ZeroDivisionError):
        return None


def negate(value: object) -> object:
    """Return a number or duration with its sign changed; None for anything else."""
    if isinstance(value, Decimal):
        return NUMBERS.minus(value)
    if isinstance(value, Months):
        return Months(-value.months)
    if isinstance(value, Seconds):
        return Seconds(-value.seconds)
    return None


def _power(base: Decimal, exponent: Decimal) -> Decimal | None:
    if base == 0 and exponent == 0:
        return Decimal(1)
    found = NUMBERS.power(base, exponent)
    return found if found.is_finite() else None


def _divided(left: Decimal, right: Decimal) -> Decimal | None:
    return None if right == 0 else NUMBERS.divide(left, right)


def _seconds_divided(left: Seconds, right: Decimal) -> Seconds | None:
    found = _divided(left.seconds, right)
    return None if found is None else Seconds(found)


def _date_shift(sign: int) -> Callable:
    def shift(day: Date, duration: Seconds) -> Date | None:
        moved = seconds_add(DateTime(day, ZERO_TIME), sign * duration.seconds)
        return moved.date if moved else None

    return shift


def _moment_months(moment: DateTime, months: int) -> DateTime | None:
    day = months_add(moment.date, months)
    return DateTime(day, moment.time) if day else None


def _moments_between(left: DateTime, right: DateTime) -> Seconds | None:
    if left.time.is_zoned != right.time.is_zoned:
        return None
    return Seconds(left.instant - right.instant)


def _times_between(left: Time, right: Time) -> Seconds | None:
    if left.is_zoned != right.is_zoned:
        return None
    return Seconds(left.seconds - (left.offset or 0) - right.seconds + (right.offset or 0))


def _as_moment(day: Date) -> DateTime:
    return DateTime(day, ZERO_TIME)


def _months(value: Decimal) -> Months:
    return Months(int(value))


Case = tuple[str, type, type]
OPERATIONS: dict[Case, Callable] = {
    ("+", Decimal, Decimal): NUMBERS.add,
    ("-", Decimal, Decimal): NUMBERS.subtract,
    ("*", Decimal, Decimal): NUMBERS.multiply,
    ("/", Decimal, Decimal): _divided,
    ("**", Decimal, Decimal): _power,
    ("+", str, str): lambda left, right: left + right,
    # durations
    ("+", Months, Months): lambda left, right: Months(left.months + right.months),
    ("-", Months, Months): lambda left, right: Months(left.months - right.months),
    ("+", Seconds, Seconds): lambda left, right: Seconds(left.seconds + right.seconds),
    ("-", Seconds, Seconds): lambda left, right: Seconds(left.seconds - right.seconds),
    ("*", Months, Decimal): lambda left, right: _months(left.months * right),
    ("*", Decimal, Months): lambda left, right: _months(left * right.months),
    ("/", Months, Decimal): lambda left, right: _months(left.months / right),
    ("/", Months, Months): lambda left, right: _divided(
        Decimal(left.months), Decimal(right.months)
    ),
    ("*", Seconds, Decimal): lambda left, right: Seconds(NUMBERS.multiply(left.seconds, right)),
    ("*", Decimal, Seconds): lambda left, right: Seconds(NUMBERS.multiply(left, right.seconds)),
    ("/", Seconds, Decimal): _seconds_divided,
    ("/", Seconds, Seconds): lambda left, right: _divided(left.seconds, right.seconds),
    # days and moments
    ("+", Date, Months): lambda left, right: months_add(left, right.months),
    ("+", Months, Date): lambda left, right: months_add(right, left.months),
    ("-", Date, Months): lambda left, right: months_add(left, -right.months),
    ("+", Date, Seconds): _date_shift(1),
    ("+", Seconds, Date): lambda left, right: _date_shift(1)(right, left),
    ("-", Date, Seconds): _date_shift(-1),
    ("-", Date, Date): lambda left, right: Seconds(Decimal((left.ordinal - right.ordinal) * DAY)),
    ("+", DateTime, Months): lambda left, right: _moment_months(left, right.months),
    ("+", Months, DateTime): lambda left, right: _moment_months(right, left.months),
    ("-", DateTime, Months): lambda left, right: _moment_months(left, -right.months),
    ("+", DateTime, Seconds): lambda left, right: seconds_add(left, right.seconds),
    ("+", Seconds, DateTime): lambda left, right: seconds_add(right, left.seconds),
    ("-", DateTime, Seconds): lambda left, right: seconds_add(left, -right.seconds),
    ("-", DateTime, DateTime): _moments_between,
    ("-", DateTime, Date): lambda left, right: _moments_between(left, _as_moment(right)),
    ("-", Date, DateTime): lambda left, right: _moments_between(_as_moment(left), right),
    # times of day
    ("+", Time, Seconds): lambda left, right: time_add(left, right.seconds),
    ("+", Seconds, Time): lambda left, right: time_add(right, left.seconds),
    ("-", Time, Seconds): lambda left, right: time_add(left, -right.seconds),
    ("-", Time, Time): _times_between,
}
