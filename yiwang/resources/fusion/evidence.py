"""Both records of an uncertain pair and how they compare (比对证据), read from the files. Needs no Django."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from yiwang.engines.tabular.door import TabularLimits, parquet_list, tabular_open
from yiwang.resources.fusion.data import Field, FusionPlan, files_of
from yiwang.resources.fusion.desk import Likeness
from yiwang.resources.fusion.linkage import WEIGHTS
from yiwang.resources.fusion.residue import _master_column as master_column
from yiwang.resources.fusion.sql import select_compile
from yiwang.sdk.text import syllables

LIMITS = TabularLimits(threads=1, memory_mb=512)
DAY_ONE = date(1, 1, 1)


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a pair (一方记录).

    compared: field → value in the form in which linkage compares, '' or 0 for none. shown: field → text
    as written in the row, or as the master has it. sources: of a person, field → (class number, date).
    number: what stands as identity number or code, as written.
    """

    compared: Mapping[str, object]
    shown: Mapping[str, str]
    number: str
    at: date | None = None
    sources: Mapping[str, tuple[int, date | None]] = field(default_factory=dict)


def row_record(
    plan: FusionPlan, feed: Path, number: int, row_no: int, today: date
) -> Record | None:
    """Read a row of a class (读取来源行); None when it is no longer fed."""
    source = plan.source_get(number)
    files = files_of(source, feed)
    if not files:
        return None
    one = f"(select * from {parquet_list(files)} where row_no = {int(row_no)} limit 1)"
    with tabular_open(LIMITS) as connection:
        raw = _first(connection, f"select * from {one}")
        if raw is None:
            return None
        found = _first(connection, select_compile(plan, source, one, today=today)) or {}
    compared = {item.name: found.get(item.name, _nothing(item)) for item in plan.fields}
    shown = {
        name: str(raw[name])
        for name in source.formats
        if name in raw and raw[name] is not None and str(raw[name])
    }
    moment = raw["updated_at"]
    return Record(
        compared, shown, str(raw["id_number"] or ""), moment.date() if moment is not None else None
    )


def person_record(plan: FusionPlan, folder: Path, uid: int) -> Record | None:
    """Read a person's master record (读取主记录) with the class and date of each value."""
    likely = folder / f"persons-{uid & 255:03d}.parquet"
    fields = ", ".join(
        f"{master_column(item)[: -len(item.name)]}c_{item.name}" for item in plan.fields
    )
    with tabular_open(LIMITS) as connection:
        for files in (
            [likely] if likely.exists() else [],
            sorted(folder.glob("persons-*.parquet")),
        ):
            if not files:
                continue
            found = _first(
                connection, f"select *, {fields} from {parquet_list(files)} where uid = {int(uid)}"
            )
            if found is not None:
                return _person(plan, found)
    return None


def likenesses(plan: FusionPlan, left: Record, right: Record) -> list[Likeness]:
    """Compare two records field by field by the levels of the linkage (逐字段比对), the number first."""
    parts = [_level(item) for item in plan.fields]
    types = {True: pa.string(), False: pa.int64()}
    with tabular_open(LIMITS) as connection:
        for name, record in (("a", left), ("b", right)):
            values = {
                item.name: pa.array([record.compared[item.name]], types[item.is_text])
                for item in plan.fields
            }
            connection.register(name, pa.table(values))
        levels = connection.execute(f"select {', '.join(parts)} from a l, b r").fetchone()
    found = [_number_likeness(left.number, right.number)]
    for item, level in zip(plan.fields, levels or (), strict=True):
        one, other = left.compared[item.name], right.compared[item.name]
        weight = _weight(item, level) if item.name in plan.link_fields else 0.0
        name = level if isinstance(level, str) and not level.isdigit() else _LEVELS[int(level)]
        found.append(Likeness(item.name, item.title, name, _sign(item, name, one, other), weight))
    return found


_LEVELS = ("EQUAL", "NEAR", "DIFFERS")


def _person(plan: FusionPlan, found: Mapping) -> Record:
    sources = {}
    for item in plan.fields:
        number, moment = found[f"{item.name}_class"], found[f"{item.name}_at"]
        if number is not None:
            sources[item.name] = (int(number), moment.date() if moment is not None else None)
    return Record(
        compared={item.name: found[f"c_{item.name}"] for item in plan.fields},
        shown={
            item.name: str(found[item.name])
            for item in plan.fields
            if found[item.name] is not None and str(found[item.name])
        },
        number=found["identifier"] or "",
        sources=sources,
    )


