"""A company that only the registry has is taken up with sources and dates; its registrar settles what differs."""

import datetime

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from tests.hall import company_cases
from tests.hall.company_cases import asked, begun, sent, typed
from tests.hall.test_companies import client_of, confirm, grant, person_of, relay
from tests.hall.test_companies_alone import registrar
from yiwang.hall.applications.queries.drafts import draft_context_get
from yiwang.hall.companies.actions.branches import branch_begin
from yiwang.hall.companies.actions.changes import change_begin
from yiwang.hall.companies.actions.takings import (
    company_compare,
    company_take,
    difference_settle,
)
from yiwang.hall.companies.errors import (
    AlreadyRegistered,
    CompanyNotFound,
    DifferenceSettled,
    DifferenceUnexplained,
    NotTakeable,
    RegisterUnchecked,
    TakingIncomplete,
)
from yiwang.hall.companies.history import facts_of
from yiwang.hall.companies.models import Company, RegisterDifference, RegistryTaking
from yiwang.hall.companies.taken import same, taken_facts
from yiwang.hall.licences.queries import licence_get
from yiwang.kernel.api import context_system, context_use
from yiwang.resources.api import enterprise_get, registries_load
from yiwang.sdk.errors import Forbidden
from yiwang.sdk.identifiers import uscc_make

clock = company_cases.clock
USCC = uscc_make("9", "1", "320508", "MAR00001")


@pytest.fixture
def known(city, clock):
    """A company that only the registry has, of which the citizen is the representative."""
    person = person_of(city.context("citizen"))
    ref = city.context("citizen").subject_ref.removeprefix("person:")
    row = {
        "uscc": USCC, "name": "苏州旧账软件有限公司", "legal_representative": person["name"],
        "legal_representative_ref": ref, "registered_address": "苏州市姑苏区十全街5号",
        "area_code": "320508", "business_scope": "软件开发；计算机系统服务", "registered_capital": 50,
        "established_date": datetime.date(2009, 5, 4), "industry": "I", "phone": "0512-65230001",
        "state": "ACTIVE", "sources": {"market_supervision": "2026-10-01"},
    }  # fmt: skip
    with context_use(context_system("测试")):
        registries_load(enterprises=[row], now=clock.now)
    return person


def holders(city, *shares: int) -> list[dict]:
    people = [person_of(city.context(name)) for name in ("citizen", "elder")]
    return [
        {"name": one["name"], "number": one["id_number"], "capital_wan": str(share)}
        for one, share in zip(people, shares, strict=False)
    ]


def taken(city, clock, *, shares=(30, 20), **claims) -> Company:
    with context_use(city.context("citizen")):
        company_take(USCC, claims=claims, holders=holders(city, *shares), now=clock.now)
    return Company.objects.get(uscc=USCC)


def settled(company, clock, *, takes=True) -> None:
    with context_use(registrar("320508", clock.now)):
        for row in company.differences.filter(state="OPEN"):
            difference_settle(row.pk, takes=takes, reason="与纸质档案一致", now=clock.now)


def test_it_begins_as_the_registry_has_it_with_source_and_date(city, known, clock):
    company = taken(city, clock, address="苏州市姑苏区十全街8号")
    facts = {one.field: one for one in taken_facts(company)}
    assert company.address == facts["address"].text == "苏州市姑苏区十全街5号"
    assert facts["address"].as_of == datetime.date(2026, 10, 1)
    assert "市场监督管理" in facts["address"].source["zh"]
    assert (company.established_date, company.kind) == (datetime.date(2009, 5, 4), "LIMITED")
    fields = company.differences.order_by("pk").values_list("field", "by", "state")
    assert list(fields) == [("address", "COMPANY", "OPEN"), ("shareholders", "COMPANY", "OPEN")]
    assert not company.shareholdings.exists()
    assert [one.kind for one in company.entries.all()] == ["TAKE"]


