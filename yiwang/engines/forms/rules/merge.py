"""Two devices, one draft (草稿合并): what each typed is kept, and both are told.

Every field remembers what stood there before each of its last changes, with the revision that
changed it. A save that starts from an old revision is then compared field by field: untouched
fields take what the other device saved, touched ones take this device's value, and where both typed
something different the saved value stands and this one is offered beside it.
Groups are compared row by row.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

History = dict[str, list[list]]
DEPTH = 20
UNKNOWN = object()
OFFERED, OFFERED_BYTES = 5, 2_000_000


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
        rows = rows_merge(ours, theirs, before)
        if before == ours:
            values[field] = theirs
        elif rows is not None:
            values[field] = rows
        else:
            others[field] = theirs
    return Merged({k: v for k, v in values.items() if v is not None}, others)


def rows_merge(ours: object, theirs: object, before: object) -> list | None:
    """Merge two versions of a group row by row, as long as neither has more or fewer rows than before.

    None when that is not so, or when both changed the same row.

    >>> rows_merge([{"a": 2}, {}], [{"a": 1}, {"b": 1}], [{"a": 1}, {}])
    [{'a': 2}, {'b': 1}]
    """
    sides = (ours, theirs, before)
    if not all(isinstance(each, list) and all(map(_is_row, each)) for each in sides):
        return None
    if len({len(each) for each in sides}) > 1:
        return None
    merged = []
    for our, their, old in zip(*sides, strict=True):
        if their not in (our, old) and our != old:
            return None
        merged.append(our if their == old else their)
    return merged


def _is_row(value: object) -> bool:
    return isinstance(value, dict)


def history_extend(
    history: History, before: Mapping[str, object], after: Mapping[str, object], *, revision: int
) -> History:
    """Add the changes from `before` to `after`, made by `revision`, to the history."""
    result = dict(history)
    for field in before.keys() | after.keys():
        if before.get(field) != after.get(field):
            result[field] = [*result.get(field, []), [revision, before.get(field)]][-DEPTH:]
    return result


def offers_of(raw: Mapping | None) -> list[dict]:
    """Return what was put aside for a field (待选值), the newest first: [{value, at}]."""
    if raw is None:
        return []
    return [{"value": raw["value"], "at": raw["at"]}, *raw.get("also", ())]


def offers_join(offers: Iterable[Mapping], *, kept: object) -> dict | None:
    """Bring what is put aside into the form that a draft keeps, each value once; None when nothing differs.

    kept: what stands in the draft now. At most `OFFERED` values, the newest; of long ones fewer, at least one.

    >>> offers_join([{"value": 2, "at": "b"}, {"value": 1, "at": "a"}, {"value": 2, "at": "a"}], kept=1)
    {'value': 2, 'at': 'b', 'also': []}
    """
    found: list[dict] = []
    room = OFFERED_BYTES
    for offer in offers:
        room -= len(json.dumps(offer["value"], ensure_ascii=False).encode())
        is_known = any(same(offer["value"], one["value"]) for one in (*found, {"value": kept}))
        if not is_known and (room >= 0 or not found) and len(found) < OFFERED:
            found.append(dict(offer))
    return {**found[0], "also": found[1:]} if found else None


def same(one: object, other: object) -> bool:
    """Tell whether two values are the same to JSON: 1 is not true, and nothing is nothing."""
    return type(one) is type(other) and one == other


def differences_digest(shown: Mapping[str, object]) -> str:
    """Return what stands for the differences that a page shows (差异摘要): another one when any side has changed."""
    text = json.dumps(shown, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def rows_both(kept: object, other: object, *, limit: int) -> list | None:
    """Return the rows of both versions of a group, none twice (两边都要); None when that is more than `limit`.

    >>> rows_both([{"a": 1}], [{"a": 2}, {"a": 1}], limit=3)
    [{'a': 1}, {'a': 2}]
    """
    rows = [*kept] if isinstance(kept, list) else []
    rows += [row for row in (other if isinstance(other, list) else ()) if row not in rows]
    return rows if len(rows) <= limit else None
