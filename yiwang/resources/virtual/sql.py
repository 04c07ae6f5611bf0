"""Statements for the sources (下推语句), built as syntax trees: names quoted, values as parameters.

What is pushed to a source lets through at least what the question wants; every condition is applied
once more over the joined rows, so a source with another idea of letters only costs rows.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from yiwang.resources.virtual.data import ColumnSpec, FilterSpec, Query, VirtualSpec

DIALECTS = {
    "PARQUET": "duckdb",
    "SQLITE": "sqlite",
    "POSTGRESQL": "postgres",
    "MYSQL": "mysql",
    "DUCKDB": "duckdb",
}
_CASTS = {
    "TEXT": "TEXT",
    "INTEGER": "BIGINT",
    "NUMBER": "DOUBLE",
    "DATE": "DATE",
    "DATETIME": "TIMESTAMP",
}
_ORDERED = {"LT": "LT", "LE": "LTE", "GT": "GT", "GE": "GTE"}
ESCAPE = "!"
# How many keys stand in one statement; SQLite takes 32,766 parameters.
KEYS_IN_LIST = {"SQLITE": 20_000, "MYSQL": 20_000}


def _exp() -> Any:
    from sqlglot import exp  # noqa: PLC0415 - loaded by the first question only

    return exp


def source_statement(
    kind: str,
    relation: Any,
    columns: Sequence[ColumnSpec],
    conditions: Sequence[tuple[ColumnSpec, FilterSpec]],
    keys: Sequence[tuple[ColumnSpec, list]],
) -> list[tuple[str, list]]:
    """Build what a source is asked (下推): only its columns, only rows that can match.

    relation: the table, or `read_parquet` of files. keys: (column, keys of another source); long
    lists are asked in several statements. Returns (statement, parameters), …
    """
    exp = _exp()
    build = _Build(kind)
    for column, one in conditions:
        build.pushed(column, one)
    # Of several key lists the longest is cut into statements; the others stand in each of them.
    lists = sorted(keys, key=lambda item: len(item[1]), reverse=True)
    for column, values in lists[1:]:
        build.among(column, values)
    select = exp.select(*(build.read(column, number) for number, column in enumerate(columns)))
    base = select.from_(relation)
    if not lists:
        return [(build.text(base), list(build.parameters))]
    column, values = lists[0]
    step = KEYS_IN_LIST.get(kind, len(values) or 1)
    result = []
    for start in range(0, len(values), step):
        one = build.copy()
        one.among(column, values[start : start + step])
        result.append((one.text(base), list(one.parameters)))
    return result


def grouped_statement(
    kind: str,
    relation: Any,
    columns: Sequence[ColumnSpec],
    conditions: Sequence[tuple[ColumnSpec, FilterSpec]],
    cell: ColumnSpec | None,
) -> list[tuple[str, list]]:
    """Build what a source counts (分组下推): its columns, the number of rows, the number of people.

    Groups are told apart by their bytes, whatever the table's collation holds for the same.
    """
    exp = _exp()
    build = _Build(kind)
    for column, one in conditions:
        build.pushed(column, one)
    shown = [build.group_read(column, number) for number, column in enumerate(columns)]
    count = exp.Count(this=exp.Star())
    shown.append(exp.alias_(count, f"c{len(columns)}", quoted=True))
    if cell is not None:
        people = exp.Count(this=exp.Distinct(expressions=[build.binary(cell)]))
        shown.append(exp.alias_(people, f"c{len(columns) + 1}", quoted=True))
    select = exp.select(*shown).from_(relation)
    keys = [key for column in columns for key in build.group_keys(column)]
    if keys:
        select = select.group_by(*keys)
    return [(build.text(select), list(build.parameters))]


def counted_statement(
    spec: VirtualSpec, query: Query, grouping: Any, *, table: str
) -> tuple[str, list]:
    """Build the question over groups that a source has counted (汇总已分组数据), for DuckDB."""
    exp = _exp()
    build = _Build("DUCKDB")
    numbers = {column.name: number for number, column in enumerate(grouping.columns)}

    def at(key: str) -> Any:
        return exp.column(f"c{numbers[spec.field_of(key).column]}", table=table, quoted=True)

    def added(number: int) -> Any:
        total = exp.Sum(this=exp.column(f"c{number}", table=table, quoted=True))
        whole = exp.Coalesce(this=total, expressions=[exp.Literal.number(0)])
        return exp.cast(whole, "BIGINT")

    rows = len(numbers)
    names = [*query.groups, *(one.key for one in query.measures)]
    shown = [exp.alias_(at(key), key, quoted=True) for key in query.groups]
    shown += [exp.alias_(added(rows), one.key, quoted=True) for one in query.measures]
    size = added(rows + 1 if grouping.cell else rows)
    shown.append(exp.alias_(size, "_cell", quoted=True))
    select = exp.select(*shown).from_(exp.table_(table, quoted=True))
    for one in grouping.filters:
        build.exact(at(one.field), spec.type_of(one.field), one)
    if query.groups:
        select = select.group_by(*(at(key) for key in query.groups))
    select = select.order_by(*_order(query, names))
    return build.text(select.limit(query.limit + 1)), list(build.parameters)


def table_of(name: str) -> Any:
    """Return a table by its name in a definition (表), "name" or "schema.name"."""
    schema, _sep, table = name.rpartition(".")
    return _exp().table_(table, db=schema or None, quoted=True)


def final_statement(
    spec: VirtualSpec,
    query: Query,
    *,
    tables: dict[str, str],
    joins: Sequence,
    columns: dict[str, list[str]],
    area: str,
    cell: str,
) -> tuple[str, list]:
    """Build the question over the rows that were brought (汇总查询), for DuckDB.

    tables: source -> table; columns: source -> names in the order c0, c1, …; cell: the field whose
    distinct values make a group's size, "" counts rows. A hidden last column holds that size.
    """
    exp = _exp()
    build = _Build("DUCKDB")

    def at(key: str) -> Any:
        found = spec.field_of(key)
        number = columns[found.source].index(found.column)
        return exp.column(f"c{number}", table=tables[found.source], quoted=True)

    root = spec.sources[0].key
    names = (
        [*query.groups, *(one.key for one in query.measures)] if query.is_grouped else query.fields
    )
    if query.is_grouped:
        values = [
            *(at(key) for key in query.groups),
            *(_measure(one, at) for one in query.measures),
        ]
    else:
        values = [at(key) for key in query.fields]
    shown = [
        exp.alias_(value, name, quoted=True) for name, value in zip(names, values, strict=True)
    ]
    if query.is_grouped:
        size = exp.Count(this=exp.Distinct(expressions=[at(cell)]) if cell else exp.Star())
        shown.append(exp.alias_(size, "_cell", quoted=True))
    elif cell:
        shown.append(exp.alias_(at(cell), "_cell", quoted=True))
    select = exp.select(*shown).from_(exp.table_(tables[root], quoted=True))
    select = _joined(select, joins, tables, columns)
    for one in query.filters:
        build.exact(at(one.field), spec.type_of(one.field), one)
    if area:
        build.exact(at(spec.area_field), "TEXT", FilterSpec(spec.area_field, "STARTS", (area,)))
    if query.is_grouped and query.groups:
        select = select.group_by(*(at(key) for key in query.groups))
    select = select.order_by(*_order(query, names))
    return build.text(select.limit(query.limit + 1)), list(build.parameters)


def _joined(select: Any, joins: Sequence, tables: dict[str, str], columns: dict) -> Any:
    exp = _exp()

    def end(source: str, column: str) -> Any:
        number = columns[source].index(column)
        return exp.column(f"c{number}", table=tables[source], quoted=True)

    for join in joins:
        on = exp.EQ(
            this=end(join.source, join.column), expression=end(join.to_source, join.to_column)
        )
        table = exp.table_(tables[join.source], quoted=True)
        select = select.join(table, on=on, join_type=join.kind)
    return select


def _order(query: Query, names: Sequence[str]) -> list:
    """Order as asked, then by every column, so that a cut answer is always the same one."""
    exp = _exp()
    asked = dict(query.order)
    keys = [*asked, *(name for name in names if name not in asked)]
    return [
        exp.Ordered(
            this=exp.column(key, quoted=True), desc=asked.get(key, False), nulls_first=False
        )
        for key in keys
    ]


def _measure(one: Any, at: Any) -> Any:
    exp = _exp()
    if one.kind == "COUNT":
        return exp.Count(this=exp.Star())
    kinds = {"SUM": exp.Sum, "AVG": exp.Avg, "MIN": exp.Min, "MAX": exp.Max}
    return kinds[one.kind](this=at(one.field))


class _Build:
    """Conditions and their parameters in one dialect."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.conditions: list = []
        self.parameters: list = []

    def copy(self) -> "_Build":
        """Return another with the same conditions so far."""
        other = _Build(self.kind)
        other.conditions, other.parameters = list(self.conditions), list(self.parameters)
        return other

    def text(self, select: Any) -> str:
        """Return the statement with all conditions."""
        exp = _exp()
        whole = select.where(exp.and_(*self.conditions)) if self.conditions else select
        return whole.sql(dialect=DIALECTS[self.kind])

    def mark(self, value: object) -> Any:
        """Add a parameter and return its place."""
        self.parameters.append(value)
        exp = _exp()
        return exp.var("%s") if self.kind == "MYSQL" else exp.Placeholder()

    def column(self, column: ColumnSpec) -> Any:
        """Return a column of the source as it is."""
        return _exp().column(column.name, quoted=True)

    def read(self, column: ColumnSpec, number: int) -> Any:
        """Return a column as the type it is declared with, under the name c<number>."""
        exp = _exp()
        value = self.column(column)
        # SQLite has no dates and MySQL's drivers give them already: those are read in Python.
        wanted = {"PARQUET": _CASTS, "POSTGRESQL": _CASTS}.get(self.kind, {"NUMBER": "DOUBLE"})
        if self.kind == "PARQUET":
            kinds = _CASTS | {"BOOLEAN": "BOOLEAN"}
            value = exp.TryCast(this=value, to=exp.DataType.build(kinds[column.type]))
        elif column.type in wanted and self.kind != "SQLITE":
            value = exp.cast(value, wanted[column.type])
        return exp.alias_(value, f"c{number}", quoted=True)

    def group_read(self, column: ColumnSpec, number: int) -> Any:
        """Return a grouped column as it is shown: in MySQL one of the group's values, which are all the same."""
        exp = _exp()
        shown = self.read(column, number)
        if self.kind == "MYSQL" and column.type == "TEXT":
            return exp.alias_(exp.Min(this=shown.this), f"c{number}", quoted=True)
        return shown

    def group_keys(self, column: ColumnSpec) -> list:
        """Return what tells groups apart: no coarser than the values that are read."""
        exp = _exp()
        if self.kind == "SQLITE":
            value = self.column(column)
            exact = exp.Collate(this=value, expression=exp.to_identifier("BINARY"))
            # 1, 1.0 and '1' are one group to SQLite and three values to whoever reads them.
            return [exact, exp.func("TYPEOF", value)]
        if self.kind == "MYSQL" and column.type == "TEXT":
            return [exp.cast(self.column(column), "BINARY")]
        return [self.read(column, 0).this]

    def among(self, column: ColumnSpec, values: list) -> None:
        """Let through rows whose key is in a list."""
        exp = _exp()
        value = self.column(column)
        if self.kind == "POSTGRESQL":
            place = exp.Paren(this=self.mark(list(values)))
            self.conditions.append(exp.EQ(this=value, expression=exp.Any(this=place)))
        elif self.kind == "PARQUET":
            self.conditions.append(_duck_keys(value, self.mark(list(values))))
        else:
            places = [self.mark(key) for key in values]
            self.conditions.append(exp.In(this=self.binary(column), expressions=places))

    def binary(self, column: ColumnSpec) -> Any:
        """Return a text column compared by its bytes, where the table may say otherwise."""
        exp = _exp()
        value = self.column(column)
        if column.type != "TEXT":
            return value
        if self.kind == "SQLITE":
            return exp.Collate(this=value, expression=exp.to_identifier("BINARY"))
        if self.kind == "POSTGRESQL":
            return exp.Collate(this=value, expression=exp.to_identifier("C", quoted=True))
        return value

    def pushed(self, column: ColumnSpec, one: FilterSpec) -> None:
        """Push a condition, or a wider one, or none where the source would drop too much."""
        exp = _exp()
        if self.kind == "PARQUET":
            typed = self.read(column, 0).this
            self.exact(typed, column.type, one)
            return
        value = self.column(column)
        if one.op in ("IS_NULL", "NOT_NULL"):
            # A value that cannot be read counts as empty, which only reading it shows.
            if one.op == "NOT_NULL":
                self.conditions.append(exp.Not(this=exp.Is(this=value, expression=exp.null())))
            return
        loose = self.kind == "SQLITE" and column.type in ("DATE", "DATETIME", "BOOLEAN")
        if loose:
            self._days(column, one)
            return
        if one.op == "NE" or (
            self.kind == "MYSQL" and one.op in _ORDERED and column.type == "TEXT"
        ):
            return
        self._plain(column, one)

    def _plain(self, column: ColumnSpec, one: FilterSpec) -> None:
        exp = _exp()
        value = self.column(column)
        if one.op == "EQ":
            place = self.mark(one.values[0])
            self.conditions.append(exp.EQ(this=self.binary(column), expression=place))
        elif one.op == "IN":
            self.among(column, list(one.values))
        elif one.op in _ORDERED:
            place = self.mark(one.values[0])
            kind = getattr(exp, _ORDERED[one.op])
            self.conditions.append(kind(this=self.binary(column), expression=place))
        else:
            place = self.mark(like_pattern(one))
            like = exp.Like(this=value, expression=place)
            self.conditions.append(exp.Escape(this=like, expression=exp.Literal.string(ESCAPE)))

    def _days(self, column: ColumnSpec, one: FilterSpec) -> None:
        """Dates in SQLite are text, with or without a time: narrow to whole days, no finer."""
        exp = _exp()
        if column.type == "BOOLEAN" or one.op not in ("EQ", *_ORDERED):
            return
        moment = one.values[0]
        day = moment.date() if isinstance(moment, datetime) else moment
        value = self.column(column)
        if one.op in ("EQ", "GT", "GE"):
            place = self.mark(day.isoformat())
            self.conditions.append(exp.GTE(this=value, expression=place))
        if one.op in ("EQ", "LT", "LE"):
            place = self.mark((day + timedelta(days=1)).isoformat())
            self.conditions.append(exp.LT(this=value, expression=place))

    def exact(self, value: Any, kind: str, one: FilterSpec) -> None:
        """Add a condition as DuckDB has it: letters compared by their bytes, empty never equal."""
        exp = _exp()
        if one.op == "IS_NULL":
            self.conditions.append(exp.Is(this=value, expression=exp.null()))
        elif one.op == "NOT_NULL":
            self.conditions.append(exp.Not(this=exp.Is(this=value, expression=exp.null())))
        elif one.op == "IN":
            places = [self._typed(key, kind) for key in one.values]
            self.conditions.append(exp.In(this=value, expressions=places))
        elif one.op == "STARTS":
            self.conditions.append(exp.StartsWith(this=value, expression=self.mark(one.values[0])))
        elif one.op == "CONTAINS":
            place = self.mark(one.values[0])
            self.conditions.append(exp.Contains(this=value, expression=place))
        else:
            kinds = {
                "EQ": exp.EQ,
                "NE": exp.NEQ,
                **{k: getattr(exp, v) for k, v in _ORDERED.items()},
            }
            place = self._typed(one.values[0], kind)
            self.conditions.append(kinds[one.op](this=value, expression=place))

    def _typed(self, value: object, kind: str) -> Any:
        place = self.mark(value)
        return _exp().cast(place, _CASTS[kind]) if kind in ("DATE", "DATETIME") else place


