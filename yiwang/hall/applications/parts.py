"""What this room puts on its own pages by the registry that others use too (页面组成部分)."""

from django.utils import timezone

from yiwang.hall.applications.queries.details import ApplicationDetail
from yiwang.hall.applications.queries.urges import urge_state
from yiwang.hall.matters.parts import PagePart
from yiwang.kernel.api import error_text


def urge_part(detail: ApplicationDetail) -> PagePart | None:
    """Let the applicant urge a running application (催办)."""
    if not detail.is_open:
        return None
    state = urge_state(detail.application, now=timezone.now())
    names = {
        "urge": state,
        "refusal": error_text(state.refusal) if state.refusal else "",
        "number": detail.application.number,
    }
    return PagePart("hall/applications/urge_part.html", names)


def urged_part(detail: ApplicationDetail) -> PagePart | None:
    """Show an officer that the applicant has urged (催办提示)."""
    state = urge_state(detail.application, now=timezone.now())
    if not (detail.is_open and state.marks):
        return None
    return PagePart("hall/applications/urged_part.html", {"marks": state.marks})
