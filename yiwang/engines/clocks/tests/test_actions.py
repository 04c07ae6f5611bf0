"""Clocks through their actions: what is stored, mirrored, refused and announced."""

import contextlib
from datetime import date, datetime, timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yiwang.engines.clocks.actions import (
    ClockOverdue,
    ClockStopped,
    ExtensionTooLong,
    PauseGroundUnknown,
    clock_extend,
    clock_pause,
    clock_rebuild,
    clock_resume,
    clock_start,
    clock_stop,
)
from yiwang.engines.clocks.models import Clock, ClockExtension, ClockPause
from yiwang.engines.clocks.queries import clock_due_list, clock_get, clock_list, clock_map
from yiwang.kernel.api import (
    CodeRow,
    audit_list,
    calendar_seed_load,
    calendar_year_load,
    closure_add,
    code_table_load,
    context_system,
    context_use,
    event_relay,
)
from yiwang.sdk.errors import Conflict, Invalid, NotFound

pytestmark = pytest.mark.django_db
LABEL = {"zh": "法定时限", "en": "Legal limit"}
APPLICATION = "application:1"


def at(month: int, day: int, hour: int = 10, minute: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=timezone.get_default_timezone())


@pytest.fixture(autouse=True)
def _house():
    with context_use(context_system("test")):
        calendar_seed_load(now=at(1, 2))
        code_table_load(
            "pause_grounds",
            edition="1",
            rows=[CodeRow(code, code) for code in ("CORRECTION", "HEARING")],
            valid_from=date(2004, 7, 1),
            source="test",
            now=at(1, 2),
        )
        yield


def start(subject: str = APPLICATION, **changes) -> int:
    given = {
        "kind": "LEGAL",
        "label": LABEL,
        "amount": 20,
        "unit": "WORKING_DAY",
        "started_at": at(9, 24),
        "now": at(9, 24),
    }
    return clock_start(subject, **(given | changes))


def one(now: datetime, subject: str = APPLICATION):
    (view,) = clock_list(subject, now=now)
    return view


def mirror(clock_id: int) -> tuple:
    row = Clock.objects.get(pk=clock_id)
    return row.due_at, row.due_state, row.missing_year


def test_a_legal_clock_of_20_days_is_due_where_the_calendar_says():
    clock_id = start()
    view = one(at(9, 28))
    assert (view.state, view.elapsed, view.remaining) == ("RUNNING", 1, 19)
    assert (view.due_at, view.due_state, view.light) == (at(10, 29, 17), "DATED", "GREEN")
    assert mirror(clock_id) == (at(10, 29, 17), "DATED", None)
    assert audit_list(subject=APPLICATION)[0]["act"] == "engines.clocks.start"


@pytest.mark.parametrize(
    ("now", "light", "remaining", "is_overdue"),
    [
        (at(10, 27, 23), "GREEN", 2, False),
        (at(10, 28, 0), "YELLOW", 1, False),
        (at(10, 29, 17), "YELLOW", 0, False),
        (at(10, 29, 17, 1), "RED", 0, True),
        (at(10, 30), "RED", -1, True),
    ],
)
def test_the_light_turns_yellow_one_working_day_before_and_red_when_overdue(
    now, light, remaining, is_overdue
):
    start()
    view = one(now)
    assert (view.light, view.remaining, view.is_overdue) == (light, remaining, is_overdue)


def test_a_pause_takes_its_days_off_and_is_asked_for_once():
    clock_id = start()
    args = {"ground": "CORRECTION", "document": "补正通知书2026-1"}
    assert clock_pause(APPLICATION, **args, now=at(9, 28)) == 1
    assert clock_pause(APPLICATION, **args, now=at(9, 29)) == 0
    view = one(at(9, 30))
    assert (view.state, view.elapsed, view.remaining) == ("PAUSED", 1, 19)
    assert (view.due_at, view.due_state, view.light) == (None, "PAUSED", "GREEN")
    assert mirror(clock_id) == (None, "PAUSED", None)
    assert clock_resume(APPLICATION, now=at(9, 30)) == 1
    view = one(at(9, 30, 11))
    assert (view.state, view.elapsed, view.due_at) == ("RUNNING", 1, at(11, 2, 17))
    assert [(p.ground, p.document, p.paused_at, p.resumed_at) for p in view.pauses] == [
        ("CORRECTION", "补正通知书2026-1", at(9, 28), at(9, 30))
    ]
    assert clock_resume(APPLICATION, now=at(9, 30, 12)) == 0
    assert [row["outcome"] for row in audit_list(subject=APPLICATION)] == [
        "UNCHANGED",
        "DONE",
        "UNCHANGED",
        "DONE",
        "DONE",
    ]


