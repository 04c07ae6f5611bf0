"""Worker processes (工作进程) of a run: two tasks, each idempotent, and one pool for both."""

import atexit
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from yiwang.resources.fusion.data import FusionPlan
from yiwang.resources.fusion.master import (
    Written,
    bucket_write,
    exact_rows,
    path_of,
    table_write,
    uids_assign,
)
from yiwang.resources.fusion.memory import anonymous_mb
from yiwang.resources.fusion.renew import Change, bucket_renew, renewal_find
from yiwang.resources.fusion.stage import StageFile, slices, stage_write
from yiwang.resources.fusion.survivorship import fuse_rows, rows_gather
from yiwang.sdk.politeness import polite_child

# What worker processes are started with: memory that they let go stays theirs for the next task. Pages fresh from
# the system cost more than most of what is computed on them.
KEEP = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40)}

# A function that calls a task for each group of arguments and yields the answers as they come.
Each = Callable[[Callable[..., Any], Iterable[tuple]], Iterator[Any]]


def task_standardise(
    plan: FusionPlan, item: StageFile, path: Path, today: date, memory_mb: int
) -> tuple[int, float]:
    """Standardise one file; returns (rows, anonymous memory in MiB)."""
    rows = stage_write(plan, item, path, today=today, memory_mb=memory_mb)
    return rows, anonymous_mb()


def task_fuse(
    plan: FusionPlan,
    files: list[StageFile],
    bucket: int,
    folder: Path,
    known: Path | None,
    seed: int | None,
    change: Change | None = None,
) -> tuple[Written | None, float]:
    """Fuse one bucket from all its slices, or renew what changed of it. None without rows.

    known: the previous run's ids.
    """
    ids = pq.read_table(known) if known is not None and known.exists() else None
    renewal = renewal_find(plan, files, change, bucket) if change else None
    rows = renewal.now if renewal else rows_gather(plan, slices(files, bucket))
    if rows is None:
        if ids is not None:
            table_write(ids, path_of(folder, "ids", bucket))
        return None, anonymous_mb()
    fused = fuse_rows(plan, rows)
    uid, grown = uids_assign(fused.key, ids, bucket, seed)
    if change and renewal:
        written = bucket_renew(plan, renewal, fused, uid, change, folder, bucket)
    else:
        lineage = exact_rows(rows, fused, uid)
        written = bucket_write(plan, rows, fused, uid, folder, bucket, lineage=lineage)
    table_write(grown, path_of(folder, "ids", bucket))
    memory = anonymous_mb()
    pa.default_memory_pool().release_unused()
    return written, memory


@contextmanager
def crew(workers: int) -> Iterator[Each]:
    """Open a crew of processes (进程组); with one worker everything happens here.

    Processes are spawned, never forked: DuckDB and Arrow have threads of their own.
    """
    if workers <= 1:
        yield lambda task, groups: (task(*group) for group in groups)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        workers, mp_context=context, initializer=_watch, initargs=(os.getpid(),)
    ) as pool:
        try:
            with _environment(KEEP):
                pool.submit(int)  # starts all processes
            yield partial(_each, pool, workers)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def _environment(settings: dict[str, str]) -> Iterator[None]:
    """Have settings in the environment that processes begin with."""
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _each(
    pool: ProcessPoolExecutor, workers: int, task: Callable[..., Any], groups: Iterable[tuple]
) -> Iterator[Any]:
    waiting: set[Future] = set()
    for group in groups:
        waiting.add(pool.submit(task, *group))
        if len(waiting) >= workers * 4:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    while waiting:
        done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        yield from (future.result() for future in done)


def _watch(parent: int) -> None:
    """End this process when its parent was killed: nobody is left to read its answer.

    It ends without taking Python apart: DuckDB's binding would list every object that is still held.
    """
    polite_child()
    atexit.register(os._exit, 0)

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()
