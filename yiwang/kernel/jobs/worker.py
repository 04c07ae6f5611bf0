"""The worker process (工作进程): events, jobs and sweeps in one loop.

Everything it does is a row first, and every step of it commits or does not, so it can be killed at
any moment: deliveries roll back, jobs are given back when the heartbeat has stopped, leases end with
their holder.
"""

import logging
import os
import secrets
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread, current_thread, main_thread

from django.db import close_old_connections, connection
from django.utils import timezone

from yiwang.kernel.events.actions import event_relay
from yiwang.kernel.jobs.actions import (
    job_run_next,
    sweep_prepare,
    sweep_run,
    worker_beat,
    worker_stop,
)
from yiwang.kernel.jobs.queries import sweep_due
from yiwang.kernel.jobs.registry import Lane

logger = logging.getLogger(__name__)
BUSY_SECONDS = 0.05
IDLE_SECONDS = 1.0
JOBS_A_TURN = 20


def worker_run(
    *,
    stop: Event | None = None,
    once: bool = False,
    beat_seconds: float = 5.0,
    lane: Lane = "all",
) -> int:
    """Relay events, run jobs and sweeps until `stop` is set; return how many pieces were done.

    stop: by default SIGTERM and SIGINT set one; the piece at hand is finished first.
    once: work until nothing is due, then return: for tests, the demonstration and the command line.
    beat_seconds: heartbeat interval; after six missed beats the worker counts as dead.
    lane: "batch" runs the jobs made by `batch_job` and nothing else, "quick" all but them.
    """
    stop = stop or Event()
    name = f"{socket.gethostname()[:30]}-{os.getpid()}-{secrets.token_hex(4)}"
    worker_beat(name, every_seconds=beat_seconds, now=timezone.now())
    sweep_prepare(now=timezone.now())
    try:
        if once:
            return _drain(name, stop, lane)
        with _signals_stop(stop), _heart(name, beat_seconds):
            return _loop(name, stop, lane)
    finally:
        worker_stop(name, now=timezone.now())


def _drain(name: str, stop: Event, lane: Lane) -> int:
    done = 0
    while not stop.is_set() and (turn := _turn(name, stop, lane)):
        done += turn
    return done


def _loop(name: str, stop: Event, lane: Lane) -> int:
    done, wait = 0, BUSY_SECONDS
    while not stop.is_set():
        try:
            close_old_connections()
            turn = _turn(name, stop, lane)
        except Exception:
            logger.exception("the worker's turn failed; it goes on")
            connection.close()
            turn, wait = 0, IDLE_SECONDS
        done += turn
        wait = BUSY_SECONDS if turn else min(wait * 1.5, IDLE_SECONDS)
        stop.wait(wait)
    return done


def _turn(name: str, stop: Event, lane: Lane) -> int:
    """Do a bounded piece of everything that is due, so that nothing starves the rest."""
    is_batch = lane == "batch"
    done = 0 if is_batch else event_relay(limit=100, now=timezone.now(), stop=stop)
    for _ in range(JOBS_A_TURN):
        if stop.is_set() or not job_run_next(name, now=timezone.now(), lane=lane):
            break
        done += 1
    for sweep in [] if is_batch else sweep_due(now=timezone.now()):
        if stop.is_set():
            break
        done += sweep_run(sweep, name, now=timezone.now())
    return done


@contextmanager
def _signals_stop(stop: Event) -> Iterator[None]:
    if current_thread() is not main_thread():
        yield
        return

    def leave(_number: int, _frame: object) -> None:
        # From a thread: `set` takes the lock that the interrupted `wait` may be holding.
        Thread(target=stop.set, daemon=True).start()

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _heart(name: str, beat_seconds: float) -> Iterator[None]:
    """Beat from a thread of its own, so that a long job does not look like a dead worker."""
    over = Event()

    def beat() -> None:
        while not over.wait(beat_seconds):
            try:
                close_old_connections()
                worker_beat(name, every_seconds=beat_seconds, now=timezone.now())
            except Exception:
                logger.exception("a heartbeat could not be written")
        connection.close()

    thread = Thread(target=beat, name="yiwang-heart", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