def _duck_keys(value: Any, place: Any) -> Any:
    """Return `value IN (SELECT unnest(?))`, which DuckDB turns into a semi-join."""
    exp = _exp()
    inner = exp.select(exp.func("UNNEST", place))
    return exp.In(this=value, query=exp.Subquery(this=inner))


def like_pattern(one: FilterSpec) -> str:
    """Return the pattern of STARTS or CONTAINS (匹配式), its special letters escaped.

    >>> like_pattern(FilterSpec("x", "CONTAINS", ("5%_!",)))
    '%5!%!_!!%'
    """
    text = str(one.values[0])
    for letter in (ESCAPE, "%", "_"):
        text = text.replace(letter, ESCAPE + letter)
    return f"{text}%" if one.op == "STARTS" else f"%{text}%"


def value_read(text: str, kind: str) -> object:
    """Read a value that a person typed, as a type (取值). Raises ValueError.

    >>> value_read("2026-01-31", "DATE")
    datetime.date(2026, 1, 31)
    """
    text = text.strip()
    if kind == "INTEGER":
        number = int(text)
        if abs(number) >= 2**63:
            raise ValueError(text)
        return number
    if kind == "NUMBER":
        value = float(text)
        if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - not a number
            raise ValueError(text)
        return value
    if kind == "DATE":
        return date.fromisoformat(text)
    if kind == "DATETIME":
        return datetime.fromisoformat(text).replace(tzinfo=None)
    if kind == "BOOLEAN":
        known = {"true": True, "1": True, "是": True, "false": False, "0": False, "否": False}
        if text.lower() not in known:
            raise ValueError(text)
        return known[text.lower()]
    if not text or len(text) > 200 or "\x00" in text:
        raise ValueError(text)
    return text
