"""The sweep (电子监察巡检): finds what the rules hold for, issues each card once, tells who must answer.

Set-based and idempotent: a card is unique for rule, subject and period, every chunk is a transaction
of its own, and what was issued but not told is told by the next run. It may be killed at any point.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import yaml
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from yiwang.engines.api import work_item_board
from yiwang.hall.supervision.data import SEVERITY, Finding, RuleView, SweepReport
from yiwang.hall.supervision.findings import CHUNK, findings_scan
from yiwang.hall.supervision.models import BoardCell, SupervisionCard, SupervisionRule
from yiwang.hall.supervision.queries import rule_list
from yiwang.identity.api import account_list_by_department
from yiwang.kernel.api import (
    CalendarNotPublished,
    action,
    audit_record,
    calendar_get,
    context_system,
    context_use,
    event_publish,
    office_hours_get,
)

logger = logging.getLogger(__name__)
_ZONE = timezone.get_default_timezone()
TELL_CHUNK = 2000
HEAD = "DEPARTMENT_HEAD"
SEED = Path(__file__).parent / "data_files" / "rules.yaml"


def supervision_sweep(*, now: datetime) -> SweepReport:
    """Run every rule in force once (监察巡检) and tell who must answer. The gravest rules go first."""
    with context_use(context_system("hall.supervision.sweep")):
        if not SupervisionRule.objects.exists():
            rules_seed()
        calendar = calendar_get()
        rules = [rule for rule in rule_list(on=now.astimezone(_ZONE).date()) if rule.is_enabled]
        rules.sort(key=lambda rule: (-SEVERITY[rule.level], -rule.over_days, rule.key))
        seen, issued = 0, Counter()
        for rule in rules:
            try:
                for findings in findings_scan(rule, calendar, now=now):
                    seen += len(findings)
                    issued[rule.level] += _issue_new(rule, findings, now=now)
            except CalendarNotPublished as missing:
                logger.warning("Rule %s waits for the calendar of %s.", rule.key, missing.year)
        cards_tell(now=now)
        return SweepReport(seen, {level: issued[level] for level in SEVERITY})


@action("hall.supervision.rules_seed")
def rules_seed() -> int:
    """Put in the rules that ship (预置监察规则) where there is none of that key; returns how many."""
    content = yaml.safe_load(SEED.read_text(encoding="utf-8"))
    known = set(SupervisionRule.objects.values_list("key", flat=True))
    rows = [
        SupervisionRule(**{"nodes": [], **rule}, valid_from=content["valid_from"])
        for rule in content["rules"]
        if rule["key"] not in known
    ]
    SupervisionRule.objects.bulk_create(rows, ignore_conflicts=True)
    audit_record(
        "supervision_rules",
        detail={"rules": [row.key for row in rows]},
        outcome="DONE" if rows else "UNCHANGED",
    )
    return len(rows)


def _issue_new(rule: RuleView, findings: list[Finding], *, now: datetime) -> int:
    fresh = findings_fresh(rule, findings)
    return cards_issue(rule, fresh, now=now) if fresh else 0


def findings_fresh(rule: RuleView, findings: list[Finding]) -> list[Finding]:
    """Leave out what already has this card, or a graver one of its class and period (去重)."""
    subjects = [finding.subject for finding in findings]
    rows = SupervisionCard.objects.filter(subject__in=subjects, trigger=rule.trigger)
    known = {
        (subject, period)
        for subject, period, key, severity in rows.values_list(
            "subject", "period", "rule_key", "severity"
        )
        if key == rule.key or severity > SEVERITY[rule.level]
    }
    return [one for one in findings if (one.subject, one.period) not in known]


@action("hall.supervision.issue")
def cards_issue(rule: RuleView, findings: list[Finding], *, now: datetime) -> int:
    """Issue the cards of one chunk (发牌); a second time of the same nothing happens."""
    reply_due_at = working_due(now, rule.reply_days)
    cards = [
        SupervisionCard(
            rule_id=rule.id,
            rule_key=rule.key,
            trigger=rule.trigger,
            level=rule.level,
            severity=SEVERITY[rule.level],
            points=rule.points,
            subject=finding.subject,
            period=finding.period,
            case_key=finding.case_key,
            number=finding.number,
            title_zh=finding.title.get("zh", ""),
            title_en=finding.title.get("en", ""),
            step_zh=finding.step.get("zh", ""),
            step_en=finding.step.get("en", ""),
            department_id=finding.department_id,
            officer_id=finding.officer_id,
            due_at=finding.due_at,
            issued_at=now,
            reply_due_at=reply_due_at,
        )
        for finding in findings
    ]
    before = SupervisionCard.objects.count
    had = before()
    SupervisionCard.objects.bulk_create(cards, batch_size=500, ignore_conflicts=True)
    count = before() - had
    audit_record(
        f"supervision_rule:{rule.key}",
        detail={"level": rule.level, "cards": count},
        outcome="DONE" if count else "UNCHANGED",
    )
    return count


def working_due(now: datetime, days: int) -> datetime | None:
    """Return the close of business `days` working days on; None for 0 or without a calendar."""
    if not days:
        return None
    today = now.astimezone(_ZONE)
    try:
        calendar = calendar_get()
        day = calendar.add_working_days(today.date(), days)
    except CalendarNotPublished:
        return None
    hours = office_hours_get().without(calendar.closed_part(day))
    return datetime.combine(day, hours.closes, today.tzinfo)


def cards_tell(*, now: datetime) -> int:
    """Tell who must answer about cards not yet told of (通知责任人): one message a person and run.

    Returns how many cards were told of. Cards without an officer go to the heads of the department.
    """
    told = 0
    while True:
        with transaction.atomic():
            untold = SupervisionCard.objects.filter(told_at=None).order_by("id")
            chunk = list(untold.select_for_update()[:TELL_CHUNK])
            if not chunk:
                return told
            for account_id, cards in _recipients(chunk, now=now).items():
                event_publish(
                    "supervision.issued", _tell_payload(account_id, cards), key=str(account_id)
                )
            SupervisionCard.objects.filter(pk__in=[card.pk for card in chunk]).update(told_at=now)
            told += len(chunk)


def _recipients(
    cards: Iterable[SupervisionCard], *, now: datetime
) -> Mapping[int, list[SupervisionCard]]:
    heads: dict[int, list[int]] = {}
    found: dict[int, list[SupervisionCard]] = defaultdict(list)
    for card in cards:
        if card.officer_id is not None:
            found[card.officer_id].append(card)
        elif card.department_id is not None:
            if card.department_id not in heads:
                people = account_list_by_department(
                    card.department_id, role=HEAD, on=now.astimezone(_ZONE).date()
                )
                heads[card.department_id] = [person.id for person in people]
            for account_id in heads[card.department_id]:
                found[account_id].append(card)
    return found


def _tell_payload(account_id: int, cards: list[SupervisionCard]) -> dict:
    levels = Counter(card.level for card in cards)
    gravest = max(cards, key=lambda card: card.severity)
    return {
        "account_id": account_id,
        "count": len(cards),
        "warnings": levels["WARNING"],
        "yellow": levels["YELLOW"],
        "red": levels["RED"],
        "number": gravest.number or gravest.code,
        "title": {"zh": gravest.title_zh, "en": gravest.title_en or gravest.title_zh},
        "link": reverse("hall_supervision:mine"),
        "reply_due_at": gravest.reply_due_at.isoformat() if gravest.reply_due_at else "",
    }


def board_count(*, now: datetime) -> int:
    """Count the open steps for the board (看板统计) and return how many cells it has."""
    cells = [
        BoardCell(
            department_id=row.department_id,
            title_zh=row.title_zh,
            title_en=row.title_en,
            green=row.green,
            yellow=row.yellow,
            red=row.red,
            undated=row.undated,
            counted_at=now,
        )
        for row in work_item_board(now=now)
    ]
    with transaction.atomic():
        BoardCell.objects.bulk_create(
            cells,
            batch_size=CHUNK // 10,
            update_conflicts=True,
            unique_fields=["department_id", "title_zh"],
            update_fields=["title_en", "green", "yellow", "red", "undated", "counted_at"],
        )
        BoardCell.objects.exclude(counted_at=now).delete()
    return len(cells)


def board_is_stale(counted_at: datetime | None, *, now: datetime) -> bool:
    """Tell whether the board was last counted too long ago to be shown as current."""
    return counted_at is None or now - counted_at > timedelta(minutes=10)
