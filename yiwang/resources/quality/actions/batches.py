"""What a finished batch changes (批次评判): scores of the day, proofs of corrections, new exceptions.

Called by landing inside its own act, with the batch's new state or not at all.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from functools import reduce
from operator import or_
from pathlib import Path

from django.db.models import Avg, Q, Sum
from django.utils import timezone

from yiwang.kernel.api import action, audit_record, event_publish
from yiwang.resources.catalogue.queries import resource_by_id
from yiwang.resources.catalogue.rules import CYCLE_TIMES
from yiwang.resources.quality.data import (
    BATCH_KINDS,
    BatchFacts,
    Measure,
    Rule,
    RuleCount,
    Standard,
)
from yiwang.resources.quality.keeping import rows_prove, rule_keys_known, rule_rows_write
from yiwang.resources.quality.models import QualityException, QualityRun, QualityScore
from yiwang.resources.quality.queries import (
    OPEN_STATES,
    data_path,
    due_after,
    exceptions_of,
    runs_before,
    standard_get,
)
from yiwang.resources.quality.rules import measures_of, whole_of

State = QualityException.State
Scope = QualityScore.Scope
PROOF_STATES = OPEN_STATES


@action("resources.quality.batch_judge")
def batch_judge(facts: BatchFacts, *, now: datetime) -> QualityRun:
    """Score a batch, prove and open exceptions (批次评判). The same batch again changes nothing."""
    known = QualityRun.objects.filter(batch_id=facts.batch_id).first()
    if known is not None:
        audit_record(f"quality:{facts.batch_id}", detail={"known": True})
        return known
    before = runs_before(facts.resource_id, limit=1)
    run = _run_keep(facts)
    quality_measure(facts, before=before[0].at if before else None)
    closed = exceptions_prove(facts, now=now) if facts.state == "LANDED" else 0
    opened = exceptions_open(facts, now=now)
    audit_record(
        f"quality:{facts.batch_id}",
        detail={"rows": facts.checked.rows, "opened": opened, "closed": closed},
    )
    return run


def _run_keep(facts: BatchFacts) -> QualityRun:
    checked = facts.checked
    return QualityRun.objects.create(
        resource_id=facts.resource_id,
        department_id=facts.department_id,
        batch_id=facts.batch_id,
        number=facts.number,
        state=facts.state,
        mode=facts.mode,
        at=facts.at,
        day=timezone.localdate(facts.at),
        rows=checked.rows,
        rejected=checked.rejected,
        warned=checked.warned,
        counts=[
            {
                "rule": one.rule.key,
                "kind": one.rule.kind,
                "property": one.rule.property,
                "fields": list(one.rule.fields),
                "judged": one.judged,
                "failed": one.failed,
                "detail": one.detail,
            }
            for one in checked.counts
        ],
        profile=asdict(facts.profile) if facts.profile else {},
        faults=facts.faults,
    )


# --- scores -----------------------------------------------------------------------------------------


def quality_measure(facts: BatchFacts, *, before: datetime | None) -> list[Measure]:
    """Write the scores of a batch's day (质量评分) of its resource, department and the city."""
    if facts.source == "FIX":
        return []  # some corrected rows say nothing of the whole
    standard = standard_get()
    extra = [("ACCESSIBILITY", facts.state == "LANDED")]
    cycle = CYCLE_TIMES.get(resource_by_id(facts.resource_id).spec.cycle)
    if cycle is not None and before is not None:
        extra.append(("TIMELINESS", facts.at - before <= cycle))
    measures = measures_of(facts.checked.counts, standard, extra=extra)
    day = timezone.localdate(facts.at)
    _scores_put({(Scope.RESOURCE, facts.resource_id, facts.department_id): measures}, day)
    owners = dict.fromkeys((facts.department_id, None))  # a resource without one is the city's
    means = {owner: _means(owner, standard) for owner in owners}
    _scores_put(
        {
            (Scope.CITY if owner is None else Scope.DEPARTMENT, None, owner): found
            for owner, found in means.items()
        },
        day,
    )
    return measures


