"""Conditions over columns (条件向量化): comparisons of days and of texts with what is written out.

The answers are those of `compiling.condition_compile`, which has the rest: what is not here gives None.
"""

import ast
from collections.abc import Callable, Mapping
from datetime import date
from typing import Protocol

import numpy as np

from yiwang.resources.quality.batches import Piece
from yiwang.resources.quality.columns import kind_of
from yiwang.resources.quality.data import ContractField
from yiwang.sdk import expressions

Holds = Callable[[Piece], np.ndarray]
_ORDERS = {ast.Lt: np.less, ast.LtE: np.less_equal, ast.Gt: np.greater, ast.GtE: np.greater_equal}
_EQUALS = (ast.Eq, ast.NotEq)


class Reading(Protocol):
    """How the fields of a delivery are read: see `judging.Judge`."""

    fields: Mapping[str, ContractField]
    columns: Mapping[str, str]
    today: date

    def is_day(self, name: str) -> bool: ...

    def known(self, piece: Piece, name: str) -> np.ndarray | None: ...


class _Other(Exception):
    """This condition is for SQL."""


def condition_vector(text: str, judge: Reading) -> tuple[Holds, tuple[str, ...]] | None:
    """Return what tells of each row whether a condition holds, and the fields it reads; None for SQL."""
    try:
        reader = _Reader(judge)
        return reader.truth(expressions._Compiler(text).parse()), tuple(reader.read)
    except (_Other, expressions.ExpressionError):
        return None


class _Reader:
    def __init__(self, judge: Reading) -> None:
        self.judge = judge
        self.read: dict[str, None] = {}

    def truth(self, node: ast.AST) -> Holds:
        if isinstance(node, ast.BoolOp):
            parts = [self.truth(part) for part in node.values]
            joined = np.logical_or if isinstance(node.op, ast.Or) else np.logical_and
            return lambda piece: joined.reduce([part(piece) for part in parts])
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            inner = self.truth(node.operand)
            return lambda piece: ~inner(piece)
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            return self.comparison(node.left, node.ops[0], node.comparators[0])
        raise _Other

    def comparison(self, left: ast.AST, operator: ast.cmpop, right: ast.AST) -> Holds:
        one, other = self.operand(left), self.operand(right)
        if type(operator) in _ORDERS:
            return self.ordered(_ORDERS[type(operator)], one, other)
        if isinstance(operator, _EQUALS):
            if one[0] not in ("DAYS", "TEXT"):
                one, other = other, one
            found = self.equal(one, other)
            return found if isinstance(operator, ast.Eq) else lambda piece: ~found(piece)
        if one[0] == "TEXT" and other[0] == "LIST":
            tests = [self.equal(one, item) for item in other[1]]
            if not tests:
                raise _Other
            is_in = isinstance(operator, ast.In)
            return lambda piece: np.logical_or.reduce([test(piece) for test in tests]) == is_in
        raise _Other

    def operand(self, node: ast.AST) -> tuple[str, object]:
        """Return what a side is: DAYS or TEXT with the field, DAY, WRITTEN, NONE, LIST."""
        if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, str)):
            return ("NONE", None) if node.value is None else ("WRITTEN", node.value)
        if isinstance(node, ast.List | ast.Tuple):
            return "LIST", [self.operand(item) for item in node.elts]
        if isinstance(node, ast.Call):
            return "DAY", self.called(node)
        name = _field(node)
        if isinstance(node, ast.Name) and name in expressions._CONSTANTS:
            return self.operand(ast.Constant(expressions._CONSTANTS[name]))
        if isinstance(node, ast.Name) and name == "today" and name not in self.judge.fields:
            return "DAY", _number(self.judge.today)
        if name not in self.judge.fields:
            raise _Other
        self.read.setdefault(name)
        if self.judge.is_day(name):
            return "DAYS", name
        if kind_of(self.judge.fields[name]) != "TEXT" or self.judge.columns[name] != "VARCHAR":
            raise _Other
        return "TEXT", name

    def called(self, node: ast.Call) -> int:
        is_date = isinstance(node.func, ast.Name) and node.func.id == "date"
        if not is_date or len(node.args) != 1 or not isinstance(node.args[0], ast.Constant):
            raise _Other
        return _written(node.args[0].value)

    def days(self, side: tuple[str, object]) -> Callable[[Piece], tuple]:
        """Return what gives days and which of them are there."""
        if side[0] == "DAYS":
            return lambda piece: piece.days(side[1])
        if side[0] in ("DAY", "WRITTEN"):
            day = side[1] if side[0] == "DAY" else _written(side[1])
            return lambda _piece: (np.int32(day), None)
        raise _Other

    def ordered(self, order: np.ufunc, one: tuple, other: tuple) -> Holds:
        if "DAYS" not in (one[0], other[0]):
            raise _Other
        left, right = self.days(one), self.days(other)

        def holds(piece: Piece) -> np.ndarray:
            (begins, known), (ends, also) = left(piece), right(piece)
            found = order(begins, ends)
            for there in (known, also):
                found = found if there is None else found & there
            return found

        return holds

    def equal(self, one: tuple, other: tuple) -> Holds:
        if one[0] == "TEXT" and other[0] == "WRITTEN":
            return lambda piece: piece.column(one[1]).equals(other[1])
        if one[0] in ("TEXT", "DAYS") and other[0] == "NONE":
            return lambda piece: _absent(self.judge.known(piece, one[1]), piece.count)
        if one[0] == "DAYS" and other[0] in ("DAY", "WRITTEN"):
            return self.ordered(np.equal, one, other)
        raise _Other


def _field(node: ast.AST) -> str:
    """Return the field a node reads: its name, row.name or row["name"]."""
    if isinstance(node, ast.Name):
        return node.id
    is_row = isinstance(getattr(node, "value", None), ast.Name) and node.value.id == "row"  # type: ignore[attr-defined]
    if is_row and isinstance(node, ast.Attribute):
        return node.attr
    index = node.slice if is_row and isinstance(node, ast.Subscript) else None
    if isinstance(index, ast.Constant) and isinstance(index.value, str):
        return index.value
    raise _Other


def _written(text: object) -> int:
    day = expressions.as_date(text) if isinstance(text, str) else None
    if day is None or day.year <= 999:
        raise _Other
    return _number(day)


def _number(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def _absent(known: np.ndarray | None, count: int) -> np.ndarray:
    return np.zeros(count, np.bool_) if known is None else ~known
