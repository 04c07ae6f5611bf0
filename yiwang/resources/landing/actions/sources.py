"""Regular sources (定期来源): a watched folder, a database; swept when they are due."""

import logging
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from yiwang.kernel.api import action, audit_record, batch_job, error_text
from yiwang.resources.landing.actions.receiving import batch_receive
from yiwang.resources.landing.data import (
    ENDINGS,
    FAILURES,
    MODES,
    BatchView,
    SourceView,
)
from yiwang.resources.landing.models import Batch, Source
from yiwang.resources.landing.pulling import Pull, pull_check, pull_to
from yiwang.resources.landing.queries import (
    OVERSEE,
    batch_get,
    data_root,
    resource_to_send,
    resource_view,
    source_view,
)
from yiwang.resources.landing.wording import problem_text, reason_text
from yiwang.sdk.errors import N_, Invalid, YiwangError

logger = logging.getLogger(__name__)
INBOX = "landing/inbox"
FILES_AT_ONCE = 20
SOURCES_AT_ONCE = 20


@action("resources.landing.source_put", permission=OVERSEE)
def source_put(
    resource_code: str,
    *,
    kind: str,
    now: datetime,
    settings: dict | None = None,
    mode: str = "DELTA",
    every_seconds: int = 3600,
    is_active: bool = True,
) -> SourceView:
    """Let a resource come by itself (登记定期来源): once for each kind; calling again changes it.

    FOLDER: settings {"folder": path}, by default below the data folder by the resource's code.
    DATABASE: the attributes of `pulling.Pull`; the password only as `password_variable`. Raises Invalid.
    """
    resource = resource_to_send(resource_code)
    chosen = dict(settings or {})
    problems: dict[str, list[str]] = {}
    if kind not in Source.Kind.values:
        problems["kind"] = [N_("Choose a folder or a database.")]
    if mode not in MODES:
        problems["mode"] = [N_("Choose what the file holds.")]
    if not 10 <= every_seconds <= 31 * 86400:
        problems["every_seconds"] = [N_("Choose between ten seconds and a month.")]
    if kind == Source.Kind.FOLDER:
        chosen = {"folder": chosen.get("folder") or f"{INBOX}/{resource_code.replace('/', '-')}"}
    elif kind == Source.Kind.DATABASE:
        known = set(Pull.__dataclass_fields__)
        wrong = {name: name for name in chosen if name not in known}
        wrong |= pull_check(Pull(**{"url": ""} | {n: v for n, v in chosen.items() if n in known}))
        problems |= {name: [N_("This setting cannot be used.")] for name in wrong}
    if problems:
        raise Invalid(fields=problems)
    row, _made = Source.objects.update_or_create(
        resource=resource,
        kind=kind,
        defaults={
            "mode": mode,
            "settings": chosen,
            "every_seconds": every_seconds,
            "is_active": is_active,
            "next_at": now,
        },
    )
    if kind == Source.Kind.FOLDER:
        for name in ("", "done", "failed"):
            (folder_of(row) / name).mkdir(parents=True, exist_ok=True)
    audit_record(f"source:{row.pk}", detail={"resource": resource_code, "kind": kind})
    return source_view(row)


def folder_of(row: Source) -> Path:
    """Return a watched folder: relative ones stand below the data folder."""
    return data_root() / row.settings["folder"]


def source_sweep(*, now: datetime) -> str:
    """Look at every source that is due (来源巡检); a source that fails keeps the others waiting not."""
    due = Source.objects.filter(is_active=True, next_at__lte=now).order_by("next_at", "pk")
    taken = 0
    for row in due.select_related("resource__current_version")[:SOURCES_AT_ONCE]:
        # Whoever moves the time first has the turn.
        turn = Source.objects.filter(pk=row.pk, next_at=row.next_at)
        if turn.update(next_at=now + timedelta(seconds=row.every_seconds), last_at=now):
            if row.kind == Source.Kind.DATABASE:
                source_pull.enqueue(row.pk)  # may take long
            else:
                taken += source_run(row.pk, now=now)
    return f"{taken} files"


@batch_job
def source_pull(source_id: int) -> None:
    """Pull from a database in the background (后台抽取)."""
    source_run(source_id, now=timezone.now())