def _means(department_id: int | None, standard: Standard) -> list[Measure]:
    """Score a department, or the city with None, from its resources' latest scores (部门评分).

    A property's score is the mean of the resources that measured it, by one GROUP BY.
    """
    rows = QualityScore.objects.filter(scope=Scope.RESOURCE, is_latest=True, field="")
    if department_id is not None:
        rows = rows.filter(department_id=department_id)
    groups = (
        rows.exclude(property="")
        .values("property")
        .annotate(mean=Avg("score"), all_judged=Sum("judged"), all_failed=Sum("failed"))
        .order_by("property")
    )
    measures = [
        Measure("", one["property"], one["all_judged"], one["all_failed"], round(one["mean"], 2))
        for one in groups
    ]
    whole = whole_of(measures, standard) if measures else None
    return [*([whole] if whole else []), *measures]


def _scores_put(
    scores: Mapping[tuple[str, int | None, int | None], Iterable[Measure]], day: date
) -> None:
    """Replace the day's scores by (scope, resource, department); an older day never becomes the latest."""
    every = QualityScore.objects.filter(reduce(or_, (_same(*whose) for whose in scores)))
    later = set(every.filter(day__gt=day).values_list("scope", flat=True).distinct())
    every.filter(day=day).delete()
    every.filter(is_latest=True).exclude(scope__in=later).update(is_latest=False)
    QualityScore.objects.bulk_create(
        [
            QualityScore(
                scope=scope,
                resource_id=resource_id,
                department_id=department_id,
                day=day,
                field=one.field,
                property=one.property,
                judged=one.judged,
                failed=one.failed,
                score=one.score,
                is_latest=scope not in later,
            )
            for (scope, resource_id, department_id), measures in scores.items()
            for one in measures
            if one.score is not None
        ],
        batch_size=500,
    )


def _same(scope: str, resource_id: int | None, department_id: int | None) -> Q:
    """Find the scores of the same thing: a resource keeps its own when its department changes."""
    if resource_id is not None:
        return Q(scope=scope, resource_id=resource_id)
    return Q(scope=scope, resource_id=None, department_id=department_id)


# --- exceptions -------------------------------------------------------------------------------------


def exceptions_open(facts: BatchFacts, *, now: datetime) -> int:
    """Open an exception for every rule that failed (生成异常反馈); returns how many were opened.

    Rows whose key waits in an open exception of the rule stay there: that one is told that its
    correction did not hold. Rows of a closed one open it again.
    """
    failed = [count for count in facts.checked.counts if count.failed]
    every = exceptions_of(facts.resource_id, states=(*OPEN_STATES, State.CLOSED)) if failed else []
    return sum(
        _rule_open(facts, count, [one for one in every if one.rule == count.rule.key], now=now)
        for count in failed
    )


def _rule_open(
    facts: BatchFacts, count: RuleCount, earlier: Sequence[QualityException], *, now: datetime
) -> int:
    rule = count.rule
    if rule.kind in BATCH_KINDS:
        if any(one.state != State.CLOSED for one in earlier):
            return 0
        exception_insert(facts, rule, rows=0, path="", now=now)
        return 1
    known = _known_rows(facts, rule, earlier, now=now)
    path = _file_name(facts.resource_id)
    rows = rule_rows_write(data_path(facts.faults), rule.key, data_path(path), known=known)
    if rows:
        exception_insert(facts, rule, rows=rows, path=path, now=now)
    return int(bool(rows))


def _known_rows(
    facts: BatchFacts, rule: Rule, earlier: Sequence[QualityException], *, now: datetime
) -> list[Path]:
    """Return the files of exceptions of a rule that hold some of its rows already."""
    found = []
    for one in earlier:
        is_over = one.state == State.CLOSED
        kept = one.first_path if is_over else one.path
        if one.origin != "BATCH" or not kept:
            continue
        path = data_path(kept)
        if not path.exists() or not rule_keys_known(data_path(facts.faults), rule.key, [path]):
            continue
        found.append(path)
        if one.ending == "WAIVED":
            continue  # the data bureau said that nothing is wrong with these rows
        if is_over:
            _reopen(facts, one, now=now)
        elif one.state == State.FIX_SENT:
            _disproved(facts, one, now=now)
    return found


def _reopen(facts: BatchFacts, row: QualityException, *, now: datetime) -> None:
    path = _file_name(facts.resource_id)
    rows = rule_rows_write(data_path(facts.faults), row.rule, data_path(path))
    QualityException.objects.filter(pk=row.pk).update(
        state=State.OPEN,
        ending="",
        closed_at=None,
        reopened=row.reopened + 1,
        rows_open=rows,
        path=path,
        due_date=due_after(timezone.localdate(now), standard_get().days["answer"]),
        escalated_at=None,
    )
    audit_record(
        f"exception:{row.number}", act="resources.quality.reopen", detail={"batch": facts.number}
    )
    _announce("quality.exception_reopened", row, {"batch": facts.number})


