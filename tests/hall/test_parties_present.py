"""A party without an account, or one who comes along: identified, filled in and confirmed at a window."""

from datetime import timedelta

import pytest
from django.urls import reverse

from tests.hall import test_parties, test_windows
from tests.hall.test_parties import (
    MARRIAGE,
    OWN,
    PART,
    begin,
    joint,
    type_in,
)
from yiwang.engines.api import draft_get, draft_post
from yiwang.hall.applications.actions.submission import application_submit
from yiwang.hall.applications.errors import SubmissionIncomplete
from yiwang.hall.applications.filing import acting_for
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.messages.queries import message_list
from yiwang.hall.parties.actions import (
    party_accept,
    party_confirm,
    party_invite,
    party_join,
    party_remove,
    party_resume,
)
from yiwang.hall.parties.errors import PartyCodeWrong, PartyNumberWrong, PartyUnknown
from yiwang.hall.parties.queries import (
    invitation_list,
    own_part_get,
    own_part_list,
    part_rows,
    parties_of_draft,
)
from yiwang.hall.windows.actions import presence_of, visit_end, visit_join, visit_open
from yiwang.hall.windows.queries import own_visit_get
from yiwang.identity.api import data_scope
from yiwang.kernel.api import audit_list, context_system, context_use, event_relay
from yiwang.resources.registries.models import Person
from yiwang.sdk.errors import NotFound

couple, clerk, windows, now = (
    test_parties.couple,
    test_windows.clerk,
    test_windows.windows,
    test_windows.now,
)


@pytest.fixture
def bride(city, now):
    """A woman of the made city, of age, without an account."""
    born = now.date() - timedelta(days=366 * 25)
    with context_use(context_system("测试")), data_scope(purpose="测试"):
        rows = Person.objects.filter(sex="2", birth_date__lt=born, id_number__isnull=False)
        return rows.order_by("ref").values("ref", "name", "id_number").first()


def person(context) -> dict:
    with data_scope(purpose="测试"):
        rows = Person.objects.filter(ref=context.subject_ref.removeprefix("person:"))
        return rows.values("ref", "name", "id_number").get()


def invite(first, draft_id: int, name: str, now, number=""):
    with context_use(first):
        return party_invite(joint(draft_id), key="spouse", name=name, number=number, now=now)


def visit_of(clerk, who: dict, now):
    with context_use(clerk):
        return visit_open("H1", id_number=who["id_number"], name=who["name"], now=now)


def confirmed_at_window(clerk, visit, now, **how):
    own = joined_at_window(clerk, visit, now, **how)
    with context_use(clerk), acting_for(visit.applicant_ref):
        return party_confirm(own.part.id, at=presence_of(visit), now=now)


def joined_at_window(clerk, visit, now, **how):
    with context_use(clerk):
        own = visit_join(visit.number, now=now, **how)
        with acting_for(visit.applicant_ref):
            draft_post(own.draft_id, post=PART, page="spouse", now=now)
    return own


def test_a_party_without_an_account_fills_in_and_confirms_at_a_window(
    couple, bride, clerk, windows, now
):
    first, _second = couple
    draft_id = begin(first, now)
    invited = invite(first, draft_id, bride["name"], now)
    visit = visit_of(clerk, bride, now)

    part = confirmed_at_window(clerk, visit, now, code=invited.code)

    assert (part.state, part.confirmed_by) == ("CONFIRMED", clerk.name)
    row = part_rows().get()
    assert (row.ref, row.account_id, row.draft_id) == (f"person:{bride['ref']}", None, None)
    with context_use(clerk):
        visit_end(visit.number, now=now)
    with context_use(first):
        number = application_submit(draft_id, now=now).number
    application = application_rows("测试").get(number=number)
    assert application.form_data["spouse_name"] == bride["name"]
    assert application.form_data["spouse_phone"] == PART["spouse_phone"]
    acts = {row["act"]: row["actor_name"] for row in audit_list(person_ref=bride["ref"])}
    assert {
        acts[one] for one in ("registries.check", "hall.parties.join", "hall.parties.confirm")
    } == {clerk.name}


