"""Conditions as SQL (条件表达式编译): `sdk.expressions` compiled for DuckDB, with the same answers.

The interpreter is total and typed by its values; SQL is typed by its columns. So a condition is
compiled against the types of the fields, and what could be of two types at once is refused with its
place. Everything else gives for each row what `sdk.expressions` gives:

* no value is null, null compares with nothing but by == and !=, truth follows Python
  (empty text, zero and null are false);
* texts of people become parameters of the statement, never part of it;
* numbers are doubles: beyond 2**53 a whole number is no longer exact, and so not compared exactly.

Refused: indexing, texts as lists, functions of lists that are not written out, `len` of a number,
and any name that is no field of the resource but `today` and `row`.
"""

import ast
import datetime
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from yiwang.sdk import expressions

# Kinds of value. INT and FLOAT are both doubles in SQL; DATE + FLOAT is null in the interpreter.
NULL, BOOL, INT, FLOAT, TEXT, DATE, TIME, LIST = (
    "NULL", "BOOL", "INT", "FLOAT", "TEXT", "DATE", "TIME", "LIST",
)  # fmt: skip
NUMBERS, DAYS = (INT, FLOAT), (DATE, TIME)
LAST_DAY = 4_000_000  # more days than there are from year 1 to 9999


@dataclass(frozen=True, slots=True)
class Compiled:
    """A condition as SQL: `sql` is true or false, never null; parameters by name.

    fields: the names it reads.
    """

    sql: str
    parameters: dict[str, str] = field(default_factory=dict)
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Value:
    sql: str
    kind: str
    nullable: bool = True
    items: tuple["_Value", ...] = ()
    written: str | None = None  # what a literal text says


@dataclass(frozen=True, slots=True)
class Operand:
    """How a field is read: its kind (BOOL, INT, FLOAT, TEXT, DATE, TIME) and its typed SQL."""

    kind: str
    sql: str


def condition_compile(
    text: str, operands: Mapping[str, Operand], *, today: datetime.date, prefix: str = "c"
) -> Compiled:
    """Compile a condition to DuckDB's SQL (编译条件). Raises `ExpressionError` with the place.

    prefix: begins the names of parameters. today: what the name `today` stands for.

    >>> fields = {"age": Operand("INT", '"age"')}
    >>> condition_compile("age >= 18", fields, today=datetime.date(2026, 11, 21)).sql
    'coalesce("age" >= 18.0, false)'
    """
    expressions.compile(text)  # what the language refuses is refused in its words
    compiler = _SqlCompiler(text, operands, today, prefix)
    sql = compiler.truth(compiler.parse())
    used = {name: text for name, text in compiler.parameters.items() if f"${name} " in sql}
    return Compiled(sql, used, tuple(compiler.read))


