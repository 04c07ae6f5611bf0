"""Reads are audited beside the database (读取审计流水), where that database has one writer.

On SQLite an audit row of a read would wait for whoever writes just then, a batch for instance. So it goes to
a file of its process first: written whole and on the disk before the reader gets an answer, then
moved into the audit table by a sweep, exactly once. Whoever lists audit rows moves the rest first. On
PostgreSQL, and inside a transaction, a read writes its audit row like any act.
"""

import fcntl
import logging
import os
import threading
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec
from django.conf import settings
from django.db import connection, transaction

from yiwang.kernel.audit.models import AuditEvent, AuditJournal

logger = logging.getLogger(__name__)
# Written with zeros when it is made: bytes put over them reach the disk without a change of the file system.
FILE_BYTES = 4 << 20
ROWS_AT_ONCE = 500
COLUMNS = (
    "at",
    "act",
    "population",
    "account_id",
    "actor_name",
    "post_title",
    "department_id",
    "department_name",
    "purpose",
    "channel",
    "address",
    "subject",
    "person_ref",
    "outcome",
    "detail",
)


def row_write(row: tuple) -> None:
    """Write a row in the order of `COLUMNS` (写入流水); when this returns it survives a crash."""
    _writer().put(msgspec.json.encode(row) + b"\n")


def is_beside() -> bool:
    """Whether reads are audited beside the database now: on SQLite, outside a transaction."""
    return (
        connection.vendor == "sqlite"
        and not connection.in_atomic_block
        and getattr(settings, "AUDIT_READS_BESIDE", True)
    )


def journal_folder() -> Path:
    """Return where the files stand (流水文件夹)."""
    return Path(settings.DATA_DIR) / "audit"


class JournalWriter:
    """The file of this process. Threads that write at the same time share one wait for the disk."""

    def __init__(self, folder: Path) -> None:
        self.process = os.getpid()
        self._folder = folder
        self._write, self._sync = threading.Lock(), threading.Lock()
        self._handle, self._end = -1, FILE_BYTES
        self._written = self._synced = 0

    def put(self, line: bytes) -> None:
        """Write a line; return when it is on the disk."""
        with self._write:
            if self._end + len(line) > FILE_BYTES:
                self._next(len(line))
            os.pwrite(self._handle, line, self._end)
            self._end += len(line)
            self._written += 1
            mine = self._written
        with self._sync:
            if self._synced < mine:
                upto = self._written
                os.fdatasync(self._handle)
                self._synced = upto

    def close(self) -> None:
        """Let go of the file, which whoever moves the rows may then remove."""
        with self._write, self._sync:
            if self._handle >= 0:
                os.close(self._handle)
            self._handle, self._end = -1, FILE_BYTES

    def _next(self, least: int) -> None:
        """Begin the next file; what stands in the one before is on the disk."""
        with self._sync:
            if self._handle >= 0:
                os.fdatasync(self._handle)
                self._synced = self._written
                os.close(self._handle)
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._folder / f"reads-{time.time_ns()}-{self.process}.log"
            begun = path.with_suffix(".new")  # nobody looks at it before it is locked and whole
            self._handle = os.open(begun, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            fcntl.flock(self._handle, fcntl.LOCK_EX)
            os.write(self._handle, bytes(max(FILE_BYTES, least)))
            os.fsync(self._handle)
            begun.rename(path)
            folder = os.open(self._folder, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
            self._end = 0


_own: dict[Path, JournalWriter] = {}
_making = threading.Lock()


def _writer() -> JournalWriter:
    """Return this process's file; a forked one begins its own."""
    folder = journal_folder()
    with _making:
        writer = _own.get(folder)
        if writer is None or writer.process != os.getpid():
            writer = _own[folder] = JournalWriter(folder)
        return writer


def reads_move() -> int:
    """Move what reads have written into the audit table (归并读取审计), exactly once; returns how many.

    Never inside a transaction, which could take the rows back after their file has gone.
    """
    if connection.in_atomic_block:
        return 0
    folder = journal_folder()
    return sum(_file_move(path) for path in sorted(folder.glob("reads-*.log")))


def _file_move(path: Path) -> int:
    total = 0
    with suppress(FileNotFoundError), path.open("rb") as file:
        is_over = _is_left(file.fileno())  # asked first: nothing is written after
        while True:
            moved, found = _part_move(path, file)
            total += moved
            if not found:
                break
        if is_over:
            with transaction.atomic():
                path.unlink(missing_ok=True)
                AuditJournal.objects.filter(name=path.name).delete()
    return total


def _part_move(path: Path, file) -> tuple[int, bool]:
    """Move the next lines of a file: rows and place in one transaction; returns (rows, whether there were lines)."""
    name = path.name
    if not _lines(file, _place(name))[1]:
        return 0, False
    with transaction.atomic():
        if not path.exists():
            return 0, False
        # Another may have come first: the place is read again by the one who may write now.
        AuditJournal.objects.get_or_create(name=name)
        row = AuditJournal.objects.select_for_update().get(name=name)
        lines, end = _lines(file, row.offset)
        events = [event for event in map(_event, lines) if event is not None]
        AuditEvent.objects.bulk_create(events)
        row.offset = end or row.offset
        row.save(update_fields=["offset"])
    return len(events), bool(lines)


def _place(name: str) -> int:
    return AuditJournal.objects.filter(name=name).values_list("offset", flat=True).first() or 0


def _lines(file, offset: int) -> tuple[list[bytes], int]:
    """Return whole lines from a place on, and where the last one ends; 0 when there are none."""
    file.seek(offset)
    lines, end = [], 0
    for line in file:
        if not line.endswith(b"\n") or line.startswith(b"\0") or len(lines) == ROWS_AT_ONCE:
            break
        lines.append(line)
        end = (end or offset) + len(line)
    return lines, end


def _event(line: bytes) -> AuditEvent | None:
    try:
        values = dict(zip(COLUMNS, msgspec.json.decode(line), strict=True))
    except (msgspec.DecodeError, ValueError):
        # Power failed while it was written: nobody had its answer.
        logger.error("a line of the audit journal was never finished")
        return None
    values["at"] = datetime.fromisoformat(values["at"])
    return AuditEvent(**values)


def _is_left(handle: int) -> bool:
    """Tell whether the process that wrote a file has gone on to another, or ended."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    fcntl.flock(handle, fcntl.LOCK_UN)
    return True


def journal_close() -> None:
    """Let go of this process's file (关闭流水): the next read begins another."""
    with _making:
        while _own:
            _own.popitem()[1].close()