def test_what_was_typed_at_a_window_and_not_confirmed_goes_with_the_visit(
    couple, bride, clerk, windows, now
):
    first, _second = couple
    draft_id = begin(first, now)
    invited = invite(first, draft_id, bride["name"], now)
    visit = visit_of(clerk, bride, now)
    own = joined_at_window(clerk, visit, now, code=invited.code)

    with context_use(clerk):
        visit_end(visit.number, now=now)

    with context_use(clerk), pytest.raises(NotFound):
        draft_get(own.draft_id)
    with context_use(first):
        (seen,) = parties_of_draft(joint(draft_id))
        assert (seen.state, seen.code) == ("INVITED", invited.code)
        with pytest.raises(SubmissionIncomplete):
            application_submit(draft_id, now=now)
    assert part_rows().get().values == {}


def test_a_change_after_the_window_makes_the_confirmation_void_until_given_again_there(
    couple, bride, clerk, windows, now
):
    first, _second = couple
    draft_id = begin(first, now)
    invited = invite(first, draft_id, bride["name"], now)
    visit = visit_of(clerk, bride, now)
    confirmed_at_window(clerk, visit, now, code=invited.code)
    with context_use(first):
        type_in(draft_id, {**OWN, "phone": "13800000009"}, now)
        with pytest.raises(SubmissionIncomplete):
            application_submit(draft_id, now=now)
    with context_use(clerk):
        visit_end(visit.number, now=now)

    again = visit_of(clerk, bride, now)
    with context_use(clerk), acting_for(again.applicant_ref):
        (own,) = own_part_list()
        assert own.part.state == "VOID"
        resumed = party_resume(own.part.id, at=presence_of(again), now=now)
        values = draft_get(resumed.draft_id).values
        assert values["spouse_phone"] == PART["spouse_phone"]
        party_confirm(own.part.id, at=presence_of(again), now=now)
    with context_use(first):
        assert application_submit(draft_id, now=now).is_new


def test_only_who_is_invited_joins_at_a_window_and_no_other_clerk_sees_the_part(
    city, couple, bride, clerk, windows, now
):
    first, _second = couple
    draft_id = begin(first, now)
    invited = invite(first, draft_id, bride["name"], now)
    stranger = test_windows.visit_of(city, clerk, now, who="elder")
    with context_use(clerk), pytest.raises(PartyCodeWrong):
        visit_join(stranger.number, code=invited.code, now=now)
    visit = visit_of(clerk, bride, now)
    own = joined_at_window(clerk, visit, now, code=invited.code)
    other = city.staff("civil_affairs", "WINDOW_CLERK")
    with context_use(other):
        with pytest.raises(NotFound):
            own_visit_get(visit.number, now=now)
        with pytest.raises(NotFound):
            draft_get(own.draft_id)
        with pytest.raises(PartyUnknown):
            own_part_get(own.part.id)
    assert part_rows().get().confirmed_at is None


# --- invited by number ---------------------------------------------------------------------------


def test_who_is_invited_by_number_finds_it_is_told_and_needs_no_code(couple, now):
    first, second = couple
    draft_id = begin(first, now)
    invited = invite(first, draft_id, second.name, now, person(second)["id_number"])
    event_relay(limit=1000, now=now)
    assert [one.template for one in message_list(second.account_id)] == ["party_invited"]
    with context_use(second):
        (found,) = invitation_list()
        assert (found.id, found.applicant_name) == (invited.id, first.name)
        own = party_accept(found.id, now=now)
        assert invitation_list() == []
        assert own.values["spouse_name"] == second.name


def test_an_invitation_by_number_serves_nobody_else_of_that_name(couple, now):
    first, second = couple
    draft_id = begin(first, now)
    other = person(first)["id_number"]
    invited = invite(first, draft_id, second.name, now, other)
    with context_use(second):
        assert invitation_list() == []
        for join in (
            lambda: party_join(invited.code, now=now),
            lambda: party_accept(invited.id, now=now),
        ):
            with pytest.raises(PartyCodeWrong):
                join()
    assert part_rows().get().ref == ""


