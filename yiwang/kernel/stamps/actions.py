"""Stamps (版本戳): what a process keeps in memory is right as long as the stamp is the one it was read under.

    @lru_cache
    def _rows(stamp: str, key: str): ...

    _rows(stamp_get("kernel.codes"), key)

All stamps are read by one query, once in an act or for a person's request. `stamp_renew` belongs to the transaction of the change: who reads
before it ends gets the old stamp with the old rows.
"""

from contextvars import ContextVar
from uuid import uuid4

from yiwang.kernel.audit.actions import act_once, act_once_forget
from yiwang.kernel.audit.context import RequestContext, context_get
from yiwang.kernel.rows.statements import rows_find
from yiwang.kernel.stamps.models import Stamp

_KEY = "kernel.stamps"


def stamp_get(name: str) -> str:
    """Return the stamp of something (版本戳), "" while it has never changed; nothing is kept under ""."""
    return act_once(_KEY, _read_for_request).get(name, "")


def stamp_renew(name: str) -> None:
    """Say that something has changed (更新版本戳), in the transaction that changes it."""
    Stamp.objects.update_or_create(name=name, defaults={"value": uuid4().hex})
    act_once_forget(_KEY)
    _held.set(None)


# What was read for a request, with the context object that stands for it.
_held: ContextVar[tuple[RequestContext, dict[str, str]] | None] = ContextVar(
    "yiwang_stamps", default=None
)


def _read_for_request() -> dict[str, str]:
    """Ask once for each request; the machine and tools, whose context lasts longer, ask each time."""
    context, held = context_get(), _held.get()
    if held is not None and held[0] is context:
        return held[1]
    stamps = _read()
    is_request = context.address and context.population != "SYSTEM"
    _held.set((context, stamps) if is_request else None)
    return stamps


def _read() -> dict[str, str]:
    return {row.name: row.value for row in rows_find(Stamp, known={})}
