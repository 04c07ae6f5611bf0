"""Checks of identifiers as SQL and NumPy (校验规则向量化): the answers of `sdk.identifiers`, for columns.

Two ways. What is cheap enough for every row of the one scan is SQL over whole numbers (identity
number, mobile number). What needs a letter table is done on the distinct values with NumPy, and the
scan looks up the few bad ones (credit code, organisation code, bank card).
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from yiwang.sdk import identifiers
from yiwang.sdk.errors import N_

if TYPE_CHECKING:
    import numpy

VALIDATORS = {
    "id_number": N_("Identity number: form, birth date, check digit"),
    "id_number_birth": N_("Birth date as in the identity number"),
    "id_number_sex": N_("Sex as in the identity number"),
    "uscc": N_("Unified social credit code: form and check digits"),
    "mobile": N_("Mobile number"),
    "phone": N_("Mobile or fixed-line number"),
    "bank_card": N_("Bank card number: check digit"),
    "past": N_("A day that is not after today"),
    "period": N_("A period that does not end before it begins"),
}
# How many fields each takes.
TAKES = {"id_number_birth": 2, "id_number_sex": 2, "period": 2}
DISTINCT = ("uscc", "bank_card")
# Fields of these names or titles are checked without being asked for.
BY_NAME = {
    "id_number": ("id_number", "公民身份号码", "身份证号", "身份证号码", "身份号码"),
    "uscc": ("uscc", "统一社会信用代码"),
    "mobile": ("mobile", "手机号码", "手机号"),
    "phone": ("phone", "联系电话"),
}

LEAST = 10**17


def id_number_digits(text: str) -> str:
    """Return SQL for 18 characters as a whole number; null with an X in the end, or when it is none."""
    return f"case when strlen({text}) = 18 then try_cast({text} as bigint) end"


def id_number_whole(text: str, digits: str) -> str:
    """Return SQL for the number with an X in the end as 0 (公民身份号码取整)."""
    is_x = f"(suffix({text}, 'X') or suffix({text}, 'x'))"
    with_x = f"case when strlen({text}) = 18 and {is_x} then try_cast(left({text}, 17) as bigint) * 10 end"
    return f"case when {digits} is not null then {digits} when {text} is not null then {with_x} end"


def id_number_rest(n: str) -> str:
    """Return SQL for f(n) modulo 11, where f is the sum of digit * 2**place.

    By whole division alone f(n) is n - 8 * (n//10 + 2*(n//100) + 4*(n//1000) + ...): no digit is
    taken out (spikes.md, D3). Of a valid number it is 1, or 2 when the X stands as 0.
    """
    parts = " + ".join(f"{2 ** (place - 1)} * ({n} // {10**place})" for place in range(1, 18))
    return f"({n} - 8 * ({parts})) % 11"


def id_number_holds(text: str, digits: str, n: str, rest: str, *, today: date) -> str:
    """Return SQL for `id_number_valid` of columns made by the functions above; null is no.

    A cast reads exponents too, which are longer numbers than their digits: they end in zeros, so
    only such are looked at again.
    """
    expected = f"case when {digits} is null then 2 else 1 end"
    formed = f"case when {n} % 100 = 0 then regexp_full_match({text}, '[0-9]{{17}}[0-9Xx]') else true end"
    return f"{n} >= {LEAST} and {rest} = {expected} and {birth_holds(n, today)} and {formed}"


def birth_holds(n: str, today: date) -> str:
    """Return SQL for *positions 7 to 14 are a day not after today* (出生日期有效).

    Most days are not past the 28th, and then month and day need no calendar.
    """
    day, month = f"({n} // 10000 % 100)", f"({n} // 1000000 % 100)"
    year = f"({n} // 100000000 % 10000)"
    leap = f"({year} % 4 = 0 and ({year} % 100 <> 0 or {year} % 400 = 0))"
    last = (
        f"case when {month} = 2 then {day} = 29 and {leap}"
        f" when {month} in (4, 6, 9, 11) then {day} <= 30 else {day} <= 31 end"
    )
    return (
        f"{n} // 10000 % 100000000 between 10101 and {today:%Y%m%d}"
        f" and {n} // 10000 % 10000 between 101 and 1231"
        f" and case when {day} between 1 and 28 then true when {day} > 28 then {last} else false end"
    )


def mobile_holds(text: str) -> str:
    """Return SQL for `mobile_valid`; see `id_number_columns` for the exponents."""
    n = f"try_cast({text} as bigint)"
    digits = f"case when {n} % 100 = 0 then regexp_full_match({text}, '[0-9]*') else true end"
    return f"coalesce(strlen({text}) = 11 and {n} between 13000000000 and 19999999999 and {digits}, false)"


def phone_holds(text: str) -> str:
    """Return SQL for *a mobile or a fixed-line number* (联系电话)."""
    landline = identifiers.LANDLINE_PATTERN.pattern
    return f"(case when {mobile_holds(text)} then true else regexp_full_match({text}, '{landline}') end)"


# --- on distinct values ---------------------------------------------------------------------------


def uscc_holds(values: Sequence[str | None]) -> "numpy.ndarray":
    """Tell of each value whether it is a valid credit code (统一社会信用代码校验): an array of bool.

    >>> uscc_holds(["N2320509MF0012348W", "N2320509MF0012348X", "short"]).tolist()
    [True, False, False]
    """
    import numpy as np  # noqa: PLC0415 - not paid for by web processes

    held, letters = _letters(values, 18)
    numbers = np.full(256, -1, np.int16)
    for character, value in identifiers.USCC_VALUES.items():
        numbers[ord(character)] = value
    bodies = np.full(256, 0, np.int16)
    for character, value in identifiers.VALUES_36.items():
        bodies[ord(character)] = value
    found = numbers[letters]
    is_digit = (letters[:, 2:8] >= ord("0")) & (letters[:, 2:8] <= ord("9"))
    formed = (found >= 0).all(axis=1) & is_digit.all(axis=1)
    last = (-(found[:, :17].astype(np.int32) @ np.array(identifiers.USCC_WEIGHTS, np.int32))) % 31
    body = bodies[letters[:, 8:16]].astype(np.int32) @ np.array(identifiers.ORG_WEIGHTS, np.int32)
    signs = np.frombuffer(b"0123456789X", np.uint8)
    agreed = (last == found[:, 17]) & (signs[(-body) % 11] == letters[:, 16])
    answer = np.zeros(len(values), bool)
    answer[held] = formed & agreed
    return answer


def bank_card_holds(values: Sequence[str | None]) -> "numpy.ndarray":
    """Tell of each value whether it ends in its Luhn digit (银行卡号校验).

    >>> bank_card_holds(["6222021000112233449", "6222021000112233440"]).tolist()
    [True, False]
    """
    import numpy as np  # noqa: PLC0415

    return np.fromiter((identifiers.luhn_valid(value or "") for value in values), bool, len(values))


def _letters(values: Sequence[str | None], length: int) -> tuple:
    """Return where the values of so many ASCII letters are, and these as bytes, one row each."""
    import numpy as np  # noqa: PLC0415

    fits = [
        index for index, one in enumerate(values) if one and len(one) == length and one.isascii()
    ]
    joined = "".join(values[index] for index in fits).encode()  # type: ignore[misc]
    return np.array(fits, np.int64), np.frombuffer(joined, np.uint8).reshape(-1, length)


BY_DISTINCT: dict[str, Callable] = {"uscc": uscc_holds, "bank_card": bank_card_holds}
