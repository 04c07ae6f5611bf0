"""Publishing a master (主数据发布): written unseen in small transactions, then one move of the pointer."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Max
from django.utils import timezone

from yiwang.identity.api import data_scope
from yiwang.kernel.api import action, audit_record, context_get, event_publish
from yiwang.resources.fusion.actions.lineage import publishing_failed
from yiwang.resources.fusion.permissions import is_bureau
from yiwang.resources.fusion.publish import folder_locked, master_open
from yiwang.resources.registries import indexes
from yiwang.resources.registries.data import (
    MasterNotThere,
    MasterOvertaken,
    MasterShrinks,
    MasterView,
    RegistryUnknown,
)
from yiwang.resources.registries.indexes import indexes_drop, indexes_ensure
from yiwang.resources.registries.masters import master_get, master_view
from yiwang.resources.registries.models import (
    Registry,
    RegistryChange,
    RegistryMaster,
)
from yiwang.resources.registries.store import bucket_of, master_current
from yiwang.resources.registries.writing import (
    BATCH,
    MODELS,
    BucketWriter,
    discard,
    is_first,
    parts,
    ties_write,
    writer_settings,
)
from yiwang.sdk.errors import N_, Forbidden, Invalid

Report = Callable[[str, int, int], None]
State = RegistryMaster.State
# A new master that lost a larger share of its subjects waits for a person's word.
LOSS_SHARE = 0.05
PUBLISH = N_("Publishing a registry")


def quiet(_stage: str, _done: int, _total: int) -> None:
    """Take reports of progress and show nothing."""


def registry_publish(
    registry: str,
    out: Path,
    *,
    now: datetime,
    report: Report = quiet,
    confirmed: bool = False,
    is_made: bool | None = None,
) -> MasterView:
    """Publish the fused master in `out` as the new version of a registry (发布主数据).

    Only rows that differ from the current version are written, unseen, in small transactions; then one
    move of the pointer shows them all. Killed and started again it ends the same; a run that is
    published already changes nothing. confirmed: publish though many subjects are lost. is_made: the
    subjects are made for demonstration; None: as those of the version before.

    Raises RegistryUnknown, FusionNothing, FusionBusy, MasterShrinks (the version stays HELD),
    MasterOvertaken. In each case the version before still serves, and lineage tells of the failure.
    """
    if registry not in MODELS:
        raise RegistryUnknown(registry=registry)
    try:
        return _publish(registry, out, now, report, confirmed, is_made)
    except Exception as error:
        code = getattr(error, "code", type(error).__name__)
        publishing_failed(registry, begun=now, error=code, at=timezone.now())
        raise


def _publish(
    registry: str,
    out: Path,
    now: datetime,
    report: Report,
    confirmed: bool,
    is_made: bool | None,
) -> MasterView:
    with folder_locked(out), data_scope(purpose=PUBLISH, reason=registry):
        fused = master_open(out)
        run = fused.manifest.run
        current = RegistryMaster.objects.filter(
            registry=registry, number=master_current(registry), run=run, state=State.PUBLISHED
        ).first()
        if current is not None:
            return master_view(current, current.number)
        _leftovers_discard(registry, run)
        master = master_begin(registry, run=run, now=now, is_made=is_made)
        _write(master, fused, report)
        _changes_write(master, fused)
        _guard(master, confirmed)
        master_switch(registry, master.number, now=now)
    report("publish", 1, 1)
    return master_get(registry, master.number)


def _leftovers_discard(registry: str, run: str) -> None:
    """Undo what versions after the current one had written, except a begun version of this very run."""
    current = master_current(registry)
    later = RegistryMaster.objects.filter(registry=registry, number__gt=current).exclude(
        state=State.DISCARDED
    )
    begun = later.filter(base=current, run=run, state__in=(State.WRITING, State.HELD))
    if later.count() == begun.count() <= 1:
        return
    discard(registry, current)
    later.update(state=State.DISCARDED)


@action("resources.registries.master_begin")
def master_begin(
    registry: str, *, run: str, now: datetime, is_made: bool | None = None
) -> RegistryMaster:
    """Begin a version, or go on with the one that was begun for this run (开始写入版本).

    Versions are a line, not a tree: nothing stands after the current one but this.
    """
    pointer, _ = Registry.objects.get_or_create(name=registry)
    begun = RegistryMaster.objects.filter(
        registry=registry,
        run=run,
        base=pointer.current,
        state__in=(State.WRITING, State.HELD),
    ).first()
    if begun is None:
        top = RegistryMaster.objects.filter(registry=registry).aggregate(top=Max("number"))["top"]
        begun = RegistryMaster(
            registry=registry,
            number=(top or 0) + 1,
            base=pointer.current,
            run=run,
            started_at=now,
        )
    if is_made is None:
        base = RegistryMaster.objects.filter(registry=registry, number=begun.base).first()
        is_made = base is not None and base.is_made
    begun.state, begun.problem, begun.is_made = State.WRITING, "", is_made
    begun.save()
    audit_record(f"registry:{registry}", detail={"number": begun.number, "run": run})
    return begun


@action("resources.registries.master_publish")
def master_switch(registry: str, number: int, *, now: datetime) -> None:
    """Move the pointer to a finished version (切换现行版本): the one moment in which readers change over."""
    master = RegistryMaster.objects.get(registry=registry, number=number)
    _pointer_move(registry, master.base, number, now)
    context = context_get()
    master.state, master.published_at = State.PUBLISHED, now
    master.published_by, master.published_name = context.account_id, context.name[:200]
    master.save(update_fields=["state", "published_at", "published_by", "published_name"])
    _announce(master, "PUBLISHED")


@action("resources.registries.rollback", permission="resources.registries.publish")
def registry_rollback(registry: str, *, reason: str, now: datetime) -> MasterView:
    """Go back to the version before the current one (回退主数据). Raises Invalid, MasterNotThere."""
    reason = _asked(reason)
    current = master_current(registry)
    master = RegistryMaster.objects.filter(registry=registry, number=current).first()
    if master is None or master.base == 0 or _is_pruned(registry, master.base):
        raise MasterNotThere()
    _pointer_move(registry, current, master.base, now)
    master.state, master.reason = State.ROLLED_BACK, reason
    master.save(update_fields=["state", "reason"])
    _announce(master, "ROLLED_BACK", current=master.base, reason=reason)
    return master_get(registry, master.base)


@action("resources.registries.forward", permission="resources.registries.publish")
def registry_forward(registry: str, *, reason: str, now: datetime) -> MasterView:
    """Return to the version that was rolled back (恢复已回退版本). Raises Invalid, MasterNotThere."""
    reason = _asked(reason)
    current = master_current(registry)
    master = (
        RegistryMaster.objects.filter(registry=registry, base=current, state=State.ROLLED_BACK)
        .order_by("-number")
        .first()
    )
    if master is None or _is_being_written(registry):
        raise MasterNotThere()
    _pointer_move(registry, current, master.number, now)
    master.state, master.reason = State.PUBLISHED, reason
    master.save(update_fields=["state", "reason"])
    _announce(master, "PUBLISHED", reason=reason)
    return master_get(registry, master.number)


def _is_pruned(registry: str, number: int) -> bool:
    return RegistryMaster.objects.filter(
        registry=registry, number=number, state=State.PRUNED
    ).exists()


def _is_being_written(registry: str) -> bool:
    return RegistryMaster.objects.filter(
        registry=registry, state__in=(State.WRITING, State.HELD)
    ).exists()


def _asked(text: str) -> str:
    """Return the reason of the data bureau (理由); nobody else moves a city's registry."""
    if not is_bureau():
        raise Forbidden()
    text = text.strip()
    if not text:
        raise Invalid(fields={"reason": [N_("Write the reason. It is kept in the record.")]})
    return text[:1000]