class _SqlCompiler(expressions._Compiler):
    def __init__(
        self, text: str, operands: Mapping[str, Operand], today: datetime.date, prefix: str
    ) -> None:
        super().__init__(text)
        self.operands, self.today, self.prefix = operands, today, prefix
        self.parameters: dict[str, str] = {}
        self.read: dict[str, None] = {}
        self.numbers = itertools.count()

    # --- what a node is ----------------------------------------------------------------------

    def truth(self, node: ast.AST) -> str:
        """Return SQL that tells whether a node holds: never null."""
        if isinstance(node, ast.BoolOp):
            word = " or " if isinstance(node.op, ast.Or) else " and "
            return "(" + word.join(self.truth(part) for part in node.values) + ")"
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return f"(not {self.truth(node.operand)})"
        if isinstance(node, ast.IfExp):
            test, then, other = map(self.truth, (node.test, node.body, node.orelse))
            return f"(case when {test} then {then} else {other} end)"
        return _truthy(self.value(node))

    def value(self, node: ast.AST) -> _Value:
        method = _VALUES.get(type(node))
        if method is None:
            raise self.refuse(node, f"{type(node).__name__} is not checked by SQL.")
        return method(self, node)

    def constant_value(self, node: ast.Constant) -> _Value:
        value = node.value
        if value is None:
            return _Value("null", NULL)
        if isinstance(value, bool):
            return _Value("true" if value else "false", BOOL, nullable=False)
        if isinstance(value, int | float):
            if abs(value) >= 2**53:
                raise self.refuse(node, "a number beyond 2**53 is not exact.")
            kind = INT if isinstance(value, int) else FLOAT
            return _Value(_number(value), kind, nullable=False)
        name = f"{self.prefix}{next(self.numbers)}"
        self.parameters[name] = value
        return _Value(f"cast(${name} as varchar)", TEXT, nullable=False, written=value)

    def name_value(self, node: ast.Name) -> _Value:
        if node.id in expressions._CONSTANTS:
            return self.constant_value(ast.Constant(expressions._CONSTANTS[node.id]))
        if node.id == "today" and "today" not in self.operands:
            return _Value(f"date '{self.today:%Y-%m-%d}'", DATE, nullable=False)
        return self.field_value(node, node.id)

    def attribute_value(self, node: ast.Attribute) -> _Value:
        if isinstance(node.value, ast.Name) and node.value.id == "row":
            return self.field_value(node, node.attr)
        raise self.refuse(node, "only row.field or a field by itself can be read.")

    def subscript_value(self, node: ast.Subscript) -> _Value:
        index = node.slice
        is_row = isinstance(node.value, ast.Name) and node.value.id == "row"
        if is_row and isinstance(index, ast.Constant) and isinstance(index.value, str):
            return self.field_value(node, index.value)
        raise self.refuse(node, 'only row["field"] can be indexed.')

    def field_value(self, node: ast.AST, name: str) -> _Value:
        operand = self.operands.get(name)
        if operand is None:
            raise self.refuse(node, f"{name} is not a field of this resource.")
        self.read.setdefault(name)
        return _Value(operand.sql, operand.kind)

    def list_value(self, node: ast.List | ast.Tuple) -> _Value:
        items = tuple(self.value(item) for item in node.elts)
        return _Value("", LIST, nullable=False, items=items)

    # --- operators ---------------------------------------------------------------------------

    def boolean_value(self, node: ast.BoolOp) -> _Value:
        parts = [self.value(part) for part in node.values]
        kind = self.one_kind(node, parts)
        stops_at_true = isinstance(node.op, ast.Or)
        sql = parts[-1].sql
        for part in reversed(parts[:-1]):
            then, other = (part.sql, sql) if stops_at_true else (sql, part.sql)
            sql = f"(case when {_truthy(part)} then {then} else {other} end)"
        return _Value(sql, kind)

    def unary_value(self, node: ast.UnaryOp) -> _Value:
        if isinstance(node.op, ast.Not):
            return _Value(self.truth(node), BOOL, nullable=False)
        operand = self.value(node.operand)
        if operand.kind not in NUMBERS:
            return _Value("null", NULL)
        return _Value(f"(0.0 - {operand.sql})", operand.kind, operand.nullable)

    def conditional_value(self, node: ast.IfExp) -> _Value:
        then, other = self.value(node.body), self.value(node.orelse)
        kind = self.one_kind(node, [then, other])
        return _Value(
            f"(case when {self.truth(node.test)} then {then.sql} else {other.sql} end)", kind
        )

    def one_kind(self, node: ast.AST, parts: Sequence[_Value]) -> str:
        kinds = {part.kind for part in parts} - {NULL}
        if LIST in kinds or len(kinds) > 1:
            raise self.refuse(node, "the sides must be of one kind for SQL to answer.")
        return kinds.pop() if kinds else NULL

    def binary_value(self, node: ast.BinOp) -> _Value:
        left, right = self.value(node.left), self.value(node.right)
        if LIST in (left.kind, right.kind):
            raise self.refuse(node, "lists cannot be computed with in SQL.")
        if left.kind in NUMBERS and right.kind in NUMBERS:
            return _number_arithmetic(type(node.op), left, right)
        if left.kind in DAYS:
            return self.date_arithmetic(node, left, right)
        if isinstance(node.op, ast.Add) and left.kind == right.kind == TEXT:
            return _Value(f"({left.sql} || {right.sql})", TEXT)
        return _Value("null", NULL)

    def date_arithmetic(self, node: ast.BinOp, left: _Value, right: _Value) -> _Value:
        if type(node.op) not in (ast.Add, ast.Sub):
            return _Value("null", NULL)
        day = _day(left)
        if right.kind == BOOL:
            raise self.refuse(node, "yes or no is no number of days.")
        if right.kind == INT:
            sign = "+" if isinstance(node.op, ast.Add) else "-"
            days = f"try_cast({right.sql} as integer)"
            within = f"abs({right.sql}) <= {LAST_DAY}"
            moved = f"({day} {sign} {days})"
            kept = f"case when {moved} between date '0001-01-01' and date '9999-12-31' then {moved} end"
            return _Value(f"(case when {within} then {kept} end)", DATE)
        if isinstance(node.op, ast.Add) or right.kind in (FLOAT, NULL):
            return _Value("null", NULL)
        return _Value(f"cast({day} - {_day(right)} as double)", INT)

    def compare_value(self, node: ast.Compare) -> _Value:
        left = self.value(node.left)
        tests = []
        for operator, other in zip(node.ops, node.comparators, strict=True):
            right = self.value(other)
            tests.append(self.comparison(node, operator, left, right))
            left = right
        return _Value(tests[0] if len(tests) == 1 else f"({' and '.join(tests)})", BOOL, False)

    def comparison(self, node: ast.AST, operator: ast.cmpop, left: _Value, right: _Value) -> str:
        if isinstance(operator, ast.In | ast.NotIn):
            found = self.membership(node, left, right)
            return found if isinstance(operator, ast.In) else f"(not {found})"
        if LIST in (left.kind, right.kind):
            raise self.refuse(node, "lists cannot be compared in SQL.")
        if isinstance(operator, ast.Eq | ast.NotEq):
            same = _equal(left, right)
            return same if isinstance(operator, ast.Eq) else f"(not {same})"
        return _ordered(_SIGNS[type(operator)], left, right)

    def membership(self, node: ast.AST, left: _Value, right: _Value) -> str:
        if right.kind == TEXT:
            if left.kind != TEXT:
                return "false"
            return f"coalesce(contains({right.sql}, {left.sql}), false)"
        if right.kind == LIST:
            if left.kind == LIST or any(item.kind == LIST for item in right.items):
                raise self.refuse(node, "lists in lists are not checked by SQL.")
            tests = [_equal(left, item) for item in right.items]
            return f"({' or '.join(tests)})" if tests else "false"
        return "false"

    # --- functions ---------------------------------------------------------------------------

    def call_value(self, node: ast.Call) -> _Value:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        method = _CALLS.get(name)
        if method is None:
            raise self.refuse(node, f"{name}() is not checked by SQL.")
        return method(self, node, [self.value(argument) for argument in node.args])

    def len_call(self, node: ast.Call, arguments: list[_Value]) -> _Value:
        (of,) = arguments
        if of.kind == LIST:
            return _Value(f"{float(len(of.items))}", INT, nullable=False)
        if of.kind != TEXT:
            return _Value("null", NULL)
        return _Value(f"cast(length({of.sql}) as double)", INT)

    def extreme_call(self, node: ast.Call, arguments: list[_Value]) -> _Value:
        if len(arguments) == 1 and arguments[0].kind == LIST:
            arguments = list(arguments[0].items)
        known = [one for one in arguments if one.kind != NULL]
        kinds = {one.kind for one in known}
        if kinds == set(NUMBERS):
            # Which of the two it is depends on the row; only days would tell them apart.
            kinds = {FLOAT}
        if len(kinds) > 1 or LIST in kinds:
            raise self.refuse(node, "these must be of one kind for SQL to answer.")
        if not known:
            return _Value("null", NULL)
        function = "least" if node.func.id == "min" else "greatest"  # type: ignore[attr-defined]
        return _Value(f"{function}({', '.join(one.sql for one in known)})", kinds.pop())

    def sum_call(self, node: ast.Call, arguments: list[_Value]) -> _Value:
        (of,) = arguments
        if of.kind != LIST:
            return _Value("0.0", INT, nullable=False)
        known = [one for one in of.items if one.kind != NULL]
        if any(one.kind not in NUMBERS for one in known):
            raise self.refuse(node, "only numbers are summed by SQL.")
        kind = FLOAT if any(one.kind == FLOAT for one in known) else INT
        total = " + ".join(["0.0", *(f"coalesce({one.sql}, 0.0)" for one in known)])
        return _Value(f"({total})", kind, nullable=False)

    def abs_call(self, node: ast.Call, arguments: list[_Value]) -> _Value:
        (of,) = arguments
        if of.kind not in NUMBERS:
            return _Value("null", NULL)
        return _Value(f"abs({of.sql})", of.kind, of.nullable)

    def round_call(self, node: ast.Call, arguments: list[_Value]) -> _Value:
        digits = 0
        if len(arguments) == 2:
            written = node.args[1]
            if not isinstance(written, ast.Constant) or type(written.value) is not int:
                raise self.refuse(node, "write the digits of round() as a number.")
            digits = written.value
        if arguments[0].kind not in NUMBERS or not 0 <= digits <= 10:
            return _Value("null", NULL)
        exact = f"try_cast(cast({arguments[0].sql} as varchar) as decimal(38, {digits}))"
        return _Value(f"cast({exact} as double)", FLOAT if digits else INT)

    def date_call(self, node: ast.Call, arguments: list[_Value]) -> _Value:
        day = _day(arguments[0])
        return _Value(day, DATE) if day != "null" else _Value("null", NULL)

    def years_call(self, node: ast.Call, arguments: list[_Value]) -> _Value:
        first, last = map(_day, arguments)
        if "null" in (first, last):
            return _Value("null", NULL)
        before = (
            f"cast(month({last}) * 100 + day({last}) < month({first}) * 100 + day({first})"
            " as bigint)"
        )
        return _Value(f"cast(year({last}) - year({first}) - {before} as double)", INT)


