"""Who takes a document that follows (补交材料的接收): rooms above register by the subject's beginning.

    supply_register("application:", function)

The function runs inside the act of handing in: `function(promise, attachment_id, sha256, now)`.
"""

from collections.abc import Callable
from datetime import datetime

from yiwang.hall.promises.data import PromiseView

Supply = Callable[[PromiseView, int, str, datetime], None]
_supplies: dict[str, Supply] = {}


def supply_register(prefix: str, supply: Supply) -> None:
    """Have `supply` called for promises whose subject begins with `prefix`."""
    _supplies[prefix] = supply


def supply_tell(promise: PromiseView, attachment_id: int, sha256: str, now: datetime) -> None:
    """Hand a document that followed to the room it belongs to."""
    for prefix, supply in _supplies.items():
        if promise.subject.startswith(prefix):
            supply(promise, attachment_id, sha256, now)
