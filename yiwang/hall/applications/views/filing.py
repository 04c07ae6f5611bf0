"""Pages of a draft for who files for another (代办页面): the clerk at a window, the deputy."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from yiwang.engines.api import DraftView
from yiwang.hall.applications.actions.filing import (
    draft_begin_for,
    draft_filing_of,
    filing_page_of,
)
from yiwang.hall.applications.filing import Filing, acting_for, filing_page
from yiwang.hall.applications.queries.details import readable
from yiwang.hall.applications.queries.drafts import DraftContext, draft_context_get
from yiwang.identity.api import allow, delegation_get
from yiwang.kernel.api import context_get, render

FILLERS = {"CITIZEN", "AGENT", "STAFF"}
FILL = "hall.applications.fill"
PURPOSE = "填报申请"
View = Callable[..., HttpResponse]


def acting_by(
    found_by: Callable[[int], tuple[Filing, str] | None], checked_by: Callable[[int], object]
) -> Callable[[View], View]:
    """Make what lets a page of a draft act for its applicant (为申请人办理), once the filing was found to hold.

    found_by: draft's id → how it is filed and for whom, None for no draft; checked_by raises unless it holds.
    """

    def guard(view: View) -> View:
        @wraps(view)
        def run(request: HttpRequest, draft_id: int, *args: str, **kwargs: str) -> HttpResponse:
            found = found_by(draft_id)
            if found is None or found[0].is_own:
                return view(request, draft_id, *args, **kwargs)
            checked_by(draft_id)
            with acting_for(found[1]):
                return view(request, draft_id, *args, **kwargs)

        return run

    return guard


for_applicant = acting_by(draft_filing_of, draft_context_get)


def draft_render(
    request: HttpRequest, template: str, names: dict, *, status: int = 200
) -> HttpResponse:
    """Render a page of a draft in the shell of who types it: the space, or the desk at a window."""
    is_staff = context_get().population == "STAFF"
    shell = "kernel/ui/desk.html" if is_staff else "kernel/ui/space.html"
    return render(request, template, {**names, "shell": shell}, status=status)


def draft_shown(context: DraftContext) -> DraftView:
    """Return the draft as who types it may see it: a clerk opens the registry's photo for a purpose."""
    draft = context.draft
    if context_get().population != "STAFF":
        return draft
    sources = {
        name: replace(each, value=readable({name: each.value})[name])
        for name, each in draft.sources.items()
    }
    return replace(draft, values=readable(dict(draft.values)), sources=sources)


def left_href(filing: Filing) -> str:
    """Return where *save and leave* leads (保存离开)."""
    return filing_page(filing) or reverse("hall_applications:mine")


def submitted_redirect(number: str) -> HttpResponse:
    """Lead to the receipt (回执): the applicant's own, or the one that the window prints."""
    page = filing_page_of(number)
    return redirect(page) if page else redirect("hall_applications:receipt", number)


@require_POST
@allow(populations={"CITIZEN"}, permission=FILL, purpose=PURPOSE)
def start_for(request: HttpRequest, delegation_id: int, code: str) -> HttpResponse:
    """Begin a matter for who authorised me (代他人办理)."""
    held = delegation_get(delegation_id)
    filing = Filing(by_name=context_get().name, delegation_id=delegation_id)
    draft_id = draft_begin_for(
        code, applicant_ref=held.principal_ref, filing=filing, now=timezone.now()
    )
    return redirect("hall_applications:resume", draft_id)
