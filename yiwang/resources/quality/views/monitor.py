"""The monitor on pages (监测): alerts with their figures, explained with a reason."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from yiwang.identity.api import allow
from yiwang.kernel.api import Column, Filter, choices_of, error_text, flash, page_of, render
from yiwang.resources.quality.actions.monitoring import alert_acknowledge
from yiwang.resources.quality.data import ALERT_STATES, ALERTS
from yiwang.resources.quality.queries import HANDLE, alert_rows
from yiwang.resources.quality.views import words
from yiwang.sdk.errors import N_, Invalid, YiwangError


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=HANDLE)
def monitor(request: HttpRequest) -> HttpResponse:
    """List the alerts and explain one (监测预警)."""
    problem, reason, chosen = "", "", request.POST.get("alert", "")
    if request.method == "POST":
        reason = request.POST.get("reason", "")
        try:
            number = int(chosen) if chosen.isdecimal() and len(chosen) < 15 else 0
            alert_acknowledge(number, reason=reason, now=timezone.now())
        except Invalid as error:
            problem = " ".join(_(text) for texts in error.fields.values() for text in texts)
        except YiwangError as error:
            problem = error_text(error)
        else:
            flash(request, "success", _("The explanation is on record."))
            return redirect("resources_quality:monitor")
    page = page_of(
        request, alert_rows(), columns=_columns(), filters=_filters(), default_order="-raised"
    )
    if page.wants_export:
        return page.export("alerts")
    return render(
        request,
        "resources/quality/monitor.html",
        {"page": page, "problem": problem, "reason": reason, "chosen": chosen, "words": words},
        status=422 if problem else 200,
    )


def _columns() -> tuple[Column, ...]:
    return (
        Column("resource", N_("Resource"), text=lambda row: words.resource_title(row.resource)),
        Column(
            "kind", N_("What was seen"), order="kind", text=lambda row: words.alert_text(row.kind)
        ),
        Column("figures", N_("Figures"), text=lambda row: words.figures_text(row.figures)),
        Column("raised", N_("Seen at"), order=("raised_at", "id"), text=lambda row: row.raised_at),
        Column(
            "state", N_("State"), order="state", text=lambda row: words.alert_state_text(row.state)
        ),
    )


def _filters() -> tuple[Filter, ...]:
    return (
        Filter(
            "state", N_("State"), kind="select",
            choices=choices_of(ALERT_STATES),
            apply=lambda rows, value: rows.filter(state=value),
        ),
        Filter(
            "kind", N_("What was seen"), kind="select",
            choices=choices_of(ALERTS),
            apply=lambda rows, value: rows.filter(kind=value),
        ),
    )  # fmt: skip
