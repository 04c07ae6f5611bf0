"""A company of two for the tests of what becomes of it, and how its drafts are typed, asked, submitted."""

import datetime
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from decimal import Decimal

import pytest
from django.utils import timezone

from tests.hall.test_companies import (
    relay,
)
from tests.hall.test_pack_journeys import fill, upload
from yiwang.hall.api import application_submit, licence_get
from yiwang.hall.applications.actions.filing import draft_filing_of
from yiwang.hall.applications.actions.materials import material_attach
from yiwang.hall.applications.filing import acting_for
from yiwang.hall.applications.queries.drafts import draft_context_get
from yiwang.hall.companies.actions.changes import change_begin
from yiwang.hall.companies.actions.filings import confirmation_ask
from yiwang.hall.companies.foundation import scope_of
from yiwang.hall.companies.history import entry_write
from yiwang.hall.companies.models import (
    Company,
    Officer,
    Shareholding,
)
from yiwang.hall.companies.queries import CHANGE, filing_get
from yiwang.hall.licences.actions import licence_issue
from yiwang.identity.api import (
    delegation_accept,
    delegation_offer,
    department_find,
)
from yiwang.kernel.api import context_system, context_use
from yiwang.sdk.identifiers import uscc_make

DAY = datetime.timedelta(days=1)


class Clock:
    """The time of the test: stands still until it is moved."""

    def __init__(self, now):
        self.now = now

    def pass_days(self, days: int) -> None:
        self.now += days * DAY


@pytest.fixture
def clock(monkeypatch, now) -> Clock:
    found = Clock(now)
    monkeypatch.setattr("django.utils.timezone.now", lambda: found.now)
    return found


NAME = "苏州澄湖月影软件有限公司"


@pytest.fixture
def company(city, clock, now) -> Company:
    """A company of two: the citizen 70 (director, representative), the elder 30 (finance)."""
    one, two = city.context("citizen"), city.context("elder")
    with context_use(context_system("测试")):
        department = department_find("market_supervision", "320508", "DISTRICT")
        row = Company.objects.create(
            uscc=uscc_make("9", "1", "320508", "MAX00001"),
            name=NAME,
            kind="LIMITED",
            legal_representative=one.name,
            legal_representative_ref=one.subject_ref,
            registered_capital=Decimal(100),
            address="苏州市姑苏区干将路100号",
            area_code="320508",
            business_scope=scope_of(["G6510", "X6310"]),
            scope_codes=["G6510", "X6310"],
            industry="I",
            department_id=department.id,
            established_date=now.date(),
        )
        for who, share in ((one, 70), (two, 30)):
            Shareholding.objects.create(
                company=row, holder_ref=who.subject_ref, holder_name=who.name, capital_wan=share
            )
        for who, post in ((one, "DIRECTOR"), (two, "FINANCE")):
            Officer.objects.create(
                company=row, post=post, name=who.name, person_ref=who.subject_ref
            )
        row.licence_id = _licence(row, now).id
        row.save()
        entry_write(row, "ESTABLISH", number="TEST-0", changes={"name": NAME}, now=now - 30 * DAY)
    return row


def _licence(row: Company, now):
    form = {
        "uscc": row.uscc,
        "company_kind": {"zh": "有限责任公司", "en": "Limited liability company"},
        "legal_representative_name": row.legal_representative,
        "capital": "100万元人民币",
        "established_date": row.established_date.isoformat(),
        "premises_address": row.address,
        "business_scope": row.business_scope,
    }
    return licence_issue(
        "company_registration.business_licence",
        holder_ref=f"enterprise:{row.uscc}",
        holder_name=row.name,
        holder_number=row.uscc,
        data={"form": form, "applicant": {}},
        area_code="320508",
        department_id=row.department_id,
        source="test",
        now=now,
    )


@contextmanager
def filling(city, draft_id: int, who: str):
    """Act as who types the draft, for its applicant."""
    with context_use(city.context(who)):
        way, applicant_ref = draft_filing_of(draft_id)
        with nullcontext() if way.is_own else acting_for(applicant_ref):
            yield


def typed(city, draft_id: int, *, who="citizen", files=(), **values) -> int:
    """Type values page by page and attach what is asked; returns the draft."""
    now = timezone.now()
    with filling(city, draft_id, who):
        fill(draft_id, {"phone": "13800000001", "agree": True, **values}, now=now)
        for key in files:
            matter = draft_context_get(draft_id).matter
            material_attach(draft_id, key, file=upload(matter, key), now=now)
    return draft_id


def asked(city, draft_id: int, *, who="citizen"):
    with filling(city, draft_id, who):
        return confirmation_ask(draft_id, now=timezone.now())


def submitted(city, draft_id: int, *, who="citizen") -> str:
    with filling(city, draft_id, who):
        return application_submit(draft_id, now=timezone.now()).number


def sent(city, draft_id: int, *, who="citizen") -> str:
    number = submitted(city, draft_id, who=who)
    relay()
    return number


def begun(city, begin, company, *, who="citizen", **more) -> int:
    with context_use(city.context(who)):
        return begin(company.uscc, now=timezone.now(), **more)


def moved(city, company, *, address="苏州市姑苏区人民路200号", who="citizen", **more) -> int:
    """A draft that changes the address, typed."""
    draft_id = begun(city, change_begin, company, who=who, **more)
    return typed(
        city, draft_id, who=who, files=["premises_proof"],
        changes=["ADDRESS"], new_address=address, premises_right="OWNED",
    )  # fmt: skip


def licence_of(company: Company):
    with context_use(context_system("测试")):
        return licence_get(Company.objects.get(pk=company.pk).licence_id)


def branch_row(company: Company, now) -> Company:
    branch = Company.objects.create(
        parent=company, uscc=uscc_make("9", "1", "320508", "MAX00002"),
        name=f"{company.name}园区分公司", kind="BRANCH", legal_representative="某",
        registered_capital=0, address="苏州市姑苏区观前街1号", area_code="320508",
        business_scope=company.business_scope, scope_codes=company.scope_codes,
        department_id=company.department_id, established_date=now.date(),
    )  # fmt: skip
    entry_write(branch, "BRANCH", number="TEST-1", changes={}, now=now)
    return branch


def attorney(city, now, *, scope="MATTER", value=CHANGE) -> int:
    """The elder holds the citizen's power of attorney; returns its id."""
    with context_use(city.context("citizen")):
        offered = delegation_offer(
            deputy_name=city.context("elder").name, scope=scope, scope_value=value,
            scope_title={"zh": "公司登记", "en": "Company registration"},
            to_date=now.date() + 90 * DAY, now=now,
        )  # fmt: skip
    with context_use(city.context("elder")):
        delegation_accept(offered.code, now=now)
    return offered.id


def filing_of(filing):
    with context_use(
        replace(context_system("测试"), population="CITIZEN", subject_ref=filing.applicant_ref)
    ):
        return filing_get(filing.number)
