"""A deputy begins and carries a bundle for another person or an enterprise: within scope and expiry, both told."""

from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tests.hall import test_bundles, test_windows
from tests.hall.test_bundles import (
    ACCEPT,
    AGREE,
    APPROVE,
    NO,
    RESIDENT,
    RESTAURANT,
    answers,
    application_of,
    decide,
    fill,
    states,
)
from tests.pictures import PDF
from yiwang.hall.applications.filing import Filing, acting_for
from yiwang.hall.applications.queries.access import application_rows, application_visible_get
from yiwang.hall.bundles.actions.cases import bundle_withdraw
from yiwang.hall.bundles.actions.drafts import bundle_document_attach, bundle_draft_begin_for
from yiwang.hall.bundles.actions.submission import bundle_submit
from yiwang.hall.bundles.errors import BundleNotFound
from yiwang.hall.bundles.models import BundleCase, BundleDraft, BundleItem
from yiwang.hall.bundles.queries.bundles import bundle_get, bundle_scope_list
from yiwang.hall.bundles.queries.cases import bundle_case_get, bundle_case_list
from yiwang.hall.bundles.queries.drafts import bundle_draft_get, bundle_sheet
from yiwang.hall.messages.queries import message_list
from yiwang.identity.api import (
    DelegationMissing,
    data_scope,
    delegation_accept,
    delegation_offer,
    delegation_revoke,
    delegation_use_list,
)
from yiwang.kernel.api import context_use, event_relay
from yiwang.sdk.errors import Invalid, NotFound

now, resident, agent = test_windows.now, test_bundles.resident, test_bundles.agent
PERMIT = "320709001000"
WITH_INSURANCE = {**NO, "needs_insurance": "YES"}
TITLE = {"zh": "范围", "en": "Scope"}


@pytest.fixture
def deputy(city):
    return city.context("citizen")


def scope_of(key: str) -> tuple[str, ...]:
    kind = bundle_get(key).spec.kind
    return next(tuple(one.matters) for one in bundle_scope_list(kind) if one.key == key)


def authorised(principal, deputy, now, *, scope="BUNDLE", value=RESIDENT, matters=None):
    with context_use(principal):
        found = delegation_offer(
            deputy_name=deputy.name,
            scope=scope,
            scope_value=value,
            scope_title=TITLE,
            to_date=date(2026, 12, 31),
            matters=scope_of(value) if matters is None and scope == "BUNDLE" else matters or (),
            now=now,
        )
    with context_use(deputy):
        return delegation_accept(found.code, now=now)


def begin(deputy, delegation, now, key=RESIDENT) -> int:
    with context_use(deputy):
        return bundle_draft_begin_for(
            key,
            applicant_ref=delegation.principal_ref,
            filing=Filing(by_name=deputy.name, delegation_id=delegation.id),
            now=now,
        )


def filled(deputy, delegation, draft_id, now, key=RESIDENT, **values) -> None:
    with context_use(deputy), acting_for(delegation.principal_ref):
        fill(draft_id, answers(bundle_get(key), **values), now=now)
        for one in bundle_sheet(bundle_draft_get(draft_id), now=now).documents:
            if not one.is_satisfied:
                file = SimpleUploadedFile("a.pdf", PDF, content_type="application/pdf")
                bundle_document_attach(draft_id, one.key, file=file, now=now)


def file_it(deputy, delegation, now, key=RESIDENT, **values):
    draft_id = begin(deputy, delegation, now, key)
    filled(deputy, delegation, draft_id, now, key, **values)
    with context_use(deputy), acting_for(delegation.principal_ref):
        return bundle_submit(draft_id, now=now)


def told(person) -> list[str]:
    return [one.template for one in message_list(person.account_id)]


def test_a_deputy_carries_a_bundle_and_both_see_it_and_are_told(resident, deputy, now):
    delegation = authorised(resident, deputy, now)
    number = file_it(deputy, delegation, now, **WITH_INSURANCE).number

    with data_scope(purpose="测试"):
        case = BundleCase.objects.get()
    assert (case.applicant_ref, case.account_id) == (resident.subject_ref, resident.account_id)
    assert (case.filed_by_id, case.delegation_id) == (deputy.account_id, delegation.id)
    permit = application_of(number, "permit")
    event_relay(limit=1000, now=now + timedelta(minutes=1))
    assert "bundle_submitted" in told(resident)
    assert "bundle_filed_for" in told(deputy)
    for person in (resident, deputy):
        assert states(number, person, now=now) == {"permit": "FILED", "insurance": "WAITING"}
        with context_use(person):
            assert application_visible_get(permit, purpose="测试").delegation_id == delegation.id
            uses = [(use.act, use.subject) for use in delegation_use_list(delegation.id)]
        assert uses[:2] == [("SUBMIT", f"bundle:{number}"), ("SUBMIT", f"application:{permit}")]
    with context_use(deputy):
        assert [one.applicant for one in bundle_case_list()] == [resident.name]
        with pytest.raises(BundleNotFound):
            bundle_withdraw(number, now=now)

    later = decide(permit, ACCEPT, AGREE, APPROVE, now=now)
    insurance = application_of(number, "insurance")
    row = application_rows("测试").get(number=insurance)
    assert (row.applicant_ref, row.filed_by_name) == (resident.subject_ref, deputy.name)
    assert (row.account_id, row.delegation_id) == (resident.account_id, delegation.id)
    decide(insurance, APPROVE, now=later)
    assert "bundle_ended" in told(resident)
    assert "bundle_ended_for" in told(deputy)


