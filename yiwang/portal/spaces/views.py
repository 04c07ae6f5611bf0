"""The three spaces (市民空间, 企业空间, 政务空间): what concerns me, on one page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from yiwang.hall.api import (
    application_open_count,
    application_recent_list,
    correction_open_list,
    count_unread,
    draft_open_list,
    licence_list,
    matter_popular,
)
from yiwang.identity.api import allow
from yiwang.kernel.api import context_get, render

PURPOSE = "查看本人空间"


@allow(populations={"CITIZEN", "AGENT", "STAFF"}, purpose=PURPOSE)
def mine(request: HttpRequest) -> HttpResponse:
    """Lead everybody to the own space."""
    targets = {"CITIZEN": "citizen", "AGENT": "enterprise", "STAFF": "desk"}
    return redirect(f"portal_spaces:{targets[context_get().population]}")


def _space(request: HttpRequest) -> HttpResponse:
    context = context_get()
    return render(
        request,
        "portal/spaces/space.html",
        {
            "corrections": correction_open_list(),
            "applications": application_recent_list(limit=5),
            "open_count": application_open_count(),
            "drafts": draft_open_list(),
            "licences": licence_list(context.subject_ref)[:4] if context.subject_ref else [],
            "unread": count_unread(context.account_id),
            "popular": matter_popular(limit=6),
        },
    )


@allow(populations={"CITIZEN"}, purpose=PURPOSE)
def citizen(request: HttpRequest) -> HttpResponse:
    """Show the citizen's space."""
    return _space(request)


@allow(populations={"AGENT"}, purpose=PURPOSE)
def enterprise(request: HttpRequest) -> HttpResponse:
    """Show the space of the enterprise that the agent acts for."""
    return _space(request)
