"""Reads of rules against made-up ratings and of findings (刷评查询). Nobody learns from here who rated."""

from datetime import datetime

from django.db.models import Count, Q, QuerySet

from yiwang.hall.ratings.data import (
    APPEALED,
    FOUND,
    LEFT_OUT,
    EvidenceView,
    FindingView,
    GamingRuleView,
)
from yiwang.hall.ratings.errors import FindingNotFound
from yiwang.hall.ratings.models import GamingEvidence, GamingFinding, GamingRule
from yiwang.hall.ratings.queries import DECIDE, DEPARTMENT_RULE, HANDLE
from yiwang.identity.api import data_scope
from yiwang.kernel.api import RequestContext, context_get


def rule_list() -> list[GamingRuleView]:
    """List the rules (刷评规则), by kind and key."""
    return [_rule_view(row) for row in GamingRule.objects.order_by("kind", "key")]


def rule_get(key: str) -> GamingRuleView | None:
    """Return one rule (刷评规则), None when there is none of that key."""
    row = GamingRule.objects.filter(key=key).first()
    return _rule_view(row) if row else None


def finding_rows() -> QuerySet[GamingFinding]:
    """Return the findings that the acting person may see (可见线索): who decides all, a head of department
    those of the department that were decided."""
    context = context_get()
    if context.may(DECIDE):
        return GamingFinding.objects.all()
    if not context.may(HANDLE):
        return GamingFinding.objects.none()
    return GamingFinding.objects.filter(DEPARTMENT_RULE.filter(context)).exclude(state=FOUND)


def finding_list(
    *, state: str = "", kind: str = "", limit: int = 20, offset: int = 0
) -> list[FindingView]:
    """List findings (刷评线索), the newest first."""
    rows = _findings(state, kind).annotate(
        out=Count("evidence", filter=Q(evidence__is_left_out=True))
    )
    return [finding_view(row) for row in rows.order_by("-id")[offset : offset + limit]]


def finding_count(*, state: str = "", kind: str = "", cap: int = 100_000) -> int:
    """Count them, up to `cap`."""
    return _findings(state, kind)[:cap].count()


def _findings(state: str, kind: str) -> QuerySet[GamingFinding]:
    rows = finding_rows()
    rows = rows.filter(state=state) if state else rows
    return rows.filter(kind=kind) if kind else rows


def finding_get(finding_id: int) -> FindingView:
    """Return a finding that the acting person may see. Raises `FindingNotFound`."""
    row = (
        finding_rows()
        .filter(pk=finding_id)
        .annotate(out=Count("evidence", filter=Q(evidence__is_left_out=True)))
        .first()
    )
    if row is None:
        raise FindingNotFound()
    return finding_view(row)


def evidence_list(finding_id: int, *, limit: int = 100, offset: int = 0) -> list[EvidenceView]:
    """List the ratings of a finding (佐证), in the order they were given; the caller may see the finding."""
    with data_scope(purpose="刷评认定", reason=f"gaming_finding:{finding_id}"):
        rows = GamingEvidence.objects.filter(finding_id=finding_id).select_related("rating")
        rows = rows.order_by("rating__at", "rating_id")
        return [_evidence_view(row) for row in rows[offset : offset + limit]]


def finding_open_count(context: RequestContext) -> int:
    """Count what a person has to decide (待认定线索): findings and appeals."""
    if not context.may(DECIDE):
        return 0
    return GamingFinding.objects.filter(state__in=[FOUND, APPEALED]).count()


def left_out_list(*, since: datetime, until: datetime) -> list[FindingView]:
    """List what was left out of the ranking of a period and why (不计入排行的评价), for everybody."""
    rows = (
        GamingFinding.objects.filter(
            state__in=[LEFT_OUT, APPEALED], until_at__gte=since, since_at__lt=until
        )
        .annotate(out=Count("evidence", filter=Q(evidence__is_left_out=True)))
        .order_by("-decided_at", "-id")
    )
    return [finding_view(row) for row in rows[:100]]


def _rule_view(row: GamingRule) -> GamingRuleView:
    return GamingRuleView(
        key=row.key,
        title=row.title,
        kind=row.kind,
        count_min=row.count_min,
        minutes=row.minutes,
        seconds=row.seconds,
        share=row.share,
        days=row.days,
        basis=row.basis,
        is_enabled=row.is_enabled,
    )


def finding_view(row: GamingFinding) -> FindingView:
    """Turn a finding's row into what others see."""
    return FindingView(
        id=row.pk,
        rule_key=row.rule_key,
        kind=row.kind,
        thresholds=row.thresholds,
        subject=row.subject,
        department_id=row.department_id,
        since_at=row.since_at,
        until_at=row.until_at,
        ratings=row.ratings,
        satisfied=row.satisfied,
        figures=row.figures,
        state=row.state,
        found_at=row.found_at,
        reason=row.reason,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        appeal=row.appeal,
        appealed_at=row.appealed_at,
        ruling=row.ruling,
        ruled_at=row.ruled_at,
        ruled_by=row.ruled_by,
        left_out=getattr(row, "out", 0),
    )


def _evidence_view(row: GamingEvidence) -> EvidenceView:
    rating = row.rating
    return EvidenceView(
        rating_id=rating.pk,
        subject=rating.subject,
        title=rating.title,
        channel=rating.channel,
        place=rating.place,
        level=rating.level,
        text=rating.text,
        at=rating.at,
        acted_at=rating.acted_at,
        device=(rating.device or "")[:8],
        is_left_out=row.is_left_out,
    )