_VALUES: dict[type, Callable[[_SqlCompiler, ast.AST], _Value]] = {
    ast.Constant: _SqlCompiler.constant_value,
    ast.Name: _SqlCompiler.name_value,
    ast.Attribute: _SqlCompiler.attribute_value,
    ast.Subscript: _SqlCompiler.subscript_value,
    ast.List: _SqlCompiler.list_value,
    ast.Tuple: _SqlCompiler.list_value,
    ast.BoolOp: _SqlCompiler.boolean_value,
    ast.UnaryOp: _SqlCompiler.unary_value,
    ast.BinOp: _SqlCompiler.binary_value,
    ast.Compare: _SqlCompiler.compare_value,
    ast.IfExp: _SqlCompiler.conditional_value,
    ast.Call: _SqlCompiler.call_value,
}
_CALLS: dict[str, Callable[[_SqlCompiler, ast.Call, list[_Value]], _Value]] = {
    "len": _SqlCompiler.len_call,
    "min": _SqlCompiler.extreme_call,
    "max": _SqlCompiler.extreme_call,
    "sum": _SqlCompiler.sum_call,
    "abs": _SqlCompiler.abs_call,
    "round": _SqlCompiler.round_call,
    "date": _SqlCompiler.date_call,
    "years_between": _SqlCompiler.years_call,
}
_SIGNS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}


