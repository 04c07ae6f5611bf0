"""Tests of one row as SQL (行内规则编译): what `judging` has no columns for, in one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from yiwang.engines.tabular.door import parquet_list
from yiwang.resources.quality.columns import identifier, kind_of, typed_text
from yiwang.resources.quality.compiling import Operand, condition_compile
from yiwang.resources.quality.data import CheckOptions, Contract, ContractInvalid, Rule
from yiwang.resources.quality.querying import Asked
from yiwang.sdk.expressions import ExpressionError

if TYPE_CHECKING:
    import pyarrow as pa

BITS = 62
LARGEST = 10**15
NEVER = "null"


@dataclass(slots=True)
class Bad:
    """SQL of *this row fails*, and the columns that must have a value for it to be judged."""

    rule: Rule
    sql: str
    judged: tuple[str, ...]


class RowSql:
    """Compiles tests over a relation and scans it with them.

    places: the number of each rule among all, by its key: the bit it sets.
    """

    def __init__(
        self, asked: Asked, relation: str, contract: Contract,
        references: Mapping[str, Sequence[Path]], options: CheckOptions,
    ) -> None:  # fmt: skip
        self.asked, self.relation, self.references, self.options = (
            asked, relation, references, options,
        )  # fmt: skip
        self.columns = asked.columns
        self.fields = {one.name: one for one in contract.fields if one.name in self.columns}
        self.places = {rule.key: place for place, rule in enumerate(contract.rules)}
        self.parameters: dict[str, object] = {}
        # Columns made for each row before the tests.
        self.made: dict[str, str] = {}

    # --- how fields are read -----------------------------------------------------------------

    def typed(self, name: str) -> str:
        """Return SQL of a field's value of its type, null when it is none."""
        one, column = self.fields[name], self.columns[name]
        quoted = identifier(name)
        kind = kind_of(one)
        if kind == "TEXT":
            return self.text(name)
        if column == "VARCHAR":
            return typed_text(quoted, kind)
        native = {"INT": "double", "FLOAT": "double", "DATE": "date", "TIME": "timestamp"}
        return f"try_cast({quoted} as {native.get(kind, 'boolean')})"

    def text(self, name: str) -> str:
        quoted = identifier(name)
        return quoted if self.columns[name] == "VARCHAR" else f"cast({quoted} as varchar)"

    def value(self, name: str) -> str:
        """Return the shared column of a field's typed value: computed once a row."""
        return self.share(self.typed(name))

    def share(self, sql: str) -> str:
        if sql in map(identifier, self.fields):
            return f"b.{sql}"
        return "b." + self.made.setdefault(sql, f"_{len(self.made)}")

    def raw(self, name: str) -> str:
        return f"b.{identifier(name)}"

    # --- kinds of rules ----------------------------------------------------------------------

    def test(self, rule: Rule) -> Bad | None:
        """Return the test of a rule, None when it judges nothing here."""
        if any(name not in self.fields for name in rule.fields):
            return None
        tests = {
            "TYPE": self.type_bad, "VALID": self.valid_bad, "ROW": self.row_bad,
            "REFERENCE": self.reference_bad,
        }  # fmt: skip
        return tests[rule.kind](rule) if rule.kind in tests else None

    def type_bad(self, rule: Rule) -> Bad:
        (name,) = rule.fields
        value = self.value(name)
        sql = f"{self.raw(name)} is not null and {value} is null"
        if kind_of(self.fields[name]) in ("INT", "FLOAT") and self.columns[name] != "VARCHAR":
            sql = f"({sql}) or abs({value}) >= {LARGEST}"
        return Bad(rule, "false" if value == self.raw(name) else sql, (self.raw(name),))

    def valid_bad(self, rule: Rule) -> Bad:
        """Compare moments; days and texts are never asked for here."""
        values = tuple(map(self.value, rule.fields))
        if rule.that == "past":
            return Bad(rule, f"{values[0]} > date '{self.options.today:%Y-%m-%d}'", values)
        return Bad(rule, f"{values[0]} > {values[1]}", values)

    def row_bad(self, rule: Rule) -> Bad:
        operands = {
            name: Operand(kind_of(one), self.value(name)) for name, one in self.fields.items()
            if name in rule.that
        }  # fmt: skip
        prefix = f"r{self.places[rule.key]}_"
        try:
            compiled = condition_compile(
                rule.that, operands, today=self.options.today, prefix=prefix
            )
        except ExpressionError:
            return Bad(rule, "false", (NEVER,))  # a column that did not come: told as missing
        self.parameters |= compiled.parameters
        if rule.judges_empty:
            return Bad(rule, f"not {compiled.sql}", ())
        values = tuple(operands[name].sql for name in compiled.fields)
        known = "".join(f"{value} is not null and " for value in values)
        return Bad(rule, f"{known}not {compiled.sql}", values)

    def reference_bad(self, rule: Rule) -> Bad | None:
        code, _, field = rule.that.rpartition(".")
        paths = self.references.get(code)
        if not paths:
            return None
        table = self.asked.make(
            f"refs{self.places[rule.key]}",
            f"select distinct cast({identifier(field)} as varchar) as value"
            f" from {parquet_list(paths)} where {identifier(field)} is not null",
        )
        (name,) = rule.fields
        there = f"{self.share(self.text(name))} in (select value from {table})"
        return Bad(rule, f"{self.raw(name)} is not null and not {there}", (self.raw(name),))

    # --- the scan ----------------------------------------------------------------------------

    def scan(
        self, tests: Sequence[Bad], *, rows: int, words: int
    ) -> tuple[dict[tuple[str, ...], int], list["pa.Table"]]:
        """Read the rows once: counts of values by what is judged, and line and bits of bad rows."""
        groups = list(dict.fromkeys(one.judged for one in tests))
        totals, found = dict.fromkeys(groups, 0), []
        for where in self.slices(rows):
            bad = self.scan_slice(tests, groups, where, totals, words)
            if bad is not None:
                found.append(bad)
        return totals, found

    def slices(self, rows: int) -> list[str]:
        """Split by line, so that bad rows gathered at once stay within memory."""
        step = self.options.rows_at_once
        if rows <= step:
            return [""]
        ((least, most),) = self.asked.rows(f"select min(line), max(line) from {self.relation}")
        return [
            f" where line >= {start} and line < {start + step}"
            for start in range(least, most + 1, step)
        ]

    def scan_slice(
        self, tests: Sequence[Bad], groups: list[tuple[str, ...]], where: str,
        totals: dict[tuple[str, ...], int], words: int,
    ) -> "pa.Table | None":  # fmt: skip
        # The tests are columns of their own: so each is computed for a whole vector at once, and
        # only rows with a fault are packed.
        tested = "".join(f", {test.sql} as _t{number}" for number, test in enumerate(tests))
        any_bad = " or ".join(f"b._t{number}" for number, _test in enumerate(tests))
        packed = ", ".join(f"m{word} := {self.mask(tests, word)}" for word in range(words))
        fields = "".join(f", {identifier(name)}" for name in self.fields if name != "line")
        made = "".join(f", {sql} as {name}" for sql, name in self.made.items())
        counts = ", ".join(f"{_count(group)} as n{number}" for number, group in enumerate(groups))
        base = f"(select line{fields}{made} from {self.relation}{where}) b"
        sql = (
            f"select {counts}, list(bad) filter (where bad is not null) as bad from"
            f" (select b.*, case when {any_bad} then struct_pack(line := line::bigint, {packed}) end"
            f" as bad from (select b.*{tested} from {base}) b) b"
        )
        one = self.asked.arrow(sql, self.parameters)
        for number, group in enumerate(groups):
            totals[group] += one.column(number)[0].as_py()
        bad = one.column(len(groups)).combine_chunks().flatten()
        if not len(bad):
            return None
        import pyarrow as pa  # noqa: PLC0415 - not paid for by web processes

        return pa.Table.from_batches([pa.RecordBatch.from_struct_array(bad)])

    def mask(self, tests: Sequence[Bad], word: int) -> str:
        bits = [
            f"case when b._t{number} then {1 << place % BITS} else 0 end"
            for number, test in enumerate(tests)
            if (place := self.places[test.rule.key]) // BITS == word
        ]
        return f"cast({' | '.join(bits) or '0'} as bigint)"


def lines_check(columns: Mapping[str, str]) -> None:
    """Raise ContractInvalid for a relation whose rows cannot be told apart (缺少行号)."""
    if "line" not in columns:
        raise ContractInvalid("line", "the relation has no column line.")


def _count(group: tuple[str, ...]) -> str:
    if len(group) < 2:
        return f"count({group[0]})" if group else "count(*)"
    known = " and ".join(f"{column} is not null" for column in group)
    return f"count(*) filter (where {known})"
