"""What a space shows of one's applications (空间中的办件): short lists as values."""

from yiwang.hall.applications.data import ApplicationRow, OpenCorrection
from yiwang.hall.applications.models import Application, Correction
from yiwang.hall.applications.queries.details import own_application_rows
from yiwang.hall.applications.rules import OPEN_STATES, STATE_LABELS
from yiwang.identity.api import department_get


def application_recent_list(*, limit: int = 5) -> list[ApplicationRow]:
    """List one's newest applications (最近办件)."""
    return [_row(application) for application in own_application_rows()[:limit]]


def application_open_count() -> int:
    """Count one's applications that wait for their answer (在办数)."""
    return own_application_rows().filter(state__in=OPEN_STATES).count()


def correction_open_list() -> list[OpenCorrection]:
    """List the notices that one has to answer (待补正)."""
    own = own_application_rows().filter(state__in=OPEN_STATES)
    rows = (
        Correction.objects.filter(answered_at__isnull=True, application__in=own)
        .select_related("application")
        .order_by("requested_at")
    )
    return [
        OpenCorrection(
            id=row.pk,
            number=row.application.number,
            title=row.application.title,
            department_name=row.department_name,
            requested_at=row.requested_at,
        )
        for row in rows
    ]


def _row(application: Application) -> ApplicationRow:
    return ApplicationRow(
        number=application.number,
        title=application.title,
        applicant_name=application.applicant_name,
        state=application.state,
        state_label=STATE_LABELS[application.state],
        department_name=department_get(application.department_id).name,
        submitted_at=application.submitted_at,
        decided_at=application.decided_at,
    )
