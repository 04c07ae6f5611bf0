"""From an original to accepted and refused rows (批次处理): read, repair, check. No Django, no clock.

Each stage leaves a file and, when it is whole, a note beside it; a run that was killed finds them and
goes on. Memory is bounded by chunks of rows and DuckDB's limit, whatever the file.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from yiwang.engines.tabular.door import TabularLimits, sql_text, tabular_open
from yiwang.resources.landing import repairs
from yiwang.resources.landing.data import LINE_MAX, LandingUnreadable
from yiwang.resources.landing.reading.delimited import delimited_read, delimiter_find
from yiwang.resources.landing.reading.heading import (
    Heading,
    heading_match,
    heading_require,
    is_note,
    is_total,
)
from yiwang.resources.landing.reading.lines import Encodings, Scan, scan, to_utf8
from yiwang.resources.landing.reading.objects import objects_read
from yiwang.resources.landing.reading.rows import Reading
from yiwang.resources.landing.reading.sheets import sheet_read
from yiwang.resources.quality.columns import identifier
from yiwang.resources.quality.data import Checked, Profile

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

CHUNK = 50_000
SAMPLES = 5
NOTES_MAX = 50
LIMITS_MB = 1024
# Faults that leave no telling which cell is whose; such a row is not held against the contract.
STRUCTURAL = ("FEW", "MANY", "QUOTE", "JSON")
TIME_NAMES = ("updated_at", "update_time", "updated_time", "last_modified", "gxsj")

Report = Callable[[str, int, int], None]
Check = Callable[["duckdb.DuckDBPyConnection", str], tuple[Checked, Profile]]


@dataclass(frozen=True, slots=True)
class Task:
    """What one batch's processing needs (处理任务).

    folder: where `original`, the results and `work/` stand. fields: the catalogue's `FieldSpec`s.
    rules: how each is repaired. check: the contract's, over a relation,
    leaving faults.parquet in the folder. row_base: gives the
    number below the first row's, once the number of rows is known.
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
    work = task.folder / "work"
    work.mkdir(exist_ok=True)
    facts = _stage(work / "raw.json", lambda: _read(task, work))
    if not facts["rows"]:
        raise LandingUnreadable("ONLY_HEADING")
    fixed = _stage(work / "fixed.json", lambda: _repair(task, work, facts["rows"]))
    base = task.row_base(facts["rows"])
    checked = _stage(work / "checked.json", lambda: _check(task, work, base, facts["rows"]))
    return Outcome(
        **{name: facts[name] for name in ("rows", "skipped", "notes")},
        repairs=fixed["repairs"],
        **checked,
    )


def _stage(note: Path, run: Callable[[], dict]) -> dict:
    if note.exists():
        return json.loads(note.read_text())
    result = run()
    whole(note, json.dumps(result, ensure_ascii=False).encode())
    return result


def whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all (原子写入)."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    with aside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def connection_open(work: Path) -> "duckdb.DuckDBPyConnection":
    """Open DuckDB with limits, spilling into the batch's own folder."""
    work.mkdir(parents=True, exist_ok=True)
    connection = tabular_open(TabularLimits(2, LIMITS_MB, str(work / "spill")))
    connection.execute("set preserve_insertion_order = true").fetchall()
    return connection


def time_field(fields: Sequence[object]) -> object | None:
    """Return the field that says when a row was changed (更新时间字段), None where there is none."""
    timed = [one for one in fields if one.type in ("T", "D")]
    by_name = {one.name.lower(): one for one in timed}
    found = next((by_name[name] for name in TIME_NAMES if name in by_name), None)
    return found or next((one for one in timed if one.title in ("更新时间", "更新日期")), None)


# --- read ---------------------------------------------------------------------------------------


def _read(task: Task, work: Path) -> dict:
    """Bring any form into `raw.parquet`: line, f0 … as sent, faults."""
    task.report("READ", 0, 0)
    raw = work / "raw.parquet"
    with task.original.open("rb") as file:
        head = file.read(4096)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00"):
        raise LandingUnreadable("EMPTY")
    if head.startswith(b"PAR1"):
        return _parquet(task, raw, work)
    reading = _reading(task, work, head)
    if isinstance(reading, dict):
        return reading
    rows = _write_rows(reading, raw, len(task.fields), task.report)
    return _facts(reading, rows)


