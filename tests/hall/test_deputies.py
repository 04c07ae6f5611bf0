"""A citizen lets another act: within the scope, until the day, revocable, every use on record."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from tests.hall.test_applications import ELDER_CARD, FILLED, fill, the_application, the_item
from yiwang.hall.applications.actions.applicant import application_withdraw, correction_answer
from yiwang.hall.applications.actions.filing import draft_begin_for
from yiwang.hall.applications.actions.submission import application_submit
from yiwang.hall.applications.actions.work import correction_request
from yiwang.hall.applications.errors import ApplicationNotFound
from yiwang.hall.applications.filing import Filing, acting_for
from yiwang.hall.applications.models import DraftCase
from yiwang.hall.applications.queries.access import application_rows, application_visible_get
from yiwang.hall.applications.queries.drafts import draft_context_get, draft_open_list
from yiwang.identity.accounts.models import DelegationUse
from yiwang.identity.api import (
    DelegationCodeWrong,
    DelegationMissing,
    delegation_accept,
    delegation_get,
    delegation_given_list,
    delegation_held_list,
    delegation_offer,
    delegation_revoke,
    delegation_use_list,
)
from yiwang.kernel.api import audit_list, context_use, event_relay
from yiwang.sdk.errors import Invalid, NotFound

# The clock stands still, also for the question whether a delegation holds.
pytestmark = pytest.mark.usefixtures("still")
TITLE = {"zh": "老年人优待证", "en": "Senior citizen card"}


def offer(city, now, *, scope="MATTER", value=ELDER_CARD, until=date(2026, 12, 31), **more):
    with context_use(city.context("elder")):
        return delegation_offer(
            deputy_name=more.get("deputy_name", city.context("citizen").name),
            scope=scope,
            scope_value=value,
            scope_title=TITLE,
            to_date=until,
            now=now,
        )


def authorised(city, now, **more):
    found = offer(city, now, **more)
    with context_use(city.context("citizen")):
        return delegation_accept(found.code, now=now)


def begin(city, delegation, now, code=ELDER_CARD) -> int:
    deputy = city.context("citizen")
    with context_use(deputy):
        return draft_begin_for(
            code,
            applicant_ref=delegation.principal_ref,
            filing=Filing(by_name=deputy.name, delegation_id=delegation.id),
            now=now,
        )


def submit(city, draft_id, delegation, now) -> str:
    with context_use(city.context("citizen")), acting_for(delegation.principal_ref):
        fill(draft_id, FILLED, now=now)
        return application_submit(draft_id, now=now).number


def test_a_deputy_applies_and_everything_says_so(city, now):
    delegation = authorised(city, now)
    number = submit(city, begin(city, delegation, now), delegation, now)

    elder, deputy = city.context("elder"), city.context("citizen")
    application = the_application(number)
    assert application.applicant_ref == elder.subject_ref
    assert application.account_id == elder.account_id
    assert (application.filed_by_id, application.filed_by_name) == (deputy.account_id, deputy.name)
    assert application.channel == "ONLINE"
    for person in (elder, deputy):
        with context_use(person):
            assert application_visible_get(number, purpose="测试").pk == application.pk
            uses = delegation_use_list(delegation.id)
        assert [(use.act, use.subject.split(":")[0]) for use in uses] == [
            ("SUBMIT", "application"),
            ("DRAFT", "draft"),
        ]
    looked = audit_list(person_ref=elder.subject_ref.removeprefix("person:"))
    reads = [row["actor_name"] for row in looked if row["act"] == "registries.read"]
    assert reads == [deputy.name]


def test_a_deputy_answers_a_correction_and_may_not_withdraw(city, now):
    delegation = authorised(city, now)
    number = submit(city, begin(city, delegation, now), delegation, now)
    with context_use(city.staff("civil_affairs", "WINDOW_CLERK")):
        correction_request(
            the_item(number).id,
            items=[{"kind": "field", "key": "phone", "title": TITLE, "what": "请更正"}],
            legal_basis="《行政许可法》第三十二条",
            now=now,
        )
    correction = the_application(number).corrections.get()
    with context_use(city.context("citizen")):
        with pytest.raises(ApplicationNotFound):
            application_withdraw(number, now=now)
        correction_answer(number, correction.pk, values={"phone": "13900000009"}, files={}, now=now)
        uses = delegation_use_list(delegation.id)

    assert the_application(number).form_data["phone"] == "13900000009"
    assert uses[0].act == "CORRECT"
    with context_use(city.context("agent")), pytest.raises(ApplicationNotFound):
        correction_answer(number, correction.pk, values={}, files={}, now=now)


def test_both_see_the_delegation_and_only_the_principal_the_code(city, now):
    delegation = authorised(city, now)
    today = now.date()
    with context_use(city.context("elder")):
        given = delegation_given_list(today)
    with context_use(city.context("citizen")):
        held = delegation_held_list(today)
    assert [one.id for one in given] == [one.id for one in held] == [delegation.id]
    assert len(given[0].code) == 8
    assert held[0].code == ""
    with context_use(city.context("agent")), pytest.raises(NotFound):
        delegation_get(delegation.id)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"value": "322014009999"}, ELDER_CARD),
        ({"scope": "THEME", "value": "住房保障"}, ELDER_CARD),
    ],
)
def test_what_is_outside_the_scope_is_refused(city, now, more, code):
    delegation = authorised(city, now, **more)
    with pytest.raises(DelegationMissing):
        begin(city, delegation, now, code)
    assert DraftCase.objects.count() == 0


def test_a_theme_covers_its_matters(city, now):
    delegation = authorised(city, now, scope="THEME", value="社会保障")
    assert begin(city, delegation, now) > 0


def test_after_the_last_day_nothing_more_can_be_done_and_nothing_is_seen(city, now, monkeypatch):
    delegation = authorised(city, now, until=now.date())
    first = begin(city, delegation, now)
    number = submit(city, first, delegation, now)
    second = begin(city, delegation, now)
    monkeypatch.setattr("django.utils.timezone.now", lambda: now + timedelta(days=1))

    with context_use(city.context("citizen")):
        for refused in (
            lambda: begin(city, delegation, now),
            lambda: draft_context_get(second),
            lambda: submit(city, second, delegation, now),
        ):
            with pytest.raises(DelegationMissing):
                refused()
        with pytest.raises(ApplicationNotFound):
            application_visible_get(number, purpose="测试")
        assert draft_open_list() == []
    assert application_rows("测试").count() == 1


def test_taken_back_it_ends_at_once_and_what_was_begun_is_thrown_away(city, now):
    delegation = authorised(city, now)
    draft_id = begin(city, delegation, now)
    with context_use(city.context("elder")):
        delegation_revoke(delegation.id, now=now)
        with pytest.raises(NotFound):
            delegation_revoke(delegation.id, now=now)

    with context_use(city.context("citizen")), pytest.raises(DelegationMissing):
        draft_context_get(draft_id)
    event_relay(limit=1000, now=now)
    assert DraftCase.objects.count() == 0


def test_the_code_works_once_and_for_the_named_person_only(city, now):
    found = offer(city, now)
    elder, citizen = city.context("elder"), city.context("citizen")
    stranger = offer(city, now, deputy_name="王某某")
    with context_use(elder), pytest.raises(DelegationCodeWrong):
        delegation_accept(found.code, now=now)
    with context_use(citizen):
        with pytest.raises(DelegationCodeWrong):
            delegation_accept(stranger.code, now=now)
        assert delegation_accept(f" {found.code.lower()} ", now=now).state == "RUNNING"
        with pytest.raises(DelegationCodeWrong):
            delegation_accept(found.code, now=now)


def test_an_offer_names_another_person_a_scope_and_a_day_within_a_year(city, now):
    for until, more, field in (
        (now.date() - timedelta(days=1), {}, "to_date"),
        (now.date() + timedelta(days=367), {}, "to_date"),
        (now.date(), {"deputy_name": city.context("elder").name}, "deputy_name"),
        (now.date(), {"value": ""}, "scope_value"),
    ):
        with pytest.raises(Invalid) as refusal:
            offer(city, now, until=until, **more)
        assert set(refusal.value.fields) == {field}
    with context_use(city.context("elder")):
        assert delegation_given_list(now.date()) == []


def test_somebody_elses_delegation_is_of_no_use(city, now):
    delegation = authorised(city, now)
    other = replace(city.context("citizen"), account_id=city.context("agent").account_id)
    with context_use(other), pytest.raises(DelegationMissing):
        draft_begin_for(
            ELDER_CARD,
            applicant_ref=delegation.principal_ref,
            filing=Filing(by_name="x", delegation_id=delegation.id),
            now=now,
        )
    with context_use(city.context("citizen")), pytest.raises(DelegationMissing):
        draft_begin_for(
            ELDER_CARD,
            applicant_ref="person:P0000000000",
            filing=Filing(by_name="x", delegation_id=delegation.id),
            now=now,
        )


def test_a_recorded_use_can_neither_be_changed_nor_deleted(city, now):
    begin(city, authorised(city, now), now)
    for change in (
        lambda: DelegationUse.objects.update(act="X"),
        lambda: DelegationUse.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert DelegationUse.objects.get().act == "DRAFT"


def test_the_pages_lead_from_the_code_to_an_application_filed_for_another(city, client):
    elder, deputy = city.context("elder"), city.context("citizen")
    page = reverse("portal_spaces:delegations")
    client.force_login(city.account("elder"))
    offered = client.post(
        page,
        {
            "do": "offer",
            "deputy_name": deputy.name,
            "scope_value": f"MATTER:{ELDER_CARD}",
            "to_date": (timezone.localdate() + timedelta(days=30)).isoformat(),
        },
    )
    with context_use(elder):
        found = delegation_given_list(date(2026, 11, 20))[0]
    assert found.code in client.get(offered.url).content.decode()

    client.force_login(city.account("citizen"))
    wrong = client.post(page, {"do": "accept", "code": "ABCDEFGH"})
    assert wrong.status_code == 422
    accepted = client.post(page, {"do": "accept", "code": found.code})
    assert "老年人优待证" in client.get(accepted.url).content.decode()
    begun = client.post(reverse("hall_applications:start_for", args=[ELDER_CARD, found.id]))
    draft_id = DraftCase.objects.get().draft_id
    first = client.get(client.get(begun.url).url).content.decode()
    assert f"您正在代{elder.name}填报" in first
    for key, typed in (("person", {}), ("contact", FILLED)):
        client.post(
            reverse("hall_applications:draft", args=[draft_id, key]), {**typed, "go": "next"}
        )
    receipt = client.post(reverse("hall_applications:submit", args=[draft_id]))
    number = application_rows("测试").get().number
    assert receipt.url == reverse("hall_applications:receipt", args=[number])
    detail = client.get(reverse("hall_applications:detail", args=[number])).content.decode()
    assert f"由{deputy.name}代{elder.name}申报" in detail