def test_two_grounds_overlap_and_the_last_one_ends_the_pause():
    start()
    clock_pause(APPLICATION, ground="CORRECTION", document="1", now=at(9, 28))
    clock_pause(APPLICATION, ground="HEARING", document="2", now=at(9, 29))
    assert clock_resume(APPLICATION, ground="CORRECTION", now=at(9, 30)) == 1
    assert one(at(9, 30)).state == "PAUSED"
    clock_resume(APPLICATION, ground="HEARING", now=at(10, 9))
    # 28 September and 10 October count, 29 September to 9 October do not.
    view = one(at(10, 10))
    assert (view.state, view.elapsed) == ("RUNNING", 2)


def test_a_pause_needs_a_listed_ground_and_a_document():
    clock_id = start()
    with pytest.raises(PauseGroundUnknown):
        clock_pause(APPLICATION, ground="HOLIDAY", document="x", now=at(9, 28))
    with pytest.raises(Invalid) as caught:
        clock_pause(APPLICATION, ground="HEARING", document=" ", now=at(9, 28))
    assert list(caught.value.fields) == ["document"]
    with pytest.raises(Conflict):
        clock_pause(APPLICATION, ground="HEARING", document="x", now=at(9, 23))
    assert not ClockPause.objects.exists()
    assert mirror(clock_id)[1] == "DATED"


def test_a_branch_is_paused_alone_or_with_the_whole():
    start()
    start(APPLICATION + "/food", kind="DEPARTMENT", amount=8)
    start("application:10", amount=8)
    args = {"ground": "CORRECTION", "document": "1"}
    assert clock_pause(APPLICATION + "/food", **args, now=at(9, 28)) == 1
    assert [c.state for c in clock_list(APPLICATION, now=at(9, 28), below=True)] == [
        "RUNNING",
        "PAUSED",
    ]
    assert clock_pause(APPLICATION, **args, now=at(9, 28), kinds={"PROMISED"}) == 0
    assert clock_stop(APPLICATION, now=at(9, 29), below=True) == 2
    assert one(at(9, 29), "application:10").state == "RUNNING"


def test_an_extension_adds_days_with_reason_and_approver_up_to_the_legal_maximum():
    clock_id = start(extension_max=10)
    args = {"reason": "案情复杂", "approver_account_id": 7}
    clock_extend(clock_id, amount=6, **args, now=at(10, 20))
    view = clock_get(clock_id, now=at(10, 20))
    assert (view.amount, view.due_at) == (26, at(11, 6, 17))
    assert [(e.amount, e.reason, e.approver_account_id) for e in view.extensions] == [
        (6, "案情复杂", 7)
    ]
    with pytest.raises(ExtensionTooLong, match="10"):
        clock_extend(clock_id, amount=5, **args, now=at(10, 20))
    for wrong in ({"amount": 0}, {"reason": " "}, {"approver_account_id": 0}):
        with pytest.raises(Invalid) as caught:
            clock_extend(clock_id, **({"amount": 1} | args | wrong), now=at(10, 20))
        assert list(caught.value.fields) == list(wrong)
    with pytest.raises(ClockOverdue):
        clock_extend(clock_id, amount=1, **args, now=at(11, 9))
    with pytest.raises(NotFound):
        clock_extend(clock_id + 1, amount=1, **args, now=at(10, 20))
    assert ClockExtension.objects.count() == 1
    assert mirror(clock_id)[0] == at(11, 6, 17)


def test_a_stopped_clock_keeps_what_it_showed_and_changes_no_more():
    clock_id = start()
    clock_pause(APPLICATION, ground="HEARING", document="1", now=at(9, 28))
    assert clock_stop(APPLICATION, now=at(9, 30)) == 1
    view = one(at(12, 30))
    assert (view.state, view.elapsed, view.light, view.is_overdue) == ("STOPPED", 1, "GREEN", False)
    assert clock_stop(APPLICATION, now=at(10, 8)) == 0
    assert clock_pause(APPLICATION, ground="HEARING", document="1", now=at(10, 8)) == 0
    with pytest.raises(ClockStopped):
        clock_extend(clock_id, amount=1, reason="x", approver_account_id=7, now=at(10, 8))


def test_a_clock_stopped_too_late_stays_red():
    start(amount=1)
    clock_stop(APPLICATION, now=at(9, 29))
    view = one(at(12, 30))
    assert (view.is_overdue, view.light, view.due_at) == (True, "RED", at(9, 28, 17))


def test_hours_are_told_in_hours():
    start(unit="WORKING_HOUR", amount=8, started_at=at(9, 24, 16), now=at(9, 24, 16))
    view = one(at(9, 28, 10, 30))
    assert (view.elapsed, view.remaining, view.due_at) == (2.5, 5.5, at(9, 28, 17))


def test_a_wrong_clock_is_refused():
    for wrong, field in (
        ({"kind": "OTHER"}, "kind"),
        ({"unit": "WEEK"}, "unit"),
        ({"amount": -1}, "amount"),
        ({"subject": " "}, "subject"),
        ({"started_at": at(9, 25)}, "started_at"),
    ):
        with pytest.raises(Invalid) as caught:
            start(**wrong)
        assert list(caught.value.fields) == [field]
    assert not Clock.objects.exists()


