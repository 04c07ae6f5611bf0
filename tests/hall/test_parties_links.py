"""A party without an account, by a link to their phone: identified there, their own part only, and no longer than it holds."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from tests.hall import test_parties, test_parties_present
from tests.hall.test_parties import MARRIAGE, PART, begin, joint
from yiwang.engines.api import draft_get, draft_post
from yiwang.hall.applications.actions.submission import application_submit
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.messages.models import MessageSending
from yiwang.hall.messages.queries import message_list
from yiwang.hall.parties.actions import (
    party_confirm,
    party_invite,
    party_link_send,
    party_withdraw,
)
from yiwang.hall.parties.entering import (
    link_code_send,
    link_context,
    link_decline,
    link_enter,
    link_entered,
    link_facts,
    links_sweep,
    presence_of,
)
from yiwang.hall.parties.errors import (
    PartyClosed,
    PartyCodesUsedUp,
    PartyCodeTooSoon,
    PartyEntryNeeded,
    PartyLinkGone,
    PartyLinkNeedless,
    PartyLinksTooMany,
    PartyPhoneWrong,
    PartyUnknown,
)
from yiwang.hall.parties.links import link_rows, links_of_parts
from yiwang.hall.parties.queries import own_part_get, part_rows, parties_of_draft
from yiwang.identity.api import data_scope
from yiwang.kernel.api import audit_list, context_use, event_relay
from yiwang.resources.registries.models import Person
from yiwang.sdk.errors import NotFound

couple, bride = test_parties.couple, test_parties_present.bride
PHONE = "13900000002"


@pytest.fixture
def now(now, monkeypatch):
    """The clock stands still, also where pages look at it."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    return now


@pytest.fixture
def guest(bride):
    """A woman without an account; the registry has her phone."""
    with data_scope(purpose="测试"):
        Person.objects.filter(ref=bride["ref"]).update(phone=PHONE)
    return bride


@pytest.fixture
def groom(couple):
    return couple[0]


@pytest.fixture
def draft_id(groom, now):
    return begin(groom, now)


def texts() -> list[str]:
    rows = MessageSending.objects.filter(channel="SMS", address=PHONE).order_by("pk")
    return list(rows.values_list("text", flat=True))


def invite(groom, draft_id, guest, now, **more):
    with context_use(groom):
        return party_invite(
            joint(draft_id), key="spouse", name=guest["name"], phone=PHONE, now=now, **more
        )


def word_of(text: str) -> str:
    return re.search(r"/links/([^/]+)/", text)[1]


def sent_link(groom, draft_id, guest, now, **more) -> str:
    invite(groom, draft_id, guest, now, **more)
    return word_of(texts()[-1])


def code_for(word: str, now) -> str:
    link_code_send(word, now=now)
    return re.search(r"\b(\d{6})\b", texts()[-1])[1]


def entry(word: str, guest, now) -> str:
    return link_enter(word, number=guest["id_number"], code=code_for(word, now), now=now)


def confirmed(word: str, kept: str, now):
    found = link_entered(word, kept, now=now)
    with link_context(found):
        own = own_part_get(found.part_id, at=presence_of(found))
        draft_post(own.draft_id, post=PART, page="spouse", now=now)
        return party_confirm(found.part_id, at=presence_of(found), now=now)


def state_of(groom, draft_id) -> str:
    with context_use(groom):
        return parties_of_draft(joint(draft_id))[0].state


def test_a_party_without_an_account_takes_part_by_a_link_to_their_phone(
    groom, draft_id, guest, now
):
    word = sent_link(groom, draft_id, guest, now)
    assert groom.name not in texts()[0]
    assert guest["name"] not in texts()[0]

    part = confirmed(word, entry(word, guest, now), now)

    assert (part.state, part.by_link, part.confirmed_by) == ("CONFIRMED", True, "")
    row = part_rows().get()
    assert (row.ref, row.account_id) == (f"person:{guest['ref']}", None)
    with context_use(groom):
        number = application_submit(draft_id, now=now).number
    data = application_rows("测试").get(number=number).form_data
    assert (data["spouse_name"], data["spouse_phone"]) == (guest["name"], PART["spouse_phone"])
    acts = {row["act"]: row["actor_name"] for row in audit_list(person_ref=guest["ref"])}
    assert acts["hall.parties.confirm"] == guest["name"]
    assert acts["registries.check"] == "短信链接来访人"
    assert {"registries.check", "hall.parties.link_enter", "hall.parties.join_by_link"} <= set(acts)


