"""What other rules would have issued (规则回放): reads the past, changes nothing."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from yiwang.engines.api import (
    DueClock,
    DueItem,
    clock_past_scan,
    clock_total_due,
    work_item_past_scan,
)
from yiwang.hall.supervision.data import (
    BASE_SCORE,
    DUE_SOON,
    KEPT,
    LATE_FORWARDING,
    LIMIT_EXCEEDED,
    REFUSED_ACCEPTANCE,
    SEVERITY,
    STEP_EXCEEDED,
    Finding,
    RuleView,
)
from yiwang.hall.supervision.findings import (
    ACCEPTANCE,
    finding_of_fact,
    finding_of_item,
    findings_of_clocks,
)
from yiwang.hall.supervision.models import SupervisionCard, SupervisionFact
from yiwang.hall.supervision.rules import grade_of, over_at, scores_make
from yiwang.kernel.api import CalendarNotPublished, WorkingCalendar, calendar_get

SHOWN = 100
_ZONE = timezone.get_default_timezone()
_ITEM_TRIGGERS = (DUE_SOON, STEP_EXCEEDED, LATE_FORWARDING)


@dataclass(frozen=True, slots=True)
class ReplayRow:
    """What a rule would have done in the period, beside what was done (回放对照).

    departments: cards it would have issued, by department; issued_points: of the cards that still count.
    """

    rule: RuleView
    would: int
    issued: int
    added: tuple[Finding, ...]
    added_count: int
    dropped_count: int
    points: int = 0
    issued_points: int = 0
    departments: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReplayScore:
    """The score of a department in the period under the rules replayed, and as it is (得分对照)."""

    department_id: int
    would: int
    would_grade: str
    was: int
    was_grade: str


@dataclass(slots=True)
class _Tally:
    would: dict[tuple[str, str], Finding]

    def add(self, finding: Finding) -> None:
        self.would.setdefault((finding.subject, finding.period), finding)


def supervision_replay(
    rules: Iterable[RuleView], *, since: datetime, until: datetime, now: datetime
) -> list[ReplayRow]:
    """Return what rules would have issued for limits that ended from `since` to before `until` (回放).

    rules: proposed or in force. The gravest of one class wins, as in the sweep. Cards that were
    issued are only compared with, by rule, subject and period; nothing is written.
    """
    calendar, until = calendar_get(), min(until, now)
    chosen = sorted(
        (rule for rule in rules if rule.is_enabled),
        key=lambda rule: (-SEVERITY[rule.level], -rule.over_days, rule.key),
    )
    tallies = {rule.key: _Tally({}) for rule in chosen}
    graver: dict[tuple[str, str, str], int] = {}
    for rule, finding in _would(chosen, calendar, since, until, now):
        place = (rule.trigger, finding.subject, finding.period)
        if graver.setdefault(place, SEVERITY[rule.level]) <= SEVERITY[rule.level]:
            tallies[rule.key].add(finding)
    return [_row(rule, tallies[rule.key].would, since, until) for rule in chosen]


def _row(
    rule: RuleView, would: dict[tuple[str, str], Finding], since: datetime, until: datetime
) -> ReplayRow:
    cards = SupervisionCard.objects.filter(rule_key=rule.key)
    dated = cards.filter(due_at__gte=since, due_at__lt=until)
    facts = cards.filter(due_at=None, issued_at__gte=since, issued_at__lt=until)
    issued = set(dated.values_list("subject", "period")) | set(
        facts.values_list("subject", "period")
    )
    added = [finding for place, finding in would.items() if place not in issued]
    kept = _kept(since, until).filter(rule_key=rule.key)
    by_department = Counter(one.department_id for one in would.values() if one.department_id)
    return ReplayRow(
        rule=rule,
        would=len(would),
        issued=len(issued),
        added=tuple(added[:SHOWN]),
        added_count=len(added),
        dropped_count=len(issued - set(would)),
        points=len(would) * rule.points,
        issued_points=kept.aggregate(points=Sum("points"))["points"] or 0,
        departments=by_department,
    )


def _kept(since: datetime, until: datetime) -> QuerySet[SupervisionCard]:
    """Return the cards of the period that count: by their limit, or by their day where there is none."""
    return SupervisionCard.objects.filter(
        Q(due_at__gte=since, due_at__lt=until)
        | Q(due_at=None, issued_at__gte=since, issued_at__lt=until),
        state__in=KEPT,
    )


def replay_scores(
    rows: Iterable[ReplayRow], *, since: datetime, until: datetime
) -> list[ReplayScore]:
    """Return the score of each department in the period (得分对照) as it would be and as it is, most changed first."""
    would = [
        (department, row.rule.level, count, count * row.rule.points)
        for row in rows
        for department, count in row.departments.items()
    ]
    kept = _kept(since, until).exclude(department_id=None).order_by()
    was = kept.values_list("department_id", "level").annotate(Count("id"), Sum("points"))
    new = {one.key: one for one in scores_make(would)}
    old = {one.key: one for one in scores_make(was)}
    found = [
        ReplayScore(
            key,
            new[key].score if key in new else BASE_SCORE,
            new[key].grade if key in new else grade_of(BASE_SCORE),
            old[key].score if key in old else BASE_SCORE,
            old[key].grade if key in old else grade_of(BASE_SCORE),
        )
        for key in new.keys() | old.keys()
    ]
    return sorted(found, key=lambda one: (-abs(one.would - one.was), one.department_id))


def _would(
    rules: list[RuleView],
    calendar: WorkingCalendar,
    since: datetime,
    until: datetime,
    now: datetime,
) -> Iterator[tuple[RuleView, Finding]]:
    of_items = [rule for rule in rules if rule.trigger in _ITEM_TRIGGERS]
    for item, total_due in _items(since, until) if of_items else ():
        finding = finding_of_item(item)
        for rule in of_items:
            if _item_holds(rule, item, total_due, calendar, now):
                yield rule, finding
    for trigger, suffix in ((LIMIT_EXCEEDED, ""), (REFUSED_ACCEPTANCE, ACCEPTANCE)):
        of_clocks = [rule for rule in rules if rule.trigger == trigger]
        for clock, stopped_at, finding in _clocks(since, until, suffix) if of_clocks else ():
            for rule in of_clocks:
                if _over(calendar, clock.due_at, rule.over_days, stopped_at or now):
                    yield rule, finding
    for rule in rules:
        facts = SupervisionFact.objects.filter(
            trigger=rule.trigger, occurred_at__gte=since, occurred_at__lt=until
        )
        for fact in facts.order_by("id"):
            yield rule, finding_of_fact(fact)


def _item_holds(
    rule: RuleView,
    item: DueItem,
    total_due: datetime | None,
    calendar: WorkingCalendar,
    now: datetime,
) -> bool:
    if rule.nodes and item.node_id not in rule.nodes:
        return False
    ended = item.closed_at or now
    if rule.trigger == DUE_SOON:
        return item.warn_at is not None and item.warn_at <= ended and item.opened_at <= item.due_at
    if rule.trigger == LATE_FORWARDING and not rule.nodes:
        return False
    if rule.trigger == STEP_EXCEEDED and total_due is not None and total_due <= item.due_at:
        return False
    return _over(calendar, item.due_at, rule.over_days, ended)


def _over(calendar: WorkingCalendar, due_at: datetime, over_days: int, ended: datetime) -> bool:
    try:
        return over_at(
            calendar, due_at.astimezone(_ZONE), over_days, ended_at=ended.astimezone(_ZONE)
        )
    except CalendarNotPublished:
        return False


def _items(since: datetime, until: datetime) -> Iterator[tuple[DueItem, datetime | None]]:
    last = 0
    while items := work_item_past_scan(since=since, until=until, after=last):
        last = items[-1].id
        keys = {item.business_key for item in items}
        totals = clock_total_due(keys)
        waiting = clock_total_due({f"{key}{ACCEPTANCE}" for key in keys}, kinds=("STEP",))
        for item in items:
            acceptance = waiting.get(f"{item.business_key}{ACCEPTANCE}")
            # The step of acceptance ends with the clock of acceptance: it is of that class.
            is_acceptance = acceptance is not None and acceptance == item.due_at
            yield item, acceptance if is_acceptance else totals.get(item.business_key)


def _clocks(
    since: datetime, until: datetime, suffix: str
) -> Iterator[tuple[DueClock, datetime | None, Finding]]:
    last, scan = 0, {"kinds": ("STEP",), "suffix": suffix} if suffix else {}
    while found := clock_past_scan(since=since, until=until, after=last, **scan):
        last = found[-1][0].id
        findings = findings_of_clocks([clock for clock, _stopped in found])
        for (clock, stopped_at), finding in zip(found, findings, strict=True):
            yield clock, stopped_at, finding
