"""Several parties on one application: each as themselves, bound to what they confirmed, none sees the rest."""

from copy import deepcopy
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from tests.hall.test_applications import the_application, the_item
from yiwang.engines.api import draft_get, draft_post, form_get, form_put
from yiwang.hall.applications.actions.drafts import draft_begin, draft_drop
from yiwang.hall.applications.actions.submission import application_submit
from yiwang.hall.applications.actions.work import work_conclude
from yiwang.hall.applications.errors import ApplicationNotFound, SubmissionIncomplete
from yiwang.hall.applications.queries.access import application_rows, application_visible_get
from yiwang.hall.applications.queries.drafts import draft_context_get
from yiwang.hall.applications.queries.joint import joint_draft
from yiwang.hall.licences.queries import licence_list_by_source
from yiwang.hall.matters.form_versions import matter_form_use
from yiwang.hall.matters.queries import matter_get
from yiwang.hall.parties.actions import party_confirm, party_invite, party_join, party_remove
from yiwang.hall.parties.errors import (
    PartiesFull,
    PartyClosed,
    PartyCodeWrong,
    PartyIncomplete,
    PartyTwice,
    PartyUnknown,
)
from yiwang.hall.parties.queries import (
    case_rows,
    own_part_get,
    own_part_list,
    own_state,
    part_rows,
    parties_of_application,
    parties_of_draft,
    read_state,
)
from yiwang.hall.parties.rules import content_digest
from yiwang.identity.api import account_create, context_of_account, data_scope
from yiwang.kernel.api import context_system, context_use, event_relay
from yiwang.resources.registries.models import Person
from yiwang.sdk.errors import NotFound

MARRIAGE = "320714003000"
OWN = {"phone": "13800000001", "area_code": "320508", "both_free": "true", "not_related": "true"}
ASKS = "13800000009"
PART = {"spouse_phone": "13800000002", "spouse_free": "true"}


@pytest.fixture
def couple(city, now):
    """A man and a woman of the made city, of age, each with an account."""
    return [citizen(sex, now) for sex in ("1", "2")]


def citizen(sex: str, now):
    born = now.date() - timedelta(days=366 * 25)
    with context_use(context_system("测试")), data_scope(purpose="测试"):
        rows = Person.objects.filter(sex=sex, birth_date__lt=born, id_number__isnull=False)
        row = rows.order_by("-ref").values("ref", "name").first()
        account_id = account_create(
            f"p{row['ref'].lower()}",
            population="CITIZEN",
            name=row["name"],
            subject_ref=f"person:{row['ref']}",
            now=now,
        )
    return context_of_account(account_id)


def begin(first, now) -> int:
    with context_use(first):
        draft_id = draft_begin(MARRIAGE, now=now)
        type_in(draft_id, OWN, now)
    return draft_id


def type_in(draft_id: int, values: dict, now) -> None:
    for page in ("self", "statement"):
        draft_post(draft_id, post=values, page=page, now=now)


def invite(first, draft_id: int, name: str, now):
    with context_use(first):
        return party_invite(joint(draft_id), key="spouse", name=name, now=now)


def joint(draft_id: int):
    return joint_draft(draft_context_get(draft_id))


def confirmed(first, second, draft_id: int, now):
    invited = invite(first, draft_id, second.name, now)
    with context_use(second):
        own = party_join(invited.code, now=now)
        draft_post(own.draft_id, post=PART, page="spouse", now=now)
        return party_confirm(own.part.id, now=now)


def test_both_confirm_and_one_application_holds_what_each_entered(couple, city, now):
    first, second = couple
    draft_id = begin(first, now)
    part = confirmed(first, second, draft_id, now)
    with context_use(first):
        number = application_submit(draft_id, now=now).number

    application = the_application(number)
    assert application.form_data["name"] == first.name
    assert application.form_data["spouse_name"] == second.name
    assert application.form_data["spouse_phone"] == PART["spouse_phone"]
    (kept,) = parties_of_application(number)
    assert (kept.state, kept.digest) == ("CONFIRMED", part.digest)
    with context_use(city.staff("civil_affairs", "WINDOW_CLERK")):
        work_conclude(the_item(number).id, outcome="APPROVE", opinion="双方到场", now=now)
    assert len(licence_list_by_source(f"application:{number}")) == 1
    event_relay(limit=1000, now=timezone.now() + timedelta(minutes=1))
    with context_use(second):
        own = own_part_get(part.id)
        assert (own.case_state, own.number) == ("APPROVED", number)
        assert own.document_number
        assert own.values["spouse_name"] == second.name
        assert "name" not in own.values
        with pytest.raises(ApplicationNotFound):
            application_visible_get(number, purpose="测试")


