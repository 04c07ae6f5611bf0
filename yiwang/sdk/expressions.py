"""The one condition language (条件表达式): forms, gateways and eligibility all speak it.

A safe subset of Python's expressions. It is *total*: once compiled, an expression gives a value for
any data whatever and never raises, because a form is evaluated while it is half filled in.

* Literals: numbers, strings, lists, `true false null` (or `True False None`).
* Names and paths into mappings and lists: `applicant.birth_date`, `rows[0].area`. Missing is null.
* `and or not`, `x if c else y`, `== != < <= > >= in`, chains such as `18 <= age < 60`.
* `+ - * / %` on numbers; `+` joins texts and lists; date - date is days; date + n is a date.
* `len min max sum abs round date years_between`.

What cannot be computed (null + 1, "a" * 2, 1 / 0) is null; an order comparison with null or between
kinds that have no order is false. A date meets a text as an ISO date, so JSON data need no care.

>>> rule = compile("applicant.kind == 'person' and years_between(applicant.birth_date, today) >= 60")
>>> sorted(rule.names)
['applicant', 'today']
>>> person = {"kind": "person", "birth_date": "1961-03-09"}
>>> rule.evaluate({"applicant": person, "today": datetime.date(2026, 11, 21)})
True
>>> rule.evaluate({})
False
>>> compile("open('x')")
Traceback (most recent call last):
    ...
yiwang.sdk.expressions.ExpressionError: Line 1, column 1: open() is not a function of this language.
"""

import ast
import datetime
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache

from yiwang.sdk.errors import N_, YiwangError

MAX_LENGTH = 2000
MAX_DEPTH = 64
MAX_NODES = 600

Names = Mapping[str, object]
Evaluator = Callable[[Names], object]

_STRING = re.compile(r"""'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*\"""")
_CONSTANTS = {"true": True, "false": False, "null": None}


class ExpressionError(YiwangError):
    """A text is not an expression of the language (表达式错误). line and column count from 1."""

    code = "expression_invalid"
    status = 422
    message = N_("Line %(line)d, column %(column)d: %(reason)s")

    def __init__(self, reason: str, *, line: int = 1, column: int = 1) -> None:
        super().__init__(line=line, column=column, reason=reason)
        self.reason, self.line, self.column = reason, line, column


class Expression:
    """A compiled expression (表达式): immutable, shared between threads.

    names: the roots it reads ("applicant"); paths: the same with their fields
    ("applicant.birth_date").
    """

    __slots__ = ("_run", "names", "paths", "text")

    def __init__(self, text: str, run: Evaluator, paths: frozenset[str]) -> None:
        self.text = text
        self._run = run
        self.paths = paths
        self.names = frozenset(path.partition(".")[0] for path in paths)

    def evaluate(self, names: Names) -> object:
        """Return the value for these names; missing names are null. Never raises."""
        return self._run(names)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


