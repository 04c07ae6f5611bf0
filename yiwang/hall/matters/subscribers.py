"""What the matters learn from events of the applications."""

from yiwang.hall.matters.actions import matter_application_count
from yiwang.kernel.api import EventView, subscriber


@subscriber("application.submitted", name="hall.matters.count")
def application_submitted(event: EventView) -> None:
    """Count one more application of the matter; the payload's `matter_code` says which."""
    if code := event.payload.get("matter_code"):
        matter_application_count(str(code))
