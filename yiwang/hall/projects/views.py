"""Pages of projects (投资项目页面): the investor's space, the officers' desk, one page a project."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yiwang.hall.projects.actions.applying import approval_begin, stage_begin
from yiwang.hall.projects.actions.changes import (
    project_change,
    project_end,
    project_offer,
    project_offer_answer,
    project_offer_recall,
)
from yiwang.hall.projects.actions.registration import project_register
from yiwang.hall.projects.actions.reports import report_put
from yiwang.hall.projects.actions.years import years_plan
from yiwang.hall.projects.data import (
    EVERY,
    KINDS,
    PROJECT_STATES,
    REPORTS,
    USES,
    ProjectDetail,
    ReportDetail,
)
from yiwang.hall.projects.effects import change_effect, change_read
from yiwang.hall.projects.errors import (
    ChangeBlocked,
    ChangeRefused,
    ProjectIncomplete,
    ReportRefused,
    YearsRefused,
)
from yiwang.hall.projects.queries import (
    READ,
    offer_list,
    project_count,
    project_detail_get,
    project_list,
    project_row_get,
)
from yiwang.hall.projects.tables import project_plan
from yiwang.identity.api import allow
from yiwang.kernel.api import (
    Column,
    Filter,
    Page,
    choices_of,
    code_list,
    context_get,
    date_text,
    error_text,
    flash,
    localized,
    page_of,
    render,
    sheet_response,
    source_of,
)
from yiwang.resources.api import enterprise_get
from yiwang.sdk.errors import N_

INVESTORS = {"AGENT"}
PURPOSE = "投资项目审批"
FIELDS = (
    "name", "funding", "catalogue", "use", "area_code", "address", "investment_wan", "land_m2", "building_m2",
    "needs_eia", "start_planned", "finish_planned",
)  # fmt: skip
COLUMNS = (
    Column("name", N_("Project")),
    Column("code", N_("Project code")),
    Column("investor_name", N_("Investing company")),
    Column("lead_name", N_("Lead department")),
    Column("investment", N_("Investment (10,000 yuan)"),
           text=lambda row: f"{row.investment_wan:f}", align="end"),
    Column("granted", N_("Approvals granted"), text=lambda row: f"{row.granted}/{row.total}"),
    Column("start", N_("Planned start"), text=lambda row: date_text(row.start_planned)),
    Column("finish", N_("Planned finish"), text=lambda row: date_text(row.finish_planned)),
    Column("track", N_("Track"),
           text=lambda row: "；".join(_(one) for one in row.flag_labels) or _("on track")),
)  # fmt: skip


def _page(request: HttpRequest) -> Page:
    source = source_of(project_list, project_count, ("text", "state", "track"))
    states = choices_of(PROJECT_STATES)
    filters = [
        Filter("text", N_("Name, code or investor"), "text"),
        Filter("state", N_("State"), "select", choices=states),
        Filter("track", N_("Track"), "select",
               choices=[("OFF", _("off track")), ("ON", _("on track"))]),
    ]  # fmt: skip
    return page_of(request, source, columns=COLUMNS, filters=filters)


@require_GET
@allow(populations=INVESTORS, purpose=PURPOSE)
def mine(request: HttpRequest) -> HttpResponse:
    """List one's projects (我的投资项目)."""
    return _list_page(request, "space", route="hall_projects:own", offers=offer_list())


def _list_page(request: HttpRequest, place: str, **names: object) -> HttpResponse:
    page = _page(request)
    if page.wants_export:
        return page.export("projects")
    return render(request, "hall/projects/list.html", {"page": page, "shell": place, **names})


@require_GET
@allow(populations={"STAFF"}, permission=READ, purpose=PURPOSE)
def desk(request: HttpRequest) -> HttpResponse:
    """List the projects that one's departments lead or approve, those off track first (项目监管)."""
    return _list_page(request, "desk", route="hall_projects:project")


