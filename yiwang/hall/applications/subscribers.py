"""What applications do when something happened elsewhere (订阅): idempotent, in the worker."""

from yiwang.hall.applications.actions.submission import due_mirror
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.applications.rules import OPEN_STATES
from yiwang.kernel.api import EventView, context_system, context_use, subscriber


@subscriber("clock.due_changed", name="hall.applications.due_mirror")
def due_dates_follow(event: EventView) -> None:
    """Mirror the due dates of clocks that a new calendar has moved (历法变更后同步到期时间)."""
    numbers = {
        subject.removeprefix("application:").partition("/")[0]
        for subject in event.payload["subjects"]
        if subject.startswith("application:")
    }
    with context_use(context_system("历法变更后同步到期时间")):
        rows = application_rows("历法变更后同步到期时间")
        for application in rows.filter(number__in=numbers, state__in=OPEN_STATES):
            due_mirror(application)