def test_who_came_by_the_link_sees_their_own_part_and_nothing_else(groom, draft_id, guest, now):
    word = sent_link(groom, draft_id, guest, now)
    found = link_entered(word, entry(word, guest, now), now=now)
    with link_context(found):
        own = own_part_get(found.part_id, at=presence_of(found))
        assert own.values["spouse_name"] == guest["name"]
        assert "name" not in own.values
        with pytest.raises(NotFound):
            draft_get(draft_id)
        with pytest.raises(PartyUnknown):
            own_part_get(found.part_id + 1)


@pytest.mark.parametrize("wrong", ["code", "number", "name", "phone", "nobody"])
def test_whatever_is_not_right_gets_the_same_answer_and_lets_nobody_in(
    groom, couple, draft_id, guest, now, wrong
):
    name = {"name": couple[1].name}.get(wrong, guest["name"])
    if wrong == "phone":
        with data_scope(purpose="测试"):
            Person.objects.filter(ref=guest["ref"]).update(phone="13900000009")
    word = sent_link(groom, draft_id, {**guest, "name": name}, now)
    code = code_for(word, now)
    number = {"number": "11010519491231002X", "nobody": ""}.get(wrong, guest["id_number"])
    code = f"{(int(code) + 1) % 1_000_000:06d}" if wrong == "code" else code

    assert link_enter(word, number=number, code=code, now=now) == ""

    link = link_rows().get()
    assert (link.failures, link.ref, link.entry_digest, link.code_digest) == (1, "", "", "")
    assert (part_rows().get().ref, state_of(groom, draft_id)) == ("", "INVITED")
    with pytest.raises(PartyEntryNeeded):
        link_entered(word, "", now=now)


def test_a_code_serves_once_for_ten_minutes_and_five_wrong_tries_end_the_link(
    groom, draft_id, guest, now
):
    word = sent_link(groom, draft_id, guest, now)
    code = code_for(word, now)
    with pytest.raises(PartyCodeTooSoon):
        link_code_send(word, now=now + timedelta(seconds=59))
    late = now + timedelta(minutes=10)
    assert link_enter(word, number=guest["id_number"], code=code, now=late) == ""
    code = code_for(word, late)
    assert link_enter(word, number="11010519491231002X", code=code, now=late) == ""
    assert link_enter(word, number=guest["id_number"], code=code, now=late) == ""
    for _try in range(2):
        assert link_enter(word, number=guest["id_number"], code="000000", now=late) == ""
    with pytest.raises(PartyLinkGone):
        link_facts(word, now=late)
    shown = links_of_parts([part_rows().get().pk], now=late)
    assert [one.state for one in shown.values()] == ["ENDED"]


def test_codes_and_links_are_limited_and_a_new_link_ends_the_one_before(
    groom, draft_id, guest, now
):
    word = sent_link(groom, draft_id, guest, now)
    for minute in range(8):
        link_code_send(word, now=now + timedelta(minutes=minute))
    with pytest.raises(PartyCodesUsedUp):
        link_code_send(word, now=now + timedelta(minutes=9))
    part = part_rows().get().pk
    with context_use(groom):
        for _link in range(5):
            party_link_send(joint(draft_id), part, phone=f"+86 {PHONE}", now=now)
        before = len(texts())
        with pytest.raises(PartyLinksTooMany):
            party_link_send(joint(draft_id), part, phone=PHONE, now=now)
        with pytest.raises(PartyPhoneWrong):
            party_link_send(joint(draft_id), part, phone="0512-65211234", now=now)
    assert len(texts()) == before
    with pytest.raises(PartyLinkGone):
        link_facts(word, now=now)
    assert link_facts(word_of(texts()[-1]), now=now).phone == "139****0002"


def test_after_seven_days_the_link_is_over_and_what_was_not_confirmed_is_deleted(
    groom, draft_id, guest, now
):
    word = sent_link(groom, draft_id, guest, now)
    found = link_entered(word, entry(word, guest, now), now=now)
    theirs = part_rows().get().draft_id
    with pytest.raises(PartyEntryNeeded):
        link_entered(word, "x", now=now)
    over = found.expires_at
    with pytest.raises(PartyLinkGone):
        link_facts(word, now=over)

    links_sweep(now=over - timedelta(seconds=1))
    assert part_rows().get().draft_id == theirs
    links_sweep(now=over)

    row = part_rows().get()
    assert (row.ref, row.draft_id, row.values) == ("", None, {})
    assert link_rows().get().ended_at == over


