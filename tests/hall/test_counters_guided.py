"""A machine in the hall asks what one comes for, says what to bring and gives the ticket for it."""

import pytest
from django.core import signing
from django.utils import timezone

from tests.hall import test_windows as base
from yiwang.hall.counters.models import Hall, Kiosk, Queue, Ticket
from yiwang.hall.counters.queries.halls import kiosk_mark
from yiwang.hall.counters.views.kiosk import COOKIE, SALT
from yiwang.identity.api import data_scope

now = base.now
SHOP, SOLE_TRADER = "business_guides.open_shop", "320731021000"
HERE = "/hall/counters/kiosk/"
ANSWERS = "who=ALONE&age=FROM_18&trade=OTHER"


@pytest.fixture
def machine(city, client, monkeypatch, now):
    """A browser that is a machine of a hall of the city, always open."""
    hall = Hall.objects.get(code="gusu")
    Hall.objects.filter(pk=hall.pk).update(
        hours={"working": [["00:00", "24:00"]], "saturday": [["00:00", "24:00"]]}
    )
    row = Kiosk.objects.create(hall=hall, title="一号机", version=1, paired_at=timezone.now())
    mark = signing.get_cookie_signer(salt=COOKIE + SALT).sign(kiosk_mark(row.pk))
    client.cookies[COOKIE] = mark
    return client


def test_guided_questions_on_a_machine_end_with_the_ticket_for_what_was_found(machine):
    assert f"{HERE}guides/{SHOP}/" in machine.get(f"{HERE}guides/").content.decode()
    first = machine.get(f"{HERE}guides/{SHOP}/").content.decode()
    assert 'name="who" value="ALONE"' in first
    assert "/accounts/" not in first
    second = machine.get(f"{HERE}guides/{SHOP}/?who=ALONE").content.decode()
    assert '<input type="hidden" name="who" value="ALONE">' in second
    assert f'href="{HERE}guides/{SHOP}/?"' in second
    end = machine.get(f"{HERE}guides/{SHOP}/?{ANSWERS}").content.decode()
    assert f'name="matter" value="{SOLE_TRADER}"' in end
    queue = end.split('name="queue" value="')[1].split('"')[0]

    taken = machine.post(f"{HERE}take/", {"queue": queue, "matter": SOLE_TRADER})

    assert taken.status_code == 302
    with data_scope(purpose="测试"):
        ticket = Ticket.objects.get()
    assert (ticket.matters, ticket.queue_id) == ([SOLE_TRADER], int(queue))
    assert (ticket.name, ticket.holder_ref) == ("", "")


def test_a_ticket_for_a_matter_that_does_not_exist_is_not_given(machine):
    queue = Queue.objects.filter(hall__code="gusu").first()
    refused = machine.post(f"{HERE}take/", {"queue": queue.pk, "matter": "000000000000"})
    assert refused.status_code == 409
    with data_scope(purpose="测试"):
        assert Ticket.objects.count() == 0
