"""The loop of an exception (异常反馈闭环): seen, answered, decided, corrected; closed by proof alone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from django.utils import timezone

from yiwang.engines.tabular.door import TabularLimits, parquet_list, tabular_open
from yiwang.kernel.api import action, audit_record, context_get, event_publish
from yiwang.resources.quality.actions.batches import (
    _file_name,
    exception_close,
    exception_number,
)
from yiwang.resources.quality.data import ExceptionView
from yiwang.resources.quality.hooks import fix_send
from yiwang.resources.quality.keeping import OWN, row_read
from yiwang.resources.quality.models import QualityException
from yiwang.resources.quality.queries import (
    HANDLE,
    data_path,
    due_after,
    exception_get,
    exception_row,
    is_bureau,
    standard_get,
)
from yiwang.sdk.errors import N_, Conflict, Forbidden, Invalid
from yiwang.sdk.text import clean

State = QualityException.State
REASON_MAX = 2000
LINES_MAX = 200


class ExceptionMoved(Conflict):
    """The exception is in another state than the act needs."""

    code = "quality_exception_moved"
    message = N_("This exception is in another state by now. Reload the page and look again.")


@action("resources.quality.see", permission=HANDLE)
def exception_see(exception_id: int, *, now: datetime) -> ExceptionView:
    """Note that the department looked at an exception (查看异常). The bureau's look changes nothing."""
    row = exception_row(exception_id)
    seen = 0
    if row.state == State.OPEN and _is_own(row):
        seen = _move(row, (State.OPEN,), state=State.SEEN)
    audit_record(f"exception:{row.number}", detail={"seen": bool(seen)})
    return exception_get(exception_id, now=now)


@action("resources.quality.answer", permission=HANDLE)
def exception_answer(
    exception_id: int, *, outcome: str, reason: str = "", now: datetime
) -> ExceptionView:
    """Answer an exception as the department that supplied it (部门答复).

    outcome ACCEPTED: it will be corrected, the deadline is now that of the correction. DISPUTED:
    nothing is wrong, with a reason; the data bureau decides. Raises Invalid, Forbidden,
    ExceptionMoved, ExceptionNotFound.
    """
    row = _own_row(exception_id)
    reason = _reason(reason, needed=outcome == "DISPUTED")
    steps = {"ACCEPTED": (State.ANSWERED, "fix"), "DISPUTED": (State.DISPUTED, "decide")}
    if outcome not in steps:
        raise Invalid(fields={"outcome": [N_("Choose an answer.")]})
    state, step = steps[outcome]
    _must(
        _move(row, (State.OPEN, State.SEEN), state=state, reason=reason, due_date=_due(step, now))
    )
    audit_record(f"exception:{row.number}", detail={"outcome": outcome, "reason": reason})
    _tell("quality.exception_answered", row, {"outcome": outcome})
    return exception_get(exception_id, now=now)


@action("resources.quality.decide", permission=HANDLE)
def exception_decide(
    exception_id: int, *, outcome: str, reason: str, now: datetime
) -> ExceptionView:
    """Decide a dispute as the city's data bureau (争议裁定).

    UPHELD: it has to be corrected; WAIVED: nothing is wrong, the exception is closed. Raises Forbidden
    for everybody else, Invalid without a reason, ExceptionMoved when nothing is disputed.
    """
    row = exception_row(exception_id)
    if not is_bureau():
        raise Forbidden()
    reason = _reason(reason, needed=True)
    if outcome not in ("UPHELD", "WAIVED"):
        raise Invalid(fields={"outcome": [N_("Choose a decision.")]})
    changes = {"decision": reason, "state": State.ANSWERED, "due_date": _due("fix", now)}
    _must(_move(row, (State.DISPUTED,), **changes))
    audit_record(f"exception:{row.number}", detail={"outcome": outcome, "reason": reason})
    if outcome == "WAIVED":
        exception_close(row, ending="WAIVED", detail={}, now=now)
    _tell("quality.exception_decided", row, {"outcome": outcome})
    return exception_get(exception_id, now=now)


