"""What applications do when something happened elsewhere (订阅): idempotent, in the worker."""

from contextlib import suppress

from django.utils import timezone

from yiwang.engines.api import clock_list
from yiwang.hall.applications.actions.filing import filed_drafts_drop
from yiwang.hall.applications.actions.limits import due_mirror
from yiwang.hall.applications.actions.work import application_deem_accepted
from yiwang.hall.applications.errors import AlreadyEnded
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.applications.rules import OPEN_STATES
from yiwang.kernel.api import EventView, context_system, context_use, subscriber


@subscriber("clock.silent", name="hall.applications.deem_accepted")
def silence_accepts(event: EventView) -> None:
    """Hold an application for accepted when nobody said in time what was missing (逾期视为受理)."""
    subject, _, part = event.payload["subject"].partition("/")
    if event.payload["silence"] != "DEEMED_ACCEPTED" or part != "acceptance":
        return
    with context_use(context_system("逾期未告知视为受理")), suppress(AlreadyEnded):
        application_deem_accepted(
            subject.removeprefix("application:"),
            legal_basis=event.payload["legal_basis"],
            now=timezone.now(),
        )


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


@subscriber("delegation.revoked", name="hall.applications.drafts_of_deputy")
def deputy_drafts_drop(event: EventView) -> None:
    """Throw away what a deputy had begun (清除受托人草稿) when the delegation has ended."""
    with context_use(context_system("委托终止")):
        filed_drafts_drop(delegation_id=event.payload["delegation_id"])


@subscriber("application.resumed", name="hall.applications.deem_after_resumption")
def silence_accepts_after_all(event: EventView) -> None:
    """Hold a resumed application for accepted whose five days had run out before it was suspended (逾期视为受理)."""
    number, now = event.payload["number"], timezone.now()
    for clock in clock_list(f"application:{number}/acceptance", now=now):
        if clock.silence == "DEEMED_ACCEPTED" and clock.silent_at and clock.state == "RUNNING":
            with context_use(context_system("逾期未告知视为受理")), suppress(AlreadyEnded):
                application_deem_accepted(number, legal_basis=clock.legal_basis, now=now)
