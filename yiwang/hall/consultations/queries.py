"""Reads of requests for opinions (征求意见查询): the asking department's and those who are asked."""

from datetime import datetime

from django.db.models import Q, QuerySet

from yiwang.hall.consultations import data
from yiwang.hall.consultations.data import ConsultationView, ExpertView, PanelView, PartyView
from yiwang.hall.consultations.errors import ConsultationNotFound, PanelForbidden
from yiwang.hall.consultations.models import Consultation, ConsultationParty, ExpertPanel
from yiwang.kernel.api import RequestContext, context_get
from yiwang.sdk.joins import Join, join_load, join_missing

ASK = "hall.consultations.ask"
ANSWER = "hall.consultations.answer"
PANELS = "hall.consultations.panels"


def asker_filter(context: RequestContext) -> Q:
    """Return the filter of the requests that one's departments made (本部门发出)."""
    if context.population == "SYSTEM":
        return Q()
    return Q(department_id__in=context.department_ids) if context.may(ASK) else Q(pk__in=[])


def party_filter(context: RequestContext, prefix: str = "") -> Q:
    """Return the filter of the parties for whom one may answer (可答复)."""
    wanted = Q(**{f"{prefix}account_id": context.account_id or 0})
    if context.may(ANSWER):
        wanted |= Q(**{f"{prefix}department_id__in": context.department_ids})
    return wanted


def consultation_get(consultation_id: int, *, now: datetime) -> ConsultationView:
    """Return a request for opinions that concerns one. Raises `ConsultationNotFound`."""
    context = context_get()
    rows = Consultation.objects.filter(
        asker_filter(context) | Q(pk__in=_asked_ids(context)), pk=consultation_id
    )
    row = rows.first()
    if row is None:
        raise ConsultationNotFound()
    return view_of(row, now=now)


def consultation_list_of(subject: str, *, now: datetime) -> list[ConsultationView]:
    """List the requests about a subject, oldest first (案卷中的征求意见); who may see the subject may see them."""
    rows = Consultation.objects.filter(subject=subject).order_by("pk")
    return [view_of(row, now=now) for row in rows]


def consultation_asked_rows(*, is_waiting: bool | None = None) -> QuerySet[Consultation]:
    """Return the requests put to one's departments or to oneself (待我答复), the soonest due first."""
    context = context_get()
    parties = ConsultationParty.objects.filter(party_filter(context))
    if is_waiting is not None:
        parties = (
            parties.filter(state=data.WAITING)
            if is_waiting
            else parties.exclude(state=data.WAITING)
        )
    rows = Consultation.objects.filter(pk__in=parties.values("consultation_id"))
    return rows.order_by("closed_at", "due_at", "-pk")


def consultation_sent_rows() -> QuerySet[Consultation]:
    """Return the requests that one's departments made (我方发出), open ones first."""
    rows = Consultation.objects.filter(asker_filter(context_get()))
    return rows.order_by("closed_at", "due_at", "-pk")


def waiting_count(context: RequestContext) -> int:
    """Count what waits for one's answer, for the menu."""
    rows = ConsultationParty.objects.filter(party_filter(context), state=data.WAITING)
    return rows[:100].count()


def _asked_ids(context: RequestContext) -> QuerySet:
    return ConsultationParty.objects.filter(party_filter(context)).values("consultation_id")


def view_of(row: Consultation, *, now: datetime) -> ConsultationView:
    """Turn a row into what others see; answers are seen by the asker's side, and one's own."""
    context = context_get()
    join = join_load(row.join)
    rows = list(row.parties.order_by("pk"))
    return ConsultationView(
        id=row.pk,
        number=row.number,
        subject=row.subject,
        branch=row.branch,
        requirement=row.requirement,
        title=row.title,
        question=row.question,
        attachment_id=row.attachment_id,
        policy=join.policy,
        needed=join.needed(len(rows)),
        missing=join_missing(join, {one.key: one.opinion or None for one in rows})
        if row.state == data.OPEN
        else 0,
        ground=row.ground,
        days=row.days,
        state=row.state,
        result=row.result,
        department_id=row.department_id,
        department_name=row.department_name,
        asked_by_name=row.asked_by_name,
        asked_at=row.asked_at,
        due_at=row.due_at,
        closed_at=row.closed_at,
        note=row.note,
        ending=row.ending or "",
        is_overdue=row.state == data.OPEN and row.due_at is not None and now > row.due_at,
        parties=tuple(_party(party, row, join, context) for party in rows),
        may_recall=row.state == data.OPEN and row.department_id in context.department_ids,
    )


def _party(
    party: ConsultationParty, row: Consultation, join: Join, context: RequestContext
) -> PartyView:
    own = (
        party.account_id == context.account_id
        if party.account_id
        else (party.department_id in context.department_ids and context.may(ANSWER))
    )
    return PartyView(
        id=party.pk,
        key=party.key,
        kind=party.kind,
        name=party.name,
        state=party.state,
        opinion=party.opinion,
        answer=party.answer,
        reason=party.reason,
        attachment_id=party.attachment_id,
        answered_by=party.answered_by,
        answered_at=party.answered_at,
        has_veto=party.key in join.veto,
        may_answer=own and row.state == data.OPEN and party.state == data.WAITING,
    )


def panel_list(*, only_open: bool = True) -> list[PanelView]:
    """List the panels of experts (专家组)."""
    rows = ExpertPanel.objects.prefetch_related("experts").order_by("key")
    rows = rows.filter(is_open=True) if only_open else rows
    return [panel_view(row) for row in rows]


def panel_get(panel_id: int) -> PanelView:
    """Return a panel. Raises `ConsultationNotFound`."""
    row = ExpertPanel.objects.prefetch_related("experts").filter(pk=panel_id).first()
    if row is None:
        raise ConsultationNotFound()
    return panel_view(row)


def panel_find(key: str) -> PanelView | None:
    """Return the open panel of a key (专家组), None while nobody keeps one."""
    rows = ExpertPanel.objects.prefetch_related("experts")
    row = rows.filter(key=key, is_open=True).first()
    return panel_view(row) if row else None


def panel_own_get(panel_id: int) -> PanelView:
    """Return a panel that one's department keeps. Raises `ConsultationNotFound`, `PanelForbidden`."""
    found = panel_get(panel_id)
    if found.department_id not in context_get().department_ids:
        raise PanelForbidden()
    return found


def panel_view(row: ExpertPanel) -> PanelView:
    """Turn a panel's row into what others see."""
    experts = sorted(row.experts.all(), key=lambda one: one.pk)
    return PanelView(
        id=row.pk,
        key=row.key,
        title=row.title,
        department_id=row.department_id,
        is_open=row.is_open,
        experts=tuple(ExpertView(one.pk, one.account_id, one.name, one.field) for one in experts),
    )


def attachment_is_visible(context: RequestContext, attachment_id: int) -> bool:
    """Tell whether one may open a file of a request or of an answer (附件可见)."""
    rows = Consultation.objects.filter(
        Q(attachment_id=attachment_id) | Q(parties__attachment_id=attachment_id)
    )
    return rows.filter(asker_filter(context) | Q(pk__in=_asked_ids(context))).exists()