def _number(value: float) -> str:
    return f"({float(value)!r})" if value < 0 else repr(float(value))


def _truthy(value: _Value) -> str:
    if value.kind == NULL:
        return "false"
    if value.kind == LIST:
        return "true" if value.items else "false"
    tests = {
        BOOL: value.sql,
        TEXT: f"{value.sql} <> ''",
        INT: f"{value.sql} <> 0",
        FLOAT: f"{value.sql} <> 0",
        DATE: f"{value.sql} is not null",
        TIME: f"{value.sql} is not null",
    }
    test = tests[value.kind]
    is_sure = not value.nullable or value.kind in DAYS
    return test if is_sure else f"coalesce({test}, false)"


def _day(value: _Value) -> str:
    """Return the date that a value is read as, "null" when it never is one: `as_date`."""
    if value.kind == DATE:
        return value.sql
    if value.kind == TIME:
        return f"cast({value.sql} as date)"
    if value.written is not None:
        day = expressions.as_date(value.written)
        return f"date '{day:%Y-%m-%d}'" if day and day.year > 999 else "null::date"
    return _iso_day(f"left({value.sql}, 10)") if value.kind == TEXT else "null"


def _iso_day(text: str) -> str:
    """Read the forms that `date.fromisoformat` does: 2026-11-21, 20261121, 2026-W47-6, 2026W476."""
    plain = f"regexp_full_match({text}, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}')"
    basic = f"regexp_full_match({text}, '[0-9]{{8}}')"
    week = f"regexp_full_match({text}, '[0-9]{{4}}(-W[0-9]{{2}}(-[1-7])?|W[0-9]{{2}}[1-7]?)')"
    dashed = f"{text}[1:4] || '-' || {text}[5:6] || '-' || {text}[7:8]"
    return (
        f"(case when {text}[1:4] = '0000' then null when {plain} then try_cast({text} as date)"
        f" when {basic} then try_cast({dashed} as date) when {week} then {_week_day(text)} end)"
    )


