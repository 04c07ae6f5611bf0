"""What happens elsewhere that is a violation by itself (监察事实的来源)."""

from yiwang.hall.applications.models import Decision
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.supervision.actions import fact_add
from yiwang.hall.supervision.data import NO_REASONS, REPORTABLE
from yiwang.kernel.api import EventView, subscriber


def refusal_check(event: EventView) -> None:
    """A refusal without reason or legal basis (不说明理由) is a violation of its department."""
    number = event.payload.get("number", "")
    if event.payload.get("outcome") not in ("REFUSED", "NOT_ACCEPTED"):
        return
    rows = application_rows("电子监察").filter(number=number)
    department_id, title = rows.values_list("department_id", "title").first() or (None, {})
    decision = Decision.objects.filter(application__in=rows).first()
    if decision is None or department_id is None or (decision.reasons and decision.legal_basis):
        return
    fact_add(
        NO_REASONS,
        source=f"decision:{number}",
        department_id=department_id,
        number=number,
        title=title,
        description=f"{decision.document_number} 未说明理由或依据",
        occurred_at=decision.decided_at,
        now=event.published_at,
    )


def violation_take(event: EventView) -> None:
    """Take a violation that another room or a department's system announces (违规上报)."""
    payload = event.payload
    if payload.get("trigger") not in REPORTABLE:
        return
    fact_add(
        payload["trigger"],
        source=payload.get("source") or f"event:{event.id}",
        department_id=payload["department_id"],
        officer_id=payload.get("officer_id"),
        number=payload.get("number", ""),
        title=payload.get("title") or {},
        step=payload.get("step") or {},
        description=payload.get("description", ""),
        occurred_at=event.published_at,
        now=event.published_at,
    )


def register() -> None:
    """Subscribe (called once, from `ready`)."""
    subscriber("application.decided", name="hall.supervision.refusals")(refusal_check)
    subscriber("supervision.violation", name="hall.supervision.violations")(violation_take)