def test_the_applicant_sees_the_same_whether_or_not_the_person_exists(couple, bride, now):
    first, second = couple
    shown = []
    for name, number in (
        (second.name, person(second)["id_number"]),  # has an account
        (bride["name"], bride["id_number"]),  # has none
        ("王不存在", bride["id_number"]),  # another's number
    ):
        draft_id = begin(first, now)
        view = invite(first, draft_id, name, now, number)
        shown.append((view.state, len(view.code), view.name == name))
        with context_use(first):
            party_remove(joint(draft_id), view.id)
    assert shown == [("INVITED", 8, True)] * 3
    with pytest.raises(PartyNumberWrong):
        invite(first, begin(first, now), second.name, now, "320508199001011234")
    assert part_rows().count() == 0


def test_the_pages_lead_two_visitors_at_one_window_to_one_application(
    couple, bride, city, clerk, windows, client, now
):
    groom = person(couple[0])
    client.force_login(city.account("approval_clerk"))
    desk = reverse("hall_windows:desk")
    first = client.post(desk, {"window": "H1", **{k: groom[k] for k in ("id_number", "name")}}).url
    begun = client.post(first, {"do": "begin", "matter": MARRIAGE})
    page = client.get(begun.url).url
    draft_id = int(page.split("/drafts/")[1].split("/")[0])
    for key in ("self", "statement"):
        href = reverse("hall_applications:draft", args=[draft_id, key])
        client.post(href, {**OWN, "go": "next"})
    parties = reverse("hall_applications:parties", args=[draft_id])
    client.post(parties, {"invite": "spouse", "name": bride["name"]})
    code = part_rows().get().code
    assert f"{desk}?code={code}" in client.get(parties).content.decode()

    here = client.get(desk, {"code": code, "name": bride["name"]}).content.decode()
    assert f'name="code" value="{code}"' in here
    entry = {"window": "H1", "id_number": bride["id_number"], "name": bride["name"], "code": code}
    second = client.post(desk, entry).url
    assert second.endswith(f"?code={code}")
    visit = second.partition("?")[0]
    assert code in client.get(second).content.decode()
    form = client.post(visit, {"do": "join", "code": code}).url
    assert bride["name"] in client.get(form).content.decode()
    part = client.post(form, {**PART, "go": "next"}).url
    shown = client.get(part).content.decode()
    assert groom["name"] in shown
    assert "13800000001" in shown
    assert client.post(part).status_code == 302
    assert clerk.name in client.get(part).content.decode()
    client.post(visit, {"do": "end"})
    assert client.get(part).status_code == 403

    submitted = client.post(reverse("hall_applications:submit", args=[draft_id]))
    number = application_rows("测试").get().number
    assert submitted.url.endswith(f"/receipts/{number}/")


def test_the_space_shows_the_invitation_and_the_page_asks_for_a_number(
    couple, client, now, django_user_model
):
    first, second = couple
    draft_id = begin(first, now)
    client.force_login(django_user_model.objects.get(pk=first.account_id))
    parties = reverse("hall_applications:parties", args=[draft_id])
    wrong = client.post(parties, {"invite": "spouse", "name": second.name, "number": "123"})
    assert wrong.status_code == 422
    assert 'value="123"' in wrong.content.decode()
    number = person(second)["id_number"]
    client.post(parties, {"invite": "spouse", "name": second.name, "number": number})
    client.force_login(django_user_model.objects.get(pk=second.account_id))
    mine = reverse("hall_parties:mine")
    part_id = part_rows().get().pk
    assert f'name="invitation" value="{part_id}"' in client.get(mine).content.decode()
    assert client.post(mine, {"invitation": part_id}).status_code == 302
    assert own_part_count(second) == 1


def own_part_count(context) -> int:
    with context_use(context):
        return len(own_part_list())