def test_what_the_registry_knows_of_each_is_filled_in_for_each(couple, now):
    first, second = couple
    draft_id = begin(first, now)
    with context_use(first):
        assert "spouse_name" not in draft_get(draft_id).values
    invited = invite(first, draft_id, second.name, now)
    with context_use(second):
        own = party_join(invited.code, now=now)
    assert own.values["spouse_name"] == second.name
    assert own.values["spouse_sex"] == "2"


@pytest.mark.parametrize("stage", ["nobody", "invited", "joined"])
def test_without_the_confirmation_of_all_nothing_is_submitted(couple, now, stage):
    first, second = couple
    draft_id = begin(first, now)
    if stage != "nobody":
        invited = invite(first, draft_id, second.name, now)
    if stage == "joined":
        with context_use(second):
            party_join(invited.code, now=now)

    with context_use(first), pytest.raises(SubmissionIncomplete) as refusal:
        application_submit(draft_id, now=now)

    assert "party:spouse" in refusal.value.fields
    assert application_rows("测试").count() == 0


def test_a_change_by_the_applicant_makes_the_confirmation_void_until_given_again(couple, now):
    first, second = couple
    draft_id = begin(first, now)
    part = confirmed(first, second, draft_id, now)
    with context_use(first):
        type_in(draft_id, {**OWN, "phone": "13800000009"}, now)
        assert [one.state for one in parties_of_draft(joint(draft_id))] == ["VOID"]
        with pytest.raises(SubmissionIncomplete) as refusal:
            application_submit(draft_id, now=now)
        assert set(refusal.value.fields) == {"party:spouse"}
    assert application_rows("测试").count() == 0

    with context_use(second):
        again = party_confirm(part.id, now=now)
    assert again.digest != part.digest
    with context_use(first):
        assert application_submit(draft_id, now=now).is_new


def test_a_change_by_the_party_makes_their_own_confirmation_void(couple, now):
    first, second = couple
    draft_id = begin(first, now)
    part = confirmed(first, second, draft_id, now)
    with context_use(second):
        own = own_part_get(part.id)
        post = {**PART, "spouse_phone": "13900000000"}
        draft_post(own.draft_id, post=post, page="spouse", now=now)
        assert own_part_get(part.id).part.state == "VOID"


def test_the_condition_over_both_parties_is_judged_on_the_page_and_at_submission(couple, city, now):
    first, _second = couple
    other = citizen_beside(first, now)
    draft_id = begin(first, now)
    with pytest.raises(PartyIncomplete) as refusal:
        confirmed(first, other, draft_id, now)
    assert set(refusal.value.fields) == {"spouse_sex"}
    with context_use(first), pytest.raises(SubmissionIncomplete) as refusal:
        application_submit(draft_id, now=now)
    assert refusal.value.fields["spouse_sex"] == [f"{other.name}：结婚登记的双方应为一男一女。"]
    assert application_rows("测试").count() == 0


@pytest.fixture
def asking_form(city, now):
    """The form of the marriage, with questions of each party that the other's answers decide on."""
    with context_use(context_system("测试")):
        matter = matter_get(MARRIAGE)
        form = deepcopy(form_get(matter.form_version_id).definition)
        for name, page in (("spouse_note", 2), ("note", 1)):
            form["schema"]["properties"][name] = {"type": "string", "maxLength": 20}
            form["ui"]["pages"][page]["fields"].append(name)
            form["ui"]["fields"][name] = {"title": {"zh": "说明", "en": "Note"}}
        form["conditions"] = [
            {"when": f"phone == '{ASKS}'", "show": ["spouse_note"], "require": ["spouse_note"]},
            {"when": f"spouse_phone == '{ASKS}'", "require": ["note"]},
        ]
        version = form_put(form_get(matter.form_version_id).key, form, source="测试", now=now)
        matter_form_use(MARRIAGE, form_version_id=version.version_id, reason="测试", now=now)


def check_page(client, django_user_model, first, draft_id: int) -> str:
    client.force_login(django_user_model.objects.get(pk=first.account_id))
    return client.post(reverse("hall_applications:submit", args=[draft_id])).content.decode()


