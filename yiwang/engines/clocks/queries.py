"""Reads of clocks (时限): the stored facts, measured by the calendar of the clock's area."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.db.models import Prefetch, Q
from django.utils import timezone

from yiwang.engines.clocks.data import (
    CALENDAR_NOT_PUBLISHED,
    DATED,
    GREEN,
    PAUSED,
    RED,
    RUNNING,
    STOPPED,
    YELLOW,
    ClockView,
    ExtensionView,
    LegalClock,
    PauseView,
)
from yiwang.engines.clocks.models import Clock
from yiwang.engines.clocks.rules import SECONDS_AN_HOUR, WORKING_HOUR, Facts, Ruler
from yiwang.kernel.api import (
    CalendarNotPublished,
    CodeView,
    calendar_get,
    code_get,
    code_list,
    office_hours_get,
)
from yiwang.sdk.errors import N_, Invalid

LEGAL_CLOCKS = "legal_clocks"
_ZONE = timezone.get_default_timezone()
# Plain lists on the clock: far cheaper to read than the managers, thousands of times in a rebuild.
WITH_FACTS = (
    Prefetch("pauses", to_attr="pause_rows"),
    Prefetch("extensions", to_attr="extension_rows"),
)


@dataclass(frozen=True, slots=True)
class Due:
    """A due date as it is mirrored (到期)."""

    due_at: datetime | None
    due_state: str
    missing_year: int | None = None


def clock_list(subject: str, *, now: datetime, below: bool = False) -> list[ClockView]:
    """List the clocks of a subject (时限) as they stand at `now`, in the order they were started.

    below: also those of "<subject>/…", the branches of an application.
    """
    rows = Clock.objects.filter(subject_filter(subject, below=below))
    return _views(rows, now)


def clock_map(subjects: Iterable[str], *, now: datetime) -> dict[str, list[ClockView]]:
    """Return the clocks of many subjects at once, every subject a key: for lists and desks."""
    found: dict[str, list[ClockView]] = {subject: [] for subject in subjects}
    for view in _views(Clock.objects.filter(subject__in=list(found)), now):
        found[view.subject].append(view)
    return found


def clock_get(clock_id: int, *, now: datetime) -> ClockView | None:
    """Return one clock (时限), None when there is none."""
    return next(iter(_views(Clock.objects.filter(pk=clock_id), now)), None)


class LegalClockUnknown(Invalid):
    """There is no such legal limit on that day (没有这项法定时限)."""

    code = "legal_clock_unknown"
    message = N_("There is no legal time limit %(code)s in the table of that day.")


def legal_clock_get(code: str, *, on: date) -> LegalClock:
    """Return a legal limit in force on a day (法定时限). Raises `LegalClockUnknown`."""
    found = code_get(LEGAL_CLOCKS, code, as_of=on)
    if found is None:
        raise LegalClockUnknown(code=code)
    return _legal_clock(found)


def legal_clock_list(*, on: date) -> list[LegalClock]:
    """List the legal limits in force on a day (法定时限表)."""
    return [_legal_clock(found) for found in code_list(LEGAL_CLOCKS, as_of=on)]


def _legal_clock(found: CodeView) -> LegalClock:
    told = found.attributes
    return LegalClock(
        code=found.code,
        title=found.title,
        kind=told["kind"],
        amount=int(told["amount"]),
        unit=told["unit"],
        extension=int(told["extension"]) if told.get("extension") else None,
        approver=told.get("approver", ""),
        silence=told.get("silence", ""),
        basis=told.get("basis", ""),
    )


def clock_projection(
    clock_id: int, *, resumed_at: datetime | None = None, extension: int = 0
) -> Due | None:
    """Return when a clock would be due (预计到期) if its pause ended then and it were extended so.

    None for a clock that does not exist. Changes nothing.
    """
    clock = next(iter(Clock.objects.filter(pk=clock_id).prefetch_related(*WITH_FACTS)), None)
    if clock is None:
        return None
    facts = facts_of(clock)
    ends = local(resumed_at) if resumed_at else None
    pauses = tuple((begin, end or ends) for begin, end in facts.pauses)
    changed = replace(facts, amount=facts.amount + extension, pauses=pauses)
    return due_of(changed, ruler_get(clock.area_code))


def clock_due_map(subjects: Iterable[str]) -> dict[str, tuple[datetime, datetime]]:
    """Return when the first open clock of each subject is due, and from when to warn (最近到期).

    One query over the mirrored due dates; a subject without a dated open clock is left out.
    """
    rows = Clock.objects.filter(
        subject__in=list(subjects), stopped_at=None, due_at__isnull=False
    ).order_by("due_at")
    found: dict[str, tuple[datetime, datetime]] = {}
    for subject, due_at, area_code in rows.values_list("subject", "due_at", "area_code"):
        if subject not in found:
            due = timezone.localtime(due_at, _ZONE)
            found[subject] = (due_at, ruler_get(area_code).warn_at(due))
    return found


def clock_due_list(
    *, until: datetime, now: datetime, after: tuple[datetime, int] | None = None, limit: int = 500
) -> list[ClockView]:
    """List open clocks that are due up to a moment (到期清单), soonest first, for warnings and cards.

    after: (due_at, id) of the last one seen, for the next page.
    """
    rows = Clock.objects.filter(stopped_at=None, due_at__lte=until)
    if after is not None:
        rows = rows.filter(Q(due_at__gt=after[0]) | Q(due_at=after[0], id__gt=after[1]))
    ids = list(rows.order_by("due_at", "id").values_list("id", flat=True)[:limit])
    views = {view.id: view for view in _views(Clock.objects.filter(id__in=ids), now)}
    return [views[clock_id] for clock_id in ids]


def subject_filter(subject: str, *, below: bool) -> Q:
    """Return the filter of a subject, with or without what stands below it."""
    chosen = Q(subject=subject)
    return chosen | Q(subject__startswith=f"{subject}/") if below else chosen


def ruler_get(area_code: str) -> Ruler:
    """Return what the clocks of an area are measured by."""
    return Ruler(calendar_get(area_code), office_hours_get())


def local(moment: datetime) -> datetime:
    """Return a moment in the city's own time zone, whatever zone the person reads in."""
    return moment.astimezone(_ZONE)


