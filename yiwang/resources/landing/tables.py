"""Files of rows (行文件): DuckDB within limits, files that are there whole or not at all."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from yiwang.engines.tabular.door import TabularLimits, sql_text, tabular_open

if TYPE_CHECKING:
    import duckdb

LIMITS_MB = 1024


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


def table_copy(connection: "duckdb.DuckDBPyConnection", statement: str, target: Path) -> int:
    """Write the rows of a statement as Parquet (写行文件); returns how many."""
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    options = "format parquet, compression zstd, row_group_size 100000"
    done = connection.execute(
        f"copy ({statement}) to {sql_text(str(aside))} ({options})"
    ).fetchall()
    aside.replace(target)
    return done[0][0]
