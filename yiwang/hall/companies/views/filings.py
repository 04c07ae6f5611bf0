"""Confirming a registration (签署): the applicant's page of a draft, the parties' page, the articles."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yiwang.engines.api import form_state
from yiwang.hall.applications.queries.drafts import DraftContext, draft_context_get
from yiwang.hall.applications.views.filing import for_applicant
from yiwang.hall.companies.actions.cancellation import notice_publish
from yiwang.hall.companies.actions.filings import (
    confirmation_ask,
    filing_confirm,
    filing_decline,
)
from yiwang.hall.companies.data import FACTS, ROLES, FilingView, NoticeView
from yiwang.hall.companies.errors import FilingIncomplete, NoticeRefused
from yiwang.hall.companies.kinds import kind_of
from yiwang.hall.companies.notices import notice_list_of
from yiwang.hall.companies.queries import filing_get, filing_of_draft
from yiwang.hall.companies.standing import company_own_list
from yiwang.hall.companies.tables import law_rules
from yiwang.identity.api import allow
from yiwang.kernel.api import context_get, date_text, flash, render
from yiwang.sdk.errors import NotFound
from yiwang.sdk.identifiers import id_number_valid
from yiwang.sdk.masking import mask_id_number

PARTIES = {"CITIZEN", "AGENT"}
PURPOSE = "公司登记"
NUMBERS = (
    "id_number",
    "legal_representative_id",
    "new_representative_id",
    "liquidation_head_number",
    "head_number",
)
ROW_NUMBERS = {
    "shareholders": "holder_number",
    "officers": "officer_number",
    "new_shareholders": "holder_number",
    "new_officers": "officer_number",
}
"""Fields with numbers of people, alone and in rows: who confirms need not learn the others'."""


@require_http_methods(["GET", "POST"])
@allow(populations=PARTIES, purpose=PURPOSE)
@for_applicant
def draft(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Ask the parties of a draft to confirm it, see who has, and announce a cancellation (发起签署)."""
    context = draft_context_get(draft_id)
    kind = kind_of(context.matter.code)
    if kind is None:
        raise NotFound()
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            _draft_act(request, draft_id)
        except (FilingIncomplete, NoticeRefused) as error:
            errors = dict(error.fields)
        else:
            return redirect("hall_companies:draft", draft_id)
    names = {
        "draft": context,
        "filing": filing_of_draft(draft_id),
        "errors": errors,
        "may_announce": kind.kind == "CANCEL",
        "law": law_rules()["cancellation"],
        "notice": _notice_of(context) if kind.kind == "CANCEL" else None,
    }
    return render(request, "hall/companies/draft.html", names, status=422 if errors else 200)


def _draft_act(request: HttpRequest, draft_id: int) -> None:
    if request.POST.get("do") == "announce":
        made = notice_publish(draft_id, now=timezone.now())
        words = _("The notice %(number)s is published and runs until %(day)s.")
        flash(request, "success", words % {"number": made.number, "day": date_text(made.ends_date)})
        return
    confirmation_ask(draft_id, now=timezone.now())
    flash(request, "success", _("All parties have been asked to confirm."))


def _notice_of(context: DraftContext) -> NoticeView | None:
    """Return the newest notice of the company that a draft would end."""
    uscc = str(context.draft.values.get("uscc", ""))
    found = next((one for one in company_own_list() if one.uscc == uscc), None)
    notices = notice_list_of(found.id, today=timezone.localdate()) if found else []
    return notices[0] if notices else None


@require_http_methods(["GET", "POST"])
@allow(populations=PARTIES | {"STAFF"}, purpose=PURPOSE)
def filing(request: HttpRequest, number: str) -> HttpResponse:
    """Read a registration and confirm or decline it in one's own name (确认登记内容)."""
    found = filing_get(number)
    ref = context_get().subject_ref
    party = next((one for one in found.parties if ref and one.subject_ref == ref), None)
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        note = request.POST.get("note", "")[:500].strip()
        if request.POST.get("do") == "decline" and not note:
            errors = {"note": [_("Please say why.")]}
        else:
            _answer(request, number, note)
            return redirect("hall_companies:filing", number)
    names = {
        "filing": found,
        "party": party,
        "errors": errors,
        "facts": FACTS,
        "posts": ROLES,
        "state": form_state(found.form_version_id, _masked(found)),
        "shell": "desk" if context_get().population == "STAFF" else "space",
    }
    return render(request, "hall/companies/filing.html", names, status=422 if errors else 200)


def _masked(found: FilingView) -> dict:
    """Return what was typed with the numbers of people hidden: who confirms need not learn the others'."""
    content = dict(found.content)
    for name in NUMBERS:
        if content.get(name):
            content[name] = mask_id_number(content[name])
    for rows, name in ROW_NUMBERS.items():
        if rows in content:
            content[rows] = [
                {**row, name: mask_id_number(row[name])}
                if id_number_valid(row.get(name, ""))
                else row
                for row in content[rows]
            ]
    return content


def _answer(request: HttpRequest, number: str, note: str) -> None:
    digest, now = request.POST.get("digest", ""), timezone.now()
    match request.POST.get("do", ""):
        case "confirm":
            filing_confirm(number, digest=digest, now=now)
            flash(request, "success", _("You have confirmed the registration."))
        case "decline":
            filing_decline(number, digest=digest, note=note, now=now)
            flash(request, "success", _("You declined; the applicant is told."))
        case _:
            raise NotFound()


@require_GET
@allow(populations=PARTIES | {"STAFF"}, purpose=PURPOSE)
def articles(request: HttpRequest, number: str) -> HttpResponse:
    """Give the articles of association as a text file (下载章程)."""
    found = filing_get(number)
    text = f"{found.articles}\n\n（内容摘要 SHA-256：{found.digest}）\n"
    answer = HttpResponse(text, content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{found.number}.txt"'
    return answer