def _first(connection: duckdb.DuckDBPyConnection, query: str) -> dict | None:
    result = connection.execute(query)
    names = [column[0] for column in result.description or ()]
    row = result.fetchone()
    return dict(zip(names, row, strict=True)) if row else None


def _nothing(item: Field) -> object:
    return "" if item.is_text else 0


def _level(item: Field) -> str:
    """Compile the level of a field: the number of the test that holds, or what is missing."""
    none = "''" if item.is_text else "0"
    left, right = f"l.{item.name}", f"r.{item.name}"
    tests = WEIGHTS[item.kind]
    cases = " ".join(
        f"when {test.format(l=left, r=right)} then '{place}'"
        for place, (test, _m, _u) in enumerate(tests)
    )
    return (
        f"case when {left} = {none} and {right} = {none} then 'NONE_BOTH' "
        f"when {left} = {none} then 'NONE_HERE' when {right} = {none} then 'NONE_THERE' "
        f"{cases} else '2' end"
    )


def _weight(item: Field, level: str) -> float:
    """Return log₂(m / u) of a level; 0 where something is missing."""
    if not level.isdigit():
        return 0.0
    tests = WEIGHTS[item.kind]
    place = int(level)
    if place < len(tests):
        _test, m, u = tests[place]
    else:
        m, u = 1 - sum(one[1] for one in tests), 1 - sum(one[2] for one in tests)
    return round(math.log2(m / u), 2)


def _sign(item: Field, level: str, left: object, right: object) -> str:
    """Find the words for a level (a key of `desk.SIGNS`)."""
    if level not in ("NEAR", "DIFFERS"):
        return level
    if item.kind == "NAME":
        return _name_sign(str(left), str(right))
    if item.kind == "DATE":
        return _date_sign(int(left), int(right))
    near, far = {
        "TEXT": ("SIMILAR", "DIFFERS"),
        "ADDRESS": ("MOVED_NEAR", "MOVED"),
        "PHONE": ("CHANGED_PHONE", "CHANGED_PHONE"),
    }.get(item.kind, ("DIFFERS", "DIFFERS"))
    return near if level == "NEAR" else far


def _name_sign(left: str, right: str) -> str:
    """Say how two names differ.

    >>> _name_sign("王小明", "王晓明"), _name_sign("王小明", "王大明"), _name_sign("王小明", "李静")
    ('HOMOPHONE', 'ONE_CHARACTER', 'DIFFERS')
    """
    if len(left) != len(right):
        return "DIFFERS"
    places = [place for place in range(len(left)) if left[place] != right[place]]
    sounds = [(syllables(left[place]), syllables(right[place])) for place in places]
    if all(one and other and set(one[0]) & set(other[0]) for one, other in sounds):
        return "HOMOPHONE"
    return "ONE_CHARACTER" if len(places) == 1 else "DIFFERS"


def _date_sign(left: int, right: int) -> str:
    """Say how two days differ; days since 0001-01-01.

    >>> _date_sign(722814, 723180), _date_sign(722814, 722830)
    ('SAME_DAY', 'WITHIN_MONTH')
    """
    one, other = (DAY_ONE + timedelta(days=days) for days in (left, right))
    if (one.month, one.day) == (other.month, other.day):
        return "SAME_DAY"
    if (one.year, one.month, one.day) == (other.year, other.day, other.month):
        return "SWAPPED"
    return "WITHIN_MONTH" if abs(left - right) <= 31 else "DIFFERS"


def _number_likeness(left: str, right: str) -> Likeness:
    """Compare the numbers as written: a typing error or another number."""
    level = "DIFFERS"
    sign = "DIFFERS"
    if not left or not right:
        level = sign = "NONE_BOTH" if left == right else "NONE_HERE" if not left else "NONE_THERE"
    elif left == right:
        level = sign = "EQUAL"
    elif len(left) == len(right):
        places = sum(one != other for one, other in zip(left, right, strict=True))
        if places <= 2:
            level, sign = "NEAR", ("ONE_DIGIT", "TWO_DIGITS")[places - 1]
    return Likeness("identifier", "证件号码", level, sign, 0.0)
