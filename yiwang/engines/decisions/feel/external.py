"""External functions (外部函数): the standard names Java; the pure functions of java.lang are worked out here.

`function(x) external {java: {class: "java.lang.Math", method signature: "cos(double)"}}`. There is no Java
and nothing is loaded: a class or signature that is not of `METHODS` gives null, as does a value that does
not fit the parameter. Every parameter is converted as the specification's table of mappings has it.
"""

import math
import re
import struct
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation

from yiwang.engines.decisions.feel.values import Function, number, text_of

TEXT, ANYTHING = "java.lang.String", "[Ljava.lang.Object;"
SIZES = {"byte": 7, "short": 15, "int": 31, "long": 63}
_SIGNATURE = re.compile(r"\s*(\w+)\s*\(([^()]*)\)\s*")
_PLACE = re.compile(
    r"%(?:(?P<flags>[-0]*)(?P<width>\d{1,3})?(?:\.(?P<digits>\d{1,2}))?(?P<kind>[sfdn%]))"
)
_LONGEST = 20_000


class NotFitting(ValueError):
    """A value that the parameter of a method does not take, or a method that fails on it."""


def external(definition: object, names: tuple[str, ...], types: tuple) -> Function | None:
    """Return the function that a definition names (外部函数); None when there is no such function.

    >>> of_math = {"class": "java.lang.Math", "method signature": "max(int, int)"}
    >>> external({"java": of_math}, ("a", "b"), (None, None)).call(Decimal(1), Decimal(2))
    Decimal('2')
    """
    java = definition.get("java") if isinstance(definition, Mapping) else None
    if not isinstance(java, Mapping):
        return None
    return java_function(java.get("class"), java.get("method signature"), names, types)


def java_function(
    owner: object, signature: object, names: tuple[str, ...], types: tuple
) -> Function | None:
    """Return a pure method of java.lang as a function of FEEL; None when it is not known."""
    match = _SIGNATURE.fullmatch(signature) if isinstance(signature, str) else None
    if match is None or not isinstance(owner, str):
        return None
    wanted = tuple(one.strip() for one in match[2].split(",") if one.strip())
    method = METHODS.get((owner.strip(), match[1], wanted))
    is_open = bool(wanted) and wanted[-1] == ANYTHING
    if method is None or (len(names) < len(wanted) if is_open else len(names) != len(wanted)):
        return None

    def call(*values: object) -> object:
        kinds = wanted
        if is_open:
            kinds = (*wanted[:-1], *[ANYTHING] * (len(values) - len(wanted) + 1))
        try:
            return given_back(method(*map(taken, values, kinds)))
        except (ArithmeticError, ValueError, TypeError):
            return None

    return Function(names, call, types)


def taken(value: object, kind: str) -> object:
    """Convert a value for a parameter. Raises NotFitting."""
    if kind in SIZES and isinstance(value, Decimal):
        limit = 2 ** SIZES[kind]
        if not -limit <= value < limit:
            raise NotFitting
        return int(value)
    if kind == "double" and isinstance(value, Decimal):
        return float(value)
    if kind == "float" and isinstance(value, Decimal):
        return Single(struct.unpack("f", struct.pack("f", float(value)))[0])
    if kind == "char" and isinstance(value, str) and len(value) == 1:
        return value
    if kind == "boolean" and isinstance(value, bool):
        return value
    if (kind == TEXT and isinstance(value, str)) or kind == ANYTHING:
        return value
    raise NotFitting


class Single(float):
    """A number of single precision: written with as few digits as tell it from its neighbours."""

    def __repr__(self) -> str:
        for digits in range(1, 9):
            written = f"{float(self):.{digits}g}"
            if struct.pack("f", float(written)) == struct.pack("f", float(self)):
                return written
        return f"{float(self):.9g}"


