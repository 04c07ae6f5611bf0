"""What the applicant does after submitting (申请人操作): answer a correction, withdraw."""

from datetime import datetime

from django.utils import timezone

from yiwang.engines.api import (
    AttachmentRefused,
    attachment_get,
    attachment_hand_over,
    attachment_put,
    clock_resume,
    clock_stop,
    form_get,
    form_post_values,
    form_state,
    instance_withdraw,
    work_item_case_list,
    work_item_resume,
)
from yiwang.hall.applications import rules
from yiwang.hall.applications.actions.fees import fee_cancel
from yiwang.hall.applications.actions.limits import due_mirror
from yiwang.hall.applications.actions.work import (
    CORRECTION,
    application_lock,
    clock_subjects_of,
)
from yiwang.hall.applications.errors import (
    ApplicationNotFound,
    CorrectionAnswered,
    SubmissionIncomplete,
)
from yiwang.hall.applications.hooks import ending_hooks_tell
from yiwang.hall.applications.models import Application, ApplicationMaterial, Correction
from yiwang.hall.applications.queries.access import application_visible_get, is_visible
from yiwang.hall.deliveries.actions import delivery_choose
from yiwang.hall.deliveries.data import DeliveryView, Receiver
from yiwang.hall.matters.queries import matter_version_get
from yiwang.hall.promises.actions import promises_void
from yiwang.hall.ratings.actions import rating_follow_up, rating_give
from yiwang.hall.ratings.data import BAD_END, GOOD_END, ONLINE, Trace
from yiwang.hall.ratings.errors import NothingToRate
from yiwang.hall.ratings.queries import rating_of
from yiwang.identity.api import delegation_use_record
from yiwang.kernel.api import action, audit_record, context_get, error_text, event_publish
from yiwang.sdk.errors import Forbidden

RATED_ENDS = {"APPROVED": GOOD_END, "REFUSED": BAD_END, "NOT_ACCEPTED": BAD_END}


def own_application_lock(number: str) -> Application:
    """Lock one's own application, or answer as if it did not exist."""
    application = application_lock(f"application:{number}")
    if application.applicant_ref != context_get().subject_ref:
        raise ApplicationNotFound()
    return application


def answering_lock(number: str) -> tuple[Application, bool]:
    """Lock an application whose correction one may answer: one's own, or what one filed as a deputy (受托人)."""
    application, context = application_lock(f"application:{number}"), context_get()
    if not context.subject_ref or not is_visible(context, application):
        raise ApplicationNotFound()
    return application, application.applicant_ref != context.subject_ref


def _deputy_answered(application: Application, *, now: datetime) -> None:
    given = application.materials.filter(source="UPLOAD", attachment_id__isnull=False)
    ids = list(given.values_list("attachment_id", flat=True))
    mine = [one for one in ids if attachment_get(one).account_id == context_get().account_id]
    if mine:
        attachment_hand_over(mine, account_id=application.account_id)
    delegation_use_record(
        application.delegation_id,
        act="CORRECT",
        subject=f"application:{application.number}",
        title=application.title,
        now=now,
    )


@action("hall.applications.correction_answer")
def correction_answer(
    number: str,
    correction_id: int,
    *,
    values: dict,
    files: dict,
    note: str = "",
    now: datetime,
) -> None:
    """Answer a correction (提交补正): changed fields, new documents, a note; the clocks go on.

    values: the form's fields as typed, only those named in the notice are taken.
    files: material key → uploaded file. Raises SubmissionIncomplete with the fields.
    """
    application, deputy = answering_lock(number)
    correction = (
        Correction.objects.select_for_update()
        .filter(pk=correction_id, application=application)
        .first()
    )
    if correction is None:
        raise ApplicationNotFound()
    if correction.answered_at is not None:
        raise CorrectionAnswered()
    before = dict(application.form_data)
    after = _fields_take(application, correction, values=values, now=now)
    new_files = _files_take(application, correction, files=files, now=now)
    correction.answered_at = now
    correction.answer_note = note.strip()
    correction.changes = (
        rules.changes_between(before, after, form_get(application.form_version_id).titles)
        + new_files
    )
    correction.save(update_fields=["answered_at", "answer_note", "changes"])
    application.form_data = after
    application.save(update_fields=["form_data"])
    if deputy:
        _deputy_answered(application, now=now)
    _process_resume(application, correction, now=now)
    event_publish(
        "application.correction_answered",
        {
            "number": number,
            "account_id": application.account_id,
            "title": application.title,
            "correction_id": correction_id,
        },
        key=number,
    )
    audit_record(
        f"application:{number}",
        person_ref=rules.person_ref_of(application.applicant_ref),
        detail={"correction": correction_id, "changes": len(correction.changes)},
    )


def _fields_take(
    application: Application, correction: Correction, *, values: dict, now: datetime
) -> dict:
    asked = [entry["key"] for entry in correction.items if entry["kind"] == "field"]
    if not asked:
        return dict(application.form_data)
    merged = form_post_values(
        application.form_version_id, values, fields=asked, values=application.form_data
    )
    state = form_state(
        application.form_version_id, merged, names={"today": timezone.localtime(now).date()}
    )
    errors = {key: said for key, said in state.errors.items() if key.split(".")[0] in asked}
    if errors:
        raise SubmissionIncomplete(fields=errors)
    return dict(state.values)


