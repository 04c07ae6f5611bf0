"""Pages of windows: the clerk's desk, a visit, the printed receipt, and where the windows are."""

from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yiwang.hall.applications.filing import acting_for
from yiwang.hall.applications.queries.filed import visit_draft_list
from yiwang.hall.bundles.data import BundleView
from yiwang.hall.bundles.queries.cases import bundle_case_get, case_list_of_visit
from yiwang.hall.bundles.queries.drafts import bundle_visit_list
from yiwang.hall.counters.data import TicketView
from yiwang.hall.counters.errors import TicketStateWrong
from yiwang.hall.counters.queries.tickets import ticket_in_hand
from yiwang.hall.matters.data import MatterView
from yiwang.hall.matters.queries import matter_get
from yiwang.hall.parties.errors import PartyCodeWrong, PartyTwice
from yiwang.hall.parties.queries import invitation_list, own_part_list
from yiwang.hall.windows import actions
from yiwang.hall.windows.data import VisitView
from yiwang.hall.windows.errors import (
    IdentityNotConfirmed,
    MandateEnded,
    MandateNotFound,
    NotTheirAgent,
    OriginalIncomplete,
    VisitNotFound,
)
from yiwang.hall.windows.mandates import covered, mandate_get, mandate_list, taking_applicant
from yiwang.hall.windows.queries import (
    SERVE,
    bundle_takeable_list,
    matter_takeable,
    own_visit_get,
    own_visit_list,
    own_window_list,
    takeable_list,
    taking_get,
    taking_list,
    ticket_of_visit,
    visit_of_ticket,
    window_list,
)
from yiwang.identity.api import DelegationView, allow, public
from yiwang.kernel.api import (
    code_list,
    context_get,
    error_text,
    field_texts,
    flash,
    localized,
    rate_exceeded,
    render,
)
from yiwang.sdk.errors import NotFound

PURPOSE = "窗口受理"
FIELDS = ("window", "id_number", "name", "uscc", "purpose", "ticket", "code")
VISITS_PER_MINUTE = 30
CODES_PER_MINUTE = 10
FOUND = 12


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=SERVE, purpose=PURPOSE)
def desk(request: HttpRequest) -> HttpResponse:
    """Identify the next visitor, or go on with one who is still here (综合窗口)."""
    ticket = ticket_in_hand(context_get().account_id)
    given = request.POST if request.method == "POST" else _of_ticket(request, ticket)
    typed = {name: given.get(name, "").replace("\x00", "")[:100] for name in FIELDS}
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
                    ticket_id=ticket.id if ticket and typed["ticket"] == str(ticket.id) else None,
                    now=now,
                )
            except (IdentityNotConfirmed, NotTheirAgent) as error:
                errors = field_texts(error)
            except TicketStateWrong as error:
                errors = {"ticket": [error_text(error)]}
            else:
                page = reverse("hall_windows:visit", args=[visit.number])
                query = f"?{urlencode({'code': typed['code']})}" if typed["code"] else ""
                return redirect(page + query)
    names = {
        "ticket": ticket,
        "windows": own_window_list(),
        "visits": own_visit_list(now=now),
        "typed": typed,
        "errors": errors,
    }
    return render(request, "hall/windows/desk.html", names, status=422 if errors else 200)


def _of_ticket(request: HttpRequest, ticket: TicketView | None) -> dict[str, str]:
    """Begin the form with what the ticket in hand says (由号票带入): only that one, not any that is named."""
    given = {name: request.GET.get(name, "") for name in ("code", "name")}
    if ticket is None or visit_of_ticket(ticket.id, timezone.now()) is not None:
        return given
    asked = request.GET.get("ticket", str(ticket.id))
    if asked != str(ticket.id) or given["code"]:
        return given
    return {"ticket": asked, "name": ticket.name, "purpose": localized(ticket.queue_title)}


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=SERVE, purpose=PURPOSE)
def visit(request: HttpRequest, number: str) -> HttpResponse:
    """Serve a visitor (接待来访): find the matter, take it in, print, ask for a rating, end."""
    now = timezone.now()
    if request.method == "POST":
        return _visit_act(request, number)
    found = own_visit_get(number, now=now)
    text = request.GET.get("q", "")[:100]
    today = timezone.localdate(now)
    mandate_id, error = _number(request.GET.get("for", "")), ""
    mandate = None
    if mandate_id is not None:
        try:
            mandate = mandate_get(found, mandate_id, on=today)
        except (MandateEnded, MandateNotFound) as refused:
            error = error_text(refused)
    ticket = ticket_of_visit(found)
    names = {
        "visit": found,
        "ticket": ticket,
        "asked_for": _asked_for(found, ticket),
        "text": text,
        "matters": _matters(found, text, mandate),
        "drafts": visit_draft_list(found.id),
        "takings": taking_list(number),
        "bundles": _bundles(found, mandate),
        "bundle_drafts": bundle_visit_list(found.id),
        "bundle_cases": case_list_of_visit(found.id),
        "mandates": mandate_list(found, on=today),
        "mandate": mandate,
        **_together(found),
        "code": request.GET.get("code", "")[:12],
        "error": error,
    }
    return render(request, "hall/windows/visit.html", names, status=403 if error else 200)


def _together(found: VisitView) -> dict[str, object]:
    """Return what the visitor takes part in, and what they are asked to (共同办理)."""
    with acting_for(found.applicant_ref):
        return {
            "shared_parts": [one for one in own_part_list() if one.is_open],
            "invitations": invitation_list(),
        }


