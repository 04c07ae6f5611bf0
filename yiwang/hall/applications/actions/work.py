"""What officers do with an application (办理): claim, conclude, ask for correction, extend."""

from datetime import datetime

from django.db import IntegrityError

from yiwang.engines.api import (
    WorkItemClosed,
    WorkItemView,
    clock_extend,
    clock_list,
    clock_pause,
    clock_stop,
    work_item_case_list,
    work_item_complete,
    work_item_get,
    work_item_request_correction,
)
from yiwang.hall.applications import rules
from yiwang.hall.applications.actions.first_review import first_review_follow
from yiwang.hall.applications.actions.joint import joined_variables
from yiwang.hall.applications.actions.limits import due_mirror, limits_start
from yiwang.hall.applications.errors import (
    AlreadyEnded,
    ApplicationNotFound,
    ApprovalDocumentMissing,
    CorrectionItemsMissing,
    ReasonMissing,
)
from yiwang.hall.applications.hooks import conclusion_hooks_ask
from yiwang.hall.applications.models import (
    Application,
    ApplicationOpinion,
    Correction,
)
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.matters.queries import matter_version_get
from yiwang.kernel.api import action, audit_record, context_get, event_publish
from yiwang.sdk.errors import Forbidden

HANDLE = "hall.applications.handle"
ACCEPT = "ACCEPT"
CORRECTION = "CORRECTION"
"""The ground on which a correction pauses a clock, and on which alone its answer lets it go on."""


def application_lock(business_key: str) -> Application:
    """Lock the application that a work item belongs to, for one change at a time."""
    number = business_key.removeprefix("application:")
    application = application_rows("办理办件").select_for_update().filter(number=number).first()
    if application is None:
        raise ApplicationNotFound()
    if application.state in rules.END_STATES:
        label = {"zh": application.get_state_display(), "en": rules.STATE_LABELS[application.state]}
        raise AlreadyEnded(state=label)
    return application


def branch_key_of(item: WorkItemView) -> str:
    """Return the key of the department's share that an item belongs to; "owner" for the whole."""
    return item.branch or "owner"


@action("hall.applications.conclude", permission=HANDLE)
def work_conclude(  # noqa: PLR0913 - one decision has these parts
    item_id: int,
    *,
    outcome: str,
    opinion: str = "",
    reason: str = "",
    legal_basis: str = "",
    now: datetime,
) -> None:
    """Conclude a step (出具办理意见): the outcome moves the process, the words are kept.

    Raises ReasonMissing for a refusal without reason or legal basis (行政许可法 art. 38).
    """
    item = work_item_get(item_id)
    application = application_lock(item.business_key)
    if rules.OUTCOMES[outcome]["refuses"] and not (reason.strip() and legal_basis.strip()):
        raise ReasonMissing(
            fields={
                name: ["—"]
                for name, text in (("reason", reason), ("legal_basis", legal_basis))
                if not text.strip()
            }
        )
    if item.delegated_by is not None:
        _propose(application, item, outcome=outcome, words=(opinion, reason, legal_basis), now=now)
        return
    conclusion_hooks_ask(application.number, branch_key_of(item), outcome, opinion)
    words = {"opinion": opinion, "reason": reason, "legal_basis": legal_basis}
    _opinion_put(application, item, outcome=outcome, words=words, now=now)
    state_after = rules.BRANCH_STATE_AFTER.get(outcome)
    if state_after and (item.branch or outcome not in rules.REVIEWS):
        application.branches.filter(key=branch_key_of(item)).update(state=state_after)
        if item.branch:
            clock_stop(f"{item.business_key}/{item.branch}", now=now)
    first_review_follow(application, item, outcome=outcome)
    audit_record(
        item.business_key,
        person_ref=rules.person_ref_of(application.applicant_ref),
        detail={"item": item.id, "step": item.node_id, "outcome": outcome},
    )
    variables = joined_variables(application, item.branch)
    work_item_complete(
        item.id, outcome=outcome, variables=variables, comment=opinion.strip(), now=now
    )
    application.refresh_from_db()
    if application.state not in rules.END_STATES:
        due_mirror(application)


def _propose(
    application: Application,
    item: WorkItemView,
    *,
    outcome: str,
    words: tuple[str, ...],
    now: datetime,
) -> None:
    """Give a delegated step back with a proposal (委派答复): nothing is concluded before the delegator does."""
    comment = "；".join(filter(None, map(str.strip, words)))
    audit_record(
        item.business_key,
        person_ref=rules.person_ref_of(application.applicant_ref),
        detail={"item": item.id, "step": item.node_id, "proposed": outcome},
    )
    work_item_complete(item.id, outcome=outcome, comment=comment, now=now)


def _opinion_put(
    application: Application,
    item: WorkItemView,
    *,
    outcome: str,
    words: dict[str, str],
    now: datetime,
) -> None:
    """Keep the opinion of a step, once. Raises WorkItemClosed for whoever comes second."""
    context = context_get()
    try:
        ApplicationOpinion.objects.create(
            application=application,
            branch_key=branch_key_of(item),
            work_item_id=item.id,
            step=item.name,
            outcome=outcome,
            officer_name=context.name,
            department_name=context.department_name,
            at=now,
            **{name: text.strip() for name, text in words.items()},
        )
    except IntegrityError:
        raise WorkItemClosed() from None


