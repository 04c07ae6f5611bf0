"""Opinions in the work on applications (办件中的征求意见): asked from a work item, kept in the case file."""

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from yiwang.engines.api import WorkItemView, work_item_get, work_item_list
from yiwang.hall.applications.actions.work import (
    application_lock,
    branch_key_of,
    clock_subjects_of,
)
from yiwang.hall.applications.queries.access import application_rows, application_visible_get
from yiwang.hall.applications.queries.details import ApplicationDetail
from yiwang.hall.consultations import data
from yiwang.hall.consultations.actions import consultation_ask
from yiwang.hall.consultations.data import ConsultationView, PartyAsk, RequiredReview
from yiwang.hall.consultations.errors import (
    ConsultationNotFound,
    OpinionsOutstanding,
    OverrideReasonMissing,
    PanelMissing,
    ReviewNeeded,
)
from yiwang.hall.consultations.models import Consultation
from yiwang.hall.consultations.queries import consultation_list_of, panel_find
from yiwang.hall.matters.parts import PagePart
from yiwang.hall.matters.queries import matter_version_get
from yiwang.kernel.api import context_get
from yiwang.sdk.errors import Forbidden
from yiwang.sdk.joins import REFUSE, Join
from yiwang.sdk.packs import ExpertOpinion

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
    return _ask(
        item, question=question, parties=parties, days=days, join=join, ground=ground, file=file,
        now=now,
    )  # fmt: skip


def application_review_ask(item_id: int, key: str, *, now: datetime) -> ConsultationView:
    """Ask the panel for the review that the step of a work item needs (发起专家评审), as the matter says.

    The clocks stand still meanwhile. Raises ConsultationNotFound for a review that the step does not need or
    that was asked for already, PanelMissing, Forbidden for an item that is not one's own.
    """
    item = consult_item_get(item_id)
    number = item.business_key.removeprefix("application:")
    application = application_visible_get(number, purpose="征求意见")
    wanted = _wanted(application.matter_version_id, item.node_id)
    rule = next((one for one in wanted if one.key == key), None)
    asked = Consultation.objects.filter(subject=item.business_key, requirement=key)
    if rule is None or asked.exclude(state=data.RECALLED).exists():
        raise ConsultationNotFound()
    panel = panel_find(rule.panel)
    if panel is None or not panel.experts or len(panel.experts) < rule.join.quorum:
        raise PanelMissing(panel=rule.panel)
    return _ask(
        item,
        question=rule.question["zh"],
        parties=[PartyAsk(data.PANEL, panel.id)],
        days=rule.days,
        join=rule.join,
        ground=data.EXPERT_REVIEW,
        requirement=key,
        now=now,
    )


def _wanted(matter_version_id: int, step: str) -> list[ExpertOpinion]:
    """Return the reviews that a step of a matter needs (环节应经的评审)."""
    spec = matter_version_get(matter_version_id).spec
    return [one for one in spec.opinions if one.step == step]


def _ask(item: WorkItemView, *, requirement: str = "", **asked) -> ConsultationView:
    application = application_lock(item.business_key)
    branch = branch_key_of(item)
    return consultation_ask(
        item.business_key,
        title=application.title,
        clock_subjects=clock_subjects_of(application, branch),
        branch=branch,
        requirement=requirement,
        **asked,
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
    if outcome in GOES_ON:
        _reviews_check(number, branch)
    against = rows.filter(state=data.CONCLUDED).order_by("-pk").first()
    if against is None or against.result != REFUSE or outcome not in GOES_ON:
        return
    if not opinion.strip():
        raise OverrideReasonMissing(number=against.number, fields={})


def _reviews_check(number: str, branch: str) -> None:
    """Let a step go on only with the reviews that the matter wants there (应评审未评审). Raises ReviewNeeded."""
    subject = f"application:{number}"
    application = application_rows("征求意见").get(
        number=number
    )  # who may conclude, the conclusion itself asks
    if not matter_version_get(application.matter_version_id).spec.opinions:
        return
    done = Consultation.objects.filter(subject=subject, state=data.CONCLUDED)
    keys = set(done.values_list("requirement", flat=True))
    for step in _open_steps(subject, branch):
        for one in _wanted(application.matter_version_id, step):
            if one.key not in keys:
                raise ReviewNeeded(title=one.title, fields={})


def _open_steps(subject: str, branch: str) -> list[str]:
    items = work_item_list(business_key=subject, states=("READY", "CLAIMED"))
    return [one.node_id for one in items if branch_key_of(one) == branch]


def reviews_of(detail: ApplicationDetail) -> list[RequiredReview]:
    """Return the reviews that the matter wants at the steps that are open (应经专家评审)."""
    spec = matter_version_get(detail.application.matter_version_id).spec
    if not spec.opinions:
        return []
    subject = f"application:{detail.application.number}"
    found = consultation_list_of(subject, now=timezone.now())
    items = work_item_list(business_key=subject, states=("READY", "CLAIMED"))
    steps = {one.node_id for one in items}
    asked = {one.requirement: one for one in found if one.requirement}
    reviews = []
    for one in spec.opinions:
        panel = panel_find(one.panel)
        if one.step not in steps and one.key not in asked:
            continue
        reviews.append(
            RequiredReview(
                key=one.key,
                title=one.title,
                question=one.question,
                basis=one.basis,
                days=one.days,
                needed=one.join.quorum or one.join.needed(len(panel.experts) if panel else 0),
                panel=panel,
                panel_key=one.panel,
                asked=asked.get(one.key),
            )
        )
    return reviews


def review_part(detail: ApplicationDetail) -> PagePart | None:
    """Show the officer which reviews the step needs, how far they are, and the button that asks (应经专家评审)."""
    reviews = reviews_of(detail)
    return (
        PagePart("hall/consultations/review_part.html", {"reviews": reviews}) if reviews else None
    )


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
