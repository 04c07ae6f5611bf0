"""A licence granted here becomes a record by itself; what the decision does not say waits in the queue."""

import dataclasses
from datetime import UTC, date, datetime

import pytest

from yiwang.hall.applications.models import Decision
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.disclosure import actions, following, queries
from yiwang.hall.disclosure.models import DisclosureRecord
from yiwang.hall.disclosure.tests.test_records import NOW, SYSTEM, Bureau
from yiwang.hall.licences.actions import licence_issue, licence_type_put
from yiwang.hall.matters.actions import matter_put
from yiwang.hall.matters.tests.conftest import CARD
from yiwang.identity.api import account_create, data_scope
from yiwang.kernel.api import EventView, context_use

PERMIT = dataclasses.replace(
    CARD,
    code="320131099000",
    title={"zh": "食品经营许可", "en": "Food permit"},
    item_type="01",
    department="market_supervision",
)
USCC = "91320508MA1XYW01XY"


@pytest.fixture
def bureau(db):
    return Bureau()


def granted(bureau, definition=PERMIT, *, number="A1", licence=True):
    """A decided application with its licence, as rows; gives its number."""
    with context_use(SYSTEM):
        matter = matter_put(definition, source="pack:made@1.0.0", now=NOW)
        account_id = account_create(
            f"u{number}", population="AGENT", name="某", password="粉墙黛瓦 枕河人家 1986", now=NOW
        )
        application = application_rows("测试").create(
            number=number,
            query_code="ABCD2345",
            submission_key=number,
            account_id=account_id,
            applicant_ref=f"enterprise:{USCC}",
            applicant_name="苏州某餐饮有限公司",
            applicant_number=USCC,
            matter_version_id=matter.version_id,
            matter_code=definition.code,
            title=definition.title,
            department_id=bureau.own,
            area_code="320508",
            form_version_id=1,
            form_data={"legal_representative": "沈某"},
            state="APPROVED",
            receipt_hash="0" * 64,
            submitted_at=NOW,
            decided_at=NOW,
        )
        Decision.objects.create(
            application=application,
            outcome="APPROVED",
            document_number=f"姑苏区市监局许字〔2026〕第{number[1:].zfill(4)}号",
            department_name="姑苏区市场监督管理局",
            officer_name="陆某",
            decided_at=NOW,
        )
        return licence_of(bureau, number) if licence else None


def licence_of(bureau, number):
    definition = {
        "title": {"zh": "食品经营许可证", "en": "Food permit"},
        "type_code": "11320500MATRIX0001001",
        "holder": "enterprise",
        "validity_years": 5,
        "fields": [],
        "template": "CARD",
        "legal_basis": [],
    }
    licence_type_put("made.permit", definition, source="test", now=NOW)
    return licence_issue(
        "made.permit",
        holder_ref=f"enterprise:{USCC}",
        holder_name="苏州某餐饮有限公司",
        holder_number=USCC,
        data={"form": {}, "applicant": {}},
        area_code="320508",
        department_id=bureau.own,
        source=f"application:{number}",
        now=NOW,
    )


def decided(number="A1", outcome="APPROVED"):
    payload = {"number": number, "outcome": outcome}
    following.decision_take(EventView(1, "application.decided", number, payload, NOW))


def records():
    with data_scope(purpose="测试"):
        return list(DisclosureRecord.objects.order_by("pk"))


def test_a_granted_licence_becomes_a_record_and_again_changes_nothing(bureau):
    licence = granted(bureau)
    decided()
    decided()
    (row,) = records()
    assert (row.kind, row.source, row.department_id) == ("XK", "application:A1", bureau.own)
    assert row.due_at == datetime(2026, 12, 1, 9, tzinfo=UTC)
    expected = {
        "XK_XDR_MC": "苏州某餐饮有限公司",
        "XK_XDR_TYPE": "LEGAL",
        "A000002": USCC,
        "XK_FDDB": "沈某",
        "XK_WSH": "姑苏区市监局许字〔2026〕第0001号",
        "XK_XKZS": "食品经营许可证",
        "XK_XKBH": licence.number,
        "XK_NR": "准予食品经营许可",
        "XK_JDRQ": "2026-11-20",
        "XK_YXQZ": licence.valid_from.isoformat(),
        "XK_YXQZI": licence.valid_to.isoformat(),
        "XK_ZT": "1",
        "XK_XKJG": "姑苏区市场监督管理局",
    }
    assert {code: row.values[code] for code in expected} == expected
    # No source says of which class the licence is: a person does, once for each matter.
    assert row.errors == {"XK_XKLB": ["missing"]}


def test_the_class_a_department_gave_is_used_for_the_next_of_the_matter(bureau):
    granted(bureau)
    decided()
    (row,) = records()
    with context_use(bureau.head):
        actions.record_correct(row.pk, row.values | {"XK_XKLB": "普通"}, reason="", now=NOW)
        actions.record_publish(row.pk, now=NOW)
    granted(bureau, number="A2")
    decided("A2")
    assert [(each.state, each.values["XK_XKLB"]) for each in records()] == [
        ("PUBLISHED", "普通"),
        ("READY", "普通"),
    ]


def test_a_public_service_and_a_refusal_give_no_record(bureau):
    granted(bureau, dataclasses.replace(CARD, department="market_supervision"), licence=False)
    decided()
    decided(outcome="REFUSED")
    assert records() == []


def test_without_a_licence_the_end_of_its_time_is_asked_for(bureau):
    granted(bureau, licence=False)
    decided()
    (row,) = records()
    assert set(row.errors) == {"XK_XKLB", "XK_YXQZI"}


def test_a_revoked_licence_becomes_a_correction_to_publish(bureau, monkeypatch):
    licence = granted(bureau)
    decided()
    (row,) = records()
    with context_use(bureau.head):
        actions.record_correct(row.pk, row.values | {"XK_XKLB": "普通"}, reason="", now=NOW)
        actions.record_publish(row.pk, now=NOW)
    event = EventView(2, "licence.revoked", "x", {"licence_id": licence.id, "reason": "骗取"}, NOW)
    following.licence_end(event)
    assert len(records()) == 1  # the licence still holds
    monkeypatch.setattr(following, "_all_ended", lambda _source: True)
    following.licence_end(event)
    following.licence_end(event)
    assert [(each.state, each.values["XK_ZT"], each.correction_reason) for each in records()] == [
        ("PUBLISHED", "1", ""),
        ("READY", "2", "骗取"),
    ]
    shown = queries.timeliness(since=date(2026, 11, 1), until=date(2026, 11, 30), now=NOW)
    assert [(each.decided, each.on_time) for each in shown] == [(1, 1)]
