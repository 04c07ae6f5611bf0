"""Loading years and closing offices, through the actions."""

import json
from datetime import UTC, date, datetime

import pytest

from yiwang.kernel.audit.context import context_system, context_use
from yiwang.kernel.audit.queries import audit_list
from yiwang.kernel.calendar.actions import (
    SEED,
    ClosureExists,
    calendar_seed_load,
    calendar_year_load,
    closure_add,
    closure_remove,
)
from yiwang.kernel.calendar.data import CalendarFileInvalid
from yiwang.kernel.calendar.models import CalendarDay, CalendarYear, LocalClosure
from yiwang.kernel.calendar.queries import (
    calendar_get,
    calendar_stamp_get,
    calendar_year_get,
    calendar_year_list,
    closure_list,
)
from yiwang.kernel.calendar.rules import CalendarNotPublished
from yiwang.kernel.events.models import OutboxEvent
from yiwang.sdk.errors import Invalid, NotFound, SignInNeeded

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
YEAR_2027 = {"holidays": {"2027-01-01": "New Year's Day,元旦"}, "workdays": {}}


@pytest.fixture(autouse=True)
def _system():
    with context_use(context_system("test")):
        yield


def _published() -> list[dict]:
    return list(
        OutboxEvent.objects.filter(topic="calendar.changed")
        .order_by("pk")
        .values_list("payload", flat=True)
    )


def test_the_seed_loads_619_holidays_and_150_make_up_days_once():
    report = calendar_seed_load(now=NOW)
    assert report.added == tuple(range(2004, 2027))
    assert CalendarDay.objects.filter(kind="HOLIDAY").count() == 619
    assert CalendarDay.objects.filter(kind="MAKE_UP").count() == 150
    stamp = calendar_stamp_get()
    again = calendar_seed_load(now=NOW)
    assert (again.added, again.changed, len(again.unchanged)) == ((), (), 23)
    assert calendar_stamp_get() == stamp
    assert len(_published()) == 1
    assert [row["outcome"] for row in audit_list(subject="calendar:years")] == ["UNCHANGED", "DONE"]


def test_a_new_year_ends_the_waiting():
    calendar_seed_load(now=NOW)
    with pytest.raises(CalendarNotPublished):
        calendar_get().add_working_days(date(2026, 12, 31), 1)
    assert calendar_year_get(2027) is None
    calendar_year_load(YEAR_2027, source="made", now=NOW)
    assert calendar_get().add_working_days(date(2026, 12, 31), 1) == date(2027, 1, 4)
    assert calendar_year_list()[-1] == 2027
    assert _published()[-1] == {"years": [2027], "area_code": ""}


def test_a_corrected_year_replaces_only_that_year():
    calendar_seed_load(now=NOW)
    content = json.loads(SEED.read_text(encoding="utf-8"))
    content["holidays"]["2026-12-31"] = "Extra,加放"
    report = calendar_year_load(content, source="correction", now=NOW)
    assert (report.added, report.changed, len(report.unchanged)) == ((), (2026,), 22)
    assert not calendar_get().is_working(date(2026, 12, 31))
    assert CalendarYear.objects.get(year=2025).source["en"] != "correction"
    assert _published()[-1]["years"] == [2026]


def test_a_broken_file_changes_nothing():
    calendar_seed_load(now=NOW)
    stamp = calendar_stamp_get()
    with pytest.raises(CalendarFileInvalid):
        calendar_year_load({"holidays": {"soon": "x,y"}}, source="x", now=NOW)
    assert calendar_stamp_get() == stamp
    assert CalendarDay.objects.count() == 769


def test_a_closure_counts_where_it_was_ordered_and_can_be_taken_back():
    calendar_seed_load(now=NOW)
    monday = date(2026, 9, 14)
    closure_id = closure_add("320505", day=monday, reason="台风停工", document="苏防〔2026〕9号")
    assert not calendar_get("320505").is_working(monday)
    assert not calendar_get("320505003").is_working(monday)
    assert calendar_get("320506").is_working(monday)
    assert calendar_get().is_working(monday)
    assert [c.area_code for c in closure_list(area_code="320505003")] == ["320505"]
    assert closure_list(area_code="320506") == []
    again = closure_add("320505", day=monday, reason="台风停工", document="苏防〔2026〕9号")
    assert again == closure_id
    with pytest.raises(ClosureExists):
        closure_add("320505", day=monday, reason="另一原因")
    assert LocalClosure.objects.get().reason == "台风停工"
    closure_remove(closure_id, reason="警报解除")
    assert calendar_get("320505").is_working(monday)
    assert _published()[1:] == [{"years": [2026], "area_code": "320505"}] * 2
    with pytest.raises(NotFound):
        closure_remove(closure_id, reason="again")


def test_a_city_closure_closes_every_district():
    calendar_seed_load(now=NOW)
    closure_add("320500", day=date(2026, 9, 14), reason="台风停工")
    assert not calendar_get().is_working(date(2026, 9, 14))
    assert not calendar_get("320585").is_working(date(2026, 9, 14))


def test_a_closure_needs_a_reason():
    with pytest.raises(Invalid) as caught:
        closure_add("", day=date(2026, 9, 14), reason=" ")
    assert list(caught.value.fields) == ["reason"]
    assert not LocalClosure.objects.exists()


def test_only_who_may_load_loads():
    from yiwang.kernel.audit.context import ANONYMOUS

    with context_use(ANONYMOUS), pytest.raises(SignInNeeded):
        calendar_year_load(YEAR_2027, source="x", now=NOW)
    assert not CalendarYear.objects.exists()


def test_the_calendar_is_kept_and_asked_for_with_one_query(django_assert_num_queries):
    calendar_seed_load(now=NOW)
    first = calendar_get()
    with django_assert_num_queries(1):
        assert calendar_get() is first


def test_half_a_day_counts_whole_unless_its_order_says_otherwise():
    calendar_seed_load(now=NOW)
    monday, tuesday = date(2026, 9, 14), date(2026, 9, 15)
    closure_add("320505", day=monday, reason="停电", part="PM")
    closure_add("320505", day=tuesday, reason="停电", part="AM", counts=False)
    district, city = calendar_get("320505"), calendar_get()
    assert (district.is_working(monday), district.closed_part(monday)) == (True, "PM")
    assert (district.is_working(tuesday), district.is_open(tuesday)) == (False, True)
    assert (city.is_working(tuesday), city.closed_part(monday)) == (True, "")
    # The city closes the other half of the day: in the district nobody is there all day.
    closure_add("320500", day=monday, reason="台风停工", part="AM")
    assert not calendar_get("320505").is_open(monday)
    assert calendar_get("320506").closed_part(monday) == "AM"
    assert [(one.part, one.counts) for one in closure_list(area_code="320505")] == [
        ("AM", True), ("PM", True), ("AM", False),
    ]  # fmt: skip


def test_a_whole_day_never_counts_and_another_order_for_the_day_is_refused():
    closure_add("320505", day=date(2026, 9, 14), reason="停电", counts=True)
    assert not LocalClosure.objects.get().counts
    with pytest.raises(ClosureExists):
        closure_add("320505", day=date(2026, 9, 14), reason="停电", part="PM")
    with pytest.raises(Invalid):
        closure_add("320505", day=date(2026, 9, 15), reason="停电", part="NIGHT")
    assert LocalClosure.objects.count() == 1