def _pointer_move(registry: str, before: int, after: int, now: datetime) -> None:
    moved = Registry.objects.filter(name=registry, current=before).update(
        current=after, moved_at=now
    )
    if not moved:
        raise MasterOvertaken()


def _announce(master: RegistryMaster, kind: str, *, current: int = 0, reason: str = "") -> None:
    detail = {"number": master.number, "current": current or master.number, "kind": kind}
    audit_record(f"registry:{master.registry}", detail=detail | {"reason": reason})
    event_publish(
        "registries.published", {"registry": master.registry, **detail}, key=master.registry
    )


def _write(master: RegistryMaster, fused, report: Report) -> None:
    """Write every bucket that differs, then the ties."""
    from yiwang.resources.registries import serving  # noqa: PLC0415 - DuckDB

    base = RegistryMaster.objects.filter(registry=master.registry, number=master.base).first()
    with serving.feed_open(master.registry, fused) as feed, writer_settings():
        _indexes_prepare(master, serving.subject_count(feed))
        before = base.buckets if base else {}
        digests = {bucket: serving.bucket_digest(feed, bucket) for bucket in feed.buckets}
        held = {int(key) for key in (*before, *master.buckets)}
        every = sorted(digests.keys() | held)
        todo = [bucket for bucket in every if not _is_written(master, before, bucket, digests)]
        master.buckets |= {f"{b}": digests[b] for b in every if b not in todo and b in digests}
        lost = [bucket for bucket in todo if bucket not in digests]
        steps = [[bucket] for bucket in lost]
        steps += serving.groups(feed, [bucket for bucket in todo if bucket in digests])
        for place, group in enumerate(steps):
            report("write", place, len(steps))
            _buckets_write(master, feed, group)
            master.buckets |= {f"{bucket}": digests.get(bucket, "") for bucket in group}
            master.save(update_fields=["buckets"])
        ties = serving.tie_rows(feed)
        count = ties_write(master, ties, lambda _n: None) if ties is not None else None
        master.buckets = {key: value for key, value in master.buckets.items() if value}
        tied = base.counts.get("ties", 0) if base and count is None else count or 0
        master.counts = {**master.counts, "ties": tied}
        master.save(update_fields=["buckets", "counts"])
        report("write", len(steps), len(steps))
        report("index", 0, 1)
        indexes_ensure(MODELS[master.registry])


