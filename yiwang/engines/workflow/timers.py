"""Timers of an instance: pausing, resuming, firing (定时). Callers hold the instance's lock."""

import datetime
from collections.abc import Iterable

from yiwang.engines.workflow.data import Limit
from yiwang.engines.workflow.deadlines import due_at_get, limit_rest
from yiwang.engines.workflow.models import Timer

PENDING, PAUSED = Timer.State.PENDING, Timer.State.PAUSED


def timers_pause(
    instance_id: int, *, now: datetime.datetime, token_number: int | None = None
) -> None:
    """Let the timers of an instance, or of one token, stand still (暂停定时)."""
    timers = Timer.objects.filter(instance_id=instance_id, state=PENDING)
    if token_number is not None:
        timers = timers.filter(token_number=token_number)
    timers.update(state=PAUSED, paused_at=now)


def timers_resume(
    instance_id: int, *, now: datetime.datetime, token_numbers: Iterable[int]
) -> None:
    """Let the timers of these tokens run again for what was left of them (恢复定时)."""
    timers = Timer.objects.filter(
        instance_id=instance_id, state=PAUSED, token_number__in=list(token_numbers)
    )
    for timer in timers:
        limit = Limit(timer.amount, timer.unit)
        rest = limit_rest(limit, started_at=timer.started_at, paused_at=timer.paused_at)
        timer.amount, timer.unit = rest.amount, rest.unit
        timer.started_at, timer.due_at = now, due_at_get(rest, now)
        timer.state, timer.paused_at = PENDING, None
        timer.save()


def timers_date(*, limit: int) -> int:
    """Give a due date to timers whose calendar was not published when they started (补算到期)."""
    undated = Timer.objects.filter(state=PENDING, due_at__isnull=True).order_by("pk")[:limit]
    dated = 0
    for timer in undated:
        due_at = due_at_get(Limit(timer.amount, timer.unit), timer.started_at)
        if due_at is not None:
            guarded = Timer.objects.filter(pk=timer.pk, state=PENDING, due_at__isnull=True)
            dated += guarded.update(due_at=due_at)
    return dated
