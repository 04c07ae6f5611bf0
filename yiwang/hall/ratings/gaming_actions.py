"""Deciding what suspicious ratings count for (刷评认定): by a person, with a reason; the department may appeal once."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.urls import reverse
from django.utils import timezone

from yiwang.hall.ratings.data import (
    APPEALED,
    FOUND,
    KEPT,
    LEFT_OUT,
    THRESHOLD_LIMITS,
    THRESHOLDS,
)
from yiwang.hall.ratings.errors import (
    FindingNotFound,
    FindingStateWrong,
    GamingReasonMissing,
    GamingRuleInvalid,
    OwnDecision,
)
from yiwang.hall.ratings.gaming_queries import finding_rows
from yiwang.hall.ratings.models import GamingEvidence, GamingFinding, GamingRule, Rating
from yiwang.hall.ratings.queries import DECIDE, HANDLE
from yiwang.identity.api import account_list_by_department, data_scope, department_get
from yiwang.kernel.api import action, audit_record, context_get, event_publish
from yiwang.sdk.errors import N_

_ZONE = timezone.get_default_timezone()
TEXT_MAX = 2_000


@action("hall.ratings.rule_put", permission=DECIDE)
def rule_put(
    key: str, *, thresholds: Mapping[str, int | None], is_enabled: bool, now: datetime
) -> None:
    """Change the thresholds of a rule (修订刷评规则); findings made before keep those they were made by.

    Raises `GamingRuleInvalid` with the fields that are wrong.
    """
    row = GamingRule.objects.select_for_update().filter(key=key).first()
    if row is None:
        raise FindingNotFound()
    fields, changed = {}, {}
    for name in THRESHOLDS[row.kind]:
        least, most = THRESHOLD_LIMITS[name]
        value = thresholds.get(name)
        if value is None or not least <= value <= most:
            text = N_("Give a whole number within the limits beside it.")
            fields[name] = [text]
        else:
            changed[name] = value
    if fields:
        raise GamingRuleInvalid(fields=fields)
    before = {name: getattr(row, name) for name in changed} | {"is_enabled": row.is_enabled}
    for name, value in changed.items():
        setattr(row, name, value)
    row.is_enabled, row.changed_by, row.changed_at = is_enabled, context_get().name[:80], now
    row.save()
    audit_record(
        f"gaming_rule:{key}",
        detail={"before": before, "after": {**changed, "is_enabled": is_enabled}},
    )


@action("hall.ratings.finding_decide", permission=DECIDE)
def finding_decide(
    finding_id: int, *, leave_out: bool, kept: Iterable[int] = (), reason: str, now: datetime
) -> int:
    """Decide what the ratings of a finding count for (认定): kept, or left out of the ranking.

    kept: ids of single ratings that stay counted although the others are left out. Returns how many were
    left out. The heads of the department are told. Raises GamingReasonMissing, FindingStateWrong.
    """
    row = _locked(finding_id, (FOUND,))
    row.reason, row.decided_at = _words(reason), now
    row.decided_by_id, row.decided_by = context_get().account_id, context_get().name[:80]
    row.state = LEFT_OUT if leave_out else KEPT
    row.save(update_fields=["reason", "decided_at", "decided_by_id", "decided_by", "state"])
    count = 0
    if leave_out:
        rows = GamingEvidence.objects.filter(finding=row).exclude(rating_id__in=list(kept))
        count = rows.update(is_left_out=True)
        _counted_set(row)
        _tell("rating.left_out", row, now=now, count=count, reason=row.reason)
    audit_record(
        f"gaming_finding:{row.pk}",
        detail={"state": row.state, "left_out": count, "reason": row.reason},
    )
    return count


@action("hall.ratings.finding_appeal", permission=HANDLE)
def finding_appeal(finding_id: int, *, reason: str, now: datetime) -> None:
    """Appeal, once, against ratings being left out (申诉), by the head of the department."""
    row = _locked(finding_id, (LEFT_OUT,))
    context = context_get()
    if row.department_id not in context.department_ids:
        raise FindingNotFound()
    if row.appealed_at is not None:
        raise FindingStateWrong()
    row.appeal, row.appealed_at = _words(reason), now
    row.appealed_by_id, row.state = context.account_id, APPEALED
    row.save(update_fields=["appeal", "appealed_at", "appealed_by_id", "state"])
    audit_record(f"gaming_finding:{row.pk}", detail={"state": row.state})


@action("hall.ratings.finding_rule", permission=DECIDE)
def finding_rule(finding_id: int, *, granted: bool, reason: str, now: datetime) -> None:
    """Decide an appeal (申诉决定), by somebody else than who left the ratings out or appealed.

    Granted, the ratings count again. Raises OwnDecision, GamingReasonMissing, FindingStateWrong.
    """
    row = _locked(finding_id, (APPEALED,))
    context = context_get()
    if context.account_id in (row.decided_by_id, row.appealed_by_id):
        raise OwnDecision()
    row.ruling, row.ruled_at, row.ruled_by = _words(reason), now, context.name[:80]
    row.state = KEPT if granted else LEFT_OUT
    row.save(update_fields=["ruling", "ruled_at", "ruled_by", "state"])
    if granted:
        GamingEvidence.objects.filter(finding=row).update(is_left_out=False)
        _counted_set(row)
    _tell("rating.appeal_ruled", row, now=now, count=row.ratings, reason=row.ruling)
    audit_record(f"gaming_finding:{row.pk}", detail={"state": row.state, "reason": row.ruling})


def _counted_set(row: GamingFinding) -> None:
    """Count the ratings of a finding, or not (重算): a mistaken one stays out, one left out elsewhere too."""
    out = GamingEvidence.objects.filter(is_left_out=True)
    with data_scope(purpose="刷评认定", reason=f"gaming_finding:{row.pk}"):
        own = Rating.objects.filter(evidence__finding=row)
        ids = list(own.values_list("pk", flat=True))
        left = set(out.filter(rating__evidence__finding=row).values_list("rating_id", flat=True))
        mistaken = set(own.filter(case__state="MISTAKEN").values_list("pk", flat=True))
        for chunk in _chunks(sorted(left | mistaken)):
            Rating.objects.filter(pk__in=chunk).update(is_counted=False)
        for chunk in _chunks([each for each in ids if each not in left | mistaken]):
            Rating.objects.filter(pk__in=chunk).update(is_counted=True)


def _chunks(ids: list[int], size: int = 5_000) -> Iterable[list[int]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def _locked(finding_id: int, states: tuple[str, ...]) -> GamingFinding:
    row = finding_rows().select_for_update().filter(pk=finding_id).first()
    if row is None:
        raise FindingNotFound()
    if row.state not in states:
        raise FindingStateWrong()
    return row


def _words(text: str) -> str:
    if not text.strip():
        raise GamingReasonMissing(fields={"reason": [GamingReasonMissing.message]})
    return text.strip()[:TEXT_MAX]


def _tell(topic: str, row: GamingFinding, *, now: datetime, count: int, reason: str) -> None:
    """Tell the heads of the department (告知部门)."""
    department = department_get(row.department_id)
    rule = GamingRule.objects.filter(key=row.rule_key).values_list("title", flat=True).first()
    today = now.astimezone(_ZONE).date()
    for head in account_list_by_department(row.department_id, role="DEPARTMENT_HEAD", on=today):
        event_publish(
            topic,
            {
                "account_id": head.id,
                "finding_id": row.pk,
                "number": str(row.pk),
                "title": rule or {"zh": row.rule_key, "en": row.rule_key},
                "department_name": department.name,
                "count": count,
                "reason": reason,
                "link": reverse("hall_ratings:finding", args=[row.pk]),
            },
            key=str(row.pk),
        )
