"""Pruning (版本清理): rows that hold only for versions nobody may go back to are deleted, a few at a time.

What is lost: how a subject looked before the oldest version that is kept. What stays: every row that holds
for a kept version, with the day from which it holds; the last row of each subject that left, which also
remembers its reference, so that none is given twice; the list of versions and the feed of changes.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from yiwang.identity.api import data_scope
from yiwang.kernel.api import action, audit_record
from yiwang.resources.fusion.permissions import is_bureau
from yiwang.resources.registries.data import (
    MasterNotThere,
    RegistryBusy,
    RegistryUnknown,
)
from yiwang.resources.registries.models import OPEN, RegistryMaster
from yiwang.resources.registries.publishing import Report, quiet
from yiwang.resources.registries.store import master_current
from yiwang.resources.registries.writing import MODELS, TIES, parts
from yiwang.sdk.errors import N_, Forbidden, Invalid, YiwangError

State = RegistryMaster.State
# Rows of one transaction, and the fewest versions that are kept: the current one and the one before.
STEP, LEAST = 1_000, 2
PRUNE = N_("Removing old versions of a registry")
# Of the rows of one reference the last is kept: one that held for a version before one that never did.
RANK = "(CASE WHEN {0}.from_master < {0}.to_master THEN 1 ELSE 0 END, {0}.to_master, {0}.id)"


class HistoryPruned(YiwangError):
    """The versions of that time were removed."""

    code = "history_pruned"
    status = 410
    message = N_("The versions before %(first)s were removed by decision of the data bureau.")


@dataclass(frozen=True, slots=True)
class PruneView:
    """What pruning removed (清理结果): versions, rows and ties that held only for them.

    floor: the oldest version that is kept; kept: rows of subjects that left before it, one each.
    """

    registry: str
    floor: int
    versions: list[int]
    rows: int
    ties: int
    kept: int


def registry_prune(
    registry: str, *, keep: int, reason: str, now: datetime, report: Report = quiet
) -> PruneView:
    """Remove all but the last `keep` versions (清理历史版本); killed and started again it ends the same.

    First the versions are marked, so that nobody reads or goes back to them, then their rows go, in small
    transactions. Only the data bureau. Raises RegistryUnknown, RegistryBusy (a version is being written),
    Invalid, Forbidden.
    """
    floor, versions = versions_prune(registry, keep=keep, reason=reason, now=now)
    with data_scope(purpose=PRUNE, reason=reason):
        rows = _delete(MODELS[registry]._meta.db_table, _dead(registry), floor, report)
        ties = _delete(TIES[registry]._meta.db_table, "to_master <= %s", floor, quiet)
        view = PruneView(registry, floor, versions, rows, ties, _kept_count(registry, floor))
    prune_record(view, reason=reason)
    return view


@action("resources.registries.prune", permission="resources.registries.publish")
def versions_prune(
    registry: str, *, keep: int, reason: str, now: datetime
) -> tuple[int, list[int]]:
    """Mark the versions before the last `keep` ones as removed; returns the oldest kept and those marked."""
    prune_check(registry, keep=keep, reason=reason)
    line = _line(registry)
    if not line:
        raise MasterNotThere()
    floor = line[min(keep, len(line)) - 1]
    old = RegistryMaster.objects.filter(registry=registry, number__lt=floor).exclude(
        state=State.DISCARDED
    )
    marked = list(
        old.exclude(state=State.PRUNED).order_by("number").values_list("number", flat=True)
    )
    old.update(state=State.PRUNED, buckets={})
    audit_record(
        f"registry:{registry}",
        detail={"floor": floor, "versions": marked, "reason": reason.strip()[:1000]},
    )
    return floor, marked


@action("resources.registries.pruned")
def prune_record(view: PruneView, *, reason: str) -> None:
    """Keep in the record what pruning removed (登记清理结果)."""
    audit_record(
        f"registry:{view.registry}",
        detail={
            "floor": view.floor,
            "rows": view.rows,
            "ties": view.ties,
            "kept": view.kept,
            "reason": reason.strip()[:1000],
        },
    )


def prune_check(registry: str, *, keep: int, reason: str) -> None:
    """Refuse to prune (清理前检查) without right, number or reason, or while a version is being written."""
    if registry not in MODELS:
        raise RegistryUnknown(registry=registry)
    if not is_bureau():
        raise Forbidden()
    problems = {}
    if keep < LEAST:
        problems["keep"] = [N_("Keep at least two versions: the current one and the one before.")]
    if not reason.strip():
        problems["reason"] = [N_("Write the reason. It is kept in the record.")]
    if problems:
        raise Invalid(fields=problems)
    writing = RegistryMaster.objects.filter(
        registry=registry, state__in=(State.WRITING, State.HELD)
    )
    if writing.exists():
        raise RegistryBusy()


def history_check(registry: str, number: int) -> None:
    """Refuse a version that was removed (历史已清理). Raises HistoryPruned with the day of the first kept one."""
    masters = RegistryMaster.objects.filter(registry=registry)
    if not masters.filter(number=number, state=State.PRUNED).exists():
        return
    first = masters.filter(state=State.PUBLISHED).order_by("number").first()
    day = timezone.localdate(first.published_at) if first and first.published_at else ""
    raise HistoryPruned(first=f"{day}")


def history_floor(registry: str) -> int:
    """Return the oldest version that is kept (最早保留版本), 0 when none was ever removed."""
    masters = RegistryMaster.objects.filter(registry=registry).order_by("number")
    pruned = masters.filter(state=State.PRUNED).last()
    kept = masters.filter(state=State.PUBLISHED, number__gt=pruned.number) if pruned else None
    return kept.values_list("number", flat=True).first() or 0 if kept is not None else 0


def _line(registry: str) -> list[int]:
    """Return the versions that one may go back to, from the current one on."""
    rows = RegistryMaster.objects.filter(registry=registry, state=State.PUBLISHED)
    base_of = dict(rows.values_list("number", "base"))
    line, number = [], master_current(registry)
    while number in base_of:
        line.append(number)
        number = base_of[number]
    return line


def _dead(registry: str) -> str:
    table = MODELS[registry]._meta.db_table
    return (
        f"to_master < {OPEN} AND (to_master <= %s OR from_master >= to_master)"
        f" AND EXISTS (SELECT 1 FROM {table} b WHERE b.ref = a.ref"
        f" AND {RANK.format('b')} > {RANK.format('a')})"
    )


def _delete(table: str, condition: str, floor: int, report: Report) -> int:
    """Delete rows that fulfil a condition, so many in a transaction; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM {table} a WHERE {condition} ORDER BY id", [floor])
        dead = [row[0] for row in cursor.fetchall()]
    done = 0
    for part in parts(dead, STEP):
        report("prune", done, len(dead))
        marks = ", ".join(["%s"] * len(part))
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table} WHERE id IN ({marks})", part)
        done += len(part)
    report("prune", done, len(dead))
    return done


def _kept_count(registry: str, floor: int) -> int:
    return MODELS[registry]._base_manager.filter(to_master__lte=floor).count()
