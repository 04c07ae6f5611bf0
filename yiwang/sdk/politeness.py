"""Batches give way (礼让): whoever waits for an answer gets the processor before a batch does."""

import contextlib
import os
import threading
import time
from pathlib import Path

GENTLEST = 19
# A tenth of what another session gets: a batch that got nothing on a busy day would keep what it has locked.
SESSION = 10
AUTOGROUP = Path("/proc/self/autogroup")


def polite() -> None:
    """Let this process go after everybody else (批处理礼让), with all that it starts from now on.

    Niceness 19 and the scheduler's batch class, where the system has and allows them. Where the kernel
    shares time between sessions first, a process that leads one makes that session as modest.
    Nobody who is polite can become impolite again without rights, so only a process of a batch calls it.
    """
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, 0, GENTLEST)
    with contextlib.suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    with contextlib.suppress(OSError, AttributeError):
        if os.getsid(0) == os.getpid():
            AUTOGROUP.write_text(f"{SESSION}")


def polite_apart() -> None:
    """Be polite in a session of one's own (独立会话礼让): for a process that somebody of a session started."""
    with contextlib.suppress(OSError, AttributeError):
        os.setsid()
    polite()


def polite_child() -> None:
    """Stay as modest as the process that started this one (子进程礼让), in whatever session that one is."""
    with contextlib.suppress(OSError, AttributeError):
        if os.getpriority(os.PRIO_PROCESS, 0) == GENTLEST:
            polite_apart()


def parent_follow(parent: int) -> None:
    """End this process at once when its parent is gone (随父进程结束), however that ended."""

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=look, name="yiwang-parent", daemon=True).start()
