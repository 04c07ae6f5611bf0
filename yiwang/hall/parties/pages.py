"""Showing one's part, filling it in, confirming it (当事人页面): the same in the space and at a window."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from yiwang.engines.api import draft_differences_page, draft_get, draft_post, draft_way_on
from yiwang.hall.parties.actions import party_confirm, party_resume, party_withdraw
from yiwang.hall.parties.data import OwnPart, Presence
from yiwang.hall.parties.errors import PartyIncomplete, PartyUnknown
from yiwang.hall.parties.queries import own_part_get, own_state, read_state
from yiwang.kernel.api import error_text, flash, render


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part is filled in (填报场所). at: who stands at a window or came by a link, None for on line.

    frame: template around it; title, home: of the page that lists it; part: the address of a part; page: of one of its
    pages; differences: where what two devices typed is compared, unless it is the page for who has signed in. left: where
    one is led after withdrawing, home unless named.
    """

    frame: str
    title: str
    home: str
    part: Callable[[int], str]
    page: Callable[[int, str], str]
    differences: Callable[[int], str] | None = None
    at: Presence | None = None
    left: str = ""

    @property
    def is_window(self) -> bool:
        """Tell whether a clerk types for the party."""
        return self.at is not None and self.at.is_window

    def differences_of(self, part_id: int) -> str:
        """Return the address of the page of differences of a part (填写差异页面), "" for the usual one."""
        return self.differences(part_id) if self.differences else ""


def part_begin(part_id: int, place: Place) -> HttpResponse:
    """Open a part to fill it in and go to its first page (开始填报)."""
    own = party_resume(part_id, now=timezone.now(), at=place.at)
    return redirect(place.page(part_id, own.party.pages[0]))


def page_show(request: HttpRequest, part_id: int, page: str, place: Place) -> HttpResponse:
    """Show or save one page of a part (填报当事人页面)."""
    own = own_part_get(part_id, at=place.at)
    if own.draft_id is None or page not in own.party.pages:
        raise PartyUnknown()
    refusals: dict[str, list[str]] = {}
    errors_shown = False
    if request.method == "POST":
        saved = draft_post(
            own.draft_id, post=request.POST, files=request.FILES, page=page, now=timezone.now()
        )
        refusals = saved.refusals
        own = own_part_get(part_id, at=place.at)
        target = _target(own, page, request.POST.get("go", ""), place)
        if target and not refusals:
            return redirect(draft_way_on(saved, target, page=place.differences_of(part_id)))
        errors_shown = request.POST.get("go") == "next" or bool(refusals)
    draft = draft_get(own.draft_id)
    state = own_state(own, draft)
    names = {
        "own": own,
        "place": place,
        "shell": place.frame,
        "draft": draft,
        "state": state,
        "page": state.page(page),
        "errors_shown": errors_shown,
        "refusals": refusals,
    }
    return render(request, "hall/parties/page.html", names, status=422 if errors_shown else 200)


def _target(own: OwnPart, page: str, go: str, place: Place) -> str | None:
    state = own_state(own, draft_get(own.draft_id))
    if go == "leave":
        return place.home
    if go == "back":
        before = state.page_before(page)
        return place.page(own.part.id, before.key) if before else place.part(own.part.id)
    if go != "next" or state.page(page).error_count:
        return None
    after = state.page_after(page)
    return place.page(own.part.id, after.key) if after else place.part(own.part.id)


def part_show(request: HttpRequest, part_id: int, place: Place) -> HttpResponse:
    """Show a part, what is confirmed with it, and what became of the application; confirm it (当事人部分)."""
    errors: dict[str, list[str]] = {}
    said = ""
    if request.method == "POST":
        if request.POST.get("do") == "change":
            return part_begin(part_id, place)
        if request.POST.get("do") == "withdraw":
            return _withdraw(request, part_id, place)
        try:
            party_confirm(part_id, now=timezone.now(), at=place.at)
        except PartyIncomplete as error:
            errors, said = dict(error.fields), error_text(error)
        else:
            flash(request, "success", _("Confirmed. The applicant can submit when all have."))
            return redirect(place.part(part_id))
    own = own_part_get(part_id, at=place.at)
    draft = draft_get(own.draft_id) if own.draft_id else None
    state = own_state(own, draft)
    names = {
        "own": own,
        "place": place,
        "shell": place.frame,
        "state": state,
        "lacking": own.is_open and bool(own.part.confirmed_at) and bool(state.errors),
        "read": read_state(part_id),
        "errors": errors,
        "said": said,
        "draft": draft,
        "edit_href": place.page(part_id, "{page}") if own.draft_id else "",
    }
    return render(request, "hall/parties/part.html", names, status=422 if errors else 200)


def _withdraw(request: HttpRequest, part_id: int, place: Place) -> HttpResponse:
    party_withdraw(part_id, now=timezone.now())
    flash(request, "success", _("You take no part any more. What you entered is deleted."))
    return redirect(place.left or place.home)


def differences_show(request: HttpRequest, part_id: int, place: Place) -> HttpResponse:
    """Compare what two devices typed into a part and choose (填写差异), where one need not sign in."""
    own = own_part_get(part_id, at=place.at)
    if own.draft_id is None:
        raise PartyUnknown()
    return draft_differences_page(
        request, own.draft_id, frame=place.frame, back=place.part(part_id)
    )
