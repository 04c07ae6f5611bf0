"""From what the rules found to findings that a person decides (刷评线索): idempotent, may be run at any time."""

from datetime import datetime
from pathlib import Path

import yaml
from django.db import transaction

from yiwang.hall.ratings.data import BAD, FOUND, GamingRuleView, Suspect
from yiwang.hall.ratings.detection import suspects_find
from yiwang.hall.ratings.gaming_queries import rule_list
from yiwang.hall.ratings.models import GamingEvidence, GamingFinding, GamingRule, Rating
from yiwang.identity.api import data_scope
from yiwang.kernel.api import action, audit_record, context_system, context_use

SEED = Path(__file__).parent / "data_files" / "gaming.yaml"
CHUNK = 5_000


def gaming_detect(*, now: datetime) -> int:
    """Run every rule in use once (刷评检测); returns how many findings are new or have grown."""
    with context_use(context_system("hall.ratings.detect")):
        if not GamingRule.objects.exists():
            rules_seed()
        return sum(_rule_run(rule, now=now) for rule in rule_list() if rule.is_enabled)


@action("hall.ratings.rules_seed")
def rules_seed() -> int:
    """Put in the rules that ship (预置刷评规则) where there is none of that key; returns how many."""
    known = set(GamingRule.objects.values_list("key", flat=True))
    content = yaml.safe_load(SEED.read_text(encoding="utf-8"))
    rows = [GamingRule(**rule) for rule in content["rules"] if rule["key"] not in known]
    GamingRule.objects.bulk_create(rows, ignore_conflicts=True)
    audit_record("gaming_rules", detail={"rules": [row.key for row in rows]})
    return len(rows)


def _rule_run(rule: GamingRuleView, *, now: datetime) -> int:
    suspects = suspects_find(rule, now=now)
    return _findings_keep(rule, suspects, now=now) if suspects else 0


@action("hall.ratings.finding_keep")
def _findings_keep(rule: GamingRuleView, suspects: list[Suspect], *, now: datetime) -> int:
    """Write down what a rule found (登记线索): what stands under a finding of the rule already is not new."""
    known = _known(rule, [each for one in suspects for each in one.rating_ids])
    kept = [_finding_keep(rule, one, known, now=now) for one in suspects]
    audit_record(
        f"gaming_rule:{rule.key}",
        detail={"findings": [pk for pk in kept if pk]},
        outcome="DONE" if any(kept) else "UNCHANGED",
    )
    return sum(1 for pk in kept if pk)


def _known(rule: GamingRuleView, rating_ids: list[int]) -> dict[int, tuple[int, str]]:
    """Return rating: (finding, its state) of what this rule has found before."""
    found: dict[int, tuple[int, str]] = {}
    for start in range(0, len(rating_ids), CHUNK):
        rows = GamingEvidence.objects.filter(
            rule_key=rule.key, rating_id__in=rating_ids[start : start + CHUNK]
        )
        for rating, finding, state in rows.values_list("rating_id", "finding_id", "finding__state"):
            found[rating] = (finding, state)
    return found


def _finding_keep(
    rule: GamingRuleView, one: Suspect, known: dict[int, tuple[int, str]], *, now: datetime
) -> int:
    if not one.rating_ids:
        return _figures_keep(rule, one, now=now)
    fresh = [each for each in one.rating_ids if each not in known]
    open_ones = {known[each][0] for each in one.rating_ids if known.get(each, ("", ""))[1] == FOUND}
    if not fresh:
        return 0
    if open_ones:
        finding = GamingFinding.objects.select_for_update().get(pk=min(open_ones))
    elif len(fresh) < len(one.rating_ids) and len(fresh) < rule.count_min:
        return 0  # a trickle after a burst that was decided is not a new one
    else:
        finding = _finding_new(rule, one, now=now)
    _evidence_add(finding, fresh)
    return finding.pk


def _figures_keep(rule: GamingRuleView, one: Suspect, *, now: datetime) -> int:
    """A finding without ratings of its own: once while the days looked back overlap."""
    same = GamingFinding.objects.filter(rule_key=rule.key, subject=one.subject)
    if same.filter(until_at__gt=one.since_at).exists():
        return 0
    finding = _finding_new(rule, one, now=now)
    finding.since_at, finding.until_at = one.since_at, one.until_at
    finding.save(update_fields=["since_at", "until_at"])
    return finding.pk


def _finding_new(rule: GamingRuleView, one: Suspect, *, now: datetime) -> GamingFinding:
    return GamingFinding.objects.create(
        rule_key=rule.key,
        kind=rule.kind,
        thresholds=rule.thresholds,
        subject=one.subject,
        department_id=one.department_id,
        since_at=one.since_at,
        until_at=one.until_at,
        figures=dict(one.figures),
        found_at=now,
    )


def _evidence_add(finding: GamingFinding, rating_ids: list[int]) -> None:
    rows = [
        GamingEvidence(finding=finding, rating_id=each, rule_key=finding.rule_key)
        for each in rating_ids
    ]
    with transaction.atomic():
        GamingEvidence.objects.bulk_create(rows, batch_size=1_000, ignore_conflicts=True)
    with data_scope(purpose="刷评检测", reason=f"gaming_finding:{finding.pk}"):
        given = Rating.objects.filter(evidence__finding=finding)
        moments = list(given.order_by("at").values_list("at", "level"))
    finding.ratings = len(moments)
    finding.satisfied = sum(1 for _at, level in moments if level not in BAD)
    finding.since_at, finding.until_at = moments[0][0], moments[-1][0]
    finding.save(update_fields=["ratings", "satisfied", "since_at", "until_at"])
