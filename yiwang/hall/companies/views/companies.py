"""One's companies: how they stand, what may be filed for them, their e-licence (我的公司)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yiwang.hall.companies.actions.branches import branch_begin
from yiwang.hall.companies.actions.branches_alone import (
    branch_cancel_begin,
    branch_change_begin,
)
from yiwang.hall.companies.actions.cancellation import (
    cancellation_begin,
    claim_answer,
    notice_withdraw,
)
from yiwang.hall.companies.actions.changes import change_begin
from yiwang.hall.companies.actions.moves import move_begin
from yiwang.hall.companies.data import FACTS, ROLES
from yiwang.hall.companies.errors import ClaimIncomplete
from yiwang.hall.companies.files import transfer_list_of
from yiwang.hall.companies.history import entry_list
from yiwang.hall.companies.notices import notice_list_of
from yiwang.hall.companies.queries import (
    branch_list,
    company_parent,
    follow_up_of,
    reservation_list,
)
from yiwang.hall.companies.standing import company_own_get, company_own_row
from yiwang.hall.companies.taken import difference_list, taken_facts
from yiwang.hall.companies.views.deputies import delegation_chosen
from yiwang.hall.licences.documents import licence_document_get
from yiwang.hall.licences.queries import licence_get
from yiwang.identity.api import allow
from yiwang.kernel.api import context_system, context_use, flash, render
from yiwang.sdk.errors import NotFound

PARTIES = {"CITIZEN", "AGENT"}
PURPOSE = "公司登记"
BEGIN = {
    "cancel": cancellation_begin,
    "branch": branch_begin,
    "branch_change": branch_change_begin,
    "branch_cancel": branch_cancel_begin,
    "move": move_begin,
}
"""What is begun from the page of a company or a branch, besides its change."""


@require_http_methods(["GET", "POST"])
@allow(populations=PARTIES, purpose=PURPOSE)
def own_company(request: HttpRequest, uscc: str) -> HttpResponse:
    """Show a company for which one may speak, and answer its creditors (我的公司)."""
    found = company_own_get(uscc)
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            _answer(request)
        except ClaimIncomplete as error:
            errors = {name: [_(one) for one in said] for name, said in error.fields.items()}
        else:
            return redirect("hall_companies:own_company", uscc)
    with context_use(context_system(PURPOSE)):
        licence = licence_get(found.licence_id) if found.licence_id else None
    today, row = timezone.localdate(), company_own_row(uscc)
    names = {
        "company": found,
        "parent": company_parent(found),
        "taken": taken_facts(row),
        "differences": difference_list(row),
        "transfers": transfer_list_of(found.id),
        "licence": licence,
        "follow_ups": follow_up_of(found.id),
        "branches": branch_list(found.id),
        "entries": entry_list(found.id),
        "notices": notice_list_of(found.id, today=today),
        "new_names": [
            one for one in reservation_list(today=today) if (one.state, one.uscc) == ("HELD", uscc)
        ],
        "errors": errors,
        "facts": FACTS,
        "posts": ROLES,
    }
    return render(request, "hall/companies/own_company.html", names, status=422 if errors else 200)


def _answer(request: HttpRequest) -> None:
    now = timezone.now()
    match request.POST.get("do", ""):
        case "withdraw":
            notice_withdraw(request.POST.get("notice", ""), now=now)
            flash(request, "success", _("The notice was taken back."))
        case "SETTLED" | "DISPUTED" as state:
            claim_answer(
                request.POST.get("claim", ""),
                state=state,
                answer=request.POST.get("answer", ""),
                now=now,
            )
            flash(request, "success", _("The answer was noted."))
        case _:
            raise NotFound()


@require_POST
@allow(populations=PARTIES, purpose=PURPOSE)
def begin(request: HttpRequest, uscc: str) -> HttpResponse:
    """Begin what may be filed for a company or a branch (发起登记), for oneself or a principal."""
    now, delegation_id = timezone.now(), delegation_chosen(request.POST)
    wanted = request.POST.get("do", "")
    if wanted == "change":
        held = request.POST.get("name", "")
        draft_id = change_begin(uscc, now=now, reservation_number=held, delegation_id=delegation_id)
    elif wanted in BEGIN:
        draft_id = BEGIN[wanted](uscc, now=now, delegation_id=delegation_id)
    else:
        raise NotFound()
    return redirect("hall_applications:resume", draft_id)


@require_GET
@allow(populations=PARTIES, purpose=PURPOSE)
def own_licence(request: HttpRequest, uscc: str) -> HttpResponse:
    """Give the e-business licence as PDF to who may speak for the company (电子营业执照下载)."""
    found = company_own_get(uscc)
    if not found.licence_id:
        raise NotFound()
    with context_use(context_system(PURPOSE)):
        content = licence_document_get(found.licence_id)
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{found.uscc}.pdf"'
    return answer
