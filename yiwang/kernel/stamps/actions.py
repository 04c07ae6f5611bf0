"""Stamps (版本戳): what a process keeps in memory is right as long as the stamp is the one it was read under.

    @lru_cache
    def _rows(stamp: str, key: str): ...

    _rows(stamp_get("kernel.codes"), key)

All stamps are read by one query, once in an act. `stamp_renew` belongs to the transaction of the change: who reads
before it ends gets the old stamp with the old rows.
"""

from uuid import uuid4

from yiwang.kernel.audit.actions import act_once, act_once_forget
from yiwang.kernel.rows.statements import rows_find
from yiwang.kernel.stamps.models import Stamp

_KEY = "kernel.stamps"


def stamp_get(name: str) -> str:
    """Return the stamp of something (版本戳), "" while it has never changed; nothing is kept under ""."""
    return act_once(_KEY, _read).get(name, "")


def stamp_renew(name: str) -> None:
    """Say that something has changed (更新版本戳), in the transaction that changes it."""
    Stamp.objects.update_or_create(name=name, defaults={"value": uuid4().hex})
    act_once_forget(_KEY)


def _read() -> dict[str, str]:
    return {row.name: row.value for row in rows_find(Stamp, known={})}
