"""A company is founded over HTTP: from the name to the licence, its code, the registry, and what may go wrong."""

import datetime
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.hall.test_pack_journeys import item_of, officer_of, typed_of, upload
from yiwang.engines.api import draft_state
from yiwang.hall.api import application_submit, licence_list_by_source, matter_get
from yiwang.hall.applications.actions.work import correction_request, work_conclude
from yiwang.hall.applications.errors import SubmissionIncomplete
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.applications.queries.drafts import draft_context_get
from yiwang.hall.companies.actions import names
from yiwang.hall.companies.actions.filings import confirmation_ask, filing_confirm
from yiwang.hall.companies.actions.registration import uscc_next
from yiwang.hall.companies.checking import name_check
from yiwang.hall.companies.errors import (
    ExtensionUsed,
    FilingChanged,
    FilingIncomplete,
    FilingNotFound,
    FilingUnconfirmed,
    NameRefused,
    NamesTooMany,
    NameTaken,
    ReservationEnded,
    ReservationNotFound,
)
from yiwang.hall.companies.models import Company, Filing, FollowUp, NameEntry, NameReservation
from yiwang.hall.companies.naming import NameParts
from yiwang.hall.companies.queries import (
    ESTABLISH,
    filing_get,
    filing_list,
    filing_of_draft,
    reservation_get,
)
from yiwang.identity.api import account_list_by_department, data_scope
from yiwang.kernel.api import context_system, context_use, event_relay
from yiwang.resources.api import enterprise_get
from yiwang.resources.registries.models import Enterprise, Person
from yiwang.sdk.identifiers import uscc_valid

PARTS = NameParts("苏州", "澄湖月影", "软件", "有限公司")
AREA = "320508000000"
DAY = datetime.timedelta(days=1)


def person_of(context) -> dict:
    with data_scope(purpose="测试"):
        rows = Person.objects.filter(ref=context.subject_ref.removeprefix("person:"))
        return rows.values("name", "id_number").get()


def values_of(city, **changes) -> dict:
    one, two = (person_of(city.context(name)) for name in ("citizen", "elder"))
    until = f"{timezone.localdate().year + 3}-06-30"
    values = {
        "phone": "13800000001",
        "premises_address": "苏州市姑苏区干将路100号",
        "premises_right": "OWNED",
        "company_phone": "0512-65210001",
        "capital_wan": 100,
        "scope": [{"scope_code": "G6510"}, {"scope_code": "X6310"}],
        "shareholders": [
            {"holder_name": each["name"], "holder_number": each["id_number"], "capital_wan": share,
             "paid_until": until}
            for each, share in ((one, 60), (two, 40))
        ],
        "officers": [
            {"post": post, "officer_name": each["name"], "officer_number": each["id_number"]}
            for post, each in (("DIRECTOR", one), ("FINANCE", two))
        ],
        "no_supervisor": True,
        "legal_representative_name": one["name"],
        "legal_representative_id": one["id_number"],
        "seals": ["OFFICIAL"],
        "staff_count": 5,
        "agree": True,
    }  # fmt: skip
    return {**values, **changes}


def client_of(city, username) -> Client:
    client = Client()
    client.force_login(city.account(username))
    return client


def reserve(city, parts=PARTS, *, username="citizen", now=None):
    with context_use(city.context(username)):
        return names.name_reserve(parts, kind="LIMITED", area_code=AREA, now=now or timezone.now())


