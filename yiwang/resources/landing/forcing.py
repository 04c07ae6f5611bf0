"""Computing what would be in force with a batch or without it (在用数据试算): reads only, files aside."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from yiwang.resources.landing.folding import Effect, FeedFile, Landed, effect, files_write, fold
from yiwang.resources.landing.models import Batch, Feed
from yiwang.resources.landing.queries import data_root, feed_folder, feed_paths
from yiwang.resources.landing.tables import connection_open


@dataclass(frozen=True, slots=True)
class Forced:
    """A computed feed (试算结果): holds as long as the feed's revision is the one it began from.

    stop: why the batch stops, with what to fill in; then nothing was written.
    """

    folder: str
    revision: int
    files: tuple[FeedFile, ...]
    effect: Effect = Effect()
    stop: tuple[str, dict] | None = None


def force(
    batch_id: int,
    fields: Sequence[object],
    *,
    without: bool = False,
    stop: Callable[[Effect], tuple[str, dict] | None] = lambda found: None,
) -> Forced:
    """Compute what is in force with a batch, or without it (试算).

    stop: asked what the batch's effect means; when it says why it stops, no file is written.
    """
    row = Batch.objects.get(pk=batch_id)
    feed = Feed.objects.get(resource_id=row.resource_id)
    landed = list(
        Batch.objects.filter(resource_id=row.resource_id, state=Batch.State.LANDED)
        .exclude(pk=row.pk)
        .order_by("number")
    )
    chosen = landed if without else sorted([*landed, row], key=lambda one: one.number)
    batches = _landed(chosen)
    folder = data_root() / feed_folder(row.resource_id)
    reads = [one.accepted for one in batches] + feed_paths(feed)
    connection = connection_open(folder / "work", reads=reads)
    try:
        is_last = not landed or row.number > landed[-1].number
        if is_last and not without:
            fold(connection, batches, within=feed_paths(feed), fresh=row.number)
        else:
            fold(connection, batches)
        found = Effect()
        if not without:
            own = next(one for one in batches if one.number == row.number)
            found = effect(connection, own, before=_landed(landed), feed=feed_paths(feed))
        reason = stop(found)
        files = [] if reason else files_write(connection, batches, fields, folder)
    finally:
        connection.close()
    return Forced(feed_folder(row.resource_id), feed.revision, tuple(files), found, reason)


def _landed(rows: Sequence[Batch]) -> list[Landed]:
    found, epoch = [], 0
    for row in rows:
        is_full = row.mode == "FULL"
        epoch += is_full
        found.append(Landed(row.number, epoch, _accepted(row), is_full))
    return found


def _accepted(row: Batch) -> Path:
    return data_root() / row.folder / "accepted.parquet"
