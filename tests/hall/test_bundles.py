"""One-thing bundles (一件事) end to end: one form, applications of several departments, each its turn."""

import datetime
from dataclasses import replace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from tests.hall.test_pack_journeys import PACKS, applicant_make, officer_act, pay, typed_of
from tests.pictures import PDF
from yiwang.engines.api import draft_list, draft_post, form_get, form_validate
from yiwang.hall.api import application_submit, licence_list
from yiwang.hall.applications.actions.applicant import application_withdraw
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.bundles.actions.cases import bundle_withdraw, item_decided
from yiwang.hall.bundles.actions.drafts import bundle_document_attach, bundle_draft_begin
from yiwang.hall.bundles.actions.submission import bundle_submit
from yiwang.hall.bundles.errors import (
    BundleEnded,
    BundleIncomplete,
    BundleNotForYou,
    BundleNotFound,
)
from yiwang.hall.bundles.models import BundleCase, BundleItem
from yiwang.hall.bundles.queries.bundles import bundle_get, bundle_list
from yiwang.hall.bundles.queries.cases import bundle_case_get, case_of_application
from yiwang.hall.bundles.queries.drafts import bundle_draft_get, bundle_sheet
from yiwang.hall.bundles.union import projected
from yiwang.hall.receipts.queries import submission_check
from yiwang.identity.api import data_scope
from yiwang.kernel.api import context_system, context_use, event_relay

RESIDENT, RESTAURANT = "one_thing.new_resident", "one_thing.restaurant_opening"
ACCEPT = {"officer": "accept", "outcome": "ACCEPT"}
AGREE = {"officer": "review", "outcome": "AGREE"}
APPROVE = {"officer": "decide", "outcome": "APPROVE"}
REFUSE = {
    "officer": "decide",
    "outcome": "REFUSE",
    "reason": {"zh": "居住登记不满半年"},
    "legal_basis": {"zh": "《居住证暂行条例》第二条"},
}
NO = {"needs_insurance": "NO", "teaches": "NO", "trained": "NO"}


def sample(pack: str, form: str) -> dict:
    found = next(one for one in PACKS if one.manifest.id == pack)
    file = next(one for one in found.section("sample") if one.name == form)
    return file.data["rows"][0]["values"]


def answers(bundle, **values) -> dict:
    """What somebody types into the one form: the samples of the single forms, and the questions."""
    forms = {
        "permit": ("residence", "residence_permit_apply"),
        "insurance": ("human_resources", "flexible_insurance_register"),
        "teacher": ("teaching", "teacher_certificate_apply"),
        "subsidy": ("human_resources", "training_subsidy_apply"),
        "waste": ("urban_services", "construction_waste_apply"),
        "drainage": ("urban_services", "drainage_permit_apply"),
        "restaurant": ("restaurant", "open_restaurant_apply"),
        "hygiene": ("health_services", "public_place_hygiene_apply"),
    }
    typed = {}
    for name, sources in bundle.fields.items():
        for part, own in reversed(sources):
            given = sample(*forms[part])
            if own in given:
                typed[name] = given[own]
    return {**typed, **values}


def fill(draft_id: int, values: dict, *, now) -> None:
    """Type the values page by page, three times: answers show questions, which show others."""
    for _round in range(3):
        sheet = bundle_sheet(bundle_draft_get(draft_id), now=now)
        for page in sheet.state.pages:
            typed = {}
            for field in page.fields:
                if field.key in values and not field.locked:
                    typed.update(typed_of(field.key, values[field.key]))
            if typed:
                draft_post(draft_id, post=typed, page=page.key, now=now)


def begin(key: str, applicant, *, now, **values) -> int:
    with context_use(applicant):
        draft_id = bundle_draft_begin(key, now=now)
        fill(draft_id, answers(bundle_get(key), **values), now=now)
        for one in bundle_sheet(bundle_draft_get(draft_id), now=now).documents:
            if not one.is_satisfied:
                file = SimpleUploadedFile("a.pdf", PDF, content_type="application/pdf")
                bundle_document_attach(draft_id, one.key, file=file, now=now)
        return draft_id