def draft_filled(city, client, **changes) -> int:
    """Reserve the name, begin, type every page and attach the proof; returns the draft."""
    number = reserve(city).number
    answer = client.post(reverse("hall_companies:reservation", args=[number]), {"do": "begin"})
    draft_id = int(re.search(r"drafts/(\d+)/", answer["Location"]).group(1))
    values = values_of(city, **changes)
    with context_use(city.context("citizen")):
        context = draft_context_get(draft_id)
        state = draft_state(context.draft, names=context.applicant.names(timezone.localdate()))
    for page in state.pages:
        typed = {"go": "next"}
        for field in page.fields:
            if field.key in values and not field.locked:
                typed.update(typed_of(field.key, values[field.key]))
            elif field.key in context.draft.values and not field.locked:
                typed.update(typed_of(field.key, context.draft.values[field.key]))
        answer = client.post(reverse("hall_applications:draft", args=[draft_id, page.key]), typed)
        assert answer.status_code == 302, answer.content.decode()[-6000:]
    proof = {"premises_proof": upload(matter_get(ESTABLISH), "premises_proof"), "go": "next"}
    answer = client.post(reverse("hall_applications:materials", args=[draft_id]), proof)
    assert answer.status_code == 302
    return draft_id


def ask(city, draft_id: int):
    with context_use(city.context("citizen")):
        return confirmation_ask(draft_id, now=timezone.now())


def confirm(city, filing, *usernames):
    for username in usernames:
        with context_use(city.context(username)):
            filing_confirm(filing.number, digest=filing.digest, now=timezone.now())


def submitted(city) -> str:
    client = client_of(city, "citizen")
    draft_id = draft_filled(city, client)
    confirm(city, ask(city, draft_id), "citizen", "elder")
    with context_use(city.context("citizen")):
        number = application_submit(draft_id, now=timezone.now()).number
    relay()
    return number


def relay():
    with context_use(context_system("测试")):
        while event_relay(limit=200, now=timezone.now() + DAY):
            pass


def act(number: str, node: str, outcome: str, **words):
    now = timezone.now()
    item = item_of(number, node)
    with context_use(officer_of(item, now=now)):
        work_conclude(item.id, outcome=outcome, opinion="同意。", now=now, **words)


def grant(number: str):
    for node, outcome in (("accept", "ACCEPT"), ("review", "AGREE"), ("decide", "APPROVE")):
        act(number, node, outcome)


def check(parts=PARTS, own=""):
    return name_check(parts, kind="LIMITED", area_code=AREA, today=timezone.localdate(), own=own)


# --- the whole way ------------------------------------------------------------------------------


def test_a_company_is_founded_from_the_name_to_the_licence_without_paper(city):
    client, partner = client_of(city, "citizen"), client_of(city, "elder")
    page = Client().get("/hall/companies/", {"core": "澄湖月影", "trade": "软件", "form": "有限公司",
                                             "area": AREA, "division": "苏州"})  # fmt: skip
    assert "该名称可以申报" in page.content.decode()

    draft_id = draft_filled(city, client)
    refused = client.post(reverse("hall_applications:submit", args=[draft_id]))
    assert refused.status_code == 422
    asked = client.post(reverse("hall_companies:draft", args=[draft_id]))
    assert asked.status_code == 302
    with context_use(city.context("citizen")):
        filing = filing_of_draft(draft_id)
    assert [one.roles for one in filing.parties] == [
        ("SHAREHOLDER", "DIRECTOR", "LEGAL_REPRESENTATIVE"), ("SHAREHOLDER", "FINANCE")]  # fmt: skip
    assert "苏州澄湖月影软件有限公司章程" in filing.articles

    relay()
    assert filing.company_name in partner.get("/hall/companies/mine/").content.decode()
    address = reverse("hall_companies:filing", args=[filing.number])
    for each in (client, partner):
        assert each.get(address).status_code == 200
        assert each.post(address, {"do": "confirm", "digest": filing.digest}).status_code == 302
    done = client.post(reverse("hall_applications:submit", args=[draft_id]))
    number = re.search(r"mine/([^/]+)/receipt", done["Location"]).group(1)
    relay()
    grant(number)
    relay()

    company = Company.objects.get()
    assert uscc_valid(company.uscc)
    assert company.uscc.startswith("91320508MAY")
    assert (company.name, company.industry, company.state) == (filing.company_name, "I", "ACTIVE")
    assert str(company.registered_capital) == "100.00"
    assert [(row.holder_name, int(row.capital_wan)) for row in company.shareholdings.all()] == [
        (row["holder_name"], row["capital_wan"]) for row in values_of(city)["shareholders"]]  # fmt: skip
    assert set(FollowUp.objects.values_list("kind", flat=True)) >= {"TAX", "SEAL"}

    known = enterprise_get(company.uscc)
    assert (known.name, known.legal_representative) == (company.name, company.legal_representative)
    [licence] = licence_list_by_source(f"application:{number}")
    assert licence.holder_ref == f"enterprise:{company.uscc}"
    assert "软件开发" in str(licence.face)
    verified = Client().get(reverse("hall_licences:verify_code", args=[licence.verify_code]))
    assert company.name in verified.content.decode()
    pdf = client.get(reverse("hall_companies:own_licence", args=[company.uscc]))
    assert pdf.content.startswith(b"%PDF")
    assert (
        partner.get(reverse("hall_companies:own_licence", args=[company.uscc])).status_code == 404
    )
    assert application_rows("测试").get(number=number).state == "APPROVED"
    assert NameReservation.objects.get().state == "USED"


