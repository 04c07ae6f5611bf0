"""What followed from what in an instance (因果): the ground of 退回 and 撤回. Pure.

Every history event names the event that sent its token (`from`) and the tokens it used up; both are
numbered by events, so a history is a graph of causes. To go back to a finished step is to undo all
that followed from its completion, and nothing else: the state is the one in which the process would
stand had only the rest happened. That state is always one the process can reach, so no gateway needs
a rule of its own: branches that ran beside stay, a join gives back what the other branches brought.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from yiwang.engines.workflow.data import HistoryView
from yiwang.engines.workflow.replay import MAKES, TAKES
from yiwang.sdk.errors import N_

UNDO = frozenset({"RETURNED", "RECALLED"})
FINISHES = frozenset("COMPLETED SIGNED SCOPE_COMPLETED MULTI_COMPLETED CALL_RETURNED".split())
DONE_IN_SCOPE = frozenset(
    "ENDED PASSED SIGNED SCOPE_COMPLETED MULTI_COMPLETED CALL_RETURNED".split()
)
"""Events that may be the last thing that happened inside a scope before it could end."""


@dataclass(slots=True)
class Made:
    """A token as its history tells it: the event that made it, where, and what used it up."""

    event: HistoryView
    state: str
    scope: int
    used_by: int = 0


@dataclass(slots=True)
class Causes:
    """The causes of an instance (因果图): events that still count, their causes, its tokens."""

    events: dict[int, HistoryView] = field(default_factory=dict)
    parents: dict[int, set[int]] = field(default_factory=dict)
    tokens: dict[int, Made] = field(default_factory=dict)
    last: dict[int, set[int]] = field(default_factory=dict)

    def after(self, seq: int) -> set[int]:
        """Return an event and all that followed from it (后续)."""
        found = {seq}
        for other in sorted(self.events):
            if other > seq and self.parents[other] & found:
                found.add(other)
        return found

    def undo(self, seq: int) -> set[int]:
        """Forget an event and all that followed from it; returns what was forgotten."""
        lost = self.after(seq)
        for number in lost:
            self.events.pop(number, None)
            self.parents.pop(number, None)
            self.tokens.pop(number, None)
        for token in self.tokens.values():
            if token.used_by in lost:
                token.used_by = 0
        for done in self.last.values():
            done.difference_update(lost)
        return lost


def causes_of(history: Iterable[HistoryView]) -> Causes:
    """Build the graph of causes of a history (因果图)."""
    causes = Causes()
    for event in history:
        if event.kind in UNDO:
            causes.undo(event.detail["undone"])
            causes.tokens[event.detail["reopened"]].used_by = event.seq
        elif event.kind == "MIGRATED":
            _rename(causes, event.detail["mapping"])
        _add(causes, event)
    return causes


def _rename(causes: Causes, names: Mapping[str, str]) -> None:
    """Call what happened before a migration by the names of the new version."""
    for seq, event in causes.events.items():
        if event.node_id in names:
            causes.events[seq] = replace(event, node_id=names[event.node_id])
    for number, token in causes.tokens.items():
        token.event = causes.events[number]


def _add(causes: Causes, event: HistoryView) -> None:
    detail, seq = event.detail, event.seq
    if event.kind in UNDO:
        causes.events[seq], causes.parents[seq] = event, set()
        return
    used = [*detail.get("tokens", ()), *detail.get("withdrawn", ())]
    if (event.kind in TAKES and "stays" not in detail) or detail.get("taken"):
        used.append(detail["token"])
    parents = {number for number in used if number in causes.events}
    for key in ("from", "token"):
        if detail.get(key) in causes.events:
            parents.add(detail[key])
    if event.kind in FINISHES and event.kind != "COMPLETED":
        parents |= causes.last.get(detail["token"], set())
    causes.events[seq], causes.parents[seq] = event, parents
    for number in used:
        if number in causes.tokens:
            causes.tokens[number].used_by = seq
    if event.kind in MAKES:
        causes.tokens[seq] = Made(event, MAKES[event.kind], detail.get("scope", 0))
    _note_last(causes, event)


def _note_last(causes: Causes, event: HistoryView) -> None:
    token = causes.tokens.get(event.detail.get("token", 0))
    scope = event.detail.get("scope", 0) or (token.scope if token else 0)
    if scope and event.kind in DONE_IN_SCOPE | {"COMPLETED"}:
        causes.last.setdefault(scope, set()).add(event.seq)


@dataclass(frozen=True, slots=True)
class Undo:
    """What going back comes to (退回方案), or in `refusal` why it has no meaning here.

    seq: the completion that is undone; token: what was finished by it and is opened anew; withdrawn:
    open tokens that followed; restored: tokens that are put back; undone: all that is forgotten.
    """

    seq: int = 0
    token: int = 0
    withdrawn: tuple[int, ...] = ()
    restored: tuple[int, ...] = ()
    undone: frozenset[int] = frozenset()
    refusal: str = ""


def undo_plan(causes: Causes, seq: int, *, blocks: frozenset[int]) -> Undo:
    """Work out what going back to before the completion `seq` comes to (退回推演).

    blocks: the scope tokens that are inclusive blocks; no other scope can be opened again.
    """
    number = causes.events[seq].detail["token"]
    lost = causes.after(seq)
    withdrawn, restored = [], []
    for key, token in causes.tokens.items():
        if key in lost:
            if not token.used_by:
                withdrawn.append(key)
        elif token.used_by in lost and number not in (key, *_around(causes, key)):
            if token.state != "JOIN" and key not in blocks:
                return Undo(refusal=ENDED)
            restored.append(key)
    for outer in _around(causes, number):
        if causes.tokens[outer].used_by and outer not in restored:
            return Undo(refusal=ENDED)
    details = [causes.events[other].detail for other in lost]
    if any(one.get("is_interrupting") and one["token"] not in lost for one in details):
        return Undo(refusal=INTERRUPTED)
    return Undo(seq, number, tuple(withdrawn), tuple(sorted(restored)), frozenset(lost))


def _around(causes: Causes, number: int) -> list[int]:
    """Return the scopes around a token, innermost first."""
    found = []
    while token := causes.tokens.get(number):
        number = token.scope
        if number:
            found.append(number)
    return found


ENDED = N_("the step stands in a sub-process that has ended; return to the sub-process as a whole")
INTERRUPTED = N_("an event has interrupted the process since then")


def finishes(causes: Causes) -> dict[str, int]:
    """Return the last completion of every step that still counts (可退回环节): node -> event.

    Not those of single instances of a multi-instance, nor of added signers: only the whole is a step.
    """
    found: dict[str, int] = {}
    for seq in sorted(causes.events):
        event = causes.events[seq]
        if event.kind not in FINISHES or "stays" in event.detail:
            continue
        token = causes.tokens.get(event.detail["token"])
        outer = causes.tokens.get(token.scope) if token else None
        if token and not (outer and outer.event.node_id == event.node_id):
            found[event.node_id] = seq
    return found


def outcomes_left(causes: Causes, lost: frozenset[int]) -> tuple[dict[str, str], str | None]:
    """Return what branches decided without what is undone, and the last outcome (剩余结果)."""
    outcomes: dict[str, str] = {}
    last = None
    for seq in sorted(causes.events):
        detail = causes.events[seq].detail
        if seq not in lost and "branch" in detail and "outcome" in detail:
            last = outcomes[detail["branch"]] = detail["outcome"]
    return outcomes, last
