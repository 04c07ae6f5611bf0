"""One dwelling becomes several, several become one: all of it holds, or none."""

from datetime import UTC, date, datetime
from fractions import Fraction
from itertools import permutations

import pytest

from yiwang.kernel.api import context_system, context_use
from yiwang.resources.housing.actions import dwellings_project, event_post
from yiwang.resources.housing.data import DwellingNotFound, EventMalformed
from yiwang.resources.housing.models import Dwelling, HousingEvent, HousingException
from yiwang.resources.housing.queries import dwelling_record, figures_list, housing_of
from yiwang.resources.housing.tests.conftest import (
    BUILDING,
    BUILT,
    ELDER,
    ELDER_REF,
    HOME,
    NOW,
    OTHER,
    SON_REF,
    WIFE_REF,
    lease,
    owned,
    report,
)

LEFT, RIGHT, WHOLE = (f"320508001001GB00009F0001000{n}" for n in (1, 2, 3))
LATER = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
BOTH = [[ELDER_REF, "1/2"], [WIFE_REF, "1/2"]]


@pytest.fixture(autouse=True)
def _system(registry):
    with context_use(context_system("测试")):
        yield


def part(number, area, owners, flat="101"):
    return {
        "number": number,
        "facts": {**BUILT, "area_m2": area, "flat": flat},
        "owners": owners,
    }


def divided(key="d1", day="2010-05-01", parts=None, **changes):
    parts = parts or [
        part(LEFT, "50", [[ELDER_REF, "1"]], "101A"),
        part(RIGHT, "39.5", [[WIFE_REF, "1"]], "101B"),
    ]
    return report(key, "DIVIDED", day, {"from": [HOME], "into": parts}, **changes)


def joined(key="j1", day="2010-05-01", area="150", owners=None, **changes):
    into = [part(WHOLE, area, owners or [[ELDER_REF, "1/2"], [SON_REF, "1/2"]])]
    return report(key, "JOINED", day, {"from": [HOME, OTHER], "into": into}, **changes)


def home(owners=None):
    return [BUILDING, owned(owners=owners or BOTH)]


def two_homes():
    other = {"number": OTHER}
    return [
        *[BUILDING, owned()],
        report("b2", "BUILT", "2001-06-01", BUILT, **other),
        owned("r2", owners=[[SON_REF, "1"]], **other),
    ]


def post(*reports, now=NOW):
    return [one.outcome for one in event_post(reports, now=now)]


def state(number, on=None, **more):
    return dwelling_record(number, purpose="测试", on=on, now=NOW, **more).state


def shares(number, on=None):
    return {one.holder: one.share for one in state(number, on).owners}


def table():
    rows = Dwelling.objects.order_by("number")
    return [
        (row.number, row.is_standing, row.ended_kind, row.ended_into, row.origins, f"{row.area_m2}")
        for row in rows
    ]


def refused(outcomes):
    return [one.reason for one in outcomes if one.state == "REFUSED"]


def test_a_divided_dwelling_ends_and_its_parts_have_owners_of_their_own():
    assert refused(post(*home(), divided())) == []
    assert table() == [
        (HOME, False, "DIVIDED", [LEFT, RIGHT], [], "89.50"),
        (LEFT, True, "", [], [HOME], "50.00"),
        (RIGHT, True, "", [], [HOME], "39.50"),
    ]
    assert (shares(LEFT), shares(RIGHT), shares(HOME)) == ({ELDER_REF: 1}, {WIFE_REF: 1}, {})
    assert [one.number for one in housing_of(ELDER, purpose="测试")] == [LEFT]
    assert figures_list()[0].dwellings == 2


def test_before_the_day_it_is_what_it_was():
    post(*home(), divided())
    before = date(2010, 4, 30)
    assert shares(HOME, before) == {ELDER_REF: Fraction(1, 2), WIFE_REF: Fraction(1, 2)}
    assert state(HOME, before).ended is None
    assert state(LEFT, before).facts is None
    assert state(LEFT, date(2010, 5, 1)).origins == (HOME,)


def test_what_was_not_yet_reported_was_not_yet_known():
    post(*home())
    post(divided(), now=LATER)
    assert state(HOME, known_at=NOW).ended is None
    assert state(HOME).ended.into == (LEFT, RIGHT)
    told = dwelling_record(LEFT, purpose="测试", now=LATER).told
    assert [(one.event.kind, one.outcome.state) for one in told] == [("DIVIDED", "APPLIED")]


def test_two_dwellings_become_one():
    assert refused(post(*two_homes(), joined())) == []
    assert table() == [
        (HOME, False, "JOINED", [WHOLE], [], "89.50"),
        (OTHER, False, "JOINED", [WHOLE], [], "89.50"),
        (WHOLE, True, "", [], [HOME, OTHER], "150.00"),
    ]
    assert shares(WHOLE) == {ELDER_REF: Fraction(1, 2), SON_REF: Fraction(1, 2)}