def test_the_pages_are_there_in_both_languages(city):
    number = submitted(city)
    grant(number)
    relay()
    clerk = Client()
    with context_use(context_system("测试")):
        department = Company.objects.get().department_id
        [reviewer, *_] = account_list_by_department(
            department, role="REVIEWER", on=timezone.localdate()
        )
    clerk.force_login(get_user_model().objects.get(pk=reviewer.id))
    client, uscc = client_of(city, "citizen"), Company.objects.get().uscc
    with context_use(city.context("citizen")):
        [filing] = filing_list()
    for language, words in (("zh-hans", "商事登记簿"), ("en", "Register of companies")):
        clerk.cookies["django_language"] = client.cookies["django_language"] = language
        assert words in clerk.get("/hall/companies/register/").content.decode()
        for address in (f"/hall/companies/register/{uscc}/", "/hall/companies/items/",
                        f"/hall/companies/filings/{filing.number}/"):  # fmt: skip
            assert clerk.get(address).status_code == 200
        for address in ("/hall/companies/mine/", f"/hall/companies/mine/{uscc}/",
                        f"/hall/companies/filings/{filing.number}/articles/"):  # fmt: skip
            assert client.get(address).status_code == 200


# --- names --------------------------------------------------------------------------------------


def test_a_reserved_name_is_nobody_elses_until_it_is_given_up(city, now):
    held = reserve(city, now=now)
    assert (held.state, held.expires_date) == ("HELD", datetime.date(2027, 1, 20))
    for core in ("澄湖月影", "澄湖悦影"):
        with pytest.raises(NameRefused) as refusal:
            reserve(
                city, NameParts("苏州市", core, "网络科技", "有限公司"), username="elder", now=now
            )
        assert refusal.value.fields["core"]
    assert NameReservation.objects.count() == 1
    with context_use(city.context("elder")), pytest.raises(ReservationNotFound):
        names.name_release(held.number, now=now)
    with context_use(city.context("citizen")):
        names.name_release(held.number, now=now)
    assert reserve(city, username="elder", now=now).name == held.name


def test_a_name_is_extended_once_and_runs_out(city, now):
    held = reserve(city, now=now)
    with context_use(city.context("citizen")):
        longer = names.name_extend(held.number, now=now)
        assert longer.expires_date == datetime.date(2027, 2, 20)
        with pytest.raises(ExtensionUsed):
            names.name_extend(held.number, now=now)
        late = now + 93 * DAY
        assert reservation_get(held.number, today=late.date()).state == "EXPIRED"
        with pytest.raises(ReservationEnded):
            names.name_release(held.number, now=late)
    assert names.reservations_expire(now + 90 * DAY) == 0
    assert names.reservations_expire(late) == 1
    assert names.reservations_expire(late) == 0
    assert reserve(city, username="elder", now=late).name == held.name


