"""Writes that need no answer, sent together (合并发送): one journey to PostgreSQL where there were ten.

Within `together` such writes wait. They are sent, in their order and in one pipeline, before any other statement that might
see them and at the end of the block, so an act reads what it wrote. An error of one of them is raised where they are
sent, within the same transaction. SQLite is in the same process: there nothing waits.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.db import connection

MOST = 100
"""So many writes wait at most: an act of a hundred thousand keeps none of them in memory."""


@dataclass(frozen=True, slots=True)
class _Write:
    sql: str
    values: Sequence[object]
    otherwise: type[Exception] | None


class _Waiting:
    """The writes that wait, and the tables that they change."""

    __slots__ = ("tables", "writes")

    def __init__(self) -> None:
        self.writes: list[_Write] = []
        self.tables: set[str] = set()

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


@contextmanager
def together() -> Iterator[None]:
    """Let the writes of a block wait for each other, inside a transaction; blocks within blocks are one."""
    if _waiting.get() is not None or not _is_able():
        yield
        return
    waiting = _Waiting()
    token = _waiting.set(waiting)
    try:
        with connection.execute_wrapper(waiting.before):
            yield
            waiting.send()
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


@contextmanager
def beside(*tables: str) -> Iterator[None]:
    """Let statements about these tables pass what waits, as far as it is about others (不受影响的语句)."""
    waiting = _waiting.get()
    if waiting is None or waiting.tables.intersection(tables):
        yield
        return
    held, waiting.writes = waiting.writes, []
    try:
        yield
    finally:
        waiting.writes = held
