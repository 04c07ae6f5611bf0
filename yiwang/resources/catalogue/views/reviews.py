"""The review desk (审核) of the city's data department, and the inventory's proposals (盘点提议)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from yiwang.identity.api import allow, department_list
from yiwang.kernel.api import (
    Column,
    Filter,
    choices_of,
    context_get,
    error_text,
    flash,
    page_of,
    render,
)
from yiwang.resources.catalogue.actions import (
    proposal_accept,
    proposal_dismiss,
    resource_publish,
    resource_reject,
    withdrawal_grant,
    withdrawal_refuse,
)
from yiwang.resources.catalogue.actions.resources import spec_problems
from yiwang.resources.catalogue.queries import (
    proposal_get,
    proposal_rows,
    resource_for_staff,
    review_rows,
    reviews_all,
)
from yiwang.resources.catalogue.views import words
from yiwang.resources.catalogue.views.staff import history_of, revision_lines
from yiwang.sdk.errors import N_, Invalid, NotFound, YiwangError

REVIEW, REGISTER = "resources.catalogue.review", "resources.catalogue.register"
COLUMNS = (
    Column("draft_title", N_("Resource"), order="draft_title"),
    Column("department", N_("Provider")),
    Column("state", N_("What is asked"), order="state"),
    Column("submitted_at", N_("Submitted on"), order="submitted_at"),
)
PROPOSAL_COLUMNS = (
    Column("name", N_("Table or file"), order="name"),
    Column("source", N_("Source"), order="source"),
    Column("department", N_("Probable provider")),
    Column("rows", N_("Rows"), order="rows", align="end"),
    Column("state", N_("State"), order="state"),
)
PROPOSAL_STATES = {
    "OPEN": N_("To be decided"),
    "ACCEPTED": N_("Taken up"),
    "DISMISSED": N_("Put aside"),
}
_ACTS = {
    "publish": (resource_publish, N_("Published. Everyone finds it in the catalogue now.")),
    "reject": (resource_reject, N_("Sent back to the department with your reason.")),
    "grant": (withdrawal_grant, N_("Withdrawn. It is no longer in the catalogue.")),
    "refuse": (withdrawal_refuse, N_("The resource stays in the catalogue.")),
}


@require_safe
@allow(populations={"STAFF"}, permission=REVIEW)
def reviews(request: HttpRequest) -> HttpResponse:
    """List what waits for review (待审核), the longest waiting first."""
    page = page_of(request, review_rows(), columns=COLUMNS, default_order="submitted_at")
    context = {"page": page, "may_review": reviews_all(), "words": words}
    return render(request, "resources/catalogue/reviews.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=REVIEW)
def review(request: HttpRequest, resource_id: int) -> HttpResponse:
    """Show a submission with what it changes, and decide on it (审核)."""
    view = resource_for_staff(resource_id)
    problem, errors = "", {}
    if request.method == "POST":
        try:
            text = _decide(request, resource_id)
        except Invalid as error:
            errors = {key: [_(text) for text in texts] for key, texts in error.fields.items()}
        except YiwangError as error:
            problem = error_text(error)
        else:
            flash(request, "success", text)
            return redirect("resources_catalogue:reviews")
    context = {
        "view": view,
        "spec": view.draft,
        "lines": revision_lines(view),
        "problems": [words.problem_text(each) for each in spec_problems(view.draft)],
        "history": history_of(view.code),
        "may_review": reviews_all(),
        "is_own": context_get().account_id in view.draft_accounts,
        "reason": request.POST.get("reason", ""),
        "problem": problem,
        "errors": errors,
        "words": words,
    }
    status = 422 if errors or problem else 200
    return render(request, "resources/catalogue/review.html", context, status=status)


@require_safe
@allow(populations={"STAFF"}, permission=REGISTER)
def proposals(request: HttpRequest) -> HttpResponse:
    """List what the inventory found in my department's sources (盘点提议)."""
    states = choices_of(PROPOSAL_STATES)
    page = page_of(
        request,
        proposal_rows(),
        columns=PROPOSAL_COLUMNS,
        filters=(
            Filter(
                "state",
                N_("State"),
                kind="select",
                choices=states,
                apply=lambda rows, value: rows.filter(state=value),
            ),
        ),
        default_order="name",
    )
    context = {"page": page, "states": dict(states), "words": words}
    return render(request, "resources/catalogue/proposals.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=REGISTER)
def proposal(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """Show what the inventory found in one table; take it up or put it aside (处理提议)."""
    view = proposal_get(proposal_id)
    problem = ""
    if request.method == "POST":
        try:
            return _proposal_decide(request, proposal_id)
        except YiwangError as error:
            problem = error_text(error)
    ids = None if reviews_all() else sorted(context_get().department_ids)
    levels = [row for row in department_list(ids=ids) if row.level != "STREET"]
    context = {
        "view": view,
        "rows": list(zip(view.spec.fields, view.findings, strict=False)),
        "state": _(PROPOSAL_STATES[view.state]),
        "departments": [(row.id, words.department_text(row)) for row in levels],
        "title": request.POST.get("title", view.spec.title),
        "problem": problem,
        "words": words,
    }
    status = 422 if problem else 200
    return render(request, "resources/catalogue/proposal.html", context, status=status)


def _decide(request: HttpRequest, resource_id: int) -> str:
    act = request.POST.get("act", "")
    if act not in _ACTS:
        raise NotFound()
    run, text = _ACTS[act]
    more = {"reason": request.POST.get("reason", "")} if act in ("reject", "refuse") else {}
    run(resource_id, now=timezone.now(), **more)
    return _(text)


def _proposal_decide(request: HttpRequest, proposal_id: int) -> HttpResponse:
    now = timezone.now()
    if request.POST.get("act") == "dismiss":
        proposal_dismiss(proposal_id, now=now)
        flash(request, "success", _("The proposal was put aside."))
        return redirect("resources_catalogue:proposals")
    chosen = request.POST.get("department", "")
    made = proposal_accept(
        proposal_id,
        department_id=int(chosen) if chosen.isascii() and chosen.isdigit() else None,
        title=request.POST.get("title", "").strip()[:200],
        now=now,
    )
    flash(request, "success", _("Taken up as a draft. Complete it, then submit it."))
    if made.department_id in context_get().department_ids:
        return redirect("resources_catalogue:edit", made.id)
    return redirect("resources_catalogue:proposals")