@pytest.mark.parametrize(
    ("before", "act", "reason"),
    [
        ([*home()[:1]], divided(), "NOT_REGISTERED"),
        ([], divided(), "NOT_BUILT"),
        (
            [
                *home(),
                report("m", "MORTGAGED", "2009-01-01", {"creditor": SON_REF, "amount_fen": 1}),
            ],
            divided(),
            "ENCUMBERED",
        ),
        (
            [*home(), report("s", "SEIZED", "2009-01-01", {"authority": "法院"})],
            divided(),
            "ENCUMBERED",
        ),
        ([*home(), lease("l", "2010-01-01", "2010-12-31")], divided(), "STILL_LET"),
        ([*home([[ELDER_REF, "1"]])], divided(), "OWNERS_DIFFER"),
        ([*home(), report("x", "DEMOLISHED", "2009-01-01")], divided(), "GONE"),
        (
            home(),
            divided(parts=[part(LEFT, "50", BOTH), part(RIGHT, "80", BOTH)]),
            "AREA_DIFFERS",
        ),
        (
            home(),
            divided(parts=[part(LEFT, "50", BOTH), part(RIGHT, "39", [[ELDER_REF, "1/2"]])]),
            "SHARES_NOT_ONE",
        ),
        (
            [*home(), report("b9", "BUILT", "2001-06-01", BUILT, number=LEFT)],
            divided(),
            "BUILT_ALREADY",
        ),
        ([*home(), divided("d0", "2010-01-01")], divided(), "BECAME"),
        (two_homes(), joined(area="10"), "AREA_DIFFERS"),
        (two_homes(), joined(owners=[[ELDER_REF, "1"]]), "OWNERS_DIFFER"),
        (two_homes()[:2], joined(), "NOT_BUILT"),
    ],
)
def test_what_cannot_hold_at_one_dwelling_holds_at_none_and_says_why(before, act, reason):
    if before:
        event_post(before, now=NOW)
    kept = [row for row in table() if row[0] in (HOME, OTHER)]
    assert refused(post(act)) == [reason]
    assert [row for row in table() if row[0] in (HOME, OTHER) and row[5] != "0.00"] == kept
    if reason not in ("BUILT_ALREADY", "BECAME"):
        assert [row for row in table() if row[4]] == []
    assert HousingException.objects.get(event__key=act["key"]).reason == reason


def test_a_seizure_that_comes_late_undoes_a_division_at_all_dwellings_and_its_end_restores_it():
    post(*home(), divided())
    post(report("s", "SEIZED", "2009-01-01", {"authority": "法院"}), now=LATER)
    assert [row[1] for row in table()] == [True, False, False]
    assert len(shares(HOME)) == 2
    with pytest.raises(DwellingNotFound):
        state(LEFT)
    post(report("u", "SEIZURE_RELEASED", "2010-04-01", {"of": "文-s"}), now=LATER)
    assert [row[1] for row in table()] == [False, True, True]


def test_a_part_lives_on_and_goes_back_when_the_division_is_withdrawn():
    sold = report(
        "t",
        "TRANSFERRED",
        "2012-01-01",
        {"cause": "SALE", "givers": [[ELDER_REF, "1"]], "takers": [[SON_REF, "1"]]},
        number=LEFT,
    )
    assert refused(post(*home(), divided(), sold)) == []
    assert shares(LEFT) == {SON_REF: 1}
    withdrawn = {**report("c", "CANCELLED", "2010-05-01"), "corrects": "d1"}
    event_post([withdrawn], function="natural_resources", now=LATER)
    assert [row[1] for row in table()] == [True, False, False]
    assert HousingException.objects.get(event__key="t").reason == "NOT_BUILT"


def test_any_order_of_arrival_gives_the_same():
    reports = [BUILDING, owned(owners=BOTH), divided()]
    seen = []
    for order in permutations(range(3)):
        HousingException.objects.all().delete()
        Dwelling.objects.all().delete()
        event_post([{**reports[i], "key": f"{reports[i]['key']}-{order}"} for i in order], now=NOW)
        seen.append([row[:4] for row in table()])
        withdraw = [
            {
                **report(f"c{i}-{order}", "CANCELLED", "2030-01-01"),
                "corrects": f"{one['key']}-{order}",
            }
            for i, one in enumerate(reports)
        ]
        event_post(withdraw[:1], function="housing", now=NOW)
        event_post(withdraw[1:], function="natural_resources", now=NOW)
    assert all(one == seen[0] for one in seen)
    assert [row[1] for row in seen[0]] == [False, True, True]


@pytest.mark.parametrize(
    "payload",
    [
        {"from": [OTHER], "into": [part(LEFT, "1", BOTH), part(RIGHT, "1", BOTH)]},
        {"from": [HOME], "into": [part(LEFT, "1", BOTH)]},
        {"from": [HOME], "into": [part(LEFT, "1", BOTH), part(LEFT, "1", BOTH)]},
        {"from": [HOME], "into": [part(LEFT, "1", BOTH), part(HOME, "1", BOTH)]},
        {"from": [HOME], "into": [part(LEFT, "1", BOTH), {"number": RIGHT}]},
        {"from": [HOME], "into": [part(LEFT, "1", BOTH), part(RIGHT, "x", BOTH)]},
        {"from": [HOME], "into": [part(LEFT, "1", BOTH), part(RIGHT, "1", [])]},
        {"from": [HOME], "into": [part(LEFT, "1", BOTH), part("12", "1", BOTH)]},
        {"from": HOME, "into": "no"},
        {"from": [HOME], "into": [1, 2]},
    ],
)
def test_a_division_that_cannot_be_read_is_refused_whole(payload):
    with pytest.raises(EventMalformed):
        event_post([report("d", "DIVIDED", "2010-05-01", payload)], now=NOW)
    assert HousingEvent._base_manager.count() == 0
    assert Dwelling.objects.count() == 0


def test_the_same_report_twice_is_one_and_replaying_gives_the_same():
    post(*home(), divided())
    before = table()
    assert [one.is_new for one in event_post([divided()], now=LATER)] == [False]
    assert table() == before
    dwellings_project(now=NOW)
    assert table() == before
