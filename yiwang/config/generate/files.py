"""Files of a made data set (成套文件): Parquet by department and class, the truth beside it, shard by shard."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from yiwang.resources.fusion.data import FusionPlan, Report
from yiwang.resources.fusion.workers import crew

ROW_SHIFT = 32  # row_no = shard << 32 | place: unique in a class without asking the other shards
WRITE = {"compression": "zstd", "compression_level": 1, "row_group_size": 1 << 17}


def shards_of(count: int, chunk: int, *, most: int) -> list[tuple[int, int]]:
    """Cut chunks into shards of at most `most` chunks, two at least: (first chunk, chunks) of each.

    >>> shards_of(120, 50, most=10), shards_of(1000, 50, most=5)
    ([(0, 2), (2, 1)], [(0, 5), (5, 5), (10, 5), (15, 5)])
    """
    chunks = -(-count // chunk)
    size = max(1, min(most, -(-chunks // 2)))
    return [(start, min(size, chunks - start)) for start in range(0, chunks, size)]


def shares_cut(total: int, weights: np.ndarray) -> np.ndarray:
    """Cut a total into whole parts by weight, exactly.

    >>> shares_cut(10, np.array([1.0, 1.0, 1.0])).tolist()
    [3, 4, 3]
    """
    cuts = np.rint(np.cumsum(weights) / weights.sum() * total).astype(int)
    return np.diff(np.concatenate([[0], cuts]))


def shard_write(
    plan: FusionPlan,
    out: Path,
    shard: int,
    chunks: Iterator[dict[int, tuple[pa.Table, np.ndarray]]],
) -> int:
    """Write the rows of one shard; chunks yield class number → (table, subject of each row). Returns rows."""
    tables: dict[int, list[pa.Table]] = {source.number: [] for source in plan.sources}
    truth: list[pa.Table] = []
    places = dict.fromkeys(tables, 0)
    for chunk in chunks:
        for number, (table, subject) in chunk.items():
            row_no = (shard << ROW_SHIFT) + places[number] + np.arange(len(table))
            places[number] += len(table)
            tables[number].append(table.append_column("row_no", pa.array(row_no)))
            truth.append(
                pa.table(
                    {
                        "class": np.full(len(table), number, dtype=np.uint8),
                        "row_no": row_no,
                        "person": subject,
                    }
                )
            )
    for source in plan.sources:
        if tables[source.number]:
            folder = out / source.folder
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"part-{shard:04d}.parquet"
            pq.write_table(pa.concat_tables(tables.pop(source.number)), path, **WRITE)
    (out / "truth").mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.concat_tables(truth), out / "truth" / f"part-{shard:04d}.parquet", **WRITE)
    return sum(places.values())


def shards_run(
    task: Callable[..., int], groups: list[tuple], *, workers: int, report: Report
) -> int:
    """Make all shards with so many processes and return the rows written."""
    rows = 0
    with crew(min(workers, len(groups))) as each:
        for done, count in enumerate(each(task, groups), start=1):
            rows += count
            report("generate", done, len(groups))
    return rows


def folder_prepare(out: Path) -> None:
    """Make the folder, without a data set that stood there before; anything else is left alone."""
    out.mkdir(parents=True, exist_ok=True)
    if (out / "about.json").exists():
        for folder in [*out.glob("[DL][0-9][0-9]"), out / "truth"]:
            shutil.rmtree(folder, ignore_errors=True)


def about_write(out: Path, **facts: object) -> None:
    """Write what was made, last: a folder without `about.json` is not finished."""
    (out / "about.json").write_text(json.dumps(facts, ensure_ascii=False, indent=1))
