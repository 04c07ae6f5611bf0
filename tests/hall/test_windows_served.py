"""One visit at the counter and the window: the called ticket, who acts for another, until the rating."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from tests.hall import test_windows as base
from tests.hall.test_applications import ELDER_CARD, FILLED, fill, the_application
from tests.hall.test_deputies import authorised
from tests.hall.test_windows import person_of, take_in, visit_of
from yiwang.hall.applications.actions.submission import application_submit
from yiwang.hall.applications.filing import acting_for
from yiwang.hall.applications.models import DraftCase
from yiwang.hall.applications.queries.access import application_rows, application_visible_get
from yiwang.hall.counters.actions.setup import hall_put
from yiwang.hall.counters.actions.tickets import ticket_issue
from yiwang.hall.counters.actions.windows import ticket_call_next, ticket_finish, window_open
from yiwang.hall.counters.errors import TicketStateWrong
from yiwang.hall.counters.models import Queue, Ticket
from yiwang.hall.counters.models import Window as Counter
from yiwang.hall.counters.queries.statistics import statistics_of, visit_list
from yiwang.hall.counters.queries.tickets import ticket_in_hand
from yiwang.hall.counters.visits import visit_of_ticket
from yiwang.hall.windows.actions import visit_begin, visit_end, visit_open
from yiwang.hall.windows.errors import (
    MandateElsewhere,
    MandateEnded,
    MandateNotFound,
    VisitOver,
)
from yiwang.hall.windows.models import Taking
from yiwang.hall.windows.queries import own_visit_get, ticket_of_visit, visit_rows
from yiwang.identity.api import (
    data_scope,
    delegation_revoke,
    delegation_use_list,
    deputy_filing_list,
)
from yiwang.kernel.api import audit_list, context_system, context_use

clerk, windows, now = base.clerk, base.windows, base.now
TEXT = {"zh": "综合", "en": "General"}
HALL = {
    "title": {"zh": "测试大厅", "en": "Test hall"},
    "level": "CITY",
    "area_code": "320500",
    "address": "政务路1号",
    "department": "administrative_approval",
    "hours": {"working": [["00:00", "24:00"]], "saturday": [["00:00", "24:00"]]},
    "queues": [
        {"key": "general", "letter": "A", "title": TEXT, "matters": ["*"], "service_minutes": 10}
    ],
    "windows": [
        {"number": 1, "title": TEXT, "department": "administrative_approval", "queues": ["general"]}
    ],
}


@pytest.fixture
def counter(city, clerk, now):
    """A hall with one queue and one counter, at which the clerk of the windows sits."""
    with context_use(context_system("测试")):
        hall_put("served", HALL, source="pack:test@1.0.0")
        row = Counter.objects.get(hall__code="served")
        Counter.objects.filter(pk=row.pk).update(department_id=clerk.department_id)
    with context_use(clerk):
        window_open(row.pk, now=now)
    return row


def called(clerk, counter, now):
    """Give a ticket out and call it."""
    queue = Queue.objects.get(hall=counter.hall)
    with context_use(context_system("测试")):
        ticket_issue(queue.pk, now=now)
    with context_use(clerk):
        return ticket_call_next(counter.pk, now=now)


def visit_with(city, clerk, ticket, now, who="elder"):
    person = person_of(city, who)
    with context_use(clerk):
        return visit_open(
            "H1",
            id_number=person["id_number"],
            name=person["name"],
            ticket_id=ticket.id,
            now=now,
        )


def the_ticket(pk: int) -> Ticket:
    with data_scope(purpose="测试"):
        return Ticket.objects.get(pk=pk)


def test_what_is_taken_in_stands_on_the_ticket_in_hand_and_in_the_counters_figures(
    city,
    clerk,
    windows,
    counter,
    now,
):
    ticket = called(clerk, counter, now)
    visit = visit_with(city, clerk, ticket, now)
    assert the_ticket(ticket.id).state == "SERVING"

    number = take_in(visit, clerk, now)

    row = the_ticket(ticket.id)
    assert (row.applications, row.rating_code) == ([number], visit.rating_code)
    with context_use(clerk):
        ticket_finish(counter.pk, now=now)
    day = now.date()
    (figures,) = statistics_of(visit_list(counter.hall_id, since=day, until=day), "queue")
    assert (figures.tickets, figures.applications) == (1, 1)


def test_a_visit_opened_without_its_ticket_is_tied_to_the_one_in_hand_unless_it_is_anothers(
    city,
    clerk,
    windows,
    counter,
    now,
):
    before = visit_of(city, clerk, now)
    take_in(before, clerk, now)
    ticket = called(clerk, counter, now)
    first = visit_with(city, clerk, ticket, now)
    walk_in = visit_of(city, clerk, now, who="citizen")

    number = take_in(first, clerk, now)

    assert the_ticket(ticket.id).applications == [number]
    ties = {row.pk: row.ticket_id for row in visit_rows()}
    assert (ties[before.id], ties[first.id], ties[walk_in.id]) == (None, ticket.id, None)


def test_a_visit_is_opened_only_for_the_ticket_in_the_clerks_own_hand(
    city,
    clerk,
    windows,
    counter,
    now,
):
    ticket = called(clerk, counter, now)
    with context_use(clerk):
        ticket_finish(counter.pk, now=now)
    with pytest.raises(TicketStateWrong):
        visit_with(city, clerk, ticket, now)
    assert visit_rows().count() == 0
    assert the_ticket(ticket.id).rating_code == ""


def test_the_end_of_either_ends_the_other_where_the_clerk_says_so(
    city,
    clerk,
    windows,
    counter,
    now,
):
    ticket = called(clerk, counter, now)
    visit = visit_with(city, clerk, ticket, now)
    with context_use(clerk):
        found = visit_of_ticket(ticket.id, now=now)
        assert (found.number, found.drafts) == (visit.number, 0)
        assert ticket_of_visit(visit).id == ticket.id
        visit_end(visit.number, with_ticket=True, now=now)
        assert ticket_in_hand(clerk.account_id) is None
        assert visit_of_ticket(ticket.id, now=now) is None
    assert the_ticket(ticket.id).state == "DONE"

    second = called(clerk, counter, now)
    visit = visit_with(city, clerk, second, now)
    with context_use(clerk):
        visit_end(visit.number, now=now)
    assert the_ticket(second.id).state == "SERVING"


def test_the_pages_lead_from_the_called_ticket_through_the_visit_to_the_rating(
    city,
    clerk,
    windows,
    counter,
    client,
):
    from django.utils import timezone

    at = timezone.now()
    ticket = called(clerk, counter, at)
    client.force_login(city.account("approval_clerk"))
    screen = reverse("hall_counters:window", args=[counter.pk])
    desk = f"{reverse('hall_windows:desk')}?ticket={ticket.id}"
    assert desk in client.get(screen).content.decode()
    assert ticket.label in client.get(desk).content.decode()
    person = person_of(city, "elder")
    opened = client.post(
        desk,
        {
            "window": "H1",
            "id_number": person["id_number"],
            "name": person["name"],
            "ticket": ticket.id,
        },
    )
    page = client.get(opened.url).content.decode()
    assert screen in page
    assert f"办结号票{ticket.label}" in page
    assert opened.url in client.get(screen).content.decode()

    done = client.post(screen, {"do": "finish", "end_visit": "1"})

    assert done.url == screen
    visit = visit_rows().get()
    assert visit.ended_at is not None
    shown = client.get(reverse("hall_counters:ticket", args=[ticket.code])).content.decode()
    assert f"?code={visit.rating_code}" in shown
    assert client.get(reverse("hall_windows:rate"), {"code": visit.rating_code}).status_code == 200


# --- who acts for another ------------------------------------------------------------------------


def take_in_for(visit, clerk, delegation, now) -> str:
    with context_use(clerk):
        draft_id = visit_begin(visit.number, ELDER_CARD, mandate_id=delegation.id, now=now)
        with acting_for(delegation.principal_ref):
            fill(draft_id, FILLED, now=now)
            return application_submit(draft_id, now=now).number


def test_a_deputy_at_the_window_is_served_for_who_authorised_them_and_the_use_is_on_record(
    city,
    clerk,
    windows,
    now,
):
    delegation = authorised(city, now)
    visit = visit_of(city, clerk, now, who="citizen")

    number = take_in_for(visit, clerk, delegation, now)

    elder, application = city.context("elder"), the_application(number)
    assert (application.applicant_ref, application.account_id) == (
        elder.subject_ref,
        elder.account_id,
    )
    assert (application.channel, application.filed_by_id) == ("WINDOW", clerk.account_id)
    assert (application.visit_id, application.delegation_id) == (visit.id, delegation.id)
    assert Taking.objects.get().delegation_id == delegation.id
    with context_use(elder):
        uses = [(use.act, use.subject.split(":")[0]) for use in delegation_use_list(delegation.id)]
    assert uses == [("SUBMIT", "application"), ("DRAFT", "draft")]
    reads = [
        row["actor_name"]
        for row in audit_list(person_ref=elder.subject_ref.removeprefix("person:"))
        if row["act"] == "registries.read"
    ]
    assert reads == [clerk.name]
    with context_use(city.context("citizen")):
        (line,) = deputy_filing_list(limit=10)
        assert application_visible_get(number, purpose="测试").number == number
    assert (line.subject, line.channel) == (f"application:{number}", "WINDOW")
    assert (line.principal_name, line.holds) == (elder.name, True)


@pytest.mark.parametrize(
    ("more", "later", "refusal"),
    [
        ({"value": "322014009999"}, 0, MandateElsewhere),
        ({"scope": "THEME", "value": "住房保障"}, 0, MandateElsewhere),
        ({"until": date(2026, 11, 21)}, 5, MandateEnded),
    ],
)
def test_outside_its_scope_or_after_its_day_an_authorisation_is_refused_in_words(
    city,
    clerk,
    windows,
    now,
    more,
    later,
    refusal,
):
    delegation = authorised(city, now, **more)
    later = now + timedelta(days=later)
    visit = visit_of(city, clerk, later, who="citizen")
    with context_use(clerk), pytest.raises(refusal) as refused:
        visit_begin(visit.number, ELDER_CARD, mandate_id=delegation.id, now=later)
    assert city.context("elder").name in str(refused.value)
    assert (DraftCase.objects.count(), application_rows("测试").count()) == (0, 0)


def test_nobody_elses_authorisation_serves_and_one_taken_back_ends_what_was_begun(
    city,
    clerk,
    windows,
    now,
):
    delegation = authorised(city, now)
    stranger = visit_of(city, clerk, now, who="elder")
    with context_use(clerk), pytest.raises(MandateNotFound):
        visit_begin(stranger.number, ELDER_CARD, mandate_id=delegation.id, now=now)
    visit = visit_of(city, clerk, now, who="citizen")
    with context_use(clerk):
        draft_id = visit_begin(visit.number, ELDER_CARD, mandate_id=delegation.id, now=now)
    with context_use(city.context("elder")):
        delegation_revoke(delegation.id, now=now)
    from yiwang.identity.api import DelegationMissing

    with context_use(clerk), acting_for(delegation.principal_ref):
        with pytest.raises(DelegationMissing):
            fill(draft_id, FILLED, now=now)
    with context_use(clerk), pytest.raises(MandateEnded):
        visit_begin(visit.number, ELDER_CARD, mandate_id=delegation.id, now=now)
    assert application_rows("测试").count() == 0


def test_the_visits_page_offers_for_whom_and_only_what_the_authorisation_covers(
    city,
    clerk,
    windows,
    client,
):
    from django.utils import timezone

    at = timezone.now()
    delegation = authorised(city, at, until=at.date() + timedelta(days=30))
    visit = visit_of(city, clerk, at, who="citizen")
    client.force_login(city.account("approval_clerk"))
    page = reverse("hall_windows:visit", args=[visit.number])
    assert f"?for={delegation.id}" in client.get(page).content.decode()
    shown = client.get(page, {"for": delegation.id}).content.decode()
    assert shown.count('name="matter"') == 1
    begun = client.post(page, {"do": "begin", "matter": ELDER_CARD, "for": delegation.id})
    first = client.get(client.get(begun.url).url).content.decode()
    assert city.context("elder").name in first
    assert client.get(page, {"for": 99999999}).status_code == 403
    client.post(page, {"do": "end"})
    assert DraftCase.objects.count() == 0
    with context_use(clerk), pytest.raises(VisitOver):
        own_visit_get(visit.number, now=at)
