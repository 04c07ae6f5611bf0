"""Counting at the source (分组下推): groups of one source are counted where they stay, not brought here.

The source groups by the asked columns and by every column whose condition it may read more widely than we
do; the exact conditions and the grouping are then done once more over those few rows, so that the answer is the
same as over the rows themselves. Sums and averages are not pushed: sources read numbers in their own ways.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from yiwang.resources.virtual.data import (
    ColumnSpec,
    FilterSpec,
    PartSpec,
    Query,
    SourceSpec,
    VirtualSpec,
)

GROUPING_KINDS = frozenset({"SQLITE", "POSTGRESQL", "MYSQL"})
_RANGES = frozenset({"EQ", "IN", "LT", "LE", "GT", "GE"})
Conditions = Sequence[tuple[ColumnSpec, FilterSpec]]


@dataclass(frozen=True, slots=True)
class Grouping:
    """What a source counts (下推的分组).

    columns: grouped by, in the order c0, c1, …; filters: conditions that are applied once more here;
    cell: the person's column whose distinct values make a group's size, None counts rows.
    """

    columns: tuple[ColumnSpec, ...]
    filters: tuple[FilterSpec, ...]
    cell: ColumnSpec | None = None


def grouping_of(
    spec: VirtualSpec, query: Query, source: SourceSpec, conditions: Conditions, *, cell: str
) -> Grouping | None:
    """Say how a question over one source is counted there (能否下推); None when it is not.

    conditions: all of the question, the division's with them. cell: the person field, "" for none.
    """
    kinds = {part.kind for part in source.parts}
    if not query.is_grouped or not kinds <= GROUPING_KINDS:
        return None
    if any(one.kind != "COUNT" for one in query.measures):
        return None
    loose = [
        (column, one)
        for column, one in conditions
        if not all(is_exact(part, column, one) for part in source.parts)
    ]
    if cell and (loose or len(source.parts) != 1 or kinds != {"POSTGRESQL"}):
        return None
    specs = {column.name: column for column in source.columns}
    named = [spec.field_of(key).column for key in query.groups]
    named += [column.name for column, _one in loose]
    columns = tuple(specs[name] for name in dict.fromkeys(named))
    person = specs[spec.field_of(cell).column] if cell else None
    return Grouping(columns, tuple(one for _column, one in loose), person)


def is_exact(part: PartSpec, column: ColumnSpec, one: FilterSpec) -> bool:
    """Tell whether a source lets through exactly the rows that the condition means (条件是否等价).

    >>> part = PartSpec("a", "", "POSTGRESQL", "")
    >>> is_exact(part, ColumnSpec("x"), FilterSpec("x", "EQ", ("1",)))
    True
    """
    if part.kind == "POSTGRESQL" and column.type == "TEXT":
        return one.op in {"EQ", "IN", "STARTS", "CONTAINS"}
    if part.kind == "SQLITE" and column.type == "TEXT":
        return one.op in {"EQ", "IN"}
    return part.kind in {"POSTGRESQL", "MYSQL"} and column.type == "INTEGER" and one.op in _RANGES
