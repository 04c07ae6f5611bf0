"""A clerk takes a bundle in for somebody whom the visitor was authorised by: scope, expiry, and what comes later."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from tests.hall import test_bundles, test_parties_present, test_windows
from tests.hall.test_bundles import (
    ACCEPT,
    AGREE,
    APPROVE,
    RESIDENT,
    answers,
    application_of,
    decide,
    fill,
)
from tests.hall.test_bundles_deputies import authorised
from tests.hall.test_windows_bundles import GIVEN, visit_of
from tests.pictures import PDF
from yiwang.hall.applications.filing import acting_for
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.bundles.actions.drafts import bundle_document_attach
from yiwang.hall.bundles.actions.submission import bundle_submit
from yiwang.hall.bundles.models import BundleCase, BundleDraft
from yiwang.hall.bundles.queries.bundles import bundle_get
from yiwang.hall.bundles.queries.drafts import bundle_draft_get, bundle_sheet
from yiwang.hall.messages.queries import message_list
from yiwang.hall.windows.actions import visit_bundle_begin, visit_end
from yiwang.hall.windows.errors import MandateElsewhere, MandateEnded, MandateNotFound
from yiwang.hall.windows.models import Taking
from yiwang.identity.api import data_scope, delegation_revoke, delegation_use_list
from yiwang.kernel.api import context_use, event_relay

clerk, windows, now = test_windows.clerk, test_windows.windows, test_windows.now
resident = test_bundles.resident
PERMIT = "320709001000"


@pytest.fixture
def deputy(city):
    return city.context("citizen")


@pytest.fixture
def visit(clerk, windows, deputy, now):
    """The deputy stands at the window of a hall."""
    return visit_of(clerk, test_parties_present.person(deputy), now)


def begun(clerk, visit, principal, mandate, now) -> int:
    with context_use(clerk):
        draft_id = visit_bundle_begin(visit.number, RESIDENT, mandate_id=mandate.id, now=now)
        with acting_for(principal.subject_ref):
            fill(draft_id, answers(bundle_get(RESIDENT), **GIVEN), now=now)
            for one in bundle_sheet(bundle_draft_get(draft_id), now=now).documents:
                if not one.is_satisfied:
                    file = SimpleUploadedFile("a.pdf", PDF, content_type="application/pdf")
                    bundle_document_attach(draft_id, one.key, file=file, now=now)
    return draft_id


def taken(clerk, visit, principal, mandate, now):
    draft_id = begun(clerk, visit, principal, mandate, now)
    with context_use(clerk), acting_for(principal.subject_ref):
        return bundle_submit(draft_id, now=now)


def test_a_bundle_is_taken_in_for_who_authorised_the_visitor_and_both_are_told(
    clerk, visit, resident, deputy, now
):
    mandate = authorised(resident, deputy, now)
    receipt = taken(clerk, visit, resident, mandate, now)

    with data_scope(purpose="测试"):
        case = BundleCase.objects.get(number=receipt.number)
    assert (case.applicant_ref, case.account_id) == (resident.subject_ref, resident.account_id)
    assert (case.channel, case.filed_by_id, case.delegation_id, case.visit_id) == (
        "WINDOW", clerk.account_id, mandate.id, visit.id,
    )  # fmt: skip
    for application in application_rows("测试").filter(number__in=receipt.applications):
        assert (application.applicant_ref, application.delegation_id, application.visit_id) == (
            resident.subject_ref, mandate.id, visit.id,
        )  # fmt: skip
    assert set(Taking.objects.values_list("number", "delegation_id")) == {
        (number, mandate.id) for number in receipt.applications
    }
    with context_use(deputy):
        uses = [(one.act, one.subject) for one in delegation_use_list(mandate.id)]
    assert ("SUBMIT", f"bundle:{receipt.number}") in uses
    event_relay(limit=1000, now=now + timedelta(minutes=1))
    assert "bundle_filed_for" in [one.template for one in message_list(deputy.account_id)]
    assert "bundle_filed_for" not in [one.template for one in message_list(clerk.account_id)]


def test_what_waited_is_filed_later_under_the_authorisation_of_who_stood_at_the_window(
    clerk, visit, resident, deputy, now
):
    mandate = authorised(resident, deputy, now)
    receipt = taken(clerk, visit, resident, mandate, now)
    with context_use(clerk):
        visit_end(visit.number, now=now)
    assert application_of(receipt.number, "insurance") == ""

    decide(application_of(receipt.number, "permit"), ACCEPT, AGREE, APPROVE, now=now)

    later = application_rows("测试").get(number=application_of(receipt.number, "insurance"))
    assert (later.applicant_ref, later.channel) == (resident.subject_ref, "WINDOW")
    assert (later.delegation_id, later.visit_id) == (mandate.id, None)


def test_outside_the_scope_it_is_refused_and_of_a_part_only_the_part_is_filed(
    clerk, visit, resident, deputy, now
):
    other = authorised(resident, deputy, now, scope="MATTER", value="320116001000")
    part = authorised(resident, deputy, now, scope="MATTER", value=PERMIT)
    with context_use(clerk), pytest.raises(MandateElsewhere):
        visit_bundle_begin(visit.number, RESIDENT, mandate_id=other.id, now=now)
    assert BundleDraft.objects.count() == 0
    draft_id = begun(clerk, visit, resident, part, now)
    with context_use(clerk), acting_for(resident.subject_ref):
        context = bundle_draft_get(draft_id)
        assert context.covered == {PERMIT}
        assert len(bundle_sheet(context, now=now).plan) == 1


def test_an_authorisation_that_ended_or_is_anothers_opens_nothing(
    city, clerk, visit, resident, deputy, now
):
    mandate = authorised(resident, deputy, now)
    stranger = visit_of(clerk, test_parties_present.person(city.context("elder")), now)
    with context_use(clerk):
        with pytest.raises(MandateNotFound):
            visit_bundle_begin(stranger.number, RESIDENT, mandate_id=mandate.id, now=now)
        begun(clerk, visit, resident, mandate, now)
    with context_use(resident):
        delegation_revoke(mandate.id, now=now)
    event_relay(limit=1000, now=now + timedelta(minutes=1))
    assert BundleDraft.objects.count() == 0
    with context_use(clerk), pytest.raises(MandateEnded):
        visit_bundle_begin(visit.number, RESIDENT, mandate_id=mandate.id, now=now)
    assert BundleDraft.objects.count() == 0


def test_the_page_of_the_visit_offers_what_is_covered_and_prints_the_receipt(
    city, clerk, windows, resident, deputy, client
):
    at = timezone.now()
    visit = visit_of(clerk, test_parties_present.person(deputy), at)
    mandate = authorised(resident, deputy, at, scope="MATTER", value=PERMIT)
    client.force_login(city.account("approval_clerk"))
    page = reverse("hall_windows:visit", args=[visit.number])
    shown = client.get(page, {"for": mandate.id}).content.decode()
    assert f'value="{RESIDENT}"' in shown
    assert "其中1项在授权范围内" in shown
    opened = client.post(page, {"do": "bundle", "bundle": RESIDENT, "for": mandate.id})
    form = client.get(client.get(opened.url).url).content.decode()
    assert resident.name in form
    receipt = taken(clerk, visit, resident, mandate, at)
    printed = reverse("hall_windows:bundle_receipt", args=[visit.number, receipt.number])
    assert printed in client.get(page).content.decode()
    assert resident.name in client.get(printed).content.decode()
