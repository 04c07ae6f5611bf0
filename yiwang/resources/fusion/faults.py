"""What can go wrong with the machine under a run (运行故障), said in words that tell what to do.

In each case the run's folder is left to be cleared by the next one and the last master still stands.
"""

import errno
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

from yiwang.sdk.errors import N_, YiwangError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
FULL_WORDS = ("No space left", "File too large", "Disk quota exceeded", "max_temp_directory_size")
MEMORY_WORDS = ("Out of Memory", "malloc of size", "realloc of size", "Cannot allocate memory")


class FusionDiskFull(YiwangError):
    """The disk is full."""

    code = "fusion_disk_full"
    status = 507
    message = N_(
        "There is no room left on the disk of %(folder)s. The last master still stands. "
        "Make room and run again: what is done already is not done twice."
    )


class FusionMemoryShort(YiwangError):
    """The memory that the run may take does not do, or the system took a process away for it."""

    code = "fusion_memory_short"
    status = 507
    message = N_(
        "The fusion ran out of memory (%(memory)s MiB allowed). The last master still stands. "
        "Allow more, or end other work on the machine, and run again."
    )


@contextmanager
def faults_named(out: Path, memory_mb: int) -> Iterator[None]:
    """Turn what the system and the engines raise into `FusionDiskFull` or `FusionMemoryShort`.

    Also what a step has named otherwise: a source file may only have seemed broken.
    """
    try:
        yield
    except Exception as error:
        if _is_full(error):
            raise FusionDiskFull(folder=out) from error
        if _is_short(error):
            raise FusionMemoryShort(memory=memory_mb) from error
        raise


def _is_full(error: BaseException) -> bool:
    return any(
        (isinstance(one, OSError) and one.errno in FULL) or _says(one, FULL_WORDS)
        for one in _chain(error)
    )


def _is_short(error: BaseException) -> bool:
    return any(
        isinstance(one, MemoryError | BrokenProcessPool) or _says(one, MEMORY_WORDS)
        for one in _chain(error)
    )


def _says(error: BaseException, words: tuple[str, ...]) -> bool:
    text = str(error)
    return any(word in text for word in words)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it was raised from."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__
