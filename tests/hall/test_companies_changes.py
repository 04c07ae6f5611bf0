"""A company changes: what is asked, who signs, what the licence says then, and two people at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.urls import reverse

from tests.hall import company_cases
from tests.hall.company_cases import (
    DAY,
    asked,
    attorney,
    begun,
    branch_row,
    filing_of,
    licence_of,
    moved,
    sent,
    submitted,
    typed,
)
from tests.hall.test_companies import (
    act,
    client_of,
    confirm,
    grant,
    person_of,
    relay,
    values_of,
)
from tests.hall.test_pack_journeys import fill
from yiwang.hall.api import application_submit
from yiwang.hall.applications.errors import SubmissionIncomplete
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.applications.queries.drafts import draft_context_get
from yiwang.hall.companies.actions.cancellation import (
    cancellation_begin,
)
from yiwang.hall.companies.actions.changes import change_begin
from yiwang.hall.companies.actions.filings import confirmation_ask
from yiwang.hall.companies.actions.names import name_reserve
from yiwang.hall.companies.errors import (
    BranchFilesElsewhere,
    CompanyEnded,
    CompanyNotFound,
    FilingIncomplete,
    FilingNotFound,
    NameRefused,
)
from yiwang.hall.companies.history import facts_on
from yiwang.hall.companies.models import (
    Company,
    Filing,
    NameReservation,
)
from yiwang.hall.companies.naming import NameParts
from yiwang.hall.companies.queries import ESTABLISH, filing_get
from yiwang.identity.api import (
    DelegationMissing,
    data_scope,
    delegation_revoke,
)
from yiwang.kernel.api import context_use
from yiwang.resources.api import enterprise_get

clock, company = company_cases.clock, company_cases.company


# --- changes ------------------------------------------------------------------------------------


def test_an_address_is_changed_and_the_licence_gets_its_next_version(city, company, now):
    draft_id = moved(city, company)
    filing = asked(city, draft_id)
    assert filing.changes == {"address": ["苏州市姑苏区干将路100号", "苏州市姑苏区人民路200号"]}
    assert "住所由“苏州市姑苏区干将路100号”变更为“苏州市姑苏区人民路200号”" in filing.articles
    confirm(city, filing, "citizen")  # 70 of 100 and the representative: enough
    number = sent(city, draft_id)
    old = licence_of(company)
    grant(number)
    relay()

    company.refresh_from_db()
    new = licence_of(company)
    assert company.address == "苏州市姑苏区人民路200号"
    assert (new.number, new.version, old.version) == (old.number, 2, 1)
    assert {one["name"]: one["value"] for one in new.face}["address"] == company.address
    entry = company.entries.get(kind="CHANGE")
    assert entry.changes == filing.changes
    assert facts_on(company.pk, now.date() - DAY)["address"] == "苏州市姑苏区干将路100号"
    assert facts_on(company.pk, now.date())["address"] == company.address
    assert enterprise_get(company.uscc).registered_address == company.address
    with data_scope(purpose="测试"):
        assert Filing.objects.get().state == "REGISTERED"


def test_only_what_changes_is_asked_and_documents_follow(city, company, now):
    draft_id = begun(city, change_begin, company)
    typed(city, draft_id, changes=["SCOPE"], new_scope=[{"scope_code": "G6510"}])
    client = client_of(city, "citizen")
    page = client.get(reverse("hall_applications:draft", args=[draft_id, "scope"]))
    assert "软件开发" in page.content.decode()
    assert "现经营范围" in page.content.decode()
    materials = client.get(reverse("hall_applications:materials", args=[draft_id]))
    assert "股权转让协议" not in materials.content.decode()
    with context_use(city.context("citizen")):
        fill(draft_id, {"changes": ["SHAREHOLDERS"]}, now=now)
    materials = client.get(reverse("hall_applications:materials", args=[draft_id]))
    assert "股权转让协议" in materials.content.decode()


def test_a_new_name_follows_the_same_rules_and_takes_the_branches_along(city, company, now):
    branch = branch_row(company, now)
    with context_use(city.context("citizen")):
        with pytest.raises(NameRefused):
            name_reserve(
                NameParts("苏州", "中国第一", "软件", "有限公司"),
                kind="LIMITED", area_code="320508", now=now, uscc=company.uscc,
            )  # fmt: skip
        held = name_reserve(
            NameParts("苏州", "澄湖朝晖", "软件", "有限公司"),
            kind="SINGLE", area_code="320507", now=now, uscc=company.uscc,
        )  # fmt: skip
    assert (held.kind, held.area_code) == ("LIMITED", "320508")
    draft_id = begun(city, change_begin, company, reservation_number=held.number)
    typed(city, draft_id, changes=["NAME"])
    filing = asked(city, draft_id)
    confirm(city, filing, "citizen")
    number = sent(city, draft_id)
    assert NameReservation.objects.get().state == "FILED"
    grant(number)

    company.refresh_from_db()
    branch.refresh_from_db()
    assert company.name == "苏州澄湖朝晖软件有限公司"
    assert branch.name == "苏州澄湖朝晖软件有限公司园区分公司"
    assert licence_of(company).holder_name == company.name
    assert NameReservation.objects.get().state == "USED"
    assert [one.kind for one in branch.entries.order_by("pk")] == ["BRANCH", "CHANGE"]


def test_who_sells_shares_and_who_buys_must_sign_and_the_votes_do_not_replace_them(
    city, company, now
):
    one, two = city.context("citizen"), city.context("elder")
    rows = [
        {"holder_name": one.name, "capital_wan": 60},
        {"holder_name": two.name, "capital_wan": 40},
    ]
    draft_id = begun(city, change_begin, company)
    typed(
        city, draft_id, files=["transfer"],
        changes=["SHAREHOLDERS"], new_shareholders=rows,
    )  # fmt: skip
    filing = asked(city, draft_id)
    assert [(each.must, each.votes) for each in filing.parties] == [(True, 70), (True, 30)]
    confirm(city, filing, "citizen")
    with context_use(one), pytest.raises(SubmissionIncomplete) as refusal:
        application_submit(draft_id, now=now)
    assert two.name in refusal.value.fields["changes"][0]
    assert application_rows("测试").count() == 0
    confirm(city, filing, "elder")
    old = licence_of(company)
    grant(sent(city, draft_id))
    shares = company.shareholdings.order_by("pk").values_list("holder_ref", "capital_wan")
    assert list(shares) == [(one.subject_ref, 60), (two.subject_ref, 40)]
    assert licence_of(company).identifier == old.identifier  # nothing of it stands on the licence


def test_a_new_representative_signs_the_old_one_need_not(city, company, now):
    two = person_of(city.context("elder"))
    rows = [
        {"post": "DIRECTOR", "officer_name": two["name"]},
        {"post": "FINANCE", "officer_name": two["name"]},
    ]
    draft_id = begun(city, change_begin, company)
    typed(
        city, draft_id, changes=["REPRESENTATIVE", "OFFICERS"], new_officers=rows,
        no_supervisor=True, new_representative_name=two["name"],
        new_representative_id=two["id_number"],
    )  # fmt: skip
    filing = asked(city, draft_id)
    roles = {each.name: (each.roles, each.must) for each in filing.parties}
    assert roles == {
        two["name"]: (("LEGAL_REPRESENTATIVE", "SHAREHOLDER", "DIRECTOR"), True),
        city.context("citizen").name: (("SHAREHOLDER",), False),
    }
    confirm(city, filing, "elder")
    assert filing_of(filing).state == "SIGNING"  # 30 of 100 is not two thirds
    confirm(city, filing, "citizen")
    grant(sent(city, draft_id))
    company.refresh_from_db()
    assert company.legal_representative_ref == city.context("elder").subject_ref
    assert {"DIRECTOR", "FINANCE"} == set(company.officers.values_list("post", flat=True))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"changes": ["ADDRESS"], "new_address": "苏州市姑苏区干将路100号",
          "premises_right": "OWNED"}, "changes"),
        ({"changes": ["SCOPE"], "new_scope": [{"scope_code": "G5120"}]}, "new_scope"),
        ({"changes": ["CAPITAL"], "new_capital_wan": 50,
          "new_shareholders": [{"holder_name": "{citizen}", "capital_wan": 50}]}, "capital_falls"),
        ({"changes": ["CAPITAL"], "new_capital_wan": 200,
          "new_shareholders": [{"holder_name": "{citizen}", "capital_wan": 150}]},
         "new_shareholders"),
        ({"changes": ["SHAREHOLDERS"],
          "new_shareholders": [{"holder_name": "无此人", "capital_wan": 100}]}, "new_shareholders"),
        ({"changes": ["NAME"], "reservation_number": "MC2026112100001",
          "new_name": "苏州别样红软件有限公司"}, "reservation_number"),
    ],
)  # fmt: skip
def test_what_cannot_be_changed_so_is_said_and_nobody_is_asked(city, company, now, values, field):
    rows = values.get("new_shareholders", [])
    for row in rows:
        row["holder_name"] = row["holder_name"].format(citizen=city.context("citizen").name)
    draft_id = begun(city, change_begin, company)
    typed(city, draft_id, **values)
    with context_use(city.context("citizen")), pytest.raises(FilingIncomplete) as refusal:
        confirmation_ask(draft_id, now=now)
    assert list(refusal.value.fields) == [field]
    with data_scope(purpose="测试"):
        assert not Filing.objects.exists()


def test_nobody_else_changes_a_company(city, company, now):
    for who in ("elder", "agent"):
        with context_use(city.context(who)), pytest.raises(CompanyNotFound):
            change_begin(company.uscc, now=now)
    company.state = "CANCELLED"
    company.save()
    with context_use(city.context("citizen")), pytest.raises(CompanyEnded):
        change_begin(company.uscc, now=now)
    branch = branch_row(company, now)
    with context_use(city.context("citizen")), pytest.raises(BranchFilesElsewhere):
        change_begin(branch.uscc, now=now)


def test_what_the_register_says_since_is_not_overwritten_unseen(city, company, now):
    draft_id = moved(city, company)
    filing = asked(city, draft_id)
    confirm(city, filing, "citizen")
    company.address = "苏州市姑苏区观前街9号"
    company.save()
    with context_use(city.context("citizen")):
        with pytest.raises(SubmissionIncomplete) as refusal:
            application_submit(draft_id, now=now)
        assert "重新" in refusal.value.fields["changes"][0]
        assert change_begin(company.uscc, now=now) == draft_id  # shows the new present value
        assert draft_context_get(draft_id).draft.values["now_address"] == "苏州市姑苏区观前街9号"
    assert application_rows("测试").count() == 0


# --- two at once --------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_two_changes_submitted_at_once_one_is_taken(city, company, now):
    mine = moved(city, company, address="苏州市姑苏区人民路201号")
    delegation = attorney(city, now)
    theirs = moved(
        city, company, address="苏州市姑苏区人民路202号", who="elder", delegation_id=delegation
    )
    cases = [(mine, "citizen"), (theirs, "elder")]
    for draft_id, who in cases:
        confirm(city, asked(city, draft_id, who=who), "citizen")

    def submit(case):
        draft_id, who = case
        try:
            return submitted(city, draft_id, who=who)
        except SubmissionIncomplete as error:
            return error.fields
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        results = list(threads.map(submit, cases))
    taken = [one for one in results if isinstance(one, str)]
    refused = [one for one in results if isinstance(one, dict)]
    assert len(taken) == len(refused) == 1
    assert list(refused[0]) == ["uscc"]
    assert application_rows("测试").count() == 1
    with data_scope(purpose="测试"):
        assert Filing.objects.filter(filed_at__isnull=False).count() == 1


def test_what_is_granted_or_refused_lets_the_next_one_in(city, company, now):
    first = moved(city, company)
    confirm(city, asked(city, first), "citizen")
    number = sent(city, first)
    second = moved(city, company, address="苏州市姑苏区人民路300号")
    confirm(city, asked(city, second), "citizen")
    with pytest.raises(SubmissionIncomplete):
        submitted(city, second)
    act(number, "accept", "NOT_ACCEPTED", reason="材料不清", legal_basis="市场主体登记管理条例")
    relay()
    assert sent(city, second) != number
    company.refresh_from_db()
    assert company.address == "苏州市姑苏区干将路100号"


# --- attorneys ----------------------------------------------------------------------------------


def test_an_attorney_prepares_and_submits_a_foundation_the_founders_sign(city, clock, now):
    delegation = attorney(city, now, value=ESTABLISH)
    with context_use(city.context("citizen")):
        held = name_reserve(
            NameParts("苏州", "澄湖月影", "软件", "有限公司"),
            kind="LIMITED", area_code="320508000000", now=now,
        )  # fmt: skip
    deputy = client_of(city, "elder")
    assert held.name in deputy.get("/hall/companies/mine/").content.decode()
    address = reverse("hall_companies:reservation", args=[held.number])
    assert deputy.post(address, {"do": "begin"}).status_code == 404
    answer = deputy.post(address, {"do": "begin", "delegation": f"{delegation}"})
    draft_id = int(answer["Location"].split("/drafts/")[1].split("/")[0])
    values = values_of(city)
    values.pop("phone")
    typed(city, draft_id, who="elder", files=["premises_proof"], **values)
    page = reverse("hall_companies:draft", args=[draft_id])
    assert deputy.post(page).status_code == 302
    filing = asked(city, draft_id, who="elder")
    assert filing.prepared_by == city.context("elder").name
    shown = deputy.get(reverse("hall_companies:filing", args=[filing.number]))
    assert "由受托人" in shown.content.decode()
    confirm(city, filing, "elder")  # for himself: he is a shareholder too
    with pytest.raises(SubmissionIncomplete):
        submitted(city, draft_id, who="elder")
    confirm(city, filing, "citizen")
    grant(sent(city, draft_id, who="elder"))
    assert Company.objects.get().name == held.name


def test_without_the_power_of_attorney_nothing_is_begun_or_read(city, company, now):
    delegation = attorney(city, now)
    draft_id = moved(city, company, who="elder", delegation_id=delegation)
    filing = asked(city, draft_id, who="elder")
    with context_use(city.context("elder")):
        with pytest.raises(DelegationMissing):
            cancellation_begin(company.uscc, now=now, delegation_id=delegation)
        delegation_revoke(delegation, now=now)
        with pytest.raises(FilingNotFound):
            change_begin(company.uscc, now=now, delegation_id=delegation)
    agent = city.context("agent")
    with context_use(agent), pytest.raises(FilingNotFound):
        filing_get(filing.number)
    client = client_of(city, "agent")
    begin = reverse("hall_companies:begin", args=[company.uscc])
    assert client.post(begin, {"do": "change", "delegation": f"{delegation}"}).status_code == 404
