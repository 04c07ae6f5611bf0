"""The four kinds of sources (数据源连接): opened read-only, asked with parameters, read in batches.

Nothing here takes SQL from a person: statements come from `sql.py`, which builds them from the names in
a reviewed definition. Drivers are imported when a source of their kind is asked.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from yiwang.resources.virtual.data import ColumnSpec, PartSpec

if TYPE_CHECKING:
    import pyarrow

BATCH = 20_000
CONNECT_SECONDS = 5
VARIABLE = "YIWANG_SOURCE_"


class PartFailed(Exception):
    """A part gave nothing: fault is a key of `data.FAULTS`; the cause is chained, for the log."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Places:
    """Where sources may lie (允许的位置): folders, and the environment with connection addresses."""

    roots: tuple[Path, ...]
    environment: dict[str, str] = field(default_factory=dict)

    def file(self, location: str) -> str:
        """Return the real path of a location (解析路径). Raises PartFailed.

        Links are followed before it is compared, so none leads out of the folders.
        """
        if not location or location.startswith(("/", "\\")) or "\x00" in location:
            raise PartFailed("OUTSIDE")
        for root in self.roots:
            base = root.resolve()
            path = (base / location).resolve()
            if not path.is_relative_to(base):
                raise PartFailed("OUTSIDE")
            if "*" in path.name:
                files = [one.resolve() for one in path.parent.glob(path.name)]
                if any(not one.is_relative_to(base) for one in files):
                    raise PartFailed("OUTSIDE")
                if files:
                    return str(path)
            elif path.is_file():
                return str(path)
        raise PartFailed("NOT_FOUND")

    def address(self, location: str) -> str:
        """Return the connection address in an environment variable. Raises PartFailed."""
        if not location.startswith(VARIABLE):
            raise PartFailed("NOT_SET")
        if not (found := self.environment.get(location, "")):
            raise PartFailed("NOT_SET")
        return found


Interrupt = Callable[[], object]
Watch = Callable[[Interrupt], None]


def batches(
    part: PartSpec,
    columns: Sequence[ColumnSpec],
    questions: Sequence[tuple[str, list]],
    *,
    places: Places,
    deadline: float,
    watch: Watch,
) -> Iterator["pyarrow.RecordBatch"]:
    """Ask one part and read what it gives (分批读取), as Arrow, 20,000 rows at a time.

    questions: (statement, parameters), asked one after the other. deadline: on `time.monotonic`.
    watch: takes what interrupts a running statement. Raises PartFailed.
    """
    reader = {"SQLITE": _sqlite, "POSTGRESQL": _postgresql, "MYSQL": _mysql}[part.kind]
    for rows in reader(part, questions, places, deadline, watch):
        yield _arrow(rows, columns)


@contextmanager
def _faults(deadline: float, *kinds: type[BaseException]) -> Iterator[None]:
    try:
        yield
    except kinds as error:
        late = time.monotonic() >= deadline
        raise PartFailed("TIMEOUT" if late else "REFUSED") from error


def _sqlite(
    part: PartSpec, questions: Sequence, places: Places, deadline: float, watch: Watch
) -> Iterator[list]:
    path = places.file(part.location)
    try:
        connection = sqlite3.connect(
            f"file:{path}?mode=ro", uri=True, timeout=CONNECT_SECONDS, check_same_thread=False
        )
    except sqlite3.Error as error:
        raise PartFailed("UNREACHABLE") from error
    with closing(connection), _faults(deadline, sqlite3.Error):
        watch(connection.interrupt)
        for statement, parameters in questions:
            cursor = connection.execute(statement, parameters)
            while rows := cursor.fetchmany(BATCH):
                yield rows