def test_each_matter_is_checked_against_the_scope_and_what_is_outside_is_left_out_with_the_reason(
    resident, deputy, now
):
    delegation = authorised(resident, deputy, now, scope="MATTER", value=PERMIT)
    draft_id = begin(deputy, delegation, now)
    filled(deputy, delegation, draft_id, now, needs_insurance="YES", teaches="NO", trained="YES")
    with context_use(deputy), acting_for(resident.subject_ref):
        sheet = bundle_sheet(bundle_draft_get(draft_id), now=now)
        assert sheet.plan == ("permit",)
        barred = {one.key: one.barred["zh"] for one in sheet.chosen if one.applies and one.barred}
        assert set(barred) == {"insurance", "subsidy"}
        assert barred["subsidy"].startswith("不在委托范围内")
        number = bundle_submit(draft_id, now=now).number
    assert list(BundleItem.objects.values_list("matter_code", flat=True)) == [PERMIT]
    assert states(number, deputy, now=now) == {"permit": "FILED"}


@pytest.mark.parametrize(
    "more",
    [
        {"scope": "MATTER", "value": "322014009999"},
        {"scope": "THEME", "value": "住房保障"},
        {"matters": ("322014009999",)},
    ],
)
def test_a_bundle_of_which_nothing_is_covered_is_refused(resident, deputy, now, more):
    delegation = authorised(resident, deputy, now, **more)
    with pytest.raises(DelegationMissing):
        begin(deputy, delegation, now)
    assert not BundleDraft.objects.exists()


def test_a_bundle_is_authorised_with_its_matters_named(resident, deputy, now):
    with pytest.raises(Invalid):
        authorised(resident, deputy, now, matters=())


def test_when_the_authorisation_ends_the_draft_goes_and_what_waits_is_asked_of_the_applicant(
    resident, deputy, now
):
    delegation = authorised(resident, deputy, now)
    number = file_it(deputy, delegation, now, **WITH_INSURANCE).number
    begin(deputy, delegation, now)
    with context_use(resident):
        delegation_revoke(delegation.id, now=now)
    event_relay(limit=1000, now=now + timedelta(minutes=1))
    assert not BundleDraft.objects.exists()
    with context_use(deputy), pytest.raises(NotFound):
        bundle_case_get(number, now=now)

    decide(application_of(number, "permit"), ACCEPT, AGREE, APPROVE, now=now)

    item = BundleItem.objects.get(key="insurance")
    assert (item.state, item.application_number) == ("ATTENTION", "")
    assert item.reasons[0]["text"]["zh"].startswith("您未获委托")
    assert "bundle_attention" in told(resident)
    assert "bundle_needs_applicant" not in told(deputy)
    with context_use(resident):
        assert bundle_case_get(number, now=now).is_own
    assert application_rows("测试").count() == 1


def test_after_its_last_day_nothing_more_is_done_under_it(resident, deputy, now, monkeypatch):
    delegation = authorised(resident, deputy, now)
    draft_id = begin(deputy, delegation, now)
    monkeypatch.setattr("django.utils.timezone.now", lambda: now + timedelta(days=60))
    with context_use(deputy), acting_for(resident.subject_ref), pytest.raises(DelegationMissing):
        bundle_submit(draft_id, now=now + timedelta(days=60))
    with data_scope(purpose="测试"):
        assert not BundleCase.objects.exists()


def test_an_enterprise_authorises_somebody_who_files_its_bundle(agent, deputy, now):
    delegation = authorised(agent, deputy, now, value=RESTAURANT)
    assert delegation.principal_ref == agent.subject_ref
    number = file_it(deputy, delegation, now, RESTAURANT, renovates="NO", other_trade="NO").number
    with data_scope(purpose="测试"):
        case = BundleCase.objects.get(number=number)
    assert (case.applicant_ref, case.account_id) == (agent.subject_ref, agent.account_id)
    for one in (agent, deputy):
        assert "drainage" in states(number, one, now=now)
    event_relay(limit=1000, now=now + timedelta(minutes=1))
    assert "delegation_accepted" in told(agent)
    assert "bundle_submitted" in told(agent)


def test_the_pages_lead_from_the_authorisation_to_the_form_and_back_to_the_list(
    city, resident, deputy, now, client
):
    client.force_login(city.account("citizen"))
    assert "您还没有代他人办理" in client.get(reverse("portal_spaces:filings")).content.decode()
    delegation = authorised(resident, deputy, now)
    page = client.get(reverse("portal_spaces:delegation", args=[delegation.id])).content.decode()
    start = reverse("hall_bundles:start_for", args=[RESIDENT, delegation.id])
    assert start in page
    answer = client.post(start, follow=True)
    assert resident.name in answer.content.decode()
    draft_id = BundleDraft.objects.get().draft_id
    filled(deputy, delegation, draft_id, now, **NO)
    receipt = client.post(reverse("hall_bundles:submit", args=[draft_id])).url
    number = receipt.split("/")[-3]
    assert resident.name in client.get(receipt).content.decode()
    case = client.get(reverse("hall_bundles:case", args=[number])).content.decode()
    assert "代他人办理" in case
    assert "withdraw" not in case
    shown = client.get(reverse("portal_spaces:filings")).content.decode()
    assert number in shown
    assert application_of(number, "permit") in shown
    found = {"principal": resident.name, "channel": "ONLINE"}
    assert number in client.get(reverse("portal_spaces:filings"), found).content.decode()
    none = client.get(reverse("portal_spaces:filings"), {"channel": "WINDOW"}).content.decode()
    assert number not in none
    answer = client.get(reverse("portal_spaces:filings"), {"export": "csv"})
    sheet = b"".join(answer.streaming_content).decode()
    assert (resident.name in sheet, len(sheet.splitlines())) == (True, 3)
