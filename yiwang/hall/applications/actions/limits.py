"""The limits of an application (办理时限): which clocks run, from when, and what the desk sees of them."""

from datetime import datetime

from django.utils import timezone

from yiwang.engines.api import (
    clock_begin,
    clock_begin_legal,
    clock_due_map,
    clock_start,
    clock_start_legal,
    legal_clock_get,
    work_item_due_set,
)
from yiwang.hall.applications import rules
from yiwang.hall.applications.models import Application
from yiwang.hall.matters.data import MatterView
from yiwang.sdk.packs import FIRST_REVIEW

NO_DUE = (None, None)


def acceptance_start(
    application: Application, matter: MatterView, *, department_id: int, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """Start the five days to say what is missing (受理期限); of a licence silence accepts (行政许可法 art. 32).

    department_id: who accepts, the lower organ where one reviews first. Returns when they end and from when to warn, for the work that begins with them.
    """
    subject = f"application:{application.number}/acceptance"
    names = {
        "started_at": now,
        "now": now,
        "label": rules.ACCEPTANCE_LABEL,
        "department_id": department_id,
    }
    if _is_licensing(matter):
        started = clock_begin_legal(subject, policy="NOTICE", **names)
    else:
        started = clock_begin(
            subject,
            kind="STEP",
            amount=rules.ACCEPTANCE_DAYS,
            unit="WORKING_DAY",
            legal_basis=rules.ACCEPTANCE_BASIS,
            **names,
        )
    return started.due_at, started.warn_at


def _is_licensing(matter: MatterView) -> bool:
    licences = [branch.licence for branch in matter.branches]
    return rules.is_licensing(matter.spec.item_type, branch_licences=licences)


def limits_start(application: Application, matter: MatterView, *, now: datetime) -> None:
    """Start the clocks of an accepted application (起算): legal, promised, and of each department.

    They run from `accepted_at`. Of an administrative licence (行政许可) the law says how far the limit goes, by
    how much and by whom it is extended; other matters have the limits of their guide.
    """
    subject = f"application:{application.number}"
    basis = "；".join(f"{one.title['zh']}{one.article}" for one in matter.spec.legal_basis[:1])
    since = application.accepted_at
    for kind, label, limit in (
        ("LEGAL", rules.LEGAL_LABEL, matter.limits.legal),
        ("PROMISED", rules.PROMISED_LABEL, matter.limits.promised),
    ):
        if limit.amount:
            clock_start(
                subject,
                kind=kind,
                label=label,
                amount=limit.amount,
                unit=limit.unit,
                started_at=since,
                now=now,
                department_id=application.department_id,
                legal_basis=basis,
                **_extending(matter, since),
            )
    departments = dict(application.branches.values_list("key", "department_id"))
    first = matter.spec.first_review
    if first is not None and first.key in departments:
        clock_start_legal(
            f"{subject}/{first.key}",
            policy=FIRST_REVIEW,
            started_at=since,
            now=now,
            department_id=departments[first.key],
        )
    for branch in matter.spec.parallel:
        if branch.limit:
            clock_start(
                f"{subject}/{branch.key}",
                kind="DEPARTMENT",
                label=branch.title,
                amount=branch.limit.amount,
                unit=branch.limit.unit,
                started_at=since,
                now=now,
                department_id=departments[branch.key],
                legal_basis=basis,
            )


def _extending(matter: MatterView, since: datetime) -> dict:
    if not _is_licensing(matter):
        return {}
    policy = "DECISION_JOINT" if matter.spec.parallel else "DECISION"
    legal = legal_clock_get(policy, on=timezone.localtime(since).date())
    return {"policy": policy, "approver": legal.approver, "extension_max": legal.extension or 0}


def due_mirror(application: Application) -> None:
    """Copy the clocks' due dates to the open work items, where the desk is ordered by them.

    A branch follows its own clock if it has one, else the application's; before acceptance the
    five days of acceptance count.
    """
    subject = f"application:{application.number}"
    if application.state == "SUSPENDED":
        work_item_due_set(subject, due_at=None)  # nothing is overdue while all stands still
        return
    general = subject if application.accepted_at else f"{subject}/acceptance"
    branches = {}
    if application.accepted_at:
        open_branches = application.branches.exclude(state__in=["AGREED", "REFUSED", "ENDED"])
        branches = dict(open_branches.exclude(key="owner").values_list("key", "state"))
    dues = clock_due_map([general, *(f"{subject}/{key}" for key in branches)])
    due_at, warn_at = dues.get(general, NO_DUE)
    work_item_due_set(subject, due_at=due_at, warn_at=warn_at)
    for key, state in branches.items():
        due_at, warn_at = dues.get(f"{subject}/{key}", NO_DUE)
        if due_at is not None or state == "CORRECTION":
            work_item_due_set(subject, branch=key, due_at=due_at, warn_at=warn_at)
