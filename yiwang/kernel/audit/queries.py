"""Reads of the audit trail."""

from yiwang.kernel.audit.models import AuditEvent


def audit_list(*, subject: str = "", person_ref: str = "", limit: int = 50, before: int | None = None):
    """List audit rows newest first as dicts, by subject or by the person concerned (谁看过我的数据)."""
    rows = AuditEvent.objects.order_by("-pk")
    if subject:
        rows = rows.filter(subject=subject)
    if person_ref:
        rows = rows.filter(person_ref=person_ref)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return list(rows.values()[:limit])
