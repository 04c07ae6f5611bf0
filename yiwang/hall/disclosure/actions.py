"""Keeping, publishing, correcting and hiding records of the double publicity (双公示).

A record is a decision on a subject. What was published is never changed: a correction is a new revision, and
hiding keeps the row with its ground.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

from django.db import IntegrityError, transaction
from django.utils import timezone

from yiwang.engines.api import clock_due_map, clock_start, clock_stop
from yiwang.hall.disclosure.data import (
    CHECKING,
    EXPIRED,
    HIDDEN,
    PUBLISHED,
    READY,
    REPAIR,
    REPLACED,
    REVOKED,
    RecordView,
)
from yiwang.hall.disclosure.errors import (
    NotPublishedYet,
    ReasonNeeded,
    RecordMoved,
    RecordNotFound,
    RecordNotYours,
    TooEarly,
)
from yiwang.hall.disclosure.models import DisclosureRecord
from yiwang.hall.disclosure.queries import ENTER, PUBLISH, PURPOSE, record_rows, record_view
from yiwang.hall.disclosure.rules import (
    check,
    day_read,
    key_make,
    months_after,
    search_make,
    standard_get,
    values_clean,
    values_public,
)
from yiwang.identity.api import data_scope, department_get
from yiwang.kernel.api import action, audit_record, context_get, event_publish

GENERAL = "GENERAL"
TEXT_MAX = 2000
_ORGAN = {"XK": ("XK_XKJG", "XK_LYDW"), "CF": ("CF_CFJG", "CF_SJLY")}


@dataclass(frozen=True, slots=True)
class Kept:
    """What an entry became; `is_new` is False when the same stood there already."""

    record: RecordView
    is_new: bool


@action("hall.disclosure.enter", permission=ENTER)
def record_enter(
    kind: str,
    given: Mapping[str, object],
    *,
    department_id: int,
    source: str,
    now: datetime,
    period: str = GENERAL,
    matter_code: str = "",
) -> Kept:
    """Keep a decision that is to be published (录入公示信息), with whatever is wrong in it marked.

    given: by field code or Chinese title; the organ's name and code are filled in from the department. The same
    decision on the same subject again: equal content changes nothing, other content becomes a revision to be
    published (更正). Raises `RecordNotYours`.
    """
    context = context_get()
    if context.population != "SYSTEM" and department_id not in context.department_ids:
        raise RecordNotYours()
    period = period if period in standard_get().periods else GENERAL
    values = _filled(kind, values_clean(kind, given), department_id)
    key = key_make(kind, values)
    with data_scope(purpose=PURPOSE, reason=f"disclosure:{key}"):
        rows = DisclosureRecord.objects.select_for_update().filter(key=key, is_current=True)
        current = rows.first()
        if current is not None and current.department_id != department_id:
            raise RecordNotYours()
        if current is not None and (current.values, current.period) == (values, period):
            audit_record(f"disclosure:{current.pk}", detail={"unchanged": True})
            return Kept(record_view(current), is_new=False)
        if current is not None and current.state == HIDDEN:
            raise RecordMoved()
        try:
            with transaction.atomic():
                row = _revision(
                    current,
                    kind=kind,
                    values=values,
                    key=key,
                    department_id=department_id,
                    period=period,
                    source=source,
                    matter_code=matter_code,
                    reason="",
                    now=now,
                )
        except IntegrityError:  # another entered the same decision in this moment
            raise RecordMoved() from None
    return Kept(record_view(row), is_new=True)


@action("hall.disclosure.correct", permission=ENTER)
def record_correct(
    record_id: int,
    given: Mapping[str, object],
    *,
    reason: str,
    now: datetime,
    period: str = "",
) -> RecordView:
    """Put a record right (更正). What was published stays as an old revision; a draft is corrected in place.

    Raises `RecordNotFound`, `RecordMoved`, `ReasonNeeded` for a published one without a reason.
    """
    with data_scope(purpose=PURPOSE, reason=f"disclosure:{record_id}"):
        current = _own(record_id)
        if current.state not in (CHECKING, READY, PUBLISHED) or not current.is_current:
            raise RecordMoved()
        was_published = current.first_published_at is not None
        if was_published and not reason.strip():
            raise ReasonNeeded(fields={"reason": [ReasonNeeded.message]})
        values = _filled(current.kind, values_clean(current.kind, given), current.department_id)
        key = key_make(current.kind, values)
        if _is_taken(key, current):
            raise RecordMoved()
        row = _revision(
            current,
            kind=current.kind,
            values=values,
            key=key,
            department_id=current.department_id,
            period=period or current.period,
            source=current.source,
            matter_code=current.matter_code,
            reason=reason.strip()[:TEXT_MAX],
            now=now,
        )
    return record_view(row)


@action("hall.disclosure.publish", permission=PUBLISH)
def record_publish(record_id: int, *, now: datetime) -> RecordView:
    """Publish a record (公示): it must be clean. Raises `NotPublishedYet` with the fields, `RecordMoved`."""
    with data_scope(purpose=PURPOSE, reason=f"disclosure:{record_id}"):
        row = _own(record_id)
        if row.state not in (CHECKING, READY) or not row.is_current:
            raise RecordMoved()
        row.errors = check(row.kind, row.values, period=row.period, today=timezone.localdate(now))
        if row.errors:
            raise NotPublishedYet(fields=row.errors)
        _publish(row, now=now)
    return record_view(row)


@action("hall.disclosure.publish_all", permission=PUBLISH)
def records_publish(*, kind: str = "", limit: int = 2000, now: datetime) -> int:
    """Publish all clean records of one's departments (批量公示); returns how many."""
    count = 0
    with data_scope(purpose=PURPOSE, reason="批量公示"):
        rows = record_rows().filter(state=READY, is_current=True)
        rows = rows.filter(kind=kind) if kind else rows
        for row in rows.select_for_update().order_by("pk")[:limit]:
            row.errors = check(
                row.kind, row.values, period=row.period, today=timezone.localdate(now)
            )
            if row.errors:
                row.state = CHECKING
                row.save(update_fields=["state", "errors"])
                continue
            _publish(row, now=now)
            count += 1
    audit_record("disclosure:batch", detail={"published": count, "kind": kind})
    return count


