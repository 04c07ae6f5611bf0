"""What becomes of an application, for its parties (订阅)."""

from yiwang.hall.parties.actions import parties_follow
from yiwang.hall.parties.queries import case_rows
from yiwang.kernel.api import EventView, context_system, context_use, subscriber

STATES = {"application.accepted": "HANDLING", "application.withdrawn": "WITHDRAWN"}


@subscriber("application.*", name="hall.parties.follow")
def application_follow(event: EventView) -> None:
    """Follow an application in which several take part (多方申请跟进)."""
    state = STATES.get(event.topic) or event.payload.get("outcome", "")
    number = event.payload.get("number", "")
    if not state or not case_rows().filter(number=number).exists():
        return
    with context_use(context_system("多方申请跟进")):
        parties_follow(
            number,
            state=state,
            document_number=event.payload.get("document_number", ""),
            now=event.published_at,
        )