def _matters(found: VisitView, text: str, mandate: DelegationView | None) -> list[MatterView]:
    if mandate is None:
        kind = found.applicant_ref.partition(":")[0]
        return takeable_list(found.window, text=text, kind=kind, limit=FOUND)
    return covered(mandate, takeable_list(found.window))


def _bundles(found: VisitView, mandate: DelegationView | None) -> list[tuple[BundleView, int]]:
    """List the bundles that can be taken in (可受理一件事), each with how many of its matters may be done."""
    applicant = mandate.principal_ref if mandate else found.applicant_ref
    bundles = bundle_takeable_list(found.window, kind=applicant.partition(":")[0])
    if mandate is None:
        return [(one, len(one.matters)) for one in bundles]
    counted = [(one, len(covered(mandate, one.matters.values()))) for one in bundles]
    return [(one, count) for one, count in counted if count]


def _asked_for(found: VisitView, ticket: TicketView | None) -> list[MatterView]:
    """List the matters for which the ticket was taken (号票所办事项), as far as the window takes them."""
    codes = ticket.matters if ticket else ()
    return [one for one in map(matter_get, codes) if matter_takeable(one, found.window)]


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 16 else None


def _visit_act(request: HttpRequest, number: str) -> HttpResponse:
    now = timezone.now()
    match request.POST.get("do", ""):
        case "begin":
            draft_id = actions.visit_begin(
                number,
                request.POST.get("matter", "")[:40],
                mandate_id=_number(request.POST.get("for", "")),
                now=now,
            )
            return redirect("hall_applications:resume", draft_id)
        case "bundle":
            key = request.POST.get("bundle", "")[:90]
            mandate_id = _number(request.POST.get("for", ""))
            draft_id = actions.visit_bundle_begin(number, key, mandate_id=mandate_id, now=now)
            return redirect("hall_bundles:resume", draft_id)
        case "join":
            return _joined(request, number)
        case "ask":
            actions.rating_ask(number, now=now)
            flash(request, "success", _("The tablet asks the visitor now."))
            return redirect("hall_windows:visit", number)
        case "end":
            actions.visit_end(number, now=now)
            flash(request, "success", _("The visit is over."))
            return redirect("hall_windows:desk")
        case "finish":
            ticket = ticket_of_visit(own_visit_get(number, now=now))
            actions.visit_end(number, with_ticket=True, now=now)
            flash(request, "success", _("The visit and the ticket are finished."))
            if ticket is None:
                return redirect("hall_windows:desk")
            return redirect("hall_counters:window", ticket.window_id)
    raise NotFound()


def _joined(request: HttpRequest, number: str) -> HttpResponse:
    key = f"hall.windows.join:{context_get().account_id}"
    if rate_exceeded(key, per_minute=CODES_PER_MINUTE):
        flash(request, "warning", _("Too many tries. Wait a minute."))
        return redirect("hall_windows:visit", number)
    try:
        own = actions.visit_join(
            number,
            code=request.POST.get("code", "").replace("\x00", "")[:20],
            invitation_id=_number(request.POST.get("invitation", "")),
            now=timezone.now(),
        )
    except (PartyCodeWrong, PartyTwice) as error:
        flash(request, "warning", error_text(error))
        return redirect("hall_windows:visit", number)
    return redirect("hall_windows:part_page", number, own.part.id, own.party.pages[0])


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
            errors = field_texts(error)
        else:
            flash(request, "success", _("Noted on the receipt."))
            return redirect("hall_windows:receipt", number, application)
    found, taking = own_visit_get(number, now=now), taking_get(number, application)
    names = {
        "visit": found,
        "taking": taking,
        "applicant_name": taking_applicant(found, taking, on=timezone.localdate(now)),
        "typed": typed,
        "errors": errors,
    }
    return render(request, "hall/windows/receipt.html", names, status=422 if errors else 200)


@require_GET
@allow(populations={"STAFF"}, permission=SERVE, purpose=PURPOSE)
def bundle_receipt(request: HttpRequest, number: str, case: str) -> HttpResponse:
    """Print the receipt of a bundle (打印一件事回执): all that was taken in with it, each with its query code."""
    now = timezone.now()
    found = own_visit_get(number, now=now)
    taken = next((one for one in case_list_of_visit(found.id) if one.number == case), None)
    if taken is None:
        raise VisitNotFound()
    with acting_for(taken.applicant_ref):
        view = bundle_case_get(case, now=now)
    takings = {one.number: one for one in taking_list(number)}
    names = {"visit": found, "case": view, "takings": takings}
    return render(request, "hall/windows/bundle_receipt.html", names)


@require_GET
@public
def near(request: HttpRequest) -> HttpResponse:
    """Say which windows there are and what they take (就近能办): for anybody."""
    districts = code_list("divisions", parent=settings.CITY["area_code"])
    area = request.GET.get("area", "")
    matter = request.GET.get("matter", "")[:40]
    area = area if area in {one.code for one in districts} else ""
    names = {
        "windows": window_list(area_code=area, matter_code=matter),
        "districts": [
            ("", _("All districts")),
            *((one.code, localized(one.title)) for one in districts),
        ],
        "area": area,
        "matter": matter,
    }
    return render(request, "hall/windows/near.html", names)
