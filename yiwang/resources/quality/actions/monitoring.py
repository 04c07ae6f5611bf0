"""The monitor (监测): silent feeds, jumps of volume, drift, changed columns. Sweeps write alerts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean

from django.utils import timezone

from yiwang.kernel.api import action, audit_record, context_get, event_publish
from yiwang.resources.catalogue.models import Resource
from yiwang.resources.catalogue.queries import light_filter
from yiwang.resources.quality.models import QualityAlert, QualityRun
from yiwang.resources.quality.queries import HANDLE, alert_rows
from yiwang.resources.quality.rules import psi, robust_z
from yiwang.sdk.errors import N_, Conflict, Invalid, NotFound
from yiwang.sdk.text import clean

State = QualityAlert.State
BEFORE = 8
LEAST_BEFORE = 3
# ⚠ Rules of thumb: 3.5 deviations (Iglewicz and Hoaglin), a PSI of 0.25, ten points of empty values.
Z_LIMIT, PSI_LIMIT, EMPTY_LIMIT = 3.5, 0.25, 0.10


class AlertEnded(Conflict):
    """The alert was explained or is over already."""

    code = "quality_alert_ended"
    message = N_("This alert has been settled already.")


@dataclass(frozen=True, slots=True)
class _Seen:
    resource_id: int
    department_id: int | None
    kind: str
    field: str
    mark: str
    figures: dict[str, object]


@action("resources.quality.monitor")
def monitor_sweep(*, now: datetime) -> int:
    """Look at every resource and write what is new as alerts (监测巡检); returns how many are new.

    The same again changes nothing; an open alert that no longer holds is over.
    """
    seen = [*_silent(now), *_unusual()]
    rows = [
        QualityAlert(raised_at=now, **{name: getattr(one, name) for name in _Seen.__slots__})
        for one in seen
    ]
    there = _marks(QualityAlert.objects.filter(mark__in={one.mark for one in seen}))
    fresh = [row for row in rows if _mark(row) not in there]
    QualityAlert.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=500)
    _over({_mark(row) for row in rows}, now=now)
    for row in fresh:
        event_publish(
            "quality.alert_raised",
            {"resource_id": row.resource_id, "department_id": row.department_id,
             "kind": row.kind, "field": row.field},
            key=f"{row.resource_id}",
        )  # fmt: skip
    audit_record("monitor", detail={"new": len(fresh), "seen": len(seen)})
    return len(fresh)


@action("resources.quality.alert_acknowledge", permission=HANDLE)
def alert_acknowledge(alert_id: int, *, reason: str, now: datetime) -> None:
    """Explain an alert (说明预警) with a reason. Raises NotFound (another's), Invalid, AlertEnded."""
    row = alert_rows().filter(pk=alert_id).first()
    if row is None:
        raise NotFound()
    reason = clean(reason)
    if not reason or len(reason) > 1000:
        raise Invalid(fields={"reason": [N_("Give the reason in at most 1,000 characters.")]})
    changed = QualityAlert.objects.filter(pk=alert_id, state=State.OPEN).update(
        state=State.ACKNOWLEDGED,
        reason=reason,
        ended_at=now,
        acknowledged_by=context_get().account_id,
    )
    if not changed:
        raise AlertEnded()
    audit_record(f"alert:{alert_id}", detail={"reason": reason})


def _mark(row: QualityAlert) -> tuple[int, str, str, str]:
    return row.resource_id, row.kind, row.field, row.mark


def _marks(rows) -> set[tuple[int, str, str, str]]:  # noqa: ANN001 - a queryset
    return set(rows.values_list("resource_id", "kind", "field", "mark"))


def _over(seen: set[tuple[int, str, str, str]], *, now: datetime) -> None:
    gone = [
        row.pk
        for row in QualityAlert.objects.filter(state=State.OPEN).only(
            "pk", "resource_id", "kind", "field", "mark"
        )
        if _mark(row) not in seen
    ]
    QualityAlert.objects.filter(pk__in=gone).update(state=State.GONE, ended_at=now)


def _silent(now: datetime) -> Iterator[_Seen]:
    """Yield the published resources that are overdue by their promised cycle (静默)."""
    rows = Resource.objects.filter(light_filter("RED", now), current_version__isnull=False)
    columns = ("pk", "department_id", "last_delivered_at", "current_version__cycle")
    for pk, department_id, delivered_at, cycle in rows.values_list(*columns).order_by("pk"):
        last = timezone.localdate(delivered_at).isoformat() if delivered_at else ""
        yield _Seen(pk, department_id, "SILENT", "", last, {"last": last, "cycle": cycle})


def _unusual() -> Iterator[_Seen]:
    """Compare each resource's last batch with those before it (突变与漂移)."""
    runs: dict[int, list[QualityRun]] = {}
    last = QualityRun.objects.exclude(state="FAILED").order_by("resource_id", "-at", "-id")
    for run in last.iterator(chunk_size=500):
        kept = runs.setdefault(run.resource_id, [])
        if len(kept) <= BEFORE:
            kept.append(run)
    for newest, *before in runs.values():
        if len(before) >= LEAST_BEFORE:
            yield from _volume(newest, before)
            yield from _drift(newest, before)
        if before:
            yield from _schema(newest, before[0])


def _about(run: QualityRun, kind: str, field: str, figures: dict[str, object]) -> _Seen:
    return _Seen(run.resource_id, run.department_id, kind, field, f"batch {run.number}", figures)


def _volume(newest: QualityRun, before: list[QualityRun]) -> Iterator[_Seen]:
    same = [one.rows for one in before if one.mode == newest.mode]
    if len(same) < LEAST_BEFORE:
        return
    z = robust_z(newest.rows, same)
    if abs(z) > Z_LIMIT:
        usual = sorted(same)[len(same) // 2]
        yield _about(newest, "VOLUME", "", {"rows": newest.rows, "usual": usual, "z": round(z, 1)})


def _drift(newest: QualityRun, before: list[QualityRun]) -> Iterator[_Seen]:
    for name, share in (newest.profile.get("empty") or {}).items():
        usual = [one.profile.get("empty", {}).get(name) for one in before]
        known = [one for one in usual if one is not None]
        if len(known) >= LEAST_BEFORE and abs(share - fmean(known)) > EMPTY_LIMIT:
            figures = {"empty": round(share, 4), "usual": round(fmean(known), 4)}
            yield _about(newest, "DRIFT", name, figures)
    for name, shares in (newest.profile.get("shares") or {}).items():
        spreads = [s for one in before if (s := one.profile.get("shares", {}).get(name))]
        if len(spreads) < LEAST_BEFORE:
            continue
        values = {value for spread in spreads for value in spread}
        usual = {value: fmean(spread.get(value, 0.0) for spread in spreads) for value in values}
        index = psi(usual, shares)
        if index > PSI_LIMIT:
            yield _about(newest, "DRIFT", name, {"psi": round(index, 3)})


def _schema(newest: QualityRun, before: QualityRun) -> Iterator[_Seen]:
    now, then = newest.profile.get("columns") or {}, before.profile.get("columns") or {}
    if not now or not then:
        return
    added, gone = sorted(now.keys() - then.keys()), sorted(then.keys() - now.keys())
    changed = sorted(name for name in now.keys() & then.keys() if now[name] != then[name])
    if added or gone or changed:
        yield _about(newest, "SCHEMA", "", {"added": added, "gone": gone, "changed": changed})
