"""What stands in the hall: the display that calls aloud, the ticket printer, the machine that one touches."""

import re

import pytest
from django.conf import settings
from django.utils import timezone

from yiwang.hall.counters.actions import windows as calls
from yiwang.hall.counters.models import Kiosk, Ticket
from yiwang.hall.counters.queries.halls import kiosk_mark
from yiwang.hall.counters.queries.tickets import display_list
from yiwang.hall.counters.speech import call_spoken
from yiwang.hall.counters.views.kiosk import COOKIE, SALT
from yiwang.identity.api import data_scope

from .conftest import MINUTE, NOW
from .test_pages import HERE, english, text
from .test_tickets import at, desk, opened, take


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def machine(hall):
    """A browser that is a machine of the hall."""
    from django.core import signing

    row = Kiosk.objects.create(hall=hall.row, title="一号机", version=1, paired_at=NOW)
    client = english()
    salted = signing.get_cookie_signer(salt=COOKIE + SALT).sign(kiosk_mark(row.pk))
    client.cookies[COOKIE] = salted
    return client


@pytest.mark.parametrize(
    ("label", "window", "said"),
    [
        ("A001", "1", "请 A 零零一号，到一号窗口。"),
        ("B120", "20", "请 B 一二零号，到二十号窗口。"),
        ("C999", "11", "请 C 九九九号，到十一号窗口。"),
    ],
)
def test_a_call_is_read_as_people_say_it(label, window, said):
    assert call_spoken(label, window, "zh-hans") == said


def test_a_call_repeated_is_another_call_to_the_display_and_an_old_one_is_not_read(hall):
    desk(hall)
    opened(hall, "2")
    at(hall, "2", calls.ticket_call_next)
    (first,) = display_list(hall.id, now=NOW)
    at(hall, "2", calls.ticket_recall)
    (again,) = display_list(hall.id, now=NOW)
    assert (first.key, again.key) == ("A001-2-1", "A001-2-2")
    page = text(english().get(f"{HERE}halls/gusu/display/"))
    assert 'data-say="Ticket A 0 0 1, please come to window 2."' in page
    assert re.search(r"<button[^>]*data-sound[^>]*hidden>", page)
    at(hall, "2", calls.ticket_start)
    assert "data-say" not in text(english().get(f"{HERE}halls/gusu/display/"))


def test_a_printed_ticket_says_the_number_the_wait_and_where_to_follow_it(hall):
    desk(hall, now=NOW - MINUTE)
    opened(hall, "2")
    ticket = take(hall, 1, priority="")
    page = text(english().get(f"{HERE}tickets/{ticket.code}/slip/"))
    assert "A002" in page
    assert "1 before you in this queue" in page
    assert "About 10 minutes" in page or "minutes (" in page
    assert 'src="data:image/svg+xml' in page
    assert "slip.css" in page
    assert "张" not in page
    assert english().get(f"{HERE}tickets/nothing/slip/").status_code == 404


def test_a_machine_prints_the_ticket_once_after_it_was_taken(hall, machine):
    taken = machine.post(f"{HERE}kiosk/take/", {"queue": hall.general})
    page = text(machine.get(taken.url))
    assert ("data-print-now" in page, "slip.css" in page) == (True, True)
    with data_scope(purpose="测试"):
        ticket = Ticket.objects.get()
    again = text(machine.get(f"{HERE}kiosk/tickets/{ticket.code}/"))
    assert "data-print-now" not in again


def test_nothing_of_who_left_stays_on_a_machine(hall, machine):
    machine.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    looked = machine.post(f"{HERE}kiosk/look-up/", {"number": "A1", "code": "X"})
    assert looked.headers["Cache-Control"] == "no-store"
    page = looked.content.decode()
    assert f'<meta name="kiosk-start" content="{HERE}kiosk/?over=1">' in page
    assert 'value="A1"' not in page
    assert page.count('autocomplete="off"') == 2

    over = machine.get(f"{HERE}kiosk/?over=1")

    assert over.headers["Location"] == f"{HERE}kiosk/"
    assert over.cookies[settings.LANGUAGE_COOKIE_NAME].value == ""
    assert "一号机" not in text(machine.get(f"{HERE}kiosk/take/"))
