"""From an original to accepted and refused rows (批次处理): read, repair, check. No Django, no clock.

Each stage leaves a file and, when it is whole, a note beside it; a run that was killed finds them and
goes on. Memory is bounded by chunks of rows and DuckDB's limit, whatever the file.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from yiwang.engines.tabular.door import sql_text
from yiwang.resources.landing import repairs
from yiwang.resources.landing.data import LandingUnreadable
from yiwang.resources.landing.reading.opening import CHUNK, Report, read_to
from yiwang.resources.landing.tables import (
    connection_open,
    table_copy,
    table_empty,
    table_make,
    whole,
)
from yiwang.resources.quality.columns import identifier
from yiwang.resources.quality.data import Checked, Profile

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

SAMPLES = 5
# Faults that leave no telling which cell is whose; such a row is not held against the contract.
STRUCTURAL = ("FEW", "MANY", "QUOTE", "JSON")
# Columns of our own beside the fields while a batch is processed.
OURS = (
    "line",
    "_line",
    "_faults",
    "_repairs",
    "_place",
    "_row_no",
    "_key",
    "_hash",
    "_at",
    "_reasons",
)
TIME_NAMES = ("updated_at", "update_time", "updated_time", "last_modified", "gxsj")

Check = Callable[["duckdb.DuckDBPyConnection", str, tuple[Path, ...]], tuple[Checked, Profile]]


@dataclass(frozen=True, slots=True)
class Task:
    """What one batch's processing needs (处理任务).

    folder: where `original`, the results and `work/` stand. fields: the catalogue's `FieldSpec`s.
    rules: how each is repaired. check: the contract's, over a relation (and the files it is all of),
    leaving faults.parquet in the folder. row_base: gives the number below the first row's, once the
    number of rows is known.
    """

    original: Path
    folder: Path
    fields: tuple
    rules: tuple[repairs.Field, ...]
    check: Check
    row_base: Callable[[int], int]
    received_at: datetime
    report: Report = lambda stage, done, total: None


@dataclass(slots=True)
class Outcome:
    """What came of it (处理结果): counts, reasons, repairs, notes as the batch keeps them."""

    rows: int = 0
    accepted: int = 0
    rejected: int = 0
    duplicates: int = 0
    repaired: int = 0
    skipped: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    repairs: dict[str, dict] = field(default_factory=dict)
    notes: list[dict] = field(default_factory=list)
    warned: int = 0
    warnings: dict[str, int] = field(default_factory=dict)
    stops: list[str] = field(default_factory=list)
    checked: dict = field(default_factory=dict)
    profile: dict = field(default_factory=dict)


def process(task: Task) -> Outcome:
    """Read, repair and check one original (批次处理); the same original gives the same files.

    Raises `LandingUnreadable` with what the sender can do.
    """
    if not task.fields:
        raise LandingUnreadable("CATALOGUE")
    taken = [one.name for one in task.fields if one.name.lower() in OURS]
    if taken:
        raise LandingUnreadable("NAME_TAKEN", columns="、".join(taken))
    work = task.folder / "work"
    work.mkdir(exist_ok=True)
    facts = _stage(work / "raw.json", lambda: read_to(task, work))
    if not facts["rows"]:
        raise LandingUnreadable("ONLY_HEADING")
    fixed = _stage(work / "fixed.json", lambda: _repair(task, work, facts["rows"]))
    base = task.row_base(facts["rows"])
    checked = _stage(work / "checked.json", lambda: _check(task, work, base, facts["rows"]))
    return Outcome(
        **{name: facts[name] for name in ("rows", "skipped", "notes")},
        **fixed,
        **checked,
    )


def _stage(note: Path, run: Callable[[], dict]) -> dict:
    if note.exists():
        return json.loads(note.read_text())
    result = run()
    whole(note, json.dumps(result, ensure_ascii=False).encode())
    return result


def time_field(fields: Sequence[object]) -> object | None:
    """Return the field that says when a row was changed (更新时间字段), None where there is none."""
    timed = [one for one in fields if one.type in ("T", "D")]
    by_name = {one.name.lower(): one for one in timed}
    found = next((by_name[name] for name in TIME_NAMES if name in by_name), None)
    return found or next((one for one in timed if one.title in ("更新时间", "更新日期")), None)


# --- repair -------------------------------------------------------------------------------------


def _repair(task: Task, work: Path, rows: int) -> dict:
    """Write `fixed.parquet`: line, fields by name, faults, repairs [{field, kind, before}]."""
    import pyarrow as pa  # noqa: PLC0415 - only where a batch is processed
    import pyarrow.parquet as pq  # noqa: PLC0415

    target = work / "fixed.parquet"
    aside, done = target.with_name(f".{target.name}.{os.getpid()}"), 0
    tally: dict[str, dict] = {}
    entry = pa.struct([("field", pa.string()), ("kinds", pa.string()), ("before", pa.string())])
    schema = pa.schema(
        [("line", pa.int64()), *((rule.name, pa.string()) for rule in task.rules)]
        + [
            ("_faults", pa.list_(pa.string())),
            ("_repairs", pa.list_(entry)),
            ("_place", pa.int64()),
        ]
    )
    repaired = 0
    source = pq.ParquetFile(work / "raw.parquet")
    with pq.ParquetWriter(aside, schema, compression="zstd") as writer:
        for batch in source.iter_batches(CHUNK):
            table, touched = _repair_batch(pa, batch, task.rules, schema, tally)
            places = pa.array(range(done + 1, done + batch.num_rows + 1), pa.int64())
            writer.write_table(table.append_column(schema.field("_place"), places))
            done += batch.num_rows
            repaired += touched
            task.report("REPAIR", done, rows)
    aside.replace(target)
    return {"repairs": tally, "repaired": repaired}


def _repair_batch(pa, batch, rules, schema, tally) -> "tuple[pa.Table, int]":  # noqa: ANN001
    touched: dict[int, list[dict]] = {}
    faults: dict[int, list[str]] = {}
    columns = [batch.column(0)]
    for index, rule in enumerate(rules):
        column = batch.column(index + 1)
        places = _suspects(column, rule)
        if not places:
            columns.append(column)
            continue
        values = column.to_pylist()
        known: dict[str, tuple] = {}
        changed = False
        for place in places:
            before = values[place]
            if before not in known:
                known[before] = repairs.value_repair(before, rule)
            after, kinds = known[before]
            if rule.type in repairs.TEXTS and after and repairs.DESTROYED.fullmatch(after):
                faults.setdefault(place, []).append(f"SCIENTIFIC:{rule.name}")
            if not kinds:
                continue
            changed = True
            values[place] = after
            entry = {"field": rule.name, "kinds": "+".join(kinds), "before": before}
            touched.setdefault(place, []).append(entry)
            _tally(tally, kinds, rule.name, before, after)
        columns.append(pa.array(values, pa.string()) if changed else column)
    columns.append(_with_faults(pa, batch.column(batch.num_columns - 1), faults))
    columns.append(_listed(pa, batch.num_rows, touched, schema.field("_repairs").type))
    whole = pa.schema(list(schema)[:-1])
    return pa.Table.from_arrays(columns, schema=whole), len(touched)


def _suspects(column: "pa.Array", rule: repairs.Field) -> list[int]:
    """Return the places of values that a repair could change, found without touching the others."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    if rule.codes:
        sound = pc.is_in(column, value_set=pa.array(sorted(rule.codes), pa.string()))
        found = pc.and_(pc.invert(sound), pc.is_valid(column))
    elif rule.type in repairs.CLEAN:
        found = pc.invert(pc.match_substring_regex(column, repairs.CLEAN[rule.type]))
    else:
        pattern = rule.dirty + r"|^[-+]?\d(?:\.\d+)?[eE]\+\d\d"
        found = pc.match_substring_regex(column, pattern)
    return pc.indices_nonzero(pc.fill_null(found, fill_value=False)).to_pylist()