@action("hall.applications.correction_request", permission=HANDLE)
def correction_request(
    item_id: int, *, items: list[dict], legal_basis: str = "", now: datetime
) -> int:
    """Tell the applicant once and completely what to put right (一次性告知补正).

    items: [{"kind": "field"|"material", "key", "title": {zh, en}, "what": sentence}].
    The department's own clock and the one legal clock stop, on the ground CORRECTION, until the
    answer; the other departments' clocks run on.
    """
    item = work_item_get(item_id)
    application = application_lock(item.business_key)
    items = [entry for entry in items if entry.get("what", "").strip()]
    if not items:
        raise CorrectionItemsMissing()
    context = context_get()
    work_item_request_correction(item.id, ground=CORRECTION, now=now)
    correction = Correction.objects.create(
        application=application,
        branch_key=branch_key_of(item),
        work_item_id=item.id,
        items=items,
        legal_basis=legal_basis.strip() or rules.ACCEPTANCE_BASIS,
        requested_by=context.name,
        department_name=context.department_name,
        requested_at=now,
    )
    _clocks_pause(application, item, correction=correction, now=now)
    application.branches.filter(key=branch_key_of(item)).update(state="CORRECTION")
    application.state = "CORRECTION"
    application.save(update_fields=["state"])
    due_mirror(application)
    event_publish(
        "application.correction_requested",
        {
            "number": application.number,
            "account_id": application.account_id,
            "title": application.title,
            "correction_id": correction.pk,
            "department_name": context.department_name,
        },
        key=application.number,
    )
    audit_record(
        item.business_key,
        person_ref=rules.person_ref_of(application.applicant_ref),
        detail={"item": item.id, "correction": correction.pk, "items": len(items)},
    )
    return correction.pk


def clock_subjects_of(application: Application, branch_key: str) -> list[str]:
    """Name the clocks that a pause at a branch stops: its own and the one legal clock."""
    subject = f"application:{application.number}"
    if application.accepted_at is None:
        return [f"{subject}/acceptance"]
    return [subject] if branch_key == "owner" else [f"{subject}/{branch_key}", subject]


def _clocks_pause(
    application: Application, item: WorkItemView, *, correction: Correction, now: datetime
) -> None:
    for subject in clock_subjects_of(application, branch_key_of(item)):
        clock_pause(
            subject,
            ground=CORRECTION,
            document=f"补正告知 {application.number}-{correction.pk}",
            now=now,
        )


@action("hall.applications.extend", permission="hall.applications.extend")
def limit_extend(
    number: str, *, amount: int, reason: str, now: datetime, approval: str = ""
) -> None:
    """Extend the legal limit (延长办理期限) by `amount` of its unit, once; the applicant is told with the reason.

    The head of the organ may by 10 working days; a joint one needs the head of the government (行政许可法 art. 42):
    `approval` is the number of that document. Raises ApprovalDocumentMissing.
    """
    application = application_lock(f"application:{number}")
    context = context_get()
    if application.department_id not in context.department_ids:
        raise Forbidden()
    subject = f"application:{number}"
    for clock in clock_list(subject, now=now):
        if clock.kind not in ("LEGAL", "PROMISED"):
            continue
        if clock.approver == "GOVERNMENT_HEAD" and not approval.strip():
            raise ApprovalDocumentMissing(fields={"approval": ["—"]})
        clock_extend(
            clock.id,
            amount=amount,
            reason=f"{reason}（{approval.strip()}）" if approval.strip() else reason,
            approver_account_id=context.account_id,
            approver_level=clock.approver or "AGENCY_HEAD",
            now=now,
        )
    due_mirror(application)
    event_publish(
        "application.extended",
        {
            "number": number,
            "account_id": application.account_id,
            "title": application.title,
            "reason": reason,
            "amount": amount,
        },
        key=number,
    )
    audit_record(
        subject,
        person_ref=rules.person_ref_of(application.applicant_ref),
        detail={"amount": amount, "approval": approval.strip()},
    )


@action("hall.applications.deem_accepted")
def application_deem_accepted(number: str, *, legal_basis: str, now: datetime) -> bool:
    """Hold an application for accepted, since nobody said in time what was missing (逾期未告知视为受理).

    Its limits run from the day on which its papers were received. Returns False where somebody spoke in time.
    """
    subject = f"application:{number}"
    application = application_lock(subject)
    if application.accepted_at is not None or application.state != "SUBMITTED":
        audit_record(subject, detail={"deemed": False})
        return False
    answered = application.corrections.order_by("-answered_at").exclude(answered_at=None).first()
    application.accepted_at = answered.answered_at if answered else application.submitted_at
    application.save(update_fields=["accepted_at"])
    open_items = [one.id for one in work_item_case_list(subject) if one.closed_at is None]
    waiting = [one for one in open_items if ACCEPT in work_item_get(one).outcomes]
    if waiting:
        work_item_complete(waiting[0], outcome=ACCEPT, comment=legal_basis, now=now)
    else:  # accepted and decided in one step: the step stays, its limit is now that of the decision
        clock_stop(f"{subject}/acceptance", now=now)
        matter = matter_version_get(application.matter_version_id)
        limits_start(application, matter, now=now)
    due_mirror(application)
    audit_record(
        subject,
        person_ref=rules.person_ref_of(application.applicant_ref),
        detail={"deemed": True, "legal_basis": legal_basis},
    )
    return True
