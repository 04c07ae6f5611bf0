"""The pages of the halls, as visitor, clerk, manager and machine see them."""

import pytest
from django.test import Client
from django.utils import timezone

from yiwang.hall.counters import pack
from yiwang.hall.counters.actions import windows as calls
from yiwang.hall.counters.models import Appointment, Kiosk, Ticket, TicketCall
from yiwang.hall.messages.queries import message_list
from yiwang.identity.api import account_find, accounts_load, data_scope, posts_load
from yiwang.kernel.api import context_system, context_use, event_relay
from yiwang.sdk.packs import PackFile

from .conftest import HALL, MINUTE, NOW
from .test_tickets import at, desk, opened, take

HERE = "/hall/counters/"


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def sign_in(hall, django_user_model):
    """Return a browser in which somebody of a role is signed in."""

    def make(role: str) -> Client:
        row = {
            "username": role.lower(),
            "population": "STAFF",
            "name": role,
            "phone": "13800001234",
        }
        with context_use(context_system("test")):
            if role == "CITIZEN":
                row |= {"population": "CITIZEN", "subject_ref": "person:P1"}
            else:
                post = {"department_uscc": "11320508014149488K", "title": role}
                posts_load([{**post, "roles": [role]}], now=NOW)
                row["posts"] = [post]
            accounts_load([row], now=NOW)
        client = Client(headers={"Accept-Language": "en"})
        client.force_login(django_user_model.objects.get(username=role.lower()))
        return client

    return make


def text(response, status=200):
    assert response.status_code == status, response.content.decode()[:2000]
    return response.content.decode()


def english(client=None) -> Client:
    return client or Client(headers={"Accept-Language": "en"})


def test_anybody_finds_a_hall_and_sees_how_long_one_waits(hall):
    desk(hall)
    opened(hall, "2")
    client = english()
    assert "Gusu hall" in text(client.get(HERE))
    assert "Gusu hall" not in text(client.get(HERE, {"level": "CITY"}))
    assert "Gusu hall" in text(client.get(HERE, {"text": "政务路"}))
    page = text(client.get(f"{HERE}halls/gusu/"))
    assert "1 waiting, 1 windows open" in page
    assert "No window is open for this yet" in page  # of firms and advice
    assert "Take a ticket</button>" not in page
    assert client.get(f"{HERE}halls/nowhere/").status_code == 404


def test_the_display_refreshes_itself_without_scripts_and_names_nobody(hall):
    desk(hall, name="欧阳小明")
    opened(hall, "2")
    at(hall, "2", calls.ticket_call_next)
    page = text(english().get(f"{HERE}halls/gusu/display/"))
    assert '<noscript><meta http-equiv="refresh" content="8"></noscript>' in page
    assert "欧***" in page
    assert "小明" not in page


def test_a_citizen_takes_a_ticket_by_phone_follows_it_and_leaves(hall, sign_in):
    client = sign_in("CITIZEN")
    assert "Take a ticket</button>" in text(client.get(f"{HERE}halls/gusu/"))
    taken = client.post(f"{HERE}halls/gusu/take/", {"queue": hall.general, "priority": "elderly"})
    page = text(client.get(taken.url))
    assert ("A001" in page, "You are next in this queue" in page, "Aged" in page) == (True,) * 3
    again = client.post(f"{HERE}halls/gusu/take/", {"queue": hall.general}, follow=True)
    assert "You already have a ticket in this hall: A001." in text(again)
    assert "See how long you still wait" in text(client.get(f"{HERE}halls/gusu/"))
    assert english().post(f"{HERE}halls/gusu/take/", {"queue": hall.general}).status_code == 302
    assert "You have left the queue." in text(client.post(taken.url, follow=True))
    with data_scope(purpose="测试"):
        assert list(Ticket.objects.values_list("state", flat=True)) == ["LEFT"]


