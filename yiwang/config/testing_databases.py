"""The databases of the tests: one as the migrations leave it, and copies of it that hold more.

Which one a test finds is decided by its fixtures before it begins: a fixture of `LAYERS` gives it the copy that
was filled for this fixture (`seeds`: code tables; `made_city`: a small city), none of them the plain one. A copy
is filled when it is first wanted, once a process; what a test changes in it is rolled back. A test with
transactions of its own works in a copy of the copy, which is thrown away behind it: quicker than emptying two
hundred tables, and the next one finds what the migrations wrote.
"""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing

from django.db import connection, connections

PLAIN = ""
TRANSACTIONS = {"transactional_db", "live_server", "django_db_reset_sequences"}
LAYERS: dict[str, Callable[[], object]] = {}  # name of a fixture → what fills its database


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
        layer = next((name for name in LAYERS if name in item.fixturenames), PLAIN)
        name = self._layer(layer)
        if is_transactional(item):
            name = self.thrown_away = self._copy(name)
        self._move(name)

    def end(self) -> None:
        """Move back, and throw away the copy of a test with transactions of its own."""
        self._move(self.names[PLAIN])
        if self.thrown_away:
            self._drop(self.thrown_away)
            self.thrown_away = ""

    def close(self) -> None:
        """Leave nothing but the database that the session began with."""
        for layer in [name for name in self.names if name != PLAIN]:
            self._drop(self.names.pop(layer))

    def _layer(self, layer: str) -> str:
        if layer not in self.names:
            name = self._copy(self.names[PLAIN])
            self._move(name)
            self.given[layer] = LAYERS[layer]()
            self.names[layer] = name
        return self.names[layer]

    def _move(self, name: str) -> None:
        if connection.settings_dict["NAME"] == name:
            return
        if connection.in_atomic_block:
            raise RuntimeError(
                "a fixture of the module holds a transaction open, and this test asks for another database"
            )
        connection.close()
        connections.databases["default"]["NAME"] = connection.settings_dict["NAME"] = name

    def _copy(self, name: str) -> str:
        self.spare += 1
        connection.close()
        if connection.vendor == "sqlite":
            new = f"{name.removesuffix('.sqlite3')}-{self.spare}.sqlite3"
            with closing(sqlite3.connect(name)) as old, closing(sqlite3.connect(new)) as copy:
                old.backup(copy)
            return new
        new = f"{self.names[PLAIN]}_{self.spare}"
        with connection._nodb_cursor() as cursor:
            self._alone(cursor, name)
            cursor.execute(f'DROP DATABASE IF EXISTS "{new}" WITH (FORCE)')
            cursor.execute(f'CREATE DATABASE "{new}" TEMPLATE "{name}"')
        return new

    def _drop(self, name: str) -> None:
        if connection.vendor == "sqlite":
            for end in ("", "-wal", "-shm"):
                if os.path.exists(name + end):
                    os.unlink(name + end)
            return
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @staticmethod
    def _alone(cursor, name: str) -> None:
        """PostgreSQL copies a database only while nobody works in it."""
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )


def touches(item) -> bool:
    """Tell whether a test works in the test database."""
    names = {"db", "django_db_blocker", "city_template", *TRANSACTIONS}
    return bool(names & set(item.fixturenames) or item.get_closest_marker("django_db"))


def is_transactional(item) -> bool:
    """Tell whether a test has transactions of its own."""
    marker = item.get_closest_marker("django_db")
    asked = bool(marker) and (marker.kwargs.get("transaction") or marker.args[:1] == (True,))
    return bool(asked) or bool(TRANSACTIONS & set(item.fixturenames))
