"""Following promises (承诺跟踪): reminders, what did not follow in time, dates that a calendar moved."""

from datetime import datetime

from yiwang.hall.promises.actions import (
    clock_subject,
    due_take,
    promise_check_late,
    promise_overdue,
    promise_remind,
)
from yiwang.hall.promises.bar_actions import bar_rules_seed
from yiwang.hall.promises.data import COMMITMENT, OPEN, TOLERANT
from yiwang.hall.promises.models import Promise, PromiseBarRule
from yiwang.identity.api import data_scope
from yiwang.kernel.api import EventView, context_system, context_use, subscriber

AT_ONCE = 500


def promises_follow(*, now: datetime) -> int:
    """Remind and conclude (承诺到期处理): idempotent, each promise in a transaction of its own."""
    with context_use(context_system("承诺到期处理")):
        if not PromiseBarRule.objects.exists():
            bar_rules_seed()
        untold = {"warned_at__isnull": True}
        done = sum(promise_overdue(key, now=now) for key in _keys(TOLERANT, due_at__lt=now))
        soon = _keys(TOLERANT, warn_at__lte=now, due_at__gte=now, **untold)
        done += sum(promise_remind(key, now=now) for key in soon)
        unchecked = _keys(COMMITMENT, due_at__lt=now, **untold)
        return done + sum(promise_check_late(key, now=now) for key in unchecked)


def _keys(kind: str, **narrowed: object) -> list[int]:
    with data_scope(purpose="承诺到期处理", reason="sweep"):
        rows = Promise.objects.filter(state=OPEN, kind=kind, **narrowed)
        return list(rows.order_by("due_at", "pk").values_list("pk", flat=True)[:AT_ONCE])


@subscriber("clock.due_changed", name="hall.promises.due_mirror")
def due_dates_follow(event: EventView) -> None:
    """Take over due dates that a new calendar has moved (历法变更后同步到期时间)."""
    keys = {
        int(subject.removeprefix("promise:").partition("/")[0])
        for subject in event.payload["subjects"]
        if subject.startswith("promise:")
    }
    with (
        context_use(context_system("历法变更后同步到期时间")),
        data_scope(purpose="历法变更后同步到期时间"),
    ):
        for row in Promise.objects.filter(pk__in=keys, state=OPEN):
            if clock_subject(row) in event.payload["subjects"]:
                due_take(row)
                row.save(update_fields=["due_at", "warn_at"])
