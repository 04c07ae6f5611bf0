"""What this room puts on other rooms' pages (页面组成部分): the forecast and the way into guided questions."""

from django.utils import timezone

from yiwang.hall.applications.queries.details import ApplicationDetail
from yiwang.hall.guides.queries import forecast_of, guide_list_of
from yiwang.hall.matters.data import MatterView
from yiwang.hall.matters.parts import PagePart
from yiwang.hall.matters.queries import matter_version_get


def matter_part(matter: MatterView) -> PagePart | None:
    """Show on a guide how long it really takes, and the questions that lead here (办事指南)."""
    if not matter.can_apply:
        return None
    names = {"forecast": forecast_of(matter), "guides": guide_list_of(matter.code)}
    return PagePart("hall/guides/part_matter.html", names)


def application_part(detail: ApplicationDetail) -> PagePart | None:
    """Show on an application when its answer is likely (办件预计办结)."""
    application = detail.application
    if not detail.is_open or application.state == "SUSPENDED":
        return None
    forecast = forecast_of(
        matter_version_get(application.matter_version_id),
        department_id=application.department_id,
        since=timezone.localdate(application.submitted_at),
    )
    names = {"forecast": forecast, "waits": application.state == "CORRECTION"}
    return PagePart("hall/guides/part_application.html", names)