@action("resources.quality.fix", permission=HANDLE)
def exception_fix(
    exception_id: int, rows: Mapping[int, Mapping[str, str]], *, now: datetime
) -> ExceptionView:
    """Send corrected values of some rows as a batch (一键更正): line -> {field: value}.

    Only what the rows' own batch proves closes the exception. Raises Invalid (nothing changed, an
    unknown row or field), Forbidden, ExceptionMoved, FixUnavailable.
    """
    row = _own_row(exception_id)
    if row.resource_id is None or not row.path or row.state in (State.CLOSED, State.DISPUTED):
        raise ExceptionMoved()
    whole = _rows_corrected(data_path(row.path), rows)
    # Before the batch is sent: an inline run of it may prove, and so close, this exception.
    _must(
        _move(row, (State.OPEN, State.SEEN, State.ANSWERED, State.FIX_SENT), state=State.FIX_SENT)
    )
    number = fix_send(row.resource_id, whole, reason=f"{row.number} {row.title}", now=now)
    audit_record(
        f"exception:{row.number}", detail={"batch": number, "lines": sorted(rows)[:LINES_MAX]}
    )
    return exception_get(exception_id, now=now)


@action("resources.quality.rows_look", permission=HANDLE)
def rows_look(subject: str, *, lines: int) -> None:
    """Record that rows of a delivery were looked at (查看异常行)."""
    audit_record(subject, detail={"lines": lines})


@action("resources.quality.escalate")
def exceptions_escalate(*, now: datetime) -> int:
    """Remind of every overdue exception once (逾期催办); returns of how many."""
    today = timezone.localdate(now)
    rows = QualityException.objects.filter(
        due_date__lt=today, escalated_at__isnull=True, closed_at__isnull=True
    )
    found = list(rows.order_by("id")[:1000])
    QualityException.objects.filter(pk__in=[one.pk for one in found]).update(escalated_at=now)
    for one in found:
        _tell("quality.exception_overdue", one, {"due_date": str(one.due_date)})
    audit_record("exceptions", detail={"overdue": len(found)})
    return len(found)


@action("resources.quality.objection")
def exception_from_objection(payload: Mapping[str, object], *, now: datetime) -> int | None:
    """Open an exception for a person's *this is wrong* (异议转异常); None when it is there already.

    Nothing of the value is kept here: the objection's own page shows it to who may see it.
    """
    number = str(payload["number"])
    if QualityException.objects.filter(objection=number).exists():
        audit_record(f"objection:{number}", detail={"known": True})
        return None
    field = str(payload["field"])
    row = QualityException.objects.create(
        origin="OBJECTION",
        department_id=payload.get("department_id"),
        rule="objection",
        field=field,
        property="ACCURACY",
        title=f"数据异议：{field}",
        message="当事人提出该数据有误，请核实后答复。",
        message_en="The person concerned says that this value is wrong. Please check and answer.",
        objection=number,
        rows=1,
        rows_open=1,
        opened_at=now,
        due_date=_due("answer", now),
    )
    return exception_number(row, now=now).pk


@action("resources.quality.objection_end")
def exception_objection_end(number: str, *, outcome: str, now: datetime) -> int:
    """Close the exception of an objection that was answered (异议办结); returns how many."""
    rows = QualityException.objects.filter(objection=number).exclude(state=State.CLOSED)
    found = list(rows)
    for row in found:
        exception_close(row, ending="ANSWERED", detail={"outcome": outcome}, now=now)
    audit_record(f"objection:{number}", detail={"outcome": outcome})
    return len(found)


@action("resources.quality.comparisons")
def exceptions_from_comparisons(
    path: Path,
    *,
    registry: str,
    departments: Mapping[int, int | None],
    messages: Mapping[str, tuple[str, str]] | None = None,
    now: datetime,
) -> int:
    """Open an exception for each department and rule of a comparison (比对异常); returns how many.

    path: comparisons.parquet of a run (rule, uid, fields, rows of class and row_no, message).
    departments: class -> department. messages: rule -> (Chinese, English). The rows still open are
    replaced by the run's: what a run no longer finds is proved by it, a rule found again is reopened.
    """
    known = {
        (one.department_id, one.rule): one
        for one in QualityException.objects.filter(origin="COMPARISON", title__startswith=registry)
    }
    found, opened = _compared(path, departments), 0
    for (department_id, rule), (rows, relative) in found.items():
        old = known.pop((department_id, rule), None)
        if old is None:
            chinese, english = (messages or {}).get(rule, (rule, rule))
            row = QualityException.objects.create(
                origin="COMPARISON", department_id=department_id, rule=rule,
                property="CONSISTENCY", title=f"{registry}：{rule}", message=chinese,
                message_en=english, rows=rows, rows_open=rows, opened_at=now, path=relative,
                first_path=relative, due_date=_due("answer", now),
            )  # fmt: skip
            exception_number(row, now=now)
            opened += 1
            continue
        changes: dict[str, object] = {"rows_open": rows, "path": relative}
        if old.state == State.CLOSED and old.ending != "WAIVED":
            changes |= {
                "state": State.OPEN, "closed_at": None, "ending": "",
                "reopened": old.reopened + 1, "due_date": _due("answer", now),
            }  # fmt: skip
            opened += 1
        QualityException.objects.filter(pk=old.pk).update(**changes)
    for row in known.values():
        if row.state != State.CLOSED:
            exception_close(row, ending="PROVED", detail={"registry": registry}, now=now)
    audit_record(f"registry:{registry}", detail={"opened": opened, "rules": len(found)})
    return opened