def test_nothing_is_filed_until_the_registrar_has_settled_every_point(city, known, clock):
    company = taken(city, clock)
    with pytest.raises(RegisterUnchecked):
        begun(city, change_begin, company)
    with context_use(registrar("320507", clock.now)), pytest.raises(CompanyNotFound):
        difference_settle(
            RegisterDifference.objects.get().pk, takes=True, reason="x", now=clock.now
        )
    with context_use(registrar("320508", clock.now)), pytest.raises(DifferenceUnexplained):
        difference_settle(
            RegisterDifference.objects.get().pk, takes=True, reason=" ", now=clock.now
        )
    with context_use(city.context("citizen")), pytest.raises(Forbidden):
        difference_settle(
            RegisterDifference.objects.get().pk, takes=True, reason="x", now=clock.now
        )
    assert RegistryTaking.objects.get().checked_at is None
    settled(company, clock)
    with context_use(registrar("320508", clock.now)), pytest.raises(DifferenceSettled):
        difference_settle(
            RegisterDifference.objects.get().pk, takes=False, reason="x", now=clock.now
        )
    assert list(company.shareholdings.order_by("pk").values_list("capital_wan", flat=True)) == [
        30,
        20,
    ]
    assert [one.kind for one in company.entries.order_by("pk")] == ["TAKE", "CORRECT"]
    assert RegistryTaking.objects.get().checked_at == clock.now
    assert begun(city, change_begin, company)


def test_what_the_registrar_keeps_stays_as_it_was(city, known, clock):
    company = taken(city, clock, business_scope="只做软件")
    before = facts_of(company)
    settled(company, clock, takes=False)
    assert facts_of(Company.objects.get()) == before
    assert set(company.differences.values_list("state", flat=True)) == {"KEPT"}


@pytest.mark.heavy
def test_it_changes_like_any_other_and_gets_its_first_licence(city, known, clock):
    company = taken(city, clock)
    settled(company, clock)
    draft_id = begun(city, change_begin, company)
    with context_use(city.context("citizen")):
        shown = draft_context_get(draft_id).draft.sources["now_address"]
    assert shown.as_of == datetime.date(2026, 10, 1)
    typed(
        city, draft_id, files=["premises_proof"], changes=["ADDRESS"],
        new_address="苏州市姑苏区人民路88号", premises_right="OWNED",
    )  # fmt: skip
    filing = asked(city, draft_id)
    assert [(one.must, one.votes) for one in filing.parties] == [(True, 30), (False, 20)]
    confirm(city, filing, "citizen", "elder")
    grant(sent(city, draft_id))
    relay()
    company.refresh_from_db()
    with context_use(context_system("测试")):
        licence = licence_get(company.licence_id)
    face = {one["name"]: one["value"] for one in licence.face}
    assert face["address"] == company.address == "苏州市姑苏区人民路88号"
    assert face["legal_representative"] == known["name"]
    assert enterprise_get(USCC).registered_address == company.address
    changed = [one.field for one in taken_facts(company) if not one.is_present]
    assert changed == ["address"]


@pytest.mark.heavy
def test_one_that_was_taken_up_branches_out_within_its_wording(city, known, clock):
    company = taken(city, clock)
    settled(company, clock)
    head = person_of(city.context("elder"))
    draft_id = begun(city, branch_begin, company)
    typed(
        city, draft_id, files=["premises_proof"], branch_mark="观前", area_code="320508",
        premises_address="苏州市姑苏区观前街8号", premises_right="OWNED",
        company_phone="0512-65210009", scope=[{"scope_code": "G6510"}],
        head_name=head["name"], head_number=head["id_number"],
    )  # fmt: skip
    confirm(city, asked(city, draft_id), "citizen", "elder")
    grant(sent(city, draft_id))
    assert company.branches.get().name == "苏州旧账软件有限公司观前分公司"


