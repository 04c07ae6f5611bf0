"""Pages of a party who comes by a link to their phone (短信链接页面): without an account, for one part only."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from yiwang.hall.parties.entering import (
    ENTRY_LIFE,
    link_close,
    link_code_send,
    link_context,
    link_decline,
    link_enter,
    link_entered,
    link_facts,
    presence_of,
)
from yiwang.hall.parties.errors import PartyCodesUsedUp, PartyCodeTooSoon, PartyEntryNeeded
from yiwang.hall.parties.models import PartyLink
from yiwang.hall.parties.pages import Place, differences_show, page_show, part_show
from yiwang.identity.api import public
from yiwang.kernel.api import context_get, error_text, flash, rate_exceeded, render
from yiwang.sdk.errors import N_

COOKIE = "party_entry"
FRAME = "kernel/ui/portal.html"
TRIES_PER_MINUTE = 10
NOT_RIGHT = N_(
    "Number and code do not fit, or this invitation is not for you. Ask for a new code and try again; after five "
    "wrong tries the link holds no longer. If your phone is registered to somebody else, come to a window."
)
View = Callable[..., HttpResponse]


def quiet(view: View) -> View:
    """Make a page of a link public, never kept by a cache, and its address told to no other site."""

    @wraps(view)
    def run(request: HttpRequest, word: str, *args: str, **named: str) -> HttpResponse:
        answer = view(request, word, *args, **named)
        answer.headers["Referrer-Policy"] = "same-origin"
        answer.headers["X-Robots-Tag"] = "noindex"
        return answer

    return public(never_cache(run))


def _home(word: str) -> str:
    return reverse("hall_parties:link", args=[word])


@sensitive_post_parameters("number", "code", "name")
@require_http_methods(["GET", "POST"])
@quiet
def link(request: HttpRequest, word: str) -> HttpResponse:
    """Say what one is asked for, send a code, and let in who proves who they are (短信链接)."""
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        answer = _posted(request, word, errors)
        if answer is not None:
            return answer
    names = {"facts": link_facts(word, now=timezone.now()), "word": word, "errors": errors}
    status = 422 if errors else 200
    return render(request, "hall/parties/link.html", names, status=status)


def _posted(request: HttpRequest, word: str, errors: dict) -> HttpResponse | None:
    do = request.POST.get("do", "")
    if do == "decline":
        link_decline(word, now=timezone.now())
        return redirect("hall_parties:link_left")
    if rate_exceeded(f"hall.parties.link:{context_get().address}", per_minute=TRIES_PER_MINUTE):
        errors["code"] = [_("Too many tries. Wait a minute.")]
        return None
    if do == "code":
        return _code(request, word, errors)
    return _enter(request, word, errors)


def _code(request: HttpRequest, word: str, errors: dict) -> HttpResponse | None:
    try:
        link_code_send(word, now=timezone.now())
    except (PartyCodeTooSoon, PartyCodesUsedUp) as error:
        errors["code"] = [error_text(error)]
        return None
    flash(request, "success", _("A code is on its way to the phone that got this link."))
    return redirect(_home(word))


def _enter(request: HttpRequest, word: str, errors: dict) -> HttpResponse | None:
    number, code, name = (
        request.POST.get(key, "").replace("\x00", "") for key in ("number", "code", "name")
    )
    entry = link_enter(word, number=number[:18], code=code[:12], name=name[:80], now=timezone.now())
    if not entry:
        errors["code"] = [_(NOT_RIGHT)]
        return None
    answer = redirect("hall_parties:link_part", word)
    answer.set_cookie(
        COOKIE,
        entry,
        max_age=int(ENTRY_LIFE.total_seconds()),
        path=_home(word),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return answer


def entered(view: View) -> View:
    """Act for who came in by the link (凭链接办理), or lead them back to its first page."""

    @wraps(view)
    def run(request: HttpRequest, word: str, *args: str, **named: str) -> HttpResponse:
        try:
            found = link_entered(word, request.COOKIES.get(COOKIE, ""), now=timezone.now())
        except PartyEntryNeeded as error:
            flash(request, "info", error_text(error))
            return redirect(_home(word))
        with link_context(found):
            return view(request, found, _place(word, found), *args, **named)

    return run


def _place(word: str, found: PartyLink) -> Place:
    return Place(
        frame=FRAME,
        title=_("Invitation"),
        home=_home(word),
        part=lambda _part_id: reverse("hall_parties:link_part", args=[word]),
        page=lambda _part_id, key: reverse("hall_parties:link_page", args=[word, key]),
        differences=lambda _part_id: reverse("hall_parties:link_differences", args=[word]),
        at=presence_of(found),
        left=reverse("hall_parties:link_left"),
    )


@require_http_methods(["GET", "POST"])
@quiet
@entered
def part(request: HttpRequest, found: PartyLink, place: Place) -> HttpResponse:
    """Show one's part, what one confirms with it, and what became of the application (我的部分)."""
    return part_show(request, found.part_id, place)


@require_http_methods(["GET", "POST"])
@quiet
@entered
def page(request: HttpRequest, found: PartyLink, place: Place, page: str) -> HttpResponse:
    """Fill in one of one's pages (填报我的部分)."""
    return page_show(request, found.part_id, page, place)


@require_http_methods(["GET", "POST"])
@quiet
@entered
def differences(request: HttpRequest, found: PartyLink, place: Place) -> HttpResponse:
    """Compare what one typed on two devices, and choose (填写差异)."""
    return differences_show(request, found.part_id, place)


@require_POST
@quiet
def close(request: HttpRequest, word: str) -> HttpResponse:
    """End what this browser may do (退出)."""
    link_entered(word, request.COOKIES.get(COOKIE, ""), now=timezone.now())
    link_close(word, now=timezone.now())
    flash(request, "success", _("You have left. To come back, open the link and ask for a code."))
    answer = redirect(_home(word))
    answer.delete_cookie(COOKIE, path=_home(word))
    return answer


@public
def left(request: HttpRequest) -> HttpResponse:
    """Say that one takes no part, and that nothing is kept (已退出)."""
    return render(request, "hall/parties/link_left.html", {})
