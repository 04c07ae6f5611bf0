"""Files of rows (行文件): DuckDB within limits, files that are there whole or not at all."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from yiwang.engines.tabular.door import TabularLimits, sql_text, tabular_open, tabular_shared

if TYPE_CHECKING:
    import duckdb

LIMITS_MB = 1024
SMALL_BYTES, SMALL_FILES = 2_000_000, 200


def whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all (原子写入)."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    with aside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def connection_open(work: Path, *, reads: Iterable[Path] = ()) -> "duckdb.DuckDBPyConnection":
    """Open DuckDB with limits, spilling into the batch's own folder.

    reads: the files it will read. When they are few and small, the engine that the process has already
    does: starting another takes longer than the work.
    """
    work.mkdir(parents=True, exist_ok=True)
    sizes = [path.stat().st_size for path in reads]
    if sizes and len(sizes) <= SMALL_FILES and sum(sizes) <= SMALL_BYTES:
        return tabular_shared()
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


def table_make(connection: "duckdb.DuckDBPyConnection", name: str, statement: str) -> int:
    """Keep the rows of a statement as a temporary table (临时表); returns how many."""
    ((rows,),) = connection.execute(
        f"create or replace temp table {name} as {statement}"
    ).fetchall()
    return rows


def table_empty(target: Path, columns: Mapping[str, str]) -> int:
    """Write a Parquet file without rows (空行文件), of columns of "text", "number" or "texts"; returns 0."""
    import pyarrow as pa  # noqa: PLC0415 - only where a batch is processed
    import pyarrow.parquet as pq  # noqa: PLC0415

    kinds = {"text": pa.string(), "number": pa.int64(), "texts": pa.list_(pa.string())}
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    schema = pa.schema([(name, kinds[kind]) for name, kind in columns.items()])
    pq.write_table(schema.empty_table(), aside)
    aside.replace(target)
    return 0