def source_run(source_id: int, *, now: datetime) -> int:
    """Take in what a source has now (执行来源); returns how many files or pulls."""
    row = Source.objects.select_related("resource__current_version").get(pk=source_id)
    runs: dict[str, Callable] = {"FOLDER": _folder_run, "DATABASE": _database_run}
    try:
        count, text = runs[row.kind](row, now=now)
    except (YiwangError, OSError) as error:
        logger.warning("source %s of %s failed: %s", row.pk, row.resource.code, error)
        Source.objects.filter(pk=row.pk).update(last_at=now, last_error=str(error)[:1000])
        return 0
    Source.objects.filter(pk=row.pk).update(last_at=now, last_result=text[:300], last_error="")
    return count


# --- folder -------------------------------------------------------------------------------------


def _folder_run(row: Source, *, now: datetime) -> tuple[int, str]:
    """Take files whose size has not changed since the last look; the others are still being written.

    A file stays until its batch has come to an end, then it is put aside. Killed in between, the next
    look finds the same bytes and the same batch.
    """
    folder = folder_of(row)
    for name in ("done", "failed"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    seen, taken = {}, 0
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.name.startswith((".", "~$")):
            continue
        stat = path.stat()
        facts = [stat.st_size, stat.st_mtime_ns]
        before = row.seen.get(path.name, [])
        if before[:2] != facts or taken >= FILES_AT_ONCE:
            seen[path.name] = facts
            continue
        taken += len(before) == 2
        batch_id = before[2] if len(before) == 3 else _file_take(row, path, now=now)
        if batch_id is not None and not _file_settle(path, batch_id, now=now):
            seen[path.name] = [*facts, batch_id]
    Source.objects.filter(pk=row.pk).update(seen=seen)
    return taken, _("%(n)s files taken") % {"n": taken}


def _file_take(row: Source, path: Path, *, now: datetime) -> int | None:
    """Receive a file of a folder and return its batch; None when it was refused and put aside."""
    if path.suffix.lower() not in ENDINGS:
        words = FAILURES["NOT_A_TABLE"]
        _put_aside(path, "failed", _(words), now=now)
        return None
    try:
        view = batch_receive(
            row.resource.code, path, name=path.name, mode=row.mode, source="FOLDER", now=now
        )
    except YiwangError as error:
        texts = [text for texts in getattr(error, "fields", {}).values() for text in texts]
        _put_aside(path, "failed", " ".join(map(_, texts)) or error_text(error), now=now)
        return None
    return view.id


def _file_settle(path: Path, batch_id: int, *, now: datetime) -> bool:
    """Put a file aside with a note when its batch has come to an end (移入 done 或 failed)."""
    view = batch_get(batch_id)
    if view.is_running:
        return False
    _put_aside(path, "done" if view.state == "LANDED" else "failed", _note(view), now=now)
    return True


def _note(view: BatchView) -> str:
    counts = view.counts
    lines = [
        f"批次 {view.number}  {Batch.State(view.state).label}",
        f"行数 {counts.rows}  入库 {counts.accepted}  拒收 {counts.rejected}  重复 {counts.duplicates}",
    ]
    if view.problem:
        lines.append(problem_text(view))
    spec = resource_view(view.resource_id).spec
    lines += [f"{count}  {reason_text(reason, spec)}" for reason, count in view.reasons.items()]
    return "\n".join(lines)


def _put_aside(path: Path, name: str, text: str, *, now: datetime) -> None:
    folder = path.parent / name
    target = folder / path.name
    if target.exists():
        target = folder / f"{path.stem}-{now:%Y%m%d%H%M%S}-{uuid4().hex[:4]}{path.suffix}"
    shutil.move(path, target)
    if name == "failed":
        target.with_name(f"{target.name}.txt").write_text(text + "\n", encoding="utf-8")


# --- database -----------------------------------------------------------------------------------


def _database_run(row: Source, *, now: datetime) -> tuple[int, str]:
    """Pull what is new and land it; the watermark moves with the receipt, in one transaction."""
    folder = data_root() / "landing" / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{uuid4().hex}.parquet"
    try:
        rows, watermark = pull_to(Pull(**row.settings), row.watermark, path)
        if not rows:
            return 0, _("Nothing new")
        name = f"{row.settings.get('table') or 'query'}-{now:%Y%m%d%H%M%S}.parquet"
        with transaction.atomic():
            batch_receive(
                row.resource.code, path, name=name, mode=row.mode, source="DATABASE", now=now
            )
            Source.objects.filter(pk=row.pk).update(watermark=watermark)
    finally:
        path.unlink(missing_ok=True)
    return 1, _("%(n)s rows pulled") % {"n": rows}
