"""Tickets and windows: numbers without gap, the right one next, never two windows for one ticket."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from yiwang.hall.counters.actions import tickets as acts
from yiwang.hall.counters.actions import windows as calls
from yiwang.hall.counters.actions.appointments import appointment_book
from yiwang.hall.counters.actions.setup import hall_put, halls_close, kiosk_add, window_skills_set
from yiwang.hall.counters.errors import (
    AppointmentNotFound,
    AppointmentStateWrong,
    CheckInTooEarly,
    HallClosed,
    HallNotFound,
    KioskNotPaired,
    NobodyWaits,
    QueueClosed,
    TicketInHand,
    TicketNotFound,
    TicketStateWrong,
    TicketTwice,
    VisitIncomplete,
    WindowNotFound,
    WindowNotOpen,
    WindowTaken,
)
from yiwang.hall.counters.models import Hall, Queue, Ticket, TicketCall, Window
from yiwang.hall.counters.queries import tickets as queries
from yiwang.hall.counters.queries.slots import appointment_get
from yiwang.identity.api import data_scope
from yiwang.kernel.api import context_use

from .conftest import HALL, MINUTE, NOW, SYSTEM, OutboxEvent, visitor


def take(hall, number=1, *, queue="general", priority="", now=NOW):
    with context_use(visitor(number)):
        return acts.ticket_take(getattr(hall, queue), priority=priority, now=now)


def desk(hall, *, queue="general", now=NOW, **who):
    with context_use(hall.clerks["1"]):
        return acts.ticket_issue(getattr(hall, queue), now=now, **who)


def opened(hall, *numbers, now=NOW):
    for number in numbers:
        with context_use(hall.clerks[number]):
            calls.window_open(hall.windows[number], now=now)


def at(hall, number, act, *, now=NOW, **more):
    """Let the clerk of a window do something."""
    with context_use(hall.clerks[number]):
        return act(hall.windows[number], now=now, **more)


def call(hall, number, now=NOW):
    return at(hall, number, calls.ticket_call_next, now=now).label


def state(ticket):
    with context_use(SYSTEM):
        return queries.ticket_by_code(ticket.code, now=NOW).state


def outcomes():
    return list(TicketCall.objects.order_by("pk").values_list("outcome", flat=True))


def test_numbers_run_without_gap_in_a_queue_and_a_day(hall):
    labels = [take(hall, n).label for n in (1, 2)]
    with pytest.raises(TicketTwice) as refused:
        take(hall, 1)
    assert refused.value.params == {"label": "A001"}
    labels += [take(hall, 3, queue="firms").label, take(hall, 4).label]
    assert labels == ["A001", "A002", "B001", "A003"]
    assert take(hall, 1, now=NOW + timedelta(days=1)).label == "A001"


@pytest.mark.parametrize(
    ("moment", "gives"),
    [
        (datetime(2026, 11, 25, 0, 29, tzinfo=UTC), False),
        (datetime(2026, 11, 25, 0, 30, tzinfo=UTC), True),  # the doors open before the windows
        (datetime(2026, 11, 25, 4, 30, tzinfo=UTC), True),  # at noon
        (datetime(2026, 11, 25, 9, 0, tzinfo=UTC), False),
        (datetime(2026, 11, 29, 2, 0, tzinfo=UTC), False),  # a Sunday
        (datetime(2027, 1, 4, 2, 0, tzinfo=UTC), False),  # a year without a calendar
    ],
)
def test_tickets_are_given_while_the_hall_is_open(hall, moment, gives):
    if gives:
        assert take(hall, now=moment).state == "WAITING"
        return
    with pytest.raises(HallClosed):
        take(hall, now=moment)
    with data_scope(purpose="测试"):
        assert Ticket.objects.count() == 0


def test_who_waited_longest_is_next_and_a_priority_is_worth_its_minutes(hall):
    take(hall, 1, now=NOW)
    take(hall, 2, now=NOW + 15 * MINUTE)
    take(hall, 3, priority="elderly", now=NOW + 18 * MINUTE)
    take(hall, 4, priority="elderly", now=NOW + 34 * MINUTE)
    opened(hall, "2")
    later = NOW + 40 * MINUTE
    order = []
    for _press in range(4):
        order.append(call(hall, "2", later))
        at(hall, "2", calls.ticket_finish, now=later)
    assert order == ["A003", "A001", "A004", "A002"]
    with pytest.raises(VisitIncomplete):
        take(hall, 5, priority="appointment")  # nobody gives themselves the class of appointments


def test_a_window_calls_what_it_takes_and_helps_when_somebody_waits_long(hall):
    take(hall, 1, now=NOW)
    opened(hall, "1", "3", "4")
    with pytest.raises(NobodyWaits):
        call(hall, "4", NOW + 60 * MINUTE)
    with pytest.raises(NobodyWaits):
        call(hall, "3", NOW + 19 * MINUTE)
    take(hall, 2, queue="firms", now=NOW + 19 * MINUTE)
    assert call(hall, "3", NOW + 20 * MINUTE) == "A001"
    assert call(hall, "1", NOW + 20 * MINUTE) == "B001"


def test_the_manager_says_which_queues_a_window_takes(hall):
    take(hall, 1, queue="advice")
    opened(hall, "1")
    with context_use(hall.manager):
        window_skills_set(hall.windows["1"], skills={hall.advice: 0})
        with pytest.raises(VisitIncomplete):
            window_skills_set(hall.windows["1"], skills={999999: 0})
        with pytest.raises(WindowNotFound):
            window_skills_set(999999, skills={})
    assert call(hall, "1") == "C001"


def test_a_window_has_one_ticket_in_hand_until_it_is_finished(hall):
    take(hall, 1)
    take(hall, 2)
    with pytest.raises(WindowNotOpen):
        call(hall, "1")
    opened(hall, "1")
    assert call(hall, "1") == "A001"
    for act in (calls.ticket_call_next, calls.window_close):
        with pytest.raises(TicketInHand):
            at(hall, "1", act)
    with pytest.raises(TicketInHand):
        at(hall, "1", calls.window_pause, reason="")
    at(hall, "1", calls.ticket_start, now=NOW + MINUTE)
    for act in (calls.ticket_start, calls.ticket_skip, calls.ticket_recall, calls.ticket_no_answer):
        with pytest.raises(TicketStateWrong):
            at(hall, "1", act)
    done = at(hall, "1", calls.ticket_finish, now=NOW + 6 * MINUTE)
    assert (done.state, done.name) == ("DONE", "张1")
    row = TicketCall.objects.get()
    assert (row.wait_seconds, row.busy_seconds, row.service_seconds) == (0, 360, 300)
    with pytest.raises(TicketStateWrong):
        at(hall, "1", calls.ticket_finish)
    assert call(hall, "1") == "A002"


def test_a_paused_window_calls_nobody_and_a_taken_one_stays_taken(hall):
    take(hall, 1)
    opened(hall, "1")
    with context_use(hall.clerks["2"]):
        with pytest.raises(WindowTaken):
            calls.window_open(hall.windows["1"], now=NOW)
    with context_use(hall.clerks["1"]):
        with pytest.raises(WindowTaken):  # one clerk, one window
            calls.window_open(hall.windows["2"], now=NOW)
        with pytest.raises(WindowNotFound):  # another department's
            calls.window_open(hall.windows["3"], now=NOW)
        paused = calls.window_pause(hall.windows["1"], reason="饮水", now=NOW)
        assert (paused.state, paused.reason) == ("PAUSED", "饮水")
        with pytest.raises(WindowNotOpen):
            calls.ticket_call_next(hall.windows["1"], now=NOW)
        calls.window_open(hall.windows["1"], now=NOW)
        assert calls.ticket_call_next(hall.windows["1"], now=NOW).label == "A001"
    assert Window.objects.get(pk=hall.windows["2"]).state == "CLOSED"


def test_who_missed_the_call_may_wait_again_after_the_next_three(hall):
    tickets = [take(hall, n, now=NOW + n * MINUTE) for n in range(1, 6)]
    later = NOW + 10 * MINUTE
    opened(hall, "2")
    assert call(hall, "2", later) == "A001"
    assert at(hall, "2", calls.ticket_skip, now=later).state == "SKIPPED"
    with context_use(hall.clerks["1"]):
        with pytest.raises(TicketStateWrong):
            acts.ticket_return(tickets[1].id, now=later)
        with pytest.raises(TicketNotFound):
            acts.ticket_return(tickets[0].id, now=later + timedelta(days=1))
        assert acts.ticket_return(tickets[0].id, now=later).state == "WAITING"
    order = []
    for _press in range(5):
        order.append(call(hall, "2", later))
        at(hall, "2", calls.ticket_finish, now=later)
    assert order == ["A002", "A003", "A004", "A001", "A005"]
    assert outcomes()[0] == "SKIPPED"


def test_nobody_answers_only_after_three_calls(hall):
    made = take(hall)
    opened(hall, "2")
    call(hall, "2")
    for _again in range(2):
        with pytest.raises(TicketStateWrong):
            at(hall, "2", calls.ticket_no_answer)
        at(hall, "2", calls.ticket_recall)
    assert at(hall, "2", calls.ticket_no_answer).calls == 3
    assert (state(made), outcomes()) == ("NO_ANSWER", ["NO_ANSWER"])
    with pytest.raises(NobodyWaits):
        call(hall, "2")


def test_a_transfer_keeps_number_and_turn(hall):
    take(hall, 1, now=NOW)
    take(hall, 2, queue="firms", now=NOW + 5 * MINUTE)
    opened(hall, "2", "3")
    call(hall, "2", NOW + 10 * MINUTE)
    with pytest.raises(QueueClosed):
        at(hall, "2", calls.ticket_transfer, queue_id=hall.general)
    with pytest.raises(QueueClosed):
        at(hall, "2", calls.ticket_transfer, queue_id=999999)
    moved = at(hall, "2", calls.ticket_transfer, queue_id=hall.firms, now=NOW + 12 * MINUTE)
    assert (moved.label, moved.state, moved.queue_id) == ("A001", "WAITING", hall.firms)
    assert call(hall, "3", NOW + 15 * MINUTE) == "A001"
    waits = list(TicketCall.objects.order_by("pk").values_list("queue_id", "wait_seconds"))
    assert waits == [(hall.general, 600), (hall.firms, 180)]
    assert outcomes() == ["TRANSFERRED", ""]


def test_whoever_waits_by_phone_is_told_when_it_is_nearly_their_turn(hall):
    for n in range(1, 6):
        take(hall, n, now=NOW + n * MINUTE)
    opened(hall, "2")
    call(hall, "2", NOW + 10 * MINUTE)
    told = list(
        OutboxEvent.objects.filter(topic__startswith="ticket.")
        .order_by("pk")
        .values_list("topic", "payload__number")
    )
    assert told == [
        ("ticket.called", "A001"),
        ("ticket.soon", "A002"),
        ("ticket.soon", "A003"),
        ("ticket.soon", "A004"),
    ]
    at(hall, "2", calls.ticket_finish)
    call(hall, "2", NOW + 10 * MINUTE)
    assert OutboxEvent.objects.filter(topic="ticket.soon").count() == 4


def test_one_leaves_the_queue_by_the_page_of_the_ticket(hall):
    made = take(hall)
    acts.ticket_leave(made.code, now=NOW)
    assert state(made) == "LEFT"
    with pytest.raises(TicketStateWrong):
        acts.ticket_leave(made.code, now=NOW)
    with pytest.raises(TicketNotFound):
        acts.ticket_leave("nothing", now=NOW)
    assert take(hall).label == "A002"


NINE = datetime(2026, 11, 26, 1, 0, tzinfo=UTC)


@pytest.fixture
def appointment(hall):
    with context_use(visitor(1)):
        return appointment_book(
            "gusu",
            queue_ids=[hall.general, hall.firms],
            starts_at=NINE,
            name="张三",
            phone="13800001234",
            now=NOW,
        )


def check_in(hall, appointment, channel="PHONE", now=NINE):
    with context_use(visitor(1)):
        return acts.appointment_check_in(appointment_id=appointment.id, channel=channel, now=now)


def test_who_comes_on_time_with_an_appointment_goes_before_those_who_wait(hall, appointment):
    take(hall, 2, now=NINE - 20 * MINUTE)
    with pytest.raises(CheckInTooEarly):
        check_in(hall, appointment, now=NINE - 31 * MINUTE)
    made = check_in(hall, appointment, now=NINE + 15 * MINUTE)
    assert (made.label, made.priority, made.further) == (
        "A002",
        {"zh": "某", "en": "Some"},
        (hall.firms,),
    )
    with pytest.raises(AppointmentStateWrong):
        check_in(hall, appointment)
    with context_use(visitor(1)):
        assert appointment_get(appointment.id, now=NINE).state == "CHECKED_IN"
        assert queries.ticket_of_appointment(appointment.id).label == "A002"
    opened(hall, "2", now=NINE)
    assert call(hall, "2", NINE + 16 * MINUTE) == "A002"


def test_who_comes_late_waits_like_anybody_and_the_next_day_is_too_late(hall, appointment):
    with pytest.raises(AppointmentStateWrong):
        check_in(hall, appointment, now=NINE + timedelta(days=1))
    made = check_in(hall, appointment, now=NINE + 16 * MINUTE)
    assert made.priority == {}


def test_an_appointment_is_checked_in_by_code_at_the_kiosk_and_by_number_at_the_desk(
    hall, appointment
):
    for wrong in (
        {"code": "00000000", "hall_id": hall.id},
        {"code": appointment.code, "hall_id": 0},
    ):
        with pytest.raises(AppointmentNotFound):
            acts.appointment_check_in(channel="KIOSK", now=NINE, **wrong)
    with context_use(visitor(2)), pytest.raises(AppointmentNotFound):
        acts.appointment_check_in(appointment_id=appointment.id, channel="PHONE", now=NINE)
    with context_use(hall.clerks["3"]):
        made = acts.appointment_check_in(number=appointment.number, channel="DESK", now=NINE)
    assert (made.channel, made.name) == ("DESK", "张*")


def test_a_machine_gives_tickets_of_its_own_hall_only(hall):
    with context_use(hall.manager):
        kiosk = kiosk_add("gusu", title="一号机")
    assert acts.ticket_take_at_kiosk(kiosk, hall.general, now=NOW).label == "A001"
    assert acts.ticket_take_at_kiosk(kiosk, hall.general, now=NOW).label == "A002"
    with context_use(SYSTEM):
        hall_put("other", HALL, source="pack:test@1.0.0")
    foreign = Queue.objects.get(hall__code="other", key="general").pk
    with pytest.raises(KioskNotPaired):
        acts.ticket_take_at_kiosk(kiosk, foreign, now=NOW)
    stranger = hall.clerks["3"].__class__(
        population="STAFF", account_id=77, permissions=hall.clerks["3"].permissions, purpose="测试"
    )
    with context_use(stranger), pytest.raises(HallNotFound):
        acts.ticket_issue(hall.general, now=NOW)


def test_the_display_shows_numbers_windows_and_masked_names_only(hall):
    desk(hall, name="欧阳小明")
    desk(hall)
    opened(hall, "2")
    call(hall, "2")
    (line,) = queries.display_list(hall.id, now=NOW)
    assert (line.label, line.name, line.window, line.is_new) == ("A001", "欧***", "2", True)
    assert not queries.display_list(hall.id, now=NOW + MINUTE)[0].is_new
    assert queries.display_list(hall.id, now=NOW + timedelta(days=1)) == []


def test_an_application_taken_at_the_window_is_tied_to_the_visit(hall):
    made = take(hall)
    opened(hall, "2")
    with context_use(hall.clerks["2"]), pytest.raises(TicketStateWrong):
        acts.ticket_application_add(made.id, number="A1", now=NOW)
    call(hall, "2")
    with context_use(hall.clerks["2"]):
        for _twice in range(2):
            acts.ticket_application_add(made.id, number="A1", now=NOW)
        found = queries.ticket_in_hand(2)
    assert (found.applications, found.holder_ref, found.account_id) == (("A1",), "person:P1", 1001)
    with context_use(hall.clerks["1"]), pytest.raises(TicketStateWrong):
        acts.ticket_application_add(made.id, number="A2", now=NOW)


def test_loading_a_hall_again_changes_nothing_and_what_is_gone_is_closed(hall):
    made = take(hall)
    opened(hall, "4")
    less = {**HALL, "queues": HALL["queues"][:2], "windows": HALL["windows"][:3]}
    with context_use(SYSTEM):
        assert hall_put("gusu", HALL, source="pack:test@1.0.0") == hall.id
        assert Queue.objects.filter(is_open=True).count() == 3
        hall_put("gusu", less, source="pack:test@1.1.0")
        assert (Queue.objects.filter(is_open=True).count(), Queue.objects.count()) == (2, 3)
        assert not Window.objects.get(pk=hall.windows["4"]).is_in_use
        assert halls_close([], source="pack:other@1.0.0") == 0
        assert halls_close([], source="pack:test@2.0.0") == 1
    assert (Hall.objects.get().is_open, state(made)) == (False, "WAITING")
    with pytest.raises(QueueClosed):
        take(hall, 2)


def _many(work, count):
    """Run work(0…count-1) side by side, each with a connection of its own."""

    def one(number):
        try:
            return work(number)
        finally:
            connection.close()

    in_memory = connection.vendor == "sqlite" and connection.is_in_memory_db()
    with ThreadPoolExecutor(1 if in_memory else count) as pool:
        return list(pool.map(one, range(count)))


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_two_windows_never_take_the_same_ticket(hall):
    """Two windows of twelve tickets press all at once, four presses each at a time: each ticket once, in order."""
    for n in range(12):
        desk(hall, now=NOW + n * MINUTE)
    opened(hall, "1", "2")

    def press(number):
        window = "1" if number % 2 else "2"
        try:
            label = call(hall, window, NOW + 60 * MINUTE)
            at(hall, window, calls.ticket_finish, now=NOW + 60 * MINUTE)
            return label
        except (NobodyWaits, TicketInHand, TicketStateWrong):
            return None

    called = []
    for _round in range(12):
        called += [label for label in _many(press, 4) if label]
    assert sorted(called) == [f"A{n:03}" for n in range(1, 13)]
    assert (TicketCall.objects.count(), outcomes()) == (12, ["DONE"] * 12)


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_thirty_two_at_once_get_thirty_two_numbers_without_gap(hall):
    labels = _many(lambda number: take(hall, number).label, 32)
    assert sorted(labels) == [f"A{n:03}" for n in range(1, 33)]
