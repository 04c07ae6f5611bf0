"""Canonical JSON (规范化 JSON, RFC 8785): one text for one value, so that one digest stands for it.

Keys in the order of their UTF-16 code units, no white space, strings escaped no more than they must,
numbers as ECMAScript writes them.
"""

import hashlib
import json
import math
from collections.abc import Mapping

EXACT_LIMIT = 2**53


class NotCanonical(ValueError):
    """A value that has no canonical form: NaN, a lone surrogate, an integer that a double cannot hold."""


def canonical_json(value: object) -> bytes:
    """Write a JSON value as RFC 8785 says (JCS), in UTF-8.

    value: None, booleans, numbers, strings, lists, tuples and mappings with string keys. Raises
    NotCanonical for what has no canonical form.

    >>> canonical_json({"b": 1.0, "a": [True, None, "€"]}).decode()
    '{"a":[true,null,"€"],"b":1}'
    """
    try:
        return _text(value).encode()
    except UnicodeEncodeError as error:
        raise NotCanonical("a lone surrogate is no character") from error


def canonical_digest(value: object) -> str:
    """Return the SHA-256 of a value's canonical JSON (规范化摘要), 64 hexadecimal digits.

    >>> canonical_digest({})
    '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'
    """
    return hashlib.sha256(canonical_json(value)).hexdigest()


def exact(value: object) -> object:
    """Return a value in which integers beyond a double are texts, so that no digit of them is lost.

    >>> exact({"n": 12345678901234567890, "m": 7})
    {'n': '12345678901234567890', 'm': 7}
    """
    if isinstance(value, Mapping):
        return {str(key): exact(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [exact(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= EXACT_LIMIT:
        return str(value)
    return value


def canonical_read(text: str | bytes) -> object:
    """Read JSON as RFC 8785 understands it: every number is a double.

    >>> canonical_read("36781175010690070"), canonical_read("7")
    (3.678117501069007e+16, 7)
    """
    return json.loads(text, parse_int=_integer)


def _integer(digits: str) -> int | float:
    number = int(digits) if len(digits) < 18 else float(digits)
    return number if abs(number) < EXACT_LIMIT else float(digits)


def _text(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, Mapping):
        return _object(value)
    if isinstance(value, list | tuple):
        return f"[{','.join(_text(item) for item in value)}]"
    raise NotCanonical(f"{type(value).__name__} is no JSON value")


def _object(value: Mapping) -> str:
    if not all(isinstance(key, str) for key in value):
        raise NotCanonical("the keys of an object are strings")
    keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
    return "{" + ",".join(f"{_text(key)}:{_text(value[key])}" for key in keys) + "}"


def _number(value: float) -> str:
    """Write a number as ECMAScript's Number::toString does (ECMA-262, 6.1.6.1.20)."""
    if isinstance(value, int):
        if abs(value) >= EXACT_LIMIT:
            raise NotCanonical("an integer beyond 2**53 is not exact; write it as a text")
        return str(value)
    if not math.isfinite(value):
        raise NotCanonical("NaN and infinity are no JSON numbers")
    if value == 0:
        return "0"
    # repr has the fewest digits that read back as the same double, as ECMAScript asks.
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, part = mantissa.partition(".")
    shift = int(exponent or 0)
    point = len(whole) + shift
    digits = (whole + part).rstrip("0")
    leading = len(digits) - len(digits.lstrip("0"))
    digits, point = digits.lstrip("0"), point - leading
    return ("-" if value < 0 else "") + _digits(digits, point)


def _digits(digits: str, point: int) -> str:
    """Place the point among the digits: 0.digits × 10**point."""
    count = len(digits)
    if count <= point <= 21:
        return digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    power = f"{point - 1:+d}"
    rest = f".{digits[1:]}" if count > 1 else ""
    return f"{digits[0]}{rest}e{power}"
