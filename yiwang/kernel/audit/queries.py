"""Reads of the audit trail."""

from datetime import datetime

from django.db.models import Q

from yiwang.kernel.audit.data import DataAccess, DataAccessPage
from yiwang.kernel.audit.journal import reads_move
from yiwang.kernel.audit.models import AuditEvent


def audit_list(
    *, subject: str = "", person_ref: str = "", limit: int = 50, before: int | None = None
) -> list[dict]:
    """List audit rows (审计) newest first as dicts, by subject or by the person concerned.

    before: the last id of the page before, so that a page costs the same anywhere in the trail.
    """
    reads_move()
    rows = AuditEvent.objects.order_by("-pk")
    if subject:
        rows = rows.filter(subject=subject)
    if person_ref:
        rows = rows.filter(person_ref=person_ref)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return list(rows.values()[:limit])


def audit_search(
    *,
    act: str = "",
    person: str = "",
    subject: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[dict]:
    """Search the audit trail (审计检索), newest first, as dicts.

    act: the beginning of the act's name; person: who acted (name) or whose data were touched
    (person_ref); subject: the beginning of "kind:key"; since, until: moments, the second one not
    included; before: the last id of the page before.
    """
    reads_move()
    rows = AuditEvent.objects.order_by("-pk")
    if act:
        rows = rows.filter(act__startswith=act)
    if person:
        rows = rows.filter(Q(actor_name=person) | Q(person_ref=person))
    if subject:
        rows = rows.filter(subject__startswith=subject)
    if since is not None:
        rows = rows.filter(at__gte=since)
    if until is not None:
        rows = rows.filter(at__lt=until)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return list(rows.values()[:limit])


def data_access_list(
    person_ref: str, *, limit: int = 20, before: int | None = None
) -> DataAccessPage:
    """List who touched a person's data (谁看过我的数据), newest first, a page at a time.

    person_ref: as `audit_record(person_ref=…)` was given; an empty one finds nothing. Officers are shown by department and post, not by name: the office answers.
    """
    if not person_ref:
        return DataAccessPage(rows=(), total=0, next_before=None)
    reads_move()
    mine = AuditEvent.objects.filter(person_ref=person_ref)
    rows = mine.order_by("-pk")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: limit + 1])
    page = found[:limit]
    return DataAccessPage(
        rows=tuple(_access(row) for row in page),
        total=mine.count(),
        next_before=page[-1].pk if len(found) > limit else None,
    )


def _access(row: AuditEvent) -> DataAccess:
    return DataAccess(
        id=row.pk,
        at=row.at,
        act=row.act,
        population=row.population,
        department_name=row.department_name,
        post_title=row.post_title,
        purpose=row.purpose,
        channel=row.channel,
        subject=row.subject,
        outcome=row.outcome,
        fields=tuple(row.detail.get("fields", ())),
    )
