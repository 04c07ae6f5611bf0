"""What a broken promise keeps somebody from (承诺限制): set by the city, shown with its reason, open to an appeal."""

from datetime import datetime

from yiwang.hall.promises.data import BAR_DAYS_MAX, KINDS, SCOPES
from yiwang.hall.promises.errors import (
    BarAppealed,
    BarOwnDecision,
    BarRuleInvalid,
    PromiseNotFound,
    PromiseReasonMissing,
)
from yiwang.hall.promises.models import PromiseBar, PromiseBarRule, PromiseBreach
from yiwang.hall.promises.queries import BAR_RULES, BREAK, promise_rows
from yiwang.identity.api import data_scope
from yiwang.kernel.api import action, audit_record, context_get, event_publish
from yiwang.sdk.errors import N_
from yiwang.sdk.identifiers import person_ref_of

TEXT_MAX = 2000
BASIS = "国办发〔2020〕42号：曾作出虚假承诺的，在信用修复前不适用告知承诺制；天数自定"
SEEDS = {
    "COMMITMENT": {"days": 365, "scope": "ALL", "kinds": ["COMMITMENT"], "basis": BASIS},
    "TOLERANT": {"days": 180, "scope": "ALL", "kinds": ["TOLERANT"], "basis": "自定"},
}


@action("hall.promises.bar_rules_seed")
def bar_rules_seed() -> int:
    """Put in what a city begins with (预置承诺限制规则) for kinds that have no rule; returns how many."""
    known = set(PromiseBarRule.objects.values_list("kind", flat=True))
    rows = [PromiseBarRule(kind=kind, **one) for kind, one in SEEDS.items() if kind not in known]
    PromiseBarRule.objects.bulk_create(rows, ignore_conflicts=True)
    audit_record("promise_bar_rules", detail={"rules": [row.kind for row in rows]})
    return len(rows)


@action("hall.promises.bar_rule_put", permission=BAR_RULES)
def bar_rule_put(  # noqa: PLR0913 - what a rule consists of
    kind: str,
    *,
    days: int | None,
    scope: str,
    kinds: list[str],
    basis: str,
    is_enabled: bool,
    now: datetime,
) -> None:
    """Set what breaking a kind of promise bars from (修订承诺限制规则); promises made before keep their words.

    Raises BarRuleInvalid with the fields that are wrong.
    """
    checks = {
        "days": (
            days is not None and 1 <= days <= BAR_DAYS_MAX,
            N_("Give a whole number of days from 1 to 3650."),
        ),
        "scope": (scope in SCOPES, N_("Choose one of them.")),
        "kinds": (bool(kinds) and set(kinds) <= KINDS.keys(), N_("Choose at least one.")),
    }
    fields = {name: [text] for name, (is_right, text) in checks.items() if not is_right}
    if fields:
        raise BarRuleInvalid(fields=fields)
    row = PromiseBarRule.objects.select_for_update().filter(kind=kind).first()
    if row is None:
        raise PromiseNotFound()
    row.days, row.scope, row.kinds = days, scope, sorted(set(kinds))
    row.basis, row.is_enabled = basis.strip()[:300], is_enabled
    row.changed_by, row.changed_at = context_get().name[:80], now
    row.save()
    audit_record(
        f"promise_bar_rule:{kind}",
        detail={"days": days, "scope": scope, "kinds": row.kinds, "is_enabled": is_enabled},
    )


@action("hall.promises.bar_appeal")
def bar_appeal(promise_id: int, *, reason: str, now: datetime) -> None:
    """Appeal, once, against being barred (承诺限制申诉), by who promised. The bar holds until it is decided.

    Raises PromiseNotFound, PromiseReasonMissing, BarAppealed.
    """
    row = promise_rows("承诺限制申诉").filter(pk=promise_id).first()
    if row is None or row.holder_ref != context_get().subject_ref:
        raise PromiseNotFound()
    changed = PromiseBar.objects.filter(
        promise_id=promise_id, appealed_at__isnull=True, lifted_at__isnull=True
    ).update(appeal=_words(reason), appealed_at=now)
    if not changed:
        raise BarAppealed()
    audit_record(
        f"promise:{promise_id}", person_ref=person_ref_of(row.holder_ref), detail={"appeal": True}
    )


@action("hall.promises.bar_decide", permission=BREAK)
def bar_decide(promise_id: int, *, granted: bool, reason: str, now: datetime) -> None:
    """Decide the appeal (申诉决定), by another officer of the department than who found the promise broken.

    Granted, the bar is lifted and the record for the credit room is void. Raises BarOwnDecision.
    """
    row = promise_rows("承诺限制申诉").filter(pk=promise_id).first()
    bar = PromiseBar.objects.select_for_update().filter(promise_id=promise_id).first()
    if row is None or bar is None:
        raise PromiseNotFound()
    if bar.appealed_at is None or bar.ruled_at is not None:
        raise BarAppealed()
    context = context_get()
    if bar.decided_by_id is not None and bar.decided_by_id == context.account_id:
        raise BarOwnDecision()
    bar.ruling, bar.ruled_at, bar.ruled_by = _words(reason), now, context.name[:80]
    if granted and bar.lifted_at is None:
        bar.lifted_at, bar.lifted_by, bar.lift_reason = now, bar.ruled_by, bar.ruling
        PromiseBreach.objects.filter(promise_id=promise_id).update(voided_at=now)
    bar.save()
    audit_record(
        f"promise:{promise_id}",
        person_ref=person_ref_of(row.holder_ref),
        detail={"appeal_granted": granted, "reason": bar.ruling},
    )
    event_publish(
        "promise.bar_decided",
        {
            "promise_id": row.pk,
            "number": row.number,
            "title": row.title,
            "item": row.item,
            "account_id": row.account_id,
            "granted": granted,
            "reason": bar.ruling,
        },
        key=row.number,
    )


@action("hall.promises.breach_take")
def breach_take(breach_id: int, *, by: str, now: datetime) -> bool:
    """Note that a room of credit has taken a record over (失信记录移交), once; False when it had been."""
    with data_scope(purpose="信用信息归集", reason=f"breach:{breach_id}"):
        rows = PromiseBreach.objects.filter(pk=breach_id, taken_at__isnull=True)
        changed = rows.update(taken_at=now, taken_by=by[:80])
    audit_record(f"promise_breach:{breach_id}", detail={"taken_by": by, "is_new": bool(changed)})
    return bool(changed)


def _words(text: str) -> str:
    if not text.strip():
        raise PromiseReasonMissing(fields={"reason": [PromiseReasonMissing.message]})
    return text.strip()[:TEXT_MAX]