@lru_cache(maxsize=4096)
def compile(text: str) -> Expression:
    """Compile a text to an `Expression` (编译表达式), cached. Raises `ExpressionError`.

    >>> compile("fee > 100 or 'A' in kinds").evaluate({"fee": 120})
    True
    >>> compile("1 + * 2")
    Traceback (most recent call last):
        ...
    yiwang.sdk.expressions.ExpressionError: Line 1, column 5: invalid syntax
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"longer than {MAX_LENGTH} characters.")
    compiler = _Compiler(text)
    run = compiler.build(compiler.parse(), depth=1)
    return Expression(text, run, frozenset(compiler.paths))


class _Compiler:
    """Turns the syntax tree into closures; whatever is not in the table is refused."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lead = len(text) - len(text.lstrip())
        self.paths: set[str] = set()
        self.nodes = 0

    def parse(self) -> ast.expr:
        bare = _STRING.sub(lambda match: " " * len(match[0]), self.text)
        if (at := bare.find("#")) >= 0:
            raise self.error("comments are not part of this language.", at)
        for quotes in ("'''", '"""'):
            if (at := self.text.find(quotes)) >= 0:
                raise self.error("three quotes in a row are not part of this language.", at)
        flat = re.sub(r"\s", " ", self.text).strip()
        try:
            return ast.parse(flat, mode="eval").body
        except SyntaxError as error:
            column = max((error.offset or 1) - 1, 0)
            raise self.error(error.msg, column + self.lead) from None
        except (ValueError, RecursionError, MemoryError):
            raise self.error("this cannot be read as an expression.", 0) from None

    def error(self, reason: str, at: int) -> ExpressionError:
        before = self.text[:at]
        line = before.count("\n") + 1
        return ExpressionError(reason, line=line, column=at - (before.rfind("\n") + 1) + 1)

    def refuse(self, node: ast.AST, reason: str) -> ExpressionError:
        flat = re.sub(r"\s", " ", self.text).strip()
        offset = getattr(node, "col_offset", 0)  # in UTF-8 bytes
        characters = len(flat.encode("utf-8", "replace")[:offset].decode("utf-8", "replace"))
        return self.error(reason, characters + self.lead)

    def build(self, node: ast.AST, *, depth: int) -> Evaluator:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise self.refuse(node, "too deep or too long; split it up.")
        method = _BUILDERS.get(type(node))
        if method is None:
            kind = type(node).__name__
            raise self.refuse(node, f"{kind} is not part of this language.")
        return method(self, node, depth + 1)

    def many(self, nodes: Sequence[ast.AST], depth: int) -> list[Evaluator]:
        return [self.build(node, depth=depth) for node in nodes]

    def constant(self, node: ast.Constant, depth: int) -> Evaluator:
        value = node.value
        if value is not None and not isinstance(value, bool | int | float | str):
            raise self.refuse(node, f"{value!r} is not part of this language.")
        return lambda names: value

    def name(self, node: ast.Name, depth: int) -> Evaluator:
        key = node.id
        if key in _CONSTANTS:
            value = _CONSTANTS[key]
            return lambda names: value
        if key.startswith("__"):
            raise self.refuse(node, f"{key} is not a name of this language.")
        self.paths.add(key)
        return lambda names: names.get(key)

    def attribute(self, node: ast.Attribute, depth: int) -> Evaluator:
        key = node.attr
        if key.startswith("__"):
            raise self.refuse(node, f"{key} is not a name of this language.")
        base = self.build(node.value, depth=depth)
        if path := _path(node):
            self.paths.discard(path.rpartition(".")[0])
            self.paths.add(path)

        def run(names: Names) -> object:
            value = base(names)
            return value.get(key) if isinstance(value, Mapping) else None

        return run

    def subscript(self, node: ast.Subscript, depth: int) -> Evaluator:
        base = self.build(node.value, depth=depth)
        index = self.build(node.slice, depth=depth)
        return lambda names: _item(base(names), index(names))

    def sequence(self, node: ast.List | ast.Tuple, depth: int) -> Evaluator:
        items = self.many(node.elts, depth)
        return lambda names: [item(names) for item in items]

    def boolean(self, node: ast.BoolOp, depth: int) -> Evaluator:
        parts = self.many(node.values, depth)
        stop = isinstance(node.op, ast.Or)

        def run(names: Names) -> object:
            value: object = None
            for part in parts:
                value = part(names)
                if bool(value) is stop:
                    break
            return value

        return run

    def unary(self, node: ast.UnaryOp, depth: int) -> Evaluator:
        operand = self.build(node.operand, depth=depth)
        if isinstance(node.op, ast.Not):
            return lambda names: not operand(names)
        if isinstance(node.op, ast.USub):
            return lambda names: _arithmetic(operator.sub, 0, operand(names))
        raise self.refuse(node, f"{type(node.op).__name__} is not part of this language.")

    def binary(self, node: ast.BinOp, depth: int) -> Evaluator:
        function = _ARITHMETIC.get(type(node.op))
        if function is None:
            raise self.refuse(node, f"{type(node.op).__name__} is not part of this language.")
        left = self.build(node.left, depth=depth)
        right = self.build(node.right, depth=depth)
        return lambda names: _arithmetic(function, left(names), right(names))

    def compare(self, node: ast.Compare, depth: int) -> Evaluator:
        tests = []
        for op in node.ops:
            if type(op) not in _COMPARISONS:
                raise self.refuse(node, "write == or != in place of is.")
            tests.append(_COMPARISONS[type(op)])
        first = self.build(node.left, depth=depth)
        rest = list(zip(tests, self.many(node.comparators, depth), strict=True))

        def run(names: Names) -> bool:
            left = first(names)
            for test, other in rest:
                right = other(names)
                if not test(left, right):
                    return False
                left = right
            return True

        return run

    def conditional(self, node: ast.IfExp, depth: int) -> Evaluator:
        test, then, other = self.many([node.test, node.body, node.orelse], depth)
        return lambda names: then(names) if test(names) else other(names)

    def call(self, node: ast.Call, depth: int) -> Evaluator:
        if not isinstance(node.func, ast.Name):
            raise self.refuse(node, "only the functions of this language can be called.")
        name = node.func.id
        if name not in FUNCTIONS:
            raise self.refuse(node, f"{name}() is not a function of this language.")
        function, least, most = FUNCTIONS[name]
        if node.keywords or not least <= len(node.args) <= most:
            raise self.refuse(node, f"{name}() takes {least} to {most} plain arguments.")
        arguments = self.many(node.args, depth)
        return lambda names: function(*[argument(names) for argument in arguments])


