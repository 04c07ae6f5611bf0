"""Taking a delivery in (接收批次): the original kept as it came, once."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from django.db import IntegrityError, transaction
from django.db.models import F

from yiwang.kernel.api import action, audit_record, context_get
from yiwang.resources.catalogue.models import Resource
from yiwang.resources.landing.actions.processing import batch_process, landing_run
from yiwang.resources.landing.data import MODES, SOURCES, BatchView, FileRefused
from yiwang.resources.landing.models import Batch, Feed
from yiwang.resources.landing.queries import (
    SEND,
    batch_get,
    batch_view,
    data_root,
    resource_to_send,
)
from yiwang.resources.landing.storing import Kept, file_chunks, original_keep, original_place
from yiwang.sdk.errors import N_
from yiwang.sdk.text import clean

GONE = (Batch.State.CANCELLED, Batch.State.WITHDRAWN)


def batch_receive(
    resource_code: str,
    file: Path,
    *,
    name: str,
    now: datetime,
    mode: str = "DELTA",
    source: str = "UPLOAD",
    run: bool | str = True,
    key: str = "",
) -> BatchView:
    """Take a file in as a batch of a resource (接收批次) and let it be processed.

    The same bytes for the same resource in the same mode give the earlier batch, `is_repeated`, and
    change nothing; so does the same `key`. run: True enqueues the job, "NOW" processes at once, False
    only receives. mode: DELTA or FULL. source: a key of `data.SOURCES`. Raises ResourceNotSent,
    FileRefused.
    """
    return batch_receive_chunks(
        resource_code,
        file_chunks(Path(file)),
        name=name,
        now=now,
        mode=mode,
        source=source,
        run=run,
        key=key,
    )


def batch_receive_chunks(
    resource_code: str,
    chunks: Iterable[bytes],
    *,
    name: str,
    now: datetime,
    mode: str = "DELTA",
    source: str = "UPLOAD",
    run: bool | str = True,
    key: str = "",
) -> BatchView:
    """Take a delivery in that arrives piece by piece, never whole in memory; see `batch_receive`."""
    if mode not in MODES or source not in SOURCES:
        raise FileRefused(fields={"mode": [N_("Choose what the file holds.")]})
    resource = resource_to_send(resource_code)
    kept = original_keep(chunks, data_root())
    try:
        view = _receive(
            resource, kept, name=name, now=now, mode=mode, source=source, run=run, key=key
        )
    except IntegrityError:
        # Two at once with the same bytes: the other one is the batch.
        view = _receive(
            resource, kept, name=name, now=now, mode=mode, source=source, run=run, key=key
        )
    finally:
        kept.path.unlink(missing_ok=True)
    if run == "NOW" and (view.is_running or not view.is_repeated):
        return batch_process(view.id, now=now) if view.is_running else batch_get(view.id)
    return view


@action("resources.landing.receive", permission=SEND)
def _receive(
    resource: Resource,
    kept: Kept,
    *,
    name: str,
    now: datetime,
    mode: str,
    source: str,
    run: bool | str,
    key: str,
) -> BatchView:
    feed = feed_lock(resource.pk)
    earlier = _earlier(resource, kept, mode=mode, key=key)
    if earlier is not None:
        audit_record(f"batch:{earlier.pk}", detail={"repeated": True, "name": name[:100]})
        return batch_view(earlier, is_repeated=True)
    if not kept.size:
        raise FileRefused(
            fields={"file": [N_("The file is empty. Look whether the right one was chosen.")]}
        )
    row = _row_create(resource, feed, kept, name=name, now=now, mode=mode, source=source, key=key)
    original_place(kept, data_root(), row.folder, row.name)
    audit_record(
        f"batch:{row.pk}",
        detail={
            "resource": resource.code,
            "name": row.name,
            "size": row.size,
            "sha256": row.sha256,
        },
    )
    if run is True:
        landing_run.enqueue(row.pk)
    return batch_view(row)


def _row_create(
    resource: Resource,
    feed: Feed,
    kept: Kept,
    *,
    name: str,
    now: datetime,
    mode: str,
    source: str,
    key: str,
) -> Batch:
    Feed.objects.filter(pk=feed.pk).update(last_number=F("last_number") + 1)
    number = feed.last_number + 1
    context = context_get()
    with transaction.atomic():
        return Batch.objects.create(
            resource=resource,
            number=number,
            mode=mode,
            source=source,
            name=clean(Path(name).name)[:200] or "file",
            sha256=kept.sha256,
            size=kept.size,
            key=key[:120] or None,
            folder=f"landing/{resource.pk}/{number:06d}",
            department_id=resource.department_id,
            account_id=context.account_id,
            account_name=context.name[:100],
            received_at=now,
        )


def _earlier(resource: Resource, kept: Kept, *, mode: str, key: str) -> Batch | None:
    rows = Batch.objects.select_related("resource__current_version").filter(resource=resource)
    if key and (found := rows.filter(key=key[:120]).first()):
        return found
    return rows.filter(sha256=kept.sha256, mode=mode).exclude(state__in=GONE).first()


def feed_lock(resource_id: int) -> Feed:
    """Return the locked row of what is in force of a resource, made at its first batch."""
    Feed.objects.get_or_create(resource_id=resource_id)
    return Feed.objects.select_for_update().get(resource_id=resource_id)


def rows_fix(
    resource_id: int, rows: Sequence[dict[str, str]], *, reason: str, now: datetime
) -> int:
    """Send corrected whole rows as a FIX batch (更正批次); returns its number. Quality calls this."""
    resource = Resource.objects.get(pk=resource_id)
    lines = (json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)
    name = f"{clean(reason)[:150]}.jsonl"
    return batch_receive_chunks(resource.code, lines, name=name, source="FIX", now=now).number
