"""The page of this room: the document of a decision as a file."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from yiwang.hall.papers.documents import decision_document_get
from yiwang.identity.api import allow
from yiwang.kernel.api import context_get

PURPOSE = "查看决定书"


@require_GET
@allow(populations={"CITIZEN", "AGENT", "STAFF"}, purpose=PURPOSE)
def decision(_request: HttpRequest, number: str) -> HttpResponse:
    """Hand out the signed document of a decision (决定书) as PDF."""
    content = decision_document_get(number, purpose=context_get().purpose or PURPOSE)
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="decision-{number}.pdf"'
    response["Cache-Control"] = "private, no-store"
    return response
