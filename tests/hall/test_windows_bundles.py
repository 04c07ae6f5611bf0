"""A bundle is taken at a window: one form for all its matters, in the applicant's name, nothing stays."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from tests.hall import test_windows
from tests.hall.test_bundles import (
    ACCEPT,
    AGREE,
    APPROVE,
    RESIDENT,
    RESTAURANT,
    answers,
    application_of,
    decide,
    fill,
)
from tests.pictures import PDF
from yiwang.engines.api import attachment_get, draft_get
from yiwang.hall.applications.errors import ApplicationNotFound
from yiwang.hall.applications.filing import acting_for
from yiwang.hall.applications.queries.access import application_rows, application_visible_get
from yiwang.hall.bundles.actions.drafts import bundle_document_attach
from yiwang.hall.bundles.actions.submission import bundle_submit
from yiwang.hall.bundles.errors import BundleNotForYou, BundleNotFound
from yiwang.hall.bundles.models import BundleCase, BundleDraft
from yiwang.hall.bundles.queries.bundles import bundle_get
from yiwang.hall.bundles.queries.cases import bundle_case_get
from yiwang.hall.bundles.queries.drafts import bundle_draft_get, bundle_sheet
from yiwang.hall.windows.actions import visit_bundle_begin, visit_end, visit_open
from yiwang.hall.windows.errors import MatterNotTaken, VisitOver
from yiwang.hall.windows.models import Taking
from yiwang.identity.api import account_list, data_scope
from yiwang.kernel.api import context_use
from yiwang.resources.registries.models import Person
from yiwang.sdk.errors import NotFound

clerk, windows, now = test_windows.clerk, test_windows.windows, test_windows.now
GIVEN = {"needs_insurance": "YES", "teaches": "NO", "trained": "NO"}


@pytest.fixture
def mover(city, now):
    """Somebody of the made city between 25 and 50, without an account."""
    with data_scope(purpose="测试"):
        rows = Person.objects.filter(
            id_number__isnull=False,
            birth_date__lt=now.date().replace(year=now.year - 26),
            birth_date__gt=now.date().replace(year=now.year - 49),
        )
        found = rows.order_by("ref").values("ref", "name", "id_number")[0]
    assert account_list(subject_ref=f"person:{found['ref']}") == []
    return found


def visit_of(clerk, who: dict, now, window="H1"):
    with context_use(clerk):
        return visit_open(window, id_number=who["id_number"], name=who["name"], now=now)


def begun(clerk, visit, now) -> int:
    with context_use(clerk):
        draft_id = visit_bundle_begin(visit.number, RESIDENT, now=now)
        with acting_for(visit.applicant_ref):
            fill(draft_id, answers(bundle_get(RESIDENT), **GIVEN), now=now)
            for one in bundle_sheet(bundle_draft_get(draft_id), now=now).documents:
                if not one.is_satisfied:
                    file = SimpleUploadedFile("a.pdf", PDF, content_type="application/pdf")
                    bundle_document_attach(draft_id, one.key, file=file, now=now)
    return draft_id


def taken(clerk, visit, now):
    draft_id = begun(clerk, visit, now)
    with context_use(clerk), acting_for(visit.applicant_ref):
        return bundle_submit(draft_id, now=now)


def test_one_form_at_the_window_files_every_matter_in_the_applicants_name(
    city, clerk, windows, mover, now
):
    visit = visit_of(clerk, mover, now)

    receipt = taken(clerk, visit, now)

    numbers = receipt.applications
    assert len(numbers) >= 1
    for application in application_rows("测试").filter(number__in=numbers):
        assert (application.channel, application.visit_id) == ("WINDOW", visit.id)
        assert application.applicant_ref == f"person:{mover['ref']}"
        assert (application.account_id, application.filed_by_id) == (None, clerk.account_id)
        assert application.filed_by_name == clerk.name
    assert set(Taking.objects.values_list("number", flat=True)) == set(numbers)
    with data_scope(purpose="测试"):
        case = BundleCase.objects.get(number=receipt.number)
    assert (case.account_id, case.filed_by_id, case.channel) == (None, clerk.account_id, "WINDOW")


def test_what_waited_is_filed_later_by_the_channel_of_the_window_and_is_nobody_elses(
    city, clerk, windows, mover, now
):
    visit = visit_of(clerk, mover, now)
    receipt = taken(clerk, visit, now)
    with context_use(clerk):
        visit_end(visit.number, now=now)
    permit = application_of(receipt.number, "permit")
    assert application_of(receipt.number, "insurance") == ""

    decide(permit, ACCEPT, AGREE, APPROVE, now=now)

    number = application_of(receipt.number, "insurance")
    later = application_rows("测试").get(number=number)
    assert (later.channel, later.visit_id) == ("WINDOW", None)
    assert (later.account_id, later.filed_by_name) == (None, clerk.name)
    assert Taking.objects.filter(number=number).count() == 0
    with context_use(clerk), pytest.raises(ApplicationNotFound):
        application_visible_get(number, purpose="测试")


def test_nothing_of_a_bundle_stays_with_the_clerk(city, clerk, windows, mover, now):
    visit = visit_of(clerk, mover, now)
    receipt = taken(clerk, visit, now)
    draft_id = begun(clerk, visit, now)
    with data_scope(purpose="测试"):
        documents = BundleCase.objects.get(number=receipt.number).documents
    held = [kept["attachment"] for kept in documents.values()]

    with context_use(clerk):
        visit_end(visit.number, now=now)

        for attachment_id in held:
            with pytest.raises(NotFound):
                attachment_get(attachment_id)
        with pytest.raises(NotFound):
            draft_get(draft_id)
        with pytest.raises(BundleNotFound):
            bundle_case_get(receipt.number, now=now)
        with pytest.raises(VisitOver):
            visit_bundle_begin(visit.number, RESIDENT, now=now)
    assert BundleDraft.objects.count() == 0


def test_a_window_takes_a_bundle_only_with_all_its_matters_and_for_its_kind_of_applicant(
    city, clerk, windows, mover, now
):
    community = visit_of(clerk, mover, now, window="C1")
    hall = visit_of(clerk, mover, now)
    with context_use(clerk):
        with pytest.raises(MatterNotTaken):
            visit_bundle_begin(community.number, RESTAURANT, now=now)
        with pytest.raises(BundleNotForYou):
            visit_bundle_begin(hall.number, RESTAURANT, now=now)
    assert BundleDraft.objects.count() == 0


def test_the_pages_lead_from_the_visit_through_the_one_form_to_the_printed_receipt(
    city, clerk, windows, mover, client
):
    at = timezone.now()
    visit = visit_of(clerk, mover, at)
    client.force_login(city.account("approval_clerk"))
    page = reverse("hall_windows:visit", args=[visit.number])
    assert f'value="{RESIDENT}"' in client.get(page).content.decode()
    opened = client.post(page, {"do": "bundle", "bundle": RESIDENT})
    form = client.get(opened.url)
    shown = client.get(form.url).content.decode()
    assert mover["name"] in shown
    draft_id = int(form.url.split("/drafts/")[1].split("/")[0])
    for step in ("plan", "documents", "check"):
        href = reverse(f"hall_bundles:{step}", args=[draft_id])
        assert client.get(href).status_code == 200
    begun(clerk, visit, at)
    submit = reverse("hall_bundles:submit", args=[draft_id])
    assert client.post(submit).url == page
    assert client.post(submit).url == page
    with data_scope(purpose="测试"):
        case = BundleCase.objects.get()
    receipt = reverse("hall_windows:bundle_receipt", args=[visit.number, case.number])
    assert receipt in client.get(page).content.decode()
    printed = client.get(receipt).content.decode()
    assert Taking.objects.first().query_code in printed
    assert case.sha256 in printed
    other = reverse("hall_windows:bundle_receipt", args=[visit.number, "YJS0"])
    assert client.get(other).status_code == 404
    client.post(page, {"do": "end"})
    assert client.get(receipt).status_code == 403
