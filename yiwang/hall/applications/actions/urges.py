"""The applicant urges (催办): whoever has the application in hand sees it, and is told."""

from contextlib import suppress
from datetime import datetime

from yiwang.engines.api import ActRefused, UrgedLately, WorkItemView, work_item_urge
from yiwang.hall.applications import rules
from yiwang.hall.applications.actions.applicant import answering_lock
from yiwang.hall.applications.errors import NothingToUrge
from yiwang.hall.applications.models import Application, ApplicationUrge
from yiwang.hall.applications.queries.urges import SUPERVISED, urge_check
from yiwang.kernel.api import action, audit_record, event_publish
from yiwang.sdk.text import clean

NOTE_MAX = 500


@action("hall.applications.urge")
def application_urge(number: str, *, note: str, now: datetime) -> int:
    """Urge one's running application (催办): every open step of it; returns how many.

    At most once within the city's interval. Raises ApplicationNotFound, AlreadyEnded, UrgedBefore, WaitsForYou,
    NothingToUrge.
    """
    application, _is_deputy = answering_lock(number)
    items = urge_check(application, now=now)
    said = clean(note)[:NOTE_MAX]
    for item in items:
        _urge(item, reason=said, now=now)
    ApplicationUrge.objects.bulk_create(
        ApplicationUrge(
            application=application,
            work_item_id=item.id,
            department_id=item.department_id,
            step=dict(item.name),
            light=item.light(now),
            note=said,
            at=now,
        )
        for item in items
    )
    for item in items:
        _announce(application, item, now=now)
    audit_record(
        f"application:{number}",
        person_ref=rules.person_ref_of(application.applicant_ref),
        detail={"items": [item.id for item in items]},
    )
    return len(items)


def _urge(item: WorkItemView, *, reason: str, now: datetime) -> None:
    with suppress(UrgedLately):  # an officer has just done the same
        try:
            work_item_urge(item.id, reason=reason, now=now)
        except ActRefused as error:
            raise NothingToUrge() from error


def _announce(application: Application, item: WorkItemView, *, now: datetime) -> None:
    """Tell whoever holds the step; what nobody has taken is marked on the department's desk."""
    if item.assignee_id is None:
        return
    light = item.light(now)
    event_publish(
        "application.urged",
        {
            "number": application.number,
            "item": item.id,
            "account_id": item.assignee_id,
            "title": application.title,
            "applicant": application.applicant_name,
            "light": light,
            "is_supervised": light in SUPERVISED,
        },
        key=application.number,
    )
