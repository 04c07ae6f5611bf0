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

LEAST, MOST = 10**17, 10**18 - 1


def id_number_whole(text: str) -> str:
    """Return SQL for 18 digits as a whole number, X in the end as 0; null when it is no such text.

    A cast would also read exponents, which are longer numbers than their digits: these end in
    zeros, so only such are looked at again.
    """
    digits = f"try_cast({text} as bigint)"
    with_x = (
        f"case when {text}[18:18] in ('X', 'x') and regexp_full_match(left({text}, 17), '[0-9]*')"
        f" then try_cast(left({text}, 17) as bigint) * 10 end"
    )
    zeros = f"{digits} % 100 = 0 and not regexp_full_match({text}, '[0-9]*')"
    n = f"case when {digits} is null then {with_x} when {zeros} then null else {digits} end"
    return f"(case when strlen({text}) = 18 then {n} end)"


def id_number_holds(text: str, n: str, today: date) -> str:
    """Return SQL for `id_number_valid`: may be null where `text` or `n` is.

    f(n), the sum of digit * 2**place, is 1 modulo 11; by whole division alone it is
    n - 8 * (n//10 + 2*(n//100) + 4*(n//1000) + ...), without taking digits apart (spikes.md, D3).
    """
    parts = " + ".join(f"{2 ** (place - 1)} * ({n} // {10**place})" for place in range(1, 18))
    expected = f"case when {text}[18:18] in ('X', 'x') then 2 else 1 end"
    rest = f"(({n} - 8 * ({parts})) % 11 + 11) % 11"
    tail = f"case when {n} % 10 = 0 then {rest} = {expected} else {rest} = 1 end"
    return f"({n} between {LEAST} and {MOST} and {tail} and {birth_holds(n, today)})"


def birth_holds(n: str, today: date) -> str:
    """Return SQL for *positions 7 to 14 are a day not after today* (出生日期有效)."""
    day, month, year = (
        f"({n} // 10000 % 100)",
        f"({n} // 1000000 % 100)",
        f"({n} // 100000000 % 10000)",
    )
    leap = f"({year} % 4 = 0 and ({year} % 100 <> 0 or {year} % 400 = 0))"
    last = (
        f"case when {day} <= 28 then true when {month} = 2 then {day} = 29 and {leap}"
        f" when {month} in (4, 6, 9, 11) then {day} <= 30 else {day} <= 31 end"
    )
    return (
        f"({n} // 10000 % 100000000) between 10101 and {today:%Y%m%d}"
        f" and {month} between 1 and 12 and {day} >= 1 and {last}"
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