def test_a_citizen_books_moves_and_cancels(hall, sign_in):
    client, where = sign_in("CITIZEN"), f"{HERE}appointments/new/gusu/"
    page = text(client.get(where))
    assert "Show free times" in page
    assert "Choose a day" not in page
    page = text(client.get(where, {"queue": hall.general, "people": 2}))
    assert 'value="2026-11-25T10:30:00+08:00"' in page
    assert text(client.get(where, {"matter": "320131023000"})).count("checked") == 1
    entry = {"queue": hall.general, "people": "2", "name": "张三", "phone": "13800001234"}
    assert "Choose a time." in text(client.post(where, entry), 422)
    slot = "2026-11-26T09:00:00+08:00"
    refused = text(client.post(where, {**entry, "slot": slot, "phone": "110"}), 422)
    assert "Write a mobile number of eleven digits." in refused
    made = client.post(where, {**entry, "slot": slot})
    page = text(client.get(made.url))
    assert ("Y20261126000001" in page, "09:00–09:30" in page) == (True, True)
    assert "I am in the hall" not in page
    event_relay(limit=50, now=NOW)
    (told,) = message_list(account_find("citizen").id)
    assert told.body["zh"].startswith("您已预约 11月26日 09:00–09:30 到姑苏大厅（政务路1号）")
    assert told.link == made.url
    assert "26 November 2026 09:00" in text(client.get(f"{HERE}appointments/"))
    assert "stays until the new one is there" in text(client.get(f"{made.url}move/"))
    later = {"slot": "2026-11-26T10:00:00+08:00"}
    assert "Moved to the new time." in text(client.post(f"{made.url}move/", later, follow=True))
    early = text(client.post(made.url, {"do": "check_in"}), 409)
    assert "It is too early. You can check in from 11-26 09:30." in early
    assert "Cancelled. The place is free" in text(
        client.post(made.url, {"do": "cancel", "reason": "有事"}, follow=True)
    )
    with data_scope(purpose="测试"):
        assert Appointment.objects.get().state == "CANCELLED"


def test_a_clerk_opens_a_window_calls_and_finishes(hall, sign_in):
    first, _second = desk(hall, name="李四"), desk(hall)
    client = sign_in("WINDOW_CLERK")
    assert "Gusu hall" in text(client.get(f"{HERE}windows/"))
    where = f"{HERE}windows/{hall.windows['2']}/"
    assert "Open the window" in text(client.get(where))

    def press(do, **more):
        return text(client.post(where, {"do": do, **more}, follow=True))

    assert "Call the next one" in press("open")
    assert "李四" in press("call")
    assert "Calls</dt><dd>2" in press("recall")
    assert "Finish and call next" in press("start")
    page = press("next")
    assert ("A002" in page, "Waiting for this window: 0" in page) == (True, True)
    assert "Call the next one" in press("finish")
    assert "Nobody is waiting for your window." in text(client.post(where, {"do": "call"}), 409)
    assert "饮水" in press("pause", reason="饮水")
    assert client.post(where, {"do": "fly"}).status_code == 404
    assert client.get(f"{HERE}windows/{hall.windows['3']}/").status_code == 404
    with data_scope(purpose="测试"):
        assert Ticket.objects.get(pk=first.id).state == "DONE"


@pytest.mark.parametrize("button", ["start", "recall", "skip", "next", "finish"])
def test_a_button_pressed_again_does_nothing_to_whoever_came_next(hall, sign_in, button):
    first, second = desk(hall), desk(hall)
    client = sign_in("WINDOW_CLERK")
    where = f"{HERE}windows/{hall.windows['2']}/"
    for do in ("open", "call", "next"):
        client.post(where, {"do": do, "ticket": first.id} if do == "next" else {"do": do})

    page = text(client.post(where, {"do": button, "ticket": first.id}), 409)

    assert f'name="ticket" value="{second.id}"' in page
    with data_scope(purpose="测试"):
        states = dict(Ticket.objects.values_list("pk", "state"))
    assert states == {first.id: "DONE", second.id: "CALLED"}


