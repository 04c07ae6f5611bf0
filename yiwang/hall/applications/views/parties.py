"""Inviting the other parties to one's draft (邀请当事人)."""

from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from yiwang.hall.applications.errors import ApplicationNotFound
from yiwang.hall.applications.queries.drafts import DraftContext, draft_context_get
from yiwang.hall.applications.queries.joint import (
    error_party_of,
    joint_draft,
    submitted_state,
)
from yiwang.hall.applications.views.drafts import form_state_of, steps_of
from yiwang.hall.applications.views.filing import (
    FILL,
    FILLERS,
    PURPOSE,
    draft_render,
    for_applicant,
)
from yiwang.hall.parties.actions import party_invite, party_link_send, party_remove
from yiwang.hall.parties.data import JointDraft, PartView
from yiwang.hall.parties.errors import (
    PartiesFull,
    PartyLinkNeedless,
    PartyLinksTooMany,
    PartyNameMissing,
    PartyNumberWrong,
    PartyPhoneUnknown,
    PartyPhoneWrong,
)
from yiwang.hall.parties.links import links_of_parts
from yiwang.hall.parties.queries import parties_of_draft
from yiwang.identity.api import allow
from yiwang.kernel.api import error_text, flash
from yiwang.sdk.errors import N_

TYPED = ("name", "number", "phone", "by_link")
INVITED = N_("Invited. Tell them the code, from person to person.")
INVITED_BY_NUMBER = N_(
    "Invited. If they have an account they find it in their space; otherwise tell them to come to a window."
)
INVITED_BY_LINK = N_(
    "Invited: a link is on its way to the phone. They prove there who they are; you need tell them nothing."
)
LINK_SENT = N_("A new link is on its way; the one before holds no longer.")
REFUSALS = (
    PartyNameMissing,
    PartyNumberWrong,
    PartiesFull,
    PartyPhoneUnknown,
    PartyPhoneWrong,
    PartyLinkNeedless,
    PartyLinksTooMany,
)
FIELD_OF = {
    PartyNumberWrong: "number",
    PartyPhoneUnknown: "phone",
    PartyPhoneWrong: "phone",
    PartyLinkNeedless: "phone",
    PartyLinksTooMany: "phone",
}


@require_http_methods(["GET", "POST"])
@allow(populations=FILLERS, permission=FILL, purpose=PURPOSE)
@for_applicant
def parties(request: HttpRequest, draft_id: int) -> HttpResponse:
    """List who takes part with me, invite them, take them off (当事人)."""
    context = draft_context_get(draft_id)
    if not context.matter.spec.parties:
        raise ApplicationNotFound()
    draft, errors = joint_draft(context), {}
    if request.method == "POST":
        try:
            _posted(request, draft)
        except REFUSALS as error:
            field = FIELD_OF.get(type(error), "name")
            place = request.POST.get("link", "") or request.POST.get("invite", "")
            errors = {f"{field}-{place}": [error_text(error)]}
        else:
            return redirect("hall_applications:parties", draft_id)
    steps = steps_of(context, form_state_of(context))
    post, shown = request.POST, _parties_shown(draft)
    names = {
        "typed": {f"{name}-{post.get('invite')}": post.get(name) for name in TYPED},
        "draft": context,
        "parties": shown,
        "lacking": _lacking(context, shown),
        "errors": errors,
        "steps": steps,
        "current": len(steps) - 3,
        "back": steps[-4][1],
        "next": steps[-2][1],
    }
    return draft_render(
        request, "hall/applications/parties.html", names, status=422 if errors else 200
    )


def _posted(request: HttpRequest, draft: JointDraft) -> None:
    """Take a party off, send them a link, or invite one (当事人操作)."""
    now, given = timezone.now(), request.POST
    if removed := given.get("remove", ""):
        party_remove(draft, _id(removed))
    elif linked := given.get("link", ""):
        party_link_send(draft, _id(linked), phone=_text(request, "phone"), now=now)
        flash(request, "success", _(LINK_SENT))
    else:
        number, phone = _number(request), _text(request, "phone")
        by_link = bool(given.get("by_link"))
        party_invite(
            draft,
            key=given.get("invite", "")[:40],
            name=_text(request, "name"),
            number=number,
            phone=phone,
            by_link=by_link,
            now=now,
        )
        said = INVITED_BY_LINK if phone or by_link else INVITED_BY_NUMBER if number else INVITED
        flash(request, "success", _(said))


def _parties_shown(draft: JointDraft) -> list[PartView]:
    """List the parties with the last link sent to each (当事人与短信链接)."""
    found = parties_of_draft(draft)
    links = links_of_parts([one.id for one in found], now=timezone.now())
    return [replace(one, link=links.get(one.id)) for one in found]


def _lacking(context: DraftContext, parties: list[PartView]) -> dict[str, list[str]]:
    """Return what pages of parties who confirmed still lack, as it is judged on submission (当事人待补内容)."""
    done = {one.key for one in parties if one.confirmed_at}
    if not done:
        return {}
    state = submitted_state(context, names=context.applicant.names(timezone.localdate()))
    found: dict[str, list[str]] = {}
    for key, said in state.errors.items():
        party = "" if key.startswith("party:") else error_party_of(context, key)
        if party in done:
            found.setdefault(party, []).extend(said)
    return found


def _id(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 16 else 0


def _text(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "").replace("\x00", "").strip()[:160]


def _number(request: HttpRequest) -> str:
    return request.POST.get("number", "").replace("\x00", "").strip()[:18]