def test_what_ran_out_unseen_does_not_stand_in_the_way(city, now):
    reserve(city, now=now)
    assert reserve(city, username="elder", now=now + 70 * DAY).state == "HELD"


def test_the_public_page_says_why_a_name_cannot_be_had(city, now):
    reserve(city, now=now)
    asked = {
        "core": "澄湖悦影",
        "trade": "软件",
        "form": "有限公司",
        "area": AREA,
        "division": "苏州",
    }
    page = Client().get("/hall/companies/", asked).content.decode()
    assert "同行业中已有读音相同的字号：苏州澄湖月影软件有限公司" in page
    assert "企业名称登记管理规定第十七条" in page
    page = Client().get("/hall/companies/", {**asked, "core": "中国第一"}).content.decode()
    assert "须按规定从严审核并报国务院批准" in page


def test_one_person_keeps_five_names(city, now):
    for core in ("云澜", "山岚", "清渠", "木樨", "石湖荷"):
        reserve(city, NameParts("苏州", core, "软件", "有限公司"), now=now)
    with pytest.raises(NamesTooMany):
        reserve(city, now=now)


def test_the_constraint_holds_when_two_look_at_once(city, now, monkeypatch):
    reserve(city, now=now)
    monkeypatch.setattr(
        names,
        "name_check",
        lambda *_a, **_k: check(NameParts("苏州", "别样红", "软件", "有限公司")),
    )
    with pytest.raises(NameTaken):
        reserve(city, username="elder", now=now)
    assert NameReservation.objects.count() == 1


def test_the_index_follows_the_registry(city, now):
    with context_use(context_system("测试")):
        taken = names.names_follow(now=now)
        in_business = Enterprise.objects.exclude(state="CANCELLED").count()
        assert taken == NameEntry.objects.count() == in_business
        assert names.names_follow(now=now) == 0
    [entry] = NameEntry.objects.order_by("pk")[:1]
    assert enterprise_get(entry.uscc).name == entry.name
    found = [
        one.kind for one in check(NameParts("苏州", entry.core_key, "软件", "有限公司")).findings
    ]
    assert {"same_core_and_trade", "same_core_other_trade", "identical"} & set(found)


# --- confirming ---------------------------------------------------------------------------------


def test_nothing_is_submitted_before_all_have_confirmed_exactly_that(city):
    client = client_of(city, "citizen")
    draft_id = draft_filled(city, client)
    filing = ask(city, draft_id)
    confirm(city, filing, "citizen")
    with context_use(city.context("citizen")):
        with pytest.raises(SubmissionIncomplete) as refusal:
            application_submit(draft_id, now=timezone.now())
        assert person_of(city.context("elder"))["name"] in refusal.value.fields["shareholders"][0]
    confirm(city, filing, "elder")
    page = reverse("hall_applications:draft", args=[draft_id, "company"])
    typed = {"premises_address": "苏州市姑苏区观前街1号", "premises_right": "OWNED",
             "company_phone": "0512-65210001", "go": "next"}  # fmt: skip
    with context_use(city.context("citizen")):
        kept = draft_context_get(draft_id).draft.values
    typed |= {
        key: kept[key]
        for key in ("reservation_number", "company_name", "company_kind", "area_code")
    }
    assert client.post(page, typed).status_code == 302
    with context_use(city.context("citizen")):
        with pytest.raises(SubmissionIncomplete):
            application_submit(draft_id, now=timezone.now())
        again = confirmation_ask(draft_id, now=timezone.now())
    assert [one.state for one in again.parties] == ["WAITING", "WAITING"]
    with context_use(city.context("elder")), pytest.raises(FilingChanged):
        filing_confirm(filing.number, digest=filing.digest, now=timezone.now())
    assert application_rows("测试").count() == 0
    assert NameReservation.objects.get().state == "HELD"