def _tally(tally: dict, kinds: Sequence[str], name: str, before: str, after: str | None) -> None:
    for kind in kinds:
        entry = tally.setdefault(kind, {"count": 0, "fields": {}, "samples": []})
        entry["count"] += 1
        entry["fields"][name] = entry["fields"].get(name, 0) + 1
        sample = [name, before[:60], (after or "")[:60]]
        if len(entry["samples"]) < SAMPLES and sample not in entry["samples"]:
            entry["samples"].append(sample)


def _with_faults(pa, column, faults: dict[int, list[str]]):  # noqa: ANN001, ANN202
    if not faults:
        return column
    values = column.to_pylist()
    for place, more in faults.items():
        kept = [fault for fault in more if fault.partition(":")[2] not in str(values[place])]
        values[place] = [*(values[place] or ()), *kept]
    return pa.array(values, column.type)


def _listed(pa, length: int, touched: dict, kind):  # noqa: ANN001, ANN202
    if not touched:
        return pa.array([[]] * length, kind)
    return pa.array([touched.get(place, []) for place in range(length)], kind)


# --- check --------------------------------------------------------------------------------------


def _check(task: Task, work: Path, base: int, rows: int) -> dict:
    """Write accepted.parquet, rejected.parquet and duplicates.parquet."""
    task.report("CHECK", 0, rows)
    connection = connection_open(work, reads=[work / "raw.parquet", work / "fixed.parquet"])
    try:
        repeated, files = _prepare(connection, task, work)
        checked, profile = task.check(connection, "candidates", files)
        task.report("CHECK", rows // 2, rows)
        results = _results(connection, task, base, work, checked, repeated)
        return results | _judged(connection, checked, profile)
    finally:
        connection.close()


def _prepare(
    connection: "duckdb.DuckDBPyConnection", task: Task, work: Path
) -> tuple[int, tuple[Path, ...]]:
    """Make `candidates`; returns how many rows repeat others, and the file if it is all of one."""
    fixed = sql_text(str(work / "fixed.parquet"))
    names = ", ".join(identifier(one.name) for one in task.fields)
    structural = ", ".join(sql_text(kind) for kind in STRUCTURAL)
    table_make(
        connection,
        "hashes",
        f"select line, {row_hash(task.fields)} as h, "
        f"list_has_any(_faults, [{structural}]) as crooked from read_parquet({fixed})",
    )
    # Of rows that are equal in every field the first one counts, the others are repetitions.
    repeated = table_make(
        connection,
        "repeated",
        "select r.line, d.first_line from hashes r join "
        "(select h, min(line) as first_line from hashes where not crooked group by h "
        "having count(*) > 1) d on d.h = r.h where not r.crooked and r.line <> d.first_line",
    )
    ((crooked,),) = connection.execute("select count(*) from hashes where crooked").fetchall()
    apart = "select line from repeated union all select line from hashes where crooked"
    narrowed = f" where line not in ({apart})" if repeated or crooked else ""
    connection.execute(
        f"create or replace temp view candidates as select line, {names} "
        f"from read_parquet({fixed}){narrowed}"
    ).fetchall()
    return repeated, () if narrowed else (work / "fixed.parquet",)


def row_hash(fields: Sequence[object]) -> str:
    """Write the hash of a row's content as SQL: the same on every machine and version (行摘要)."""
    parts = ", chr(31), ".join(f"coalesce({identifier(one.name)}, chr(30))" for one in fields)
    return f"md5_number_lower(concat({parts}))"


def _judged(connection: "duckdb.DuckDBPyConnection", checked: Checked, profile: Profile) -> dict:
    """Return what the contract says besides the refused rows: notes on rows, and whether it stops."""
    noted = f"{checked.table} where not rejected"
    return {
        "warned": checked.warned,
        "warnings": _reasons(connection, noted) if checked.warned else {},
        "stops": list(checked.stops),
        # As quality gave it, for a run that goes on after this stage.
        "checked": msgspec.to_builtins(checked),
        "profile": msgspec.to_builtins(profile),
    }


def _reasons(connection: "duckdb.DuckDBPyConnection", rows: str) -> dict[str, int]:
    """Count rows by reason, the most frequent first."""
    return dict(
        connection.execute(
            f"select reason, count(*) from (select unnest(reasons) as reason from {rows}) "
            "group by 1 order by 2 desc, 1"
        ).fetchall()
    )


def _results(
    connection: "duckdb.DuckDBPyConnection", task: Task, base: int, work: Path, checked: Checked,
    repeated: int,
) -> dict:  # fmt: skip
    fixed, raw = (
        f"read_parquet({sql_text(str(work / name))})" for name in ("fixed.parquet", "raw.parquet")
    )
    refused = table_make(
        connection,
        "refused",
        f"select line, list_distinct(flatten(list(said))) "
        f"as reasons from (select line, _faults as said from {fixed} where len(_faults) > 0 union all "
        f"select line, reasons from {checked.table} where rejected) "
        "where line not in (select line from repeated) group by line",
    )
    apart = ["select line from refused"] * bool(refused) + ["select line from repeated"] * bool(
        repeated
    )
    accepted = _accepted(connection, task, base, fixed, " union all ".join(apart))
    if refused:
        originals = ", ".join(
            f"r.f{i} as {identifier(one.name)}" for i, one in enumerate(task.fields)
        )
        table_copy(
            connection,
            f"select u.line as _line, list_sort(u.reasons) as _reasons, {originals} "
            f"from refused u join {raw} r on r.line = u.line order by u.line",
            task.folder / "rejected.parquet",
        )
    else:
        own = {"_line": "number", "_reasons": "texts"}
        columns = own | {one.name: "text" for one in task.fields}
        table_empty(task.folder / "rejected.parquet", columns)
    duplicates = task.folder / "duplicates.parquet"
    if repeated:
        ordered = "select line as _line, first_line as _first_line from repeated order by line"
        table_copy(connection, ordered, duplicates)
    else:
        table_empty(duplicates, {"_line": "number", "_first_line": "number"})
    return {
        "accepted": accepted,
        "rejected": refused,
        "duplicates": repeated,
        "reasons": _reasons(connection, "refused") if refused else {},
    }


def _accepted(
    connection: "duckdb.DuckDBPyConnection", task: Task, base: int, fixed: str, apart: str
) -> int:
    key = [one for one in task.fields if one.is_key]
    timed = time_field(task.fields)
    received = f"timestamp {sql_text(task.received_at.strftime('%Y-%m-%d %H:%M:%S'))}"
    at = (
        f"coalesce(try_cast({identifier(timed.name)} as timestamp), {received})"
        if timed
        else received
    )
    names = ", ".join(identifier(one.name) for one in task.fields)
    # Without a join the rows come in the order of the file by themselves.
    narrowed = f" where line not in ({apart}) order by line" if apart else ""
    # The number of a row is its place in the file, so that it stays when the file is processed again.
    return table_copy(
        connection,
        f"select {base:d} + _place as _row_no, line as _line, {row_hash(key or task.fields)} as _key, "
        f"{row_hash(task.fields)} as _hash, {at} as _at, _repairs, {names} "
        f"from {fixed}{narrowed}",
        task.folder / "accepted.parquet",
    )


def rules_of(
    fields: Sequence[object],
    *,
    codes: Mapping[str, tuple[Mapping[str, str], frozenset[str]]],
    crosswalks: Mapping[str, Mapping[str, str]],
    serials: bool = True,
) -> tuple[repairs.Field, ...]:
    """Build how each field is repaired (修复规则). codes: {table: ({folded name: code}, codes)}.

    crosswalks: {table: {department's code: city's}}.
    """
    return tuple(
        repairs.Field(
            one.name,
            one.type,
            codes=codes.get(one.code_table, (None, frozenset()))[1],
            titles=codes.get(one.code_table, ({},))[0],
            crosswalk=crosswalks.get(one.code_table, {}),
            is_identity=repairs.identity_field(one.name, one.title),
            serials=serials,
        )
        for one in fields
    )


def rows_iterate(path: Path, columns: Sequence[str] | None = None) -> Iterator[dict]:
    """Yield the rows of a Parquet file as dictionaries, a chunk at a time."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - only where a batch is read

    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(5000, columns=columns):
            yield from batch.to_pylist()