@require_http_methods(["GET", "POST"])
@allow(populations=INVESTORS, purpose=PURPOSE)
def new(request: HttpRequest) -> HttpResponse:
    """Describe a project and get its code (项目登记赋码)."""
    typed = {name: request.POST.get(name, "")[:200] for name in FIELDS}
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            made = project_register(typed, investor_name=_investor(), now=timezone.now())
        except ProjectIncomplete as error:
            errors = dict(error.fields)
        else:
            flash(request, "success", _("The project has its code: %(code)s") % {"code": made.code})
            return redirect("hall_projects:own", made.code)
    areas = code_list("divisions", parent=settings.CITY["area_code"])
    names = {
        "typed": typed,
        "errors": errors,
        "funding": [(one.value, localized(one.title)) for one in project_plan().funding],
        "catalogue": [(one.value, localized(one.title)) for one in project_plan().catalogue],
        "uses": choices_of(USES),
        "areas": [
            (row.code, localized({"zh": row.name, "en": row.name_en or row.name})) for row in areas
        ],
    }
    return render(request, "hall/projects/new.html", names, status=422 if errors else 200)


def _investor() -> str:
    uscc = context_get().subject_ref.removeprefix("enterprise:")
    return enterprise_get(uscc).name


@require_GET
@allow(populations=INVESTORS, purpose=PURPOSE)
def own(request: HttpRequest, code: str) -> HttpResponse:
    """Show one's project: stages, approvals, clocks, critical path (我的项目)."""
    return _project_page(request, code, "space")


@require_GET
@allow(populations={"STAFF"}, permission=READ, purpose=PURPOSE)
def project(request: HttpRequest, code: str) -> HttpResponse:
    """Show a project to an officer of the lead or an approving department (项目详情)."""
    return _project_page(request, code, "desk")


def _project_page(request: HttpRequest, code: str, shell: str) -> HttpResponse:
    found = project_detail_get(code, now=timezone.now())
    names = {
        "project": found,
        "report_kinds": REPORTS,
        "use": USES[found.use],
        "kind": KINDS[found.row.kind],
        "application": "hall_applications:detail" if shell == "space" else "hall_applications:case",
        **_around(shell),
    }
    return render(request, "hall/projects/project.html", names)


def _around(shell: str) -> dict[str, str]:
    """Return the routes that differ between the investor's space and the officers' desk."""
    is_own = shell == "space"
    return {
        "shell": shell,
        "back": "hall_projects:mine" if is_own else "hall_projects:desk",
        "route": "hall_projects:own" if is_own else "hall_projects:project",
        "progress_route": "hall_projects:progress" if is_own else "hall_projects:project_progress",
    }


@require_POST
@allow(populations=INVESTORS, purpose=PURPOSE)
def apply(request: HttpRequest, code: str) -> HttpResponse:
    """Begin to apply for an approval of one's project (申报审批事项)."""
    draft_id = approval_begin(code, request.POST.get("approval", ""), now=timezone.now())
    return redirect("hall_applications:resume", draft_id)


@require_POST
@allow(populations=INVESTORS, purpose=PURPOSE)
def apply_stage(request: HttpRequest, code: str) -> HttpResponse:
    """Begin to apply for all approvals of a stage by one form (整阶段申报)."""
    draft_id = stage_begin(code, request.POST.get("stage", ""), now=timezone.now())
    return redirect("hall_bundles:resume", draft_id)


# --- reports ------------------------------------------------------------------------------------


@require_GET
@allow(populations=INVESTORS, purpose=PURPOSE)
def progress(request: HttpRequest, code: str) -> HttpResponse:
    """Show plan and actual of one's project, and what is to be reported (建设进度)."""
    return _progress_page(request, code, "space")


@require_GET
@allow(populations={"STAFF"}, permission=READ, purpose=PURPOSE)
def project_progress(request: HttpRequest, code: str) -> HttpResponse:
    """Show plan and actual of a project to an officer (建设进度监管)."""
    return _progress_page(request, code, "desk")


def _progress_page(request: HttpRequest, code: str, shell: str) -> HttpResponse:
    found = project_detail_get(code, now=timezone.now())
    if request.GET.get("export") == "csv":
        return sheet_response("csv", _curve_table(found), f"progress-{code}")
    if request.GET.get("export") == "years":
        return sheet_response("csv", _years_table(found), f"years-{code}")
    names = {
        "project": found,
        "today": timezone.localdate(),
        "kinds": REPORTS,
        "every": EVERY[found.every],
        **_around(shell),
    }
    return render(request, "hall/projects/progress.html", names)


