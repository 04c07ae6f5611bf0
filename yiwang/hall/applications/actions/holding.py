"""What becomes of an application when its case is suspended, resumed or terminated (中止、恢复、终止办理).

Each runs in the transaction of the engine's act, which is the department head's; each is an audited act itself.
"""

from collections.abc import Mapping

from yiwang.engines.api import InstanceChange, clock_pause, clock_resume
from yiwang.hall.applications import rules
from yiwang.hall.applications.actions.fees import fee_cancel
from yiwang.hall.applications.actions.limits import due_mirror
from yiwang.hall.applications.actions.process import decision_write
from yiwang.hall.applications.actions.work import application_lock
from yiwang.hall.applications.models import Application
from yiwang.hall.applications.queries.holds import ground_title, suspension_grounds
from yiwang.hall.matters.queries import matter_version_get
from yiwang.hall.promises.data import Hold
from yiwang.hall.promises.holding import promises_hold, promises_release
from yiwang.kernel.api import action, audit_record, context_get, event_publish
from yiwang.sdk.errors import N_, Invalid


def application_changed(change: InstanceChange) -> None:
    """Do an application's part of what happened to its case (案件处置)."""
    acts = {
        "SUSPENDED": application_suspend,
        "RESUMED": application_resume,
        "TERMINATED": application_terminate,
    }
    acts[change.kind](change)


@action("hall.applications.suspend")
def application_suspend(change: InstanceChange) -> None:
    """Suspend an application (中止办理): its clocks and promises stand still on a listed ground, by a document.

    Raises Invalid without ground or document, AlreadyEnded.
    """
    application = application_lock(change.business_key)
    fields = {}
    if change.ground not in dict(suspension_grounds()):
        fields["ground"] = [N_("Choose the ground of the suspension.")]
    if not change.document:
        fields["document"] = [N_("Name the document that says so.")]
    if fields:
        raise Invalid(fields=fields)
    clock_pause(
        change.business_key,
        ground=change.ground,
        document=change.document,
        note=change.reason,
        expected_days=change.expected_days,
        below=True,
        now=change.now,
    )
    title = ground_title(change.ground)
    hold = Hold(change.ground, title, change.document, change.reason)
    promises_hold(change.business_key, hold, now=change.now)
    _state_set(application, "SUSPENDED")
    _announce("application.suspended", application, change, ground=title)
    _audit(application, change)


@action("hall.applications.resume")
def application_resume(change: InstanceChange) -> None:
    """Resume an application (恢复办理): the clocks run on with what was left, corrections keep waiting."""
    application = application_lock(change.business_key)
    clock_resume(change.business_key, ground=change.ground, below=True, now=change.now)
    promises_release(change.business_key, now=change.now)
    _state_set(application, state_of_work(application))
    _announce("application.resumed", application, change)
    _audit(application, change)


@action("hall.applications.terminate")
def application_terminate(change: InstanceChange) -> None:
    """Terminate an application (终止办理): a decision with reason, basis and remedy; nothing is issued.

    What was paid goes back, an open bill falls away, promises are void. Raises Invalid without legal basis,
    AlreadyEnded: what has been decided stays decided.
    """
    application = application_lock(change.business_key)
    if not change.basis:
        raise Invalid(fields={"basis": [N_("Name the legal basis of the termination.")]})
    matter = matter_version_get(application.matter_version_id)
    decision_write(
        application,
        outcome="TERMINATED",
        reasons=[
            {
                "department": context_get().department_name or application.department.name,
                "text": change.reason,
            }
        ],
        legal_basis=[change.basis],
        remedy=matter.spec.refusal_remedy,
        now=change.now,
        reason=change.reason,
    )
    fee_cancel(application, reason="终止办理，费用退回", now=change.now)
    _audit(application, change)


def state_of_work(application: Application) -> str:
    """Return the state of an application on which work goes on (在办状态)."""
    if application.corrections.filter(answered_at__isnull=True).exists():
        return "CORRECTION"
    return "HANDLING" if application.accepted_at else "SUBMITTED"


def _state_set(application: Application, state: str) -> None:
    application.state = state
    application.save(update_fields=["state"])
    due_mirror(application)


def _announce(
    topic: str, application: Application, change: InstanceChange, **more: Mapping
) -> None:
    event_publish(
        topic,
        {
            "number": application.number,
            "account_id": application.account_id,
            "title": application.title,
            "reason": change.reason,
            **more,
        },
        key=application.number,
    )


def _audit(application: Application, change: InstanceChange) -> None:
    detail = {"reason": change.reason, "ground": change.ground, "document": change.document}
    detail |= {"basis": change.basis, "days": change.expected_days}
    audit_record(
        change.business_key,
        person_ref=rules.person_ref_of(application.applicant_ref),
        detail={key: value for key, value in detail.items() if value},
    )
