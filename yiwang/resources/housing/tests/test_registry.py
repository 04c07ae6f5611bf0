"""The registry as departments, other areas and people use it."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

from yiwang.identity.api import data_scope
from yiwang.kernel.api import audit_list, context_system, context_use
from yiwang.resources.housing.actions import (
    dwellings_project,
    event_post,
    exception_retry,
    exception_set_aside,
    housing_sweep,
)
from yiwang.resources.housing.data import DwellingNotFound, EventKeyTaken
from yiwang.resources.housing.demo import housing_demo_load
from yiwang.resources.housing.models import (
    Dwelling,
    HousingEvent,
    HousingException,
    Ownership,
    Tenancy,
)
from yiwang.resources.housing.queries import (
    dwelling_get,
    dwelling_record,
    figures_list,
    housing_check,
    housing_of,
)
from yiwang.resources.housing.tests.conftest import (
    BUILDING,
    BUILT,
    ELDER,
    ELDER_REF,
    HOME,
    NOW,
    OTHER,
    SON,
    SON_REF,
    WIFE,
    WIFE_REF,
    lease,
    owned,
    report,
)
from yiwang.resources.registries.data import PurposeNeeded
from yiwang.sdk.errors import Forbidden, Invalid
from yiwang.sdk.identifiers import id_number_make

pytestmark = pytest.mark.usefixtures("as_system")
SOLD = report(
    "t1",
    "TRANSFERRED",
    "2020-05-01",
    {"cause": "GIFT", "givers": [[ELDER_REF, "1/2"]], "takers": [[SON_REF, "1/2"]]},
)


def projection() -> list:
    """Return everything that is projected, without row numbers."""
    with data_scope(purpose="test"):
        return [
            list(model.objects.order_by(*names).values(*names))
            for model, names in (
                (Dwelling, ("number", "use", "area_m2", "residents_count", "next_change_date")),
                (Ownership, ("dwelling__number", "holder_ref", "numerator", "denominator")),
                (Tenancy, ("dwelling__number", "document", "end_date")),
                (HousingException, ("dwelling_number", "kind", "reason", "state")),
            )
        ]


def test_reports_become_a_dwelling_with_owners_and_their_shares():
    posted = event_post([BUILDING, owned(), SOLD], now=NOW)
    assert [(one.is_new, one.outcome.state) for one in posted] == [(True, "APPLIED")] * 3
    view = dwelling_get(HOME)
    assert (view.address, view.area_m2, view.use) == (BUILT["address"], Decimal("89.50"), "VACANT")
    assert [(one.share, one.role) for one in housing_of(SON, purpose="测试")] == [
        (Fraction(1, 2), "OWNER")
    ]


def test_the_same_report_twice_is_one_and_other_words_under_its_key_are_refused():
    event_post([BUILDING, owned()], now=NOW)
    again = event_post([owned(), owned()], now=NOW + timedelta(days=1))
    assert [one.is_new for one in again] == [False, False]
    assert [one.outcome.state for one in again] == ["APPLIED", "APPLIED"]
    before = projection()
    with pytest.raises(EventKeyTaken), transaction.atomic():
        event_post([SOLD, owned(owners=[[SON_REF, "1"]])], now=NOW)
    assert projection() == before
    with data_scope(purpose="test"):
        assert HousingEvent.objects.count() == 2


def test_in_whatever_pieces_reports_arrive_the_registry_ends_the_same():
    reports = [
        BUILDING,
        owned(),
        SOLD,
        lease("l1", "2026-01-01", "2026-12-31"),
        lease("l2", "2026-06-01", "2027-05-31"),
        report("m1", "RESIDENT_CAME", "2026-01-02", {"person": SON_REF}),
    ]
    with transaction.atomic():
        event_post(reports, now=NOW)
        whole = projection()
        transaction.set_rollback(True)
    for one in reversed(reports):
        event_post([one], now=NOW)
    rows = projection()
    assert rows[:3] == whole[:3]
    assert [one for one in rows[3] if one["state"] == "OPEN"] == whole[3]
    assert whole[3] == [
        {
            "dwelling_number": HOME,
            "kind": "LEASE_FILED",
            "reason": "LEASE_OVERLAPS",
            "state": "OPEN",
        }
    ]
    dwellings_project(now=NOW)
    assert projection() == rows


def test_a_state_is_read_as_of_a_day_as_known_on_another():
    event_post([BUILDING, owned()], now=NOW)
    later = NOW + timedelta(days=30)
    event_post([SOLD], now=later)
    fixed = SOLD | {
        "key": "t2",
        "corrects": "t1",
        "payload": SOLD["payload"] | {"takers": [[WIFE_REF, "1/2"]]},
    }
    last = NOW + timedelta(days=60)
    event_post([fixed], now=last)

    def owners(on, known):
        record = dwelling_record(HOME, purpose="测试", on=on, known_at=known, now=last)
        return {one.holder for one in record.state.owners}

    assert owners(date(2021, 1, 1), NOW) == {ELDER_REF}
    assert owners(date(2021, 1, 1), later) == {ELDER_REF, SON_REF}
    assert owners(date(2021, 1, 1), last) == {ELDER_REF, WIFE_REF}
    assert owners(date(2019, 1, 1), last) == {ELDER_REF}
    assert owners(date(2001, 7, 1), last) == set()


def test_reports_are_only_ever_added():
    event_post([BUILDING], now=NOW)
    table = HousingEvent._meta.db_table
    for sql in (f"UPDATE {table} SET document = 'x'", f"DELETE FROM {table}"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)


def test_a_person_whom_the_registry_does_not_know_keeps_the_report_waiting_until_found(departments):
    from yiwang.resources.registries.actions import registries_load
    from yiwang.resources.registries.rules import ref_make
    from yiwang.resources.registries.tests.conftest import person

    number = id_number_make("320508", date(1990, 1, 2), 77)
    stranger = report("r1", "REGISTERED", "2002-01-01", {
        "owners": [{"party": {"id_number": number}, "share": "1"}]
    })  # fmt: skip
    [_, posted] = event_post([BUILDING, stranger], now=NOW)
    assert posted.outcome.reason == "PARTY_UNKNOWN"
    [waiting] = HousingException.objects.all()
    assert exception_retry(waiting.pk, now=NOW) == "OPEN"
    ref = ref_make("P", 99)
    registries_load(persons=[person(ref, "周新", date(1990, 1, 2), 77, id_number=number)], now=NOW)
    assert exception_retry(waiting.pk, now=NOW) == "RESOLVED"
    assert [one.share for one in housing_of(ref, purpose="测试")] == [1]
    with data_scope(purpose="test"):
        assert HousingEvent.objects.get(key="r1").payload["owners"] == [[f"unknown:{number}", "1"]]


def test_an_identity_number_becomes_a_reference_before_it_is_written():
    number = id_number_make("320508", date(1958, 3, 4), 11)
    event_post([BUILDING, owned(owners=[{"party": {"id_number": number}, "share": "1"}])], now=NOW)
    with data_scope(purpose="test"):
        assert HousingEvent.objects.get(key="r1").payload == {"owners": [[ELDER_REF, "1"]]}


def test_a_department_reports_only_what_is_its_own(as_staff, departments):
    with context_use(as_staff("苏州市民政局")), pytest.raises(Invalid):
        event_post([BUILDING], now=NOW)
    with context_use(as_staff("昆山市住房和城乡建设局")), pytest.raises(Forbidden):
        event_post([BUILDING], function="water", now=NOW)
    assert Dwelling.objects.count() == 0


def test_a_refused_report_is_on_the_desk_of_its_department_only(as_staff):
    mine, other = as_staff("苏州市自然资源和规划局"), as_staff("苏州市姑苏区住房和城乡建设局")
    with context_use(mine):
        [posted] = event_post([owned()], now=NOW)
        assert posted.outcome.reason == "NOT_BUILT"
    [row] = HousingException.objects.all()
    with context_use(other), pytest.raises(Exception, match="Nothing was found"):
        exception_set_aside(row.pk, note="x", now=NOW)
    with context_use(mine), pytest.raises(Invalid):
        exception_set_aside(row.pk, note=" ", now=NOW)
    with context_use(mine):
        exception_set_aside(row.pk, note="重复报送", now=NOW)
    with context_use(other):
        event_post([BUILDING], now=NOW)
    row.refresh_from_db()
    assert row.state == "RESOLVED"


def test_a_read_needs_a_purpose_and_leaves_a_row_for_everybody_named(as_staff):
    event_post([BUILDING, owned(), lease("l1", "2026-01-01", "2026-12-31")], now=NOW)
    clerk = as_staff("苏州市民政局")
    with context_use(clerk), pytest.raises(PurposeNeeded):
        dwelling_record(HOME, purpose="", now=NOW)
    assert audit_list(person_ref=ELDER) == []
    with context_use(clerk):
        record = dwelling_record(HOME, purpose="住房保障审核", now=NOW)
    assert record.names == {ELDER_REF: "周**", SON_REF: "周**"}
    rows = [row for row in audit_list(person_ref=SON) if row["act"] == "resources.housing.read"]
    assert [(row["purpose"], row["detail"]) for row in rows] == [
        ("住房保障审核", {"fields": ["housing"]})
    ]
    with context_use(as_staff("苏州市自然资源和规划局")):
        assert dwelling_record(HOME, purpose="登记", now=NOW).names[ELDER_REF] == "周根泉"


def test_another_district_does_not_see_the_dwelling(as_staff):
    event_post([BUILDING], now=NOW)
    with context_use(as_staff("昆山市住房和城乡建设局")), pytest.raises(DwellingNotFound):
        dwelling_get(HOME)
    with context_use(as_staff("苏州市姑苏区住房和城乡建设局")):
        assert dwelling_get(HOME).number == HOME


def test_a_check_says_yes_or_no_and_names_only_that_it_was_asked(as_staff):
    event_post([BUILDING, owned()], now=NOW)
    with context_use(as_staff("苏州市民政局")):
        asked = [
            housing_check(ref, purpose="公租房申请", area_code=area, now=NOW).has_dwelling
            for ref, area in ((ELDER, ""), (ELDER, "320583"), (WIFE, ""))
        ]
    assert asked == [True, False, False]
    assert audit_list(person_ref=WIFE)[0]["detail"] == {"fields": ["has_dwelling"]}
    event_post([report("d1", "DEMOLISHED", "2026-11-01")], now=NOW)
    with context_use(as_staff("苏州市民政局")):
        assert not housing_check(ELDER, purpose="公租房申请", now=NOW).has_dwelling


def test_the_day_moves_on_without_a_report():
    event_post([BUILDING, owned(), lease("l1", "2026-01-01", "2026-11-30")], now=NOW)
    assert dwelling_get(HOME).use == "LET"
    assert housing_sweep(now=NOW) == 0
    assert housing_sweep(now=NOW + timedelta(days=10)) == 1
    assert dwelling_get(HOME).use == "VACANT"


def test_figures_count_what_stands_by_district():
    second = report("b2", "BUILT", "2001-06-01", BUILT | {"area_m2": "40", "flat": "102"})
    gone = report("b3", "BUILT", "2001-06-01", BUILT, number=OTHER.replace("00002", "00003"))
    event_post(
        [
            BUILDING,
            second | {"number": OTHER},
            gone,
            report("d3", "DEMOLISHED", "2020-01-01", number=gone["number"]),
            report("m1", "RESIDENT_CAME", "2010-01-01", {"person": ELDER_REF}),
            report("m2", "RESIDENT_CAME", "2010-01-01", {"person": WIFE_REF}),
        ],
        now=NOW,
    )
    [one] = figures_list()
    assert (one.area_code, one.dwellings, one.uses, one.residents) == (
        "320508",
        2,
        {"OWN": 1, "VACANT": 1},
        2,
    )
    assert (one.area_m2, one.per_capita, one.vacancy) == (Decimal("129.50"), Decimal("44.75"), 0.5)


def test_the_made_city_has_a_dwelling_a_household_and_loading_again_changes_nothing():
    persons = [
        {
            "ref": f"P{number:010d}",
            "household_id": f"H{number // 3}",
            "address": f"苏州市姑苏区平江街道历史街区社区{number // 3}幢1单元101室",
            "area_code": "320508",
            "community_code": "320508018001",
            "birth_date": date(1950 + number % 70, 5, 1),
        }
        for number in range(600)
    ]
    counts = housing_demo_load(NOW, persons=persons)
    households = 200
    assert counts["dwellings"] == households + households * 9 // 100
    assert counts["refused"] == HousingException.objects.count() > 0
    assert housing_demo_load(NOW, persons=persons)["events"] == 0
    rows = projection()
    with context_use(context_system("replay")):
        dwellings_project(now=NOW)
    assert projection() == rows