_BUILDERS: dict[type, Callable[[_Compiler, ast.AST, int], Evaluator]] = {
    ast.Constant: _Compiler.constant,
    ast.Name: _Compiler.name,
    ast.Attribute: _Compiler.attribute,
    ast.Subscript: _Compiler.subscript,
    ast.List: _Compiler.sequence,
    ast.Tuple: _Compiler.sequence,
    ast.BoolOp: _Compiler.boolean,
    ast.UnaryOp: _Compiler.unary,
    ast.BinOp: _Compiler.binary,
    ast.Compare: _Compiler.compare,
    ast.IfExp: _Compiler.conditional,
    ast.Call: _Compiler.call,
}


def _path(node: ast.AST) -> str:
    """Return "a.b.c" for a pure chain of names, "" for anything else."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def _item(value: object, index: object) -> object:
    if isinstance(value, Mapping):
        return value.get(index) if isinstance(index, str | int) else None
    if isinstance(value, list | tuple) and isinstance(index, int):
        return value[index] if -len(value) <= index < len(value) else None
    return None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def as_date(value: object) -> datetime.date | None:
    """Read a date (日期) from a date, a datetime or an ISO text; anything else is None."""
    if isinstance(value, datetime.datetime):
        return value.date()
    if isinstance(value, datetime.date):
        return value
    if isinstance(value, str):
        try:
            return datetime.date.fromisoformat(value[:10])
        except ValueError:
            return None
    return None


def _arithmetic(function: Callable, left: object, right: object) -> object:
    try:
        if _is_number(left) and _is_number(right):
            return function(left, right)
        if isinstance(left, datetime.date):
            return _date_arithmetic(function, left, right)
        same = isinstance(left, str) and isinstance(right, str)
        if function is operator.add and (
            same or isinstance(left, list) and isinstance(right, list)
        ):
            return left + right  # type: ignore[operator]
    except (ArithmeticError, TypeError, ValueError):
        return None
    return None


def _date_arithmetic(function: Callable, left: datetime.date, right: object) -> object:
    day = as_date(left)
    if function in (operator.add, operator.sub) and isinstance(right, int):
        return function(day, datetime.timedelta(days=right))
    other = as_date(right)
    if function is operator.sub and day and other:
        return (day - other).days
    return None


def _pair(left: object, right: object) -> tuple[object, object]:
    """Bring a date and an ISO text, or a date and a datetime, to the same kind."""
    if isinstance(left, datetime.date) or isinstance(right, datetime.date):
        if isinstance(left, datetime.datetime) and isinstance(right, datetime.datetime):
            return left, right
        return as_date(left), as_date(right)
    return left, right


def _ordered(function: Callable) -> Callable[[object, object], bool]:
    def test(left: object, right: object) -> bool:
        left, right = _pair(left, right)
        if left is None or right is None or isinstance(left, list | bool):
            return False
        try:
            return bool(function(left, right))
        except (TypeError, ArithmeticError):
            return False

    return test


def _equal(left: object, right: object) -> bool:
    if isinstance(left, datetime.date) or isinstance(right, datetime.date):
        if left is None or right is None:
            return left is right
        left, right = _pair(left, right)
        return left is not None and left == right
    return left == right


def _contains(item: object, container: object) -> bool:
    if isinstance(container, str):
        return isinstance(item, str) and item in container
    if isinstance(container, list | tuple):
        return any(_equal(item, other) for other in container)
    if isinstance(container, Mapping | set | frozenset):
        return isinstance(item, str | int) and item in container
    return False


_ARITHMETIC = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
}
_COMPARISONS: dict[type, Callable[[object, object], bool]] = {
    ast.Eq: _equal,
    ast.NotEq: lambda left, right: not _equal(left, right),
    ast.Lt: _ordered(operator.lt),
    ast.LtE: _ordered(operator.le),
    ast.Gt: _ordered(operator.gt),
    ast.GtE: _ordered(operator.ge),
    ast.In: _contains,
    ast.NotIn: lambda left, right: not _contains(left, right),
}


def years_between(first: object, second: object) -> int | None:
    """Count the full years from one date to a later one (周岁), null when either is no date.

    29 February has its birthday on 1 March in other years: 民法典 counts full years by the day.

    >>> years_between("1961-11-22", "2026-11-21"), years_between("1961-11-21", "2026-11-21")
    (64, 65)
    """
    start, end = as_date(first), as_date(second)
    if start is None or end is None:
        return None
    return end.year - start.year - ((end.month, end.day) < (start.month, start.day))


def _len(value: object) -> int | None:
    return len(value) if isinstance(value, str | list | tuple | Mapping) else None


def _known(values: tuple[object, ...]) -> list[object]:
    if len(values) == 1 and isinstance(values[0], list | tuple):
        values = tuple(values[0])
    return [value for value in values if value is not None]


def _extreme(function: Callable) -> Callable[..., object]:
    def run(*values: object) -> object:
        try:
            return function(_known(values))
        except (TypeError, ValueError, ArithmeticError):
            return None

    return run


def _sum(values: object) -> object:
    total: object = 0
    for value in values if isinstance(values, list | tuple) else ():
        if value is not None:
            total = _arithmetic(operator.add, total, value)
    return total


def _abs(value: object) -> object:
    return abs(value) if _is_number(value) else None  # type: ignore[arg-type]


def _round(value: object, digits: object = 0) -> object:
    """Round half up, as money and forms do, not half to even."""
    if not _is_number(value) or not isinstance(digits, int) or not 0 <= digits <= 10:
        return None
    try:
        exact = Decimal(str(value)).quantize(Decimal(1).scaleb(-digits), rounding="ROUND_HALF_UP")
    except ArithmeticError:
        return None
    return int(exact) if digits == 0 else float(exact)


# name: (function, fewest arguments, most arguments)
FUNCTIONS: dict[str, tuple[Callable[..., object], int, int]] = {
    "len": (_len, 1, 1),
    "min": (_extreme(min), 1, 20),
    "max": (_extreme(max), 1, 20),
    "sum": (_sum, 1, 1),
    "abs": (_abs, 1, 1),
    "round": (_round, 1, 2),
    "date": (as_date, 1, 1),
    "years_between": (years_between, 2, 2),
}
