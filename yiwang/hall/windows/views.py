"""Pages of windows: the clerk's desk, a visit, the printed receipt, and where the windows are."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yiwang.hall.applications.queries.filed import visit_draft_list
from yiwang.hall.windows import actions
from yiwang.hall.windows.errors import IdentityNotConfirmed, NotTheirAgent, OriginalIncomplete
from yiwang.hall.windows.queries import (
    SERVE,
    own_visit_get,
    own_visit_list,
    own_window_list,
    takeable_list,
    taking_get,
    taking_list,
    window_list,
)
from yiwang.identity.api import allow, public
from yiwang.kernel.api import code_list, context_get, flash, rate_exceeded, render
from yiwang.sdk.errors import NotFound

PURPOSE = "窗口受理"
FIELDS = ("window", "id_number", "name", "uscc", "purpose")
VISITS_PER_MINUTE = 30
FOUND = 12


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=SERVE, purpose=PURPOSE)
def desk(request: HttpRequest) -> HttpResponse:
    """Identify the next visitor, or go on with one who is still here (综合窗口)."""
    typed = {name: request.POST.get(name, "").replace("\x00", "")[:100] for name in FIELDS}
    errors: dict[str, list[str]] = {}
    now = timezone.now()
    if request.method == "POST":
        key = f"hall.windows.desk:{context_get().account_id}"
        if rate_exceeded(key, per_minute=VISITS_PER_MINUTE):
            errors = {"id_number": [_("Too many tries. Wait a minute.")]}
        else:
            try:
                visit = actions.visit_open(
                    typed["window"],
                    id_number=typed["id_number"],
                    name=typed["name"],
                    uscc=typed["uscc"],
                    purpose=typed["purpose"],
                    now=now,
                )
            except (IdentityNotConfirmed, NotTheirAgent) as error:
                errors = dict(error.fields)
            else:
                return redirect("hall_windows:visit", visit.number)
    names = {
        "windows": own_window_list(),
        "visits": own_visit_list(now=now),
        "typed": typed,
        "errors": errors,
    }
    return render(request, "hall/windows/desk.html", names, status=422 if errors else 200)


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=SERVE, purpose=PURPOSE)
def visit(request: HttpRequest, number: str) -> HttpResponse:
    """Serve a visitor (接待来访): find the matter, take it in, print, ask for a rating, end."""
    now = timezone.now()
    if request.method == "POST":
        return _visit_act(request, number)
    found = own_visit_get(number, now=now)
    text = request.GET.get("q", "")[:100]
    names = {
        "visit": found,
        "text": text,
        "matters": takeable_list(found.window, text=text, limit=FOUND),
        "drafts": visit_draft_list(found.id),
        "takings": taking_list(number),
    }
    return render(request, "hall/windows/visit.html", names)


def _visit_act(request: HttpRequest, number: str) -> HttpResponse:
    now = timezone.now()
    match request.POST.get("do", ""):
        case "begin":
            draft_id = actions.visit_begin(number, request.POST.get("matter", "")[:40], now=now)
            return redirect("hall_applications:resume", draft_id)
        case "ask":
            actions.rating_ask(number, now=now)
            flash(request, "success", _("The tablet asks the visitor now."))
            return redirect("hall_windows:visit", number)
        case "end":
            actions.visit_end(number, now=now)
            flash(request, "success", _("The visit is over."))
            return redirect("hall_windows:desk")
    raise NotFound()


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=SERVE, purpose=PURPOSE)
def receipt(request: HttpRequest, number: str, application: str) -> HttpResponse:
    """Print the receipt (打印回执) of what was taken in, and note papers that stay here."""
    now = timezone.now()
    errors: dict[str, list[str]] = {}
    typed = {name: request.POST.get(name, "").strip()[:120] for name in ("title", "copies")}
    if request.method == "POST":
        copies = typed["copies"] or "1"
        try:
            actions.original_keep(
                number,
                application,
                title=typed["title"],
                copies=int(copies) if copies.isdecimal() and len(copies) < 3 else 0,
                is_copy=request.POST.get("is_copy") == "1",
                now=now,
            )
        except OriginalIncomplete as error:
            errors = dict(error.fields)
        else:
            flash(request, "success", _("Noted on the receipt."))
            return redirect("hall_windows:receipt", number, application)
    names = {
        "visit": own_visit_get(number, now=now),
        "taking": taking_get(number, application),
        "typed": typed,
        "errors": errors,
    }
    return render(request, "hall/windows/receipt.html", names, status=422 if errors else 200)


@require_GET
@public
def near(request: HttpRequest) -> HttpResponse:
    """Say which windows there are and what they take (就近能办): for anybody."""
    districts = code_list("divisions", parent=settings.CITY["area_code"])
    area = request.GET.get("area", "")
    matter = request.GET.get("matter", "")[:40]
    known = {one.code for one in districts}
    names = {
        "windows": window_list(area_code=area if area in known else "", matter_code=matter),
        "districts": [("", _("All districts")), *((one.code, one.title) for one in districts)],
        "area": area,
        "matter": matter,
    }
    return render(request, "hall/windows/near.html", names)