def file_it(key: str, applicant, *, now, **values):
    draft_id = begin(key, applicant, now=now, **values)
    with context_use(applicant):
        return bundle_submit(draft_id, now=now)


def relay() -> datetime.datetime:
    """Deliver what was announced; what is filed then is filed by the true clock. Returns a moment after it."""
    later = timezone.now() + datetime.timedelta(minutes=1)
    while event_relay(now=later):
        pass
    return later


def case_get(number: str, applicant, *, now):
    with context_use(applicant):
        return bundle_case_get(number, now=now)


def states(number: str, applicant, *, now) -> dict[str, str]:
    return {one.key: one.state for one in case_get(number, applicant, now=now).items}


def application_of(number: str, key: str) -> str:
    return BundleItem.objects.get(case__number=number, key=key).application_number


def decide(number: str, *steps, now) -> datetime.datetime:
    for step in steps:
        officer_act(number, step, now=now)
    return relay()


@pytest.fixture
def resident(city, now):
    return applicant_make(city, {"kind": "person", "min_age": 25, "max_age": 50}, now=now)


@pytest.fixture
def agent(city):
    return replace(city.context("agent"), purpose="测试")


# --- the one form --------------------------------------------------------------------------------


def test_the_bundles_of_the_city_ask_less_than_their_forms_apart(city):
    found = {row.key: bundle_get(row.key) for row in bundle_list()}

    assert {RESIDENT, RESTAURANT} <= set(found)
    for bundle in found.values():
        own = sum(len(form_get(m.form_version_id).fields) for m in bundle.matters.values())
        sources = [one for many in bundle.fields.values() for one in many]
        assert bundle.asked_before == own == len(sources) == len(set(sources))
        assert bundle.asked < own
        titles = list(form_get(bundle.form_version_id).titles.values())
        words = [title["zh"] for title in titles]
        assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("key", "kind", "given"),
    [
        (RESIDENT, "person", {"needs_insurance": "YES", "teaches": "YES", "trained": "YES"}),
        (RESTAURANT, "enterprise", {"renovates": "YES", "other_trade": "YES"}),
    ],
)
def test_every_form_gets_what_it_needs_from_the_one_form(
    city, now, resident, agent, key, kind, given
):
    applicant = resident if kind == "person" else agent
    draft_id = begin(key, applicant, now=now, **given)

    with context_use(applicant):
        context = bundle_draft_get(draft_id)
        sheet = bundle_sheet(context, now=now)
        assert sheet.errors == {}
        assert len(sheet.plan) == 4
        for part in sheet.plan:
            values = projected(context.bundle.fields, part, sheet.state.values)
            version = context.bundle.matters[part].form_version_id
            names = context.applicant.names(now.date())
            assert form_validate(version, values, names=names) == {}


def test_what_a_matters_own_form_finds_wrong_stands_at_the_one_form(now, resident):
    draft_id = begin(RESIDENT, resident, now=now, **{**NO, "moved_in": "2026-11-01"})

    with context_use(resident):
        sheet = bundle_sheet(bundle_draft_get(draft_id), now=now)
        assert sheet.errors == {"moved_in": ["办理居住登记满半年方可申领居住证。"]}
        with pytest.raises(BundleIncomplete) as refused:
            bundle_submit(draft_id, now=now)
    assert list(refused.value.fields) == ["moved_in"]
    with data_scope(purpose="测试"):
        assert not BundleCase.objects.exists()
    assert not application_rows("测试").exists()


def test_one_upload_serves_every_matter_that_needs_it(now, agent):
    receipt = file_it(RESTAURANT, agent, now=now, renovates="NO", other_trade="YES")

    found = {}
    for key in ("restaurant", "hygiene"):
        application = application_rows("测试").get(number=application_of(receipt.number, key))
        found[key] = application.materials.get(key="layout").digest
    assert found["restaurant"] == found["hygiene"] != ""


def test_an_enterprises_bundle_is_not_for_a_citizen(now, resident):
    with context_use(resident), pytest.raises(BundleNotForYou):
        bundle_draft_begin(RESTAURANT, now=now)
    with context_use(resident):
        assert draft_list(account_id=resident.account_id) == []


