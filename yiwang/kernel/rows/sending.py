"""Writes that need no answer, sent together (合并发送): one journey to PostgreSQL where there were ten.

Within `together` such writes wait. They are sent, in their order and in one pipeline, before any other statement that might
see them and at the end of the block, so an act reads what it wrote. An error of one of them is raised where they are
sent, within the same transaction. SQLite is in the same process: there nothing waits.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache

from django.db import connection

IDS_MOST = 16
MOST = 100
"""So many writes wait at most: an act of a hundred thousand keeps none of them in memory."""


@dataclass(frozen=True, slots=True)
class _Write:
    sql: str
    values: Sequence[object]
    otherwise: type[Exception] | None


# By name of a block: the tables of which its last run wanted ids, in order.
_wanted: dict[str, tuple[str, ...]] = {}


class _Waiting:
    """The writes that wait, the tables that they change, and ids that were asked for beforehand."""

    __slots__ = ("asked", "ids", "name", "tables", "writes")

    def __init__(self, name: str) -> None:
        self.name = name
        self.writes: list[_Write] = []
        self.tables: set[str] = set()
        self.ids: dict[str, list[int]] | None = None
        self.asked: list[str] = []

    def id_take(self, table: str) -> int:
        """Take an id of a table; with the first one come all that such a block wanted the last time."""
        self.asked.append(table)
        if self.ids is None:
            self.ids = {}
            _ids_ask(self.ids, [table, *_wanted.get(self.name, ())[1:]])
        if not self.ids.get(table):
            _ids_ask(self.ids, [table])
        return self.ids[table].pop(0)

    def learn(self) -> None:
        """Remember what ids such a block wants."""
        if self.asked:
            _wanted[self.name] = tuple(self.asked[:IDS_MOST])

    def before(self, execute: Callable, sql: str, params: object, many: bool, context: dict):  # noqa: ANN201, FBT001
        """Send what waits before another statement; what a savepoint takes back is not sent at all."""
        if self.writes and sql.startswith("ROLLBACK TO"):
            self.forget()
        self.send()
        return execute(sql, params, many, context)

    def forget(self) -> None:
        self.writes, self.tables = [], set()

    def send(self) -> None:
        """Send what waits; raises what the first that failed would have raised."""
        writes = self.writes
        if not writes:
            return
        self.forget()
        with connection.wrap_database_errors:
            with connection.connection.pipeline():
                cursors = [connection.connection.cursor() for _write in writes]
                for cursor, write in zip(cursors, writes, strict=True):
                    cursor.execute(write.sql, write.values)
        for cursor, write in zip(cursors, writes, strict=True):
            if write.otherwise is not None and not cursor.rowcount:
                raise write.otherwise


_waiting: ContextVar[_Waiting | None] = ContextVar("yiwang_rows_waiting", default=None)


def _ids_ask(ids: dict[str, list[int]], tables: Sequence[str]) -> None:
    calls = ", ".join(f"nextval('{_sequence(table)}')" for table in tables)
    with beside_all(), connection.cursor() as cursor:
        cursor.execute(f"SELECT {calls}")
        for table, pk in zip(tables, cursor.fetchone(), strict=True):
            ids.setdefault(table, []).append(pk)


@lru_cache(maxsize=256)
def _sequence(table: str) -> str:
    with beside_all(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_serial_sequence(%s, 'id')", [connection.ops.quote_name(table)]
        )
        (name,) = cursor.fetchone()
    return name


def id_take(table: str) -> int | None:
    """Return the id that a new row of a table will have (预取主键), None where rows do not wait."""
    waiting = _waiting.get()
    return None if waiting is None else waiting.id_take(table)


@contextmanager
def together(name: str = "") -> Iterator[None]:
    """Let the writes of a block wait for each other, inside a transaction; blocks within blocks are one.

    name: of the kind of block; ids that its last run wanted are asked for at once.
    """
    if _waiting.get() is not None or not _is_able():
        yield
        return
    waiting = _Waiting(name)
    token = _waiting.set(waiting)
    try:
        with connection.execute_wrapper(waiting.before):
            yield
            waiting.send()
            waiting.learn()
    finally:
        _waiting.reset(token)


def _is_able() -> bool:
    """Tell whether writes can wait here; whoever logs statements sees each by itself."""
    if connection.vendor != "postgresql" or connection.queries_logged:
        return False
    return connection.Database.Pipeline.is_supported()


def row_write(
    table: str, sql: str, values: Sequence[object], *, otherwise: type[Exception] | None = None
) -> None:
    """Execute a write that needs no answer, or let it wait (写入); otherwise: raised when it changes no row."""
    waiting = _waiting.get()
    if waiting is not None:
        waiting.writes.append(_Write(sql, values, otherwise))
        waiting.tables.add(table)
        if len(waiting.writes) >= MOST:
            waiting.send()
        return
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        if otherwise is not None and not cursor.rowcount:
            raise otherwise


def beside(table: str) -> AbstractContextManager[None]:
    """Let statements about a table pass what waits, when all that is about others (不受影响的语句)."""
    waiting = _waiting.get()
    return nullcontext() if waiting is None or table in waiting.tables else beside_all()


@contextmanager
def beside_all() -> Iterator[None]:
    """Let statements that no waiting write concerns pass them (不受影响的语句)."""
    waiting = _waiting.get()
    if waiting is None:
        yield
        return
    held, waiting.writes = waiting.writes, []
    try:
        yield
    finally:
        waiting.writes = held
