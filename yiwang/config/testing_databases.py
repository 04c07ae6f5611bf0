"""The databases of the tests: one as the migrations leave it, and copies of it that hold more.

Which one a test finds is decided before it begins: a fixture of `LAYERS` gives it the copy that was filled for
this fixture (`seeds`: code tables; `made_city`: a small city), and `@pytest.mark.filled(by=function)` the copy that
this function filled, with the files that it put into the folder it is given; none of them the plain one. A copy is filled when it is first wanted, by one worker of a run for
all of them; what a test changes in it is rolled back. A test with transactions of its own works in a copy of the
copy, which is thrown away behind it: quicker than emptying two hundred tables, and the next one finds what the
migrations wrote.
"""

import fcntl
import os
import pickle
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from zlib import crc32

from django.conf import settings
from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader
from django.test.utils import setup_databases

PLAIN = "plain"
TRANSACTIONS = {"transactional_db", "live_server", "django_db_reset_sequences"}
LAYERS: dict[str, Callable[[], object]] = {}  # name of a fixture → what fills its database
_WAITING: dict[str, object] = {}  # name of a database → this process's connection to it, not in use


def plain_make(*, keep: bool) -> list[tuple]:
    """Fill the plain database by the migrations, or take it from the worker that has; for `teardown_databases`."""
    before = connection.settings_dict["NAME"]

    def migrated() -> None:
        of = {"aliases": {"default"}, "serialized_aliases": set()}
        setup_databases(verbosity=0, interactive=False, keepdb=keep, **of)

    with _Shared.of(PLAIN) as shared:
        if shared is None:
            migrated()
        elif shared.is_there:
            name = connection.settings_dict["TEST"]["NAME"]
            database_copy(shared.name, name)
            _use(name)
            MigrationLoader(
                None
            )  # what they say of themselves when they are read is known here as well
        else:
            migrated()
            shared.keep(connection.settings_dict["NAME"])
    return [(connection, before, True)]


class Databases:
    """The copies of one process's test database; between tests `connection` works in the plain one."""

    def __init__(self) -> None:
        """Begin with the database that the migrations have just filled."""
        self.names = {PLAIN: connection.settings_dict["NAME"]}
        self.given: dict[str, object] = {}
        self.spare = 0
        self.thrown_away = ""

    def begin(self, item) -> None:
        """Move to the database that a test asks for by its fixtures."""
        name = self.names[PLAIN]
        for layer, fill in layers_of(item):
            name = self._layer(layer, fill, on=name)
        if is_transactional(item):
            name = self.thrown_away = self._copied(name)
        _use(name)

    def end(self) -> None:
        """Move back, and throw away the copy of a test with transactions of its own."""
        if self.thrown_away:
            connection.close()
        _use(self.names[PLAIN])
        if self.thrown_away:
            _drop(self.thrown_away)
            self.thrown_away = ""

    def close(self) -> None:
        """Leave nothing but the database that the session began with."""
        _use(self.names[PLAIN])
        for layer in [name for name in self.names if name != PLAIN]:
            _drop(self.names.pop(layer))
        _Shared.clear()

    def _layer(self, layer: str, fill: Callable[[], object], *, on: str) -> str:
        if layer not in self.names:
            with _Shared.of(layer) as shared:
                if shared and shared.is_there:
                    name, self.given[layer] = self._copied(shared.name), shared.given
                else:
                    name = self._copied(on)
                    _use(name)
                    self.given[layer] = fill()
                    if shared:
                        shared.keep(name, self.given[layer])
            self.names[layer] = name
        return self.names[layer]

    def _copied(self, name: str) -> str:
        self.spare += 1
        ending = ".sqlite3" if connection.vendor == "sqlite" else ""
        new = f"{self.names[PLAIN].removesuffix(ending)}_{self.spare}{ending}"
        database_copy(name, new)
        return new


