"""Pages of ratings: the rater's form, the department's desk, everybody's ranking."""

from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yiwang.hall.ratings import actions
from yiwang.hall.ratings.data import CASE_STATES, SILENT
from yiwang.hall.ratings.errors import RatingIncomplete
from yiwang.hall.ratings.gaming_queries import left_out_list
from yiwang.hall.ratings.queries import DECIDE, HANDLE, case_count, case_get, case_list, ranking
from yiwang.identity.api import allow, department_list, public
from yiwang.kernel.api import (
    Column,
    Filter,
    choices_of,
    context_get,
    flash,
    page_of,
    render,
    source_of,
)
from yiwang.sdk.errors import N_, NotFound

PERIODS = {"30": 30, "90": 90, "365": 365}
COLUMNS = (
    Column("title", N_("Matter"), text=lambda row: row.rating.title),
    Column("level", N_("Rating"), text=lambda row: _(row.rating.level_label)),
    Column("state", N_("State"), text=lambda row: _(row.state_label)),
    Column("due", N_("To be put right by")),
)


@require_GET
@public
def ranking_page(request: HttpRequest) -> HttpResponse:
    """Rank the departments by what people said (好差评排行榜)."""
    days = PERIODS.get(request.GET.get("days", ""), 90)
    now = timezone.now()
    since = _midnight(now) - timedelta(days=days)
    left_out = left_out_list(since=since, until=now)
    names = {
        "rows": ranking(since=since, until=now),
        "left_out": left_out,
        "selective": {one.department_id for one in left_out if one.kind == SILENT},
        "names": {row.id: row.name for row in department_list()} if left_out else {},
        "days": days,
        "periods": sorted(PERIODS.values()),
    }
    return render(request, "hall/ratings/ranking.html", names)


def _midnight(now: datetime) -> datetime:
    return timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)


@require_GET
@allow(populations={"STAFF"}, permission=HANDLE, purpose="差评整改")
def desk(request: HttpRequest) -> HttpResponse:
    """List bad ratings to deal with (差评整改), the soonest due first."""
    source = source_of(case_list, case_count, ("state",))
    choices = choices_of(CASE_STATES)
    filters = [Filter("state", N_("State"), "select", choices=choices)]
    page = page_of(request, source, columns=COLUMNS, filters=filters)
    return render(request, "hall/ratings/desk.html", {"page": page, "now": timezone.now()})


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=HANDLE, purpose="差评整改")
def case(request: HttpRequest, case_id: int) -> HttpResponse:
    """Call back, put right, appeal, or decide an appeal (办理差评)."""
    errors: dict[str, list[str]] = {}
    text = request.POST.get("text", "")[:2000]
    if request.method == "POST":
        try:
            _act(request.POST.get("do", ""), case_id, text)
        except RatingIncomplete:
            errors = {"text": [_("Please write what was said or done.")]}
        else:
            flash(request, "success", _("Noted."))
            return redirect("hall_ratings:case", case_id)
    names = {
        "case": case_get(case_id),
        "text": text,
        "errors": errors,
        "may_decide": context_get().may(DECIDE),
    }
    return render(request, "hall/ratings/case.html", names, status=422 if errors else 200)


def _act(do: str, case_id: int, text: str) -> None:
    now = timezone.now()
    match do:
        case "contact":
            actions.case_contact(case_id, note=text, now=now)
        case "rectify":
            actions.case_rectify(case_id, measures=text, now=now)
        case "appeal":
            actions.case_appeal(case_id, reason=text, now=now)
        case "mistaken" | "stands":
            actions.case_decide(case_id, is_mistaken=do == "mistaken", reason=text, now=now)
        case _:
            raise NotFound()