@pytest.mark.parametrize(
    ("shares", "claims", "field"),
    [
        ((), {}, "holders"),
        ((30, 30), {}, "holders"),
        ((30, 20), {"registered_capital": "many"}, "registered_capital"),
    ],
)
def test_what_does_not_fit_together_is_not_taken(city, known, clock, shares, claims, field):
    with pytest.raises(TakingIncomplete) as refusal:
        taken(city, clock, shares=shares, **claims)
    assert list(refusal.value.fields) == [field]
    assert not Company.objects.exists()


def test_nobody_takes_anothers_company_or_one_twice(city, known, clock):
    for who in ("elder", "agent"):
        with context_use(city.context(who)), pytest.raises(NotTakeable):
            company_take(USCC, claims={}, holders=holders(city, 50), now=clock.now)
    assert not Company.objects.exists()
    taken(city, clock)
    with pytest.raises(AlreadyRegistered):
        taken(city, clock)
    assert Company.objects.count() == 1


@pytest.mark.heavy
def test_the_registrar_compares_again_and_what_was_settled_stays_settled(city, known, clock):
    company = taken(city, clock)
    settled(company, clock)
    company.refresh_from_db()
    company.address = "苏州市姑苏区平江路1号"
    company.save()
    with context_use(registrar("320508", clock.now)):
        assert company_compare(USCC, now=clock.now) == 1
        assert company_compare(USCC, now=clock.now) == 0
    row = RegisterDifference.objects.get(state="OPEN")
    assert (row.field, row.value["value"], row.by) == (
        "address",
        "苏州市姑苏区十全街5号",
        "REGISTRY",
    )
    settled(company, clock, takes=False)
    with context_use(registrar("320508", clock.now)):
        assert company_compare(USCC, now=clock.now) == 0


@pytest.mark.heavy
def test_the_pages_take_it_up_and_settle_it(city, known, clock, client):
    citizen = client_of(city, "citizen")
    page = citizen.get("/hall/companies/take/", {"uscc": USCC}).content.decode()
    assert "苏州市姑苏区十全街5号" in page
    assert "2026-10-01" in page
    rows = holders(city, 30, 20)
    post = {"uscc": USCC, "rows": "2", "address": "苏州市姑苏区十全街8号"}
    for n, row in enumerate(rows):
        post |= {f"{key}-{n}": value for key, value in row.items()}
    wrong = citizen.post("/hall/companies/take/", {**post, "capital_wan-1": "1"})
    assert wrong.status_code == 422
    assert "苏州市姑苏区十全街8号" in wrong.content.decode()
    assert citizen.post("/hall/companies/take/", post).status_code == 302
    relay()
    officer = registrar("320508", clock.now)
    client.force_login(get_user_model().objects.get(pk=officer.account_id))
    assert USCC in client.get("/hall/companies/takings/?state=OPEN").content.decode()
    check = reverse("hall_companies:check_company", args=[USCC])
    row = RegisterDifference.objects.get(field="address")
    assert "苏州市姑苏区十全街8号" in client.get(check).content.decode()
    given = {"do": "take", "difference": row.pk}
    assert client.post(check, {**given, "reason": ""}).status_code == 422
    assert client.post(check, {**given, "reason": "与档案一致"}).status_code == 302
    assert Company.objects.get().address == "苏州市姑苏区十全街8号"
    register = reverse("hall_companies:company", args=[USCC])
    assert "1项待核对" in client.get(register).content.decode().replace(" ", "")
    client.post(check, {"do": "keep", "difference": row.pk + 1, "reason": "待补充"})
    own = citizen.get(reverse("hall_companies:own_company", args=[USCC])).content.decode()
    assert "登记机关正在与法人库核对" not in own


@given(st.decimals(0, 10**9, places=2), st.text("甲乙 1号", max_size=6))
def test_saying_the_same_does_not_depend_on_zeros_and_spaces(amount, text):
    assert same(f"{amount}", f"{amount.normalize():f}")
    assert same(text, f" {text} ")
    assert not same(f"{text}x", text)