def _disproved(facts: BatchFacts, row: QualityException, *, now: datetime) -> None:
    QualityException.objects.filter(pk=row.pk, state=State.FIX_SENT).update(
        state=State.OPEN,
        due_date=due_after(timezone.localdate(now), standard_get().days["answer"]),
        escalated_at=None,
    )
    audit_record(
        f"exception:{row.number}", act="resources.quality.disproved", detail={"batch": facts.number}
    )
    _announce("quality.exception_reopened", row, {"batch": facts.number})


def exception_insert(
    facts: BatchFacts, rule: Rule, *, rows: int, path: str, now: datetime
) -> QualityException:
    """Write a new exception inside the caller's act (登记异常)."""
    spec = resource_by_id(facts.resource_id).spec
    titles = {one.name: one.title for one in spec.fields}
    field = rule.fields[0] if rule.fields else ""
    row = QualityException.objects.create(
        origin="BATCH",
        resource_id=facts.resource_id,
        department_id=facts.department_id,
        rule=rule.key,
        field=field,
        property=rule.property,
        title=f"{spec.title}：{titles.get(field, '') or rule.key}",
        message=rule.message,
        message_en=rule.message_en,
        rows=rows,
        rows_open=rows,
        batch_number=facts.number,
        opened_at=now,
        due_date=due_after(timezone.localdate(now), standard_get().days["answer"]),
        path=path,
        first_path=path,
    )
    return exception_number(row, now=now)


def exception_number(row: QualityException, *, now: datetime) -> QualityException:
    """Give a new exception its number and announce it (异常编号)."""
    row.number = f"YC{timezone.localdate(now):%Y%m%d}{row.pk:06d}"
    row.save(update_fields=["number"])
    audit_record(
        f"exception:{row.number}",
        act="resources.quality.open",
        detail={"rule": row.rule, "rows": row.rows},
    )
    _announce("quality.exception_opened", row, {"rows": row.rows})
    return row


def exceptions_prove(facts: BatchFacts, *, now: datetime) -> int:
    """Take the rows that a batch proves out of the open exceptions (更正验证); returns how many closed."""
    closed = 0
    fine = {one.rule.key for one in facts.checked.counts if one.judged and not one.failed}
    for row in exceptions_of(facts.resource_id, states=PROOF_STATES):
        if row.origin != "BATCH":
            continue
        if not row.path:
            is_over = row.rule in fine
            left = 0 if is_over else row.rows_open
        else:
            left, path = _rows_left(facts, row)
            is_over = left == 0
            if left != row.rows_open:
                QualityException.objects.filter(pk=row.pk).update(rows_open=left, path=path)
        if is_over:
            exception_close(row, ending="PROVED", detail={"batch": facts.number}, now=now)
            closed += 1
    return closed


def _rows_left(facts: BatchFacts, row: QualityException) -> tuple[int, str]:
    target = _file_name(facts.resource_id)
    left = rows_prove(
        data_path(row.path),
        data_path(target),
        rule=row.rule,
        key=facts.contract.key,
        accepted=data_path(facts.accepted) if facts.accepted else None,
        faults=data_path(facts.faults),
        is_full=facts.mode == "FULL",
    )
    if left == row.rows_open:
        data_path(target).unlink()
        return left, row.path
    return left, target


def exception_close(
    row: QualityException, *, ending: str, detail: dict[str, object], now: datetime
) -> None:
    """Close an exception inside the caller's act (办结)."""
    QualityException.objects.filter(pk=row.pk).exclude(state=State.CLOSED).update(
        state=State.CLOSED, ending=ending, closed_at=now, rows_open=0
    )
    audit_record(
        f"exception:{row.number}",
        act="resources.quality.close",
        detail={"ending": ending, **detail},
    )
    _announce("quality.exception_closed", row, {"ending": ending})


def _announce(topic: str, row: QualityException, more: dict[str, object]) -> None:
    payload = {
        "exception_id": row.pk,
        "number": row.number,
        "title": row.title,
        "department_id": row.department_id,
        "objection": row.objection,
    }
    event_publish(topic, payload | more, key=row.number)


def _file_name(resource_id: int) -> str:
    return f"quality/{resource_id}/{secrets.token_hex(8)}.parquet"