def _indexes_prepare(master: RegistryMaster, subjects: int) -> None:
    """Put the indexes off when millions come into an empty table; else see that they stand."""
    model = MODELS[master.registry]
    if subjects < indexes.LARGE or not is_first(model, master.number):
        indexes_ensure(model)
    else:
        indexes_drop(model)


def _is_written(
    master: RegistryMaster, before: dict[str, str], bucket: int, digests: dict[int, str]
) -> bool:
    """Tell whether a bucket stands as its files say: done in an earlier attempt, or as in the base."""
    key, digest = f"{bucket}", digests.get(bucket, "")
    if key in master.buckets:
        return master.buckets[key] == digest
    return bool(digest) and before.get(key) == digest


def _buckets_write(master: RegistryMaster, feed, buckets: list[int]) -> None:
    from yiwang.resources.registries import serving  # noqa: PLC0415 - DuckDB

    writer = BucketWriter(master, feed.columns, lambda _n: None)
    known = writer.read(buckets)
    if not feed.buckets.issuperset(buckets):
        writer.retire([uid for uid, _digest in known])
        return
    serving.rows_prepare(feed, buckets)
    changed, gone = serving.known_put(feed, known)
    RegistryMaster.objects.filter(pk=master.pk).update(total=F("total") + changed + len(gone))
    for rows in serving.changed_rows(feed, BATCH):
        writer.put(rows)
    writer.retire(gone)


def _changes_write(master: RegistryMaster, fused) -> None:
    """Count what changed, and write the feed of identities; unseen until the pointer moves."""
    from yiwang.resources.registries import serving  # noqa: PLC0415 - DuckDB

    table, number = MODELS[master.registry]._meta.db_table, master.number
    base = RegistryMaster.objects.filter(registry=master.registry, number=master.base).first()
    changes = RegistryChange._meta.db_table
    new = "from_master = %s AND to_master <> from_master"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Without fresh statistics it takes the new version for empty and joins row by row.
            cursor.execute(f"ANALYZE {table}")

        def count(sql: str, *params: int) -> int:
            cursor.execute(sql, params)
            return cursor.fetchone()[0]

        inserted = count(f"SELECT COUNT(*) FROM {table} WHERE {new}", number)
        ended = count(f"SELECT COUNT(*) FROM {table} WHERE to_master = %s", number)
        same = (
            count(
                f"SELECT COUNT(DISTINCT a.ref) FROM {table} a JOIN {table} b ON b.ref = a.ref"
                " AND b.to_master = %s WHERE a.from_master = %s AND a.to_master <> a.from_master"
                " AND b.from_master < b.to_master",
                number,
                number,
            )
            if ended
            else 0
        )
    before = base.counts.get("subjects", 0) if base else 0
    master.counts = {
        **master.counts,
        "subjects": before + inserted - ended,
        "new": inserted - same,
        "changed": same,
        "gone": ended - same,
    }
    master.save(update_fields=["counts"])
    RegistryChange.objects.filter(registry=master.registry, master=number).delete()
    if base is None:
        return
    for kind, mine, other in (
        ("CREATED", "from_master", "to_master"),
        ("RETIRED", "to_master", "from_master"),
    ):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {changes} (registry, master, kind, ref, other_ref, rule)"
                f" SELECT DISTINCT %s, {number}, %s, a.ref, '', '' FROM {table} a"
                f" WHERE a.{mine} = %s AND a.from_master < a.to_master AND NOT EXISTS"
                f" (SELECT 1 FROM {table} b WHERE b.ref = a.ref AND b.{other} = %s"
                " AND b.from_master < b.to_master)",
                [master.registry, kind, number, number],
            )
    with serving.feed_open(master.registry, fused) as feed:
        _events_write(master, serving.event_rows(feed, base.run))


def _events_write(master: RegistryMaster, events: list[tuple]) -> None:
    model = MODELS[master.registry]._base_manager
    for part in parts(events, 400):
        uids = {uid for event in part for uid in event[1:3] if uid}
        refs = dict(
            model.filter(bucket__in={bucket_of(uid) for uid in uids}, uid__in=uids).values_list(
                "uid", "ref"
            )
        )
        made = {
            (event, refs[one], refs.get(other, "")): rule
            for event, one, other, rule in part
            if one in refs
        }
        RegistryChange.objects.bulk_create(
            [
                RegistryChange(
                    registry=master.registry,
                    master=master.number,
                    kind=kind,
                    ref=ref,
                    other_ref=other,
                    rule=rule,
                )
                for (kind, ref, other), rule in made.items()
            ],
            ignore_conflicts=True,
        )


def _guard(master: RegistryMaster, confirmed: bool) -> None:
    base = RegistryMaster.objects.filter(registry=master.registry, number=master.base).first()
    before = base.counts.get("subjects", 0) if base else 0
    gone = master.counts["gone"]
    share = getattr(settings, "REGISTRY_LOSS_SHARE", LOSS_SHARE)
    if confirmed or not before or gone / before <= share:
        return
    error = MasterShrinks(gone=gone, base=before)
    master.state, master.problem = State.HELD, f"{error}"
    master.save(update_fields=["state", "problem"])
    raise error