def test_once_submitted_the_link_shows_what_became_of_it_and_changes_nothing(
    groom, draft_id, guest, now
):
    word = sent_link(groom, draft_id, guest, now)
    kept = entry(word, guest, now)
    part = confirmed(word, kept, now)
    with context_use(groom):
        number = application_submit(draft_id, now=now).number
    later = now + timedelta(days=30)
    assert not link_facts(word, now=later).is_open
    found = link_entered(word, entry(word, guest, later), now=later)
    with link_context(found):
        own = own_part_get(part.id, at=presence_of(found))
        assert (own.number, own.values["spouse_name"]) == (number, guest["name"])
        with pytest.raises(PartyClosed):
            party_withdraw(part.id, now=later)
    with pytest.raises(PartyLinkGone):
        link_facts(word, now=now + timedelta(days=67))


def test_a_party_withdraws_and_nothing_of_them_is_kept_and_the_applicant_is_told(
    groom, draft_id, guest, now
):
    word = sent_link(groom, draft_id, guest, now)
    confirmed(word, entry(word, guest, now), now)
    found = link_entered(word, entry(word, guest, now + timedelta(minutes=2)), now=now)
    with link_context(found):
        party_withdraw(found.part_id, now=now)

    row = part_rows().get()
    assert (row.ref, row.draft_id, row.values, row.digest) == ("", None, {}, "")
    assert state_of(groom, draft_id) == "DECLINED"
    with pytest.raises(PartyLinkGone):
        link_facts(word, now=now)
    event_relay(limit=1000, now=now + timedelta(minutes=1))
    assert [one.template for one in message_list(groom.account_id)] == ["party_declined"]
    with context_use(groom), pytest.raises(PartyLinkNeedless):
        party_link_send(joint(draft_id), row.pk, phone=PHONE, now=now)
    invite(groom, draft_id, guest, now)


def test_a_wrong_number_says_no_without_saying_who_it_is(groom, draft_id, guest, now):
    word = sent_link(groom, draft_id, guest, now)
    link_decline(word, now=now)
    assert state_of(groom, draft_id) == "DECLINED"

    word = sent_link(groom, draft_id, guest, now)
    entry(word, guest, now)
    with pytest.raises(PartyEntryNeeded):
        link_decline(word, now=now)
    assert part_rows().get(declined_at=None).ref


def test_an_invitation_by_number_lets_nobody_else_of_that_name_in(
    groom, couple, draft_id, guest, now
):
    other = test_parties_present.person(couple[1])
    with data_scope(purpose="测试"):
        Person.objects.filter(ref=guest["ref"]).update(name=other["name"])
    word = sent_link(
        groom, draft_id, {**guest, "name": other["name"]}, now, number=other["id_number"]
    )
    assert entry(word, guest, now) == ""
    assert part_rows().get().ref == ""


def test_the_pages_lead_from_the_text_message_to_the_confirmation(
    groom, draft_id, guest, now, client, django_user_model
):
    client.force_login(django_user_model.objects.get(pk=groom.account_id))
    parties = reverse("hall_applications:parties", args=[draft_id])
    wrong = {"invite": "spouse", "name": guest["name"], "phone": "123"}
    assert client.post(parties, wrong).status_code == 422
    client.post(parties, {**wrong, "phone": PHONE})
    assert "139****0002" in client.get(parties).content.decode()

    client.logout()
    home = reverse("hall_parties:link", args=[word_of(texts()[-1])])
    shown = client.get(home).content.decode()
    assert MARRIAGE not in shown
    assert groom.name not in shown
    assert client.get(home + "part/").url == home
    client.post(home, {"do": "code"})
    code = re.search(r"\b(\d{6})\b", texts()[-1])[1]
    assert client.post(home, {"do": "enter", "number": "1", "code": "1"}).status_code == 422
    link_rows().update(code_at=now - timedelta(minutes=5))
    client.post(home, {"do": "code"})
    code = re.search(r"\b(\d{6})\b", texts()[-1])[1]
    part = client.post(home, {"do": "enter", "number": guest["id_number"], "code": code})
    assert part.url == home + "part/"
    assert part.cookies["party_entry"]["path"] == home
    assert client.get(part.url)["Referrer-Policy"] == "same-origin"
    page = home + "pages/spouse/"
    assert guest["name"] in client.get(page).content.decode()
    assert client.post(page, {**PART, "go": "next"}).url == part.url
    assert groom.name in client.get(part.url).content.decode()
    client.post(part.url)
    assert "已确认" in client.get(part.url).content.decode()
    assert client.post(home + "close/").url == home
    assert client.get(part.url).url == home
    assert client.get(reverse("hall_parties:link", args=["x" * 22])).status_code == 404
