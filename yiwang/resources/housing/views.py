"""Pages of the housing registry: search, one dwelling, figures, refused reports, my homes."""

from datetime import date, datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from yiwang.identity.api import allow
from yiwang.kernel.api import (
    Column,
    Filter,
    choices_of,
    context_get,
    error_text,
    flash,
    localized,
    page_of,
    render,
)
from yiwang.resources.housing.actions import (
    REPORT,
    event_post,
    exception_retry,
    exception_set_aside,
)
from yiwang.resources.housing.data import (
    CAUSES,
    EXCEPTION_STATES,
    KINDS,
    PURPOSES,
    REASONS,
    REGISTRY,
    STRUCTURES,
    USES,
)
from yiwang.resources.housing.imports import reports_read
from yiwang.resources.housing.queries import (
    OWN_HOMES,
    dwelling_get,
    dwelling_record,
    dwelling_rows,
    exception_rows,
    figures_list,
    own_homes,
)
from yiwang.resources.housing.words import district, reason_text
from yiwang.resources.registries.data import NotInRegistry
from yiwang.resources.registries.queries import person_ref_by_account
from yiwang.sdk.errors import N_, Invalid, NotFound, YiwangError

READ = "resources.housing.read"
TABLES = {"uses": USES, "structures": STRUCTURES, "purposes": PURPOSES, "causes": CAUSES}


COLUMNS = (
    Column("address", N_("Address"), order="address"),
    Column(
        "area_code", N_("District"), order="area_code", text=lambda row: district(row.area_code)
    ),
    Column("area_m2", N_("Floor area (m²)"), order="area_m2", align="end"),
    Column("year", N_("Built in"), order="year", align="end"),
    Column(
        "use",
        N_("Use"),
        order="use",
        text=lambda row: localized(USES[row.use]) if row.use in USES else _("Demolished"),
    ),
    Column("number", N_("Unit code"), order="number"),
)
EXCEPTION_COLUMNS = (
    Column("kind", N_("Report"), text=lambda row: localized(KINDS[row.kind].title), order="kind"),
    Column("reason", N_("Why it waits"), text=lambda row: reason_text(row.reason, row.params)),
    Column("dwelling_number", N_("Unit code"), order="dwelling_number"),
    Column("opened_at", N_("Since"), order="opened_at"),
    Column("state", N_("State"), text=lambda row: _(EXCEPTION_STATES[row.state]), order="state"),
)


@require_safe
@allow(populations={"STAFF"}, permission=READ)
def search(request: HttpRequest) -> HttpResponse:
    """Search dwellings by address, community, district, use (住房查询)."""
    districts = sorted(
        set(dwelling_rows().order_by().values_list("area_code", flat=True).distinct())
    )
    page = page_of(
        request,
        dwelling_rows(),
        columns=COLUMNS,
        filters=(
            Filter(
                "address",
                N_("Address or unit code"),
                apply=lambda rows, value: (
                    rows.filter(number=value)
                    if len(value) == 28
                    else rows.filter(address__contains=value)
                ),
            ),
            Filter(
                "community",
                N_("Community code"),
                apply=lambda rows, value: rows.filter(community_code__startswith=value),
            ),
            Filter(
                "area",
                N_("District"),
                kind="select",
                choices=[(code, district(code)) for code in districts],
                apply=lambda rows, value: rows.filter(area_code=value),
            ),
            Filter(
                "use",
                N_("Use"),
                kind="select",
                choices=[(code, localized(title)) for code, title in USES.items()],
                apply=lambda rows, value: rows.filter(use=value),
            ),
        ),
        default_order="address",
    )
    if page.wants_export:
        return page.export("dwellings")
    context = {"page": page, "may_report": context_get().may(REPORT)}
    return render(request, "resources/housing/search.html", context)


@require_safe
@allow(populations={"STAFF"}, permission=READ)
def dwelling(request: HttpRequest, number: str) -> HttpResponse:
    """Show a dwelling; with a purpose its rights, tenancy and history, on any day (住房档案)."""
    view = dwelling_get(number)
    now = timezone.now()
    purpose = request.GET.get("purpose", "").strip()[:200]
    on, on_error = _day(request.GET.get("on", ""))
    known, known_error = _day(request.GET.get("known", ""))
    errors = {name: [text] for name, text in (("on", on_error), ("known", known_error)) if text}
    record = None
    if purpose and not errors:
        record = dwelling_record(number, purpose=purpose, on=on, known_at=_end_of(known), now=now)
    return render(
        request,
        "resources/housing/dwelling.html",
        {
            "dwelling": view,
            "record": record,
            "purpose": purpose,
            "on": request.GET.get("on", ""),
            "known": request.GET.get("known", ""),
            "errors": errors,
            "kinds": KINDS,
            "registry": REGISTRY,
            "reason_text": reason_text,
            "district": district,
            "today": timezone.localdate(now),
            **TABLES,
        },
        status=422 if errors else 200,
    )


