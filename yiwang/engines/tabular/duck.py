"""DuckDB as we run it (本机引擎): within limits, never reaching for the network."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from yiwang.engines.tabular.data import TabularLimits

if TYPE_CHECKING:
    import duckdb

DEFAULT = TabularLimits()
SHARED_MB = 1024
_shared: dict[int, "duckdb.DuckDBPyConnection"] = {}
_turn = Lock()


def tabular_open(
    limits: TabularLimits = DEFAULT, *, path: str = ":memory:"
) -> "duckdb.DuckDBPyConnection":
    """Open a connection of our own (打开连接): limits set, extensions never fetched.

    Loading an extension would try the network (spikes.md, D addenda), so autoloading is off. Order of
    insertion is kept: what is read from one file with one thread comes in the file's order.
    Fetch results whole (`fetchall`): DuckDB 2 refuses the next statement while one is unfinished.

    >>> tabular_open(TabularLimits(threads=2)).sql("select current_setting('threads')").fetchall()
    [(2,)]
    """
    import duckdb  # noqa: PLC0415 - 60 ms that a web process need not spend

    options = {
        "threads": limits.threads,
        "memory_limit": f"{limits.memory_mb}MiB",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    if limits.spill:
        options["temp_directory"] = limits.spill
    connection = duckdb.connect(path, config=options)
    connection.execute("set enable_progress_bar = false").fetchall()
    return connection


def tabular_shared() -> "duckdb.DuckDBPyConnection":
    """Open a connection for some thousand rows (小数据连接), on the engine that this process has already.

    An engine of one's own takes 25 ms of processor time to start, more than most small work. This one
    has one thread and `SHARED_MB` for all who use it at once, and spills to the system's temporary
    folder; temporary tables and views are each connection's own. Close it as any other.

    >>> with tabular_shared() as connection:
    ...     connection.execute("select 1").fetchall()
    [(1,)]
    """
    with _turn:
        try:
            connection = _shared[os.getpid()].cursor()
            connection.execute("select 1").fetchall()
        except Exception:  # noqa: BLE001 - there is none yet, or a fault of the engine itself ended it
            spill = Path(tempfile.gettempdir()) / f"yiwang-tabular-{os.getpid()}"
            _shared[os.getpid()] = tabular_open(TabularLimits(1, SHARED_MB, str(spill)))
            connection = _shared[os.getpid()].cursor()
    return connection


def sql_text(text: str) -> str:
    """Write text as a literal of SQL (字符串常量).

    >>> sql_text("O'Neil")
    "'O''Neil'"
    """
    return "'" + text.replace("'", "''") + "'"


def parquet_list(paths: Iterable[str | Path]) -> str:
    """Write `read_parquet` over files as DuckDB has it (读取 Parquet).

    >>> parquet_list(["a.parquet", "b.parquet"])
    "read_parquet(['a.parquet', 'b.parquet'])"
    """
    return f"read_parquet([{', '.join(sql_text(str(path)) for path in paths)}])"
