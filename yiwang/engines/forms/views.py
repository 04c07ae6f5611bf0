"""Pages of the forms room: the download of an attachment, the rows of a group, what two devices filled in differently."""

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from yiwang.engines.forms.differences import (
    DifferencesChanged,
    draft_difference_digest,
    draft_difference_list,
    draft_settle,
)
from yiwang.engines.forms.queries import attachment_get, attachment_open, draft_get, form_rows
from yiwang.identity.api import allow
from yiwang.kernel.api import (
    audit_record,
    context_get,
    error_text,
    flash,
    render,
    sheet_response,
)

WHO = {"CITIZEN", "AGENT", "STAFF"}
CHOICE = "choice-"


@allow(populations=WHO, purpose="attachment")
def attachment(request: HttpRequest, attachment_id: int) -> FileResponse:
    """Hand out a file (附件下载) as a download, never to be shown as a page of ours."""
    view = attachment_get(attachment_id)
    audit_record(f"attachment:{view.id}", act="engines.forms.attachment_open")
    response = FileResponse(
        attachment_open(view.id),
        as_attachment=True,
        filename=view.name,
        content_type=view.content_type,
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@allow(populations=WHO, purpose="填报申请")
@require_safe
def rows(request: HttpRequest, draft_id: int, group: str, form: str) -> HttpResponse:
    """Hand out the rows of a group of one's own draft (下载分组行), to be filled in and sent back."""
    draft = draft_get(draft_id)
    table = form_rows(draft.form_version_id, group, draft.values)
    return sheet_response("xlsx" if form == "xlsx" else "csv", table, group)


@require_http_methods(["GET", "POST"])
@allow(populations=WHO, purpose="填报申请")
def differences(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Show what was filled in differently on two devices, and take the person's choice (填写差异)."""
    side = "desk" if context_get().population == "STAFF" else "space"
    return draft_differences_page(request, draft_id, frame=f"kernel/ui/{side}.html")


def draft_differences_page(
    request: HttpRequest, draft_id: int, *, frame: str, back: str = ""
) -> HttpResponse:
    """Answer the page of differences of a draft (填写差异页面), in any frame; who calls has said who may see it.

    back: where it leads unless the request says it.
    """
    draft = draft_get(draft_id)
    back = _back(request) or back
    choices = {
        name.removeprefix(CHOICE): value
        for name, value in request.POST.items()
        if name.startswith(CHOICE)
    }
    changed, status = "", 200
    if request.method == "POST":
        try:
            draft = draft_settle(
                draft_id, choices=choices, seen=request.POST.get("seen", ""), now=timezone.now()
            )
        except DifferencesChanged as error:
            changed, status = error_text(error), 409
        else:
            if back and not draft.conflicts:
                flash(request, "success", _("Your choice is saved."))
                return redirect(back)
            if draft.conflicts:
                changed, status = _("Some entries are still to be chosen."), 422
    names = {
        "draft": draft,
        "differences": draft_difference_list(draft),
        "seen": draft_difference_digest(draft),
        "choices": choices,
        "changed": changed,
        "back": back,
        "shell": frame,
        "action": request.path,
    }
    return render(request, "engines/forms/differences.html", names, status=status)


def _back(request: HttpRequest) -> str:
    """Return where the form is that the person came from, a page of this very host, else ""."""
    given = (request.POST.get("back") or request.GET.get("back") or "")[:500]
    fine = given.startswith("/") and url_has_allowed_host_and_scheme(given, allowed_hosts=None)
    return given if fine else ""
