"""Pages of a party on line (当事人页面): join with a code or as invited, fill in, confirm, see the outcome."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from yiwang.hall.parties.actions import party_accept, party_join
from yiwang.hall.parties.errors import PartyCodeWrong, PartyTwice
from yiwang.hall.parties.pages import Place, page_show, part_show
from yiwang.hall.parties.queries import invitation_list, own_part_list
from yiwang.identity.api import allow
from yiwang.kernel.api import context_get, rate_exceeded, render

PARTIES = {"CITIZEN", "AGENT"}
PURPOSE = "参与多方申请"
CODES_PER_MINUTE = 10


@require_http_methods(["GET", "POST"])
@allow(populations=PARTIES, purpose=PURPOSE)
def mine(request: HttpRequest) -> HttpResponse:
    """List the applications in which I take part or am asked to, and join one (我参与的申请)."""
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        key = f"hall.parties.mine:{context_get().account_id}"
        if rate_exceeded(key, per_minute=CODES_PER_MINUTE):
            errors = {"code": [_("Too many tries. Wait a minute.")]}
        else:
            try:
                found = _join(request)
            except (PartyCodeWrong, PartyTwice) as error:
                errors = {"code": [_(error.message)]}
            else:
                return redirect("hall_parties:page", found.part.id, found.party.pages[0])
    names = {"rows": own_part_list(), "invitations": invitation_list(), "errors": errors}
    return render(request, "hall/parties/mine.html", names, status=422 if errors else 200)


def _join(request: HttpRequest):
    invited = request.POST.get("invitation", "")
    if invited.isdecimal() and len(invited) < 16:
        return party_accept(int(invited), now=timezone.now())
    code = request.POST.get("code", "").replace("\x00", "")[:20]
    return party_join(code, now=timezone.now())


@require_http_methods(["GET", "POST"])
@allow(populations=PARTIES, purpose=PURPOSE)
def page(request: HttpRequest, part_id: int, page: str) -> HttpResponse:
    """Show or save one of my pages (填报我的部分)."""
    return page_show(request, part_id, page, _online())


@require_http_methods(["GET", "POST"])
@allow(populations=PARTIES, purpose=PURPOSE)
def part(request: HttpRequest, part_id: int) -> HttpResponse:
    """Show my part, what I confirm with it, and what became of the application (我的部分)."""
    return part_show(request, part_id, _online())


def _online() -> Place:
    return Place(
        frame="kernel/ui/space.html",
        title=_("Applications with others"),
        home=reverse("hall_parties:mine"),
        part=lambda part_id: reverse("hall_parties:part", args=[part_id]),
        page=lambda part_id, key: reverse("hall_parties:page", args=[part_id, key]),
    )
