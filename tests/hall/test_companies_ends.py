"""Branches of a company, its end with notice and creditors, and what anybody may see of it."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.hall import company_cases
from tests.hall.company_cases import (
    DAY,
    NAME,
    asked,
    begun,
    branch_row,
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
)
from yiwang.hall.applications.errors import SubmissionIncomplete
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.companies.actions.branches import branch_begin
from yiwang.hall.companies.actions.cancellation import (
    cancellation_begin,
    claim_answer,
    claim_make,
    notice_publish,
    notice_withdraw,
)
from yiwang.hall.companies.closing import _checks, closing_check_register
from yiwang.hall.companies.errors import (
    ClaimIncomplete,
    ClaimSettled,
    CompanyBusy,
    FilingIncomplete,
    NoticeClosed,
    NoticeNotFound,
    NoticeRefused,
    NoticeRunning,
)
from yiwang.hall.companies.history import entry_write, facts_on
from yiwang.hall.companies.models import (
    CancellationNotice,
    CreditorClaim,
)
from yiwang.identity.api import (
    data_scope,
)
from yiwang.kernel.api import context_use
from yiwang.resources.api import enterprise_get

clock, company = company_cases.clock, company_cases.company


# --- branches -----------------------------------------------------------------------------------


def branch_draft(city, company, **values) -> int:
    head = person_of(city.context("elder"))
    draft_id = begun(city, branch_begin, company)
    given = {
        "branch_mark": "观前", "area_code": "320508", "premises_address": "苏州市姑苏区观前街8号",
        "premises_right": "OWNED", "company_phone": "0512-65210009",
        "scope": [{"scope_code": "G6510"}], "head_name": head["name"],
        "head_number": head["id_number"],
    }  # fmt: skip
    return typed(city, draft_id, files=["premises_proof"], **{**given, **values})


def test_a_branch_stands_below_its_company_with_its_own_code_and_licence(city, company, clock):
    draft_id = branch_draft(city, company)
    filing = asked(city, draft_id)
    assert [one.roles for one in filing.parties] == [("HEAD",), ("LEGAL_REPRESENTATIVE",)]
    confirm(city, filing, "citizen", "elder")
    grant(sent(city, draft_id))
    relay()
    branch = company.branches.get()
    assert (branch.name, branch.kind) == (f"{NAME}观前分公司", "BRANCH")
    assert branch.uscc != company.uscc
    licence = licence_of(branch)
    face = {one["name"]: one["value"] for one in licence.face}
    assert (face["parent_name"], face["parent_uscc"]) == (NAME, company.uscc)
    assert licence.holder_ref == f"enterprise:{branch.uscc}"
    assert enterprise_get(branch.uscc).name == branch.name
    client = client_of(city, "citizen")
    own = client.get(reverse("hall_companies:own_company", args=[company.uscc]))
    assert branch.name in own.content.decode()
    with pytest.raises(FilingIncomplete) as refusal:
        asked(city, branch_draft(city, company))
    assert list(refusal.value.fields) == ["branch_mark"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"branch_mark": "No1"}, "branch_mark"),
        ({"scope": [{"scope_code": "G5120"}]}, "scope"),
        ({"head_number": "320508199007080458"}, "head_number"),
    ],
)
def test_a_branch_that_cannot_be_is_said_so(city, company, values, field):
    draft_id = branch_draft(city, company, **values)
    with pytest.raises(FilingIncomplete) as refusal:
        asked(city, draft_id)
    assert list(refusal.value.fields) == [field]
    assert not company.branches.exists()


# --- the end ------------------------------------------------------------------------------------


def ending(city, company, *, way="SIMPLE", **values) -> int:
    draft_id = begun(city, cancellation_begin, company)
    given = {"owes_nobody": True} if way == "SIMPLE" else {}
    return typed(city, draft_id, way=way, tax_state="NEVER", **{**given, **values})


def announced(city, draft_id: int):
    with context_use(city.context("citizen")):
        return notice_publish(draft_id, now=timezone.now())


def test_the_simplified_end_waits_for_its_notice_and_takes_the_branches_along(
    city, company, clock, now
):
    branch = branch_row(company, now)
    draft_id = ending(city, company)
    with pytest.raises(NoticeRefused):
        announced(city, draft_id)
    filing = asked(city, draft_id)
    confirm(city, filing, "citizen")
    with pytest.raises(NoticeRefused):  # all shareholders declare it, not most
        announced(city, draft_id)
    confirm(city, filing, "elder")
    with pytest.raises(SubmissionIncomplete):
        submitted(city, draft_id)
    notice = announced(city, draft_id)
    assert (notice.ends_date - now.date()).days == 20
    with pytest.raises(NoticeRunning):
        announced(city, draft_id)
    assert company.name in Client().get("/hall/companies/notices/").content.decode()
    clock.pass_days(20)
    with pytest.raises(SubmissionIncomplete):
        submitted(city, draft_id)
    assert application_rows("测试").count() == 0
    clock.pass_days(1)
    number = sent(city, draft_id)
    grant(number)
    relay()

    for row in (company, branch):
        row.refresh_from_db()
        assert (row.state, row.cancelled_date) == ("CANCELLED", clock.now.date())
        assert row.entries.get(kind="CANCEL").application_number == number
    assert licence_of(company).state == "CANCELLED"
    assert CancellationNotice.objects.get().state == "USED"
    assert facts_on(company.pk, now.date())["state"] == "ACTIVE"
    assert facts_on(company.pk, clock.now.date())["state"] == "CANCELLED"
    assert company.shareholdings.count() == 2


def test_an_objection_ends_the_simplified_way(city, company, clock):
    draft_id = ending(city, company)
    confirm(city, asked(city, draft_id), "citizen", "elder")
    notice = announced(city, draft_id)
    page = reverse("hall_companies:notice", args=[notice.number])
    creditor = Client()
    empty = creditor.post(page, {"creditor": "某供货商", "contact": "", "grounds": "货款"})
    assert empty.status_code == 422
    assert "某供货商" in empty.content.decode()
    with data_scope(purpose="测试"):
        assert not CreditorClaim.objects.exists()
    typed_in = {
        "creditor": "某供货商",
        "contact": "0512-1",
        "grounds": "货款未付",
        "amount": "12.5",
    }
    assert creditor.post(page, typed_in).status_code == 302
    assert "某供货商" not in creditor.get(page).content.decode()
    assert CancellationNotice.objects.get().state == "OBJECTED"
    with pytest.raises(NoticeClosed):
        claim_make(notice.number, creditor="a", contact="b", amount="", grounds="c", now=clock.now)
    clock.pass_days(21)
    with pytest.raises(SubmissionIncomplete):
        submitted(city, draft_id)
    own = client_of(city, "citizen").get(reverse("hall_companies:own_company", args=[company.uscc]))
    assert "货款未付" in own.content.decode()


def test_the_ordinary_end_is_announced_45_days_and_every_claim_is_answered(city, company, clock):
    head = person_of(city.context("citizen"))
    group = {
        "resolved_date": clock.now.date().isoformat(),
        "liquidators": [{"liquidator_name": head["name"]}],
        "liquidation_head_name": head["name"], "liquidation_head_number": head["id_number"],
    }  # fmt: skip
    draft_id = ending(city, company, way="ORDINARY")
    with pytest.raises(NoticeRefused):
        announced(city, draft_id)
    typed(city, draft_id, **group)
    notice = announced(city, draft_id)
    assert (notice.ends_date - clock.now.date()).days == 45
    claim = claim_make(
        notice.number,
        creditor="某银行",
        contact="95500",
        amount="30",
        grounds="贷款",
        now=clock.now,
    )
    clock.pass_days(46)
    typed(city, draft_id, liquidation_report="财产已清理，债务已清偿，剩余财产已分配。")
    filing = asked(city, draft_id)
    roles = [(one.roles, one.must) for one in filing.parties]
    assert roles == [(("LIQUIDATOR", "SHAREHOLDER"), True), (("SHAREHOLDER",), False)]
    confirm(city, filing, "citizen")
    with pytest.raises(SubmissionIncomplete) as refusal:
        submitted(city, draft_id)
    assert claim in refusal.value.fields["way"][0]
    with context_use(city.context("elder")), pytest.raises(ClaimSettled):
        claim_answer(claim, state="SETTLED", answer="已还", now=clock.now)
    with context_use(city.context("citizen")):
        with pytest.raises(ClaimIncomplete):
            claim_answer(claim, state="SETTLED", answer=" ", now=clock.now)
        claim_answer(claim, state="SETTLED", answer="已全部归还", now=clock.now)
        with pytest.raises(ClaimSettled):
            claim_answer(claim, state="DISPUTED", answer="不认", now=clock.now)
    grant(sent(city, draft_id))
    company.refresh_from_db()
    assert company.state == "CANCELLED"


def test_what_is_being_handled_stands_in_the_way_in_words(city, company, clock):
    first = moved(city, company)
    confirm(city, asked(city, first), "citizen")
    sent(city, first)
    draft_id = ending(city, company)
    with pytest.raises(FilingIncomplete) as refusal:
        asked(city, draft_id)
    [said] = refusal.value.fields["uscc"]
    assert "变更登记正在办理" in said
    assert not CancellationNotice.objects.exists()


def test_another_room_may_stand_in_the_way_even_at_the_decision(city, company, clock):
    draft_id = ending(city, company)
    confirm(city, asked(city, draft_id), "citizen", "elder")
    announced(city, draft_id)
    clock.pass_days(21)
    number = sent(city, draft_id)
    for node, outcome in (("accept", "ACCEPT"), ("review", "AGREE")):
        act(number, node, outcome)
    closing_check_register("test", lambda _uscc: ["有正在审理的案件"])
    try:
        with pytest.raises(CompanyBusy) as refusal:
            act(number, "decide", "APPROVE")
    finally:
        _checks.pop("test")
    assert "有正在审理的案件" in refusal.value.params["reasons"]
    company.refresh_from_db()
    assert company.state == "ACTIVE"
    assert CancellationNotice.objects.get().state == "OPEN"
    assert licence_of(company).state == "VALID"


def test_a_notice_lapses_and_is_taken_back_by_the_company_alone(city, company, clock):
    draft_id = ending(city, company)
    confirm(city, asked(city, draft_id), "citizen", "elder")
    first = announced(city, draft_id)
    clock.pass_days(41)
    with pytest.raises(SubmissionIncomplete):
        submitted(city, draft_id)
    second = announced(city, draft_id)
    assert second.number != first.number
    with context_use(city.context("elder")), pytest.raises(NoticeNotFound):
        notice_withdraw(second.number, now=clock.now)
    with context_use(city.context("citizen")):
        notice_withdraw(second.number, now=clock.now)
        with pytest.raises(NoticeClosed):
            notice_withdraw(second.number, now=clock.now)
    assert set(CancellationNotice.objects.values_list("state", flat=True)) == {"WITHDRAWN"}


# --- what anybody may see -----------------------------------------------------------------------


def test_anybody_looks_a_company_up_as_it_was_on_a_day(city, company, clock, now):
    before = company.address
    company.address = "苏州市姑苏区人民路400号"
    company.save()
    entry_write(
        company, "CHANGE", number="TEST-2",
        changes={"address": [before, company.address]}, now=now - 2 * DAY,
    )  # fmt: skip
    visitor = Client()
    found = visitor.get("/hall/companies/look-up/", {"q": "澄湖月影"}).content.decode()
    assert company.uscc in found
    assert "没有找到企业" in visitor.get("/hall/companies/look-up/", {"q": "无"}).content.decode()
    page = reverse("hall_companies:known", args=[company.uscc])
    told = visitor.get(page, {"on": f"{now.date() - 10 * DAY}"}).content.decode()
    assert before in told
    assert company.address in told
    unknown = visitor.get(page, {"on": "2000-01-01"}).content.decode()
    assert "该日登记簿中还没有这家企业" in unknown
    assert person_of(city.context("citizen"))["id_number"] not in told
    assert visitor.get("/hall/companies/look-up/91320508MAX00009XX/").status_code == 404