@action("hall.disclosure.hide", permission=PUBLISH)
def record_hide(record_id: int, *, ground: str, reason: str, now: datetime) -> RecordView:
    """Take a record from view (停止公示): credit repaired after the shortest time, or the decision withdrawn.

    The row stays with ground and reason. Raises `ReasonNeeded`, `TooEarly`, `RecordMoved`.
    """
    if ground not in (REPAIR, REVOKED) or not reason.strip():
        raise ReasonNeeded(fields={"reason": [ReasonNeeded.message]})
    with data_scope(purpose=PURPOSE, reason=f"disclosure:{record_id}"):
        row = _own(record_id)
        if row.state != PUBLISHED:
            raise RecordMoved()
        if ground == REPAIR:
            earliest = repair_day(row.kind, row.decided_date, row.period)
            if earliest is None:
                raise RecordMoved()
            if timezone.localdate(now) < earliest:
                raise TooEarly(day=earliest.isoformat())
        _hide(row, ground=ground, reason=reason.strip()[:TEXT_MAX], now=now)
    return record_view(row)


def repair_day(kind: str, decided: date, period: str) -> date | None:
    """Return from when credit repair may end a publication (最短公示期满); None for a licence."""
    if kind != "CF":
        return None
    return months_after(decided, standard_get().periods[period or GENERAL].min_months)


@action("hall.disclosure.expire")
def records_expire(*, today: date, now: datetime, limit: int = 2000) -> int:
    """Take from view what was published for as long as it may be (公示期满自动停止); returns how many."""
    with data_scope(purpose=PURPOSE, reason="公示期满"):
        rows = DisclosureRecord.objects.filter(state=PUBLISHED, publish_until__lt=today)
        count = 0
        for row in rows.select_for_update().order_by("pk")[:limit]:
            _hide(row, ground=EXPIRED, reason="公示期满", now=now)
            count += 1
    audit_record("disclosure:expiry", detail={"hidden": count})
    return count


def _filled(kind: str, values: dict[str, str], department_id: int) -> dict[str, str]:
    """Fill in who decided and who sends, where the entry says nothing (补全机关名称和代码)."""
    department = department_get(department_id)
    for code in _ORGAN[kind]:
        values[code] = values[code] or department.name
        values[f"{code}DM"] = values[f"{code}DM"] or department.uscc
    return values


def _is_taken(key: str, current: DisclosureRecord) -> bool:
    others = DisclosureRecord.objects.filter(key=key, is_current=True)
    return key != current.key and others.exists()