def _curve_table(found: ProjectDetail):  # noqa: ANN202 - rows of texts
    reports = {one.period: one for one in found.reports if one.period}
    yield [
        _("Project code"), _("Project"), _("Reporting period"), _("Planned since the beginning"),
        _("Invested since the beginning"), _("Planned, percent"), _("Invested, percent"),
        _("Works, percent"),
        _("Progress"), _("Problems met"), _("Reported on"),
    ]  # fmt: skip
    for one in found.curve:
        said = reports.get(one.period)
        yield [
            found.row.code,
            found.row.name,
            one.period,
            f"{one.planned_wan:f}",
            "" if one.actual_wan is None else f"{one.actual_wan:f}",
            f"{one.planned_percent:f}",
            "" if one.actual_percent is None else f"{one.actual_percent:f}",
            "" if one.works_percent is None else f"{one.works_percent:f}",
            said.works if said else "",
            said.problems if said else "",
            date_text(said.reported_at) if said else "",
        ]


def _years_table(found: ProjectDetail):  # noqa: ANN202 - rows of texts
    yield [
        _("Project code"), _("Project"), _("Year"), _("Planned for the year"),
        _("Invested in the year"), _("Of the plan, percent"), _("What is built in the year"),
    ]  # fmt: skip
    for one in found.years:
        figures = (one.planned_wan, one.actual_wan, one.percent)
        texts = ["" if figure is None else f"{figure:f}" for figure in figures]
        yield [found.row.code, found.row.name, f"{one.year}", *texts, one.works]


@require_http_methods(["GET", "POST"])
@allow(populations=INVESTORS, purpose=PURPOSE)
def years(request: HttpRequest, code: str) -> HttpResponse:
    """Plan the investment of one's project by years (年度投资计划)."""
    found = project_detail_get(code, now=timezone.now())
    errors: dict[str, list[str]] = {}
    typed = {}
    for one in found.years:
        planned = "" if one.planned_wan is None else f"{one.planned_wan:f}"
        typed |= {f"wan_{one.year}": planned, f"works_{one.year}": one.works}
    if request.method == "POST":
        typed = {name: request.POST.get(name, "")[:500] for name in typed}
        try:
            years_plan(code, typed, now=timezone.now())
        except YearsRefused as error:
            errors = dict(error.fields)
        else:
            flash(request, "success", _("The plan by years is kept."))
            return redirect("hall_projects:progress", code)
    names = {
        "project": found,
        "typed": typed,
        "errors": errors,
        "this_year": timezone.localdate().year,
        **_around("space"),
    }
    return render(request, "hall/projects/years.html", names, status=422 if errors else 200)


@require_http_methods(["GET", "POST"])
@allow(populations=INVESTORS, purpose=PURPOSE)
def report(request: HttpRequest, code: str) -> HttpResponse:
    """Give the report that is due, or correct the one given last (填报)."""
    now = timezone.now()
    found = project_detail_get(code, now=now)
    given = request.POST if request.method == "POST" else request.GET
    kind, period = given.get("kind", ""), given.get("period", "")
    if not kind and found.reports_due:
        kind, period = found.reports_due[0].kind, found.reports_due[0].period
    if kind not in REPORTS:
        return redirect("hall_projects:progress", code)
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            report_put(code, kind=kind, period=period, values=request.POST, now=now)
        except ReportRefused as error:
            errors = dict(error.fields)
        else:
            flash(request, "success", _("The report is given."))
            return redirect("hall_projects:progress", code)
    last = found.reports[-1] if found.reports else None
    names = {
        "project": found,
        "kind": kind,
        "period": period,
        "kinds": REPORTS,
        "last": last,
        "typed": request.POST if errors else _report_typed(last, kind, period),
        "errors": errors,
        **_around("space"),
    }
    return render(request, "hall/projects/report.html", names, status=422 if errors else 200)


def _report_typed(last: ReportDetail | None, kind: str, period: str) -> dict[str, str]:
    """Begin with what is there: all of a report that is corrected, the figures of the one before."""
    if last is None:
        return {"invested_wan": "0", "percent": "0"} if kind == "START" else {}
    typed = {"invested_wan": f"{last.invested_wan:f}", "percent": f"{last.percent:f}"}
    if (last.kind, last.period) == (kind, period):
        happened = f"{last.as_of:%Y-%m-%d}"
        typed |= {"works": last.works, "problems": last.problems, "happened_on": happened}
    return typed


