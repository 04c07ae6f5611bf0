"""Publishing a master (发布): a run's folder first, then one atomic rename of the manifest.

  OUT/manifest.json   what is published: run, plan, stage files, counts; readers begin here
  OUT/run-<id>/       persons-, rows-, values-, ids-, filled-XXX.parquet, review.parquet, events.parquet,
                      ties.parquet, tie_conflicts.parquet, comparisons.parquet, plan.json of a finished run
  OUT/events/         <sequence>-<run>.parquet: the events of every run there ever was
  OUT/.run-<id>/      a run that is being written, or was killed; the next run clears it away
  OUT/stage/          standardised rows by source file

Unchanged buckets are hard links into the run before, which stays for going back.
"""

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from yiwang.resources.fusion.data import FusionBusy, FusionNothing

MANIFEST = "manifest.json"
EVENTS = "events"


@dataclass(slots=True)
class Manifest:
    """What is published (发布清单). buckets: counts of each bucket, None for an empty one.

    sequence: of the run in the feed of events, from 1. ties: digest of what the ties were made from.
    """

    run: str
    previous: str
    plan: str
    fingerprint: str
    engine: str
    stage: list[dict] = field(default_factory=list)
    buckets: list[dict | None] = field(default_factory=list)
    result: dict = field(default_factory=dict)
    sequence: int = 0
    ties: str = ""


@dataclass(frozen=True, slots=True)
class Master:
    """A published master (已发布主数据): its folder and its files by kind."""

    folder: Path
    manifest: Manifest

    def files(self, kind: str) -> list[Path]:
        """List the files of a kind: persons, rows, values or ids."""
        return sorted(self.folder.glob(f"{kind}-*.parquet"))


@contextmanager
def folder_locked(out: Path) -> Iterator[None]:
    """Hold the folder for one run; raises FusionBusy when another run has it. A kill lets it go."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FusionBusy(folder=out) from error
        yield


def manifest_read(out: Path) -> Manifest | None:
    """Read what is published; None before the first run."""
    path = out / MANIFEST
    return Manifest(**json.loads(path.read_text())) if path.exists() else None


def master_open(out: Path) -> Master:
    """Open the published master; raises FusionNothing when there is none."""
    manifest = manifest_read(out)
    if manifest is None:
        raise FusionNothing(folder=out)
    return Master(out / f"run-{manifest.run}", manifest)


def run_begin(out: Path) -> tuple[str, Path]:
    """Make the folder of a new run; returns (id, folder)."""
    run = secrets.token_hex(6)
    folder = out / f".run-{run}"
    folder.mkdir()
    (out / "stage").mkdir(exist_ok=True)
    return run, folder


def leftovers_clear(out: Path) -> None:
    """Remove what killed runs left: unfinished folders, finished ones that no manifest names."""
    manifest = manifest_read(out)
    kept = {f"run-{name}" for name in (manifest.run, manifest.previous)} if manifest else set()
    for folder in [*out.glob(".run-*"), *out.glob("run-*")]:
        if folder.name not in kept:
            shutil.rmtree(folder)
    for pattern in ("*.part", "*.cuts"):
        for path in (out / "stage").glob(pattern):
            path.unlink()
    (out / f"{MANIFEST}.part").unlink(missing_ok=True)
    published = {path for _sequence, _run, path in events_list(out)}
    for path in set((out / EVENTS).glob("*.parquet")) - published:
        path.unlink()


def events_list(out: Path) -> list[tuple[int, str, Path]]:
    """List the files of the feed of events as (sequence, run, path), oldest first (变更流文件).

    A file that a killed run left has a sequence that no manifest has reached, or another run's name.
    """
    manifest = manifest_read(out)
    if manifest is None:
        return []
    files = []
    for path in sorted((out / EVENTS).glob("*-*.parquet")):
        number, _, run = path.stem.partition("-")
        sequence = int(number)
        if sequence < manifest.sequence or (sequence, run) == (manifest.sequence, manifest.run):
            files.append((sequence, run, path))
    return files


def publish(out: Path, folder: Path, manifest: Manifest, *, durable: bool) -> None:
    """Publish a finished run: readers see the old master or the new one, never a mixture."""
    if durable:
        for path in [*folder.iterdir(), folder]:
            _sync(path)
    before = manifest_read(out)
    manifest.sequence = before.sequence + 1 if before else 1
    folder.rename(out / f"run-{manifest.run}")
    _feed(out, manifest)
    partial = out / f"{MANIFEST}.part"
    partial.write_text(json.dumps(_plain(manifest), ensure_ascii=False))
    _sync(partial)
    os.replace(partial, out / MANIFEST)
    _sync(out)


def _feed(out: Path, manifest: Manifest) -> None:
    """Link the run's events into the feed; they count from when the manifest names their sequence."""
    events = out / f"run-{manifest.run}" / "events.parquet"
    if events.exists():
        (out / EVENTS).mkdir(exist_ok=True)
        for stale in (out / EVENTS).glob(f"{manifest.sequence:08d}-*.parquet"):
            stale.unlink()
        os.link(events, out / EVENTS / f"{manifest.sequence:08d}-{manifest.run}.parquet")
        _sync(out / EVENTS)


def stage_prune(out: Path, manifest: Manifest) -> None:
    """Remove stage files of sources that are no longer there."""
    kept = {Path(item["path"]).stem for item in manifest.stage}
    for path in (out / "stage").iterdir():
        if path.stem not in kept:
            path.unlink()


def _plain(manifest: Manifest) -> dict:
    return {name: getattr(manifest, name) for name in Manifest.__dataclass_fields__}


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
