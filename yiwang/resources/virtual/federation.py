"""One question over sources that stay where they are (联邦查询): what each is asked, and in which order.

The most selective source is asked first; the keys that it gave narrow the ones joined to it (a semi-join
pushed down as lists of keys). What comes back streams as Arrow into a DuckDB of its own, which joins,
filters once more, groups and sorts. Usable without Django.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from yiwang.resources.virtual.data import (
    Answer,
    ColumnSpec,
    FilterSpec,
    JoinSpec,
    PartReport,
    PartSpec,
    Query,
    QueryCancelled,
    QueryTimeout,
    QueryTooLarge,
    Scope,
    SourceDown,
    SourceSpec,
    VirtualSpec,
)
from yiwang.resources.virtual.grouping import Grouping, grouping_of
from yiwang.resources.virtual.sources import PartFailed, Places, batches
from yiwang.resources.virtual.sql import (
    counted_statement,
    final_statement,
    grouped_statement,
    source_statement,
    table_of,
)

if TYPE_CHECKING:
    import duckdb

LOG = logging.getLogger(__name__)
# More keys than this do not narrow a source: reading it whole is as fast.
KEYS_MAX = 50_000
SOURCE_ROWS = 5_000_000
MEMORY_MB = 512
DUCK_TYPES = {
    "TEXT": "VARCHAR",
    "INTEGER": "BIGINT",
    "NUMBER": "DOUBLE",
    "DATE": "DATE",
    "DATETIME": "TIMESTAMP",
    "BOOLEAN": "BOOLEAN",
}


def never() -> bool:
    """Answer that nobody cancelled (未取消)."""
    return False


def federate(
    spec: VirtualSpec,
    query: Query,
    *,
    places: Places,
    scope: Scope = Scope(),  # noqa: B008 - frozen
    is_cancelled: Callable[[], bool] = never,
    is_pushing: bool = True,
    spill: str = "",
) -> Answer:
    """Answer a checked question (联邦查询).

    is_pushing: False reads whole columns of every source, for comparison only. spill: folder for what
    does not fit into memory. For rows of a dataset with a person field, and for groups, the last value
    of each row is the person or the size of the group; `rules.answer_finish` takes it off.
    Raises SourceDown, QueryTooLarge, QueryTimeout, QueryCancelled.
    """
    run = _Run(spec, query, places, scope, is_cancelled, is_pushing, spill)
    with run.watching():
        return run.answer()


@dataclass(slots=True)
class _Run:
    spec: VirtualSpec
    query: Query
    places: Places
    scope: Scope
    is_cancelled: Callable[[], bool]
    is_pushing: bool
    spill: str
    began: float = field(default_factory=time.monotonic)
    reports: list[PartReport] = field(default_factory=list)
    interrupters: list[Callable[[], object]] = field(default_factory=list)
    connection: "duckdb.DuckDBPyConnection" = None  # type: ignore[assignment]
    size: int = 0
    joins: list[JoinSpec] = field(default_factory=list)
    columns: dict[str, list[str]] = field(default_factory=dict)
    grouping: Grouping | None = None

    @property
    def deadline(self) -> float:
        """Return until when the question may run."""
        return self.began + self.spec.max_seconds

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Interrupt what runs when the time is up or the asker cancelled."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(0.1):
                if time.monotonic() >= self.deadline or self.is_cancelled():
                    for interrupt in list(self.interrupters):
                        try:
                            interrupt()
                        except Exception:  # noqa: BLE001 - a connection that closed meanwhile
                            LOG.debug("nothing left to interrupt", exc_info=True)

        thread = threading.Thread(target=watch, name="virtual-watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            if self.connection is not None:
                self.connection.close()

    def answer(self) -> Answer:
        """Ask the sources one after the other and put their rows together."""
        from yiwang.engines.tabular.door import TabularLimits, tabular_open  # noqa: PLC0415

        limits = TabularLimits(threads=2, memory_mb=MEMORY_MB, spill=self.spill)
        self.connection = tabular_open(limits)
        self.interrupters.append(self.connection.interrupt)
        self.joins = joins_kept(self.spec, self.query, self.scope)
        self.columns = columns_needed(self.spec, self.query, self.joins, self.scope)
        self.grouping = self._grouping()
        done: list[str] = []
        for source in self._order():
            self._bring(self.spec.source_of(source), done)
            done.append(source)
        return self._finish()

    def _grouping(self) -> Grouping | None:
        """Say how the only source that is asked counts by itself, None when rows are brought."""
        root = self.spec.sources[0]
        if self.joins or not self.is_pushing:
            return None
        conditions = self._conditions(root.key)
        cell = person_field(self.spec)
        return grouping_of(self.spec, self.query, root, conditions, cell=cell)

    def _order(self) -> list[str]:
        """Sources with the sharpest conditions first, then along the joins."""
        asked = [self.spec.sources[0].key, *(join.source for join in self.joins)]
        score = {key: self._score(key) for key in asked}
        order = [max(asked, key=lambda key: (score[key], -asked.index(key)))]
        while len(order) < len(asked):
            near = [key for key in asked if key not in order and any(self._links(key, order))] or [
                key for key in asked if key not in order
            ]
            order.append(max(near, key=lambda key: (score[key], -asked.index(key))))
        return order

    def _score(self, source: str) -> int:
        weights = {"EQ": 4, "IN": 3, "STARTS": 2, "LT": 1, "LE": 1, "GT": 1, "GE": 1, "CONTAINS": 1}
        return sum(weights.get(one.op, 0) for _column, one in self._conditions(source))

    def _links(self, source: str, done: list[str]) -> Iterator[tuple[JoinSpec, bool]]:
        """Yield the joins to sources that were asked, and whether this source is the joined one."""
        for join in self.joins:
            if join.source == source and join.to_source in done:
                yield join, True
            elif join.to_source == source and join.source in done:
                yield join, False

    def _conditions(self, source: str) -> list[tuple[ColumnSpec, FilterSpec]]:
        """Return what may be pushed to a source: never *is empty* where a join makes it empty."""
        found = []
        filters = list(self.query.filters)
        if self.scope.area:
            filters.append(FilterSpec(self.spec.area_field, "STARTS", (self.scope.area,)))
        for one in filters:
            field_of = self.spec.field_of(one.field)
            if field_of.source != source:
                continue
            if one.op == "IS_NULL" and self._may_be_absent(source):
                continue
            columns = self.spec.source_of(source).columns
            column = next(each for each in columns if each.name == field_of.column)
            found.append((column, one))
        return found

    def _may_be_absent(self, source: str) -> bool:
        join = next((join for join in self.joins if join.source == source), None)
        if join is None:
            return False
        return join.kind == "LEFT" or self._may_be_absent(join.to_source)

    def _narrows(self, join: JoinSpec) -> bool:
        """Tell whether rows without a partner are out: an inner join, or a condition says so."""
        if join.kind == "INNER":
            return True
        return any(one.op != "IS_NULL" for _column, one in self._conditions(join.source))

    def _keys(self, source: str, done: list[str]) -> list[tuple[ColumnSpec, list]]:
        """Return the keys of sources asked before that narrow this one."""
        found = []
        for join, is_joined in self._links(source, done):
            mine, other, name = (
                (join.column, join.to_source, join.to_column)
                if is_joined
                else (join.to_column, join.source, join.column)
            )
            if not is_joined and not self._narrows(join):
                continue
            number = self.columns[other].index(name)
            rows = self.connection.execute(
                f'SELECT DISTINCT c{number} FROM "{_table(other)}" '  # noqa: S608 - our own names
                f"WHERE c{number} IS NOT NULL LIMIT {KEYS_MAX + 1}"
            ).fetchall()
            if len(rows) <= KEYS_MAX:
                column = next(
                    each for each in self.spec.source_of(source).columns if each.name == mine
                )
                found.append((column, sorted(row[0] for row in rows)))
        return found

    def _bring(self, source: SourceSpec, done: list[str]) -> None:
        """Bring the rows of one source that can matter; a part that fails is noted."""
        specs = {column.name: column for column in source.columns}
        columns = [specs[name] for name in self.columns[source.key]]
        if self.grouping is not None:
            figures = ["_rows", "_people"] if self.grouping.cell else ["_rows"]
            columns = [*self.grouping.columns, *(ColumnSpec(name, "INTEGER") for name in figures)]
        types = ", ".join(
            f"c{number} {DUCK_TYPES[column.type]}" for number, column in enumerate(columns)
        )
        self.connection.execute(f'CREATE TEMP TABLE "{_table(source.key)}" ({types})').fetchall()
        keys = self._keys(source.key, done) if self.is_pushing else []
        conditions = self._conditions(source.key) if self.is_pushing else []
        before = len(self.reports)
        for part in source.parts:
            report = PartReport(source.key, part.key, part.title, part.kind)
            report = replace(report, keys=max((len(values) for _column, values in keys), default=0))
            if any(not values for _column, values in keys):
                self.reports.append(replace(report, state="SKIPPED"))
                continue
            self.reports.append(self._ask(source, part, columns, conditions, keys, report))
            self._stop_check()
        failed = [one for one in self.reports[before:] if one.state == "FAILED"]
        if failed and len(failed) == len(source.parts) and self._is_needed(source.key):
            raise SourceDown(source=source.title, fault=failed[0].fault)

    def _is_needed(self, source: str) -> bool:
        """Tell whether nothing can be said without a source: all but a LEFT join's extra columns."""
        join = next((join for join in self.joins if join.source == source), None)
        if join is None or join.kind == "INNER" or self._conditions(source):
            return True
        named = {*self.query.groups, *(one.field for one in self.query.measures if one.field)}
        return any(self.spec.field_of(key).source == source for key in named)

    def _ask(
        self,
        source: SourceSpec,
        part: PartSpec,
        columns: list[ColumnSpec],
        conditions: list,
        keys: list,
        report: PartReport,
    ) -> PartReport:
        began = time.monotonic()
        try:
            if part.kind == "PARQUET":
                rows, size, questions = self._parquet(source, part, columns, conditions, keys)
            else:
                questions = self._questions(part, columns, conditions, keys)
                rows, size = self._stream(source, part, columns, questions)
        except PartFailed as failed:
            self._stop_check()
            LOG.warning("virtual: %s/%s gave nothing", source.key, part.key, exc_info=True)
            seconds = time.monotonic() - began
            return replace(report, state="FAILED", fault=failed.fault, seconds=seconds)
        statement, parameters = questions[0]
        return replace(
            report,
            sql=statement if len(statement) < 4000 else _shortened(statement),
            parameters=sum(_count(one) for _text, values in questions for one in values),
            rows=rows,
            size=size,
            seconds=time.monotonic() - began,
            pushed="GROUP" if self.grouping is not None else "",
        )

    def _questions(self, part: PartSpec, columns: list, conditions: list, keys: list) -> list:
        relation = table_of(part.table)
        if self.grouping is None:
            return source_statement(part.kind, relation, columns, conditions, keys)
        grouped = self.grouping
        return grouped_statement(part.kind, relation, grouped.columns, conditions, grouped.cell)

    def _parquet(
        self, source: SourceSpec, part: PartSpec, columns: list, conditions: list, keys: list
    ) -> tuple[int, int, list]:
        import duckdb  # noqa: PLC0415
        from sqlglot import exp  # noqa: PLC0415

        path = self.places.file(part.location)
        relation = exp.func("read_parquet", exp.Literal.string(path))
        questions = source_statement("PARQUET", relation, columns, conditions, keys)
        before = self._rows(source.key)
        try:
            for statement, parameters in questions:
                limited = f'INSERT INTO "{_table(source.key)}" {statement} LIMIT {SOURCE_ROWS + 1}'
                self.connection.execute(limited, parameters).fetchall()
        except duckdb.InterruptException as error:
            self._stop_check()
            raise PartFailed("TIMEOUT") from error
        except duckdb.Error as error:
            raise PartFailed("REFUSED") from error
        rows = self._rows(source.key) - before
        size = rows * 16 * len(columns)
        self._size_check(source, rows, size)
        shown = [(text.replace(path, part.location), values) for text, values in questions]
        return rows, size, shown

    def _stream(
        self, source: SourceSpec, part: PartSpec, columns: list, questions: list
    ) -> tuple[int, int]:
        import pyarrow as pa  # noqa: PLC0415

        rows = size = 0
        found = batches(
            part,
            columns,
            questions,
            places=self.places,
            deadline=self.deadline,
            watch=self.interrupters.append,
        )
        for batch in found:
            rows, size = rows + batch.num_rows, size + batch.nbytes
            self._size_check(source, rows, batch.nbytes)
            self.connection.register("batch", pa.Table.from_batches([batch]))
            self.connection.execute(
                f'INSERT INTO "{_table(source.key)}" SELECT * FROM batch'  # noqa: S608
            ).fetchall()
            self.connection.unregister("batch")
            self._stop_check()
        return rows, size

    def _rows(self, source: str) -> int:
        sql = f'SELECT count(*) FROM "{_table(source)}"'  # noqa: S608 - our own name
        return self.connection.execute(sql).fetchall()[0][0]

    def _size_check(self, source: SourceSpec, rows: int, size: int) -> None:
        self.size += size
        if rows > SOURCE_ROWS or self.size > self.spec.max_mb * 2**20:
            raise QueryTooLarge(source=source.title)

    def _stop_check(self) -> None:
        if self.is_cancelled():
            raise QueryCancelled()
        if time.monotonic() >= self.deadline:
            raise QueryTimeout(seconds=self.spec.max_seconds)

    def _finish(self) -> Answer:
        import duckdb  # noqa: PLC0415

        if self.grouping is not None:
            table = _table(self.spec.sources[0].key)
            statement, parameters = counted_statement(
                self.spec, self.query, self.grouping, table=table
            )
        else:
            statement, parameters = final_statement(
                self.spec,
                self.query,
                tables={key: _table(key) for key in self.columns},
                joins=self.joins,
                columns=self.columns,
                area=self.scope.area,
                cell=person_field(self.spec),
            )
        try:
            rows = self.connection.execute(statement, parameters).fetchall()
        except duckdb.InterruptException:
            self._stop_check()
            raise
        return Answer(
            columns=tuple(columns_shown(self.spec, self.query)),
            rows=rows[: self.query.limit],
            is_cut=len(rows) > self.query.limit,
            reports=tuple(self.reports),
            seconds=time.monotonic() - self.began,
        )


