"""The check of a batch (契约检查): one scan for all rules about a row, a pass for each about rows."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from yiwang.engines.tabular.door import parquet_list
from yiwang.resources.quality import validators
from yiwang.resources.quality.columns import identifier, kind_of, typed_text
from yiwang.resources.quality.compiling import Operand, condition_compile
from yiwang.resources.quality.data import (
    BATCH_KINDS,
    ROW_KINDS,
    Checked,
    CheckOptions,
    Contract,
    ContractInvalid,
    FieldCount,
    Rule,
    RuleCount,
)
from yiwang.sdk.expressions import ExpressionError

if TYPE_CHECKING:
    import duckdb

BITS = 62
# Codes up to here are looked up in a list beside the row, more in a table of their own.
LISTED = 64
LARGEST = 10**15
NEVER = "null"


@dataclass(slots=True)
class _Bad:
    """SQL of *this row fails*, and the columns that must have a value for it to be judged."""

    rule: Rule
    sql: str
    judged: tuple[str, ...]


class Check:
    def __init__(  # noqa: PLR0917
        self,
        connection: "duckdb.DuckDBPyConnection",
        relation: str,
        contract: Contract,
        references: Mapping[str, Sequence[Path]],
        previous: tuple[Path, ...],
        options: CheckOptions,
    ) -> None:
        self.connection, self.relation, self.contract = connection, relation, contract
        self.references, self.previous, self.options = references, previous, options
        self.prefix = options.prefix
        self.parameters: dict[str, object] = {}
        self.columns = {
            name: kind for name, kind, *_ in self.rows(f"describe select * from {relation}")
        }
        self.fields = {one.name: one for one in contract.fields if one.name in self.columns}
        self.places = {rule.key: place for place, rule in enumerate(contract.rules)}
        # Columns made for each row before the tests; those of a level may use those before it.
        self.levels: tuple[dict[str, str], ...] = ({}, {}, {})

    def rows(self, sql: str, parameters: dict[str, object] | None = None) -> list[tuple]:
        there = set(re.findall(r"\$(\w+)", sql)) if parameters else set()
        used = {name: value for name, value in (parameters or {}).items() if name in there}
        return self.connection.execute(sql, used or None).fetchall()

    def table(self, name: str) -> str:
        return f"{self.prefix}_{name}"

    def make(self, name: str, sql: str, parameters: dict[str, object] | None = None) -> str:
        table = self.table(name)
        self.rows(f"create or replace temp table {table} as {sql}", parameters)
        return table

    # --- how fields are read -----------------------------------------------------------------

    def typed(self, name: str) -> str:
        """Return SQL of a field's value of its type, null when it is none."""
        one, column = self.fields[name], self.columns[name]
        quoted = identifier(name)
        kind = kind_of(one)
        if kind == "TEXT":
            return quoted if column == "VARCHAR" else f"cast({quoted} as varchar)"
        if column == "VARCHAR":
            return typed_text(quoted, kind)
        native = {"INT": "double", "FLOAT": "double", "DATE": "date", "TIME": "timestamp"}
        return f"try_cast({quoted} as {native.get(kind, 'boolean')})"

    def text(self, name: str) -> str:
        quoted = identifier(name)
        return quoted if self.columns[name] == "VARCHAR" else f"cast({quoted} as varchar)"

    def value(self, name: str) -> str:
        """Return the shared column of a field's typed value: computed once a row."""
        sql = self.typed(name)
        if sql == identifier(name):
            return f"b.{sql}"
        return self.share(sql)

    def share(self, sql: str, level: int = 0) -> str:
        made = self.levels[level]
        return "b." + made.setdefault(sql, f"_{level}_{len(made)}")

    def raw(self, name: str) -> str:
        return f"b.{identifier(name)}"

    def present(self, name: str) -> str:
        return f"{self.raw(name)} is not null"

    # --- rules about one row -----------------------------------------------------------------

    def bad(self, rule: Rule) -> _Bad | None:
        """Return the test of a rule about one row, None when it judges nothing here."""
        if any(name not in self.fields for name in rule.fields):
            return None
        return _TESTS[rule.kind](self, rule)

    def type_bad(self, rule: Rule) -> _Bad:
        (name,) = rule.fields
        value = self.value(name)
        sql = f"{self.present(name)} and {value} is null"
        if kind_of(self.fields[name]) in ("INT", "FLOAT") and self.columns[name] != "VARCHAR":
            sql = f"({sql}) or abs({value}) >= {LARGEST}"
        return _Bad(rule, "false" if value == self.raw(name) else sql, (self.raw(name),))

    def length_bad(self, rule: Rule) -> _Bad:
        (name,) = rule.fields
        limit, value = self.fields[name].length, self.value(name)
        # Bytes are counted much faster than characters, and are never fewer.
        sql = f"case when strlen({value}) > {limit} then length({value}) > {limit} else false end"
        return _Bad(rule, sql if limit else "false", (value,))

    def required_bad(self, rule: Rule) -> _Bad:
        (name,) = rule.fields
        return _Bad(rule, f"b.{identifier(name)} is null", ())

    def code_bad(self, rule: Rule) -> _Bad | None:
        (name,) = rule.fields
        if rule.codes is None:
            return None
        place = self.places[rule.key]
        text = self.text_value(name)
        if len(rule.codes) <= LISTED:
            keys = ", ".join(f"$code{place}_{number}" for number, _ in enumerate(rule.codes))
            self.parameters |= {f"code{place}_{n}": code for n, code in enumerate(rule.codes)}
            found = f"map {{{', '.join(f'{key}: true' for key in keys.split(', '))}}}[{text}]"
            sql = f"{found} is null" if rule.codes else "true"
        else:
            table = self.keys_table(f"codes{place}", rule.codes)
            sql = f"{text} not in (select value from {table})"
        return _Bad(rule, f"{self.present(name)} and {sql}", (self.raw(name),))

    def text_value(self, name: str) -> str:
        sql = self.text(name)
        return f"b.{sql}" if sql == identifier(name) else self.share(sql)

    def keys_table(self, name: str, values: Iterable[str]) -> str:
        return self.make(
            name, "select distinct unnest(cast($values as varchar[])) as value",
            {"values": list(values)},
        )  # fmt: skip

    def valid_bad(self, rule: Rule) -> _Bad:
        today, name = self.options.today, rule.fields[0]
        text = self.text_value(name)
        if rule.that in validators.DISTINCT:
            table = self.distinct_bad(rule, name)
            return _Bad(rule, f"{text} in (select value from {table})", (self.raw(name),))
        if rule.that in ("mobile", "phone"):
            holds = validators.mobile_holds if rule.that == "mobile" else validators.phone_holds
            sql = f"{self.present(name)} and not {holds(text)}"
            return _Bad(rule, sql, (self.raw(name),))
        values = tuple(map(self.value, rule.fields))
        if rule.that == "past":
            return _Bad(rule, f"{values[0]} > date '{today:%Y-%m-%d}'", values)
        if rule.that == "period":
            return _Bad(rule, f"{values[0]} > {values[1]}", values)
        digits = self.share(validators.id_number_digits(self.text(name)))
        n = self.share(validators.id_number_whole(text, digits), 1)
        if rule.that == "id_number":
            rest = self.share(validators.id_number_rest(n), 2)
            holds = validators.id_number_holds(text, digits, n, rest, today=today)
            sql = f"{self.present(name)} and not coalesce({holds}, false)"
            return _Bad(rule, sql, (self.raw(name),))
        return _Bad(rule, self.id_part_bad(rule, n), (n, values[1]))

    def id_part_bad(self, rule: Rule, n: str) -> str:
        """Judge only where there are 18 digits; whether they hold is another rule's matter."""
        other = rule.fields[1]
        if rule.that == "id_number_sex":
            male = f"({n} // 10 % 2 = 1)"
            return (
                f"case {self.text_value(other)} when '1' then not {male} when '2' then {male} end"
            )
        day = self.typed(other)
        number = self.share(f"(year({day}) * 10000 + month({day}) * 100 + day({day}))")
        return f"{n} // 10000 % 100000000 <> {number}"

    def distinct_bad(self, rule: Rule, name: str) -> str:
        """Check each value once, with NumPy, and keep the bad ones (去重校验)."""
        text = self.text(name)
        check = validators.BY_DISTINCT[rule.that]
        table = self.table(f"bad{self.places[rule.key]}")
        self.rows(f"create or replace temp table {table} (value varchar)")
        reader = self.connection.sql(
            f"select distinct {text} as value from {self.relation} where {text} is not null"
        ).to_arrow_reader(500_000)
        found: list[str] = []
        for batch in reader:
            values = batch.column(0).to_pylist()
            found += [
                value for value, holds in zip(values, check(values), strict=True) if not holds
            ]
        if found:
            self.rows(
                f"insert into {table} select unnest(cast($values as varchar[]))", {"values": found}
            )
        return table

    def row_bad(self, rule: Rule) -> _Bad:
        operands = {
            name: Operand(kind_of(one), self.value(name)) for name, one in self.fields.items()
            if _mentions(rule.that, name)
        }  # fmt: skip
        place = self.places[rule.key]
        try:
            compiled = condition_compile(
                rule.that, operands, today=self.options.today, prefix=f"r{place}_"
            )
        except ExpressionError:
            return _Bad(rule, "false", (NEVER,))  # a column that did not come: told as missing
        self.parameters |= compiled.parameters
        if rule.judges_empty:
            return _Bad(rule, f"not {compiled.sql}", ())
        values = tuple(operands[name].sql for name in compiled.fields)
        known = "".join(f"{value} is not null and " for value in values)
        return _Bad(rule, f"{known}not {compiled.sql}", values)

    def reference_bad(self, rule: Rule) -> _Bad | None:
        code, _, field = rule.that.rpartition(".")
        paths = self.references.get(code)
        if not paths:
            return None
        table = self.make(
            f"refs{self.places[rule.key]}",
            f"select distinct cast({identifier(field)} as varchar) as value"
            f" from {parquet_list(paths)} where {identifier(field)} is not null",
        )
        (name,) = rule.fields
        text = self.text_value(name)
        return _Bad(
            rule,
            f"{self.present(name)} and {text} not in (select value from {table})",
            (self.raw(name),),
        )

    # --- the scan ----------------------------------------------------------------------------

    def run(self) -> Checked:
        tests = [
            test
            for rule in self.contract.rules
            if rule.kind in ROW_KINDS and (test := self.bad(rule)) is not None
        ]
        counted = self.scan(tests)
        marks = self.reasons(tests)
        counts = {test.rule.key: counted[test.judged] for test in tests}
        failed = dict.fromkeys(counts, 0) | self.failures(tests)
        extra = self.groups(counts, failed)
        table, rejected, warned = self.merged(marks, extra)
        rows = counted[()]
        results = []
        for rule in self.contract.rules:
            if rule.kind in BATCH_KINDS:
                results.append(self.batch_rule(rule, rows))
            else:
                results.append(RuleCount(rule, counts.get(rule.key, 0), failed.get(rule.key, 0)))
        return self.checked(table, rows, rejected, warned, results, counted)

    def checked(
        self, table: str, rows: int, rejected: int, warned: int,
        results: list[RuleCount], counted: dict[tuple[str, ...], int],
    ) -> Checked:  # fmt: skip
        missing = tuple(one.name for one in self.contract.fields if one.name not in self.columns)
        names = {one.name for one in self.contract.fields} | {"line"}
        stops = [one.rule.key for one in results if one.is_stopping]
        if rows and rejected / rows > self.contract.reject_share:
            stops.append("reject_share")
        if set(missing) & set(self.contract.key):
            stops.append("columns")
        typed = {one.rule.fields[0]: one.failed for one in results if one.rule.kind == "TYPE"}
        return Checked(
            table=table,
            rows=rows,
            rejected=rejected,
            warned=warned,
            counts=tuple(results),
            fields=tuple(
                FieldCount(name, filled, filled - typed.get(name, 0))
                for name in self.fields
                for filled in (counted[self.raw(name),],)
            ),
            missing=missing,
            extra=tuple(name for name in self.columns if name not in names),
            stops=tuple(stops),
        )

    def scan(self, tests: Sequence[_Bad]) -> dict[tuple[str, ...], int]:
        """Read the rows once: counts of values, and line and bits of each row with a fault."""
        groups = list(
            dict.fromkeys(
                [(), *((self.raw(name),) for name in self.fields), *(one.judged for one in tests)]
            )
        )
        marks = self.table("marks")
        words = [tests[at : at + BITS] for at in range(0, len(tests), BITS)] or [[]]
        kept = "".join(f", m{number} bigint" for number in range(len(words)))
        self.rows(f"create or replace temp table {marks} (line bigint{kept})")
        totals = dict.fromkeys(groups, 0)
        for where in self.slices():
            self.scan_slice(words, groups, marks, where, totals)
        return totals

    def slices(self) -> list[str]:
        """Split by line, so that bad rows gathered at once stay within memory."""
        if "line" not in self.columns:
            raise ContractInvalid("line", "the relation has no column line.")
        ((least, most),) = self.rows(f"select min(line), max(line) from {self.relation}")
        step = self.options.rows_at_once
        if least is None or most - least < step:
            return [""]
        return [
            f" where line >= {start} and line < {start + step}"
            for start in range(least, most + 1, step)
        ]

    def scan_slice(
        self, words: list[Sequence[_Bad]], groups: list[tuple[str, ...]],
        marks: str, where: str, totals: dict[tuple[str, ...], int],
    ) -> None:  # fmt: skip
        # The tests are columns of their own: so each is computed for a whole vector at once, and
        # only rows with a fault are packed.
        columns, masks = [], []
        for number, word in enumerate(words):
            bits = []
            for bit, test in enumerate(word):
                columns.append(f"{test.sql} as _t{number}_{bit}")
                bits.append(f"case when b._t{number}_{bit} then {1 << bit} else 0 end")
            masks.append(f"cast({' | '.join(bits) or '0'} as bigint) as m{number}")
        tested = "".join(f", {column}" for column in columns)
        any_bad = " or ".join("b." + column.rpartition(" as ")[2] for column in columns) or "false"
        fields = "".join(f", {identifier(name)}" for name in self.fields)
        counts = ", ".join(f"{_count(group)} as n{number}" for number, group in enumerate(groups))
        base = f"(select line{fields}{_made(self.levels[0])} from {self.relation}{where}) b"
        for level in self.levels[1:]:
            base = f"(select b.*{_made(level)} from {base}) b" if level else base
        base = f"(select b.*{tested} from {base}) b"
        found = (
            f"case when {any_bad} then struct_pack(line := line, {', '.join(_packed(masks))}) end"
        )
        one = self.make(
            "found",
            f"select {counts}, list(bad) filter (where bad is not null) as bad"
            f" from (select b.*, {found} as bad from {base}) b",
            self.parameters,
        )
        ((*values,),) = self.rows(
            f"select {', '.join(f'n{number}' for number in range(len(groups)))} from {one}"
        )
        for group, value in zip(groups, values, strict=True):
            totals[group] += value
        self.rows(f"insert into {marks} select bad.* from (select unnest(bad) as bad from {one})")
        self.rows(f"drop table {one}")

    def failures(self, tests: Sequence[_Bad]) -> dict[str, int]:
        marks = self.table("marks")
        failed: dict[str, int] = {}
        for number, at in enumerate(range(0, len(tests), BITS)):
            for mask, count in self.rows(f"select m{number}, count(*) from {marks} group by all"):
                for bit, test in enumerate(tests[at : at + BITS]):
                    if mask >> bit & 1:
                        failed[test.rule.key] = failed.get(test.rule.key, 0) + count
        return failed

    def reasons(self, tests: Sequence[_Bad]) -> str:
        """Say for each set of bits once which places of rules it stands for."""
        marks, words = self.table("marks"), range(max(1, -(-len(tests) // BITS)))
        columns = ", ".join(f"m{number}" for number in words)
        table = self.table("masks")
        kinds = "".join(f"m{number} bigint, " for number in words)
        self.rows(f"create or replace temp table {table} ({kinds}places smallint[])")
        found = self.rows(f"select distinct {columns} from {marks}")
        rows = []
        for masks in found:
            places = [
                self.places[test.rule.key]
                for index, test in enumerate(tests)
                if masks[index // BITS] >> (index % BITS) & 1
            ]
            rows.append((*masks, places))
        if rows:
            holders = ", ".join("?" for _ in rows[0])
            self.connection.executemany(f"insert into {table} values ({holders})", rows)
        return table

    # --- rules over rows ---------------------------------------------------------------------

    def groups(self, counts: dict[str, int], failed: dict[str, int]) -> str:
        extra = self.table("extra")
        self.rows(f"create or replace temp table {extra} (line bigint, place smallint)")
        for rule in self.contract.rules:
            names = (*rule.fields, *((rule.that,) if rule.kind == "ACROSS" else ()))
            if rule.kind not in _GROUPS or any(name not in self.fields for name in names):
                continue
            sql = _GROUPS[rule.kind](self, rule)
            if sql is None:
                continue
            place = self.places[rule.key]
            known = " and ".join(f"{identifier(name)} is not null" for name in names)
            ((counts[rule.key],),) = self.rows(
                f"select count(*) from {self.relation} where {known}"
            )
            self.rows(f"insert into {extra} select line, {place} from ({sql})")
            ((failed[rule.key],),) = self.rows(
                f"select count(*) from {extra} where place = {place}"
            )
        return extra

    def unique_lines(self, rule: Rule) -> str | None:
        """Rows that share a key and differ; exact copies of one another are landing's to drop."""
        key = ", ".join(identifier(name) for name in rule.fields)
        known = " and ".join(f"{identifier(name)} is not null" for name in rule.fields)
        place = self.places[rule.key]
        twice = self.make(
            f"twice{place}",
            f"select {key} from {self.relation} where {known} group by {key} having count(*) > 1",
        )
        if self.rows(f"select count(*) from {twice}") == [(0,)]:
            return f"select line from {self.relation} where false"
        same = " and ".join(f"r.{identifier(n)} = t.{identifier(n)}" for n in rule.fields)
        whole = ", ".join(f"r.{identifier(name)}" for name in self.fields)
        keyed = ", ".join(f"r.{identifier(n)} as k{i}" for i, n in enumerate(rule.fields))
        keys = ", ".join(f"k{i}" for i in range(len(rule.fields)))
        rows = self.make(
            f"twins{place}",
            f"select r.line, {keyed}, hash({whole}) as whole"
            f" from {self.relation} r semi join {twice} t on {same}",
        )
        apart = f"select {keys} from {rows} group by {keys} having min(whole) <> max(whole)"
        joined = " and ".join(f"r.k{i} = d.k{i}" for i in range(len(rule.fields)))
        return f"select r.line from {rows} r semi join ({apart}) d on {joined}"

    def across_lines(self, rule: Rule) -> str:
        key = ", ".join(identifier(name) for name in rule.fields)
        follows = identifier(rule.that)
        known = " and ".join(
            f"{identifier(name)} is not null" for name in (*rule.fields, rule.that)
        )
        apart = (
            f"select {key} from {self.relation} where {known} group by {key}"
            f" having min({follows}) <> max({follows})"
        )
        same = " and ".join(f"r.{identifier(n)} = d.{identifier(n)}" for n in rule.fields)
        return (
            f"select r.line from {self.relation} r semi join ({apart}) d on {same}"
            f" where r.{follows} is not null"
        )

    def over_time_lines(self, rule: Rule) -> str | None:
        """Rows whose value lies before (or, with "same", differs from) that of the feed before."""
        key = self.contract.key
        if not self.previous or not key or any(name not in self.fields for name in key):
            return None
        (name,) = rule.fields
        before = parquet_list(self.previous)
        kinds = {n: k for n, k, *_ in self.rows(f"describe select * from {before}")}
        if name not in kinds or any(n not in kinds for n in key):
            return None
        kind = kind_of(self.fields[name])
        earlier = typed_text(f"p.{identifier(name)}", kind) if kinds[name] == "VARCHAR" else (
            f"p.{identifier(name)}"
        )  # fmt: skip
        shared = self.typed(name).replace(identifier(name), f"r.{identifier(name)}")
        same = " and ".join(
            f"cast(r.{identifier(n)} as varchar) = cast(p.{identifier(n)} as varchar)" for n in key
        )
        sign = "<>" if rule.that == "same" else "<"
        return (
            f"select distinct r.line from {self.relation} r join {before} p on {same}"
            f" where {shared} {sign} {earlier}"
        )

    def batch_rule(self, rule: Rule, rows: int) -> RuleCount:
        limit = float(rule.that)
        if rule.kind == "VOLUME":
            history = sorted(self.options.history)
            if not history:
                return RuleCount(rule, 0, 0)
            usual = history[len(history) // 2]
            is_off = usual > 0 and abs(rows - usual) / usual > limit
            return RuleCount(rule, 1, int(is_off), f"{rows} / {usual}")
        (name,) = rule.fields
        if name not in self.fields:
            return RuleCount(rule, 0, 0)
        ((newest,),) = self.rows(
            f"select max(cast({self.typed(name)} as date)) from {self.relation}"
        )
        if newest is None:
            return RuleCount(rule, 0, 0)
        age = (self.options.today - newest).days
        return RuleCount(rule, 1, int(age > limit), newest.isoformat())

    def merged(self, masks: str, extra: str) -> tuple[str, int, int]:
        """Put all reasons of a line together: keys in the contract's order."""
        marks, rules = self.table("marks"), self.table("rules")
        self.rows(
            f"create or replace temp table {rules} (place smallint, key varchar, rejects boolean)"
        )
        rows = [
            (place, rule.key, rule.action == "REJECT")
            for place, rule in enumerate(self.contract.rules)
        ]
        if rows:
            self.connection.executemany(f"insert into {rules} values (?, ?, ?)", rows)
        on = " and ".join(
            f"m.{name} = k.{name}"
            for name, *_ in self.rows(f"describe {masks}") if name.startswith("m")
        )  # fmt: skip
        ((more,),) = self.rows(f"select count(*) from {extra}")
        if not more:
            said = (
                f"select k.*, list(r.key order by r.place) as reasons, bool_or(r.rejects) as rejected"
                f" from {masks} k, {rules} r where list_contains(k.places, r.place) group by all"
            )
            sql = f"select m.line, k.reasons, k.rejected from {marks} m join ({said}) k on {on}"
        else:
            told = (
                f"select m.line, unnest(k.places) as place from {marks} m join {masks} k on {on}"
                f" union all select line, place from {extra}"
            )
            sql = (
                "select line, list(key order by place) as reasons, bool_or(rejects) as rejected"
                f" from ({told}) join {rules} using (place) group by line"
            )
        table = self.make("faults", sql)
        ((rejected, warned),) = self.rows(
            f"select count(*) filter (where rejected), count(*) filter (where not rejected) from {table}"
        )
        return table, rejected, warned


_TESTS = {
    "TYPE": Check.type_bad,
    "LENGTH": Check.length_bad,
    "REQUIRED": Check.required_bad,
    "CODE": Check.code_bad,
    "VALID": Check.valid_bad,
    "ROW": Check.row_bad,
    "REFERENCE": Check.reference_bad,
}
_GROUPS = {
    "UNIQUE": Check.unique_lines,
    "ACROSS": Check.across_lines,
    "OVER_TIME": Check.over_time_lines,
}


def _mentions(text: str, name: str) -> bool:
    return name in text


def _count(group: tuple[str, ...]) -> str:
    if len(group) < 2:
        return f"count({group[0]})" if group else "count(*)"
    known = " and ".join(f"{column} is not null" for column in group)
    return f"count(*) filter (where {known})"


def _made(level: Mapping[str, str]) -> str:
    return "".join(f", {sql} as {name}" for sql, name in level.items())


def _packed(masks: Sequence[str]) -> list[str]:
    return [f"{name} := {sql}" for sql, _, name in (mask.rpartition(" as ") for mask in masks)]
