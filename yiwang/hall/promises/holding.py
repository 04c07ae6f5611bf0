"""Promises of a case that is suspended (承诺随办件中止): their time stands still with its clocks and goes on with them.

Each runs in the transaction of the act that suspends or resumes the case.
"""

from datetime import datetime

from yiwang.engines.api import clock_resume
from yiwang.hall.promises import rules
from yiwang.hall.promises.actions import clock_hold, clock_subject, days_left, due_take, promises_of
from yiwang.hall.promises.data import OPEN, Hold
from yiwang.hall.promises.models import Promise
from yiwang.kernel.api import action, audit_record


def promises_hold(subject: str, hold: Hold, *, now: datetime) -> int:
    """Let the time of a suspended case's promises stand still (承诺中止计时); returns of how many.

    A document may still be handed in and looked at; nothing is broken meanwhile.
    """
    rows = [row for row in promises_of(subject) if _may_hold(row)]
    return _hold(subject, rows, hold, now=now) if rows else 0


def _may_hold(row: Promise) -> bool:
    return row.state not in rules.ENDED and row.held_at is None


@action("hall.promises.hold")
def _hold(subject: str, rows: list[Promise], hold: Hold, *, now: datetime) -> int:
    for row in rows:
        row.held_at, row.hold = now, hold.stored()
        row.days_left = (
            days_left(row, now=now) or None
        )  # of use when a document is handed in and sent back
        if row.state == OPEN:
            clock_hold(row, now=now)
        else:
            row.due_at, row.warn_at = None, None
        row.save()
    audit_record(subject, detail={"held": [row.key for row in rows], "ground": hold.ground})
    return len(rows)


def promises_release(subject: str, *, now: datetime) -> int:
    """Let the time of a resumed case's promises go on with what was left (承诺恢复计时); returns of how many."""
    rows = [row for row in promises_of(subject) if row.held_at is not None]
    return _release(subject, rows, now=now) if rows else 0


@action("hall.promises.release")
def _release(subject: str, rows: list[Promise], *, now: datetime) -> int:
    for row in rows:
        ground = row.hold["ground"]
        row.held_at, row.hold = None, None
        if row.state == OPEN:
            clock_resume(clock_subject(row), ground=ground, now=now)
            due_take(row)
            row.days_left = None
        row.save()
    audit_record(subject, detail={"released": [row.key for row in rows]})
    return len(rows)
