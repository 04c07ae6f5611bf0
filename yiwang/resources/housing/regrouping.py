"""Dwellings that became others (房屋分割合并), read together: pure.

A division or a joining is one report, stored at the first dwelling that it ends, and holds for all dwellings that
it names or for none. So those are read together: when the earliest such report cannot hold at one of them,
it holds at none, and all is read again without it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from yiwang.resources.housing.checking import members_of
from yiwang.resources.housing.data import GROUPS, DwellingState, Event, Outcome
from yiwang.resources.housing.rules import fold, order_of, standing


@dataclass(frozen=True, slots=True)
class Folded:
    """One dwelling read together with others (联合投影): its state, what became of each event, its events."""

    state: DwellingState
    outcomes: dict[tuple, Outcome]
    events: list[Event]


def fold_together(by_number: Mapping[str, Iterable[Event]], *, on: date) -> dict[str, Folded]:
    """Read the events of some dwellings (联合投影), all that are connected among them; by number."""
    own = {number: list(events) for number, events in by_number.items()}
    guests: dict[str, list[Event]] = {number: [] for number in own}
    for number, events in own.items():
        if not any(event.kind in GROUPS for event in events):
            continue
        for event in standing(events)[0]:
            if event.kind in GROUPS:
                for member in members_of(event.payload):
                    if member != number and member in guests:
                        guests[member].append(replace(event, number=member))
    blocked: dict[tuple, Outcome] = {}
    while True:
        folded = {
            number: fold(events, on=on, guests=guests[number], blocked=blocked)
            for number, events in own.items()
        }
        wrong = [
            (order_of(event), outcomes[event.function, event.key])
            for number, (_state, outcomes) in folded.items()
            for event in (*own[number], *guests[number])
            if event.kind in GROUPS
            and outcomes[event.function, event.key].state == "REFUSED"
            and (event.function, event.key) not in blocked
        ]
        if not wrong:
            break
        order, outcome = min(wrong, key=lambda one: one[0])
        blocked[order[-2:]] = outcome
    return {
        number: Folded(state, outcomes, [*own[number], *guests[number]])
        for number, (state, outcomes) in folded.items()
    }