# --- changes ------------------------------------------------------------------------------------

CHANGED_FIELDS = (
    "name", "address", "investment_wan", "land_m2", "building_m2", "start_planned", "finish_planned",
)  # fmt: skip


@require_http_methods(["GET", "POST"])
@allow(populations=INVESTORS, purpose=PURPOSE)
def change(request: HttpRequest, code: str) -> HttpResponse:
    """Change one's project: first what follows from it is shown, then it is done (项目变更)."""
    row = project_row_get(code)
    errors: dict[str, list[str]] = {}
    typed = {name: _shown(getattr(row, name)) for name in CHANGED_FIELDS}
    effect, blocked = None, ""
    if request.method == "POST":
        typed = {name: request.POST.get(name, "")[:500] for name in (*CHANGED_FIELDS, "reason")}
        try:
            if not request.POST.get("confirmed"):
                effect = change_effect(row, change_read(row, typed))
            if effect is None or not effect.is_large:
                project_change(code, typed, reason=typed["reason"], now=timezone.now())
                flash(request, "success", _("The project is changed. Its code stays the same."))
                return redirect("hall_projects:own", code)
        except (ChangeRefused, ProjectIncomplete) as error:
            errors, effect = dict(error.fields), None
        except ChangeBlocked as error:
            blocked, effect = error_text(error), None
    names = {
        "project": row,
        "typed": typed,
        "errors": errors,
        "effect": effect,
        "blocked": blocked,
        "kinds": KINDS,
    }
    status = 422 if errors or blocked else 200
    return render(request, "hall/projects/change.html", names, status=status)


def _shown(value: object) -> str:
    return f"{value:f}" if hasattr(value, "quantize") else str(value)


@require_http_methods(["GET", "POST"])
@allow(populations=INVESTORS, purpose=PURPOSE)
def offer(request: HttpRequest, code: str) -> HttpResponse:
    """Offer one's project to another company, or take the offer back (变更投资主体)."""
    found = project_detail_get(code, now=timezone.now())
    typed = {name: request.POST.get(name, "")[:500] for name in ("uscc", "reason")}
    errors: dict[str, list[str]] = {}
    if request.method == "POST" and request.POST.get("recall"):
        project_offer_recall(code, now=timezone.now())
        flash(request, "success", _("The offer is taken back."))
        return redirect("hall_projects:own", code)
    if request.method == "POST":
        try:
            project_offer(code, now=timezone.now(), **typed)
        except ChangeRefused as error:
            errors = dict(error.fields)
        except ChangeBlocked as error:
            errors = {"": [error_text(error)]}
        else:
            flash(request, "success", _("Offered. It holds when the other company accepts."))
            return redirect("hall_projects:own", code)
    names = {"project": found, "typed": typed, "errors": errors}
    return render(request, "hall/projects/offer.html", names, status=422 if errors else 200)


@require_POST
@allow(populations=INVESTORS, purpose=PURPOSE)
def offer_answer(request: HttpRequest, change_id: int) -> HttpResponse:
    """Accept or decline a project that is offered to one's company (接受转让)."""
    accepts = request.POST.get("answer") == "accept"
    code = project_offer_answer(change_id, accepts=accepts, now=timezone.now())
    if not accepts:
        flash(request, "success", _("Declined. The project stays with its investor."))
        return redirect("hall_projects:mine")
    flash(request, "success", _("The project is yours now, with its code."))
    return redirect("hall_projects:own", code)


@require_http_methods(["GET", "POST"])
@allow(populations=INVESTORS, purpose=PURPOSE)
def end(request: HttpRequest, code: str) -> HttpResponse:
    """End one's project; what is open of it is named first and withdrawn with it (项目终止)."""
    found = project_detail_get(code, now=timezone.now())
    reason = request.POST.get("reason", "")[:500]
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            withdrawn = project_end(code, reason=reason, now=timezone.now())
        except ChangeRefused as error:
            errors = dict(error.fields)
        else:
            text = _("The project is ended; %(count)s open applications were withdrawn.")
            flash(request, "success", text % {"count": len(withdrawn)})
            return redirect("hall_projects:own", code)
    names = {"project": found, "reason": reason, "errors": errors}
    return render(request, "hall/projects/end.html", names, status=422 if errors else 200)
