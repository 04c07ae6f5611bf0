"""DuckDB as we run it (本机引擎): within limits, never reaching for the network."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from yiwang.engines.tabular.data import TabularLimits

if TYPE_CHECKING:
    import duckdb

DEFAULT = TabularLimits()


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
