"""Uploads that nobody refers to (无主上传): thrown away a while after they came, never one that anything refers to.

They come from drafts that were thrown away and from files replaced before submission. Looked at are uploads older than
`UPLOADS_KEPT_DAYS`; what nothing refers to in two looks over all tables (`references`) goes, and its content with it where no other
upload has the same. Beside them go contents without any row, left by an upload whose transaction failed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.files.storage import default_storage

from yiwang.engines.forms.models import Attachment
from yiwang.engines.forms.references import referenced_among
from yiwang.kernel.api import action, audit_record, content_drop, context_system, context_use

ROOT = "attachments"
AT_ONCE = 500
STRAYS_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class UploadSweep:
    """What a sweep found (清理结果). looked_at: old uploads; unused: to go, or gone; bytes: their contents'; strays: contents."""

    looked_at: int
    unused: int
    bytes: int
    strays: int


def uploads_sweep(*, now: datetime, days: int | None = None, is_dry: bool = False) -> UploadSweep:
    """Throw away the uploads that nobody refers to (清理无主上传), or only count them.

    days: how old they are at least; by default settings.UPLOADS_KEPT_DAYS.
    """
    before = now - timedelta(days=settings.UPLOADS_KEPT_DAYS if days is None else days)
    old = list(
        Attachment.objects.filter(created_at__lt=before).order_by("pk").values_list("pk", flat=True)
    )
    unused = sorted(set(old) - referenced_among(old))
    gone = freed = 0
    with context_use(context_system("清理无主上传")):
        for start in range(0, len(unused), AT_ONCE):
            ids = unused[start : start + AT_ONCE]
            count, size = _unused_count(ids) if is_dry else _unused_remove(ids, now=now)
            gone, freed = gone + count, freed + size
        strays = list(_strays(before))
        if strays and not is_dry:
            _strays_remove(strays, before=before)
    return UploadSweep(len(old), gone, freed, len(strays))


def uploads_tidy(now: datetime) -> int:
    """Sweep once a day (每日清理); returns how many uploads and contents went."""
    found = uploads_sweep(now=now)
    return found.unused + found.strays


def _unused_count(ids: list[int]) -> tuple[int, int]:
    sizes = Attachment.objects.filter(pk__in=ids).values_list("size", flat=True)
    return len(sizes), sum(sizes)


@action("engines.forms.uploads_sweep")
def _unused_remove(ids: list[int], *, now: datetime) -> tuple[int, int]:
    """Delete what is still referred to by nothing now that its rows are locked, then its content."""
    rows = Attachment.objects.select_for_update().filter(pk__in=ids)
    unused = {row.pk: row for row in rows.order_by("pk")}
    for pk in referenced_among(unused):
        del unused[pk]
    paths = {row.path for row in unused.values()}
    Attachment.objects.filter(pk__in=list(unused)).delete()
    shared = set(Attachment.objects.filter(path__in=paths).values_list("path", flat=True))
    # Inside the transaction: who uploads the same content meanwhile waits for these rows (`content_keep`).
    for path in sorted(paths - shared):
        default_storage.delete(path)
    size = sum(row.size for row in unused.values())
    audit_record(
        "attachments", detail={"removed": len(unused), "bytes": size, "ids": sorted(unused)[:100]}
    )
    return len(unused), size


def _strays(before: datetime) -> Iterator[str]:
    """Yield the contents that stand in no row and came before a moment, a number of them at a time."""
    found = 0
    for first in _folders(ROOT):
        for second in _folders(first):
            names = default_storage.listdir(second)[1]
            paths = [f"{second}/{name}" for name in names]
            known = set(Attachment.objects.filter(path__in=paths).values_list("path", flat=True))
            for path in paths:
                if path in known or default_storage.get_modified_time(path) >= before:
                    continue
                yield path
                found += 1
                if found >= STRAYS_AT_ONCE:
                    return


def _folders(path: str) -> list[str]:
    try:
        return [f"{path}/{name}" for name in sorted(default_storage.listdir(path)[0])]
    except FileNotFoundError:
        return []


@action("engines.forms.uploads_sweep")
def _strays_remove(paths: list[str], *, before: datetime) -> None:
    known = set(Attachment.objects.filter(path__in=paths).values_list("path", flat=True))
    for path in paths:
        if path not in known:
            content_drop(path, before=before)
    audit_record("attachments", detail={"strays": len(paths)})
