"""Rows out of a department's database (数据库抽取): PostgreSQL, MySQL, SQLite; read only, as Parquet.

The password comes from an environment variable whose name is kept; statements are SELECTs that a data
steward wrote, run in a read-only transaction. A pull is an original like a file: text as the source has
it, one snapshot.
"""

import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from yiwang.resources.landing.data import LandingUnreadable
from yiwang.resources.landing.reading.sheets import cell_text

CHUNK, TIMEOUT = 10_000, 15
SCHEMES = ("sqlite", "postgresql", "mysql")
_NAME = re.compile(r"[^\W\d][\w$]{0,62}(?:\.[^\W\d][\w$]{0,62})?")
_SECRET = re.compile(r"(password|pwd)\S*", re.IGNORECASE)
_SELECT = re.compile(r"\s*(select|with)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Pull:
    """What is pulled (抽取设置). url: sqlite:///path, postgresql:// or mysql://user@host:port/name.

    password_variable: name of the environment variable, "" for none. table or query; watermark_column:
    only rows past the last value seen, "" for all. It stands in the query's result.
    """

    url: str
    password_variable: str = ""
    table: str = ""
    query: str = ""
    watermark_column: str = ""


def pull_check(pull: Pull) -> dict[str, str]:
    """Return {setting: what is wrong} of a pull (设置检查); empty when it can be tried."""
    wrong = {}
    parts = urlsplit(pull.url)
    if parts.scheme not in SCHEMES:
        wrong["url"] = "sqlite:///…, postgresql://…, mysql://…"
    if parts.password:
        wrong["url"] = "password"
    if bool(pull.table) == bool(pull.query):
        wrong["table"] = "table or query"
    if pull.table and not _NAME.fullmatch(pull.table):
        wrong["table"] = pull.table
    if pull.query and (not _SELECT.match(pull.query) or ";" in pull.query.rstrip().rstrip(";")):
        wrong["query"] = "SELECT"
    if pull.watermark_column and not _NAME.fullmatch(pull.watermark_column):
        wrong["watermark_column"] = pull.watermark_column
    return wrong


def pull_to(pull: Pull, watermark: str, target: Path) -> tuple[int, str]:
    """Write what is new at the source as Parquet (抽取); returns how many rows and the new watermark.

    Raises `LandingUnreadable` when the source does not answer.
    """
    try:
        opened = _open(pull)
    except LandingUnreadable:
        raise
    except Exception as error:
        # Drivers raise what they like; whatever it is, the source did not answer.
        raise LandingUnreadable("SOURCE", detail=_safe(error)) from error
    with closing(opened.connection):
        try:
            return _write(opened, pull, watermark, target)
        except LandingUnreadable:
            raise
        except Exception as error:
            raise LandingUnreadable("SOURCE", detail=_safe(error)) from error


@dataclass(slots=True)
class _Opened:
    connection: object
    quote: str
    holder: str


def _open(pull: Pull) -> _Opened:
    parts = urlsplit(pull.url)
    if parts.scheme == "sqlite":
        path = unquote(parts.path[1:])
        if not Path(path).is_file():
            raise LandingUnreadable("SOURCE", detail="no such SQLite file")
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=TIMEOUT)
        return _Opened(connection, '"', "?")
    password = os.environ.get(pull.password_variable) if pull.password_variable else None
    if pull.password_variable and password is None:
        detail = f"the variable {pull.password_variable} is not set"
        raise LandingUnreadable("SOURCE", detail=detail)
    return (_postgresql if parts.scheme == "postgresql" else _mysql)(parts, password)


def _postgresql(parts, password: str | None) -> _Opened:  # noqa: ANN001 - SplitResult
    import psycopg  # noqa: PLC0415 - an optional driver

    more = dict(parse_qsl(parts.query))
    connection = psycopg.connect(
        host=more.pop("host", parts.hostname),
        port=parts.port,
        user=unquote(parts.username or "") or None,
        dbname=unquote(parts.path[1:]),
        password=password,
        connect_timeout=TIMEOUT,
        autocommit=False,
    )
    connection.read_only = True
    return _Opened(connection, '"', "%s")


def _mysql(parts, password: str | None) -> _Opened:  # noqa: ANN001 - SplitResult
    try:
        import pymysql  # noqa: PLC0415 - an optional driver
    except ImportError as error:
        detail = "the driver for MySQL is not installed: pip install yiwang[mysql]"
        raise LandingUnreadable("SOURCE", detail=detail) from error

    more = dict(parse_qsl(parts.query))
    connection = pymysql.connect(
        host=parts.hostname,
        port=parts.port or 3306,
        user=unquote(parts.username or ""),
        password=password or "",
        database=unquote(parts.path[1:]),
        unix_socket=more.get("socket"),
        charset="utf8mb4",
        connect_timeout=TIMEOUT,
        read_timeout=600,
        cursorclass=pymysql.cursors.SSCursor,
    )
    with connection.cursor() as cursor:
        cursor.execute("start transaction read only")
    return _Opened(connection, "`", "%s")


def _statement(opened: _Opened, pull: Pull, watermark: str) -> tuple[str, list[str]]:
    def quoted(name: str) -> str:
        return ".".join(f"{opened.quote}{part}{opened.quote}" for part in name.split("."))

    # Names were held against a pattern; the query is the steward's own, in a read-only transaction.
    source = quoted(pull.table) if pull.table else f"({pull.query.rstrip().rstrip(';')})"
    if opened.holder == "%s" and pull.query:
        source = source.replace("%", "%%")
    statement, parameters = f"select * from {source} pulled", []
    if pull.watermark_column:
        if watermark:
            statement += f" where {quoted(pull.watermark_column)} > {opened.holder}"
            parameters.append(watermark)
        statement += f" order by {quoted(pull.watermark_column)}"
    return statement, parameters


def _write(opened: _Opened, pull: Pull, watermark: str, target: Path) -> tuple[int, str]:
    import pyarrow as pa  # noqa: PLC0415 - only where rows are pulled
    import pyarrow.parquet as pq  # noqa: PLC0415

    statement, parameters = _statement(opened, pull, watermark)
    cursor = opened.connection.cursor()
    cursor.execute(statement, parameters)
    names = [column[0] for column in cursor.description]
    mark = names.index(pull.watermark_column) if pull.watermark_column in names else None
    schema = pa.schema([(name, pa.string()) for name in names])
    rows = 0
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for chunk in _chunks(cursor):
            columns = [[_text(value) for value in column] for column in zip(*chunk, strict=True)]
            arrays = [pa.array(column, pa.string()) for column in columns]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            rows += len(chunk)
            if mark is not None:
                seen = [text for row in chunk if (text := _mark_text(row[mark]))]
                watermark = seen[-1] if seen else watermark
    return rows, watermark


def _chunks(cursor) -> Iterator[Sequence[tuple]]:  # noqa: ANN001 - any DB-API cursor
    while chunk := cursor.fetchmany(CHUNK):
        yield chunk


def _text(value: object) -> str | None:
    """A database keeps every digit, so what would be a fault in Excel is none here."""
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace") or None
    return cell_text(value)[0]


def _mark_text(value: object) -> str:
    """Return a watermark so that the source compares it as it is: moments with all their digits."""
    return "" if value is None else str(value)


def _safe(error: Exception) -> str:
    """Say what a driver said, without the address and the password it may repeat."""
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {_SECRET.sub('…', said)}"[:200]
