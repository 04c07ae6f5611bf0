"""What this room puts on its own pages by the registry that others use too (页面组成部分)."""

from django.utils import timezone

from yiwang.engines.api import decision_version_number
from yiwang.hall.applications.queries.details import ApplicationDetail
from yiwang.hall.applications.queries.urges import urge_state
from yiwang.hall.matters.data import ELIGIBILITY, ROUTING
from yiwang.hall.matters.deciding import ruling_list
from yiwang.hall.matters.parts import PagePart
from yiwang.kernel.api import error_text
from yiwang.sdk.errors import N_

PURPOSES = {ELIGIBILITY: N_("Who may apply"), ROUTING: N_("Who handles it")}


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


def rulings_part(detail: ApplicationDetail) -> PagePart | None:
    """Show an officer which rules of the matter's tables admitted and routed an application (判定依据)."""
    application = detail.application
    rulings = ruling_list(f"application:{application.number}")
    if not rulings:
        return None
    shown = [
        {
            "words": one.words,
            "purpose": PURPOSES[one.purpose],
            "department": detail.department if one.purpose == ROUTING else "",
            "model": one.model,
            "rules": one.rules,
            "version": decision_version_number(one.version_id),
        }
        for one in rulings
    ]
    return PagePart("hall/applications/rulings_part.html", {"rulings": shown})


def urged_part(detail: ApplicationDetail) -> PagePart | None:
    """Show an officer that the applicant has urged (催办提示)."""
    state = urge_state(detail.application, now=timezone.now())
    if not (detail.is_open and state.marks):
        return None
    return PagePart("hall/applications/urged_part.html", {"marks": state.marks})