def test_what_the_applicant_answers_asks_more_of_the_party_on_their_page_and_at_submission(
    asking_form, couple, now, client, django_user_model
):
    first, second = couple
    draft_id = begin(first, now)
    part = confirmed(first, second, draft_id, now)
    with context_use(first):
        type_in(draft_id, {**OWN, "phone": ASKS}, now)
        with pytest.raises(SubmissionIncomplete) as refusal:
            application_submit(draft_id, now=now)
    assert set(refusal.value.fields) == {"spouse_note", "party:spouse"}
    assert refusal.value.fields["spouse_note"][0].startswith(f"{second.name}：")
    page = check_page(client, django_user_model, first, draft_id)
    parties = reverse("hall_applications:parties", args=[draft_id])
    assert f'<a href="{parties}#party-spouse">{second.name}：' in page
    assert "对方填报的部分还缺少内容" in client.get(parties).content.decode()

    client.force_login(django_user_model.objects.get(pk=second.account_id))
    shown = client.get(reverse("hall_parties:part", args=[part.id])).content.decode()
    assert "他人后来填报的内容" in shown
    with context_use(second):
        with pytest.raises(PartyIncomplete) as refusal:
            party_confirm(part.id, now=now)
        assert set(refusal.value.fields) == {"spouse_note"}
        own = own_part_get(part.id)
        assert ("phone" in own.values, "phone" in own_state(own).values) == (False, False)
        draft_post(own.draft_id, post={**PART, "spouse_note": "无"}, page="spouse", now=now)
        party_confirm(part.id, now=now)
    with context_use(first):
        number = application_submit(draft_id, now=now).number
    assert the_application(number).form_data["spouse_note"] == "无"
    with context_use(second):
        assert own_state(own_part_get(part.id)).values["spouse_note"] == "无"


def test_what_the_party_answers_asks_more_of_the_applicant_and_leads_to_their_page(
    asking_form, couple, now, client, django_user_model
):
    first, second = couple
    draft_id = begin(first, now)
    invited = invite(first, draft_id, second.name, now)
    with context_use(second):
        own = party_join(invited.code, now=now)
        post = {**PART, "spouse_phone": ASKS}
        draft_post(own.draft_id, post=post, page="spouse", now=now)
        party_confirm(own.part.id, now=now)
    with context_use(first), pytest.raises(SubmissionIncomplete) as refusal:
        application_submit(draft_id, now=now)
    assert set(refusal.value.fields) == {"note"}
    page = check_page(client, django_user_model, first, draft_id)
    statement = reverse("hall_applications:draft", args=[draft_id, "statement"])
    assert f'<li><a href="{statement}">' in page
    answer = client.post(statement, {"both_free": "true", "not_related": "true", "go": "next"})
    assert answer.status_code == 422
    assert ASKS not in answer.content.decode()


def citizen_beside(first, now):
    """Another person of the same sex."""
    born = now.date() - timedelta(days=366 * 25)
    taken = first.subject_ref.removeprefix("person:")
    with context_use(context_system("测试")), data_scope(purpose="测试"):
        rows = Person.objects.filter(sex="1", birth_date__lt=born, id_number__isnull=False)
        row = rows.exclude(ref=taken).order_by("-ref").values("ref", "name").first()
        account_id = account_create(
            f"q{row['ref'].lower()}",
            population="CITIZEN",
            name=row["name"],
            subject_ref=f"person:{row['ref']}",
            now=now,
        )
    return context_of_account(account_id)


def test_the_code_is_for_the_named_person_of_the_right_kind_and_works_once(couple, city, now):
    first, second = couple
    draft_id = begin(first, now)
    invited = invite(first, draft_id, second.name, now)
    for stranger in (city.context("elder"), city.context("agent")):
        with context_use(stranger), pytest.raises(PartyCodeWrong):
            party_join(invited.code, now=now)
    with context_use(second):
        party_join(invited.code, now=now)
        with pytest.raises(PartyCodeWrong):
            party_join(invited.code, now=now)
    with pytest.raises(PartiesFull):
        invite(first, draft_id, "王某某", now)


def test_the_applicant_is_no_other_party_of_their_own(couple, now):
    first, _second = couple
    invited = invite(first, begin(first, now), first.name, now)
    with context_use(first), pytest.raises(PartyTwice):
        party_join(invited.code, now=now)