def _revision(  # noqa: PLR0913 - what a revision consists of
    current: DisclosureRecord | None,
    *,
    kind: str,
    values: dict[str, str],
    key: str,
    department_id: int,
    period: str,
    source: str,
    matter_code: str,
    reason: str,
    now: datetime,
) -> DisclosureRecord:
    """Write what is now to be published: a draft in place, over something published a new revision."""
    today = timezone.localdate(now)
    errors = check(kind, values, period=period, today=today)
    decided = min(day_read(values[f"{kind}_JDRQ"]) or today, today)
    row = current
    if row is None or row.state not in (CHECKING, READY):
        row = DisclosureRecord(thread=secrets.token_hex(16), department_id=department_id, kind=kind)
        if current is not None:
            row.thread, row.revision = current.thread, current.revision + 1
            row.first_published_at, row.due_at = current.first_published_at, current.due_at
            current.is_current = False
            current.save(update_fields=["is_current"])
    is_first = current is None
    row.key, row.values, row.errors = key, values, errors
    row.public_values, row.search = {}, search_make(kind, values)
    row.state = CHECKING if errors else READY
    row.subject_type = values[f"{kind}_XDR_TYPE"][:6]
    row.period, row.source, row.matter_code = period, source, matter_code
    row.correction_reason = reason
    was_decided, row.decided_date = row.decided_date, decided
    row.entered_by, row.entered_at = context_get().name, now
    row.save()
    if is_first or was_decided not in (None, decided):
        _clock(row, now=now)
    audit_record(
        f"disclosure:{row.pk}",
        detail={"key": key, "revision": row.revision, "errors": sorted(errors), "reason": reason},
    )
    return row


def _clock(row: DisclosureRecord, *, now: datetime) -> None:
    """Count seven working days from the decision (公示时限); a changed day starts them anew."""
    subject = subject_of(row)
    clock_stop(subject, now=now)
    started = timezone.make_aware(datetime.combine(row.decided_date, time(9)))
    standard = standard_get()
    clock_start(
        subject,
        kind="STEP",
        label={"zh": "公示期限", "en": "Time to publish"},
        amount=standard.publish_days,
        unit="WORKING_DAY",
        started_at=min(started, now),
        now=now,
        department_id=row.department_id,
        legal_basis=standard.publish_basis,
    )
    row.due_at = clock_due_map([subject]).get(subject, (None, None))[0]
    row.save(update_fields=["due_at"])


def subject_of(row: DisclosureRecord) -> str:
    """Return what the clock of a record is about (时限对象); revisions share it."""
    return f"disclosure:{row.thread}"


def _publish(row: DisclosureRecord, *, now: datetime) -> None:
    shown = DisclosureRecord.objects.filter(thread=row.thread, state=PUBLISHED)
    shown.update(state=REPLACED)
    row.state, row.published_at = PUBLISHED, now
    row.first_published_at = row.first_published_at or now
    row.public_values = values_public(row.kind, row.values)
    row.publish_until = _until(row)
    row.save()
    clock_stop(subject_of(row), now=now)
    is_late = row.due_at is not None and row.first_published_at > row.due_at
    event_publish(
        "disclosure.published",
        {
            "record_id": row.pk,
            "kind": row.kind,
            "department_id": row.department_id,
            "revision": row.revision,
            "is_late": is_late,
        },
        key=row.key,
    )
    audit_record(f"disclosure:{row.pk}", detail={"state": PUBLISHED, "late": is_late})


def _until(row: DisclosureRecord) -> date | None:
    if row.kind != "CF":
        return None
    longest = months_after(row.decided_date, standard_get().periods[row.period].max_months)
    return min(day_read(row.values["CF_GSJZQ"]) or longest, longest)


def _hide(row: DisclosureRecord, *, ground: str, reason: str, now: datetime) -> None:
    row.state, row.hidden_ground, row.hidden_reason, row.hidden_at = HIDDEN, ground, reason, now
    row.save(update_fields=["state", "hidden_ground", "hidden_reason", "hidden_at"])
    drafts = DisclosureRecord.objects.filter(thread=row.thread, state__in=(CHECKING, READY))
    drafts.update(state=HIDDEN, hidden_ground=ground, hidden_reason=reason, hidden_at=now)
    event_publish(
        "disclosure.hidden",
        {"record_id": row.pk, "kind": row.kind, "ground": ground},
        key=row.key,
    )
    audit_record(
        f"disclosure:{row.pk}", detail={"state": HIDDEN, "ground": ground, "reason": reason}
    )


def _own(record_id: int) -> DisclosureRecord:
    row = record_rows().select_for_update().filter(pk=record_id).first()
    if row is None:
        raise RecordNotFound()
    return row
