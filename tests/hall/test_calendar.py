"""A limit that runs into a year without a published calendar has no date until that year is loaded."""

from django.utils import timezone

from tests.hall.test_pack_journeys import PACKS, applicant_make, item_of, officer_of, submit
from yiwang.engines.api import clock_list, work_item_list
from yiwang.hall.api import matter_get
from yiwang.hall.applications.actions.work import work_conclude
from yiwang.kernel.api import calendar_year_load, context_system, context_use, event_relay

# Made for the test: the real calendar of 2027 was not published when this was written.
YEAR_2027 = {"holidays": {"2027-01-01": "New Year's Day,元旦"}, "workdays": {}}


def test_a_due_date_in_2027_appears_when_its_calendar_is_published(city, now):
    pack = next(one for one in PACKS if one.manifest.id == "teaching")
    journey = pack.files["tests/journey.yaml"].data["journeys"][0]
    matter = matter_get(_code(pack, journey["matter"]))
    applicant = applicant_make(city, journey["applicant"], now=now)
    number = submit(city, pack, journey, matter, applicant, now=now)
    first = journey["steps"][0]
    item = item_of(number, first["officer"])
    with context_use(officer_of(item, now=now)):
        work_conclude(item.id, outcome=first["outcome"], now=now)

    legal = next(c for c in clock_list(f"application:{number}", now=now) if c.kind == "LEGAL")
    assert (legal.amount, legal.due_at, legal.due_state) == (30, None, "CALENDAR_NOT_PUBLISHED")
    assert legal.missing_year == 2027
    assert legal.remaining == 30

    with context_use(context_system("测试")):
        calendar_year_load(YEAR_2027, source="made", now=now)
        for _round in range(3):
            event_relay(now=timezone.now())

    legal = next(c for c in clock_list(f"application:{number}", now=now) if c.kind == "LEGAL")
    assert f"{legal.due_at:%Y-%m-%d}" == "2027-01-04"
    assert work_item_list(business_key=f"application:{number}")[0].due_at is not None


def _code(pack, matter: str) -> str:
    return next(file for file in pack.section("matters") if file.name == matter).data["code"]
