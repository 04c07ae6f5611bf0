"""The check of a batch (契约检查): one pass for all rules about a row, a pass for each about rows."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from yiwang.resources.quality.data import (
    BATCH_KINDS,
    ROW_KINDS,
    SET_KINDS,
    Checked,
    CheckOptions,
    Contract,
    FieldCount,
    Rule,
    RuleCount,
)
from yiwang.resources.quality.grouping import Groups
from yiwang.resources.quality.querying import Asked
from yiwang.resources.quality.rowsql import BITS, Bad, RowSql, lines_check

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from yiwang.resources.quality.judging import Judge, Test
    from yiwang.resources.quality.scanning import Scan


class Check:
    """One check of one relation; `run` once."""

    def __init__(  # noqa: PLR0917
        self,
        connection: "duckdb.DuckDBPyConnection",
        relation: str,
        contract: Contract,
        references: Mapping[str, Sequence[Path]],
        previous: tuple[Path, ...],
        options: CheckOptions,
    ) -> None:
        self.relation, self.contract, self.options = relation, contract, options
        self.asked = Asked(connection, relation, options.prefix)
        lines_check(self.asked.columns)
        self.row = RowSql(self.asked, relation, contract, references, options)
        self.group = Groups(self.asked, relation, contract, self.row, previous)
        self.fields, self.places = self.row.fields, self.row.places
        # Words of bits, one bit for each rule; an empty contract has one word all the same.
        self.words = max(1, -(-len(contract.rules) // BITS))
        self.judged: dict[str, int] = {}

    def run(self) -> Checked:
        """Check every row against every rule."""
        from yiwang.resources.quality.judging import Judge  # noqa: PLC0415 - not for web processes

        judge = Judge(self.fields, self.asked.columns, self.options.today)
        tests, slow = self.tests(judge)
        groups = self.groups(tests)
        scan = self.scan(judge, tests)
        keys = [rule.key for rule in self.contract.rules]
        self.judged |= {keys[place]: count for place, count in scan.judged.items()}
        parts = [part for part in (scan.table(), *groups) if part is not None]
        if slow:
            totals, found = self.row.scan(slow, rows=scan.rows, words=self.words)
            self.judged |= {test.rule.key: totals[test.judged] for test in slow}
            parts += found
        return self.checked(scan, parts)

    def tests(self, judge: "Judge") -> tuple[dict[int, "Test"], list[Bad]]:
        """Return the tests over columns by the rule's place, and those that DuckDB is asked for."""
        quick: dict[int, Test] = {}
        slow: list[Bad] = []
        for place, rule in enumerate(self.contract.rules):
            if rule.kind not in ROW_KINDS:
                continue
            if (test := judge.test(rule)) is not None:
                quick[place] = test
            elif (bad := self.row.test(rule)) is not None:
                slow.append(bad)
        return quick, slow

    def groups(self, tests: dict[int, "Test"]) -> list["pa.Table"]:
        """Ask for the lines that break rules over rows; how many are judged is counted in the scan."""
        from yiwang.resources.quality.judging import known_count  # noqa: PLC0415

        found = []
        for place, rule in enumerate(self.contract.rules):
            if rule.kind not in SET_KINDS or (sql := self.group.lines(rule)) is None:
                continue
            tests[place] = known_count(self.group.names(rule))
            if sql:
                bits = ", ".join(
                    f"{1 << place % BITS if place // BITS == word else 0}::bigint as m{word}"
                    for word in range(self.words)
                )
                found.append(self.asked.arrow(f"select line::bigint as line, {bits} from ({sql})"))
        return found

    def scan(self, judge: "Judge", tests: Mapping[int, "Test"]) -> "Scan":
        from yiwang.resources.quality import scanning  # noqa: PLC0415

        scanner = scanning.Scanner(
            tests, tuple(self.fields), self.words, BITS, self.options.today
        )  # fmt: skip
        files = self.options.files
        if scanning.files_suit(files, judge):
            return scanning.files_scan(scanner, files, judge)
        return scanning.relation_scan(scanner, self.asked, self.relation, judge)

    # --- what was found ----------------------------------------------------------------------

    def checked(self, scan: "Scan", parts: Sequence["pa.Table"]) -> Checked:
        masks = self.marks(parts)
        failed = dict.fromkeys(self.judged, 0)
        rejected = warned = 0
        kinds: list[tuple[tuple[int, ...], list[str], bool]] = []
        for words, count in masks:
            broken = [
                rule
                for place, rule in enumerate(self.contract.rules)
                if words[place // BITS] >> place % BITS & 1
            ]
            for rule in broken:
                failed[rule.key] += count
            rejects = any(rule.action == "REJECT" for rule in broken)
            rejected, warned = rejected + rejects * count, warned + (not rejects) * count
            kinds.append((words, [rule.key for rule in broken], rejects))
        results = [self.result(rule, failed, scan.rows) for rule in self.contract.rules]
        return self.summary(self.faults(kinds), scan, rejected, warned, results)

    def marks(self, parts: Sequence["pa.Table"]) -> list[tuple[tuple[int, ...], int]]:
        """Put the bits of a line together; returns each set of bits and how many rows have it."""
        if not parts:
            return []
        import pyarrow as pa  # noqa: PLC0415

        words = [f"m{word}" for word in range(self.words)]
        joined = ", ".join(f"bit_or({word}) as {word}" for word in words)
        sql = "select * from given"
        if len(parts) > 1:
            sql = f"select line, {joined} from given group by line"
        marks = self.asked.make_of("marks", pa.concat_tables(parts), sql)
        found = self.asked.rows(f"select {', '.join(words)}, count(*) from {marks} group by all")
        return [(tuple(row[:-1]), row[-1]) for row in found]

    def faults(self, kinds: Sequence[tuple[tuple[int, ...], list[str], bool]]) -> str:
        """Make the table of bad rows: line, reasons in the contract's order, rejected."""
        if not kinds:
            return self.asked.make(
                "faults",
                "select 0::bigint as line, ['']::varchar[] as reasons, false as rejected where false",
            )
        import pyarrow as pa  # noqa: PLC0415

        columns: dict[str, pa.Array] = {
            f"m{word}": pa.array([words[word] for words, *_ in kinds], pa.int64())
            for word in range(self.words)
        }
        columns["reasons"] = pa.array([keys for _, keys, _ in kinds], pa.list_(pa.string()))
        columns["rejected"] = pa.array([rejects for *_, rejects in kinds], pa.bool_())
        same = " and ".join(f"m.m{word} = k.m{word}" for word in range(self.words))
        sql = (
            f"select m.line, k.reasons, k.rejected from {self.asked.table('marks')} m"
            f" join given k on {same}"
        )
        return self.asked.make_of("faults", pa.table(columns), sql)

    def result(self, rule: Rule, failed: Mapping[str, int], rows: int) -> RuleCount:
        if rule.kind in BATCH_KINDS:
            return self.group.batch(rule, rows, self.options.history, self.options.today)
        return RuleCount(rule, self.judged.get(rule.key, 0), failed.get(rule.key, 0))

    def summary(
        self, table: str, scan: "Scan", rejected: int, warned: int, results: list[RuleCount]
    ) -> Checked:
        names = {one.name for one in self.contract.fields} | {"line"}
        missing = tuple(one.name for one in self.contract.fields if one.name not in self.fields)
        stops = [one.rule.key for one in results if one.is_stopping]
        if scan.rows and rejected / scan.rows > self.contract.reject_share:
            stops.append("reject_share")
        if set(missing) & set(self.contract.key):
            stops.append("columns")
        typed = {one.rule.fields[0]: one.failed for one in results if one.rule.kind == "TYPE"}
        return Checked(
            table=table,
            rows=scan.rows,
            rejected=rejected,
            warned=warned,
            counts=tuple(results),
            fields=tuple(
                FieldCount(name, filled, filled - typed.get(name, 0))
                for name in self.fields
                for filled in (scan.filled.get(name, 0),)
            ),
            missing=missing,
            extra=tuple(name for name in self.asked.columns if name not in names),
            stops=tuple(stops),
            columns=self.asked.columns,
        )
