"""A branch changes and ends by itself; a company moves to another registrar and keeps its number."""

import pytest
from django.urls import reverse

from tests.hall import company_cases
from tests.hall.company_cases import (
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
from yiwang.hall.companies.actions.branches_alone import (
    branch_cancel_begin,
    branch_change_begin,
)
from yiwang.hall.companies.actions.moves import file_hand_over, file_object, move_begin
from yiwang.hall.companies.errors import (
    FileHandOverObjected,
    FileNotHandedOver,
    FileTransferClosed,
    FileTransferNotFound,
    FilingIncomplete,
    NoBranch,
)
from yiwang.hall.companies.files import digest_of
from yiwang.hall.companies.models import Company, FileTransfer
from yiwang.hall.companies.queries import registrar_of
from yiwang.identity.api import account_list_by_department, context_of_account
from yiwang.kernel.api import context_system, context_use
from yiwang.resources.api import enterprise_get

clock, company = company_cases.clock, company_cases.company


@pytest.fixture
def branch(company, clock) -> Company:
    """A branch of the company, with no e-licence yet."""
    return branch_row(company, clock.now)


# --- branches -----------------------------------------------------------------------------------


@pytest.mark.heavy
def test_a_branch_changes_its_place_and_its_head_by_itself(city, company, branch):
    head = person_of(city.context("elder"))
    draft_id = begun(city, branch_change_begin, branch)
    typed(
        city, draft_id, files=["premises_proof"], changes=["ADDRESS", "REPRESENTATIVE"],
        new_address="苏州市姑苏区人民路300号", premises_right="OWNED",
        new_representative_name=head["name"], new_representative_id=head["id_number"],
    )  # fmt: skip
    filing = asked(city, draft_id)
    assert [one.roles for one in filing.parties] == [("HEAD",), ("LEGAL_REPRESENTATIVE",)]
    assert sorted(filing.changes) == ["address", "legal_representative"]
    confirm(city, filing, "citizen", "elder")
    grant(sent(city, draft_id))
    relay()
    branch.refresh_from_db()
    company.refresh_from_db()
    assert branch.address == "苏州市姑苏区人民路300号"
    assert branch.legal_representative_ref == city.context("elder").subject_ref
    assert branch.officers.get(post="HEAD").name == head["name"]
    assert [one.kind for one in branch.entries.order_by("pk")] == ["BRANCH", "CHANGE"]
    assert company.address == "苏州市姑苏区干将路100号"
    face = {one["name"]: one["value"] for one in licence_of(branch).face}
    assert (face["address"], face["parent_uscc"]) == (branch.address, company.uscc)
    assert enterprise_get(branch.uscc).registered_address == branch.address


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"changes": ["NAME"], "new_mark": "No1"}, "new_mark"),
        ({"changes": ["NAME"], "new_mark": "园区"}, "new_mark"),
        ({"changes": ["SCOPE"], "new_scope": [{"scope_code": "G5120"}]}, "new_scope"),
        ({"changes": ["ADDRESS"], "new_address": "苏州市姑苏区观前街1号",
          "premises_right": "OWNED"}, "changes"),
    ],
)  # fmt: skip
def test_a_change_of_a_branch_that_cannot_be_is_said_so(city, branch, values, field):
    draft_id = typed(city, begun(city, branch_change_begin, branch), **values)
    with pytest.raises(FilingIncomplete) as refusal:
        asked(city, draft_id)
    assert list(refusal.value.fields) == [field]


@pytest.mark.heavy
def test_a_branch_ends_alone_and_its_company_goes_on(city, company, branch, clock):
    with pytest.raises(NoBranch):
        begun(city, branch_cancel_begin, company)
    draft_id = begun(city, branch_cancel_begin, branch)
    typed(city, draft_id, end_reason="业务并入公司", tax_state="NEVER")
    filing = asked(city, draft_id)
    assert [one.roles for one in filing.parties] == [("LEGAL_REPRESENTATIVE",)]
    confirm(city, filing, "citizen")
    grant(sent(city, draft_id))
    branch.refresh_from_db()
    company.refresh_from_db()
    assert (branch.state, branch.cancelled_date) == ("CANCELLED", clock.now.date())
    assert company.state == "ACTIVE"
    assert licence_of(company).state == "VALID"
    page = client_of(city, "citizen").get(reverse("hall_companies:own_company", args=[branch.uscc]))
    assert "注销分公司" not in page.content.decode()


@pytest.mark.heavy
def test_what_is_being_handled_for_a_branch_keeps_its_company_too(city, company, branch):
    from yiwang.hall.companies.closing import obstacles_of

    draft_id = begun(city, branch_cancel_begin, branch)
    typed(city, draft_id, end_reason="业务并入公司", tax_state="NEVER")
    confirm(city, asked(city, draft_id), "citizen")
    sent(city, draft_id)
    [said] = obstacles_of(company)
    assert "分公司注销" in said


# --- moves --------------------------------------------------------------------------------------


def moving(city, company, **values) -> int:
    draft_id = begun(city, move_begin, company)
    given = {
        "area_code": "320507",
        "new_address": "苏州市相城区春申湖路1号",
        "premises_right": "OWNED",
    }
    return typed(city, draft_id, files=["premises_proof"], **{**given, **values})