def test_the_desk_gives_tickets_checks_in_and_lets_wait_again(hall, sign_in):
    client = sign_in("WINDOW_CLERK")
    where = f"{HERE}desk/gusu/"
    assert "Gusu hall" in text(client.get(f"{HERE}desk/"))
    entry = {"do": "issue", "queue": hall.general, "priority": "elderly", "name": "李四"}
    assert "Ticket A001" in text(client.post(where, entry, follow=True))
    opened(hall, "1")
    at(hall, "1", calls.ticket_call_next)
    skipped = at(hall, "1", calls.ticket_skip)
    assert "Let wait again" in text(client.get(where))
    back = {"do": "return", "ticket": skipped.id}
    assert "Ticket A001" in text(client.post(where, back, follow=True))
    unknown = {"do": "check_in", "number": "Y1"}
    assert "There is no such appointment." in text(client.post(where, unknown), 409)
    assert "No appointments" in text(client.get(f"{where}appointments/"))
    exported = client.get(f"{where}appointments/", {"export": "csv", "day": "2026-11-26"})
    assert b"".join(exported.streaming_content).decode().startswith("\ufeffWhen,Appointment number")


def test_a_manager_sets_the_hall_up_and_reads_its_figures(hall, sign_in):
    for minute in (0, 3):
        desk(hall, now=NOW - (10 - minute) * MINUTE)
    opened(hall, "2")
    for minute in (0, 5):
        at(hall, "2", calls.ticket_call_next, now=NOW + minute * MINUTE)
        at(hall, "2", calls.ticket_finish, now=NOW + (minute + 4) * MINUTE)
    client = sign_in("DEPARTMENT_HEAD")
    where = f"{HERE}manage/gusu/"
    assert "Gusu hall" in text(client.get(f"{HERE}manage/"))
    assert "Windows and what they take" in text(client.get(where))
    skills = {
        "do": "skills",
        "window": hall.windows["4"],
        f"queue-{hall.firms}": "1",
        f"helps-{hall.firms}": "15",
    }
    assert "Saved." in text(client.post(where, skills, follow=True))
    slot = {
        "do": "capacity",
        "pool": hall.pool,
        "slot": "2026-11-26T09:00:00+08:00",
        "capacity": "2",
    }
    assert "Saved." in text(client.post(where, slot, follow=True))
    assert "Write whole numbers." in text(client.post(where, {**slot, "capacity": "x"}), 422)
    assert "Write whole numbers." in text(client.post(where, {"do": "rules"}), 422)
    page = text(client.get(f"{HERE}statistics/gusu/"))
    assert ("2 calls" in page, "How good the forecasts were" in page) == (True, True)
    lines = client.get(f"{HERE}statistics/gusu/", {"export": "csv"}).content.decode().splitlines()
    assert lines[1] == "By queue,General,2,11.0,11.0,12.0,12.0,4.0,4.0,0,0"
    nothing = text(client.get(f"{HERE}statistics/gusu/", {"since": "2026-01-01", "until": "x"}))
    assert "No calls in these days" in nothing
    assert TicketCall.objects.count() == 2


