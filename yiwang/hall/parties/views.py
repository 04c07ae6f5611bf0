"""Pages of a party (当事人页面): join with a code, fill in one's own pages, confirm, see the outcome."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from yiwang.engines.api import draft_get, draft_post
from yiwang.hall.parties.actions import party_confirm, party_join
from yiwang.hall.parties.data import OwnPart
from yiwang.hall.parties.errors import PartyCodeWrong, PartyIncomplete, PartyTwice, PartyUnknown
from yiwang.hall.parties.queries import own_part_get, own_part_list, own_state, read_state
from yiwang.identity.api import allow
from yiwang.kernel.api import context_get, flash, rate_exceeded, render

PARTIES = {"CITIZEN", "AGENT"}
PURPOSE = "参与多方申请"
CODES_PER_MINUTE = 10


@require_http_methods(["GET", "POST"])
@allow(populations=PARTIES, purpose=PURPOSE)
def mine(request: HttpRequest) -> HttpResponse:
    """List the applications in which I take part, and join one (我参与的申请)."""
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        code = request.POST.get("code", "").replace("\x00", "")[:20]
        if rate_exceeded(
            f"hall.parties.mine:{context_get().account_id}", per_minute=CODES_PER_MINUTE
        ):
            errors = {"code": [_("Too many tries. Wait a minute.")]}
        else:
            try:
                found = party_join(code, now=timezone.now())
            except (PartyCodeWrong, PartyTwice) as error:
                errors = {"code": [_(error.message)]}
            else:
                first = found.party.pages[0]
                return redirect("hall_parties:page", found.part.id, first)
    names = {"rows": own_part_list(), "errors": errors}
    return render(request, "hall/parties/mine.html", names, status=422 if errors else 200)


@require_http_methods(["GET", "POST"])
@allow(populations=PARTIES, purpose=PURPOSE)
def page(request: HttpRequest, part_id: int, page: str) -> HttpResponse:
    """Show or save one of my pages (填报我的部分)."""
    own = own_part_get(part_id)
    if own.draft_id is None or page not in own.party.pages:
        raise PartyUnknown()
    refusals: dict[str, list[str]] = {}
    errors_shown = False
    if request.method == "POST":
        saved = draft_post(
            own.draft_id, post=request.POST, files=request.FILES, page=page, now=timezone.now()
        )
        refusals = saved.refusals
        own = own_part_get(part_id)
        target = _target(own, page, request.POST.get("go", ""))
        if target and not refusals:
            return redirect(target)
        errors_shown = request.POST.get("go") == "next" or bool(refusals)
    draft = draft_get(own.draft_id)
    state = own_state(own, draft)
    names = {
        "own": own,
        "draft": draft,
        "state": state,
        "page": state.page(page),
        "errors_shown": errors_shown,
        "refusals": refusals,
    }
    return render(request, "hall/parties/page.html", names, status=422 if errors_shown else 200)


def _target(own: OwnPart, page: str, go: str) -> str | None:
    state = own_state(own, draft_get(own.draft_id))
    if go == "leave":
        return reverse("hall_parties:mine")
    if go == "back":
        before = state.page_before(page)
        return (
            _href(own, before.key) if before else reverse("hall_parties:part", args=[own.part.id])
        )
    if go != "next" or state.page(page).error_count:
        return None
    after = state.page_after(page)
    return _href(own, after.key) if after else reverse("hall_parties:part", args=[own.part.id])


def _href(own: OwnPart, key: str) -> str:
    return reverse("hall_parties:page", args=[own.part.id, key])


@require_http_methods(["GET", "POST"])
@allow(populations=PARTIES, purpose=PURPOSE)
def part(request: HttpRequest, part_id: int) -> HttpResponse:
    """Show my part, what I confirm with it, and what became of the application (我的部分)."""
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            party_confirm(part_id, now=timezone.now())
        except PartyIncomplete as error:
            errors = dict(error.fields)
        else:
            flash(request, "success", _("Confirmed. The applicant can submit when all have."))
            return redirect("hall_parties:part", part_id)
    own = own_part_get(part_id)
    draft = draft_get(own.draft_id) if own.draft_id else None
    names = {
        "own": own,
        "state": own_state(own, draft),
        "read": read_state(part_id),
        "errors": errors,
        "edit_href": reverse("hall_parties:page", args=[part_id, "{page}"]) if own.draft_id else "",
    }
    return render(request, "hall/parties/part.html", names, status=422 if errors else 200)