def _reading(task: Task, work: Path, head: bytes) -> Reading | dict:
    if head.startswith(b"PK"):
        return sheet_read(task.original, task.fields)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise LandingUnreadable("OLD_EXCEL")
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start == b"<":
        raise LandingUnreadable("WEB_PAGE")
    found = scan(task.original)
    if start in (b"{", b"[") and not found.wide:
        return objects_read(task.original, found, task.fields)
    if not found.wide and b"\x00" in head:
        raise LandingUnreadable("NOT_A_TABLE")
    mark, heading = delimiter_find(task.original, found, task.fields)
    if (quick := _quick(task, work, found, mark, heading)) is not None:
        return quick
    return delimited_read(task.original, found, task.fields, mark=mark, heading=heading)


def _facts(reading: Reading, rows: int) -> dict:
    notes = reading.notes[:NOTES_MAX]
    if reading.heading:
        notes = [*_heading_notes(reading.heading), *notes]
    return {"form": reading.form, "rows": rows, "skipped": reading.skipped, "notes": notes}


def _heading_notes(heading: Heading) -> list[dict]:
    if not heading.unknown:
        return []
    return [{"kind": "UNKNOWN_COLUMNS", "columns": list(heading.unknown[:50])}]


def _quick(task: Task, work: Path, found: Scan, mark: str, heading: Heading) -> dict | None:
    """Let DuckDB read a clean file; None when it is not clean, and the tolerant reader takes it."""
    if found.has_blank or found.has_odd_ends or found.wide or len(mark.encode()) > 1:
        return None
    source, notes = task.original, []
    if not found.is_utf8:
        source, counts = work / "utf8.csv", Encodings()
        if not to_utf8(task.original, source, counts):
            source.unlink()
            return None
        notes.append({"kind": "ENCODING", "gb18030": counts.gb18030, "utf8": counts.utf8})
    if any(is_total(cells) or is_note(cells) for cells in _tail(source, mark)):
        return None
    rows = _quick_copy(source, work, task, mark, heading, found.lines - heading.row - 1)
    if source != task.original:
        source.unlink()
    if rows is None:
        return None
    notes = [*_heading_notes(heading), *notes]
    return {"form": "CSV", "rows": rows, "skipped": 0, "notes": notes}


def _tail(path: Path, mark: str) -> list[list[str]]:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 16384))
        lines = file.read().decode("utf-8", "replace").splitlines()[-6:]
    return [line.split(mark) for line in lines]


def _quick_copy(
    source: Path, work: Path, task: Task, mark: str, heading: Heading, expected: int
) -> int | None:
    import duckdb  # noqa: PLC0415 - only where a batch is processed

    columns = ", ".join(f"'c{index}': 'varchar'" for index in range(heading.width))
    select = ", ".join(f"nullif(c{place}, '') as f{i}" for i, place in enumerate(heading.places))
    reader = (
        f"read_csv({sql_text(str(source))}, header = false, auto_detect = false, "
        f"skip = {heading.row + 1:d}, delim = {sql_text(mark)}, quote = '\"', escape = '\"', "
        f"columns = {{{columns}}}, strict_mode = true, max_line_size = {LINE_MAX:d})"
    )
    statement = (
        f"select row_number() over () + {heading.row + 1:d} as line, {select}, "
        f"[]::varchar[] as faults from {reader}"
    )
    connection = connection_open(work)
    try:
        rows = _copy(connection, statement, work / "raw.parquet")
    except duckdb.Error:
        return None
    finally:
        connection.close()
    task.report("READ", rows, rows)
    # A cell with a line break would move the numbers of all lines below it.
    return rows if rows == expected else None


def _copy(connection: "duckdb.DuckDBPyConnection", statement: str, target: Path) -> int:
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    options = "format parquet, compression zstd, row_group_size 100000"
    done = connection.execute(
        f"copy ({statement}) to {sql_text(str(aside))} ({options})"
    ).fetchall()
    aside.replace(target)
    return done[0][0]


