"""Pages of projects (投资项目页面): the investor's space, the officers' desk, one page a project."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yiwang.hall.projects.actions import approval_begin, project_register
from yiwang.hall.projects.data import KINDS, PROJECT_STATES, USES
from yiwang.hall.projects.errors import ProjectIncomplete
from yiwang.hall.projects.queries import READ, project_count, project_detail_get, project_list
from yiwang.identity.api import allow
from yiwang.kernel.api import (
    Column,
    Filter,
    Page,
    Source,
    code_list,
    context_get,
    date_text,
    flash,
    localized,
    page_of,
    render,
)
from yiwang.resources.api import enterprise_get
from yiwang.sdk.errors import N_

INVESTORS = {"AGENT"}
PURPOSE = "投资项目审批"
FIELDS = (
    "name", "kind", "use", "area_code", "address", "investment_wan", "land_m2", "building_m2",
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
    wanted = ("text", "state", "track")

    def given(query) -> dict[str, str]:  # noqa: ANN001 - a ListQuery
        return {key: query.filters.get(key, "") for key in wanted}

    source = Source(
        lambda query: project_list(limit=query.limit, offset=query.offset, **given(query)),
        lambda query, cap: project_count(cap=cap, **given(query)),
    )
    states = [(code, _(text)) for code, text in PROJECT_STATES.items()]
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
    names = {"page": _page(request), "shell": "space", "route": "hall_projects:own"}
    return render(request, "hall/projects/list.html", names)


@require_GET
@allow(populations={"STAFF"}, permission=READ, purpose=PURPOSE)
def desk(request: HttpRequest) -> HttpResponse:
    """List the projects that one's departments lead or approve, those off track first (项目监管)."""
    names = {"page": _page(request), "shell": "desk", "route": "hall_projects:project"}
    return render(request, "hall/projects/list.html", names)


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
        "kinds": [(key, _(text)) for key, text in KINDS.items()],
        "uses": [(key, _(text)) for key, text in USES.items()],
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
        "shell": shell,
        "use": USES[found.use],
        "kind": KINDS[found.row.kind],
        "back": "hall_projects:mine" if shell == "space" else "hall_projects:desk",
        "application": "hall_applications:detail" if shell == "space" else "hall_applications:case",
    }
    return render(request, "hall/projects/project.html", names)


@require_POST
@allow(populations=INVESTORS, purpose=PURPOSE)
def apply(request: HttpRequest, code: str) -> HttpResponse:
    """Begin to apply for an approval of one's project (申报审批事项)."""
    draft_id = approval_begin(code, request.POST.get("approval", ""), now=timezone.now())
    return redirect("hall_applications:resume", draft_id)
