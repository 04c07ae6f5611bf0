"""Pages of the forms room: the download of an attachment, and of the rows of a group."""

from django.http import FileResponse, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from yiwang.engines.forms.queries import attachment_get, attachment_open, draft_get, form_rows
from yiwang.identity.api import allow
from yiwang.kernel.api import audit_record, sheet_response

WHO = {"CITIZEN", "AGENT", "STAFF"}


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