def test_a_year_that_is_not_published_is_a_state_until_it_is_loaded():
    clock_id = start(started_at=at(12, 28), now=at(12, 28))
    view = one(at(12, 30))
    assert (view.due_at, view.due_state, view.missing_year) == (
        None,
        "CALENDAR_NOT_PUBLISHED",
        2027,
    )
    assert (view.elapsed, view.remaining, view.light) == (2, 18, "GREEN")
    unknown = one(at(1, 5, year=2027))
    assert (unknown.elapsed, unknown.remaining, unknown.light) == (None, None, "YELLOW")
    assert mirror(clock_id) == (None, "CALENDAR_NOT_PUBLISHED", 2027)

    year = {"holidays": {"2027-01-01": "New Year's Day,元旦"}, "workdays": {}}
    calendar_year_load(year, source="made", now=at(12, 30))
    event_relay(now=timezone.now() + timedelta(minutes=1))

    assert mirror(clock_id) == (at(1, 26, 17, year=2027), "DATED", None)
    assert one(at(1, 5, year=2027)).due_at == at(1, 26, 17, year=2027)
    assert audit_list(subject="clocks")[0]["act"] == "engines.clocks.rebuild"


def test_a_closure_moves_the_open_clocks_of_its_area_only():
    here = start(area_code="320505")
    there = start("application:2", area_code="320506")
    done = start("application:3", area_code="320505")
    clock_stop("application:3", now=at(9, 25))
    closure_add("320505", day=date(2026, 10, 15), reason="台风停工")
    event_relay(now=timezone.now() + timedelta(minutes=1))
    assert mirror(here)[0] == at(10, 30, 17)
    assert mirror(there)[0] == at(10, 29, 17)
    assert mirror(done)[0] == at(10, 29, 17)


def test_the_mirror_is_what_the_facts_give_and_can_be_rebuilt():
    kept = start()
    start("application:2", started_at=at(12, 28), now=at(12, 28))
    start("application:3", unit="CALENDAR_DAY")
    clock_pause("application:3", ground="HEARING", document="1", now=at(9, 28))
    assert clock_rebuild() == 0
    Clock.objects.filter(pk=kept).update(due_at=at(1, 1))
    assert clock_rebuild() == 1
    assert mirror(kept) == (at(10, 29, 17), "DATED", None)
    for clock in Clock.objects.all():
        view = clock_get(clock.pk, now=at(9, 28))
        assert (view.due_at, view.due_state, view.missing_year) == mirror(clock.pk)


def test_many_subjects_cost_four_queries(django_assert_num_queries):
    for number in range(5):
        start(f"application:{number}")
    subjects = [f"application:{number}" for number in range(6)]
    with django_assert_num_queries(4):
        found = clock_map(subjects, now=at(9, 28))
    assert [len(found[subject]) for subject in subjects] == [1, 1, 1, 1, 1, 0]


def test_due_clocks_are_listed_soonest_first_in_pages():
    late, soon = start(amount=9), start("application:2", amount=3)
    start("application:3", amount=60)
    stopped = start("application:4", amount=1)
    clock_stop("application:4", now=at(9, 25))
    first = clock_due_list(until=at(10, 31), now=at(9, 28), limit=1)
    assert [view.id for view in first] == [soon]
    after = (first[0].due_at, first[0].id)
    rest = clock_due_list(until=at(10, 31), now=at(9, 28), after=after)
    assert [view.id for view in rest] == [late]
    assert stopped not in {view.id for view in rest}


steps = st.lists(
    st.tuples(
        st.sampled_from(["pause", "hearing", "resume", "extend", "stop"]), st.integers(0, 72)
    ),
    max_size=8,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sampled_from(["WORKING_DAY", "WORKING_HOUR", "CALENDAR_DAY"]), st.integers(0, 90), steps)
def test_whatever_happens_the_mirror_is_what_the_facts_give(unit, amount, steps):
    Clock.objects.all().delete()
    now = at(9, 24)
    clock_id = start(unit=unit, amount=amount)
    pause = {"document": "1"}
    acts = {
        "pause": lambda: clock_pause(APPLICATION, ground="CORRECTION", **pause, now=now),
        "hearing": lambda: clock_pause(APPLICATION, ground="HEARING", **pause, now=now),
        "resume": lambda: clock_resume(APPLICATION, now=now),
        "extend": lambda: clock_extend(
            clock_id, amount=2, reason="x", approver_account_id=7, now=now
        ),
        "stop": lambda: clock_stop(APPLICATION, now=now),
    }
    for act, hours in steps:
        now += timedelta(hours=hours)
        with contextlib.suppress(ClockOverdue, ClockStopped):
            acts[act]()
    view = clock_get(clock_id, now=now)
    assert (view.due_at, view.due_state, view.missing_year) == mirror(clock_id)
    assert view.elapsed + view.remaining == view.amount
    assert clock_rebuild() == 0
