"""Proving the history of one case without showing another (历程证明): hash chain, Merkle path, published day.

Every event of a case is linked to the one before. At the end of a day the newest link of each case that moved is a leaf
of that day's tree; the day's root is linked to that of the day before and published. A leaf is hidden by random digits
that only the holder's file has, so that a path tells nothing about other cases. Plain SHA-256; leaves and inner nodes
begin with different bytes (RFC 6962 §2.1).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from yiwang.sdk.canonical import NotCanonical, canonical_json

FORMAT = "yiwang-history-proof/1"
FIRST = "0" * 64
LEFT, RIGHT = "left", "right"


def event_link(before: str, event: Mapping) -> str:
    """Link an event to the one before it (事件链): the digest of both."""
    return _digest(b"\x02", before.encode(), canonical_json(event))


def leaf_make(nonce: str, key: str, head: str) -> str:
    """Return the leaf of a case (叶): its newest link, hidden by its nonce."""
    return _digest(b"\x00", f"{nonce} {key} {head}".encode())


def tree_root(leaves: Sequence[str]) -> str:
    """Return the root over leaves in their order (根); an odd one goes up as it is.

    >>> tree_root(["a"]), tree_root(["a", "b"]) == tree_root(["b", "a"])
    ('a', False)
    """
    row = list(leaves)
    while len(row) > 1:
        row = _row_above(row)
    return row[0] if row else FIRST


def tree_path(leaves: Sequence[str], place: int) -> list[list[str]]:
    """Return what is needed to come from a leaf to the root (路径): [side of the other, its digest] upwards."""
    path: list[list[str]] = []
    row = list(leaves)
    while len(row) > 1:
        other = place ^ 1
        if other < len(row):
            path.append([RIGHT if other > place else LEFT, row[other]])
        row, place = _row_above(row), place // 2
    return path


def path_root(leaf: str, path: Sequence[Sequence[str]]) -> str:
    """Return the root to which a path leads from a leaf (由路径得根)."""
    for side, other in path:
        leaf = _inner(leaf, other) if side == RIGHT else _inner(other, leaf)
    return leaf


def day_link(before: str, *, day: str, root: str, count: int) -> str:
    """Link a day's root to the day before (日链): what is published."""
    return _digest(b"\x03", f"{before} {day} {count} {root}".encode())


@dataclass(frozen=True, slots=True)
class ProofResult:
    """What a history proof is worth (核验结果). problems: sentences; days: (day, its published link) that must be
    compared; is_published: they were, and fit; pending: events after the last anchored day."""

    key: str
    events: int
    days: tuple[tuple[str, str], ...] = ()
    pending: int = 0
    is_published: bool = False
    problems: tuple[str, ...] = field(default=())

    @property
    def is_right(self) -> bool:
        """Tell whether the file agrees with itself, and with the roots where they were given."""
        return not self.problems


def proof_verify(proof: object, *, roots: Mapping[str, str] | None = None) -> ProofResult:
    """Verify a history proof (核验历程证明) from itself and the published links alone; never raises.

    proof: as read from the file; roots: {day: published link}, None: not compared.
    """
    try:
        return _verify(proof, roots)
    except (KeyError, TypeError, ValueError, AttributeError, NotCanonical):
        return ProofResult("", 0, problems=("This is no history proof, or it is damaged.",))


def _verify(proof, roots: Mapping[str, str] | None) -> ProofResult:  # noqa: ANN001 - anything
    if proof["format"] != FORMAT:
        raise ValueError(proof["format"])
    key, events = str(proof["key"]), list(proof["events"])
    links, head = [FIRST], FIRST
    for event in events:
        head = event_link(head, event)
        links.append(head)
    problems, days, covered = [], [], 0
    for anchor in proof["anchors"]:
        day, upto = str(anchor["day"]), int(anchor["events"])
        if not covered < upto <= len(events):
            problems.append(f"{day}: the days are not in order, or events are missing.")
            continue
        covered = upto
        root = path_root(leaf_make(anchor["nonce"], key, links[upto]), anchor["path"])
        link = day_link(anchor["before"], day=day, root=root, count=int(anchor["count"]))
        if link != anchor["link"]:
            problems.append(f"{day}: the events do not lead to the root of that day.")
        elif roots is not None and roots.get(day) != link:
            problems.append(f"{day}: the root is not the one that was published.")
        days.append((day, link))
    return ProofResult(
        key=key,
        events=len(events),
        days=tuple(days),
        pending=len(events) - covered,
        is_published=roots is not None and bool(days) and not problems,
        problems=tuple(problems),
    )


def _row_above(row: list[str]) -> list[str]:
    pairs = [row[at : at + 2] for at in range(0, len(row), 2)]
    return [_inner(*pair) if len(pair) == 2 else pair[0] for pair in pairs]


def _inner(left: str, right: str) -> str:
    return _digest(b"\x01", left.encode(), b" ", right.encode())


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(parts)).hexdigest()
