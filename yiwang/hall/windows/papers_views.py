"""Pages of papers between windows and departments, of the figures, and of setting windows up."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yiwang.hall.windows import actions
from yiwang.hall.windows.data import KINDS
from yiwang.hall.windows.queries import (
    MANAGE,
    RECEIVE,
    STATISTICS,
    hand_over_count,
    hand_over_get,
    hand_over_list,
    held_counts,
    own_window_list,
    tablet_keys,
    window_counts,
    window_list,
)
from yiwang.identity.api import allow, department_list
from yiwang.kernel.api import (
    Column,
    Filter,
    Source,
    choices_of,
    context_get,
    datetime_text,
    flash,
    localized,
    page_of,
    render,
    source_of,
)
from yiwang.sdk.errors import N_

PERIODS = {"1": 1, "7": 7, "30": 30, "90": 90}
STATES = {"OPEN": N_("To be signed for"), "RECEIVED": N_("Signed for")}
LISTS = (
    Column("number", N_("List")),
    Column("window", N_("From the window"), text=lambda row: localized(row.window.title)),
    Column("department_name", N_("To the department")),
    Column("handed_at", N_("Handed over"), text=lambda row: datetime_text(row.handed_at)),
    Column("received_by", N_("Signed for by")),
)
FIGURES = (
    Column("window", N_("Window"), text=lambda row: localized(row.window.title)),
    Column("kind", N_("Kind"), text=lambda row: _(row.window.kind_label)),
    Column("visits", N_("Visits")),
    Column("takings", N_("Taken in")),
    Column("elsewhere", N_("For other districts")),
    Column("rated", N_("Rated on the spot")),
    Column(
        "share",
        N_("Satisfied"),
        text=lambda row: "—" if row.share is None else f"{row.share:.1f} %",
    ),
)


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=RECEIVE, purpose="材料交接")
def papers(request: HttpRequest) -> HttpResponse:
    """List hand-over lists, and make one of what lies at my window (材料交接)."""
    if request.method == "POST":
        department = request.POST.get("department", "")
        number = actions.hand_over_make(
            request.POST.get("window", "")[:20],
            department_id=int(department) if department.isdecimal() else 0,
            now=timezone.now(),
        )
        flash(request, "success", _("Print the list and give it along with the papers."))
        return redirect("hall_windows:hand_over", number)
    source = source_of(hand_over_list, hand_over_count, ("state",))
    choices = choices_of(STATES)
    filters = [Filter("state", N_("State"), "select", choices=choices)]
    page = page_of(request, source, columns=LISTS, filters=filters)
    if page.wants_export:
        return page.export("hand-overs")
    waiting = [(one, held_counts(one.code)) for one in own_window_list()]
    names = {"page": page, "waiting": [(one, held) for one, held in waiting if held]}
    return render(request, "hall/windows/papers.html", names)


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=RECEIVE, purpose="材料交接")
def hand_over(request: HttpRequest, number: str) -> HttpResponse:
    """Print a list, or sign for it (签收交接单): what is not ticked is missing."""
    found = hand_over_get(number)
    if request.method == "POST":
        there = set(request.POST.getlist("there"))
        actions.hand_over_receive(
            number,
            missing=frozenset(item.id for item in found.items if str(item.id) not in there),
            note=request.POST.get("note", "")[:300],
            now=timezone.now(),
        )
        flash(request, "success", _("Signed for."))
        return redirect("hall_windows:hand_over", number)
    may_sign = found.received_at is None and found.department_id in context_get().department_ids
    return render(request, "hall/windows/hand_over.html", {"list": found, "may_sign": may_sign})


@require_GET
@allow(populations={"STAFF"}, permission=STATISTICS, purpose="窗口统计")
def statistics(request: HttpRequest) -> HttpResponse:
    """Show what each window and community took in, and what visitors said (窗口统计)."""
    days = PERIODS.get(request.GET.get("days", ""), 30)
    until = timezone.now()
    rows = window_counts(since=until - timedelta(days=days), until=until)
    source = Source(
        lambda query: rows[query.offset : query.offset + query.limit],
        lambda query, cap: min(len(rows), cap),
    )
    choices = [(key, _("Last %(n)s days") % {"n": key}) for key in PERIODS]
    filters = [Filter("days", N_("Period"), "select", choices=choices)]
    page = page_of(request, source, columns=FIGURES, filters=filters)
    if page.wants_export:
        return page.export("windows")
    totals = [
        sum(getattr(row, name) for row in rows) for name in ("visits", "takings", "elsewhere")
    ]
    names = {"page": page, "days": days, "totals": totals}
    return render(request, "hall/windows/statistics.html", names)


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=MANAGE, purpose="设置服务窗口")
def manage(request: HttpRequest) -> HttpResponse:
    """List the windows and set one up (设置窗口), with the address of its tablet."""
    fields = ("code", "zh", "en", "kind", "department", "area_code", "address", "matters")
    typed = {name: request.POST.get(name, "").strip()[:400] for name in fields}
    errors: dict[str, list[str]] = {}
    departments = department_list()
    if request.method == "POST":
        needed = [name for name in fields if name != "matters"]
        errors = {name: [_("Please fill this in.")] for name in needed if not typed[name]}
        if typed["kind"] and typed["kind"] not in KINDS:
            errors["kind"] = [_("Please fill this in.")]
        if typed["department"] and typed["department"] not in {str(one.id) for one in departments}:
            errors["department"] = [_("Please fill this in.")]
        if not errors:
            actions.window_put(
                typed["code"][:20],
                title={"zh": typed["zh"], "en": typed["en"]},
                kind=typed["kind"],
                department_id=int(typed["department"]),
                area_code=typed["area_code"][:12],
                address=typed["address"][:200],
                matters=tuple(typed["matters"].split()),
                is_open=request.POST.get("is_closed") != "1",
            )
            flash(request, "success", _("Saved."))
            return redirect("hall_windows:manage")
    else:
        typed["area_code"] = settings.CITY["area_code"]
    names = {
        "windows": window_list(only_open=False),
        "tablets": tablet_keys(),
        "departments": [
            (str(one.id), localized({"zh": one.name, "en": one.name_en or one.name}))
            for one in departments
        ],
        "kinds": choices_of(KINDS),
        "typed": typed,
        "errors": errors,
    }
    return render(request, "hall/windows/manage.html", names, status=422 if errors else 200)
