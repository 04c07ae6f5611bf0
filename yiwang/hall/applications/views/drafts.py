"""Filling in an application (填报): pages of one subject, documents, check, submit.

Every posted page is saved as typed before anything is judged, so nothing typed is ever lost.
"""

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from yiwang.engines.api import FormState, draft_post, draft_way_on
from yiwang.hall.applications.actions.drafts import draft_begin, draft_drop
from yiwang.hall.applications.actions.filing import draft_filing_of
from yiwang.hall.applications.actions.submission import application_submit
from yiwang.hall.applications.errors import NotEligible, SubmissionIncomplete
from yiwang.hall.applications.filing import OWN
from yiwang.hall.applications.queries.drafts import DraftContext, draft_context_get
from yiwang.hall.applications.queries.joint import error_party_of, submitted_state, typed_state
from yiwang.hall.applications.queries.materials import material_line_list
from yiwang.hall.applications.views.filing import (
    FILL,
    FILLERS,
    draft_render,
    draft_shown,
    for_applicant,
    left_href,
    submitted_redirect,
)
from yiwang.hall.reuse.queries import offer_list
from yiwang.identity.api import allow, pending_form_take
from yiwang.kernel.api import error_text, flash, upload_overflow

APPLICANTS = {"CITIZEN", "AGENT"}
PURPOSE = "填报申请"


@allow(populations=APPLICANTS, purpose=PURPOSE)
def start(request: HttpRequest, code: str) -> HttpResponse:
    """Open or resume one's draft for a matter and go to where it stands."""
    draft_id = draft_begin(code, now=timezone.now())
    return redirect("hall_applications:resume", draft_id)


