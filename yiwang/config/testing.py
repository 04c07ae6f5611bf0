"""What must be set before any test reads the settings: a folder and a database of its own.

A pytest plugin (`-p yiwang.config.testing` in pyproject.toml), because pytest-django reads the settings
before it comes to any conftest.py. Of several workers each has a folder of its own below the first's; what one
of them has built for all lies in `YIWANG_TEST_SHARED`, see testing_databases.py.
"""

import atexit
import os
import shutil
import tempfile

from yiwang.config.environment import memory_disk

NEEDED_MB = 1000  # the databases of two workers on SQLite
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")


def _folder(place: str | None = None) -> str:
    """Make a folder that goes when this process ends."""
    made = tempfile.mkdtemp(prefix="yiwang-test-", dir=place)
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def _prepare() -> None:
    """Set what the settings will read; a worker finds what was set before it began."""
    if _WORKER:
        # Side by side, one would take away what another has just collected.
        os.environ["YIWANG_DATA"] += f"/{_WORKER}"
        return
    if "YIWANG_DATA" not in os.environ:
        os.environ["YIWANG_DATA"] = _folder()
    os.environ.setdefault("YIWANG_DATABASE", "sqlite:///")
    # A file and not memory: threads and processes of a test then really share it. Where there is a
    # disk in memory it lies there: tests of rules need no durable commits; live cities use the disk.
    shared = _folder(memory_disk(NEEDED_MB))
    os.environ["YIWANG_TEST_SHARED"] = shared
    if os.environ["YIWANG_DATABASE"].startswith("sqlite"):
        os.environ.setdefault("YIWANG_TEST_DB", f"{shared}/test.sqlite3")


_prepare()
