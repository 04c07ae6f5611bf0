"""Pure rules of the engine (流程规则): time limits and the replay of a history."""

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from yiwang.engines.workflow.data import HistoryView, Limit

OPEN_STATES = ("READY", "CLAIMED", "SUSPENDED")
NO_DUE = datetime.datetime(9999, 1, 1, tzinfo=datetime.UTC)

_LIMIT = re.compile(
    r"(?P<amount>\d{1,5}) ?(?P<unit>working days?|days?|hours?|minutes?|seconds?|个?工作日|天|小时|分钟)"
)
_UNITS = {
    "working day": "WORKING_DAY",
    "工作日": "WORKING_DAY",
    "个工作日": "WORKING_DAY",
    "day": "DAY",
    "天": "DAY",
    "hour": "HOUR",
    "小时": "HOUR",
    "minute": "MINUTE",
    "分钟": "MINUTE",
    "second": "SECOND",
}
_ISO = re.compile(
    r"P(?=.)(?:(?P<WEEK>\d{1,4})W)?(?:(?P<DAY>\d{1,5})D)?"
    r"(?:T(?=.)(?:(?P<HOUR>\d{1,5})H)?(?:(?P<MINUTE>\d{1,6})M)?(?:(?P<SECOND>\d{1,7})S)?)?"
)
_SECONDS = {"WEEK": 604800, "DAY": 86400, "HOUR": 3600, "MINUTE": 60, "SECOND": 1}


def limit_parse(text: str) -> Limit | None:
    """Read a limit (时限) such as "5 working days", "5个工作日", "2 hours", "P1DT12H".

    Returns None when the text is no limit. ISO durations of years and months have no fixed length
    and are refused.

    >>> limit_parse("5 working days"), limit_parse("P1DT12H"), limit_parse("P1M")
    (Limit(amount=5, unit='WORKING_DAY'), Limit(amount=129600, unit='SECOND'), None)
    """
    text = " ".join(text.split())
    if match := _LIMIT.fullmatch(text):
        return Limit(int(match["amount"]), _UNITS[match["unit"].removesuffix("s")])
    if match := _ISO.fullmatch(text):
        parts = match.groupdict(default="0")
        return Limit(sum(int(parts[unit]) * size for unit, size in _SECONDS.items()), "SECOND")
    return None


def limit_duration(limit: Limit) -> datetime.timedelta:
    """Return the length of a limit that does not depend on a calendar (自然时长)."""
    return datetime.timedelta(seconds=limit.amount * _SECONDS[limit.unit])


@dataclass(slots=True)
class Replayed:
    """What a history says the state is (重放结果).

    tokens: number -> (node_id, state, flow_id); items: token number of the item -> its facts.
    """

    state: str = ""
    tokens: dict[int, tuple[str, str, str]] = field(default_factory=dict)
    items: dict[int, dict[str, object]] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)


class HistoryBroken(ValueError):
    """A history has a gap, or says something that cannot follow what stands before it."""


def replay(history: Iterable[HistoryView]) -> Replayed:
    """Fold a history (流转记录) into the state it leads to. Pure; raises `HistoryBroken`.

    The state of an instance is derivable from its history: property tests hold the two equal after
    any sequence of operations.
    """
    events = sorted(history, key=lambda event: event.seq)
    for before, after in pairwise(events):
        if after.seq != before.seq + 1:
            raise HistoryBroken(f"event {after.seq} follows {before.seq}")
    replayed = Replayed()
    for event in events:
        _FOLD[event.kind](replayed, event)
    return replayed


def _started(state: Replayed, event: HistoryView) -> None:
    if event.seq != 1:
        raise HistoryBroken("started twice")
    state.state = "RUNNING"


def _opened(state: Replayed, event: HistoryView) -> None:
    state.tokens[event.seq] = (event.node_id, "WORK", event.detail.get("flow", ""))
    state.items[event.seq] = {
        "state": "READY",
        "assignee": None,
        "department": event.detail["department"],
    }


def _arrived(state: Replayed, event: HistoryView) -> None:
    state.tokens[event.seq] = (event.node_id, "JOIN", event.detail.get("flow", ""))


def _nothing(state: Replayed, event: HistoryView) -> None:
    if not state.state:
        raise HistoryBroken(f"{event.kind} before the start")


def _joined(state: Replayed, event: HistoryView) -> None:
    for number in event.detail["tokens"]:
        del state.tokens[number]


def _completed(state: Replayed, event: HistoryView) -> None:
    number = event.detail["token"]
    del state.tokens[number]
    state.items[number].update(state="COMPLETED", assignee=event.detail["assignee"])
    state.outcomes[event.detail["branch"]] = event.detail["outcome"]


def _item_changed(state: Replayed, event: HistoryView) -> None:
    number = event.detail["token"]
    if number not in state.tokens:
        raise HistoryBroken(f"{event.kind} of an item without a token")
    keys = ("state", "assignee", "department")
    state.items[number].update({key: event.detail[key] for key in keys if key in event.detail})


def _timer(state: Replayed, event: HistoryView) -> None:
    number = event.detail["token"]
    if number not in state.tokens:
        raise HistoryBroken("a timer fired for a token that had gone")
    if event.detail["is_interrupting"]:
        del state.tokens[number]
        state.items[number]["state"] = "CANCELLED"


def _suspended(state: Replayed, event: HistoryView) -> None:
    state.state = "SUSPENDED"
    for item in state.items.values():
        if item["state"] in ("READY", "CLAIMED"):
            item["state"] = "SUSPENDED"


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


_FOLD = {
    "STARTED": _started,
    "OPENED": _opened,
    "ARRIVED": _arrived,
    "PASSED": _nothing,
    "JOINED": _joined,
    "ENDED": _nothing,
    "CLAIMED": _item_changed,
    "RELEASED": _item_changed,
    "TRANSFERRED": _item_changed,
    "CORRECTION_REQUESTED": _item_changed,
    "CORRECTION_ANSWERED": _item_changed,
    "COMPLETED": _completed,
    "TIMER_FIRED": _timer,
    "INSTANCE_SUSPENDED": _suspended,
    "INSTANCE_RESUMED": _resumed,
    "INSTANCE_WITHDRAWN": _closed("WITHDRAWN", "WITHDRAWN"),
    "INSTANCE_TERMINATED": _closed("CANCELLED", "TERMINATED"),
    "INSTANCE_COMPLETED": _ended,
}
KINDS = tuple(_FOLD)
