"""People's word on rows of the residue (人工判定): together and apart, whatever order it was given in.

Decisions are a set. MUST pairs make groups that no key tears apart and no guard breaks; a pair that would bring
a CANNOT pair into one group is left out. No decision joins two persons: rows only ever hang on one.
"""

from collections.abc import Iterable, Sequence

import numpy as np

# Two rows of the residue by position and the verdict on them: MUST or CANNOT.
Pair = tuple[int, int, str]
Edge = tuple[int, int]


def apart_of(pairs: Sequence[Pair]) -> set[Edge]:
    """Return the pairs that may not be together, smaller row first (禁止归并)."""
    return {(min(a, b), max(a, b)) for a, b, verdict in pairs if verdict == "CANNOT"}


def must_of(pairs: Sequence[Pair]) -> list[Edge]:
    """Return the pairs that must be together, smaller row first, in order (必须归并)."""
    return sorted({(min(a, b), max(a, b)) for a, b, verdict in pairs if verdict == "MUST"})


def groups_join(edges: Iterable[Edge], apart: set[Edge]) -> dict[int, int]:
    """Join rows along edges, in their order, but never a pair kept apart (约束归并).

    Returns the group of each row that an edge joined; a group is named by its smallest row.

    >>> groups_join([(2, 3), (3, 5), (5, 7)], {(2, 5)})
    {2: 2, 3: 2, 5: 5, 7: 5}
    """
    group: dict[int, int] = {}
    members: dict[int, set[int]] = {}
    foes: dict[int, set[int]] = {}
    for left, right in apart:
        foes.setdefault(left, set()).add(right)
        foes.setdefault(right, set()).add(left)
    for left, right in edges:
        one, other = (group.get(row, row) for row in (left, right))
        ours, theirs = members.get(one, {one}), members.get(other, {other})
        if one == other or any(foes.get(row, set()) & theirs for row in ours):
            continue
        joined = ours | theirs
        for old in (one, other):
            members.pop(old, None)
        members[min(joined)] = joined
        group.update(dict.fromkeys(joined, min(joined)))
    return group


def groups_list(group: dict[int, int]) -> list[list[int]]:
    """List the rows of each group, smallest first."""
    members: dict[int, list[int]] = {}
    for row in sorted(group):
        members.setdefault(group[row], []).append(row)
    return [members[name] for name in sorted(members)]


def persons_follow(
    group: dict[int, int], uid: np.ndarray, decided: np.ndarray, cannot: set[Edge]
) -> dict[int, int]:
    """Return the rows that go with their group to another person than before: row → uid (判定随行).

    uid: of each row, 0 for none. decided: bool, placed by a person's word. cannot: pairs (row, uid). Decided rows
    speak for a group, else those that a key placed. Where decided ones speak of two persons, each keeps its own;
    where keys do, no key is believed and the group has no person.
    """
    found: dict[int, int] = {}
    for members in groups_list(group):
        firm = [row for row in members if uid[row] and decided[row]]
        said = {int(uid[row]) for row in firm or members if uid[row]}
        if not said:
            continue
        person = said.pop()
        barred = said or any((row, person) in cannot for row in members)
        if barred and firm:
            continue
        goal = 0 if barred else person
        found |= {row: goal for row in members if uid[row] != goal}
    return found


def persons_leave(
    group: dict[int, int], uid: np.ndarray, decided: np.ndarray, apart: set[Edge]
) -> list[int]:
    """List the rows that leave their person because of a pair kept apart (禁止归并离开).

    Of two groups the one that a person's word put there stays, else the one with the first row.
    """
    shared: dict[int, set[int]] = {}
    for left, right in apart:
        if uid[left] and uid[left] == uid[right]:
            shared.setdefault(int(uid[left]), set()).update((left, right))
    leave: list[int] = []
    for person in sorted(shared):
        names = {group.get(row, row) for row in shared[person]}
        held = {
            name: [row for row in _members(group, name) if uid[row] == person] for name in names
        }
        order = sorted(names, key=lambda name: (not any(decided[r] for r in held[name]), name))
        stay: list[int] = []
        for name in order:
            clash = any((min(a, b), max(a, b)) in apart for a in stay for b in held[name])
            (leave if clash else stay).extend(held[name])
    return leave


def _members(group: dict[int, int], name: int) -> list[int]:
    return [row for row, its in group.items() if its == name] or [name]