def registrar(area_code: str, now):
    """A reviewer of the registrar of a district."""
    with context_use(context_system("测试")):
        department = registrar_of(area_code)
        [first, *_] = account_list_by_department(department.id, role="REVIEWER", on=now.date())
    return context_of_account(first.id)


def applied(city, company) -> str:
    draft_id = moving(city, company)
    confirm(city, asked(city, draft_id), "citizen")
    return sent(city, draft_id)


def test_a_company_moves_and_keeps_its_code_and_the_number_of_its_licence(city, company, clock):
    old, before = licence_of(company), company.department_id
    number = applied(city, company)
    transfer = FileTransfer.objects.get()
    assert (transfer.state, transfer.from_department_id) == ("ASKED", before)
    for node, outcome in (("accept", "ACCEPT"), ("review", "AGREE")):
        act(number, node, outcome)
    with pytest.raises(FileNotHandedOver):
        act(number, "decide", "APPROVE")
    with context_use(registrar("320507", clock.now)), pytest.raises(FileTransferNotFound):
        file_hand_over(transfer.number, papers="0", note="", now=clock.now)
    with context_use(registrar("320508", clock.now)):
        given = file_hand_over(transfer.number, papers="2", note="", now=clock.now)
        assert given.digest == digest_of(given.contents)
        with pytest.raises(FileTransferClosed):
            file_object(transfer.number, reason="晚了", now=clock.now)
    act(number, "decide", "APPROVE")
    relay()
    company.refresh_from_db()
    transfer.refresh_from_db()
    new = licence_of(company)
    with context_use(context_system("测试")):
        wanted = registrar_of("320507")
    assert (company.uscc, company.department_id) == (old.holder_number, wanted.id)
    assert (new.number, new.version, new.issuer_name) == (old.number, 2, wanted.name)
    assert company.address == "苏州市相城区春申湖路1号"
    assert company.entries.get(kind="MOVE").changes["registrar"][1] == wanted.name
    assert transfer.state == "RECEIVED"
    assert enterprise_get(company.uscc).area_code == "320507"


@pytest.mark.heavy
def test_an_objection_of_the_old_registrar_holds_the_move_up(city, company, clock):
    number = applied(city, company)
    transfer = FileTransfer.objects.get()
    with context_use(registrar("320508", clock.now)):
        file_object(transfer.number, reason="立案调查尚未结案", now=clock.now)
    for node, outcome in (("accept", "ACCEPT"), ("review", "AGREE")):
        act(number, node, outcome)
    clock.pass_days(10)
    with pytest.raises(FileHandOverObjected) as refusal:
        act(number, "decide", "APPROVE")
    assert "立案调查尚未结案" in refusal.value.params["reason"]
    act(number, "decide", "REFUSE", reason="档案未移交", legal_basis="条例第二十七条")
    relay()
    transfer.refresh_from_db()
    company.refresh_from_db()
    assert transfer.state == "CALLED_OFF"
    assert company.area_code == "320508"


@pytest.mark.heavy
def test_a_registrar_that_lets_its_time_run_out_does_not_hold_the_move_up(city, company, clock):
    number = applied(city, company)
    clock.pass_days(10)
    grant(number)
    company.refresh_from_db()
    assert company.area_code == "320507"
    assert FileTransfer.objects.get().state == "ASKED"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"area_code": "320508"}, "area_code"),
        ({"new_address": "苏州市姑苏区干将路100号"}, "new_address"),
    ],
)
def test_a_move_that_is_none_is_said_so(city, company, values, field):
    draft_id = moving(city, company, **values)
    with pytest.raises(FilingIncomplete) as refusal:
        asked(city, draft_id)
    assert list(refusal.value.fields) == [field]
    assert not FileTransfer.objects.exists()


@pytest.mark.heavy
def test_one_filing_at_a_time_holds_for_moves_too(city, company):
    first = moved(city, company)
    confirm(city, asked(city, first), "citizen")
    second = moving(city, company)
    confirm(city, asked(city, second), "citizen")
    sent(city, first)
    with pytest.raises(SubmissionIncomplete) as refusal:
        submitted(city, second)
    assert list(refusal.value.fields) == ["uscc"]


@pytest.mark.heavy
def test_both_registrars_see_the_file_on_its_way_and_the_new_one_cannot_answer(
    city, company, clock, client
):
    applied(city, company)
    transfer = FileTransfer.objects.get()
    page = reverse("hall_companies:file", args=[transfer.number])
    for area, words in (("320508", True), ("320507", False)):
        client.force_login(_account(registrar(area, clock.now).account_id))
        assert company.name in client.get("/hall/companies/files/").content.decode()
        assert ("提出异议" in client.get(page).content.decode()) is words
    client.force_login(_account(registrar("320508", clock.now).account_id))
    assert client.post(page, {"do": "hand_over", "papers": "x"}).status_code == 422
    assert client.post(page, {"do": "hand_over", "papers": "1"}).status_code == 302
    transfer.refresh_from_db()
    assert (transfer.state, transfer.papers) == ("HANDED", 1)


def _account(account_id: int):
    from django.contrib.auth import get_user_model

    return get_user_model().objects.get(pk=account_id)
