"""An enterprise as a party, by a link to the phone its registry entry holds: who acts for it proves that they may."""

import re
from copy import deepcopy
from dataclasses import dataclass
from datetime import date

import pytest
from django.urls import reverse

from tests.hall import test_parties, test_parties_links, test_parties_present
from tests.hall.test_parties import MARRIAGE, begin, joint
from tests.hall.test_parties_links import PHONE, code_for, texts, word_of
from yiwang.engines.api import draft_post, form_get, form_put
from yiwang.hall.applications.actions.submission import application_submit
from yiwang.hall.matters.form_versions import matter_form_use
from yiwang.hall.matters.models import MatterVersion
from yiwang.hall.matters.queries import STAMP, matter_get
from yiwang.hall.parties.actions import party_confirm, party_invite
from yiwang.hall.parties.entering import (
    link_context,
    link_enter,
    link_entered,
    link_facts,
    presence_of,
)
from yiwang.hall.parties.errors import PartyEntryNeeded, PartyPhoneUnknown
from yiwang.hall.parties.links import link_rows
from yiwang.hall.parties.queries import own_part_get, part_rows, parties_of_application
from yiwang.identity.api import (
    data_scope,
    delegation_accept,
    delegation_offer,
    delegation_revoke,
    delegation_use_list,
)
from yiwang.kernel.api import audit_list, context_system, context_use, stamp_renew
from yiwang.resources.registries.models import Enterprise
from yiwang.sdk.canonical import canonical_digest

couple, now = test_parties.couple, test_parties_links.now
bride, groom = test_parties_present.bride, test_parties_links.groom
FIRM = {"spouse_phone": "13800000002", "spouse_free": "true"}
TAKEN = ("spouse_id_number", "spouse_sex", "spouse_birth_date")


@pytest.fixture
def firm_form(city, now):
    """The marriage's matter with an enterprise as the other party: name from the legal-person registry."""
    with context_use(context_system("测试")):
        matter = matter_get(MARRIAGE)
        form = deepcopy(form_get(matter.form_version_id).definition)
        for name in TAKEN:  # an enterprise has none of them
            form["schema"]["required"].remove(name)
            del form["ui"]["fields"][name]["prefill"], form["ui"]["fields"][name]["locked"]
        form["ui"]["fields"]["spouse_name"]["prefill"] = "enterprise.name"
        del form["ui"]["fields"]["spouse_phone"]["prefill"]
        form["checks"] = form["checks"][:1]
        version = form_put(form_get(matter.form_version_id).key, form, source="测试", now=now)
        matter_form_use(MARRIAGE, form_version_id=version.version_id, reason="测试", now=now)
        row = MatterVersion.objects.filter(matter__code=MARRIAGE).latest("pk")
        row.spec["parties"][0]["kind"] = "enterprise"
        digest = canonical_digest(row.spec)
        MatterVersion.objects.filter(pk=row.pk).update(spec=row.spec, digest=digest)
        stamp_renew(STAMP)


@dataclass
class Firm:
    """An enterprise of the made city with a mobile phone, whose representative is somebody without an account."""

    agent: object
    uscc: str
    name: str
    head: dict


@pytest.fixture
def firm(city, firm_form, bride):
    agent = city.context("agent")
    uscc = agent.subject_ref.removeprefix("enterprise:")
    with data_scope(purpose="测试"):
        rows = Enterprise.objects.filter(uscc=uscc)
        rows.update(phone=PHONE, legal_representative_ref=bride["ref"])
        return Firm(agent, uscc, rows.latest("pk").name, bride)


@pytest.fixture
def draft_id(groom, firm, now):
    return begin(groom, now)


def invited(groom, draft_id, firm, now, **changes) -> str:
    given = {"name": firm.name, "number": firm.uscc, "by_link": True, **changes}
    with context_use(groom):
        party_invite(joint(draft_id), key="spouse", now=now, **given)
    return word_of(texts()[-1])


def entry(word: str, who: dict, now) -> str:
    return link_enter(
        word, number=who["id_number"], name=who["name"], code=code_for(word, now), now=now
    )


def confirmed(word: str, kept: str, now):
    found = link_entered(word, kept, now=now)
    with link_context(found):
        at = presence_of(found)
        own = own_part_get(found.part_id, at=at)
        draft_post(own.draft_id, post=FIRM, page="spouse", now=now)
        return party_confirm(found.part_id, at=at, now=now)


@pytest.fixture
def helper(couple, now):
    """A citizen with an account, and the registry's facts about them."""
    other = couple[1]
    return other, test_parties_present.person(other)


def authorise(firm, deputy, now, *, code: str = MARRIAGE):
    with context_use(firm.agent):
        found = delegation_offer(
            deputy_name=deputy.name, scope="MATTER", scope_value=code,
            scope_title={"zh": "事项", "en": "Matter"}, to_date=date(2026, 12, 31), now=now,
        )  # fmt: skip
    with context_use(deputy):
        return delegation_accept(found.code, now=now)


