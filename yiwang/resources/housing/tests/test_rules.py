"""What holds is decided by what the reports say, never by the order in which they came."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yiwang.resources.housing.checking import event_check
from yiwang.resources.housing.data import KINDS, Event, EventMalformed
from yiwang.resources.housing.rules import change_after, fold, use_of
from yiwang.resources.housing.tests.conftest import BUILT, HOME

DAY = date(2020, 1, 1)
A, B, C = "person:A", "person:B", "person:C"


def event(key, kind, day, payload=None, **changes) -> Event:
    on = DAY + timedelta(days=day)
    values = {
        "key": key,
        "kind": kind,
        "number": HOME,
        "function": KINDS[kind].function,
        "document": key,
        "effective_date": on,
        "issued_date": on,
        "payload": payload or {},
    }
    return event_check(Event(**values | changes))


def built(key="b", day=0, **changes):
    return event(key, "BUILT", day, BUILT, **changes)


def registered(day=10, owners=((A, "1"),), key="r"):
    return event(key, "REGISTERED", day, {"owners": list(owners)})


def moved(key, day, givers, takers, **changes):
    payload = {"cause": "SALE", "givers": givers, "takers": takers}
    return event(key, "TRANSFERRED", day, payload, **changes)


def let(key, day, days, landlord=A, tenant=C, **payload):
    end = (DAY + timedelta(days=day + days)).isoformat()
    return event(
        key,
        "LEASE_FILED",
        day,
        {"landlord": landlord, "tenant": tenant, "end_date": end, "rent_fen": 1, **payload},
    )


def state_of(events, day=1000):
    return fold(events, on=DAY + timedelta(days=day))[0]


def reasons(events):
    outcomes = fold(events, on=DAY + timedelta(days=1000))[1]
    return {key: one.reason for (_function, key), one in outcomes.items() if one.reason}


def shares(state):
    return {one.holder: one.share for one in state.owners}


def test_a_transfer_moves_a_share_and_the_sum_stays_one():
    events = [built(), registered(), moved("t", 20, [[A, "1/2"]], [[B, "1/3"], [C, "1/6"]])]
    assert shares(state_of(events)) == {A: Fraction(1, 2), B: Fraction(1, 3), C: Fraction(1, 6)}


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (moved("x", 20, [[B, "1"]], [[C, "1"]]), "NOT_OWNER"),
        (moved("x", 20, [[A, "1/2"]], [[C, "1"]]), "SHARES_DIFFER"),
        (registered(20, key="x"), "REGISTERED_ALREADY"),
        (event("x", "MORTGAGE_RELEASED", 20, {"of": "?"}), "NOTHING_TO_END"),
        (let("x", 20, 10, landlord=B), "LANDLORD_NOT_OWNER"),
        (let("x", 20, -5), "LEASE_BACKWARDS"),
        (let("x", 65, 10), "LEASE_OVERLAPS"),
        (let("x", 2000, 10), "GONE"),
        (event("x", "RESIDENT_LEFT", 20, {"person": A}), "NOT_RESIDENT"),
        (moved("x", 20, [["unknown:1", "1"]], [[C, "1"]]), "PARTY_UNKNOWN"),
        (built("x", 3), "BUILT_ALREADY"),
        (event("x", "CANCELLED", 3, corrects="?", function="housing"), "CORRECTS_UNKNOWN"),
        (event("x", "CANCELLED", 3, corrects="r", function="housing"), "CORRECTS_OTHERS"),
        (event("x", "PUBLIC_RENTAL", 3, {"is_on": True}, corrects="b"), "CORRECTS_OTHER_KIND"),
    ],
)
def test_a_report_that_cannot_hold_is_refused_and_changes_nothing(wrong, reason):
    sound = [built(), registered(), let("l", 60, 30), event("d", "DEMOLISHED", 1500)]
    assert reasons([*sound, wrong]) == {"x": reason}
    assert state_of([*sound, wrong]) == state_of(sound)


def test_owners_of_a_first_registration_hold_one_together():
    wrong = registered(owners=[(A, "1/2"), (B, "1/3")])
    assert reasons([built(), wrong]) == {"r": "SHARES_NOT_ONE"}
    assert state_of([built(), wrong]).owners == ()


def test_a_seized_dwelling_is_not_transferred_until_it_is_released():
    seized = event("s", "SEIZED", 20, {"authority": "法院"})
    sale = moved("t", 30, [[A, "1"]], [[B, "1"]])
    assert reasons([built(), registered(), seized, sale]) == {"t": "SEIZED"}
    free = event("f", "SEIZURE_RELEASED", 30, {"of": "s"})
    assert shares(state_of([built(), registered(), seized, sale, free])) == {B: 1}


def test_what_was_refused_holds_as_soon_as_what_was_missing_arrives():
    sale = moved("t", 30, [[B, "1"]], [[C, "1"]])
    early = [built(), registered(), sale]
    assert reasons(early) == {"t": "NOT_OWNER"}
    late = [*early, moved("u", 20, [[A, "1"]], [[B, "1"]])]
    assert reasons(late) == {}
    assert shares(state_of(late)) == {C: 1}


def test_the_last_correction_of_a_report_stands_and_the_others_are_superseded():
    first = moved("t", 20, [[A, "1"]], [[B, "1"]])
    second = moved("t2", 20, [[A, "1"]], [[C, "1"]], corrects="t")
    third = moved("t3", 25, [[A, "1/2"]], [[C, "1/2"]], corrects="t2")
    events = [built(), registered(), first, second, third]
    assert shares(state_of(events)) == {A: Fraction(1, 2), C: Fraction(1, 2)}
    outcomes = fold(events, on=DAY)[1]
    assert [outcomes["natural_resources", key].state for key in ("t", "t2", "t3")] == [
        "SUPERSEDED",
        "SUPERSEDED",
        "APPLIED",
    ]
    gone = event("t4", "CANCELLED", 30, corrects="t3", function="natural_resources")
    assert shares(state_of([*events, gone])) == {A: 1}


def test_a_lease_that_ends_early_makes_room_on_the_same_day():
    events = [built(), registered(), let("l", 20, 100)]
    ended = event("e", "LEASE_ENDED", 50, {"of": "l"})
    next_one = let("m", 50, 100, tenant=B)
    assert reasons([*events, next_one]) == {"m": "LEASE_OVERLAPS"}
    assert reasons([*events, next_one, ended]) == {}
    assert [lease.tenant for lease in state_of([*events, next_one, ended], 50).lease_list] == [B]


def test_rooms_of_one_flat_are_let_side_by_side_but_not_the_whole_besides():
    rooms = [let("l", 20, 50, part="北屋"), let("m", 30, 50, part="南屋", tenant=B)]
    assert reasons([built(), registered(), *rooms]) == {}
    assert reasons([built(), registered(), *rooms, let("n", 40, 5)]) == {"n": "LEASE_OVERLAPS"}


def test_demolition_ends_rights_and_leases():
    events = [built(), registered(), let("l", 20, 900), event("d", "DEMOLISHED", 100)]
    state = state_of(events, 100)
    assert (state.owners, state.lease_list, use_of(state)) == ((), (), "")
    assert use_of(state_of(events, 99)) == "LET"


def test_use_is_public_rental_then_let_then_lived_in_then_what_the_meter_says():
    events = [built(), registered()]
    assert use_of(state_of(events)) == "VACANT"
    read = event("c", "CONSUMED", 900, {"cubic_metres": "3"})
    assert use_of(state_of([*events, read])) == "IN_USE"
    assert use_of(state_of([*events, read], 1301)) == "VACANT"
    assert change_after([*events, read], state_of([*events, read])) == DAY + timedelta(days=1301)
    events.append(event("m", "RESIDENT_CAME", 30, {"person": A}))
    assert use_of(state_of(events)) == "OWN"
    events.append(let("l", 40, 2000))
    assert use_of(state_of(events)) == "LET"
    events.append(event("p", "PUBLIC_RENTAL", 50, {"is_on": True}))
    assert use_of(state_of(events)) == "PUBLIC_RENTAL"


@pytest.mark.parametrize(
    "changes",
    [
        {"number": "320508"},
        {"key": ""},
        {"document": ""},
        {"corrects": "x"},
        {"function": "water"},
        {"payload": {}},
        {"payload": {"owners": [["Zhang", "1"]]}},
        {"payload": {"owners": [[A, "3/2"]]}},
        {"payload": {"owners": [[A, "1/0"]]}},
        {"payload": {"owners": [[A, "1"]], "note": "?"}},
    ],
)
def test_a_report_that_cannot_be_read_is_not_taken(changes):
    with pytest.raises(EventMalformed):
        event_check(replace(registered(key="x"), **changes))


people = st.sampled_from([A, B, C])
days = st.integers(0, 40)
parts = st.sampled_from(["1", "1/2", "1/3"])


@st.composite
def histories(draw):
    """Draw reports that fit together or not, corrections of each other among them."""
    events = [built(), registered(owners=[(A, "1/2"), (B, "1/2")])]
    for number in range(draw(st.integers(1, 9))):
        key, day = f"e{number}", draw(days)
        kind = draw(
            st.sampled_from(["move", "let", "end", "seize", "free", "live", "leave", "gone"])
        )
        share = draw(parts)
        made = {
            "move": lambda k, d, s: moved(k, d, [[draw(people), s]], [[draw(people), s]]),
            "let": lambda k, d, s: let(k, d, draw(days), landlord=draw(people)),
            "end": lambda k, d, s: event(
                k, "LEASE_ENDED", d, {"of": f"e{draw(st.integers(0, 8))}"}
            ),
            "seize": lambda k, d, s: event(k, "SEIZED", d, {"authority": "法院"}),
            "free": lambda k, d, s: event(
                k, "SEIZURE_RELEASED", d, {"of": f"e{draw(st.integers(0, 8))}"}
            ),
            "live": lambda k, d, s: event(k, "RESIDENT_CAME", d, {"person": draw(people)}),
            "leave": lambda k, d, s: event(k, "RESIDENT_LEFT", d, {"person": draw(people)}),
            "gone": lambda k, d, s: event(k, "DEMOLISHED", d + 20),
        }[kind](key, day, share)
        target = f"e{draw(st.integers(0, 8))}"
        if draw(st.booleans()) and target != key:
            made = replace(made, corrects=target)
            if draw(st.booleans()):
                made = replace(made, kind="CANCELLED", payload={})
        events.append(made)
    return events


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_order_of_arrival_gives_the_same_state_and_the_same_refusals(data):
    events = data.draw(histories())
    shuffled = data.draw(st.permutations(events))
    for day in (5, 25, 100):
        on = DAY + timedelta(days=day)
        assert fold(shuffled, on=on) == fold(events, on=on)


@settings(max_examples=200, deadline=None)
@given(histories(), st.integers(0, 90))
def test_shares_sum_to_one_and_leases_never_overlap(events, day):
    state = state_of(events, day)
    assert sum(one.share for one in state.owners) in (0, 1)
    leases = state.leases
    for number, one in enumerate(leases):
        for other in leases[number + 1 :]:
            if one.start <= one.end and other.start <= other.end:
                assert one.end < other.start or other.end < one.start


@settings(max_examples=100, deadline=None)
@given(histories(), st.integers(0, 90))
def test_what_held_on_a_day_does_not_depend_on_what_took_effect_later(events, day):
    plain = [one for one in events if not one.corrects]
    on = DAY + timedelta(days=day)
    before = [one for one in plain if one.effective_date <= on]
    assert fold(plain, on=on)[0] == fold(before, on=on)[0]
