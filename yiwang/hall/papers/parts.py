"""The link to the decision document on the pages of an application (页面组成部分)."""

from yiwang.hall.applications.queries.details import ApplicationDetail
from yiwang.hall.matters.parts import PagePart


def decision_part(detail: ApplicationDetail) -> PagePart | None:
    """Offer the document of a decision that was made (下载决定书)."""
    if detail.decision is None:
        return None
    names = {"number": detail.application.number, "document": detail.decision.document_number}
    return PagePart("hall/papers/decision_part.html", names)
