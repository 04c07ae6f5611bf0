"""Rules over rows and over the batch (行间规则): uniqueness, contradictions, what was in force before."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from yiwang.engines.tabular.door import parquet_list
from yiwang.resources.quality.columns import identifier, kind_of, typed_text
from yiwang.resources.quality.data import Contract, Rule, RuleCount
from yiwang.resources.quality.querying import Asked
from yiwang.resources.quality.rowsql import RowSql

if TYPE_CHECKING:
    import pyarrow as pa


class Groups:
    """Asks a relation about its rows together; each rule gives SQL of the lines that break it."""

    def __init__(
        self, asked: Asked, relation: str, contract: Contract, row: RowSql, previous: Sequence[Path]
    ) -> None:
        self.asked, self.relation, self.contract, self.row = asked, relation, contract, row
        self.previous, self.fields, self.places = previous, row.fields, row.places

    def names(self, rule: Rule) -> tuple[str, ...]:
        """Return the fields that must have a value for a row to be judged."""
        return (*rule.fields, *((rule.that,) if rule.kind == "ACROSS" else ()))

    def lines(self, rule: Rule) -> str | None:
        """Return SQL of the lines that break a rule; "" when none does, None when it judges nothing."""
        if any(name not in self.fields for name in self.names(rule)):
            return None
        return _GROUPS[rule.kind](self, rule)

    def unique(self, rule: Rule) -> str:
        """Rows that share a key and differ; exact copies of one another are landing's to drop."""
        key = ", ".join(identifier(name) for name in rule.fields)
        known = " and ".join(f"{identifier(name)} is not null" for name in rule.fields)
        place = self.places[rule.key]
        hashes = self.hashes_twice(f"select hash({key}) as h from {self.relation} where {known}")
        if hashes is None:
            return ""
        # Only what shares a hash is compared as it is written.
        twice = self.asked.make_of(
            f"twice{place}",
            hashes,
            f"select {key} from {self.relation} where {known} and hash({key}) in (select h from given)"
            f" group by {key} having count(*) > 1",
        )
        same = " and ".join(f"r.{identifier(n)} = t.{identifier(n)}" for n in rule.fields)
        whole = ", ".join(f"r.{identifier(name)}" for name in self.fields)
        keyed = ", ".join(f"r.{identifier(n)} as k{i}" for i, n in enumerate(rule.fields))
        keys = ", ".join(f"k{i}" for i in range(len(rule.fields)))
        rows = self.asked.make(
            f"twins{place}",
            f"select r.line, {keyed}, hash({whole}) as whole"
            f" from {self.relation} r semi join {twice} t on {same}",
        )
        apart = f"select {keys} from {rows} group by {keys} having min(whole) <> max(whole)"
        joined = " and ".join(f"r.k{i} = d.k{i}" for i in range(len(rule.fields)))
        return f"select r.line from {rows} r semi join ({apart}) d on {joined}"

    def hashes_twice(self, sql: str) -> "pa.Table | None":
        """Return the hashes that are there twice (重复摘要): eight bytes a row, sorted, no hash table."""
        import numpy as np  # noqa: PLC0415 - not paid for by web processes
        import pyarrow as pa  # noqa: PLC0415

        batches = [batch.column(0).to_numpy() for batch in self.asked.pieces(sql)]
        if not batches:
            return None
        hashes = np.concatenate(batches)
        del batches
        hashes.sort()
        twice = np.unique(hashes[1:][hashes[1:] == hashes[:-1]])
        return pa.table({"h": twice}) if len(twice) else None

    def across(self, rule: Rule) -> str:
        """Rows of a group that say different things of what follows from it."""
        key = ", ".join(identifier(name) for name in rule.fields)
        follows = identifier(rule.that)
        known = " and ".join(f"{identifier(name)} is not null" for name in self.names(rule))
        apart = (
            f"select {key} from {self.relation} where {known} group by {key}"
            f" having min({follows}) <> max({follows})"
        )
        same = " and ".join(f"r.{identifier(n)} = d.{identifier(n)}" for n in rule.fields)
        return (
            f"select r.line from {self.relation} r semi join ({apart}) d on {same}"
            f" where r.{follows} is not null"
        )

    def over_time(self, rule: Rule) -> str | None:
        """Rows whose value lies before (or, with "same", differs from) that of the feed before."""
        key = self.contract.key
        if not self.previous or not key or any(name not in self.fields for name in key):
            return None
        (name,) = rule.fields
        before = parquet_list(self.previous)
        kinds = {n: k for n, k, *_ in self.asked.rows(f"describe select * from {before}")}
        if name not in kinds or any(n not in kinds for n in key):
            return None
        kind = kind_of(self.fields[name])
        earlier = typed_text(f"p.{identifier(name)}", kind) if kinds[name] == "VARCHAR" else (
            f"p.{identifier(name)}"
        )  # fmt: skip
        shared = self.row.typed(name).replace(identifier(name), f"r.{identifier(name)}")
        same = " and ".join(
            f"cast(r.{identifier(n)} as varchar) = cast(p.{identifier(n)} as varchar)" for n in key
        )
        sign = "<>" if rule.that == "same" else "<"
        return (
            f"select distinct r.line from {self.relation} r join {before} p on {same}"
            f" where {shared} {sign} {earlier}"
        )

    def batch(self, rule: Rule, rows: int, history: Sequence[int], today) -> RuleCount:  # noqa: ANN001
        """Judge the batch as a whole: how many rows, how old the newest."""
        limit = float(rule.that)
        if rule.kind == "VOLUME":
            if not history:
                return RuleCount(rule, 0, 0)
            usual = sorted(history)[len(history) // 2]
            is_off = usual > 0 and abs(rows - usual) / usual > limit
            return RuleCount(rule, 1, int(is_off), f"{rows} / {usual}")
        (name,) = rule.fields
        if name not in self.fields:
            return RuleCount(rule, 0, 0)
        ((newest,),) = self.asked.rows(
            f"select max(cast({self.row.typed(name)} as date)) from {self.relation}"
        )
        if newest is None:
            return RuleCount(rule, 0, 0)
        age = (today - newest).days
        return RuleCount(rule, 1, int(age > limit), newest.isoformat())


_GROUPS: dict[str, Callable[[Groups, Rule], str | None]] = {
    "UNIQUE": Groups.unique,
    "ACROSS": Groups.across,
    "OVER_TIME": Groups.over_time,
}
