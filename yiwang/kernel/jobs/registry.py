"""Jobs and sweeps that the apps bring along.

@job
def licence_render(licence_id: int) -> None: ...

licence_render.enqueue(licence.pk)      # in the action's transaction: kept with it or not at all
sweep_register("hall.licences.expiry", licence_expire, every_seconds=3600)
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from django_tasks import task
from django_tasks.base import Task


@dataclass(frozen=True, slots=True)
class Sweep:
    """A function `(*, now)` that a worker runs every so often (定时巡检)."""

    name: str
    function: Callable[..., object]
    every_seconds: float


_sweeps: dict[str, Sweep] = {}

# A job (后台任务): a module-level function, idempotent, that takes ids. `.enqueue(…)` writes its row
# in the running transaction, so it exists exactly when the act does. `@job(priority=10)` goes first.
job = task
# What a worker does: everything, or only what somebody may wait for, or only batches.
Lane = Literal["all", "quick", "batch"]
BATCH_PRIORITY = -10


def batch_job(function: Callable[..., object]) -> Task:
    """Make a function a job of the batch lane (批处理任务): long work for which nobody sits and waits.

    It runs after every other job, and under `yw worker` in a process of its own that gives way to others.
    """
    return task(priority=BATCH_PRIORITY)(function)


def sweep_register(name: str, function: Callable[..., object], every_seconds: float) -> None:
    """Have a worker call `function(now=…)` every `every_seconds` seconds, one worker at a time.

    The function must be idempotent and short: it keeps the jobs waiting. What it returns is shown.
    """
    _sweeps[name] = Sweep(name, function, every_seconds)


def sweep_forget(name: str) -> None:
    """Take a sweep out again: for tests."""
    _sweeps.pop(name, None)


def sweep_registered() -> list[Sweep]:
    """List the sweeps of this process by name."""
    return [_sweeps[name] for name in sorted(_sweeps)]