@require_safe
@allow(populations={"STAFF"}, permission=READ)
def statistics(request: HttpRequest) -> HttpResponse:
    """Show vacancy, tenancy and floor area a head by district, and how they are counted (住房统计)."""
    rows = figures_list()
    context = {"rows": rows, "district": district, **TABLES}
    return render(request, "resources/housing/statistics.html", context)


@require_safe
@allow(populations={"STAFF"}, permission=REPORT)
def exceptions(request: HttpRequest) -> HttpResponse:
    """List the reports of my department that could not take effect (住房异常)."""
    page = page_of(
        request,
        exception_rows(),
        columns=EXCEPTION_COLUMNS,
        filters=(
            Filter(
                "state",
                N_("State"),
                kind="select",
                choices=choices_of(EXCEPTION_STATES),
                apply=lambda rows, value: rows.filter(state=value),
            ),
            Filter(
                "reason",
                N_("Why it waits"),
                kind="select",
                choices=[(code, code) for code in REASONS],
                apply=lambda rows, value: rows.filter(reason=value),
            ),
        ),
        default_order="-opened_at",
    )
    if page.wants_export:
        return page.export("housing-exceptions")
    return render(request, "resources/housing/exceptions.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=REPORT)
def exception(request: HttpRequest, exception_id: int) -> HttpResponse:
    """Show a refused report; try it again or put it aside (处理住房异常)."""
    row = exception_rows().filter(pk=exception_id).first()
    if row is None:
        raise NotFound()
    errors = {}
    if request.method == "POST":
        try:
            return _exception_decide(request, exception_id)
        except Invalid as error:
            errors = {name: [_(text) for text in texts] for name, texts in error.fields.items()}
    return render(
        request,
        "resources/housing/exception.html",
        {
            "row": row,
            "kind": KINDS[row.kind].title,
            "reason": reason_text(row.reason, row.params),
            "state": _(EXCEPTION_STATES[row.state]),
            "errors": errors,
            "note": request.POST.get("note", ""),
        },
        status=422 if errors else 200,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=REPORT)
def import_file(request: HttpRequest) -> HttpResponse:
    """Take a file of reports (导入住房事件)."""
    errors, posted = {}, []
    if request.method == "POST":
        upload = request.FILES.get("file")
        try:
            if upload is None:
                raise Invalid(fields={"file": [N_("Choose a file.")]})
            reports = reports_read(upload.read(), name=upload.name)
            posted = event_post(reports, now=timezone.now())
        except Invalid as error:
            texts = error.fields or {"file": [error_text(error)]}
            errors = {name or "file": [_(text) for text in found] for name, found in texts.items()}
        except YiwangError as error:
            errors = {"file": [error_text(error)]}
    return render(
        request,
        "resources/housing/import.html",
        {
            "errors": errors,
            "posted": posted,
            "new": sum(one.is_new for one in posted),
            "refused": [one for one in posted if one.outcome.state == "REFUSED"],
            "reason_text": reason_text,
        },
        status=422 if errors else 200,
    )


@require_safe
@allow(populations={"CITIZEN", "AGENT"}, purpose=OWN_HOMES)
def mine(request: HttpRequest) -> HttpResponse:
    """Show the dwellings I own, rent and am registered at (我的住房)."""
    ref = person_ref_by_account(context_get().account_id)
    if not ref:
        raise NotInRegistry()
    homes = own_homes(ref)
    context = {"homes": homes, "district": district, "registry": REGISTRY, **TABLES}
    return render(request, "resources/housing/mine.html", context)


def _exception_decide(request: HttpRequest, exception_id: int) -> HttpResponse:
    now = timezone.now()
    if request.POST.get("act") == "retry":
        state = exception_retry(exception_id, now=now)
        if state == "RESOLVED":
            flash(request, "success", _("The report has taken effect."))
        else:
            flash(request, "info", _("It still cannot take effect, for the reason given."))
        return redirect("resources_housing:exception", exception_id)
    exception_set_aside(exception_id, note=request.POST.get("note", ""), now=now)
    flash(request, "success", _("The report was put aside."))
    return redirect("resources_housing:exceptions")


def _day(text: str) -> tuple[date | None, str]:
    if not text:
        return None, ""
    try:
        return date.fromisoformat(text), ""
    except ValueError:
        return None, _("Write the day as 2026-01-31.")


def _end_of(day: date | None) -> datetime | None:
    if day is None:
        return None
    start = datetime.combine(day, datetime.min.time(), tzinfo=timezone.get_current_timezone())
    return start + timedelta(days=1) - timedelta(microseconds=1)
