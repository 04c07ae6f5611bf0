"""Opinions in the work on applications (办件中的征求意见): asked from a work item, kept in the case file."""

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from yiwang.engines.api import WorkItemView, work_item_get
from yiwang.hall.applications.actions.work import (
    application_lock,
    branch_key_of,
    clock_subjects_of,
)
from yiwang.hall.applications.queries.access import application_visible_get
from yiwang.hall.applications.queries.details import ApplicationDetail
from yiwang.hall.consultations import data
from yiwang.hall.consultations.actions import consultation_ask
from yiwang.hall.consultations.data import ConsultationView, PartyAsk
from yiwang.hall.consultations.errors import OpinionsOutstanding, OverrideReasonMissing
from yiwang.hall.consultations.models import Consultation
from yiwang.hall.consultations.queries import consultation_list_of
from yiwang.hall.matters.parts import PagePart
from yiwang.kernel.api import context_get
from yiwang.sdk.errors import Forbidden
from yiwang.sdk.joins import REFUSE, Join

GOES_ON = frozenset({"APPROVE", "AGREE"})


def application_consult(
    item_id: int,
    *,
    question: str,
    parties: Sequence[PartyAsk],
    days: int,
    join: Join,
    ground: str = "",
    file=None,
    now: datetime,
) -> ConsultationView:
    """Ask for opinions on an application from one's work item (办件征求意见).

    A review by experts pauses the department's own clock and the one legal clock. Raises what
    `consultation_ask` raises, Forbidden for an item that is not one's own.
    """
    item = consult_item_get(item_id)
    application = application_lock(item.business_key)
    branch = branch_key_of(item)
    return consultation_ask(
        item.business_key,
        title=application.title,
        question=question,
        parties=parties,
        days=days,
        join=join,
        ground=ground,
        clock_subjects=clock_subjects_of(application, branch),
        branch=branch,
        file=file,
        now=now,
    )


def consult_item_get(item_id: int) -> WorkItemView:
    """Return a work item from which one may ask. Raises Forbidden, ApplicationNotFound for others' items."""
    item, context = work_item_get(item_id), context_get()
    number = item.business_key.removeprefix("application:")
    application_visible_get(number, purpose="征求意见")
    held = item.assignee_id is None or item.assignee_id == context.account_id
    if item.department_id not in context.department_ids or not held or item.closed_at is not None:
        raise Forbidden()
    return item


def conclusion_check(number: str, branch: str, outcome: str, opinion: str) -> None:
    """Hold a conclusion against the opinions asked for it (征求意见与办理结论).

    While they are outstanding nothing is concluded; against them only with words. Raises
    OpinionsOutstanding, OverrideReasonMissing.
    """
    rows = Consultation.objects.filter(subject=f"application:{number}", branch=branch)
    waiting = rows.filter(state=data.OPEN).order_by("pk").first()
    if waiting is not None:
        raise OpinionsOutstanding(number=waiting.number, fields={})
    against = rows.filter(state=data.CONCLUDED).order_by("-pk").first()
    if against is None or against.result != REFUSE or outcome not in GOES_ON:
        return
    if not opinion.strip():
        raise OverrideReasonMissing(number=against.number, fields={})


def work_part(detail: ApplicationDetail) -> PagePart:
    """Put the opinions into the officer's pages of an application (案卷)."""
    subject = f"application:{detail.application.number}"
    found = consultation_list_of(subject, now=timezone.now())
    return PagePart("hall/consultations/case_part.html", {"consultations": found})


def applicant_part(detail: ApplicationDetail) -> PagePart | None:
    """Tell the applicant that opinions are asked for, by whom and until when; not what they say."""
    subject = f"application:{detail.application.number}"
    found = consultation_list_of(subject, now=timezone.now())
    if not found:
        return None
    return PagePart("hall/consultations/applicant_part.html", {"consultations": found})