class _Shared:
    """A filled database that nobody works in: the workers of one run copy theirs from it."""

    mine: "list[_Shared]" = []  # noqa: RUF012 - of this process

    def __init__(self, layer: str, folder: Path) -> None:
        self.note = folder / f"{layer}.pickle"
        self.name = str(folder / f"{layer}.sqlite3")
        if connection.vendor != "sqlite":
            # No two runs share a folder, and a name of PostgreSQL has 63 characters at most.
            self.name = f"{folder.name}_{crc32(layer.encode()):08x}"

    @classmethod
    @contextmanager
    def of(cls, layer: str) -> "Iterator[_Shared | None]":
        """Hold the other workers back while this one fills the layer or copies it; None: there are no others."""
        folder = Path(os.environ["YIWANG_TEST_SHARED"])
        if "PYTEST_XDIST_WORKER" not in os.environ:
            yield None
            return
        with (folder / f"{layer}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield cls(layer, folder)

    @classmethod
    def clear(cls) -> None:
        """Throw away what this process has filled; a worker that still asks for it fills its own."""
        while cls.mine:
            shared = cls.mine.pop()
            with (shared.note.with_suffix(".lock")).open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                shared.note.unlink()
                _drop(shared.name)

    @property
    def is_there(self) -> bool:
        """Whether a worker has filled it."""
        return self.note.exists()

    @property
    def given(self) -> object:
        """What filling it gave."""
        return pickle.loads(self.note.read_bytes())  # noqa: S301 - written by the neighbour

    def keep(self, name: str, given: object = None) -> None:
        """Keep a copy of what was just filled."""
        database_copy(name, self.name)
        self.note.write_bytes(pickle.dumps(given))
        self.mine.append(self)


def _use(name: str) -> None:
    """Move to a database; the connection to the one before waits for the next test there."""
    before = connection.settings_dict["NAME"]
    if before == name:
        return
    if connection.in_atomic_block:
        raise RuntimeError(
            "a fixture of the module holds a transaction open, and this test asks for another database"
        )
    if connection.connection and not connection.errors_occurred and connection.get_autocommit():
        _WAITING[before], connection.connection = connection.connection, None
    connection.close()
    connections.databases["default"]["NAME"] = connection.settings_dict["NAME"] = name
    if name in _WAITING:
        connection.connection = _WAITING.pop(name)
        if not connection.is_usable():
            connection.close()


def _leave(name: str) -> None:
    """Close what this process holds open to a database."""
    if connection.settings_dict["NAME"] == name:
        connection.close()
    if waiting := _WAITING.pop(name, None):
        waiting.close()


def database_copy(name: str, new: str) -> None:
    """Copy a database of the tests in which nobody works."""
    _leave(name)
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(name)) as old, closing(sqlite3.connect(new)) as copy:
            old.backup(copy)
        return
    with connection._nodb_cursor() as cursor:
        # PostgreSQL copies a database only while nobody works in it.
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        cursor.execute(f'DROP DATABASE IF EXISTS "{new}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{new}" TEMPLATE "{name}"')


def _drop(name: str) -> None:
    _leave(name)
    if connection.vendor == "sqlite":
        for end in ("", "-wal", "-shm"):
            Path(name + end).unlink(missing_ok=True)
        return
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def layers_of(item) -> list[tuple[str, Callable[[], object]]]:
    """Return the layers that a test works in, each on the one before: their names, and what fills them."""
    found = [(name, LAYERS[name]) for name in LAYERS if name in item.fixturenames][:1]
    marker = item.get_closest_marker("filled")
    if marker and (fill := marker.kwargs["by"]):
        below = "".join(f"{name}." for name, _ in found)
        found.append((f"{below}{fill.__module__}.{fill.__qualname__}", partial(_in_folder, fill)))
    return found


def _in_folder(fill: Callable[[Path], object]) -> tuple[Path, object]:
    folder = Path(tempfile.mkdtemp(prefix="filled-", dir=settings.DATA_DIR))
    return folder, fill(folder)


def touches(item) -> bool:
    """Tell whether a test works in the test database."""
    # Not `django_db_blocker`: a fixture of pytest-django's that every test has asks for it.
    names = {"django_db_setup", "db", "databases", *TRANSACTIONS}
    return bool(names & set(item.fixturenames) or item.get_closest_marker("django_db"))


def is_transactional(item) -> bool:
    """Tell whether a test has transactions of its own."""
    marker = item.get_closest_marker("django_db")
    asked = bool(marker) and (marker.kwargs.get("transaction") or marker.args[:1] == (True,))
    return bool(asked) or bool(TRANSACTIONS & set(item.fixturenames))