@allow(populations=FILLERS, permission=FILL, purpose=PURPOSE)
@for_applicant
def resume(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Go on with a draft at the page it was left on, on whatever device."""
    context = draft_context_get(draft_id)
    state = form_state_of(context)
    return redirect("hall_applications:draft", draft_id, state.page(context.draft.page).key)


def form_state_of(context: DraftContext) -> FormState:
    """Return the form of a draft as it stands today."""
    names = context.applicant.names(timezone.localdate())
    return typed_state(context, draft_shown(context), names=names)


def steps_of(context: DraftContext, state: FormState) -> list[tuple[str, str]]:
    """Return the steps of filling in, each with its page."""
    draft_id = context.draft.id
    language = "zh" if (get_language() or "zh").startswith("zh") else "en"
    steps = [
        (page.title[language], reverse("hall_applications:draft", args=[draft_id, page.key]))
        for page in state.pages
    ]
    if context.matter.spec.parties:
        steps.append((_("Parties"), reverse("hall_applications:parties", args=[draft_id])))
    steps.append((_("Documents"), reverse("hall_applications:materials", args=[draft_id])))
    steps.append((_("Check and submit"), reverse("hall_applications:check", args=[draft_id])))
    return steps


@require_http_methods(["GET", "POST"])
@allow(populations=FILLERS, permission=FILL, purpose=PURPOSE)
@for_applicant
def page(request: HttpRequest, draft_id: int, page: str) -> HttpResponse:
    """Show or save one page of the form.

    A script posts after each change and gets the page's fields back; without scripts the buttons
    save, go on, or go back. Errors are shown once the person wants to go on.
    """
    context = draft_context_get(draft_id)
    errors_shown = False
    refusals: dict[str, list[str]] = {}
    kept = pending_form_take(request, request.path)
    posted = request.POST if request.method == "POST" else kept
    if posted:
        saved = draft_post(
            draft_id, post=posted, files=request.FILES, page=page, now=timezone.now()
        )
        refusals = saved.refusals
        context = draft_context_get(draft_id)
        go = request.POST.get("go", "")
        target = _target(context, page, go)
        if target is not None and not refusals:
            return redirect(draft_way_on(saved, target))
        errors_shown = go == "next" or bool(refusals)
    if kept:
        flash(request, "info", _("You were signed out. What you had typed is here again."))
    state = form_state_of(context)
    return draft_render(
        request,
        "hall/applications/draft.html",
        {
            "draft": context,
            "wrong_href": _wrong_href(context),
            "state": state,
            "page": state.page(page),
            "steps": steps_of(context, state),
            "current": [one.key for one in state.pages].index(state.page(page).key),
            "errors_shown": errors_shown,
            "refusals": refusals,
            "offers": offer_list(context.draft, state.page(page)),
        },
        status=413 if upload_overflow(request) else 422 if errors_shown else 200,
    )


def _wrong_href(context: DraftContext) -> str:
    """Where *this is wrong* leads; {field} stands for the registry's field."""
    room = "me" if context.applicant.kind == "person" else "enterprise"
    return reverse(f"resources_registries:{room}") + "?field={field}#objection"


def _target(context: DraftContext, page: str, go: str) -> str | None:
    """Where the pressed button leads; None stays on the page (an error, or a change of rows)."""
    state = form_state_of(context)
    if go == "leave":
        return left_href(context.filing)
    if go == "back":
        before = state.page_before(page)
        return _page_href(context, before.key) if before else _page_href(context, page)
    if go != "next" or state.page(page).error_count:
        return None
    after = state.page_after(page)
    if after is None:
        step = "parties" if context.matter.spec.parties else "materials"
        return reverse(f"hall_applications:{step}", args=[context.draft.id])
    return _page_href(context, after.key)


def _page_href(context: DraftContext, key: str) -> str:
    return reverse("hall_applications:draft", args=[context.draft.id, key])


@allow(populations=FILLERS, permission=FILL, purpose=PURPOSE)
@for_applicant
def check(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Show everything once more before it is submitted."""
    return _check_page(request, draft_id)


def _check_page(
    request: HttpRequest, draft_id: int, *, errors: dict | None = None, refused: bool = False
) -> HttpResponse:
    context = draft_context_get(draft_id)
    state = form_state_of(context)
    whole = state
    if context.matter.spec.parties:
        whole = submitted_state(context, names=context.applicant.names(timezone.localdate()))
    lines = material_line_list(context, form_data=dict(state.values), now=timezone.now())
    steps = steps_of(context, state)
    return draft_render(
        request,
        "hall/applications/check.html",
        {
            "draft": context,
            "state": whole,
            "wrong_href": _wrong_href(context),
            "edit_href": partial(_page_of, context, state),
            "lines": lines,
            "errors": errors or {},
            "refused": refused,
            "error_hrefs": {key: _error_href(context, state, key) for key in errors or {}},
            "steps": steps,
            "current": len(steps) - 1,
        },
        status=422 if errors else 200,
    )


def _error_href(context: DraftContext, state: FormState, key: str) -> str:
    """Return the page on which an error can be put right (问题所在页面): one's own, the party's, the documents."""
    if key.startswith("material:"):
        return reverse("hall_applications:materials", args=[context.draft.id])
    if party := error_party_of(context, key):
        return _party_href(context, party)
    field = key.split(".", maxsplit=1)[0]
    own = (page.key for page in state.pages if any(one.key == field for one in page.fields))
    found = next(own, "")
    return _page_href(context, found) if found else ""


def _page_of(context: DraftContext, state: FormState, page: str) -> str:
    """Return where a page of the whole form is changed (修改页面): by oneself, or by the party whose it is."""
    if any(one.key == page for one in state.pages):
        return _page_href(context, page)
    others = (party.key for party in context.matter.spec.parties if page in party.pages)
    found = next(others, "")
    return _party_href(context, found) if found else _page_href(context, page)


def _party_href(context: DraftContext, party: str) -> str:
    return reverse("hall_applications:parties", args=[context.draft.id]) + f"#party-{party}"


@require_POST
@allow(populations=FILLERS, permission=FILL, purpose="提交申请")
@for_applicant
def submit(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Submit; pressing twice, or 32 times, leads to the same receipt."""
    try:
        receipt = application_submit(draft_id, now=timezone.now())
    except SubmissionIncomplete as error:
        return _check_page(request, draft_id, errors=error.fields)
    except NotEligible as error:
        return _check_page(request, draft_id, errors={"": [error_text(error)]}, refused=True)
    return submitted_redirect(receipt.number)


@require_POST
@allow(populations=FILLERS, permission=FILL, purpose=PURPOSE)
@for_applicant
def discard(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Throw one's draft away."""
    found = draft_filing_of(draft_id)
    draft_drop(draft_id, now=timezone.now())
    flash(request, "success", _("The draft was deleted."))
    return redirect(left_href(found[0] if found else OWN))