def _compared(
    path: Path, departments: Mapping[int, int | None]
) -> dict[tuple[int | None, str], tuple[int, str]]:
    """Write the rows of each department and rule to a file of their own."""
    found = {}
    with tabular_open(TabularLimits(threads=1, memory_mb=512)) as connection:
        connection.execute("create temp table owners (class integer, department bigint)").fetchall()
        owners = [list(pair) for pair in departments.items()]
        if owners:
            connection.executemany("insert into owners values (?, ?)", owners)
        connection.execute(
            "create temp table compared as select row_number() over () as line, uid, rule, message,"
            " array_to_string(fields, ', ') as fields, o.department, r.class as class, r.row_no as row_no"
            f" from (select rule, uid, fields, message, unnest(rows) as r from {parquet_list([path])})"
            " join owners o on o.class = r.class"
        ).fetchall()
        groups = connection.execute(
            "select department, rule, count(*) from compared group by all order by all"
        ).fetchall()
        for department, rule, rows in groups:
            relative = _file_name(0)
            target = data_path(relative)
            target.parent.mkdir(parents=True, exist_ok=True)
            connection.execute("set variable rule = $rule", {"rule": rule}).fetchall()
            whose = "is null" if department is None else f"= {int(department)}"
            connection.execute(
                "copy (select line, cast(uid as varchar) as key, [rule] as reasons, false as rejected,"
                " fields, cast(class as varchar) as class, cast(row_no as varchar) as row_no from compared"
                f" where department {whose} and rule = getvariable('rule')) to '{target}' (format parquet)"
            ).fetchall()
            found[department, rule] = rows, relative
    return found


def _rows_corrected(path: Path, rows: Mapping[int, Mapping[str, str]]) -> list[dict[str, str]]:
    """Lay corrections over the rows as they came; the rest of a row stays as it was."""
    if not rows or len(rows) > LINES_MAX:
        raise Invalid(fields={"rows": [N_("Correct at least one row, at most 200 at a time.")]})
    whole = []
    for line, values in rows.items():
        kept = row_read(path, line)
        if kept is None:
            raise Invalid(
                fields={"rows": [N_("One of these rows is settled by now. Reload the page.")]}
            )
        fields = {name: value for name, value in kept.items() if name not in OWN}
        strange = set(values) - set(fields)
        if strange:
            raise Invalid(fields={name: [N_("The row has no such field.")] for name in strange})
        typed = {name: clean(value) for name, value in values.items()}
        if all((fields[name] or "") == value for name, value in typed.items()):
            raise Invalid(fields={"rows": [N_("Nothing was changed. Correct a value first.")]})
        whole.append({name: str(value or "") for name, value in (fields | typed).items()})
    return whole


def _own_row(exception_id: int) -> QualityException:
    row = exception_row(exception_id)
    if not _is_own(row):
        raise Forbidden()
    return row


def _is_own(row: QualityException) -> bool:
    context = context_get()
    return context.population == "SYSTEM" or row.department_id in context.department_ids


def _move(row: QualityException, states: Sequence[str], **changes: object) -> int:
    return QualityException.objects.filter(pk=row.pk, state__in=states).update(**changes)


def _must(changed: int) -> None:
    if not changed:
        raise ExceptionMoved()


def _reason(text: str, *, needed: bool) -> str:
    text = clean(text)
    if needed and not text:
        raise Invalid(fields={"reason": [N_("Give the reason.")]})
    if len(text) > REASON_MAX:
        raise Invalid(
            fields={"reason": [N_("This is longer than 2,000 characters. Please shorten it.")]}
        )
    return text


def _due(step: str, now: datetime):  # noqa: ANN202 - a date or None
    return due_after(timezone.localdate(now), standard_get().days[step])


def _tell(topic: str, row: QualityException, more: dict[str, object]) -> None:
    payload = {
        "exception_id": row.pk, "number": row.number, "title": row.title,
        "department_id": row.department_id, "objection": row.objection,
    }  # fmt: skip
    event_publish(topic, payload | more, key=row.number or "")
