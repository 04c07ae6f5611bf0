"""Appointments: shared places that never oversell, rules that are data, holders who see their own."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yiwang.hall.counters import following
from yiwang.hall.counters.actions import appointments as acts
from yiwang.hall.counters.actions.setup import hall_rules_set, slot_capacity_set
from yiwang.hall.counters.errors import (
    AppointmentNotFound,
    AppointmentStateWrong,
    AppointmentsTooMany,
    AppointmentTwice,
    BookingBlocked,
    CapacityTaken,
    HallNotFound,
    SlotFull,
    SlotNotOffered,
    VisitIncomplete,
)
from yiwang.hall.counters.models import Appointment, Slot, SlotShare
from yiwang.hall.counters.queries.slots import (
    appointment_count,
    appointment_get,
    appointment_list,
    day_list,
)
from yiwang.identity.api import data_scope
from yiwang.kernel.api import audit_list, closure_add, context_use
from yiwang.sdk.errors import SignInNeeded

from .conftest import MINUTE, NOW, SYSTEM, OutboxEvent, visitor

# Thursday, 26 November 2026, 09:00 and 09:30 in the city.
NINE = datetime(2026, 11, 26, 1, 0, tzinfo=UTC)
HALF = NINE + 30 * MINUTE
WHO = {"name": "张三", "phone": "13800001234"}


def book(hall, number=1, *, at=NINE, queues=None, people=1, now=NOW, **who):
    with context_use(visitor(number)):
        return acts.appointment_book(
            "gusu",
            queue_ids=queues or [hall.general],
            starts_at=at,
            people=people,
            now=now,
            **{**WHO, **who},
        )


def taken(at=NINE):
    return Slot.objects.filter(starts_at=at).values_list("taken", flat=True).first() or 0


def booked():
    with data_scope(purpose="测试"):
        return Appointment.objects.filter(state="BOOKED").count()


def topics():
    return list(OutboxEvent.objects.order_by("pk").values_list("topic", flat=True))


def free(hall, queues, *, places=1, now=NOW):
    days = day_list(hall.row, queues, places=places, now=now)
    return {slot.starts_at: slot.free for day in days for slot in day.slots}


def test_a_booking_takes_its_places_and_its_holder_gets_number_and_code(hall):
    made = book(hall, people=2)
    assert (made.number, made.state, made.places) == ("Y20261126000001", "BOOKED", 2)
    assert (made.starts_at, made.ends_at) == (NINE, HALF)
    assert len(made.code) == 8
    assert taken() == 2
    assert topics()[-1] == "appointment.booked"
    event = OutboxEvent.objects.latest("pk").payload
    assert (event["time"]["zh"], event["account_id"]) == ("11月26日 09:00–09:30", 1001)
    assert (
        audit_list(subject=f"appointment:{made.number}")[0]["act"]
        == "hall.counters.appointment_book"
    )


def test_places_of_a_slot_are_shared_by_its_queues(hall):
    book(hall, 1, people=3)
    assert free(hall, [hall.firms])[NINE] == 1
    book(hall, 2, queues=[hall.firms])
    with pytest.raises(SlotFull):
        book(hall, 3)
    assert (taken(), booked()) == (4, 2)
    assert free(hall, [hall.general])[NINE] == 0
    assert free(hall, [hall.general])[HALF] == 4


def test_a_queue_takes_no_more_of_a_slot_than_its_own_limit(hall):
    book(hall, 1, queues=[hall.firms], people=2)
    with pytest.raises(SlotFull):
        book(hall, 2, queues=[hall.firms])
    assert (taken(), SlotShare.objects.get().taken) == (2, 2)
    assert free(hall, [hall.firms])[NINE] == 0
    assert free(hall, [hall.general])[NINE] == 2


def test_several_things_in_one_visit_take_a_place_each(hall):
    made = book(hall, queues=[hall.general, hall.firms])
    assert (made.places, taken(), SlotShare.objects.get().taken) == (2, 2, 1)
    with pytest.raises(SlotNotOffered):
        book(hall, 2, queues=[hall.general, hall.advice])


@pytest.mark.parametrize(
    ("at", "queue"),
    [
        (datetime(2026, 11, 26, 1, 10, tzinfo=UTC), "general"),  # between two slots
        (datetime(2026, 11, 26, 4, 0, tzinfo=UTC), "general"),  # at noon
        (datetime(2026, 11, 29, 1, 0, tzinfo=UTC), "general"),  # on a Sunday
        (datetime(2026, 11, 25, 1, 0, tzinfo=UTC), "general"),  # in the past
        (datetime(2026, 12, 10, 1, 0, tzinfo=UTC), "general"),  # too far ahead
        (NINE, "advice"),  # a queue without appointments
    ],
)
def test_what_the_hall_does_not_offer_is_refused(hall, at, queue):
    with pytest.raises(SlotNotOffered):
        book(hall, at=at, queues=[getattr(hall, queue)])
    assert (booked(), Slot.objects.count()) == (0, 0)


def test_days_follow_the_calendar(hall):
    days = {one.day: one for one in day_list(hall.row, [hall.general], places=1, now=NOW)}
    assert len(days) == 11
    assert len(days[date(2026, 11, 26)].slots) == 14
    assert len(days[date(2026, 11, 25)].slots) == 11  # after ten o'clock
    assert len(days[date(2026, 11, 28)].slots) == 6
    assert (days[date(2026, 11, 29)].slots, days[date(2026, 11, 29)].reason) == (
        (),
        "Closed on this day",
    )


def test_days_of_a_year_without_a_calendar_say_so(hall):
    late = datetime(2026, 12, 30, 2, 0, tzinfo=UTC)
    days = day_list(hall.row, [hall.general], places=1, now=late)
    assert days[-1].reason == "The holidays of this year are not published yet"
    with pytest.raises(SlotNotOffered):
        book(hall, at=datetime(2027, 1, 4, 1, 0, tzinfo=UTC), now=late)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"phone": "110"}, "phone"),
        ({"people": 6}, "people"),
        ({"people": 0}, "people"),
    ],
)
def test_what_is_incomplete_names_its_field_and_books_nothing(hall, changes, field):
    with pytest.raises(VisitIncomplete) as refused:
        book(hall, **changes)
    assert list(refused.value.fields) == [field]
    assert (booked(), Slot.objects.count()) == (0, 0)


def test_nobody_books_without_signing_in(hall):
    with pytest.raises(SignInNeeded):
        acts.appointment_book("gusu", queue_ids=[hall.general], starts_at=NINE, now=NOW, **WHO)


def test_a_person_is_in_one_place_at_one_time_and_holds_three_open(hall):
    book(hall, at=NINE)
    with pytest.raises(AppointmentTwice):
        book(hall, at=NINE)
    for n in (1, 2):
        book(hall, at=NINE + n * 30 * MINUTE)
    with pytest.raises(AppointmentsTooMany):
        book(hall, at=NINE + 90 * MINUTE)
    assert (booked(), taken(), taken(NINE + 90 * MINUTE)) == (3, 1, 0)


def test_a_cancelled_place_is_free_at_once_and_counts_for_nothing(hall):
    made = book(hall, people=4)
    with context_use(visitor(1)):
        acts.appointment_cancel(made.id, reason="临时有事", now=NOW)
        with pytest.raises(AppointmentStateWrong):
            acts.appointment_cancel(made.id, now=NOW)
        found = appointment_get(made.id, now=NOW)
    assert (taken(), found.state, found.reason, found.code) == (0, "CANCELLED", "临时有事", "")
    assert book(hall, 2, people=4).state == "BOOKED"


def test_what_has_begun_is_neither_cancelled_nor_moved(hall):
    made = book(hall)
    with context_use(visitor(1)):
        with pytest.raises(AppointmentStateWrong):
            acts.appointment_cancel(made.id, now=NINE)
        with pytest.raises(AppointmentStateWrong):
            acts.appointment_move(made.id, starts_at=HALF, now=NINE)
    assert (taken(), booked()) == (1, 1)


def test_moving_gives_the_old_place_back_only_when_the_new_one_is_there(hall):
    made = book(hall, queues=[hall.firms])
    book(hall, 2, at=HALF, people=4)
    with context_use(visitor(1)):
        with pytest.raises(SlotFull):
            acts.appointment_move(made.id, starts_at=HALF, now=NOW)
        assert (taken(), taken(HALF)) == (1, 4)
        moved = acts.appointment_move(made.id, starts_at=NINE + 60 * MINUTE, now=NOW)
        with pytest.raises(SlotNotOffered):
            acts.appointment_move(made.id, starts_at=moved.starts_at, now=NOW)
    assert (moved.number, taken(), taken(NINE + 60 * MINUTE)) == (made.number, 0, 1)
    assert list(SlotShare.objects.order_by("pk").values_list("taken", flat=True)) == [0, 1]


def test_appointments_are_seen_by_their_holder_and_the_staff_of_the_hall_alone(hall):
    made = book(hall)
    with context_use(visitor(2)):
        with pytest.raises(AppointmentNotFound):
            appointment_get(made.id, now=NOW)
        with pytest.raises(AppointmentNotFound):
            acts.appointment_cancel(made.id, now=NOW)
    with context_use(hall.clerks["3"]):  # of a department with a window there
        assert appointment_get(made.id, now=NOW).code == ""
        assert appointment_count(day=date(2026, 11, 26)) == 1
        assert [one.number for one in appointment_list(now=NOW, text=made.number)] == [made.number]
    with context_use(hall.manager):
        assert appointment_count(hall_id=hall.id) == 1


def missed(hall, days_ago):
    """Make an appointment that nobody came to, so many days ago."""
    then = NINE - timedelta(days=days_ago)
    made = book(hall, at=then, now=then - timedelta(days=1))
    following.appointments_follow(now=then + timedelta(days=1))
    return made


def test_who_does_not_come_twice_may_not_book_for_a_while(hall):
    missed(hall, 21)  # 5 November
    assert book(hall).state == "BOOKED"
    with context_use(visitor(1)):
        acts.appointment_cancel(appointment_list(now=NOW)[0].id, now=NOW)
    missed(hall, 7)  # 19 November: the second within 30 days
    with pytest.raises(BookingBlocked) as refused:
        book(hall)
    assert refused.value.params["until"] == "2026年12月9日"
    assert topics().count("appointment.no_show") == 2
    assert book(hall, 2).state == "BOOKED"
    assert book(
        hall, at=datetime(2026, 12, 10, 1, tzinfo=UTC), now=datetime(2026, 12, 9, 16, 1, tzinfo=UTC)
    )


def test_the_no_show_rule_is_data_of_the_hall(hall):
    with context_use(hall.clerks["3"]), pytest.raises(Exception, match="post does not allow"):
        hall_rules_set("gusu", values={})
    with context_use(hall.manager):
        with pytest.raises(VisitIncomplete):
            hall_rules_set("gusu", values={"seats": "many"})
        with pytest.raises(HallNotFound):
            hall_rules_set("elsewhere", values={})
        hall_rules_set("gusu", values={"seats": 1, "no_show": {"count": 1}})
    book(hall)
    with pytest.raises(AppointmentsTooMany):
        book(hall, at=HALF)


def test_one_is_reminded_once_within_a_day(hall):
    book(hall)
    book(hall, 2, at=NINE + timedelta(days=1))
    assert following.appointments_follow(now=NOW) == 1
    assert following.appointments_follow(now=NOW + MINUTE) == 0
    assert topics().count("appointment.reminder") == 1


def test_a_closed_day_calls_its_appointments_off_and_tells_their_holders(hall):
    made = book(hall)
    other = book(hall, 2, at=NINE + timedelta(days=1))
    with context_use(SYSTEM):
        closure_add("320508", day=date(2026, 11, 26), reason="台风", document="应急〔2026〕1号")
    following.appointments_follow(now=NOW)
    with context_use(SYSTEM):
        assert appointment_get(made.id, now=NOW).state == "CALLED_OFF"
        assert appointment_get(other.id, now=NOW).state == "BOOKED"
    assert (taken(), topics().count("appointment.called_off")) == (0, 1)
    with pytest.raises(SlotNotOffered):
        book(hall)


def test_a_manager_changes_a_slot_but_never_below_what_is_booked(hall):
    book(hall, people=3)
    with context_use(hall.manager):
        slot_capacity_set(hall.pool, starts_at=NINE, capacity=3, now=NOW)
        slot_capacity_set(hall.pool, starts_at=HALF, capacity=0, now=NOW)
        with pytest.raises(CapacityTaken):
            slot_capacity_set(hall.pool, starts_at=NINE, capacity=2, now=NOW)
        with pytest.raises(SlotNotOffered):
            slot_capacity_set(hall.pool, starts_at=NINE + MINUTE, capacity=9, now=NOW)
    for at in (NINE, HALF):
        with pytest.raises(SlotFull):
            book(hall, 2, at=at)


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["book", "book", "cancel", "move"]),
        st.integers(1, 4),  # who
        st.integers(0, 2),  # which slot
        st.integers(1, 3),  # people
        st.sampled_from(["general", "firms"]),
    ),
    max_size=12,
)


@given(ACTS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_booked_moved_and_cancelled_the_slots_add_up(hall, steps):
    with data_scope(purpose="测试"):
        Appointment.objects.all().delete()
    Slot.objects.all().delete()
    for act, who, slot, people, queue in steps:
        at = NINE + slot * 30 * MINUTE
        try:
            if act == "book":
                book(hall, who, at=at, people=people, queues=[getattr(hall, queue)])
                continue
            with context_use(visitor(who)):
                mine = [one for one in appointment_list(now=NOW) if one.state == "BOOKED"]
                if mine and act == "cancel":
                    acts.appointment_cancel(mine[0].id, now=NOW)
                elif mine:
                    acts.appointment_move(mine[0].id, starts_at=at, now=NOW)
        except (SlotFull, AppointmentTwice, AppointmentsTooMany, SlotNotOffered):
            pass
    with data_scope(purpose="测试"):
        rows = list(Appointment.objects.filter(state="BOOKED"))
    for slot in Slot.objects.all():
        assert slot.taken == sum(row.places for row in rows if row.slot_id == slot.pk) <= 4
    for share in SlotShare.objects.all():
        held = [
            row for row in rows if row.slot_id == share.slot_id and share.queue_id in row.queues
        ]
        assert share.taken == sum(row.people for row in held) <= 2


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_thirty_two_at_once_never_oversell_a_slot(hall):
    """Of 32 who press at once for four shared places of two queues exactly four get one."""

    def press(number):
        try:
            return book(hall, number, queues=[hall.general if number % 2 else hall.firms]).places
        except SlotFull:
            return 0
        finally:
            connection.close()

    in_memory = connection.vendor == "sqlite" and connection.is_in_memory_db()
    with ThreadPoolExecutor(1 if in_memory else 32) as pool:
        given_out = list(pool.map(press, range(32)))
    share = SlotShare.objects.get()
    assert (sum(given_out), taken(), booked()) == (4, 4, 4)
    assert share.taken <= 2


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_one_person_pressing_at_once_books_once(hall):
    """Sixteen presses of one person for two slots: one appointment in each, no more."""

    def press(number):
        try:
            return book(hall, 1, at=NINE if number % 2 else HALF).id
        except AppointmentTwice:
            return None
        finally:
            connection.close()

    in_memory = connection.vendor == "sqlite" and connection.is_in_memory_db()
    with ThreadPoolExecutor(1 if in_memory else 16) as pool:
        made = [one for one in pool.map(press, range(16)) if one]
    assert (len(made), taken(), taken(HALF), booked()) == (2, 1, 1, 2)
