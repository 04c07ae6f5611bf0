"""Rules of the virtual library (虚拟库规则): pure. Definitions, questions, masking, small cells."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime

import msgspec

from yiwang.resources.virtual.data import (
    FILES,
    JOINS,
    KINDS,
    MASKS,
    MEASURES,
    OPERATORS,
    TYPES,
    Answer,
    FilterSpec,
    MeasureSpec,
    PartSpec,
    Query,
    QueryInvalid,
    Scope,
    VirtualSpec,
)
from yiwang.resources.virtual.federation import person_field
from yiwang.resources.virtual.sources import VARIABLE
from yiwang.resources.virtual.sql import value_read
from yiwang.sdk.errors import N_
from yiwang.sdk.masking import mask_address, mask_id_number, mask_name, mask_phone

KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
# Names of columns and tables: letters of any script, never a quote, a dot or a percent sign.
NAME = re.compile(r"[^\W\d][\w ]{0,62}")
TABLE = re.compile(r"[^\W\d][\w]{0,62}(\.[^\W\d][\w]{0,62})?")
ENVIRONMENT = re.compile(VARIABLE + r"[A-Z0-9_]{1,60}")
Wrong = Callable[[str, str], None]
CLEAR_LEVEL = 2
ROWS_MAX = 10_000
SECONDS_MAX = 120
MB_MAX = 2048
FILTERS_MAX = 12


def spec_load(content: dict) -> VirtualSpec:
    """Read a definition (读取定义). Raises msgspec.ValidationError."""
    return msgspec.convert(content, VirtualSpec)


def spec_dump(spec: VirtualSpec) -> dict:
    """Write a definition as plain JSON (存储定义)."""
    return msgspec.to_builtins(spec)


def spec_problems(spec: VirtualSpec) -> list[str]:
    """List what keeps a definition from working (合规检查), each with the place."""
    found = [*_sources_wrong(spec), *_joins_wrong(spec), *_fields_wrong(spec), *_limits_wrong(spec)]
    return found if spec.title.strip() else ["title", *found]


def _sources_wrong(spec: VirtualSpec) -> Iterator[str]:
    if not spec.sources:
        yield "sources"
    keys = [source.key for source in spec.sources]
    for source in spec.sources:
        at = f"sources.{source.key}"
        if not KEY.fullmatch(source.key) or keys.count(source.key) > 1:
            yield f"{at}: key"
        names = [column.name for column in source.columns]
        if not names or not source.parts:
            yield f"{at}: columns, parts"
        for column in source.columns:
            is_named = NAME.fullmatch(column.name) and names.count(column.name) == 1
            if not is_named or column.type not in TYPES:
                yield f"{at}.{column.name}: name, type"
        parts = [part.key for part in source.parts]
        for part in source.parts:
            if wrong := _part_wrong(part, parts):
                yield f"{at}.{part.key}: {wrong}"


def _part_wrong(part: PartSpec, parts: list[str]) -> str:
    if not KEY.fullmatch(part.key) or parts.count(part.key) > 1 or part.kind not in KINDS:
        return "key, kind"
    if part.kind != "PARQUET" and not TABLE.fullmatch(part.table):
        return "table"
    if part.kind in FILES:
        leads_out = ".." in part.location or part.location.startswith("/") or not part.location
        return "location" if leads_out else ""
    return "" if ENVIRONMENT.fullmatch(part.location) else f"location ({VARIABLE}…)"


def _joins_wrong(spec: VirtualSpec) -> Iterator[str]:
    types = {
        (source.key, column.name): column.type
        for source in spec.sources
        for column in source.columns
    }
    there = {source.key for source in spec.sources[:1]}
    for join in spec.joins:
        at = f"joins.{join.source}"
        ends = (join.source, join.column), (join.to_source, join.to_column)
        if join.kind not in JOINS or join.source in there or join.to_source not in there:
            yield f"{at}: kind, order"
        elif any(end not in types for end in ends) or types[ends[0]] != types[ends[1]]:
            yield f"{at}: columns, types"
        elif types[ends[0]] not in ("TEXT", "INTEGER"):
            yield f"{at}: type"
        there.add(join.source)
    for source in spec.sources:
        if source.key not in there:
            yield f"sources.{source.key}: join"


def _fields_wrong(spec: VirtualSpec) -> Iterator[str]:
    columns = {(source.key, column.name) for source in spec.sources for column in source.columns}
    keys = [one.key for one in spec.fields]
    if not keys:
        yield "fields"
    for one in spec.fields:
        at = f"fields.{one.key}"
        if not KEY.fullmatch(one.key) or keys.count(one.key) > 1 or one.key.startswith("_"):
            yield f"{at}: key"
        if (one.source, one.column) not in columns:
            yield f"{at}: source, column"
        if one.level not in (1, 2, 3, 4) or one.mask not in MASKS or not one.title.strip():
            yield f"{at}: title, level, mask"
    if sum(one.is_person for one in spec.fields) > 1:
        yield "fields: is_person"
    if spec.area_field and (spec.area_field not in keys or spec.type_of(spec.area_field) != "TEXT"):
        yield "area_field"


def _limits_wrong(spec: VirtualSpec) -> Iterator[str]:
    if not spec.purposes or any(not text.strip() for text in spec.purposes):
        yield "purposes"
    if not 0 <= spec.small_cell <= 100:
        yield "small_cell"
    if not 1 <= spec.max_rows <= ROWS_MAX:
        yield "max_rows"
    if not 1 <= spec.max_seconds <= SECONDS_MAX:
        yield "max_seconds"
    if not 1 <= spec.max_mb <= MB_MAX:
        yield "max_mb"


def query_check(spec: VirtualSpec, query: Query, scope: Scope) -> Query:
    """Return the question with its values read as types (检查查询). Raises QueryInvalid.

    Fields above the asker's level are shown masked; to sort, group, measure or search in them would
    tell what is hidden, so they can only be compared with a value that the asker knows.
    """
    known = {one.key: one for one in spec.fields}
    errors: dict[str, list[str]] = {}

    def wrong(name: str, text: str) -> None:
        errors.setdefault(name, []).append(text)

    used = {*query.fields, *query.groups, *(one.field for one in query.filters)}
    used |= {one.field for one in query.measures if one.field}
    if unknown := sorted(used - set(known)):
        raise QueryInvalid(fields={"": [", ".join(unknown)]})
    hidden = {key for key, one in known.items() if one.level > scope.level}
    _shape_check(query, hidden, wrong)
    for one in query.measures:
        _measure_check(spec, one, wrong)
    filters = [_filter_check(spec, one, one.field in hidden, wrong) for one in query.filters]
    if errors:
        raise QueryInvalid(fields=errors)
    limit = max(1, min(query.limit, spec.max_rows))
    return replace(query, filters=tuple(filters), limit=limit)


def _shape_check(query: Query, hidden: set[str], wrong: Wrong) -> None:
    if query.is_grouped and query.fields:
        wrong("fields", N_("Ask for rows or for figures, not for both."))
    if not query.is_grouped and not query.fields:
        wrong("fields", N_("Choose at least one field or figure."))
    if len(query.filters) > FILTERS_MAX:
        wrong("filters", N_("These are too many conditions."))
    if hidden & {*query.groups, *(one.field for one in query.measures)}:
        wrong("groups", N_("Fields that are masked for you cannot be grouped or summed."))
    if hidden & {key for key, _down in query.order}:
        wrong("order", N_("Fields that are masked for you cannot be sorted."))
    names = {*query.groups, *query.fields, *(one.key for one in query.measures)}
    if any(key not in names for key, _down in query.order):
        wrong("order", N_("Sort by something that is shown."))


def _measure_check(spec: VirtualSpec, one: MeasureSpec, wrong: Wrong) -> None:
    if one.kind not in MEASURES or (one.kind == "COUNT") == bool(one.field):
        wrong("measures", N_("Choose a figure and its field."))
        return
    if one.kind in ("SUM", "AVG") and spec.type_of(one.field) not in ("INTEGER", "NUMBER"):
        wrong("measures", N_("Only numbers can be summed."))
    if one.kind in ("MIN", "MAX") and spec.field_of(one.field).level > CLEAR_LEVEL:
        wrong(
            "measures", N_("The smallest and largest value of a personal field are somebody's own.")
        )


def _filter_check(spec: VirtualSpec, one: FilterSpec, is_hidden: bool, wrong: Wrong) -> FilterSpec:
    name = f"filter-{one.field}"
    kind = spec.type_of(one.field)
    if one.op not in OPERATORS:
        wrong(name, N_("Choose how to compare."))
        return one
    if one.op in ("IS_NULL", "NOT_NULL"):
        return replace(one, values=())
    if is_hidden and one.op not in ("EQ", "IN"):
        wrong(name, N_("A masked field can only be compared with a whole value."))
    if one.op in ("STARTS", "CONTAINS") and kind != "TEXT":
        wrong(name, N_("Only text begins with or contains something."))
    if kind == "BOOLEAN" and one.op not in ("EQ", "NE"):
        wrong(name, N_("Yes or no can only be equal or not."))
    if not one.values or (one.op != "IN" and len(one.values) != 1) or len(one.values) > 500:
        wrong(name, N_("Give a value."))
        return one
    try:
        return replace(one, values=tuple(_typed(value, kind) for value in one.values))
    except (ValueError, TypeError):
        wrong(name, N_("This value does not fit the field."))
        return one


def _typed(value: object, kind: str) -> object:
    if isinstance(value, str):
        return value_read(value, kind)
    expected = {
        "INTEGER": int,
        "NUMBER": (int, float),
        "DATE": date,
        "DATETIME": datetime,
        "BOOLEAN": bool,
    }
    if not isinstance(value, expected.get(kind, str)):
        raise TypeError(value)
    return value


def answer_finish(spec: VirtualSpec, query: Query, answer: Answer, scope: Scope) -> Answer:
    """Mask what is above the asker's level and hide small groups (脱敏与小数抑制).

    A group smaller than `small_cell` loses its figures; when it is the only one, the next smallest
    loses them too, or a total would give it away.
    """
    if not query.is_grouped:
        columns = [spec.field_of(key) for key in query.fields]
        extra = 1 if person_field(spec) else 0
        rows = [
            tuple(
                _masked(value, one.mask) if one.level > scope.level else value
                for value, one in zip(
                    row[: len(row) - extra] if extra else row, columns, strict=True
                )
            )
            for row in answer.rows
        ]
        return replace(answer, rows=rows)
    sizes = [row[-1] for row in answer.rows]
    small = {number for number, size in enumerate(sizes) if size < spec.small_cell}
    if len(small) == 1 and len(sizes) > 1:
        rest = [number for number in range(len(sizes)) if number not in small]
        small.add(min(rest, key=lambda number: sizes[number]))
    kept = len(query.groups)
    rows = [
        row[:kept] + (None,) * len(query.measures) if number in small else row[:-1]
        for number, row in enumerate(answer.rows)
    ]
    return replace(answer, rows=rows, hidden=len(small))


def people_of(spec: VirtualSpec, query: Query, answer: Answer) -> list[str]:
    """Return the references of the people whose rows were shown (涉及人员), each once."""
    if query.is_grouped or not person_field(spec):
        return []
    return sorted({str(row[-1]) for row in answer.rows if row[-1]})


def _masked(value: object, mask: str) -> object:
    if value is None:
        return None
    text = str(value)
    masks = {
        "NAME": mask_name,
        "ID_NUMBER": mask_id_number,
        "PHONE": mask_phone,
        "ADDRESS": mask_address,
    }
    return masks[mask](text) if mask in masks else "***"
