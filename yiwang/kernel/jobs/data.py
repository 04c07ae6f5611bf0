"""What the health page and the operators see of the workers."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class WorkerView:
    """One worker process (工作进程). state: RUNNING, STOPPED, or DEAD when its heart stopped."""

    name: str
    host: str
    process_id: int
    state: str
    started_at: datetime
    heartbeat_at: datetime


@dataclass(frozen=True, slots=True)
class SweepView:
    """One regular sweep (定时巡检) and how its last run ended."""

    name: str
    every_seconds: float
    holder: str
    next_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    result: str
    error: str