# --- filing and going on -------------------------------------------------------------------------


def test_answers_decide_what_is_filed_at_once_and_what_waits(now, resident):
    receipt = file_it(
        RESIDENT, resident, now=now, needs_insurance="YES", teaches="NO", trained="YES"
    )

    assert states(receipt.number, resident, now=now) == {
        "permit": "FILED", "insurance": "WAITING", "subsidy": "FILED",
    }  # fmt: skip
    assert receipt.number == "YJS20261120000001"
    assert len(receipt.applications) == 2
    found = case_get(receipt.number, resident, now=now)
    assert found.schedule.path == ("subsidy",)
    assert found.schedule.lines["insurance"].start == found.schedule.lines["permit"].finish


def test_a_granted_matter_lets_the_next_be_filed_by_itself_once(now, resident):
    receipt = file_it(RESIDENT, resident, now=now, **{**NO, "needs_insurance": "YES"})
    permit = application_of(receipt.number, "permit")

    later = decide(permit, ACCEPT, AGREE, APPROVE, now=now)
    with context_use(context_system("测试")):
        assert not item_decided(permit, state="APPROVED", now=now)

    assert states(receipt.number, resident, now=now) == {
        "permit": "APPROVED", "insurance": "FILED",
    }  # fmt: skip
    insurance = application_rows("测试").get(number=application_of(receipt.number, "insurance"))
    assert insurance.applicant_ref == resident.subject_ref
    assert insurance.account_id == resident.account_id
    assert application_rows("测试").count() == 2
    with context_use(resident):
        assert draft_list(account_id=resident.account_id) == []

    later = decide(insurance.number, APPROVE, now=later)
    found = case_get(receipt.number, resident, now=later)
    assert (found.state, found.done) == ("DONE", 2)
    with context_use(resident):
        kinds = {one.type_key.split(".")[-1] for one in licence_list(resident.subject_ref)}
    assert kinds == {"residence_permit", "insurance_certificate"}


def test_a_refusal_stops_what_needs_it_and_says_why(now, resident):
    receipt = file_it(
        RESIDENT, resident, now=now, needs_insurance="YES", teaches="YES", trained="YES"
    )

    decide(application_of(receipt.number, "permit"), ACCEPT, AGREE, REFUSE, now=now)

    found = case_get(receipt.number, resident, now=now)
    assert {one.key: one.state for one in found.items} == {
        "permit": "REFUSED", "insurance": "STOPPED", "teacher": "STOPPED", "subsidy": "FILED",
    }  # fmt: skip
    by_key = {one.key: one for one in found.items}
    assert by_key["permit"].reasons[0]["text"]["zh"] == "居住登记不满半年"
    assert by_key["insurance"].reasons[0]["text"]["zh"] == "前置事项“居住证申领”未获准予"
    assert found.is_open
    assert application_rows("测试").count() == 2


def test_submitting_twice_is_one_bundle(now, resident):
    draft_id = begin(RESIDENT, resident, now=now, **NO)
    with context_use(resident):
        first = bundle_submit(draft_id, now=now)
        second = bundle_submit(draft_id, now=now)

    assert (first.is_new, second.is_new) == (True, False)
    assert replace(second, is_new=True) == first
    assert application_rows("测试").count() == 1


def test_the_receipt_proves_what_was_submitted(now, resident):
    receipt = file_it(RESIDENT, resident, now=now, **NO)

    assert submission_check(receipt.number, receipt.sha256).is_confirmed
    assert not submission_check(receipt.number, "0" * 64).is_confirmed


def test_one_who_has_the_permit_is_not_asked_for_it_again(now, resident):
    receipt = file_it(RESIDENT, resident, now=now, **NO)
    decide(application_of(receipt.number, "permit"), ACCEPT, AGREE, APPROVE, now=now)

    draft_id = begin(RESIDENT, resident, now=now, **{**NO, "needs_insurance": "YES"})
    with context_use(resident):
        sheet = bundle_sheet(bundle_draft_get(draft_id), now=now)
        receipt = bundle_submit(draft_id, now=now)
    assert sheet.plan == ("insurance",)
    assert states(receipt.number, resident, now=now) == {"insurance": "FILED"}