def _week_day(text: str) -> str:
    bare = f"replace({text}, '-', '')"
    # The fourth of January is always in the first week.
    fourth = f"try_cast({bare}[1:4] || '-01-04' as date)"
    number = f"try_cast({bare}[6:7] as integer)"
    weekday = f"coalesce(try_cast({bare}[8:8] as integer), 1)"
    day = f"{fourth} - cast(isodow({fourth}) as integer) + ({number} - 1) * 7 + {weekday}"
    is_there = f"isoyear({day}) = try_cast({bare}[1:4] as integer)"
    return f"case when {is_there} then {day} end"


def _number_arithmetic(operator: type, left: _Value, right: _Value) -> _Value:
    nullable = left.nullable or right.nullable
    kind = INT if left.kind == right.kind == INT else FLOAT
    if operator in _OPERATORS:
        return _Value(f"({left.sql} {_OPERATORS[operator]} {right.sql})", kind, nullable)
    safe = f"nullif({right.sql}, 0.0)"
    if operator is ast.Div:
        return _Value(f"({left.sql} / {safe})", FLOAT)
    # The remainder has the sign of the divisor, as in Python.
    rest = f"({left.sql} % {safe})"
    sign = f"({rest} <> 0 and ({rest} < 0) <> ({right.sql} < 0))"
    return _Value(f"(case when {sign} then {rest} + {right.sql} else {rest} end)", kind)


def _as_number(value: _Value) -> str:
    return f"cast({value.sql} as double)" if value.kind == BOOL else value.sql


def _equal(left: _Value, right: _Value) -> str:
    if NULL in (left.kind, right.kind):
        other = right if left.kind == NULL else left
        return "true" if other.kind == NULL else f"({other.sql} is null)"
    if left.kind in DAYS or right.kind in DAYS:
        return _equal_days(left, right)
    numbers = (*NUMBERS, BOOL)
    if left.kind == right.kind:
        sides = left.sql, right.sql
    elif left.kind in numbers and right.kind in numbers:
        sides = _as_number(left), _as_number(right)
    else:  # of two kinds: the same only where both are missing
        return f"({left.sql} is null and {right.sql} is null)"
    if not right.nullable or not left.nullable:
        test = f"{sides[0]} = {sides[1]}"
        return f"({test})" if not (left.nullable or right.nullable) else f"coalesce({test}, false)"
    return f"({sides[0]} is not distinct from {sides[1]})"


def _equal_days(left: _Value, right: _Value) -> str:
    """One null is unlike everything but null; a text that is no date is unlike every date."""
    both_missing = f"({left.sql} is null and {right.sql} is null)"
    if left.kind == right.kind == TIME:
        return f"({left.sql} is not distinct from {right.sql})"
    first, last = _day(left), _day(right)
    if "null" in (first, last):
        return both_missing
    # In the interpreter a day is never missing here; where the text or the day is, both must be.
    return f"(coalesce({first} = {last}, false) or {both_missing})"


def _ordered(sign: str, left: _Value, right: _Value) -> str:
    if left.kind in (NULL, BOOL) or right.kind == NULL:
        # A day beside yes or no is no day, and yes or no is never on the left.
        return "false"
    if left.kind in DAYS or right.kind in DAYS:
        if left.kind == right.kind == TIME:
            return f"coalesce({left.sql} {sign} {right.sql}, false)"
        first, last = _day(left), _day(right)
        if "null" in (first, last):
            return "false"
        return f"coalesce({first} {sign} {last}, false)"
    if left.kind in NUMBERS and right.kind in (*NUMBERS, BOOL):
        return f"coalesce({left.sql} {sign} {_as_number(right)}, false)"
    if left.kind == right.kind == TEXT:
        return f"coalesce({left.sql} {sign} {right.sql}, false)"
    return "false"