def test_an_incomplete_part_cannot_be_confirmed(couple, now):
    first, second = couple
    invited = invite(first, begin(first, now), second.name, now)
    with context_use(second):
        own = party_join(invited.code, now=now)
        with pytest.raises(PartyIncomplete) as refusal:
            party_confirm(own.part.id, now=now)
        assert "spouse_free" in refusal.value.fields
        assert own_part_get(own.part.id).part.state == "JOINED"


def test_a_party_reads_what_the_matter_shows_and_nobody_else_reads_the_part(couple, city, now):
    first, second = couple
    draft_id = begin(first, now)
    part = confirmed(first, second, draft_id, now)
    with context_use(second):
        shown = read_state(part.id)
        assert [page.key for page in shown.pages] == ["self", "statement"]
        with pytest.raises(NotFound):
            draft_get(draft_id)
        with pytest.raises(PartyUnknown):
            with context_use(first):
                own_part_get(part.id)
    with context_use(city.context("elder")):
        assert own_part_list() == []
        with pytest.raises(PartyUnknown):
            party_confirm(part.id, now=now)


def test_taken_off_or_dropped_nothing_stays_of_what_a_party_entered(couple, now):
    first, second = couple
    draft_id = begin(first, now)
    part = confirmed(first, second, draft_id, now)
    with context_use(second):
        theirs = own_part_get(part.id).draft_id
    with context_use(first):
        party_remove(joint(draft_id), part.id)
    assert part_rows().count() == 0
    with context_use(second), pytest.raises(NotFound):
        draft_get(theirs)

    part = confirmed(first, second, draft_id, now)
    with context_use(first):
        draft_drop(draft_id, now=now)
    assert (part_rows().count(), case_rows().count()) == (0, 0)


def test_after_the_submission_nothing_of_a_part_can_be_changed(couple, now):
    first, second = couple
    draft_id = begin(first, now)
    part = confirmed(first, second, draft_id, now)
    with context_use(first):
        application_submit(draft_id, now=now)
    with context_use(second), pytest.raises(PartyClosed):
        party_confirm(part.id, now=now)


VALUES = st.dictionaries(st.sampled_from("abcd"), st.text(max_size=4), max_size=4)


@given(VALUES, VALUES, VALUES, VALUES)
def test_a_digest_is_the_same_exactly_for_the_same_content(first, own, other_first, other_own):
    one = content_digest(version_id=1, first=first, own=own)
    two = content_digest(version_id=1, first=other_first, own=other_own)
    assert (one == two) == ((first, own) == (other_first, other_own))


def test_the_pages_lead_both_to_one_application(couple, client, django_user_model):
    first, second = couple
    client.force_login(django_user_model.objects.get(pk=first.account_id))
    client.get(reverse("hall_applications:start", args=[MARRIAGE]))
    draft_id = case_draft(first)
    for page in ("self", "statement"):
        href = reverse("hall_applications:draft", args=[draft_id, page])
        answer = client.post(href, {**OWN, "go": "next"})
    parties = reverse("hall_applications:parties", args=[draft_id])
    assert answer.url == parties
    assert client.post(parties, {"invite": "spouse", "name": ""}).status_code == 422
    client.post(parties, {"invite": "spouse", "name": second.name})
    code = part_rows().get().code
    assert code in client.get(parties).content.decode()

    client.force_login(django_user_model.objects.get(pk=second.account_id))
    mine = reverse("hall_parties:mine")
    assert client.post(mine, {"code": "ABCDEFGH"}).status_code == 422
    page = client.post(mine, {"code": code}).url
    assert first.name in client.get(page).content.decode()
    part = client.post(page, {**PART, "go": "next"}).url
    assert first.name in client.get(part).content.decode()
    client.post(part)
    assert "已确认" in client.get(part).content.decode()

    client.force_login(django_user_model.objects.get(pk=first.account_id))
    check = client.get(reverse("hall_applications:check", args=[draft_id])).content.decode()
    assert second.name in check
    receipt = client.post(reverse("hall_applications:submit", args=[draft_id]))
    number = application_rows("测试").get().number
    assert receipt.url == reverse("hall_applications:receipt", args=[number])
    detail = client.get(reverse("hall_applications:detail", args=[number])).content.decode()
    assert "SHA-256" in detail


def case_draft(first) -> int:
    from yiwang.engines.api import draft_list

    with context_use(first):
        return draft_list(account_id=first.account_id)[0].id
