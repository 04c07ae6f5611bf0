"""Urging an application, and the list of what was urged (催办)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from yiwang.hall.applications.actions.urges import application_urge
from yiwang.hall.applications.queries.urges import REFUSALS, SEE, SUPERVISED, urge_rows
from yiwang.identity.api import allow
from yiwang.kernel.api import Column, Filter, error_text, flash, page_of, render
from yiwang.sdk.errors import N_

APPLICANTS = {"CITIZEN", "AGENT"}
COLUMNS = (
    Column("light", N_("Limit when urged"), "light", text=lambda row: row.light),
    Column("title", N_("Matter and step"), text=lambda row: row.application.title["zh"]),
    Column("number", N_("Number"), text=lambda row: row.application.number),
    Column("department", N_("Department"), text=lambda row: row.department.name),
    Column("at", N_("Urged on"), "at"),
    Column("done", N_("What followed"), text=lambda row: row.concluded_at or row.asked_at or ""),
)


@require_POST
@allow(populations=APPLICANTS, purpose="催办")
def urge(request: HttpRequest, number: str) -> HttpResponse:
    """Urge one's application; a refusal is said in words (催办)."""
    try:
        application_urge(number, note=request.POST.get("note", ""), now=timezone.now())
    except REFUSALS as error:
        flash(request, "warning", error_text(error))
    else:
        flash(request, "success", _("Urged. Whoever has it in hand sees it now."))
    return redirect("hall_applications:detail", number)


def _filters() -> tuple[Filter, ...]:
    return (
        Filter(
            "which",
            N_("Which"),
            "select",
            choices=[("supervised", _("near or over the limit")), ("open", _("still open"))],
            apply=_which,
        ),
        Filter(
            "q",
            N_("Number contains"),
            apply=lambda rows, value: rows.filter(application__number__contains=value.strip()),
        ),
    )


def _which(rows, value: str):
    if value == "supervised":
        return rows.filter(light__in=SUPERVISED)
    return rows.filter(concluded_at=None, asked_at=None)


@require_safe
@allow(populations={"STAFF"}, permission=SEE, purpose="催办监督")
def urges(request: HttpRequest) -> HttpResponse:
    """List what applicants urged and what followed (催办清单)."""
    page = page_of(request, urge_rows(), columns=COLUMNS, filters=_filters(), default_order="")
    if page.wants_export:
        return page.export("urges")
    return render(request, "hall/applications/urges.html", {"page": page})
