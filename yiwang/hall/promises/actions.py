"""What may happen to promises (承诺操作): made, begun, kept, returned, broken; each an audited act."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils import timezone

from yiwang.engines.api import (
    attachment_put,
    clock_due_map,
    clock_pause,
    clock_start,
    clock_stop,
)
from yiwang.hall.licences.actions import licence_revoke
from yiwang.hall.licences.queries import licence_list_by_source
from yiwang.hall.promises import rules
from yiwang.hall.promises.data import (
    ALL_MATTERS,
    COMMITMENT,
    MADE,
    THIS_MATTER,
    TOLERANT,
    Pledge,
    PromiseCase,
)
from yiwang.hall.promises.errors import (
    CommitmentBarred,
    PromiseBarred,
    PromiseHeld,
    PromiseNotFound,
    PromiseReasonMissing,
    PromiseStateWrong,
)
from yiwang.hall.promises.models import Promise, PromiseBar, PromiseBreach
from yiwang.hall.promises.queries import (
    BREAK,
    CHECK,
    bar_get,
    bars_of,
    promise_rows,
    promise_view,
)
from yiwang.hall.promises.registry import supply_tell
from yiwang.identity.api import data_scope
from yiwang.kernel.api import (
    action,
    audit_record,
    calendar_get,
    context_get,
    context_system,
    context_use,
    event_publish,
)
from yiwang.sdk.identifiers import person_ref_of

MB = 1024 * 1024
_ZONE = timezone.get_default_timezone()
CLOCK_LABELS = {
    TOLERANT: {"zh": "补交材料期限", "en": "Time to hand in the document"},
    COMMITMENT: {"zh": "承诺核查期限", "en": "Time to check the commitment"},
}
REVOCABLE = ("PENDING", "VALID", "EXPIRING", "SUSPENDED")


@action("hall.promises.make")
def promises_make(case: PromiseCase, pledges: Iterable[Pledge], *, now: datetime) -> list[int]:
    """Write down what is promised with an application (登记承诺); part of the act that submits.

    Raises CommitmentBarred, PromiseBarred for somebody who broke one before.
    """
    made = []
    with data_scope(purpose="登记承诺", reason=case.subject):
        for pledge in pledges:
            promise_allowed(pledge.kind, case.holder_ref, case.matter_code, now=now)
            made.append(_create(case, pledge))
    audit_record(
        case.subject,
        person_ref=person_ref_of(case.holder_ref),
        detail={"promises": [{"key": row.key, "sha256": row.sha256} for row in made]},
    )
    for row in made:
        _announce("promise.made", row)
    return [row.pk for row in made]


def promise_allowed(kind: str, holder_ref: str, matter_code: str, *, now: datetime) -> None:
    """Refuse a promise of somebody who is barred (承诺限制). Raises CommitmentBarred, PromiseBarred."""
    bar = bars_of(holder_ref, matter_code, on=now.astimezone(_ZONE).date()).get(kind)
    if bar is None:
        return
    if kind == COMMITMENT:
        raise CommitmentBarred(number=bar.number)
    raise PromiseBarred(number=bar.number)


def _create(case: PromiseCase, pledge: Pledge) -> Promise:
    return Promise.objects.create(
        kind=pledge.kind,
        subject=case.subject,
        number=case.number,
        matter_code=case.matter_code,
        title=dict(case.title),
        key=pledge.key,
        item=dict(pledge.title),
        text=dict(pledge.text),
        sha256=pledge.sha256,
        days=pledge.days,
        consequence=pledge.consequence,
        legal_basis=pledge.legal_basis,
        accept=list(pledge.accept),
        max_mb=pledge.max_mb,
        bar_terms=pledge.bar.stored() if pledge.bar else None,
        holder_ref=case.holder_ref,
        holder_name=case.holder_name,
        account_id=case.account_id,
        department_id=case.department_id,
        made_at=pledge.made_at,
    )


def promises_begin(subject: str, *, kinds: Iterable[str], now: datetime) -> int:
    """Let the time of a subject's promises run (承诺起算): from acceptance, or from the decision.

    kinds: TOLERANT runs from acceptance, COMMITMENT from the decision. Part of the act that accepts or
    decides. Returns how many began.
    """
    rows = promises_of(subject, kind__in=list(kinds), state=MADE)
    return _begin(subject, rows, now=now) if rows else 0


@action("hall.promises.begin")
def _begin(subject: str, rows: list[Promise], *, now: datetime) -> int:
    for row in rows:
        row.state = rules.state_after("BEGIN", row.state)
        row.begun_at = now
        _clock_run(row, days=row.days, now=now)
        row.save()
    audit_record(subject, detail={"begun": [row.key for row in rows]})
    return len(rows)


def promises_of(subject: str, **narrowed: object) -> list[Promise]:
    """Lock the promises of a subject (锁定承诺), for acts of this room."""
    with data_scope(purpose="办理承诺", reason=subject):
        rows = Promise.objects.select_for_update().filter(subject=subject, **narrowed)
        return list(rows.order_by("pk"))


def clock_subject(row: Promise) -> str:
    """Name the clock that runs for a promise now: one for each round."""
    return f"promise:{row.pk}/{row.round}"


def _clock_run(row: Promise, *, days: int, now: datetime) -> None:
    row.round += 1
    clock_start(
        clock_subject(row),
        kind="STEP",
        label=CLOCK_LABELS[row.kind],
        amount=days,
        unit="WORKING_DAY",
        started_at=now,
        now=now,
        department_id=row.department_id,
        legal_basis=row.legal_basis,
    )
    if row.held_at is None:
        due_take(row)
    else:
        clock_hold(row, now=now)


def due_take(row: Promise) -> None:
    """Take over from the clock when a promise is due (到期时间); None before a calendar is published."""
    subject = clock_subject(row)
    row.due_at, row.warn_at = clock_due_map([subject]).get(subject, (None, None))


def clock_hold(row: Promise, *, now: datetime) -> None:
    """Let the clock of a promise stand still with its case (中止计时), on the same ground and paper."""
    hold = row.hold
    clock_pause(
        clock_subject(row),
        ground=hold["ground"],
        document=hold["document"],
        note=hold["note"],
        now=now,
    )
    due_take(row)


def days_left(row: Promise, *, now: datetime) -> int:
    """Count the working days that are left to hand a document in (剩余工作日)."""
    if row.due_at is None:
        return row.days_left or 0
    first, last = (moment.astimezone(_ZONE).date() for moment in (now, row.due_at))
    return calendar_get().working_days_between(first, last)


@action("hall.promises.supply")
def promise_supply(promise_id: int, *, file, now: datetime) -> None:
    """Hand in the document that was promised (补交材料), checked by its content.

    By who promised; or by an officer of the department to whom it was brought. Raises PromiseNotFound,
    PromiseStateWrong, AttachmentRefused.
    """
    row = _lock(promise_id)
    context = context_get()
    is_officer = context.population == "STAFF" and context.may(CHECK)
    if row.holder_ref != context.subject_ref and not is_officer:
        raise PromiseNotFound()
    if row.kind != TOLERANT:
        raise PromiseStateWrong()
    _move(row, "SUPPLY")
    attachment = attachment_put(
        account_id=context.account_id,
        file=file,
        accept=list(row.accept),
        max_bytes=row.max_mb * MB,
        now=now,
    )
    row.attachment_id, row.supplied_at, row.return_reason = attachment.id, now, ""
    row.save()
    if row.round:
        clock_stop(clock_subject(row), now=now)
    supply_tell(promise_view(row), attachment.id, attachment.sha256, now)
    _record(row, {"sha256": attachment.sha256})
    _announce("promise.supplied", row)


@action("hall.promises.return", permission=CHECK)
def promise_return(promise_id: int, *, reason: str, now: datetime) -> None:
    """Send a document that was handed in back (退回补交材料) with the reason; three working days are left at least."""
    if not reason.strip():
        raise PromiseReasonMissing(fields={"reason": [PromiseReasonMissing.message]})
    row = _lock(promise_id)
    _move(row, "RETURN")
    row.return_reason, row.warned_at = reason.strip()[:2000], None
    row.begun_at = row.begun_at or now
    days = max(rules.RETURN_DAYS, days_left(row, now=now))
    row.days_left = None
    _clock_run(row, days=days, now=now)
    row.save()
    _record(row, {"reason": row.return_reason})
    _announce("promise.returned", row, reason=row.return_reason)


@action("hall.promises.keep", permission=CHECK)
def promise_keep(promise_id: int, *, result: str, now: datetime) -> None:
    """Conclude that a promise was kept (核查属实、材料补齐), with what was found."""
    if not result.strip():
        raise PromiseReasonMissing(fields={"result": [PromiseReasonMissing.message]})
    row = _lock(promise_id)
    if row.kind == TOLERANT and row.attachment_id is None:
        raise PromiseStateWrong()
    _move(row, "KEEP")
    _end(row, result=result, now=now)
    _record(row, {"result": row.result})
    _announce("promise.kept", row)


@action("hall.promises.break", permission=BREAK)
def promise_break(promise_id: int, *, reason: str, legal_basis: str, now: datetime) -> None:
    """Conclude that a promise was broken (承诺不实、未履行): what follows was told before it was made.

    A commitment revokes what was issued; both bar from what was told, and are kept for the credit room. Raises
    PromiseReasonMissing, PromiseStateWrong, PromiseHeld.
    """
    missing = {
        name: [PromiseReasonMissing.message]
        for name, text in (("reason", reason), ("legal_basis", legal_basis))
        if not text.strip()
    }
    if missing:
        raise PromiseReasonMissing(fields=missing)
    row = _lock(promise_id)
    if row.held_at is not None:
        raise PromiseHeld()
    _break(row, reason=reason, legal_basis=legal_basis, now=now)


@action("hall.promises.overdue")
def promise_overdue(promise_id: int, *, now: datetime) -> bool:
    """Conclude that a document did not follow in time (逾期未补交); False when it did meanwhile."""
    with data_scope(purpose="承诺到期处理", reason=f"promise:{promise_id}"):
        row = Promise.objects.select_for_update().get(pk=promise_id)
    is_late = row.state == "OPEN" and row.kind == TOLERANT and row.due_at and row.due_at < now
    if not is_late:
        audit_record(f"promise:{promise_id}", detail={"overdue": False})
        return False
    _break(row, reason="承诺补交的材料逾期未补交", legal_basis=row.legal_basis, now=now)
    return True


def _break(row: Promise, *, reason: str, legal_basis: str, now: datetime) -> None:
    _move(row, "BREAK")
    _end(row, result=reason, now=now)
    if rules.revokes(row.kind, row.consequence):
        row.revoked = _revoke(row, reason=reason, legal_basis=legal_basis, now=now)
        row.save(update_fields=["revoked"])
    bar = _bar(row, now=now)
    until = bar.until if bar else None
    PromiseBreach.objects.create(
        promise=row,
        holder_ref=row.holder_ref,
        reason=row.result,
        legal_basis=legal_basis.strip()[:300],
        barred_until=until,
        broken_at=now,
    )
    _record(row, {"reason": row.result, "revoked": row.revoked, "consequence": row.consequence})
    _announce(
        "promise.broken",
        row,
        reason=row.result,
        legal_basis=legal_basis.strip(),
        barred_until=until.isoformat() if until else "",
    )


def _revoke(row: Promise, *, reason: str, legal_basis: str, now: datetime) -> list[str]:
    """Revoke what the application led to (撤销决定), whichever department issued it."""
    text = f"承诺“{row.item['zh']}”未履行或不实：{reason.strip()}"
    found = [one for one in licence_list_by_source(row.subject) if one.state in REVOCABLE]
    with context_use(context_system("承诺未履行，撤销决定", name=context_get().name)):
        for licence in found:
            licence_revoke(
                licence.id,
                reason=text,
                legal_basis=legal_basis.strip() or "申请人书面承诺",
                now=now,
            )
    return [licence.identifier for licence in found]


def _bar(row: Promise, *, now: datetime) -> PromiseBar | None:
    """Bar from what was told with the promise (限制适用); a commitment of before the terms: from this matter."""
    terms = row.bar_terms
    if terms is None and (
        row.kind != COMMITMENT or bar_get(row.holder_ref, row.matter_code) is not None
    ):
        return None
    today = now.astimezone(_ZONE).date()
    terms = terms or {"days": 0, "scope": THIS_MATTER, "kinds": [COMMITMENT]}
    return PromiseBar.objects.create(
        holder_ref=row.holder_ref,
        matter_code="" if terms["scope"] == ALL_MATTERS else row.matter_code,
        promise=row,
        reason=row.result,
        since=now,
        until=today + timedelta(days=terms["days"]) if terms["days"] else None,
        kinds=list(terms["kinds"]),
        decided_by_id=context_get().account_id,
    )


@action("hall.promises.bar_lift", permission=BREAK)
def bar_lift(promise_id: int, *, reason: str, now: datetime) -> None:
    """Let somebody commit themselves again (解除承诺限制), with the reason."""
    if not reason.strip():
        raise PromiseReasonMissing(fields={"reason": [PromiseReasonMissing.message]})
    row = _lock(promise_id)
    lifted = PromiseBar.objects.filter(promise=row, lifted_at__isnull=True).update(
        lifted_at=now, lifted_by=context_get().name[:80], lift_reason=reason.strip()[:2000]
    )
    if not lifted:
        raise PromiseStateWrong()
    _record(row, {"lifted": reason.strip()})


def promises_void(subject: str, *, now: datetime) -> int:
    """Let the promises of an application that came to nothing fall away (承诺失效); returns how many.

    Part of the act that ends the application.
    """
    rows = [row for row in promises_of(subject) if row.state not in rules.ENDED]
    return _void(subject, rows, now=now) if rows else 0


@action("hall.promises.void")
def _void(subject: str, rows: list[Promise], *, now: datetime) -> int:
    for row in rows:
        _move(row, "VOID")
        _end(row, result="", now=now)
    audit_record(subject, detail={"void": [row.key for row in rows]})
    return len(rows)


@action("hall.promises.remind")
def promise_remind(promise_id: int, *, now: datetime) -> bool:
    """Remind of a document that is due soon (到期提醒), once a round."""
    with data_scope(purpose="承诺到期提醒", reason=f"promise:{promise_id}"):
        rows = Promise.objects.filter(pk=promise_id, state="OPEN", warned_at__isnull=True)
        changed = rows.update(warned_at=now)
        row = Promise.objects.get(pk=promise_id)
    audit_record(f"promise:{promise_id}", detail={"reminded": bool(changed)})
    if changed:
        _announce("promise.due_soon", row)
    return bool(changed)


@action("hall.promises.check_late")
def promise_check_late(promise_id: int, *, now: datetime) -> bool:
    """Report a commitment that its department did not check in time (逾期未核查) to supervision, once."""
    with data_scope(purpose="承诺到期处理", reason=f"promise:{promise_id}"):
        rows = Promise.objects.filter(pk=promise_id, state="OPEN", warned_at__isnull=True)
        changed = rows.update(warned_at=now)
        row = Promise.objects.get(pk=promise_id)
    audit_record(f"promise:{promise_id}", detail={"late": bool(changed)})
    if changed:
        event_publish(
            "supervision.violation",
            {
                "trigger": "OTHER",
                "source": f"promise:{row.pk}",
                "department_id": row.department_id,
                "number": row.number,
                "title": row.title,
                "description": f"告知承诺“{row.item['zh']}”逾期未核查",
            },
            key=row.number,
        )
    return bool(changed)


def _lock(promise_id: int) -> Promise:
    row = promise_rows("办理承诺").select_for_update().filter(pk=promise_id).first()
    if row is None:
        raise PromiseNotFound()
    return row


def _move(row: Promise, act: str) -> None:
    after = rules.state_after(act, row.state)
    if after is None:
        raise PromiseStateWrong()
    row.state = after


def _end(row: Promise, *, result: str, now: datetime) -> None:
    row.result, row.decided_at = result.strip()[:2000], now
    row.held_at, row.hold, row.days_left = None, None, None
    row.decided_by = context_get().name[:80]
    row.save()
    if row.round:
        clock_stop(clock_subject(row), now=now)


def _record(row: Promise, detail: dict) -> None:
    audit_record(
        f"promise:{row.pk}",
        person_ref=person_ref_of(row.holder_ref),
        detail={"number": row.number, "state": row.state, **detail},
    )


def _announce(topic: str, row: Promise, **more: str) -> None:
    event_publish(
        topic,
        {
            "promise_id": row.pk,
            "kind": row.kind,
            "number": row.number,
            "matter_code": row.matter_code,
            "title": row.title,
            "item": row.item,
            "consequence": row.consequence,
            "revoked": row.revoked,
            "holder_ref": row.holder_ref,
            "account_id": row.account_id,
            "department_id": row.department_id,
            "due": f"{row.due_at:%Y-%m-%d}" if row.due_at else "",
            **more,
        },
        key=row.number,
    )
