"""Where the files of batches stand (存放): below the data folder, written whole, originals never changed."""

import errno
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from yiwang.resources.landing.data import LandingDiskFull
from yiwang.resources.landing.tables import whole

INCOMING = "landing/incoming"
CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """An original that has arrived (已收原件): path, digest and size in bytes."""

    path: Path
    sha256: str
    size: int


def original_keep(chunks: Iterable[bytes], root: Path) -> Kept:
    """Write what arrives aside while its digest is taken (接收原件)."""
    folder = root / INCOMING
    folder.mkdir(parents=True, exist_ok=True)
    path, digest, size = folder / uuid4().hex, hashlib.sha256(), 0
    try:
        with path.open("wb") as file:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
    except BaseException as error:
        path.unlink(missing_ok=True)
        if disk_full(error):
            raise LandingDiskFull() from error
        raise
    return Kept(path, digest.hexdigest(), size)


def disk_full(error: BaseException) -> bool:
    """Tell whether something failed for want of room on a disk (磁盘已满), whoever says so.

    >>> disk_full(OSError(28, "No space left on device")), disk_full(OSError(2, "No such file"))
    (True, False)
    """
    text = str(error)
    is_told = any(words in text for words in ("No space left", "disk is full", "Disk quota"))
    return is_told or getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)


def file_chunks(path: Path) -> Iterable[bytes]:
    """Yield a file in chunks."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def original_place(kept: Kept, root: Path, folder: str, name: str) -> Path:
    """Put an original where it stays, readable and never writable (归档原件)."""
    target = root / folder
    target.mkdir(parents=True, exist_ok=True)
    path = target / f"original{ending(name)}"
    if path.exists():
        path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    kept.path.replace(path)
    path.chmod(stat.S_IRUSR | stat.S_IRGRP)
    return path


def ending(name: str) -> str:
    """Return the ending of a file's name as it is kept.

    >>> ending("名单.XLSX"), ending("a"), ending("a.b/c")
    ('.xlsx', '.data', '.data')
    """
    suffix = Path(name).suffix.lower()
    return suffix if suffix[1:].isalnum() and suffix.isascii() and len(suffix) < 9 else ".data"


def original_find(root: Path, folder: str) -> Path:
    """Return the original of a batch; raises FileNotFoundError."""
    found = sorted((root / folder).glob("original.*"))
    if not found:
        raise FileNotFoundError(folder)
    return found[0]


def manifest_write(root: Path, folder: str, content: dict) -> None:
    """Write manifest.json of a batch (清单), with the digests of the results."""
    target = root / folder
    files = {
        path.name: {"size": path.stat().st_size, "sha256": file_digest(path)}
        for path in sorted(target.glob("*.parquet"))
    }
    text = json.dumps(content | {"files": files}, ensure_ascii=False, indent=1, default=str)
    whole(target / "manifest.json", text.encode())


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def work_remove(root: Path, folder: str) -> None:
    """Remove what only the processing needed."""
    shutil.rmtree(root / folder / "work", ignore_errors=True)


def batch_remove(root: Path, folder: str) -> None:
    """Remove everything of a batch: a cancelled one leaves only its line in the log."""
    shutil.rmtree(root / folder, ignore_errors=True)
