"""What the person at the terminal is told when the surroundings fail (运行环境故障): one sentence."""

import errno

from django.db import Error as DatabaseFault
from django.db import OperationalError

DISK = "The disk is full. Free some space and start again; finished steps are kept."


def fault_sentence(error: Exception) -> str | None:
    """Say what is wrong with disk or database and what to do; None for a defect of our own.

    >>> fault_sentence(OSError(errno.ENOSPC, "No space left on device")) == DISK
    True
    >>> fault_sentence(ValueError("a defect")) is None
    True
    """
    if isinstance(error, OSError):
        return DISK if error.errno == errno.ENOSPC else None
    return _database_sentence(error) if isinstance(error, DatabaseFault) else None


def _database_sentence(error: Exception) -> str | None:
    """Tell apart what drivers say; the words are SQLite's and PostgreSQL's own."""
    said = " ".join(str(error).split())
    if "is full" in said or "No space left" in said:
        return DISK
    if "no such table" in said or (said.startswith("relation ") and "does not exist" in said):
        return "The database holds no city yet. Run ./start (or “yw demo”) first."
    if "not a database" in said or "malformed" in said:
        return (
            f"The database file cannot be read ({said}). Restore it from a backup, or build the "
            "demonstration city again: ./start --fresh."
        )
    if "is locked" in said:
        return "Another program holds the database. Stop it, or try again in a moment."
    if isinstance(error, OperationalError):
        return f"The database cannot be reached: {said} Start it, or check YIWANG_DATABASE."
    return None
