"""Looking at a source without an agent (无代理盘点): a folder of files, SQLite, PostgreSQL.

Only a sample of each table is read, read-only and with time limits; its values stay in memory.
"""

import csv
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from yiwang.resources.catalogue.data import ColumnSample, TableSample
from yiwang.sdk.errors import N_, YiwangError

SAMPLE = 1000
TABLES_MAX = 2000
SUFFIXES = (".csv", ".xlsx", ".parquet")
SQLITE_SUFFIXES = (".sqlite", ".sqlite3", ".db")
SECONDS = 30


class SourceUnreadable(YiwangError):
    """A source cannot be looked at."""

    code = "inventory_source_unreadable"
    status = 422
    message = N_("%(source)s cannot be looked at: %(reason)s")


def source_name(source: str) -> str:
    """Return how a source is called on record: an address without its password.

    >>> source_name("postgresql://reader:secret@db/civil")
    'postgresql://reader@db/civil'
    """
    parts = urlsplit(source)
    if not parts.scheme or "://" not in source:
        return source
    host = parts.netloc.rpartition("@")[2]
    user = parts.netloc.rpartition("@")[0].partition(":")[0]
    return urlunsplit(parts._replace(netloc=f"{user}@{host}" if user else host, query=""))


def source_scan(source: str) -> list[TableSample]:
    """Take a sample of every table of a source (抽样); raises `SourceUnreadable`.

    source: a folder or file (CSV, XLSX, Parquet), a SQLite file or sqlite:///path, or
    postgresql://user@host/name.
    """
    if source.startswith(("postgresql://", "postgres://")):
        return _postgres_scan(source)
    path = Path(source.removeprefix("sqlite:///"))
    if not path.exists():
        raise SourceUnreadable(source=source_name(source), reason="it does not exist")
    if source.startswith("sqlite:///") or path.suffix.lower() in SQLITE_SUFFIXES:
        return _sqlite_scan(path)
    return _files_scan(path)


def _files_scan(root: Path) -> list[TableSample]:
    paths = [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.is_file())
    found: list[TableSample] = []
    for path in paths:
        if path.suffix.lower() not in SUFFIXES or path.name.startswith(("~", ".")):
            continue
        base = path.parent if root.is_file() else root
        name = path.relative_to(base).with_suffix("").as_posix()
        try:
            found += _READERS[path.suffix.lower()](path, name)
        except (ValueError, OSError, KeyError, csv.Error) as error:
            raise SourceUnreadable(source=str(path), reason=str(error)) from error
    if not found:
        raise SourceUnreadable(source=str(root), reason="no CSV, XLSX or Parquet file is in it")
    return found[:TABLES_MAX]


def _csv_tables(path: Path, name: str) -> list[TableSample]:
    with path.open("rb") as file:
        start = file.read(1 << 20)
    encoding = "utf-8-sig" if _is_utf8(start) else "gb18030"
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        reader = csv.reader(file)
        heading = next(reader, [])
        rows = [row for _, row in zip(range(SAMPLE), reader, strict=False)]
        total = len(rows) + sum(1 for _ in reader)
    return [_table(name, heading, rows, rows_total=total)]


def _is_utf8(start: bytes) -> bool:
    try:
        start[:-4].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _xlsx_tables(path: Path, name: str) -> list[TableSample]:
    from openpyxl import load_workbook  # noqa: PLC0415 - half a second that few commands need

    book = load_workbook(path, read_only=True, data_only=True)
    try:
        found = []
        for sheet in book.worksheets:
            rows = [
                list(row)
                for _, row in zip(range(SAMPLE), sheet.iter_rows(values_only=True), strict=False)
            ]
            head = next((i for i, row in enumerate(rows) if _is_heading(row)), None)
            if head is not None:
                heading = ["" if cell is None else str(cell) for cell in rows[head]]
                title = name if len(book.worksheets) == 1 else f"{name}/{sheet.title}"
                found.append(_table(title, heading, rows[head + 1 :]))
        return found
    finally:
        book.close()


def _is_heading(row: list) -> bool:
    """A heading has at least two cells, all of them text: a merged title above has only one."""
    cells = [cell for cell in row if cell is not None]
    return len(cells) >= 2 and all(isinstance(cell, str) for cell in cells)