def test_a_machine_is_paired_once_and_then_gives_tickets(hall, sign_in):
    manager, where = sign_in("DEPARTMENT_HEAD"), f"{HERE}manage/gusu/"
    page = text(manager.post(where, {"do": "kiosk", "title": "一号机"}))
    code = page.split('class="stat-value number">')[1][:10]
    assert code not in text(manager.get(where))
    machine = english()
    start = f"{HERE}kiosk/"
    assert "This machine is not set up" in text(machine.get(start))
    for page in ("take/", "check-in/", "verify/", "look-up/"):
        assert machine.get(start + page).headers["Location"] == start
    assert "not a pairing code" in text(machine.post(f"{start}pair/", {"code": "1"}), 422)
    assert machine.post(f"{start}pair/", {"code": code}).status_code == 302
    assert machine.post(f"{start}pair/", {"code": code}).status_code == 422
    assert "What would you like to do?" in text(machine.get(start))
    assert "General" in text(machine.get(f"{start}take/"))
    page = text(machine.post(f"{start}take/", {"queue": hall.general}, follow=True))
    assert ("A001" in page, "data-print" in page, 'name="kiosk-start"' in page) == (True,) * 3
    assert "This queue takes nobody" in text(machine.post(f"{start}take/", {"queue": 999999}), 409)
    assert "There is no such appointment" in text(
        machine.post(f"{start}check-in/", {"code": "00000000"}), 422
    )
    assert "No licence has this code." in text(machine.post(f"{start}verify/", {"code": "ABC"}))
    unknown = machine.post(f"{start}look-up/", {"number": "A1", "code": "X"})
    assert "do not belong together" in text(unknown)
    manager.post(where, {"do": "kiosk_renew", "kiosk": Kiosk.objects.get().pk})
    assert machine.get(f"{start}take/").headers["Location"] == start


def test_a_machine_that_hammers_is_slowed_down(hall, sign_in):
    manager = sign_in("DEPARTMENT_HEAD")
    page = text(manager.post(f"{HERE}manage/gusu/", {"do": "kiosk", "title": "二号机"}))
    code = page.split('class="stat-value number">')[1][:10]
    machine = english(Client(headers={"Accept-Language": "en"}, REMOTE_ADDR="198.51.100.77"))
    statuses = {machine.post(f"{HERE}kiosk/pair/", {"code": "1"}).status_code for _ in range(21)}
    assert statuses == {422}
    assert machine.post(f"{HERE}kiosk/pair/", {"code": code}).status_code == 422


def test_the_halls_that_ship_are_sound_and_broken_ones_say_where(hall):
    def problems(**changes):
        data = {name: value for name, value in {**HALL, **changes}.items() if value is not None}
        return [one.message for one in pack.hall_check(PackFile("p", "halls/x.yaml", data))]

    assert problems() == []
    assert problems(address=None) == ["The key address is missing."]
    assert problems(level="VILLAGE", adress="x") == ["The key adress is not known here."]
    assert problems(level="VILLAGE") == ["The level is one of CITY, DISTRICT, STREET, COMMUNITY."]
    assert problems(hours={"working": [["12:00", "09:00"]]}) == [
        "Opening hours must be spans of HH:MM in order."
    ]
    assert problems(rules={"seatz": 1}) == ["A hall has no rule seatz."]
    assert problems(windows=[{**HALL["windows"][0], "queues": ["nothing"]}]) == [
        "There is no queue nothing."
    ]
    assert problems(queues=[HALL["queues"][0]] * 2, windows=[]) == [
        "The key of each is its own.",
        "The letter of each is its own.",
    ]
    assert problems(pools=[{**HALL["pools"][0], "capacity": 0}]) == [
        "minutes is 5 to 240, capacity 1 to 1000."
    ]
    assert problems(windows=[{"number": 1}])[0].startswith("It has the keys department")
    broken = PackFile("p", "priorities.yaml", [{"key": "x"}])
    assert len(pack.priorities_check(broken)) == 1


def test_who_waits_sees_the_forecast_with_its_errors_on_record(hall):
    """Ten calls forecast at once and waited ten minutes for: the page says how far off that was."""
    opened(hall, "2")
    for n in range(10):
        assert take(hall, n, now=NOW - 60 * MINUTE).forecast.minutes == (0, 0, 0)
        at(hall, "2", calls.ticket_call_next, now=NOW - 50 * MINUTE)
        at(hall, "2", calls.ticket_finish, now=NOW - 50 * MINUTE)
    waiting = desk(hall)
    page = text(english().get(f"{HERE}tickets/{waiting.code}/"))
    assert "The last 10 forecasts of this queue were off by 10.0 minutes on average; 0 %" in page
