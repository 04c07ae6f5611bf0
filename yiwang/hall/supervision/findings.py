"""What each trigger class holds for now (监察发现): sets read along indexed columns, a chunk at a time."""

from collections.abc import Callable, Iterator
from datetime import datetime

from django.utils import timezone

from yiwang.engines.api import (
    DueClock,
    DueItem,
    clock_due_scan,
    clock_total_late,
    work_item_by_case,
    work_item_due_scan,
)
from yiwang.hall.supervision.data import (
    DUE_SOON,
    LATE_FORWARDING,
    LIMIT_EXCEEDED,
    REFUSED_ACCEPTANCE,
    REPORTABLE,
    STEP_EXCEEDED,
    Finding,
    RuleView,
)
from yiwang.hall.supervision.models import SupervisionFact
from yiwang.hall.supervision.rules import cutoff, soon_until
from yiwang.kernel.api import WorkingCalendar

CHUNK = 2000
ACCEPTANCE = "/acceptance"
_ZONE = timezone.get_default_timezone()

Finder = Callable[[RuleView, WorkingCalendar, datetime], Iterator[list[Finding]]]


def findings_scan(
    rule: RuleView, calendar: WorkingCalendar, *, now: datetime
) -> Iterator[list[Finding]]:
    """Yield what a rule holds for at `now`, in chunks (按规则扫描).

    Raises `CalendarNotPublished` when the rule counts days of a year without a calendar.
    """
    now = now.astimezone(_ZONE)
    for finder in FINDERS[rule.trigger]:
        yield from finder(rule, calendar, now)


def _items_soon(
    rule: RuleView, calendar: WorkingCalendar, now: datetime
) -> Iterator[list[Finding]]:
    until, after = soon_until(calendar, now), None
    while True:
        items = work_item_due_scan(
            since=now, until=until, warned_by=now, nodes=rule.nodes, after=after, limit=CHUNK
        )
        if not items:
            return
        after = (items[-1].due_at, items[-1].id)
        yield [finding_of_item(item) for item in items]


def _items_over(
    rule: RuleView, calendar: WorkingCalendar, now: datetime
) -> Iterator[list[Finding]]:
    until, after = cutoff(calendar, now, rule.over_days), None
    while True:
        items = work_item_due_scan(until=until, nodes=rule.nodes, after=after, limit=CHUNK)
        if not items:
            return
        after = (items[-1].due_at, items[-1].id)
        late = _cases_late({item.business_key for item in items}, now=now)
        yield [finding_of_item(item) for item in items if item.business_key not in late]


def _cases_late(case_keys: set[str], *, now: datetime) -> set[str]:
    """Return the cases that are late as a whole, or late to be accepted: other classes than a step."""
    waiting = clock_total_late(
        {f"{key}{ACCEPTANCE}" for key in case_keys}, now=now, kinds=("STEP",)
    )
    whole = clock_total_late(case_keys, now=now)
    return whole | {subject.removesuffix(ACCEPTANCE) for subject in waiting}


def _items_forwarding(
    rule: RuleView, calendar: WorkingCalendar, now: datetime
) -> Iterator[list[Finding]]:
    if rule.nodes:
        yield from _items_over(rule, calendar, now)


def _clocks_over(
    rule: RuleView, calendar: WorkingCalendar, now: datetime, *, suffix: str = ""
) -> Iterator[list[Finding]]:
    until, after = cutoff(calendar, now, rule.over_days), None
    scan = {"kinds": ("STEP",), "suffix": suffix} if suffix else {}
    while True:
        clocks = clock_due_scan(until=until, after=after, limit=CHUNK, **scan)
        if not clocks:
            return
        after = (clocks[-1].due_at, clocks[-1].id)
        yield findings_of_clocks(clocks)


def _acceptance_over(
    rule: RuleView, calendar: WorkingCalendar, now: datetime
) -> Iterator[list[Finding]]:
    yield from _clocks_over(rule, calendar, now, suffix=ACCEPTANCE)


def _facts(rule: RuleView, _calendar: WorkingCalendar, now: datetime) -> Iterator[list[Finding]]:
    last = 0
    while True:
        rows = SupervisionFact.objects.filter(trigger=rule.trigger, id__gt=last)
        facts = list(rows.filter(occurred_at__lte=now).order_by("id")[:CHUNK])
        if not facts:
            return
        last = facts[-1].pk
        yield [finding_of_fact(fact) for fact in facts]


FINDERS: dict[str, tuple[Finder, ...]] = {
    **dict.fromkeys(REPORTABLE, (_facts,)),
    DUE_SOON: (_items_soon,),
    STEP_EXCEEDED: (_items_over,),
    LIMIT_EXCEEDED: (_clocks_over,),
    REFUSED_ACCEPTANCE: (_acceptance_over, _facts),
    LATE_FORWARDING: (_items_forwarding, _facts),
}


def finding_of_item(item: DueItem) -> Finding:
    """Return what a work item is as a finding; a new due date is a new period."""
    return Finding(
        subject=f"item:{item.id}",
        period=period_of(item.due_at),
        case_key=item.business_key,
        number=item.number,
        title=item.title,
        step=item.name,
        department_id=item.department_id,
        officer_id=item.assignee_id,
        due_at=item.due_at,
    )


def findings_of_clocks(clocks: list[DueClock]) -> list[Finding]:
    """Return what clocks are as findings; the case's step that is open now is responsible.

    The promised and the legal limit of a case are two: who breaks the law as well gets two cards.
    """
    cases = {clock.id: clock.subject.removesuffix(ACCEPTANCE) for clock in clocks}
    items = work_item_by_case(set(cases.values()))
    return [
        _finding_of_clock(clock, cases[clock.id], items.get(cases[clock.id])) for clock in clocks
    ]


def _finding_of_clock(clock: DueClock, case_key: str, item: DueItem | None) -> Finding:
    return Finding(
        subject=f"clock:{clock.id}",
        period=period_of(clock.due_at),
        case_key=case_key,
        number=item.number if item else case_key.partition(":")[2],
        title=item.title if item else clock.label,
        step=item.name if item else clock.label,
        department_id=item.department_id if item else clock.department_id,
        officer_id=item.assignee_id if item else None,
        due_at=clock.due_at,
    )


def finding_of_fact(fact: SupervisionFact) -> Finding:
    """Return what a reported violation is as a finding."""
    return Finding(
        subject=f"fact:{fact.pk}",
        period="",
        case_key=fact.case_key,
        number=fact.number,
        title=fact.title,
        step=fact.step,
        department_id=fact.department_id,
        officer_id=fact.officer_id,
        due_at=None,
    )


def period_of(due_at: datetime | None) -> str:
    """Return the period (期次) of a limit: its last day in the city."""
    return due_at.astimezone(_ZONE).date().isoformat() if due_at else ""