def _parquet_tables(path: Path, name: str) -> list[TableSample]:
    try:
        from pyarrow import parquet  # noqa: PLC0415 - only where Parquet is looked at
    except ImportError as error:
        raise ValueError("reading Parquet needs pyarrow") from error
    file = parquet.ParquetFile(path)
    batch = next(file.iter_batches(batch_size=SAMPLE), None)
    columns = tuple(
        ColumnSample(
            field.name,
            declared=str(field.type),
            values=tuple(map(_text, batch.column(index).to_pylist())) if batch else (),
        )
        for index, field in enumerate(file.schema_arrow)
    )
    return [TableSample(name, columns, file.metadata.num_rows)]


_READERS = {".csv": _csv_tables, ".xlsx": _xlsx_tables, ".parquet": _parquet_tables}


def _table(
    name: str, heading: list[str], rows: list, *, rows_total: int | None = None
) -> TableSample:
    columns = tuple(
        ColumnSample(
            title.strip(),
            values=tuple(_text(row[index]) if index < len(row) else "" for row in rows),
        )
        for index, title in enumerate(heading)
        if title.strip()
    )
    return TableSample(name, columns, len(rows) if rows_total is None else rows_total)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _sqlite_scan(path: Path) -> list[TableSample]:
    try:
        database = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=SECONDS)
        try:
            return list(_sqlite_tables(database))
        finally:
            database.close()
    except sqlite3.Error as error:
        raise SourceUnreadable(source=str(path), reason=str(error)) from error


def _sqlite_tables(database: sqlite3.Connection) -> Iterator[TableSample]:
    names = database.execute(
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') "
        "AND name NOT LIKE 'sqlite%' ORDER BY name LIMIT ?",
        (TABLES_MAX,),
    ).fetchall()
    for (name,) in names:
        quoted = '"' + name.replace('"', '""') + '"'
        infos = database.execute(f"PRAGMA table_info({quoted})").fetchall()
        rows = database.execute(f"SELECT * FROM {quoted} LIMIT {SAMPLE}").fetchall()  # noqa: S608
        count = database.execute(f"SELECT count(*) FROM {quoted}").fetchone()[0]  # noqa: S608
        columns = tuple(
            ColumnSample(
                info[1],
                declared=info[2],
                values=tuple(_text(row[index]) for row in rows),
                is_key=bool(info[5]),
            )
            for index, info in enumerate(infos)
        )
        yield TableSample(name, columns, count)


_COLUMNS_SQL = """
SELECT c.table_schema, c.table_name, c.column_name, c.data_type,
       coalesce(col_description(t.oid, c.ordinal_position), ''),
       coalesce(obj_description(t.oid), ''), greatest(t.reltuples, 0)::bigint,
       EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = t.oid AND i.indisprimary
               AND c.ordinal_position = ANY (i.indkey))
FROM information_schema.columns c
JOIN pg_namespace n ON n.nspname = c.table_schema
JOIN pg_class t ON t.relname = c.table_name AND t.relnamespace = n.oid
WHERE c.table_schema NOT IN ('pg_catalog', 'information_schema')
ORDER BY c.table_schema, c.table_name, c.ordinal_position
"""


def _postgres_scan(source: str) -> list[TableSample]:
    try:
        import psycopg  # noqa: PLC0415 - only where a PostgreSQL is looked at
        from psycopg import sql  # noqa: PLC0415
    except ImportError as error:
        reason = "looking at PostgreSQL needs psycopg"
        raise SourceUnreadable(source=source_name(source), reason=reason) from error
    options = f"-c default_transaction_read_only=on -c statement_timeout={SECONDS}s"
    try:
        with psycopg.connect(source, connect_timeout=SECONDS, options=options) as database:
            found: dict[tuple[str, str], list[tuple]] = {}
            for row in database.execute(_COLUMNS_SQL).fetchall():
                found.setdefault(row[:2], []).append(row)
            tables = []
            for (schema, name), infos in list(found.items())[:TABLES_MAX]:
                query = sql.SQL("SELECT * FROM {} LIMIT {}").format(
                    sql.Identifier(schema, name), sql.Literal(SAMPLE)
                )
                tables.append(_postgres_table(infos, database.execute(query).fetchall()))
            return tables
    except psycopg.Error as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SourceUnreadable(source=source_name(source), reason=reason) from error


def _postgres_table(infos: list[tuple], rows: list[tuple]) -> TableSample:
    schema, name, *_, comment, estimate, _key = infos[0]
    columns = tuple(
        ColumnSample(
            info[2],
            declared=info[3],
            comment=info[4],
            values=tuple(_text(row[index]) for row in rows),
            is_key=info[7],
        )
        for index, info in enumerate(infos)
    )
    total = len(rows) if len(rows) < SAMPLE else max(estimate, len(rows))
    return TableSample(name if schema == "public" else f"{schema}.{name}", columns, total, comment)