def person_field(spec: VirtualSpec) -> str:
    """Return the field that holds people's references, "" when there is none."""
    return next((one.key for one in spec.fields if one.is_person), "")


def columns_shown(spec: VirtualSpec, query: Query) -> Iterator[tuple[str, str]]:
    """Yield (key, type) of the answer's columns."""
    for key in query.groups if query.is_grouped else query.fields:
        yield key, spec.type_of(key)
    for one in query.measures:
        kind = {"COUNT": "INTEGER", "AVG": "NUMBER"}.get(one.kind)
        yield one.key, kind or spec.type_of(one.field)


def fields_named(spec: VirtualSpec, query: Query, scope: Scope) -> set[str]:
    """Return the fields that a question needs (所需字段), the person's and the area's with them."""
    named = {*query.fields, *query.groups, *(one.field for one in query.filters)}
    named |= {one.field for one in query.measures if one.field}
    if person := person_field(spec):
        named.add(person)
    if scope.area:
        named.add(spec.area_field)
    return named


def joins_kept(spec: VirtualSpec, query: Query, scope: Scope) -> list[JoinSpec]:
    """Leave out LEFT joins to unique keys that nothing of the question needs (裁剪关联)."""
    used = {spec.field_of(key).source for key in fields_named(spec, query, scope)}
    kept = list(spec.joins)
    while True:
        leaf = next(
            (
                join
                for join in kept
                if join.kind == "LEFT"
                and join.is_unique
                and join.source not in used
                and all(other.to_source != join.source for other in kept)
            ),
            None,
        )
        if leaf is None:
            return kept
        kept.remove(leaf)


def columns_needed(
    spec: VirtualSpec, query: Query, joins: list[JoinSpec], scope: Scope
) -> dict[str, list[str]]:
    """Return by source the columns that have to be read (投影下推), at least one of each."""
    asked = [spec.sources[0].key, *(join.source for join in joins)]
    needed: dict[str, list[str]] = {key: [] for key in asked}

    def add(source: str, column: str) -> None:
        if column not in needed[source]:
            needed[source].append(column)

    for join in joins:
        add(join.source, join.column)
        add(join.to_source, join.to_column)
    for key in sorted(fields_named(spec, query, scope)):
        found = spec.field_of(key)
        add(found.source, found.column)
    for key, columns in needed.items():
        if not columns:
            columns.append(spec.source_of(key).columns[0].name)
    return needed


def _table(source: str) -> str:
    return f"s_{source}"


def _count(value: object) -> int:
    return len(value) if isinstance(value, list) else 1


def _shortened(statement: str) -> str:
    """Show a long list of keys by its ends."""
    return f"{statement[:1500]} … {statement[-300:]}"
