"""Starting, pausing, resuming, extending and stopping clocks (时限).

The engine's acts need no permission of their own: the act of the hall that causes them carries it.
The due columns are set again in the same transaction from the facts just written.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Q

from yiwang.engines.clocks.data import APPROVERS, DATED, KINDS, SILENCES, UNITS
from yiwang.engines.clocks.models import Clock, ClockExtension, ClockPause
from yiwang.engines.clocks.queries import (
    WITH_FACTS,
    due_of,
    facts_of,
    legal_clock_get,
    local,
    ruler_get,
    subject_filter,
)
from yiwang.engines.clocks.rules import Facts, Ruler
from yiwang.kernel.api import EventView, action, audit_record, code_get, event_publish, row_insert
from yiwang.sdk.errors import N_, Conflict, Invalid, NotFound

logger = logging.getLogger(__name__)
PAUSE_GROUNDS = "pause_grounds"
CHUNK = 2000


class PauseGroundUnknown(Invalid):
    """A clock may only be paused on a listed ground (中止事由)."""

    code = "pause_ground_unknown"
    message = N_("%(ground)s is not a listed ground for pausing a time limit.")


class ClockStopped(Conflict):
    """The clock has been stopped: its limit can no longer change."""

    code = "clock_stopped"
    message = N_("This time limit has already ended.")


class ClockOverdue(Conflict):
    """An extension comes too late (逾期后不得延长): it must be approved within the limit."""

    code = "clock_overdue"
    message = N_("The time limit has already run out, so it can no longer be extended.")


class ExtensionTooLong(Invalid):
    """Together the extensions would exceed what the law allows (超出法定最长延长期限)."""

    code = "extension_too_long"
    message = N_("The time limit can be extended by at most %(maximum)s in all.")


class ApprovalTooLow(Invalid):
    """An extension must be approved higher up (延长须由更高层级批准)."""

    code = "approval_too_low"
    message = N_("This time limit can only be extended with the approval of %(level)s.")


APPROVER_TITLES = {
    "DEPARTMENT_HEAD": {"zh": "部门负责人", "en": "the head of the department"},
    "AGENCY_HEAD": {"zh": "本行政机关负责人", "en": "the head of the agency"},
    "GOVERNMENT_HEAD": {"zh": "本级人民政府负责人", "en": "the head of the government"},
}


@dataclass(frozen=True, slots=True)
class ClockStarted:
    """A clock just started (起算结果): its id, when it is due, from when to warn; both None where that is unknown."""

    id: int
    due_at: datetime | None
    warn_at: datetime | None


def clock_start(subject: str, **limit: object) -> int:
    """Start a clock (起算) and return its id; takes and raises what `clock_begin` does."""
    return clock_begin(subject, **limit).id  # type: ignore[arg-type]


@action("engines.clocks.start")
def clock_begin(  # noqa: PLR0913 - what a limit consists of
    subject: str,
    *,
    kind: str,
    label: dict[str, str],
    amount: int,
    unit: str,
    started_at: datetime,
    now: datetime,
    department_id: int | None = None,
    legal_basis: str = "",
    area_code: str = "",
    extension_max: int | None = None,
    policy: str = "",
    approver: str = "",
    silence: str = "",
) -> ClockStarted:
    """Start a clock (起算) and return its id with when it is due.

    kind: LEGAL, PROMISED, DEPARTMENT or STEP; unit: WORKING_DAY, WORKING_HOUR or CALENDAR_DAY;
    amount >= 0, 0 is on the spot; extension_max: the most that extensions may add in all;
    approver: the lowest level that may extend it; silence: what running out means.
    Raises `Invalid`.
    """
    fields = _start_problems(
        kind=kind, unit=unit, amount=amount, subject=subject, approver=approver, silence=silence
    )
    if started_at > now:
        fields["started_at"] = [N_("A time limit cannot start in the future.")]
    if fields:
        raise Invalid(fields=fields)
    clock = Clock(
        subject=subject,
        kind=kind,
        label=label,
        amount=amount,
        unit=unit,
        started_at=started_at,
        department_id=department_id,
        legal_basis=legal_basis,
        area_code=area_code,
        extension_max=extension_max,
        policy=policy,
        approver=approver,
        silence=silence,
    )
    ruler = ruler_get(area_code)
    _due_set(clock, _facts_new(clock), ruler)
    row_insert(clock)
    audit_record(subject, detail={"clock": clock.pk, "kind": kind, "amount": amount, "unit": unit})
    warn_at = ruler.warn_at(local(clock.due_at)) if clock.due_at else None
    return ClockStarted(clock.pk, clock.due_at, warn_at)


@action("engines.clocks.pause")
def clock_pause(
    subject: str,
    *,
    ground: str,
    document: str,
    now: datetime,
    kinds: Iterable[str] | None = None,
    below: bool = False,
    note: str = "",
    expected_days: int | None = None,
) -> int:
    """Pause the running clocks of a subject (中止) and return how many were paused by this.

    ground: a code of the table `pause_grounds`; document: number or title of the paper that says so;
    note: the reason in words; expected_days: how long it will take, as the applicant was told.
    A clock that is already paused on that ground stays as it is; other grounds may overlap.
    Raises `PauseGroundUnknown`, `Invalid`, `Conflict` when a clock starts later than `now`.
    """
    if code_get(PAUSE_GROUNDS, ground, as_of=local(now).date()) is None:
        raise PauseGroundUnknown(ground=ground)
    if not document.strip():
        raise Invalid(fields={"document": [N_("Name the document that pauses the time limit.")]})
    paused = []
    for clock in _open_clocks(subject, kinds=kinds, below=below):
        if any(p.ground == ground and p.resumed_at is None for p in clock.pause_rows):
            continue
        if now < clock.started_at:
            raise Conflict()
        ClockPause.objects.create(
            clock=clock,
            ground=ground,
            document=document,
            note=note.strip()[:500],
            expected_days=expected_days,
            paused_at=now,
        )
        paused.append(clock.pk)
    _due_refresh(paused)
    _audit(subject, paused, ground=ground, document=document)
    return len(paused)


@action("engines.clocks.resume")
def clock_resume(
    subject: str,
    *,
    now: datetime,
    ground: str = "",
    kinds: Iterable[str] | None = None,
    below: bool = False,
) -> int:
    """End the open pauses of a subject's clocks (恢复) and return how many clocks they were of.

    ground: end only the pauses on that ground, "" ends all. Raises `Conflict` when a pause began
    later than `now`.
    """
    resumed = []
    for clock in _open_clocks(subject, kinds=kinds, below=below):
        waiting = [p for p in clock.pause_rows if p.resumed_at is None and ground in ("", p.ground)]
        if any(pause.paused_at > now for pause in waiting):
            raise Conflict()
        if waiting:
            clock.pauses.filter(pk__in=[p.pk for p in waiting]).update(resumed_at=now)
            resumed.append(clock.pk)
    _due_refresh(resumed)
    _audit(subject, resumed, ground=ground)
    return len(resumed)


@action("engines.clocks.extend")
def clock_extend(
    clock_id: int,
    *,
    amount: int,
    reason: str,
    approver_account_id: int,
    now: datetime,
    approver_level: str = "",
) -> int:
    """Extend a clock (延长) by `amount` of its unit and return the extension's id.

    approver_level: in which capacity it was approved; a clock with a level of its own asks for that
    level or a higher one. Raises `Invalid` without reason, approver or a positive amount,
    `ApprovalTooLow`, `ExtensionTooLong`, `ClockStopped`, `ClockOverdue`, `NotFound`.
    """
    fields = _extension_problems(amount, reason, approver_account_id)
    if fields:
        raise Invalid(fields=fields)
    clock = next(_locked(Clock.objects.filter(pk=clock_id)), None)
    if clock is None:
        raise NotFound()
    if clock.stopped_at:
        raise ClockStopped()
    if clock.approver and not _level_suffices(approver_level, clock.approver):
        raise ApprovalTooLow(level=APPROVER_TITLES[clock.approver], fields={"approver_level": []})
    due = due_of(facts_of(clock), ruler_get(clock.area_code))
    if due.due_at is not None and now > due.due_at:
        raise ClockOverdue()
    granted = sum(extension.amount for extension in clock.extension_rows) + amount
    if clock.extension_max is not None and granted > clock.extension_max:
        raise ExtensionTooLong(maximum=clock.extension_max, fields={"amount": []})
    extension = ClockExtension.objects.create(
        clock=clock,
        amount=amount,
        reason=reason,
        approver_account_id=approver_account_id,
        approver_level=approver_level,
        extended_at=now,
    )
    _due_refresh([clock.pk])
    audit_record(
        clock.subject,
        detail={
            "clock": clock.pk,
            "amount": amount,
            "reason": reason,
            "approver_account_id": approver_account_id,
        },
    )
    return extension.pk


@action("engines.clocks.stop")
def clock_stop(
    subject: str, *, now: datetime, kinds: Iterable[str] | None = None, below: bool = False
) -> int:
    """Stop the clocks of a subject for good (终止计时) and return how many; open pauses end with it.

    Raises `Conflict` when a clock or a pause of it began later than `now`.
    """
    stopped = []
    for clock in _open_clocks(subject, kinds=kinds, below=below):
        if max([clock.started_at, *(p.paused_at for p in clock.pause_rows)]) > now:
            raise Conflict()
        stopped.append(clock.pk)
    Clock.objects.filter(pk__in=stopped).update(stopped_at=now)
    _due_refresh(stopped)
    _audit(subject, stopped)
    return len(stopped)


def clock_start_legal(subject: str, **limit: object) -> int:
    """Start a clock as the law sets it (按法定时限起算) and return its id; as `clock_begin_legal`."""
    return clock_begin_legal(subject, **limit).id  # type: ignore[arg-type]


@action("engines.clocks.start_legal")
def clock_begin_legal(
    subject: str,
    *,
    policy: str,
    started_at: datetime,
    now: datetime,
    amount: int | None = None,
    label: dict[str, str] | None = None,
    department_id: int | None = None,
    area_code: str = "",
) -> ClockStarted:
    """Start a clock as the law sets it (按法定时限起算): a row of `legal_clocks` in force on that day.

    amount: what was promised instead; never more than the law gives. Raises `LegalClockUnknown`,
    `Invalid`.
    """
    legal = legal_clock_get(policy, on=local(started_at).date())
    if amount is not None and amount > legal.amount:
        raise Invalid(fields={"amount": [N_("A promised limit cannot be longer than the law's.")]})
    started = clock_begin(
        subject,
        kind="PROMISED" if amount is not None and legal.kind == "LEGAL" else legal.kind,
        label=label or legal.title,
        amount=legal.amount if amount is None else amount,
        unit=legal.unit,
        started_at=started_at,
        now=now,
        department_id=department_id,
        legal_basis=legal.basis,
        area_code=area_code,
        extension_max=legal.extension or 0,
        policy=legal.code,
        approver=legal.approver,
        silence=legal.silence,
    )
    audit_record(subject, detail={"policy": policy, "clock": started.id})
    return started


def clock_silence_sweep(*, now: datetime, limit: int = 500) -> int:
    """Announce the clocks whose silence has taken effect (逾期默认): once each; returns how many.

    "clock.silent" {clock_id, subject, silence, policy, started_at, due_at, legal_basis}. The room
    that the subject belongs to then does what silence means.
    """
    told = 0
    while True:
        with transaction.atomic():
            rows = Clock.objects.filter(
                ~Q(silence=""), stopped_at=None, silent_at=None, due_at__lt=now
            )
            chunk = list(rows.order_by("due_at", "id").select_for_update()[:limit])
            if not chunk:
                return told
            Clock.objects.filter(pk__in=[clock.pk for clock in chunk]).update(silent_at=now)
            for clock in chunk:
                event_publish("clock.silent", _silent_payload(clock), key=clock.subject)
            audit_record(
                "clocks", act="engines.clocks.silence", detail={"clocks": [c.pk for c in chunk]}
            )
            told += len(chunk)


def _silent_payload(clock: Clock) -> dict:
    return {
        "clock_id": clock.pk,
        "subject": clock.subject,
        "silence": clock.silence,
        "policy": clock.policy,
        "started_at": clock.started_at.isoformat(),
        "due_at": clock.due_at.isoformat(),
        "legal_basis": clock.legal_basis,
    }


def _level_suffices(given: str, needed: str) -> bool:
    return given in APPROVERS and APPROVERS.index(given) >= APPROVERS.index(needed)


def clock_rebuild(rows=None) -> int:
    """Derive the due columns of clocks again (重算) and return how many were wrong.

    rows: a queryset of `Clock`, by default all. A chunk at a time, each in its own transaction, so
    nothing waits long; announces "clock.due_changed" with the subjects whose due date moved.
    """
    rows = Clock.objects.all() if rows is None else rows
    changed, last = 0, 0
    while True:
        with transaction.atomic():
            chunk = list(_locked(rows.filter(pk__gt=last), limit=CHUNK))
            if not chunk:
                return changed
            last = chunk[-1].pk
            moved = _due_write(chunk)
            changed += len(moved)
            if moved:
                subjects = sorted({clock.subject for clock in moved})
                event_publish("clock.due_changed", {"subjects": subjects})
                audit_record("clocks", act="engines.clocks.rebuild", detail={"clocks": len(moved)})


def clock_recalculate(event: EventView) -> int:
    """Derive the open clocks again that a change of the calendar can move (日历变更后重算)."""
    years = event.payload["years"]
    # A day of slack on both sides: the city's years do not begin with those of UTC.
    since = datetime(min(years), 1, 1, tzinfo=UTC) - timedelta(days=1)
    until = datetime(max(years) + 1, 1, 1, tzinfo=UTC) + timedelta(days=1)
    touched = ~Q(due_state=DATED) | Q(due_at__gte=since)
    changed = clock_rebuild(Clock.objects.filter(touched, stopped_at=None, started_at__lt=until))
    logger.info("The calendar of %s changed: %s clocks moved.", years, changed)
    return changed


def _start_problems(
    *, kind: str, unit: str, amount: int, subject: str, approver: str, silence: str
) -> dict[str, list[str]]:
    checks = {
        "approver": (approver in ("", *APPROVERS), N_("This level of approval is unknown.")),
        "silence": (silence in ("", *SILENCES), N_("This meaning of silence is unknown.")),
        "kind": (kind in KINDS, N_("This kind of time limit is unknown.")),
        "unit": (unit in UNITS, N_("This unit of time is unknown.")),
        "amount": (amount >= 0, N_("A time limit cannot be negative.")),
        "subject": (bool(subject.strip()), N_("A time limit needs something that it is for.")),
    }
    return {name: [text] for name, (is_right, text) in checks.items() if not is_right}


def _extension_problems(amount: int, reason: str, approver_account_id: int) -> dict:
    checks = {
        "amount": (amount > 0, N_("An extension must be longer than nothing.")),
        "reason": (bool(reason.strip()), N_("State the reason for the extension.")),
        "approver_account_id": (
            bool(approver_account_id),
            N_("An extension needs the approval of the head of the department."),
        ),
    }
    return {name: [text] for name, (is_right, text) in checks.items() if not is_right}


def _facts_new(clock: Clock) -> Facts:
    return Facts(clock.unit, clock.amount, local(clock.started_at))


def _open_clocks(subject: str, *, kinds: Iterable[str] | None, below: bool) -> Iterator[Clock]:
    rows = Clock.objects.filter(subject_filter(subject, below=below), stopped_at=None)
    return _locked(rows if kinds is None else rows.filter(kind__in=list(kinds)))


def _locked(rows, *, limit: int | None = None) -> Iterator[Clock]:
    """Yield clocks in order of id, locked, with their pauses and extensions as just read."""
    chosen = rows.order_by("pk").select_for_update()[:limit]
    yield from chosen.prefetch_related(*WITH_FACTS)


def _due_refresh(clock_ids: list[int]) -> None:
    _due_write(list(_locked(Clock.objects.filter(pk__in=clock_ids))))


def _due_write(clocks: list[Clock]) -> list[Clock]:
    """Set the due columns from the facts and return the clocks whose columns were different."""
    rulers = {area: ruler_get(area) for area in {clock.area_code for clock in clocks}}
    moved = [clock for clock in clocks if _due_set(clock, facts_of(clock), rulers[clock.area_code])]
    # Many clocks end on the same day: one statement a day, not one a clock.
    same: dict[tuple, list[int]] = defaultdict(list)
    for clock in moved:
        same[clock.due_at, clock.due_state, clock.missing_year].append(clock.pk)
    for (due_at, due_state, missing_year), ids in same.items():
        Clock.objects.filter(pk__in=ids).update(
            due_at=due_at, due_state=due_state, missing_year=missing_year
        )
    return moved


def _due_set(clock: Clock, facts: Facts, ruler: Ruler) -> bool:
    before = (clock.due_at, clock.due_state, clock.missing_year)
    due = due_of(facts, ruler)
    clock.due_at, clock.due_state, clock.missing_year = due.due_at, due.due_state, due.missing_year
    return before != (clock.due_at, clock.due_state, clock.missing_year)


def _audit(subject: str, clock_ids: list[int], **detail: str) -> None:
    audit_record(
        subject,
        detail={"clocks": clock_ids, **detail},
        outcome="DONE" if clock_ids else "UNCHANGED",
    )
