"""The replay of a history (重放): what it says the state is. Pure, and written apart from the engine.

The state of an instance is derivable from its history: property tests hold the two equal after any
sequence of operations.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from yiwang.engines.workflow.data import HistoryView

OPEN_STATES = ("READY", "CLAIMED", "SUSPENDED")

MAKES = {
    "OPENED": "WORK",
    "ARRIVED": "JOIN",
    "WAITING": "WAIT",
    "SCOPE_OPENED": "SCOPE",
    "SPLIT": "SCOPE",
    "MULTI_OPENED": "MULTI",
    "CALLED": "CALL",
    "STUCK": "STUCK",
}
"""Events that put a token, numbered by themselves, into this state."""

TAKES = frozenset(
    "COMPLETED SIGNED SCOPE_COMPLETED MULTI_COMPLETED CALL_RETURNED BLOCK_ENDED UNSTUCK".split()
)
"""Events that take the token they name."""

ITEM_KEYS = ("state", "assignee", "department", "delegated_by")


@dataclass(slots=True)
class Replayed:
    """What a history says the state is (重放结果).

    tokens: number -> (node_id, state, flow_id, scope); items: token number of the item -> its facts.
    """

    state: str = ""
    tokens: dict[int, tuple[str, str, str, int]] = field(default_factory=dict)
    items: dict[int, dict[str, object]] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)
    made: dict[int, tuple[str, str, str, int]] = field(default_factory=dict)


class HistoryBroken(ValueError):
    """A history has a gap, or says something that cannot follow what stands before it."""


def replay(history: Iterable[HistoryView]) -> Replayed:
    """Fold a history (流转记录) into the state it leads to. Pure; raises `HistoryBroken`."""
    events = sorted(history, key=lambda event: event.seq)
    for before, after in pairwise(events):
        if after.seq != before.seq + 1:
            raise HistoryBroken(f"event {after.seq} follows {before.seq}")
    replayed = Replayed()
    for event in events:
        _fold(replayed, event)
    return replayed


def _fold(state: Replayed, event: HistoryView) -> None:
    if (event.kind == "STARTED") == bool(state.state):
        raise HistoryBroken(f"{event.kind} at {event.seq}")
    detail = event.detail
    _withdraw(state, event)
    if event.kind in MAKES:
        _make(state, event)
    elif (event.kind in TAKES and "stays" not in detail) or detail.get("taken"):
        _take(state, detail["token"])
    if event.kind in ("OPENED", "COMPLETED"):
        _item(state, event)
    if "branch" in detail and "outcome" in detail:
        state.outcomes[detail["branch"]] = detail["outcome"]
    if special := _SPECIAL.get(event.kind):
        special(state, event)


def _make(state: Replayed, event: HistoryView) -> None:
    detail = event.detail
    made = MAKES[event.kind]
    token = (event.node_id, made, detail.get("flow", ""), detail.get("scope", 0))
    state.tokens[event.seq] = state.made[event.seq] = token


def _take(state: Replayed, number: int) -> None:
    if state.tokens.pop(number, None) is None:
        raise HistoryBroken(f"token {number} was not there")


def _withdraw(state: Replayed, event: HistoryView) -> None:
    numbers = event.detail.get("withdrawn")
    if numbers is None and event.detail.get("is_interrupting"):
        numbers = [event.detail["token"]]
    for number in numbers or ():
        _take(state, number)
        item = state.items.get(number)
        if item is not None and item["state"] in OPEN_STATES:
            item["state"] = "CANCELLED"


def _item(state: Replayed, event: HistoryView) -> None:
    detail = event.detail
    if event.kind == "COMPLETED":
        number = detail["token"]
        state.items[number].update(state="COMPLETED", assignee=detail["assignee"])
        if "stays" in detail:
            node_id, _, flow, scope = state.tokens[number]
            state.tokens[number] = (node_id, detail["stays"], flow, scope)
        return
    assignee = detail.get("assignee")
    state.items[event.seq] = {
        "state": detail.get("state", "READY" if assignee is None else "CLAIMED"),
        "assignee": assignee,
        "department": detail["department"],
        "delegated_by": None,
    }


def _joined(state: Replayed, event: HistoryView) -> None:
    for number in event.detail["tokens"]:
        _take(state, number)


def _started(state: Replayed, event: HistoryView) -> None:
    if event.seq != 1:
        raise HistoryBroken("started twice")
    state.state = "RUNNING"


def _item_changed(state: Replayed, event: HistoryView) -> None:
    number = event.detail["token"]
    if number not in state.tokens:
        raise HistoryBroken(f"{event.kind} of an item without a token")
    changed = {key: event.detail[key] for key in ITEM_KEYS if key in event.detail}
    state.items[number].update(changed)


def _paused(state_name: str):
    def fold(state: Replayed, event: HistoryView) -> None:
        state.state = state_name
        for item in state.items.values():
            if item["state"] in ("READY", "CLAIMED"):
                item["state"] = "SUSPENDED"

    return fold


def _resumed(state: Replayed, event: HistoryView) -> None:
    state.state = "RUNNING"
    for number in event.detail["tokens"]:
        item = state.items[number]
        item["state"] = "READY" if item["assignee"] is None else "CLAIMED"


def _closed(item_state: str, instance_state: str):
    def fold(state: Replayed, event: HistoryView) -> None:
        state.state = instance_state
        state.tokens.clear()
        for item in state.items.values():
            if item["state"] in OPEN_STATES:
                item["state"] = item_state

    return fold


def _ended(state: Replayed, event: HistoryView) -> None:
    if state.tokens:
        raise HistoryBroken("completed with tokens left")
    state.state = "COMPLETED"


def _undone(state: Replayed, event: HistoryView) -> None:
    for number in event.detail["restored"]:
        if number in state.tokens:
            raise HistoryBroken(f"token {number} was there already")
        state.tokens[number] = state.made[number]
    state.outcomes = dict(event.detail["outcomes"])


def _migrated(state: Replayed, event: HistoryView) -> None:
    names: Mapping[str, str] = event.detail["mapping"]
    for number, (node_id, kind, flow, scope) in state.tokens.items():
        moved = names.get(node_id, node_id)
        state.tokens[number] = (moved, kind, names.get(flow, flow), scope)
    for number, (node_id, kind, flow, scope) in state.made.items():
        moved = names.get(node_id, node_id)
        state.made[number] = (moved, kind, names.get(flow, flow), scope)


_SPECIAL = {
    "STARTED": _started,
    "JOINED": _joined,
    "CLAIMED": _item_changed,
    "RELEASED": _item_changed,
    "TRANSFERRED": _item_changed,
    "DELEGATED": _item_changed,
    "DELEGATE_ANSWERED": _item_changed,
    "SIGNER_ADDED": _item_changed,
    "SIGNERS_DONE": _item_changed,
    "CORRECTION_REQUESTED": _item_changed,
    "CORRECTION_ANSWERED": _item_changed,
    "RETURNED": _undone,
    "RECALLED": _undone,
    "MIGRATED": _migrated,
    "INSTANCE_SUSPENDED": _paused("SUSPENDED"),
    "INSTANCE_FAILED": _paused("FAILED"),
    "INSTANCE_RESUMED": _resumed,
    "INSTANCE_WITHDRAWN": _closed("WITHDRAWN", "WITHDRAWN"),
    "INSTANCE_TERMINATED": _closed("CANCELLED", "TERMINATED"),
    "INSTANCE_COMPLETED": _ended,
}
