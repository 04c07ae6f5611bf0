"""What a process really holds (内存): anonymous pages, not the files that are mapped into it."""

from pathlib import Path

STATUS = Path("/proc/self/status")


def anonymous_mb() -> float:
    """Return the anonymous memory of this process in MiB; 0 where the system does not say.

    Mapped stage files are page cache that the system takes back at will; they are not counted.

    >>> anonymous_mb() >= 0
    True
    """
    if not STATUS.exists():
        return 0.0
    for line in STATUS.read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    return 0.0