def test_who_has_no_part_neither_reads_nor_confirms(city):
    draft_id = draft_filled(city, client_of(city, "citizen"))
    filing = ask(city, draft_id)
    with context_use(city.context("agent")):
        with pytest.raises(FilingNotFound):
            filing_get(filing.number)
        with pytest.raises(FilingNotFound):
            filing_confirm(filing.number, digest=filing.digest, now=timezone.now())
    address = reverse("hall_companies:filing", args=[filing.number])
    assert client_of(city, "agent").get(address).status_code == 404


def test_a_party_does_not_see_the_numbers_of_the_others(city):
    draft_id = draft_filled(city, client_of(city, "citizen"))
    filing = ask(city, draft_id)
    page = client_of(city, "elder").get(reverse("hall_companies:filing", args=[filing.number]))
    assert person_of(city.context("citizen"))["id_number"] not in page.content.decode()
    assert person_of(city.context("citizen"))["name"] in page.content.decode()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"capital_wan": 99}, "shareholders"),
        ({"no_supervisor": ""}, "officers"),
        ({"scope": [{"scope_code": "G6210"}]}, "scope"),
        ({"legal_representative_id": "320508198501011234"}, "legal_representative_id"),
    ],
)
def test_what_company_law_forbids_is_said_before_anybody_is_asked(city, changes, field):
    draft_id = draft_filled(city, client_of(city, "citizen"), **changes)
    with context_use(city.context("citizen")), pytest.raises(FilingIncomplete) as refusal:
        confirmation_ask(draft_id, now=timezone.now())
    assert set(refusal.value.fields) == {field}
    with data_scope(purpose="测试"):
        assert not Filing.objects.exists()


def test_a_correction_must_be_confirmed_again_before_the_company_is_registered(city):
    number = submitted(city)
    act(number, "accept", "ACCEPT")
    item, now = item_of(number, "review"), timezone.now()
    with context_use(officer_of(item, now=now)):
        correction_request(
            item.id,
            items=[{"kind": "field", "key": "company_phone", "title": {"zh": "电话", "en": "Phone"},
                    "what": "号码有误"}],
            now=now,
        )  # fmt: skip
    from yiwang.hall.applications.actions.applicant import correction_answer

    correction = application_rows("测试").get(number=number).corrections.get()
    with context_use(city.context("citizen")):
        correction_answer(number, correction.pk, values={"company_phone": "0512-65210002"}, files={},
                          now=timezone.now())  # fmt: skip
    relay()
    act(number, "review", "AGREE")
    with pytest.raises(FilingUnconfirmed):
        act(number, "decide", "APPROVE")
    assert not Company.objects.exists()
    with context_use(city.context("citizen")):
        [filing] = filing_list()
    confirm(city, filing, "citizen", "elder")
    act(number, "decide", "APPROVE")
    assert Company.objects.get().phone == "0512-65210002"


def test_a_refused_registration_gives_the_name_back(city):
    number = submitted(city)
    assert NameReservation.objects.get().state == "FILED"
    act(number, "accept", "NOT_ACCEPTED", reason="住所证明不清", legal_basis="市场主体登记管理条例")
    relay()
    assert NameReservation.objects.get().state == "HELD"
    assert not Company.objects.exists()


# --- codes --------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_codes_are_given_side_by_side_without_gap_or_repeat():
    def take(place: int) -> str:
        try:
            with transaction.atomic():
                code = uscc_next("320508")
                if place % 4 == 3:
                    raise RuntimeError
                return code
        except RuntimeError:
            return ""
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        given = [code for code in threads.map(take, range(32)) if code]
    assert all(uscc_valid(code) for code in given)
    assert sorted(code[11:16] for code in given) == [
        f"{'0123456789ABCDEFGHJKLMNPQRTUWXY'[n]:0>5}" for n in range(1, 25)
    ]
