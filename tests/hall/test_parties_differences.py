"""A party whose two devices typed different things chooses before confirming, however they came."""

import pytest
from django.urls import reverse

from tests.hall import test_parties, test_parties_links
from tests.hall.test_parties import PART, begin, confirmed, invite, joint
from tests.hall.test_parties_links import code_for, sent_link
from yiwang.engines.api import draft_get, draft_post
from yiwang.hall.applications.actions.submission import application_submit
from yiwang.hall.applications.errors import SubmissionIncomplete
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.parties.actions import party_confirm, party_join
from yiwang.hall.parties.errors import PartyDisputed
from yiwang.hall.parties.queries import own_part_get, part_rows, parties_of_draft
from yiwang.kernel.api import context_use

couple, now = test_parties.couple, test_parties_links.now
bride, guest, groom = test_parties_links.bride, test_parties_links.guest, test_parties_links.groom
OTHER = "13900000009"


def differ(draft_id: int, now, *, page: str = "spouse") -> None:
    """Type one thing on one device and another on the second, both from the page as it is."""
    revision = draft_get(draft_id).revision
    for phone in (PART["spouse_phone"], OTHER):
        post = {**PART, "spouse_phone": phone, "_revision": str(revision)}
        saved = draft_post(draft_id, post=post, page=page, now=now)
    assert list(saved.conflicts) == ["spouse_phone"]


def choose(client, address: str, choice: str):
    """Choose on the page of differences, as a person does."""
    page = client.get(address).content.decode()
    seen = page.partition('name="seen" value="')[2].partition('"')[0]
    return client.post(address, {"seen": seen, "choice-spouse_phone": choice})


def test_nothing_is_confirmed_before_the_party_has_chosen(couple, now, client, django_user_model):
    first, second = couple
    draft_id = begin(first, now)
    invited = invite(first, draft_id, second.name, now)
    with context_use(second):
        own = party_join(invited.code, now=now)
        differ(own.draft_id, now)
        with pytest.raises(PartyDisputed) as refusal:
            party_confirm(own.part.id, now=now)
    assert set(refusal.value.fields) == {"spouse_phone"}
    assert part_rows().get().confirmed_at is None

    client.force_login(django_user_model.objects.get(pk=second.account_id))
    part = reverse("hall_parties:part", args=[own.part.id])
    refused = client.post(part)
    compare = reverse("engines_forms:differences", args=[own.draft_id])
    assert (refused.status_code, "请比对并选定正确的内容" in refused.content.decode()) == (
        422,
        True,
    )
    assert f'href="{compare}?back={part}"' in refused.content.decode()
    assert choose(client, f"{compare}?back={part}", "0").status_code in (200, 302)
    assert client.post(part).url == part
    with context_use(second):
        assert own_part_get(own.part.id).values["spouse_phone"] == OTHER
        assert own_part_get(own.part.id).part.state == "CONFIRMED"


def test_what_another_device_typed_since_makes_the_confirmation_void(couple, now):
    first, second = couple
    draft_id = begin(first, now)
    part = confirmed(first, second, draft_id, now)
    with context_use(second):
        own = own_part_get(part.id)
        post = {**PART, "spouse_phone": OTHER, "_revision": "1"}
        saved = draft_post(own.draft_id, post=post, page="spouse", now=now)
        assert (saved.values["spouse_phone"], saved.disputed) == (
            PART["spouse_phone"], ("spouse_phone",),
        )  # fmt: skip
        with pytest.raises(PartyDisputed):
            party_confirm(part.id, now=now)
    with context_use(first):
        assert [one.state for one in parties_of_draft(joint(draft_id))] == ["VOID"]
        with pytest.raises(SubmissionIncomplete):
            application_submit(draft_id, now=now)
    assert application_rows("测试").count() == 0


def test_who_came_by_a_link_compares_and_chooses_without_signing_in(
    groom, guest, now, client, django_user_model
):
    draft_id = begin(groom, now)
    word = sent_link(groom, draft_id, guest, now)
    home = reverse("hall_parties:link", args=[word])
    code = code_for(word, now)
    client.post(home, {"do": "enter", "number": guest["id_number"], "code": code})
    page, compare = home + "pages/spouse/", home + "differences/"
    assert client.post(page, {**PART, "_revision": "1"}).status_code == 200
    answer = client.post(page, {**PART, "spouse_phone": OTHER, "_revision": "1", "go": "next"})
    assert answer.url.startswith(compare + "?back=")
    assert client.post(home + "part/").status_code == 422
    assert f'href="{compare}?back=' in client.get(home + "part/").content.decode()
    assert choose(client, compare, "kept").url == home + "part/"
    assert client.post(home + "part/").status_code == 302
    row = part_rows().get()
    assert row.confirmed_at is not None
    client.post(home + "close/")
    assert client.get(compare).url == home