def _files_take(
    application: Application, correction: Correction, *, files: dict, now: datetime
) -> list[dict]:
    matter = matter_version_get(application.matter_version_id)
    materials = {material.key: material for material in matter.materials}
    changes = []
    for entry in correction.items:
        if entry["kind"] != "material" or entry["key"] not in files:
            continue
        material = materials.get(entry["key"])
        if material is None:
            raise Forbidden()
        attachment = _file_take(material, files[entry["key"]], now=now)
        previous = (
            ApplicationMaterial.objects.filter(application=application, key=entry["key"])
            .order_by("-version")
            .first()
        )
        ApplicationMaterial.objects.create(
            application=application,
            key=entry["key"],
            title=material.title,
            source="UPLOAD",
            attachment_id=attachment.id,
            digest=attachment.sha256,
            document=previous.document if previous else "",
            as_of=timezone.localtime(now).date(),
            why={"zh": "补正时提交", "en": "Handed in with a correction"},
            version=previous.version + 1 if previous else 1,
        )
        changes.append(
            {
                "key": f"material:{entry['key']}",
                "title": material.title,
                "before": previous.digest[:12] if previous else None,
                "after": attachment.name,
            }
        )
    return changes


def _file_take(material, file, *, now: datetime):
    """Take a file of a correction; what is wrong with it stands beside its field."""
    try:
        return attachment_put(
            account_id=context_get().account_id,
            file=file,
            accept=list(material.accept),
            max_bytes=material.max_mb * 1024 * 1024,
            now=now,
        )
    except AttachmentRefused as error:
        raise SubmissionIncomplete(fields={material.key: [error_text(error)]}) from error


def _process_resume(application: Application, correction: Correction, *, now: datetime) -> None:
    work_item_resume(correction.work_item_id, now=now)
    subject = f"application:{application.number}"
    accepted = application.accepted_at is not None
    application.branches.filter(key=correction.branch_key).update(state="OPEN")
    others_open = Correction.objects.filter(
        application=application, answered_at__isnull=True
    ).exists()
    for clock_subject in clock_subjects_of(application, correction.branch_key):
        if clock_subject != subject or not others_open:
            clock_resume(clock_subject, ground=CORRECTION, now=now)
    if not others_open and application.state != "SUSPENDED":
        application.state = "HANDLING" if accepted else "SUBMITTED"
        application.save(update_fields=["state"])
    due_mirror(application)


@action("hall.applications.withdraw")
def application_withdraw(number: str, *, reason: str = "", now: datetime) -> None:
    """Withdraw one's application (撤回申请) while it has no answer yet; open work ends."""
    application = own_application_lock(number)
    instance_withdraw(application.instance_id, reason=reason.strip(), now=now)
    application_close(application, state="WITHDRAWN", now=now)
    fee_cancel(application, reason="申请人撤回申请", now=now)
    event_publish(
        "application.withdrawn",
        {"number": number, "account_id": application.account_id, "title": application.title},
        key=number,
    )
    audit_record(
        f"application:{number}",
        person_ref=rules.person_ref_of(application.applicant_ref),
        detail={"reason": reason},
    )


def application_delivery_choose(
    number: str, *, method: str, receiver: Receiver, locker_id: int | None, now: datetime
) -> DeliveryView:
    """Choose how the paper result of one's application is received (选择领取方式).

    Raises ApplicationNotFound, ReceiverIncomplete, LockerFull; before the decision there is nothing to receive.
    """
    application = application_visible_get(number, purpose="选择领取方式")
    if application.state != "APPROVED":
        raise ApplicationNotFound()
    return delivery_choose(
        f"application:{number}",
        title=application.title,
        method=method,
        receiver=receiver,
        holder_ref=application.applicant_ref,
        department_id=application.department_id,
        account_id=application.account_id,
        decided_at=application.decided_at,
        locker_id=locker_id,
        now=now,
    )


def application_rate(
    number: str,
    *,
    level: str,
    indicators: dict[str, str],
    text: str,
    device: str | None = None,
    now: datetime,
) -> None:
    """Rate how one's application was handled (评价办件), once it has its answer; after a remedy once more.

    Raises ApplicationNotFound, NothingToRate, RatingIncomplete, RatedAlready, FollowUpTooEarly.
    """
    application = application_visible_get(number, purpose="服务评价")
    if application.applicant_ref != context_get().subject_ref:
        raise ApplicationNotFound()
    if application.state not in rules.END_STATES:
        raise NothingToRate()
    subject = f"application:{number}"
    if rating_of(subject) is not None:
        rating_follow_up(subject, level=level, text=text, now=now)
        return
    rating_give(
        subject,
        channel=ONLINE,
        title=application.title,
        matter_code=application.matter_code,
        department_id=application.department_id,
        rater_ref=application.applicant_ref,
        level=level,
        indicators=indicators,
        text=text,
        trace=_trace_of(application, device),
        now=now,
    )


def _trace_of(application: Application, device: str | None) -> Trace:
    """Say how the act that is rated ended (评价踪迹): who did the last step, and whether it was what was asked for."""
    steps = work_item_case_list(f"application:{application.number}")
    closed = [one for one in steps if one.closed_at and one.assignee_id]
    last = max(closed, key=lambda one: (one.closed_at, one.id), default=None)
    return Trace(
        officer_id=last.assignee_id if last else None,
        acted_at=application.decided_at,
        outcome=RATED_ENDS.get(application.state),
        device=device,
    )


def application_close(application: Application, *, state: str, now: datetime) -> None:
    """Put an application into its end state (办结): branches end, clocks stop, rooms above do their part."""
    application.state = state
    application.decided_at = now
    application.save(update_fields=["state", "decided_at", "accepted_at"])
    application.branches.filter(state__in=["WAITING", "OPEN", "CORRECTION"]).update(state="ENDED")
    subject = f"application:{application.number}"
    if state != "APPROVED":
        promises_void(subject, now=now)
    clock_stop(subject, now=now)
    for suffix in ("acceptance", *application.branches.values_list("key", flat=True)):
        clock_stop(f"{subject}/{suffix}", now=now)
    ending_hooks_tell(application.number, state, now)