def test_the_representative_comes_by_a_link_to_the_registered_phone_and_the_enterprise_takes_part(
    groom, draft_id, firm, now
):
    word = invited(groom, draft_id, firm, now)
    assert firm.name in texts()[-1]
    assert link_facts(word, now=now).enterprise == firm.name
    part = confirmed(word, entry(word, firm.head, now), now)

    assert (part.state, part.signed_name, part.signed_as) == (
        "CONFIRMED", firm.head["name"], "REPRESENTATIVE",
    )  # fmt: skip
    row = part_rows().get()
    assert (row.ref, row.values) == (f"enterprise:{firm.uscc}", {})
    reads = audit_list(subject=f"party:{row.pk}", limit=20)
    assert {"link": link_rows().get().pk, "for": row.ref, "as": "REPRESENTATIVE"} in [
        one["detail"] for one in reads
    ]
    with context_use(groom):
        number = application_submit(draft_id, now=now).number
    (kept,) = parties_of_application(number)
    assert (kept.state, kept.signed_as, kept.name) == ("CONFIRMED", "REPRESENTATIVE", firm.name)
    assert part_rows().get().values["spouse_name"] == firm.name


def test_a_deputy_comes_in_within_the_scope_that_the_enterprise_gave_and_the_use_is_on_record(
    groom, draft_id, firm, helper, now
):
    deputy, facts = helper
    given = authorise(firm, deputy, now)
    word = invited(groom, draft_id, firm, now)
    part = confirmed(word, entry(word, facts, now), now)
    assert (part.signed_name, part.signed_as) == (deputy.name, "DEPUTY")
    with context_use(deputy):
        uses = [(one.act, one.subject) for one in delegation_use_list(given.id)]
    assert uses == [("CONFIRM", f"party:{part.id}")]


def test_who_may_not_act_for_the_enterprise_does_not_come_in(groom, draft_id, firm, helper, now):
    deputy, facts = helper
    word = invited(groom, draft_id, firm, now)
    assert entry(word, facts, now) == ""
    authorise(firm, deputy, now, code="320709001000")
    later = now.replace(minute=now.minute + 5)
    assert entry(word, facts, later) == ""
    assert (part_rows().get().ref, link_rows().get().by_ref) == ("", None)


def test_once_the_authorisation_has_ended_the_deputy_is_out_at_once(
    groom, draft_id, firm, helper, now
):
    deputy, facts = helper
    given = authorise(firm, deputy, now)
    word = invited(groom, draft_id, firm, now)
    kept = entry(word, facts, now)
    with context_use(firm.agent):
        delegation_revoke(given.id, now=now)
    with pytest.raises(PartyEntryNeeded):
        confirmed(word, kept, now)
    assert part_rows().get().confirmed_at is None


@pytest.mark.parametrize("lacking", ["number", "phone", "name"])
def test_without_code_name_or_mobile_phone_in_the_register_no_link_is_sent(
    groom, draft_id, firm, now, lacking
):
    if lacking == "phone":
        with data_scope(purpose="测试"):
            Enterprise.objects.filter(uscc=firm.uscc).update(phone="0512-66123456")
    changes = {"number": {"number": ""}, "name": {"name": "别的有限公司"}, "phone": {}}[lacking]
    with pytest.raises(PartyPhoneUnknown):
        invited(groom, draft_id, firm, now, **changes)
    assert (part_rows().count(), link_rows().count(), texts()) == (0, 0, [])


def test_the_pages_ask_for_name_and_number_and_say_who_confirmed(
    groom, draft_id, firm, now, client, django_user_model
):
    client.force_login(django_user_model.objects.get(pk=groom.account_id))
    parties = reverse("hall_applications:parties", args=[draft_id])
    posted = {"invite": "spouse", "name": firm.name, "by_link": "on"}
    refused = client.post(parties, posted)
    assert (refused.status_code, "须有手机号码" in refused.content.decode()) == (422, True)
    assert client.post(parties, {**posted, "number": firm.uscc}).status_code == 302
    home = reverse("hall_parties:link", args=[word_of(texts()[-1])])
    client.logout()
    assert 'name="name"' in client.get(home).content.decode()
    client.post(home, {"do": "code"})
    code = re.search(r"\b(\d{6})\b", texts()[-1])[1]
    typed = {"do": "enter", "number": firm.head["id_number"], "name": firm.head["name"]}
    part = client.post(home, {**typed, "code": code})
    assert part.url == home + "part/"
    assert client.post(home + "pages/spouse/", {**FIRM, "go": "next"}).url == part.url
    client.post(part.url)
    assert "法定代表人" in client.get(part.url).content.decode()
