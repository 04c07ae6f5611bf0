"""Pages of the forms room: the download of an attachment."""

from django.http import FileResponse, HttpRequest

from yiwang.engines.forms.queries import attachment_get, attachment_open
from yiwang.identity.api import allow
from yiwang.kernel.api import audit_record


@allow(populations={"CITIZEN", "AGENT", "STAFF"}, purpose="attachment")
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