def _parquet(task: Task, raw: Path, work: Path) -> dict:
    import duckdb  # noqa: PLC0415 - only where a batch is processed

    source = f"read_parquet({sql_text(str(task.original))})"
    connection = connection_open(work)
    try:
        described = connection.execute(f"describe select * from {source}").fetchall()
        names, kinds = [row[0] for row in described], [row[1] for row in described]
        heading = heading_require(heading_match(names, task.fields, row=-1), task.fields)
        select = ", ".join(
            f"{_as_text(identifier(names[place]), kinds[place])} as f{index}"
            for index, place in enumerate(heading.places)
        )
        rows = _copy(
            connection,
            f"select row_number() over () as line, {select}, []::varchar[] as faults from {source}",
            raw,
        )
    except duckdb.Error as error:
        raise LandingUnreadable("BROKEN", detail=str(error).splitlines()[0][:120]) from error
    finally:
        connection.close()
    return {"form": "PARQUET", "rows": rows, "skipped": 0, "notes": _heading_notes(heading)}


def _as_text(column: str, kind: str) -> str:
    if kind == "DATE":
        return f"strftime({column}, '%Y-%m-%d')"
    if kind.startswith("TIMESTAMP"):
        return f"strftime({column}::timestamp, '%Y-%m-%d %H:%M:%S')"
    if kind == "BOOLEAN":
        return f"case when {column} then '1' when not {column} then '0' end"
    return f"nullif({column}::varchar, '')"


def _write_rows(reading: Reading, raw: Path, width: int, report: Report) -> int:
    import pyarrow as pa  # noqa: PLC0415 - only where a batch is processed
    import pyarrow.parquet as pq  # noqa: PLC0415

    schema = pa.schema(
        [("line", pa.int64()), *((f"f{i}", pa.string()) for i in range(width))]
        + [("faults", pa.list_(pa.string()))]
    )
    aside, done = raw.with_name(f".{raw.name}.{os.getpid()}"), 0
    with pq.ParquetWriter(aside, schema, compression="zstd") as writer:
        while chunk := list(islice(reading.rows, CHUNK)):
            lines, values, faults = zip(*chunk, strict=True)
            columns = [[cell or None for cell in column] for column in zip(*values, strict=True)]
            arrays = [pa.array(lines, pa.int64()), *(_strings(pa, column) for column in columns)]
            arrays.append(pa.array(faults, schema.field("faults").type))
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            done += len(chunk)
            report("READ", done, max(reading.total, done))
    aside.replace(raw)
    return done


def _strings(pa, values: list) -> "pa.Array":  # noqa: ANN001 - the module, imported by the caller
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:  # half a surrogate pair, as broken JSON has them
        sound = [value and value.encode("utf-8", "replace").decode() for value in values]
        return pa.array(sound, pa.string())


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
        + [("faults", pa.list_(pa.string())), ("repairs", pa.list_(entry))]
    )
    source = pq.ParquetFile(work / "raw.parquet")
    with pq.ParquetWriter(aside, schema, compression="zstd") as writer:
        for batch in source.iter_batches(CHUNK):
            writer.write_table(_repair_batch(pa, batch, task.rules, schema, tally))
            done += batch.num_rows
            task.report("REPAIR", done, rows)
    aside.replace(target)
    return {"repairs": tally}


