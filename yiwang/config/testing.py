"""What must be set before any test reads the settings: a folder and a database of its own.

A pytest plugin (`-p yiwang.config.testing` in pyproject.toml), because pytest-django reads the settings
before it comes to any conftest.py.
"""

import atexit
import os
import shutil
import tempfile

if "YIWANG_DATA" not in os.environ:
    _folder = tempfile.mkdtemp(prefix="yiwang-test-")
    os.environ["YIWANG_DATA"] = _folder
    atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ.setdefault("YIWANG_DATABASE", "sqlite:///")
if os.environ["YIWANG_DATABASE"].startswith("sqlite") and "YIWANG_TEST_DB" not in os.environ:
    # A file and not memory: threads and processes of a test then really share it. Where there is a
    # disk in memory it lies there: tests of rules need no durable commits; live cities use the disk.
    _shared = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
    _place = tempfile.mkdtemp(prefix="yiwang-test-", dir=_shared)
    os.environ["YIWANG_TEST_DB"] = f"{_place}/test.sqlite3"
    atexit.register(shutil.rmtree, _place, ignore_errors=True)
