"""Inviting the other parties to one's draft (邀请当事人)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from yiwang.hall.applications.errors import ApplicationNotFound
from yiwang.hall.applications.queries.drafts import draft_context_get
from yiwang.hall.applications.queries.joint import joint_draft
from yiwang.hall.applications.views.drafts import form_state_of, steps_of
from yiwang.hall.applications.views.filing import (
    FILL,
    FILLERS,
    PURPOSE,
    draft_render,
    for_applicant,
)
from yiwang.hall.parties.actions import party_invite, party_remove
from yiwang.hall.parties.errors import PartiesFull, PartyNameMissing, PartyNumberWrong
from yiwang.hall.parties.queries import parties_of_draft
from yiwang.identity.api import allow
from yiwang.kernel.api import error_text, flash
from yiwang.sdk.errors import N_

INVITED = N_("Invited. Tell them the code, from person to person.")
INVITED_BY_NUMBER = N_(
    "Invited. If they have an account they find it in their space; otherwise tell them to come to a window."
)


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
            if removed := request.POST.get("remove", ""):
                party_remove(draft, int(removed) if removed.isdecimal() else 0)
            else:
                party_invite(
                    draft,
                    key=request.POST.get("invite", "")[:40],
                    name=request.POST.get("name", "").replace("\x00", ""),
                    number=_number(request),
                    now=timezone.now(),
                )
                flash(request, "success", _(INVITED_BY_NUMBER if _number(request) else INVITED))
        except (PartyNameMissing, PartyNumberWrong, PartiesFull) as error:
            field = "number" if isinstance(error, PartyNumberWrong) else "name"
            errors = {f"{field}-{request.POST.get('invite', '')}": [error_text(error)]}
        else:
            return redirect("hall_applications:parties", draft_id)
    steps = steps_of(context, form_state_of(context))
    post = request.POST
    names = {
        "typed": {f"{name}-{post.get('invite')}": post.get(name) for name in ("name", "number")},
        "draft": context,
        "parties": parties_of_draft(draft),
        "errors": errors,
        "steps": steps,
        "current": len(steps) - 3,
        "back": steps[-4][1],
        "next": steps[-2][1],
    }
    return draft_render(
        request, "hall/applications/parties.html", names, status=422 if errors else 200
    )


def _number(request: HttpRequest) -> str:
    return request.POST.get("number", "").replace("\x00", "").strip()[:18]