def _postgresql(
    part: PartSpec, questions: Sequence, places: Places, deadline: float, watch: Watch
) -> Iterator[list]:
    address = places.address(part.location)
    try:
        import psycopg  # noqa: PLC0415 - only installations with such a source need the driver
    except ImportError as error:
        raise PartFailed("NO_DRIVER") from error
    try:
        connection = psycopg.connect(address, connect_timeout=CONNECT_SECONDS)
    except psycopg.Error as error:
        raise PartFailed("UNREACHABLE") from error
    with closing(connection), _faults(deadline, psycopg.Error):
        watch(connection.cancel)
        left = max(1, int((deadline - time.monotonic()) * 1000))
        connection.execute("SET TRANSACTION READ ONLY")
        connection.execute(f"SET LOCAL statement_timeout = {left}")
        for statement, parameters in questions:
            with connection.cursor(name="virtual") as cursor:
                cursor.itersize = BATCH
                cursor.execute(statement, parameters)
                while rows := cursor.fetchmany(BATCH):
                    yield rows


def _mysql(
    part: PartSpec, questions: Sequence, places: Places, deadline: float, watch: Watch
) -> Iterator[list]:
    address = places.address(part.location)
    try:
        import pymysql  # noqa: PLC0415 - the optional package `mysql`
        from pymysql.cursors import SSCursor  # noqa: PLC0415
    except ImportError as error:
        raise PartFailed("NO_DRIVER") from error
    left = max(1, int(deadline - time.monotonic()) + 1)
    try:
        connection = pymysql.connect(
            **mysql_options(address),
            connect_timeout=CONNECT_SECONDS,
            read_timeout=left,
            charset="utf8mb4",
            cursorclass=SSCursor,
        )
    except pymysql.Error as error:
        raise PartFailed("UNREACHABLE") from error
    with closing(connection), _faults(deadline, pymysql.Error):
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION TRANSACTION READ ONLY")
        for statement, parameters in questions:
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                while rows := cursor.fetchmany(BATCH):
                    yield list(rows)


def mysql_options(address: str) -> dict[str, Any]:
    """Read `mysql://user:password@host:port/database?unix_socket=…` (连接地址).

    >>> mysql_options("mysql://reader:a%40b@db:3307/permits")["password"]
    'a@b'
    """
    parts = urlsplit(address)
    options: dict[str, Any] = {
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "database": parts.path.lstrip("/"),
    }
    if socket := parse_qs(parts.query).get("unix_socket"):
        return options | {"unix_socket": socket[0]}
    return options | {"host": parts.hostname or "localhost", "port": parts.port or 3306}


def _arrow(rows: Sequence[Sequence], columns: Sequence[ColumnSpec]) -> "pyarrow.RecordBatch":
    import pyarrow as pa  # noqa: PLC0415

    types = arrow_types()
    arrays = [
        _array(list(values), types[column.type], column.type)
        for values, column in zip(zip(*rows, strict=True), columns, strict=True)
    ]
    return pa.record_batch(arrays, names=[f"c{number}" for number in range(len(columns))])


def arrow_types() -> dict[str, Any]:
    """Return the Arrow type that each type is read as (类型对应)."""
    import pyarrow as pa  # noqa: PLC0415

    return {
        "TEXT": pa.string(),
        "INTEGER": pa.int64(),
        "NUMBER": pa.float64(),
        "DATE": pa.date32(),
        "DATETIME": pa.timestamp("us"),
        "BOOLEAN": pa.bool_(),
    }


def _array(values: list, arrow: Any, kind: str) -> "pyarrow.Array":
    import pyarrow as pa  # noqa: PLC0415

    try:
        return pa.array(values, arrow)
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError, ValueError, OverflowError):
        return pa.array([_value(value, kind) for value in values], arrow)


def _value(value: object, kind: str) -> object:
    """Read one value as a type; what cannot be read is empty, as a cast that is tried."""
    from datetime import date, datetime  # noqa: PLC0415

    if value is None:
        return None
    try:
        if kind == "TEXT":
            return value.decode() if isinstance(value, bytes) else str(value)
        if kind == "INTEGER":
            return int(str(value))
        if kind == "NUMBER":
            return float(str(value))
        if kind == "BOOLEAN":
            return bool(int(str(value))) if not isinstance(value, bytes) else value != b"\x00"
        if kind == "DATE":
            return value if type(value) is date else date.fromisoformat(str(value)[:10])
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return moment.replace(tzinfo=None)
    except (ValueError, UnicodeDecodeError):
        return None
