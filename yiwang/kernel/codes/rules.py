"""What became of every code from one edition to the next (代码沿革): pure, no code is lost or doubled.

The rules decide only what name and place tell; whatever has several readings is left for a person.

1. Same code, same name: UNCHANGED.
2. Same name under the same or the successor parent, one candidate: RECODED.
3. Same code, same or successor parent, another name: RENAMED.
4. What the new edition's file itself states (`predecessors`): RECODED, MERGED or SPLIT.
5. Same name elsewhere under the same grandparent, with most of its own subdivisions: RECODED.
6. Nothing comparable: GONE, and in the new edition ADDED.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from yiwang.sdk.errors import N_

UNCHANGED, RENAMED, RECODED = "UNCHANGED", "RENAMED", "RECODED"
MERGED, SPLIT, ADDED, GONE = "MERGED", "SPLIT", "ADDED", "GONE"
KINDS = (UNCHANGED, RENAMED, RECODED, MERGED, SPLIT, ADDED, GONE)
# How much of a place's subdivisions must have come along for it to be the same place.
CHILDREN_SHARE = 0.5
_SUFFIXES = ("社区居民委员会", "社区居委会", "居民委员会", "居委会", "社区", "村民委员会", "村委会")
_SUFFIXES += ("街道办事处", "街道", "镇", "乡")


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One code as a file or an edition gives it. predecessors: old codes the file itself names."""

    code: str
    name: str
    parent: str = ""
    level: int = 1
    name_en: str = ""
    is_local: bool = False
    attributes: Mapping[str, object] = field(default_factory=dict)
    predecessors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One finding: from_code "" for what was added, to_code "" for what is gone."""

    kind: str
    from_code: str
    from_name: str
    to_code: str
    to_name: str
    evidence: str
    decided_by: str = "RULE"


@dataclass(frozen=True, slots=True)
class Undecided:
    """An old code with several readings, or one that no rule may take: for a person (待认定)."""

    from_code: str
    from_name: str
    candidates: tuple[tuple[str, str], ...]
    reason: str


@dataclass(frozen=True, slots=True)
class CodeDiff:
    """The difference of two editions (版本差异)."""

    changes: tuple[Change, ...]
    undecided: tuple[Undecided, ...]
    unchanged: int

    def of(self, kind: str) -> tuple[Change, ...]:
        """Return the changes of one kind, by code."""
        return tuple(change for change in self.changes if change.kind == kind)

    @property
    def counts(self) -> dict[str, int]:
        """Return how many findings there are of each kind, and how many are undecided."""
        counts = {kind: len(self.of(kind)) for kind in KINDS if kind != UNCHANGED}
        return {UNCHANGED: self.unchanged, **counts, "UNDECIDED": len(self.undecided)}


def codes_compare(
    old: Sequence[CodeRow], new: Sequence[CodeRow], *, decided: Iterable[Change] = ()
) -> CodeDiff:
    """Compare two editions (比较版本). decided: what persons have found; it goes before the rules.

    >>> diff = codes_compare([CodeRow("1", "东")], [CodeRow("2", "东"), CodeRow("3", "西")])
    >>> [(c.kind, c.from_code, c.to_code) for c in diff.changes]
    [('RECODED', '1', '2'), ('ADDED', '', '3')]
    """
    return _Comparison(old, new, tuple(decided)).run()


class _Comparison:
    """The working state of one comparison: what is matched already, level by level from the top."""

    def __init__(
        self, old: Sequence[CodeRow], new: Sequence[CodeRow], decided: tuple[Change, ...]
    ) -> None:
        self.old = {row.code: row for row in old}
        self.new = {row.code: row for row in new}
        self.successor: dict[str, str] = {"": ""}
        self.open_old = dict.fromkeys(self.old)
        self.open_new = dict.fromkeys(self.new)
        self.changes: list[Change] = []
        self.undecided: list[Undecided] = []
        self.unchanged = 0
        self.children_old = _by_parent(old)
        self.children_new = _by_parent(new)
        for change in decided:
            self._take_decided(change)
        self._take_stated()

    def run(self) -> CodeDiff:
        levels = sorted({row.level for row in (*self.old.values(), *self.new.values())})
        for level in levels:
            old = [self.old[code] for code in self.open_old if self.old[code].level == level]
            self._same(old)
            self._by_name_and_place([row for row in old if row.code in self.open_old])
            self._renamed([row for row in old if row.code in self.open_old])
            self._by_grandparent([row for row in old if row.code in self.open_old])
        self._leftovers()
        self.changes.sort(key=lambda c: (KINDS.index(c.kind), c.from_code, c.to_code))
        return CodeDiff(tuple(self.changes), tuple(self.undecided), self.unchanged)

    def _take_decided(self, change: Change) -> None:
        if change.from_code:
            self.open_old.pop(change.from_code, None)
        if change.to_code:
            self.open_new.pop(change.to_code, None)
        if change.from_code and change.to_code:
            self.successor.setdefault(change.from_code, change.to_code)
        if change.kind == UNCHANGED:
            self.unchanged += 1
        else:
            self.changes.append(change)

    def _take_stated(self) -> None:
        """Take what the new file says itself: one to one, many to one, one to many."""
        stated = [
            (self.old[code], row)
            for row in self.new.values()
            for code in row.predecessors
            if code in self.open_old and row.code in self.open_new
        ]
        heirs, origins = defaultdict(set), defaultdict(set)
        for before, after in stated:
            heirs[before.code].add(after.code)
            origins[after.code].add(before.code)
        for before, after in stated:
            if len(origins[after.code]) > 1:
                kind = MERGED
            elif len(heirs[before.code]) > 1:
                kind = SPLIT
            elif before.code != after.code:
                kind = RECODED
            else:
                continue
            self._record(kind, before, after, N_("stated in the file"))

    def _same(self, rows: list[CodeRow]) -> None:
        for row in rows:
            after = self.new.get(row.code)
            if after is None or after.code not in self.open_new or after.name != row.name:
                continue
            self.unchanged += 1
            self._match(row, after)

    def _by_name_and_place(self, rows: list[CodeRow]) -> None:
        """Same name under the same or the successor parent."""
        places = defaultdict(list)
        for code in self.open_new:
            row = self.new[code]
            places[row.parent, row.name].append(row)
        rivals = _by_place(rows, self.successor)
        for row in rows:
            place = (self.successor.get(row.parent), row.name)
            found = [r for r in places.get(place, []) if r.code in self.open_new]
            if not found:
                continue
            if len(found) == 1 and rivals[place] == 1:
                self._record(RECODED, row, found[0], N_("same name under the same parent"))
            else:
                self._leave(row, found, N_("several codes have this name under this parent"))

    def _renamed(self, rows: list[CodeRow]) -> None:
        for row in rows:
            after = self.new.get(row.code)
            if after is None or after.code not in self.open_new:
                continue
            if self.successor.get(row.parent) == after.parent:
                self._record(RENAMED, row, after, N_("same code and parent, another name"))

    def _by_grandparent(self, rows: list[CodeRow]) -> None:
        """Same name under another parent of the same grandparent: a place that was reassigned."""
        places = defaultdict(list)
        for code in self.open_new:
            row = self.new[code]
            places[self._above(row, self.new), row.name].append(row)
        for row in rows:
            above = self._above(row, self.old)
            place = (self.successor.get(above) if above is not None else None, row.name)
            found = [r for r in places.get(place, []) if r.code in self.open_new]
            if not found or place[0] is None:
                continue
            share = self._children_share(row, found[0])
            if len(found) == 1 and share is not None and share >= CHILDREN_SHARE:
                evidence = N_("same name in the same area, and most of its subdivisions came along")
                self._record(RECODED, row, found[0], evidence)
            else:
                self._leave(row, found, N_("the same name stands under another parent"))

    def _leftovers(self) -> None:
        """What no rule took: a near name at the same place is for a person, the rest is gone."""
        places = defaultdict(list)
        for code in self.open_new:
            row = self.new[code]
            places[row.level, row.parent, stem(row.name)].append(row)
        for code in list(self.open_old):
            row = self.old[code]
            near = places.get((row.level, self.successor.get(row.parent), stem(row.name)))
            if near:
                self._leave(row, near, N_("a similar name stands under the same parent"))
        named = {code for case in self.undecided for code, _name in case.candidates}
        for code in self.open_old:
            row = self.old[code]
            reason = N_("no code of this name is left at this place")
            self.changes.append(Change(GONE, code, row.name, "", "", reason))
        for code in self.open_new:
            if code not in named:
                reason = N_("no code of this name stood at this place")
                self.changes.append(Change(ADDED, "", "", code, self.new[code].name, reason))

    def _record(self, kind: str, before: CodeRow, after: CodeRow, evidence: str) -> None:
        self.changes.append(
            Change(kind, before.code, before.name, after.code, after.name, evidence)
        )
        self._match(before, after)

    def _match(self, before: CodeRow, after: CodeRow) -> None:
        self.open_old.pop(before.code, None)
        self.open_new.pop(after.code, None)
        self.successor.setdefault(before.code, after.code)

    def _leave(self, row: CodeRow, found: list[CodeRow], reason: str) -> None:
        candidates = tuple((r.code, r.name) for r in found)
        self.undecided.append(Undecided(row.code, row.name, candidates, reason))
        self.open_old.pop(row.code)

    def _above(self, row: CodeRow, rows: Mapping[str, CodeRow]) -> str | None:
        """Return the grandparent, None for what has no parent to be moved from."""
        return rows[row.parent].parent if row.parent else None

    def _children_share(self, before: CodeRow, after: CodeRow) -> float | None:
        mine = self.children_old.get(before.code)
        if not mine:
            return None
        return len(mine & self.children_new.get(after.code, set())) / len(mine)


def stem(name: str) -> str:
    """Return a place's name without its kind.

    >>> stem("木渎镇"), stem("木渎街道"), stem("和平社区居委会"), stem("镇")
    ('木渎', '木渎', '和平', '镇')
    """
    for suffix in _SUFFIXES:
        if name.endswith(suffix) and name != suffix:
            return name[: -len(suffix)]
    return name


def _by_parent(rows: Sequence[CodeRow]) -> dict[str, set[str]]:
    names: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        names[row.parent].add(row.name)
    return names


def _by_place(rows: list[CodeRow], successor: Mapping[str, str]) -> dict:
    """Count how many old codes claim the same name at the same new place."""
    claims: dict = defaultdict(int)
    for row in rows:
        claims[successor.get(row.parent), row.name] += 1
    return claims
