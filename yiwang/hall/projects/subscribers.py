"""What projects do when something happens to an application (订阅): idempotent, in the worker."""

from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.projects.actions.following import application_follow
from yiwang.hall.projects.queries import PURPOSE
from yiwang.hall.projects.tables import project_plan
from yiwang.kernel.api import EventView, context_system, context_use, subscriber

TOPICS = (
    "application.submitted",
    "application.accepted",
    "application.decided",
    "application.withdrawn",
)


def project_follow(event: EventView) -> None:
    """Follow an application that carries a project's code (项目办件动态)."""
    number = event.payload["number"]
    matters = {one.matter for one in project_plan().approvals}
    with context_use(context_system(PURPOSE)):
        row = application_rows(PURPOSE).filter(number=number).values("matter_code").first()
        if row is not None and row["matter_code"] in matters:
            application_follow(number, now=event.published_at)


def register() -> None:
    """Subscribe (called once, from `ready`)."""
    for topic in TOPICS:
        subscriber(topic, name=f"hall.projects.{topic}")(project_follow)
