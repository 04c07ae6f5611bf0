"""An original of any form becomes one table of text (读入): the first stage of a batch."""

import os
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from yiwang.engines.tabular.door import sql_text
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
from yiwang.resources.landing.tables import connection_open, table_copy
from yiwang.resources.quality.columns import identifier

if TYPE_CHECKING:
    import pyarrow as pa

CHUNK = 50_000
NOTES_MAX = 50
Report = Callable[[str, int, int], None]


class Opening(Protocol):
    """What reading needs of a task: the original, the catalogue's fields, whom to report to."""

    original: Path
    fields: tuple
    report: Report


def read_to(task: Opening, work: Path) -> dict:
    """Bring any form into `raw.parquet` (读入): line, f0 … as sent, faults; returns what was noticed."""
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


def _reading(task: Opening, work: Path, head: bytes) -> Reading | dict:
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


def _quick(task: Opening, work: Path, found: Scan, mark: str, heading: Heading) -> dict | None:
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
    source: Path, work: Path, task: Opening, mark: str, heading: Heading, expected: int
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
    connection = connection_open(work, reads=[source])
    try:
        rows = table_copy(connection, statement, work / "raw.parquet")
    except duckdb.Error:
        return None
    finally:
        connection.close()
    task.report("READ", rows, rows)
    # A cell with a line break would move the numbers of all lines below it.
    return rows if rows == expected else None


def _parquet(task: Opening, raw: Path, work: Path) -> dict:
    import duckdb  # noqa: PLC0415 - only where a batch is processed

    source = f"read_parquet({sql_text(str(task.original))})"
    connection = connection_open(work, reads=[task.original])
    try:
        described = connection.execute(f"describe select * from {source}").fetchall()
        names, kinds = [row[0] for row in described], [row[1] for row in described]
        heading = heading_require(heading_match(names, task.fields, row=-1), task.fields)
        select = ", ".join(
            f"{_as_text(identifier(names[place]), kinds[place])} as f{index}"
            for index, place in enumerate(heading.places)
        )
        rows = table_copy(
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