def _repair_batch(pa, batch, rules, schema, tally) -> "pa.Table":  # noqa: ANN001
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
    columns.append(_listed(pa, batch.num_rows, touched, schema.field("repairs").type))
    return pa.Table.from_arrays(columns, schema=schema)


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
    connection = connection_open(work)
    try:
        _prepare(connection, task, work)
        checked, profile = task.check(connection, "candidates")
        task.report("CHECK", rows // 2, rows)
        results = _results(connection, task, base, work, checked.table)
        return results | _judged(connection, checked, profile)
    finally:
        connection.close()


def _prepare(connection: "duckdb.DuckDBPyConnection", task: Task, work: Path) -> None:
    fixed = sql_text(str(work / "fixed.parquet"))
    names = ", ".join(identifier(one.name) for one in task.fields)
    structural = ", ".join(sql_text(kind) for kind in STRUCTURAL)
    connection.execute(
        f"create temp table hashes as select line, {row_hash(task.fields)} as h, "
        f"list_has_any(faults, [{structural}]) as crooked from read_parquet({fixed})"
    ).fetchall()
    # Of rows that are equal in every field the first one counts, the others are repetitions.
    connection.execute(
        "create temp table repeated as select line, first_line from (select line, crooked, "
        "min(line) over (partition by h, crooked) as first_line from hashes) "
        "where line <> first_line and not crooked"
    ).fetchall()
    connection.execute(
        f"create temp view candidates as select line, {names} from read_parquet({fixed}) "
        "where line not in (select line from repeated) "
        "and line not in (select line from hashes where crooked)"
    ).fetchall()


def row_hash(fields: Sequence[object]) -> str:
    """Write the hash of a row's content as SQL: the same on every machine and version (行摘要)."""
    parts = ", chr(31), ".join(f"coalesce({identifier(one.name)}, chr(30))" for one in fields)
    return f"md5_number_lower(concat({parts}))"


def _judged(connection: "duckdb.DuckDBPyConnection", checked: Checked, profile: Profile) -> dict:
    """Return what the contract says besides the refused rows: notes on rows, and whether it stops."""
    warnings = connection.execute(
        f"select reason, count(*) from (select unnest(reasons) as reason from {checked.table} "
        "where not rejected) group by 1 order by 2 desc, 1"
    ).fetchall()
    return {
        "warned": checked.warned,
        "warnings": dict(warnings),
        "stops": list(checked.stops),
        # As quality gave it, for a run that goes on after this stage.
        "checked": msgspec.to_builtins(checked),
        "profile": msgspec.to_builtins(profile),
    }


def _results(
    connection: "duckdb.DuckDBPyConnection", task: Task, base: int, work: Path, faults: str
) -> dict:
    fixed, raw = (
        f"read_parquet({sql_text(str(work / name))})" for name in ("fixed.parquet", "raw.parquet")
    )
    connection.execute(
        f"create temp table refused as select f.line, list_distinct(list_concat("
        f"coalesce(f.faults, []), coalesce(b.reasons, []))) as reasons from {fixed} f "
        f"left join (select * from {faults} where rejected) b on b.line = f.line where f.line not in (select line from repeated) "
        f"and (len(f.faults) > 0 or b.line is not null)"
    ).fetchall()
    accepted = _accepted(connection, task, base, fixed)
    originals = ", ".join(f"r.f{i} as {identifier(one.name)}" for i, one in enumerate(task.fields))
    rejected = _copy(
        connection,
        f"select u.line as _line, list_sort(u.reasons) as _reasons, {originals} "
        f"from refused u join {raw} r on r.line = u.line order by u.line",
        task.folder / "rejected.parquet",
    )
    duplicates = _copy(
        connection,
        "select line as _line, first_line as _first_line from repeated order by line",
        task.folder / "duplicates.parquet",
    )
    reasons = connection.execute(
        "select reason, count(*) from (select unnest(reasons) as reason from refused) "
        "group by 1 order by 2 desc, 1"
    ).fetchall()
    repaired = connection.execute(f"select count(*) from {fixed} where len(repairs) > 0").fetchall()
    return {
        "accepted": accepted,
        "rejected": rejected,
        "duplicates": duplicates,
        "reasons": dict(reasons),
        "repaired": repaired[0][0],
    }


def _accepted(connection: "duckdb.DuckDBPyConnection", task: Task, base: int, fixed: str) -> int:
    key = [one for one in task.fields if one.is_key]
    timed = time_field(task.fields)
    received = f"timestamp {sql_text(task.received_at.strftime('%Y-%m-%d %H:%M:%S'))}"
    at = (
        f"coalesce(try_cast({identifier(timed.name)} as timestamp), {received})"
        if timed
        else received
    )
    names = ", ".join(identifier(one.name) for one in task.fields)
    # The number of a row is its place in the file, so that it stays when the file is processed again.
    return _copy(
        connection,
        f"select {base:d} + place as _row_no, line as _line, {row_hash(key or task.fields)} as _key, "
        f"{row_hash(task.fields)} as _hash, {at} as _at, repairs as _repairs, {names} "
        f"from (select *, row_number() over () as place from {fixed}) "
        "where line not in (select line from refused) and line not in (select line from repeated) "
        "order by line",
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
