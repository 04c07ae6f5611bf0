"""What licences do after the act: their document is typeset, outside of the deciding transaction."""

from yiwang.hall.licences.documents import licence_document_store
from yiwang.kernel.api import EventView, subscriber


def document_render(event: EventView) -> None:
    """Typeset the document (制作证照文件) of a licence that has just been issued."""
    licence_document_store(event.payload["licence_id"])


def register() -> None:
    """Subscribe (called once, from `ready`)."""
    subscriber("licence.issued", name="hall.licences.document", outside=True)(document_render)