def test_withdrawing_the_whole_ends_what_is_open_and_files_nothing_more(now, resident):
    receipt = file_it(
        RESIDENT, resident, now=now, needs_insurance="YES", teaches="NO", trained="YES"
    )
    with context_use(resident):
        bundle_withdraw(receipt.number, reason="不办了", now=now)
    relay()

    found = case_get(receipt.number, resident, now=now)
    assert found.state == "WITHDRAWN"
    assert {one.state for one in found.items} == {"WITHDRAWN"}
    applications = application_rows("测试").values_list("state", flat=True)
    assert list(applications) == ["WITHDRAWN", "WITHDRAWN"]
    with context_use(resident), pytest.raises(BundleEnded):
        bundle_withdraw(receipt.number, now=now)


def test_withdrawing_one_matter_stops_only_what_waits_for_it(now, resident):
    receipt = file_it(
        RESIDENT, resident, now=now, needs_insurance="YES", teaches="NO", trained="YES"
    )
    with context_use(resident):
        application_withdraw(application_of(receipt.number, "permit"), now=now)
    relay()

    assert states(receipt.number, resident, now=now) == {
        "permit": "WITHDRAWN", "insurance": "STOPPED", "subsidy": "FILED",
    }  # fmt: skip


def test_nobody_else_sees_or_withdraws_it(city, now, resident):
    receipt = file_it(RESIDENT, resident, now=now, **NO)

    with context_use(city.context("elder")):
        with pytest.raises(BundleNotFound):
            bundle_case_get(receipt.number, now=now)
        with pytest.raises(BundleNotFound):
            bundle_withdraw(receipt.number, now=now)
    assert states(receipt.number, resident, now=now) == {"permit": "FILED"}


def test_what_can_no_longer_be_filed_as_it_is_asks_the_applicant(now, resident):
    receipt = file_it(RESIDENT, resident, now=now, **{**NO, "teaches": "YES"})
    permit = application_of(receipt.number, "permit")
    much_later = now + datetime.timedelta(days=380)  # the medical examination is too old by then
    for step in (ACCEPT, AGREE, APPROVE):
        officer_act(permit, step, now=now)

    with context_use(context_system("测试")):
        item_decided(permit, state="APPROVED", now=much_later)

    item = BundleItem.objects.get(case__number=receipt.number, key="teacher")
    assert item.state == "ATTENTION"
    assert item.reasons[0]["text"]["zh"] == "体检应在近一年内完成。"
    with context_use(resident):
        draft_post(item.draft_id, post={"medical_date": "2027-11-01"}, page="education",
                   now=much_later)  # fmt: skip
        number = application_submit(item.draft_id, now=much_later).number
    relay()
    item.refresh_from_db()
    assert (item.state, item.application_number) == ("FILED", number)


# --- four departments inside one of the matters --------------------------------------------------


@pytest.mark.heavy
def test_a_restaurant_from_its_renovation_to_its_licences(now, agent):
    receipt = file_it(RESTAURANT, agent, now=now, renovates="YES", other_trade="NO")
    number = receipt.number
    assert states(number, agent, now=now) == {
        "waste": "FILED", "drainage": "FILED", "restaurant": "WAITING",
    }  # fmt: skip
    found = case_get(number, agent, now=now)
    assert found.schedule.path == ("waste", "restaurant")
    assert found.schedule.working_days == 20

    waste = application_of(number, "waste")
    for step in (ACCEPT, AGREE):
        officer_act(waste, step, now=now)
    pay(waste, agent, now=now)
    later = decide(waste, APPROVE, now=now)
    shop = application_of(number, "restaurant")
    assert case_of_application(shop)[0] == number
    steps = [{"officer": key, "outcome": "AGREE"}
             for key in ("business_licence", "food_permit", "signboard", "fire_safety")]  # fmt: skip
    decide(shop, ACCEPT, *steps, now=later)
    decide(application_of(number, "drainage"), ACCEPT, AGREE, APPROVE, now=later)

    found = case_get(number, agent, now=later)
    assert (found.state, found.done) == ("DONE", 3)
