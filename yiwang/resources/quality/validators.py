"""Checks of identifiers (校验规则): which there are, and those that each different value is asked once.

The answers are those of `sdk.identifiers`. Identity and mobile numbers are in `vectors`.
"""

from collections.abc import Callable, Sequence
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
# Fields of these names or titles are checked without being asked for.
BY_NAME = {
    "id_number": ("id_number", "公民身份号码", "身份证号", "身份证号码", "身份号码"),
    "uscc": ("uscc", "统一社会信用代码"),
    "mobile": ("mobile", "手机号码", "手机号"),
    "phone": ("phone", "联系电话"),
}

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
