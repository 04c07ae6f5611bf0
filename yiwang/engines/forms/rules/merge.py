"""Two devices, one draft (草稿合并): what each typed is kept, and both are told.

Every field remembers what stood there before each of its last changes, with the revision that
changed it. A save that starts from an old revision is then compared field by field: untouched
fields take what the other device saved, touched ones take this device's value, and where both typed
something different the saved value stands and this one is offered beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

History = dict[str, list[list]]
DEPTH = 20
UNKNOWN = object()


@dataclass(frozen=True, slots=True)
class Merged:
    """The values to keep, and per field what the late device typed instead."""

    values: dict[str, object]
    others: dict[str, object]


def value_at(history: History, current: object, field: str, revision: int) -> object:
    """Return what a field held at `revision`; UNKNOWN when that is too long ago.

    >>> value_at({"a": [[3, "old"], [5, "newer"]]}, "newest", "a", 4)
    'newer'
    """
    changes = history.get(field, [])
    later = [before for changed, before in changes if changed > revision]
    if len(later) == DEPTH:
        return UNKNOWN
    return later[0] if later else current


def merge(
    stored: Mapping[str, object], history: History, saved: Mapping[str, object], *, base: int
) -> Merged:
    """Merge what was `saved` from revision `base` into what is `stored` (合并)."""
    values, others = dict(stored), {}
    for field in stored.keys() | saved.keys():
        ours, theirs = stored.get(field), saved.get(field)
        if ours == theirs:
            continue
        before = value_at(history, ours, field, base)
        if before == theirs:
            continue
        if before == ours:
            values[field] = theirs
        else:
            others[field] = theirs
    return Merged({k: v for k, v in values.items() if v is not None}, others)


def history_extend(
    history: History, before: Mapping[str, object], after: Mapping[str, object], *, revision: int
) -> History:
    """Add the changes from `before` to `after`, made by `revision`, to the history."""
    result = dict(history)
    for field in before.keys() | after.keys():
        if before.get(field) != after.get(field):
            result[field] = [*result.get(field, []), [revision, before.get(field)]][-DEPTH:]
    return result