def facts_of(clock: Clock) -> Facts:
    """Return the facts that a clock's state follows from; read `WITH_FACTS`."""
    return Facts(
        unit=clock.unit,
        amount=clock.amount + sum(extension.amount for extension in clock.extension_rows),
        started_at=local(clock.started_at),
        pauses=tuple(
            (local(pause.paused_at), pause.resumed_at and local(pause.resumed_at))
            for pause in clock.pause_rows
        ),
        stopped_at=clock.stopped_at and local(clock.stopped_at),
    )


def due_of(facts: Facts, ruler: Ruler) -> Due:
    """Derive the due date (到期时刻) with its state: a missing calendar is said, never guessed."""
    try:
        due_at = ruler.due_at(facts)
    except CalendarNotPublished as missing:
        return Due(None, CALENDAR_NOT_PUBLISHED, missing.year)
    return Due(due_at, DATED if due_at else PAUSED)


def _views(rows, now: datetime) -> list[ClockView]:
    clocks = list(rows.order_by("id").prefetch_related(*WITH_FACTS))
    rulers = {area: ruler_get(area) for area in {clock.area_code for clock in clocks}}
    now = local(now)
    return [_view(clock, rulers[clock.area_code], now) for clock in clocks]


def _view(clock: Clock, ruler: Ruler, now: datetime) -> ClockView:
    facts = facts_of(clock)
    due = due_of(facts, ruler)
    try:
        elapsed = ruler.elapsed(facts, now)
    except CalendarNotPublished:
        elapsed = None
    remaining = None if elapsed is None else ruler.total(facts) - elapsed
    at = facts.stopped_at or now
    is_overdue = due.due_at is not None and at > due.due_at
    warn_at = _warn_at(due, ruler)
    return ClockView(
        id=clock.pk,
        subject=clock.subject,
        kind=clock.kind,
        label=clock.label,
        amount=facts.amount,
        unit=clock.unit,
        started_at=facts.started_at,
        stopped_at=facts.stopped_at,
        department_id=clock.department_id,
        legal_basis=clock.legal_basis,
        state=STOPPED if facts.stopped_at else PAUSED if facts.is_paused else RUNNING,
        elapsed=_in_unit(elapsed, clock.unit),
        remaining=_in_unit(remaining, clock.unit),
        due_at=due.due_at,
        due_state=due.due_state,
        missing_year=due.missing_year,
        warn_at=warn_at,
        light=_light(facts, ruler, remaining, is_overdue, warn_at, now),
        is_overdue=is_overdue,
        pauses=tuple(
            PauseView(pause.ground, pause.document, *span, pause.note, pause.expected_days)
            for pause, span in zip(clock.pause_rows, facts.pauses, strict=True)
        ),
        extensions=tuple(
            ExtensionView(
                e.amount, e.reason, e.approver_account_id, local(e.extended_at), e.approver_level
            )
            for e in clock.extension_rows
        ),
        policy=clock.policy,
        approver=clock.approver,
        extension_max=clock.extension_max,
        silence=clock.silence,
        silent_at=clock.silent_at,
    )


def _light(
    facts: Facts,
    ruler: Ruler,
    remaining: int | None,
    is_overdue: bool,
    warn_at: datetime | None,
    now: datetime,
) -> str:
    if is_overdue:
        return RED
    if facts.stopped_at:
        return GREEN
    if warn_at is not None:
        return YELLOW if now >= warn_at else GREEN
    # Without a due date the count decides; without a count nobody can say that all is well.
    return GREEN if remaining is not None and not ruler.is_nearly_used(facts, remaining) else YELLOW


def _warn_at(due: Due, ruler: Ruler) -> datetime | None:
    try:
        return ruler.warn_at(due.due_at) if due.due_at else None
    except CalendarNotPublished:  # calendar days need no calendar to be due, only to warn
        return None


def _in_unit(amount: int | None, unit: str) -> float | None:
    if amount is None or unit != WORKING_HOUR:
        return amount
    return amount / SECONDS_AN_HOUR