def given_back(value: object) -> object:
    """Convert what a method gave to a value of FEEL; what is no number is null."""
    if isinstance(value, float):
        return number(Decimal(repr(value))) if math.isfinite(value) else None
    return number(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _whole_of(kind: str) -> Callable[[str], int]:
    def read(text: str) -> int:
        if re.fullmatch(r"[+-]?\d{1,19}", text, re.ASCII) is None:
            raise NotFitting
        return taken(Decimal(text), kind)

    return read


def _number_of(kind: str) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            return taken(Decimal(text.strip()), kind)
        except InvalidOperation as error:
            raise NotFitting from error

    return read


def _format(pattern: str, *values: object) -> str:
    """Fill in %s, %f, %n and %%, with flags - and 0, width and digits; anything else is refused."""
    left = iter(values)
    parts, at = [], 0
    for match in _PLACE.finditer(pattern):
        parts += [pattern[at : match.start()], _filled(match, left)]
        at = match.end()
    parts.append(pattern[at:])
    if any("%" in part for part in parts[::2]) or sum(map(len, parts)) > _LONGEST:
        raise NotFitting
    return "".join(parts)


def _filled(match: re.Match[str], left) -> str:
    if match["kind"] in "n%":
        return {"n": "\n", "%": "%"}[match["kind"]]
    value = next(left, NotFitting)
    if value is NotFitting or match["kind"] == "d":
        raise NotFitting  # a number of FEEL is a BigDecimal, which %d does not take
    if match["kind"] == "s":
        text = text_of(value) or "null"
        text = text if match["digits"] is None else text[: int(match["digits"])]
    elif isinstance(value, Decimal):
        text = f"{value:.{match['digits'] or 6}f}"
    else:
        raise NotFitting
    width = int(match["width"] or 0)
    if "-" in match["flags"]:
        return text.ljust(width)
    return text.zfill(width) if "0" in match["flags"] else text.rjust(width)


Method = Callable[..., object]
_DOUBLE = ("double",)
_MATH: dict[str, Method] = {
    "sin": math.sin, "cos": math.cos, "tan": math.tan, "asin": math.asin, "acos": math.acos,
    "atan": math.atan, "sinh": math.sinh, "cosh": math.cosh, "tanh": math.tanh, "exp": math.exp,
    "log": math.log, "log10": math.log10, "sqrt": math.sqrt, "cbrt": math.cbrt,
    "ceil": lambda one: float(math.ceil(one)), "floor": lambda one: float(math.floor(one)),
    "rint": lambda one: float(round(one)), "toRadians": math.radians, "toDegrees": math.degrees,
}  # fmt: skip
_BOXES = {
    "Byte": "byte",
    "Short": "short",
    "Integer": "int",
    "Long": "long",
    "Float": "float",
    "Double": "double",
}


def _methods() -> dict[tuple[str, str, tuple[str, ...]], Method]:
    math_, text = "java.lang.Math", TEXT
    found: dict[tuple[str, str, tuple[str, ...]], Method] = {
        (math_, name, _DOUBLE): method for name, method in _MATH.items()
    }
    found[math_, "pow", ("double", "double")] = math.pow
    found[math_, "atan2", ("double", "double")] = math.atan2
    found[math_, "hypot", ("double", "double")] = math.hypot
    for kind in ("int", "long", "float", "double"):
        found[math_, "abs", (kind,)] = abs if kind in SIZES else lambda one: type(one)(abs(one))
        found[math_, "max", (kind, kind)] = max
        found[math_, "min", (kind, kind)] = min
    for box, kind in _BOXES.items():
        reader = _whole_of(kind) if kind in SIZES else _number_of(kind)
        parse = {"Integer": "parseInt"}.get(box, f"parse{box}")
        owner = f"java.lang.{box}"
        found[owner, "valueOf", (kind,)] = lambda one: one
        found[owner, "valueOf", (text,)] = found[owner, parse, (text,)] = reader
    for kind in ("char", "boolean", "int", "long", "double", "float"):
        found[text, "valueOf", (kind,)] = _text
    found[text, "format", (text, ANYTHING)] = _format
    return found


def _text(value: object) -> str:
    return (
        str(value).lower()
        if isinstance(value, bool)
        else repr(value)
        if isinstance(value, float)
        else str(value)
    )


METHODS = _methods()
"""The methods by class, name and types of their parameters."""
