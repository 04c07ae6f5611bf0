"""From events to what holds (事件投影): pure, the same for every order in which reports arrive.

Reports are put into one order by what they say (day of effect, turn within the day, day of the
document, number) and never by when they came. A report that cannot hold is refused with a reason and
has no effect; when what was missing arrives, the next reading of all reports accepts it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType

from yiwang.resources.housing.checking import parties_of
from yiwang.resources.housing.data import (
    GROUPS,
    KINDS,
    Deal,
    DwellingState,
    Encumbrance,
    Ended,
    Event,
    Lease,
    Outcome,
    Share,
)

# By how much the parts of a divided dwelling may differ from it: walls are measured anew.
AREA_SHARE = Decimal("0.05")
# A dwelling whose meter moves less than this in a month is not lived in (cubic metres).
IDLE_M3 = Decimal(1)
# How long a reading of the meter says something about use.
READING_DAYS = 400
UNKNOWN = "unknown:"


class Refused(Exception):
    """An event cannot hold in the state it meets."""

    def __init__(self, reason: str, **params: object) -> None:
        super().__init__(reason)
        self.reason, self.params = reason, {name: str(value) for name, value in params.items()}


@dataclass(slots=True)
class _State:
    """The state while events are read; `leases` and `encumbrances` by document."""

    facts: dict | None = None
    demolished: date | None = None
    owners: dict[str, Share] = field(default_factory=dict)
    encumbrances: dict[str, Encumbrance] = field(default_factory=dict)
    leases: dict[str, Lease] = field(default_factory=dict)
    ended: Ended | None = None
    origins: tuple[str, ...] = ()
    residents: dict[str, date] = field(default_factory=dict)
    deals: dict[str, Deal] = field(default_factory=dict)
    is_public_rental: bool = False
    consumed: tuple[date, Decimal] | None = None


def order_of(event: Event) -> tuple:
    """Return where an event stands among others of its dwelling (事件次序), whenever it arrived."""
    rank = KINDS[event.kind].rank
    return (event.effective_date, rank, event.issued_date, event.function, event.key)


def fold(
    events: Iterable[Event],
    *,
    on: date,
    guests: Iterable[Event] = (),
    blocked: Mapping[tuple, Outcome] = MappingProxyType({}),
) -> tuple[DwellingState, dict[tuple, Outcome]]:
    """Read all events of one dwelling (投影): what holds on a day, and what became of each event.

    Returns the state and outcomes by (function, key). The order of `events` does not matter. guests:
    divisions and joinings reported at another dwelling; blocked: those that cannot hold, see `regrouping`.
    """
    chosen, outcomes = standing(list(events))
    chosen = sorted([*chosen, *guests], key=order_of)
    state = _State()
    shown = None
    for event in chosen:
        key = (event.function, event.key)
        if shown is None and event.effective_date > on:
            shown = _frozen(state, on)
        outcomes[key] = blocked[key] if key in blocked else _apply(state, event)
    return shown or _frozen(state, on), outcomes


def use_of(state: DwellingState) -> str:
    """Say how a dwelling is used (使用状况), "" when it does not stand.

    Public rental, then a lease in force, then somebody registered there. Of the rest a meter that
    moved in the last 400 days says that it is used; without one it counts as vacant.
    """
    if state.facts is None or state.demolished_date or state.ended:
        return ""
    if state.is_public_rental:
        return "PUBLIC_RENTAL"
    if state.lease_list:
        return "LET"
    if state.residents:
        return "OWN"
    if state.consumed and (state.on - state.consumed[0]).days <= READING_DAYS:
        return "VACANT" if state.consumed[1] < IDLE_M3 else "IN_USE"
    return "VACANT"


def change_after(events: Iterable[Event], state: DwellingState) -> date | None:
    """Return the next day on which the state changes without a new report (下次变化日), or None."""
    days = [event.effective_date for event in events if event.effective_date > state.on]
    days += [lease.start for lease in state.leases if lease.start > state.on]
    days += [lease.end + timedelta(days=1) for lease in state.leases if lease.end >= state.on]
    if state.consumed:
        days.append(state.consumed[0] + timedelta(days=READING_DAYS + 1))
    return min((day for day in days if day > state.on), default=None)


def standing(events: list[Event]) -> tuple[list[Event], dict[tuple, Outcome]]:
    """Leave out what was corrected (有效事件): of each report the last correction stands."""
    by_key = {(event.function, event.key): event for event in events}
    keys = {event.key for event in events}
    outcomes: dict[tuple, Outcome] = {}
    children: dict[tuple, list[Event]] = {}
    for event in events:
        if not event.corrects and event.kind != "CANCELLED":
            continue
        if problem := _correction_problem(event, by_key, keys):
            outcomes[event.function, event.key] = problem
        else:
            children.setdefault((event.function, event.corrects), []).append(event)
    chosen = []
    for root in events:
        if root.corrects or root.kind == "CANCELLED":
            continue
        leaf = _leaf(root, children, outcomes)
        if leaf.kind == "CANCELLED":
            outcomes[leaf.function, leaf.key] = Outcome("APPLIED")
        else:
            chosen.append(leaf)
    return chosen, outcomes


def _leaf(root: Event, children: dict, outcomes: dict) -> Event:
    """Return the correction that stands for a report, and mark all others as superseded."""
    leaf, others = root, []
    while (event := leaf) and (event.function, event.key) in children:
        later = sorted(
            children[event.function, event.key], key=lambda one: (one.issued_date, one.key)
        )
        others += [event, *later[:-1]]
        leaf = later[-1]
    while others:
        event = others.pop()
        if (event.function, event.key) in outcomes or event is leaf:
            continue
        outcomes[event.function, event.key] = Outcome("SUPERSEDED")
        others += [one for one in children.get((event.function, event.key), ()) if one is not leaf]
    return leaf


def _correction_problem(event: Event, by_key: dict, keys: set[str]) -> Outcome | None:
    seen, link = set(), event
    while link.corrects or link.kind == "CANCELLED":
        if link.key in seen:
            return Outcome("REFUSED", "CORRECTS_IN_CIRCLE")
        seen.add(link.key)
        target = by_key.get((link.function, link.corrects))
        if target is None:
            reason = "CORRECTS_OTHERS" if link.corrects in keys else "CORRECTS_UNKNOWN"
            return Outcome("REFUSED", reason, {"key": link.corrects})
        if "CANCELLED" not in (link.kind, target.kind) and link.kind != target.kind:
            return Outcome("REFUSED", "CORRECTS_OTHER_KIND", {"key": link.corrects})
        link = target
    return None


def _apply(state: _State, event: Event) -> Outcome:
    try:
        if any(party.startswith(UNKNOWN) for party in parties_of(event.kind, event.payload)):
            raise Refused("PARTY_UNKNOWN")
        if not _is_beginning(event) and state.facts is None:
            raise Refused("NOT_BUILT")
        if state.ended and event.kind not in _AFTER_THE_END:
            raise Refused("BECAME", date=state.ended.on, numbers="、".join(state.ended.into))
        if state.demolished and event.kind not in _AFTER_THE_END:
            raise Refused("GONE", date=state.demolished)
        _HANDLERS[event.kind](state, event)
    except Refused as refused:
        return Outcome("REFUSED", refused.reason, refused.params)
    return Outcome("APPLIED")


def _is_beginning(event: Event) -> bool:
    """Tell whether a dwelling comes into being by an event."""
    if event.kind in GROUPS:
        return event.number not in event.payload["from"]
    return event.kind == "BUILT"


def _built(state: _State, event: Event) -> None:
    if state.facts is not None:
        raise Refused("BUILT_ALREADY")
    state.facts = event.payload


def _registered(state: _State, event: Event) -> None:
    if state.owners:
        raise Refused("REGISTERED_ALREADY")
    owners = _summed(event.payload["owners"])
    if (total := sum(owners.values())) != 1:
        raise Refused("SHARES_NOT_ONE", sum=total)
    state.owners = {
        holder: Share(holder, share, event.effective_date, event.document)
        for holder, share in owners.items()
    }


def _transferred(state: _State, event: Event) -> None:
    key = f"{event.kind} {event.document}"
    given, taken = _summed(event.payload["givers"]), _summed(event.payload["takers"])
    _transfer_check(state, key, event.document, given, taken)
    for holder, share in given.items():
        rest = state.owners[holder].share - share
        if rest:
            state.owners[holder] = replace(state.owners[holder], share=rest)
        else:
            del state.owners[holder]
    for holder, share in taken.items():
        before = state.owners[holder].share if holder in state.owners else Fraction(0)
        state.owners[holder] = Share(holder, before + share, event.effective_date, event.document)
    price = event.payload.get("price_fen", 0)
    state.deals[key] = Deal(
        event.kind, event.document, event.effective_date, event.payload["cause"], price
    )


def _transfer_check(state: _State, key: str, document: str, given: dict, taken: dict) -> None:
    if not state.owners:
        raise Refused("NOT_REGISTERED")
    for one in state.encumbrances.values():
        if one.kind == "SEIZURE":
            raise Refused("SEIZED", document=one.document)
    if key in state.deals:
        raise Refused("DOCUMENT_TAKEN", document=document)
    for holder, share in given.items():
        held = state.owners[holder].share if holder in state.owners else Fraction(0)
        if share > held:
            raise Refused("NOT_OWNER", held=held, given=share)
    if sum(given.values()) != sum(taken.values()):
        raise Refused("SHARES_DIFFER", given=sum(given.values()), taken=sum(taken.values()))


def _encumbered(state: _State, event: Event) -> None:
    if not state.owners:
        raise Refused("NOT_REGISTERED")
    if event.document in state.encumbrances:
        raise Refused("DOCUMENT_TAKEN", document=event.document)
    is_mortgage = event.kind == "MORTGAGED"
    holder = event.payload["creditor"] if is_mortgage else event.payload["authority"]
    state.encumbrances[event.document] = Encumbrance(
        "MORTGAGE" if is_mortgage else "SEIZURE",
        event.document,
        holder,
        event.payload.get("amount_fen", 0),
        event.effective_date,
    )


def _released(state: _State, event: Event) -> None:
    kind = "MORTGAGE" if event.kind == "MORTGAGE_RELEASED" else "SEIZURE"
    found = state.encumbrances.get(event.payload["of"])
    if found is None or found.kind != kind:
        raise Refused("NOTHING_TO_END", document=event.payload["of"])
    del state.encumbrances[event.payload["of"]]


def _contracted(state: _State, event: Event) -> None:
    key = f"{event.kind} {event.document}"
    if key in state.deals:
        raise Refused("DOCUMENT_TAKEN", document=event.document)
    state.deals[key] = Deal(
        event.kind, event.document, event.effective_date, "SALE", event.payload["price_fen"]
    )


def _contract_withdrawn(state: _State, event: Event) -> None:
    key = f"SALE_CONTRACTED {event.payload['of']}"
    if key not in state.deals:
        raise Refused("NOTHING_TO_END", document=event.payload["of"])
    del state.deals[key]


def _lease_filed(state: _State, event: Event) -> None:
    payload = event.payload
    lease = Lease(
        event.document,
        payload["landlord"],
        payload["tenant"],
        event.effective_date,
        date.fromisoformat(payload["end_date"]),
        payload["rent_fen"],
        payload.get("part", ""),
    )
    if lease.end < lease.start:
        raise Refused("LEASE_BACKWARDS")
    if lease.document in state.leases:
        raise Refused("DOCUMENT_TAKEN", document=lease.document)
    may_let = state.is_public_rental or payload.get("is_sublease") or not state.owners
    if not may_let and lease.landlord not in state.owners:
        raise Refused("LANDLORD_NOT_OWNER")
    for other in state.leases.values():
        same = not (lease.part and other.part) or lease.part == other.part
        sub = payload.get("is_sublease") and lease.landlord == other.tenant
        if same and not sub and lease.start <= other.end and other.start <= lease.end:
            raise Refused(
                "LEASE_OVERLAPS", document=other.document, start=other.start, end=other.end
            )
    state.leases[lease.document] = lease


def _lease_ended(state: _State, event: Event) -> None:
    lease = state.leases.get(event.payload["of"])
    last = event.effective_date - timedelta(days=1)
    if lease is None or lease.end <= last:
        raise Refused("NOTHING_TO_END", document=event.payload["of"])
    state.leases[lease.document] = replace(lease, end=last)


def _public_rental(state: _State, event: Event) -> None:
    state.is_public_rental = event.payload["is_on"]


def _resident_came(state: _State, event: Event) -> None:
    if event.payload["person"] in state.residents:
        raise Refused("RESIDENT_ALREADY")
    state.residents[event.payload["person"]] = event.effective_date


def _resident_left(state: _State, event: Event) -> None:
    if event.payload["person"] not in state.residents:
        raise Refused("NOT_RESIDENT")
    del state.residents[event.payload["person"]]


def _consumed(state: _State, event: Event) -> None:
    state.consumed = (event.effective_date, Decimal(event.payload["cubic_metres"]))


def _demolished(state: _State, event: Event) -> None:
    # Tearing down ends the rights by itself (民法典 art. 231).
    last = event.effective_date - timedelta(days=1)
    state.demolished = event.effective_date
    state.owners, state.encumbrances, state.is_public_rental = {}, {}, False
    state.leases = {
        key: replace(lease, end=min(lease.end, last)) for key, lease in state.leases.items()
    }


def _regrouped(state: _State, event: Event) -> None:
    """Divide or join: what was there ends, what there is begins with its facts and owners."""
    parts = {part["number"]: part for part in event.payload["into"]}
    if event.number in parts:
        if state.facts is not None:
            raise Refused("BUILT_ALREADY")
        part = parts[event.number]
        owners = _summed(part["owners"])
        if (total := sum(owners.values())) != 1:
            raise Refused("SHARES_NOT_ONE", sum=total)
        state.facts, state.origins = part["facts"], tuple(event.payload["from"])
        state.owners = {
            holder: Share(holder, share, event.effective_date, event.document)
            for holder, share in owners.items()
        }
        return
    _end_check(state, event, parts)
    state.ended = Ended(event.effective_date, event.kind, tuple(parts))
    state.owners, state.is_public_rental = {}, False


def _end_check(state: _State, event: Event, parts: dict[str, dict]) -> None:
    if not state.owners:
        raise Refused("NOT_REGISTERED")
    for one in state.encumbrances.values():
        raise Refused("ENCUMBERED", number=event.number, document=one.document)
    for lease in state.leases.values():
        if lease.end >= event.effective_date:
            raise Refused("STILL_LET", number=event.number, document=lease.document, end=lease.end)
    holders = {holder for part in parts.values() for holder, _share in part["owners"]}
    theirs = set(state.owners)
    if theirs - holders or (event.kind == "DIVIDED" and holders - theirs):
        raise Refused("OWNERS_DIFFER", number=event.number)
    area = sum(Decimal(part["facts"]["area_m2"]) for part in parts.values())
    own = Decimal(state.facts["area_m2"]) if state.facts else Decimal(0)
    is_wrong = area < own if event.kind == "JOINED" else abs(area - own) > own * AREA_SHARE
    if is_wrong:
        raise Refused("AREA_DIFFERS", number=event.number, before=own, after=area)


_HANDLERS: dict[str, Callable[[_State, Event], None]] = {
    "BUILT": _built,
    "REGISTERED": _registered,
    "TRANSFERRED": _transferred,
    "MORTGAGED": _encumbered,
    "MORTGAGE_RELEASED": _released,
    "SEIZED": _encumbered,
    "SEIZURE_RELEASED": _released,
    "SALE_CONTRACTED": _contracted,
    "SALE_CANCELLED": _contract_withdrawn,
    "LEASE_FILED": _lease_filed,
    "LEASE_ENDED": _lease_ended,
    "PUBLIC_RENTAL": _public_rental,
    "RESIDENT_CAME": _resident_came,
    "RESIDENT_LEFT": _resident_left,
    "CONSUMED": _consumed,
    "DIVIDED": _regrouped,
    "JOINED": _regrouped,
    "DEMOLISHED": _demolished,
}
_AFTER_THE_END = {"RESIDENT_LEFT"}


def _summed(holders: list) -> dict[str, Fraction]:
    result: dict[str, Fraction] = {}
    for holder, share in holders:
        result[holder] = result.get(holder, Fraction(0)) + Fraction(share)
    return result


def _frozen(state: _State, on: date) -> DwellingState:
    return DwellingState(
        on=on,
        facts=dict(state.facts) if state.facts is not None else None,
        demolished_date=state.demolished,
        owners=tuple(sorted(state.owners.values(), key=lambda one: one.holder)),
        encumbrances=tuple(sorted(state.encumbrances.values(), key=lambda one: one.document)),
        leases=tuple(sorted(state.leases.values(), key=lambda one: (one.start, one.document))),
        residents=tuple(sorted(state.residents.items())),
        deals=tuple(sorted(state.deals.values(), key=lambda one: (one.on, one.kind, one.document))),
        is_public_rental=state.is_public_rental,
        consumed=state.consumed,
        ended=state.ended,
        origins=state.origins,
    )
