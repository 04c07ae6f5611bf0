"""What the process itself does to an application (流程服务): accepted, issue, refuse.

Each runs inside the transaction of the step that led to it; each is an audited act.
"""

from datetime import datetime

from yiwang.engines.api import ServiceCall, clock_stop, form_display
from yiwang.hall.applications import rules
from yiwang.hall.applications.actions.applicant import application_close
from yiwang.hall.applications.actions.fees import fee_bill, fee_cancel, fee_paid_check
from yiwang.hall.applications.actions.limits import limits_start
from yiwang.hall.applications.actions.work import application_lock
from yiwang.hall.applications.models import Application, Decision
from yiwang.hall.licences.actions import licence_issue
from yiwang.hall.matters.data import MatterView
from yiwang.hall.matters.queries import matter_version_get
from yiwang.hall.promises.actions import promises_begin
from yiwang.hall.promises.data import COMMITMENT, TOLERANT
from yiwang.hall.promises.queries import promises_require
from yiwang.identity.api import department_get
from yiwang.kernel.api import action, audit_record, context_get, event_publish, serial_next


@action("hall.applications.accepted")
def application_accepted(call: ServiceCall) -> dict:
    """Accept an application (受理): its legal, promised and departmental clocks start."""
    application = application_lock(call.business_key)
    matter = matter_version_get(application.matter_version_id)
    application.accepted_at = application.accepted_at or call.now  # set where silence accepted it
    application.state = "HANDLING"
    application.save(update_fields=["accepted_at", "state"])
    # The owner's own share waits only where a lower organ reviews first.
    application.branches.filter(state="WAITING").exclude(key="owner").update(state="OPEN")
    subject = f"application:{application.number}"
    clock_stop(f"{subject}/acceptance", now=call.now)
    limits_start(application, matter, now=call.now)
    fee_bill(application, matter, now=call.now)
    promises_begin(subject, kinds=[TOLERANT], now=call.now)
    event_publish(
        "application.accepted",
        {
            "number": application.number,
            "account_id": application.account_id,
            "title": application.title,
        },
        key=application.number,
    )
    audit_record(
        call.business_key, person_ref=rules.person_ref_of(application.applicant_ref), detail={}
    )
    return {}


@action("hall.applications.issue")
def application_issue(call: ServiceCall) -> dict:
    """Grant an application (准予): the decision and all its licences come out together."""
    application = application_lock(call.business_key)
    matter = matter_version_get(application.matter_version_id)
    fee_paid_check(application)
    promises_require(call.business_key)
    application.accepted_at = application.accepted_at or call.now
    _decide(application, matter, outcome="APPROVED", now=call.now)
    promises_begin(call.business_key, kinds=[TOLERANT, COMMITMENT], now=call.now)
    licences = [
        _licence_issue(application, type_key=type_key, department_id=department_id, now=call.now)
        for type_key, department_id in _licence_types(application, matter)
    ]
    audit_record(
        call.business_key,
        person_ref=rules.person_ref_of(application.applicant_ref),
        detail={"licences": [licence.identifier for licence in licences]},
    )
    return {"licences": [licence.identifier for licence in licences]}


def _licence_types(application: Application, matter: MatterView) -> list[tuple[str, int]]:
    branches = {branch.key: branch for branch in application.branches.all()}
    issuers = {
        branch.licence: branches[branch.key].department_id
        for branch in matter.branches
        if branch.licence
    }
    for key in matter.licences:
        issuers.setdefault(key, application.department_id)
    return list(issuers.items())


def _licence_issue(application: Application, *, type_key: str, department_id: int, now: datetime):
    return licence_issue(
        type_key,
        holder_ref=application.applicant_ref,
        holder_name=application.applicant_name,
        holder_number=application.applicant_number,
        data={
            "form": form_display(application.form_version_id, application.form_data),
            "applicant": {
                "name": application.applicant_name,
                "number": application.applicant_number,
            },
        },
        area_code=application.area_code,
        department_id=department_id,
        source=f"application:{application.number}",
        account_id=application.account_id,
        now=now,
    )


@action("hall.applications.refuse")
def application_refuse(call: ServiceCall) -> dict:
    """Refuse an application (不予办理): reason, legal basis and remedy are given, nothing issued."""
    return _refuse(call, outcome="REFUSED")


@action("hall.applications.not_accepted")
def application_not_accepted(call: ServiceCall) -> dict:
    """Do not accept an application (不予受理), with reason, legal basis and remedy."""
    return _refuse(call, outcome="NOT_ACCEPTED")


def _refuse(call: ServiceCall, *, outcome: str) -> dict:
    application = application_lock(call.business_key)
    matter = matter_version_get(application.matter_version_id)
    if outcome == "REFUSED":
        application.accepted_at = application.accepted_at or call.now
    _decide(application, matter, outcome=outcome, now=call.now)
    fee_cancel(application, reason="未准予，费用退回", now=call.now)
    audit_record(
        call.business_key, person_ref=rules.person_ref_of(application.applicant_ref), detail={}
    )
    return {}


def _decide(
    application: Application, matter: MatterView, *, outcome: str, now: datetime
) -> Decision:
    refusals = application.opinions.exclude(reason="").order_by("at", "pk")
    latest = {row.branch_key: row for row in refusals if rules.OUTCOMES[row.outcome]["refuses"]}
    is_refusal = outcome != "APPROVED"
    return decision_write(
        application,
        outcome=outcome,
        reasons=[{"department": row.department_name, "text": row.reason} for row in latest.values()]
        if is_refusal
        else [],
        legal_basis=[row.legal_basis for row in latest.values()]
        if is_refusal
        else [f"{one.title['zh']}{one.article}" for one in matter.spec.legal_basis],
        remedy=matter.spec.refusal_remedy if is_refusal else {},
        now=now,
    )


def decision_write(  # noqa: PLR0913 - what a decision says
    application: Application,
    *,
    outcome: str,
    reasons: list[dict],
    legal_basis: list[str],
    remedy: dict,
    now: datetime,
    **more: object,
) -> Decision:
    """Write the decision of an application and end it (作出决定); more: what else its event says."""
    department = department_get(application.department_id)
    serial = serial_next(f"hall.applications:decision:{department.id}:{outcome}:{now.year}")
    decision = Decision.objects.create(
        application=application,
        outcome=outcome,
        document_number=rules.document_number_make(department.short_name, now, serial, outcome),
        reasons=reasons,
        legal_basis=legal_basis,
        remedy=remedy,
        department_name=department.name,
        officer_name=context_get().name,
        decided_at=now,
    )
    application_close(application, state=outcome, now=now)
    event_publish(
        "application.decided",
        {
            "number": application.number,
            "account_id": application.account_id,
            "title": application.title,
            "outcome": outcome,
            "document_number": decision.document_number,
            **more,
        },
        key=application.number,
    )
    return decision
