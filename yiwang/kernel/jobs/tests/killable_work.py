"""What the killable worker does: each step says so, so that the test can kill it right there."""

import sys
from datetime import timedelta
from pathlib import Path

from yiwang.kernel.audit.actions import audit_record
from yiwang.kernel.events import actions as events
from yiwang.kernel.events.data import EventView
from yiwang.kernel.events.registry import subscriber
from yiwang.kernel.jobs.actions import job_recover
from yiwang.kernel.jobs.registry import job, sweep_register

_folder = Path()


def register(folder: Path) -> None:
    """Subscribe, and shorten what is minutes long in earnest."""
    global _folder  # noqa: PLW0603
    _folder = folder
    events.OUTSIDE_LEASE = timedelta(seconds=1)
    subscriber("kill.happened", name="kill.inside")(inside)
    subscriber("kill.happened", name="kill.outside", outside=True)(outside)
    sweep_register("kernel.jobs.recover", job_recover, every_seconds=0.2)


def inside(event: EventView) -> None:
    """Leave a row before and be killed before the commit, or not."""
    audit_record(f"event:{event.key}", act="kill.inside")
    say("inside")


def outside(event: EventView) -> None:
    """Leave a line in the world."""
    with (_folder / "outside.txt").open("a") as file:
        file.write(f"{event.key}\n")
    say("outside")


@job
def note(number: int) -> None:
    """Leave a row, then be killed before the job is marked as done, or not."""
    audit_record(f"job:{number}", act="kill.job")
    say("job")


def say(word: str) -> None:
    """Tell the test where the worker is."""
    sys.stdout.write(word + "\n")
    sys.stdout.flush()
