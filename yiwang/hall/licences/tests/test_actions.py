"""Issuing once, suspending, giving back, revoking, and who may see what."""

from contextlib import suppress
from datetime import UTC, date, datetime
from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, connection, transaction

from yiwang.hall.licences.actions import (
    licence_issue,
    licence_resume,
    licence_revoke,
    licence_suspend,
    licence_type_put,
)
from yiwang.hall.licences.errors import (
    LicenceHolderWrong,
    LicenceNotFound,
    LicenceStateWrong,
    LicenceTypeUnknown,
    ReasonMissing,
)
from yiwang.hall.licences.models import Licence, LicenceType
from yiwang.hall.licences.queries import (
    HOLDER_RULE,
    licence_get,
    licence_list,
    licence_list_by_source,
    licence_type_get,
    licence_verify,
)
from yiwang.hall.licences.rules import licence_identifier_valid
from yiwang.hall.licences.tests.conftest import CARD, DATA, HOLDER, NEIGHBOUR, NOW, SYSTEM, Hall
from yiwang.identity.api import UnscopedQuery, data_scope
from yiwang.kernel.api import audit_list, context_use, data_access_list, serial_last
from yiwang.sdk.errors import Forbidden

REASON = {"reason": "提供虚假材料。", "legal_basis": "行政许可法第六十九条"}


def _count() -> int:
    with data_scope(purpose="test"):
        return Licence.objects.count()


def test_types_of_licences_are_put_by_whoever_may_and_not_by_whoever_revokes(hall):
    changed = {**CARD, "template": "CERTIFICATE"}
    with context_use(hall.officer(None, "hall.licences.revoke")), pytest.raises(Forbidden):
        licence_type_put("senior.card", changed, source="x", now=NOW)
    assert LicenceType.objects.filter(key="senior.card").count() == 1
    with context_use(hall.officer(None, "hall.licences.types")):
        assert licence_type_put("senior.card", changed, source="x", now=NOW).version == 2


def test_a_licence_carries_identifier_number_face_and_dates(hall):
    licence = hall.issue()
    assert licence_identifier_valid(licence.identifier)
    assert licence.identifier.startswith(
        "1.2.156.3005.2.11320500014149488K001.11320508014149488K.202600000001.001."
    )
    assert (licence.number, licence.issuer_name) == ("202600000001", "姑苏区民政局")
    assert (licence.valid_from, licence.valid_to) == (date(2026, 11, 21), None)
    assert [entry["value"] for entry in licence.face] == [
        "沈月琴",
        {"zh": "女", "en": "Female"},
        "1955-01-02",
        "全市",
    ]
    assert licence.state == "VALID"


def test_the_day_of_issue_is_the_citys_day(hall):
    late = datetime(2026, 12, 31, 16, 30, tzinfo=UTC)  # half past midnight in the city
    licence = hall.permit(now=late)
    assert licence.valid_from == date(2027, 1, 1)
    assert licence.valid_to == date(2031, 12, 31)
    assert licence.number == "202700000001"


def test_the_same_source_and_type_give_the_same_licence(hall):
    first, again = hall.issue(), hall.issue()
    assert (first.id, first.identifier) == (again.id, again.identifier)
    assert _count() == 1
    assert serial_last("hall.licences:senior.card:2026") == 1


def test_two_types_of_one_source_are_two_licences_and_each_type_counts_by_itself(hall):
    numbers = [hall.issue().number, hall.permit("application:1").number]
    assert numbers == ["202600000001", "202600000001"]
    assert [item.type_key for item in licence_list_by_source("application:1")] == [
        "senior.card",
        "food.permit",
    ]


def test_an_act_that_rolls_back_leaves_no_licence_and_no_gap_in_the_numbers(hall):
    with suppress(RuntimeError), transaction.atomic():
        hall.issue()
        raise RuntimeError
    assert _count() == 0
    assert hall.issue().number == "202600000001"
    assert hall.issue("application:9").number == "202600000002"


def test_the_database_itself_refuses_a_second_licence_of_one_source(hall):
    licence = hall.issue()
    with data_scope(purpose="test"):
        row = Licence.objects.get(pk=licence.id)
        row.pk, row.identifier, row.number, row.verify_code = None, "x", "x", "x"
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save(force_insert=True)


def test_a_card_for_persons_is_not_issued_to_an_enterprise(hall):
    with pytest.raises(LicenceHolderWrong):
        hall.issue(holder_ref="enterprise:91320508MA1")
    with pytest.raises(LicenceTypeUnknown):
        hall.issue(type_key="nobody.knows")
    assert _count() == 0


def test_the_issue_is_audited_and_announced_for_the_holder(hall):
    licence = hall.issue()
    row = audit_list(subject=f"licence:{licence.id}")[0]
    assert (row["act"], row["person_ref"]) == ("hall.licences.issue", "P1")
    assert row["detail"]["identifier"] == licence.identifier


def test_a_changed_type_is_a_new_version_and_old_licences_keep_theirs(hall):
    old = hall.issue()
    with context_use(SYSTEM):
        same = licence_type_put("senior.card", CARD, source="pack:senior@1", now=NOW)
        changed = {**CARD, "title": {"zh": "敬老卡", "en": "Elder card"}}
        new = licence_type_put("senior.card", changed, source="pack:senior@2", now=NOW)
    assert (same.version, new.version) == (1, 2)
    assert licence_type_get("senior.card").title["zh"] == "敬老卡"
    assert LicenceType.objects.filter(key="senior.card").count() == 2
    with context_use(HOLDER):
        assert licence_get(old.id).title["zh"] == "老年人优待证"


def test_personal_data_of_licences_are_not_read_without_a_purpose(hall):
    hall.issue()
    with pytest.raises(UnscopedQuery):
        list(Licence.objects.all())


def test_the_holder_sees_the_licence_and_nobody_else_does(hall):
    licence = hall.issue()
    with context_use(HOLDER):
        assert licence_get(licence.id).holder_name == "沈月琴"
    strangers = [
        NEIGHBOUR,
        hall.officer(hall.other),
        hall.officer(hall.department, "hall.applications.handle"),
    ]
    for stranger in strangers:
        with context_use(stranger), pytest.raises(LicenceNotFound):
            licence_get(licence.id)
    with pytest.raises(LicenceNotFound):
        licence_get(licence.id)
    with context_use(hall.officer()):
        assert licence_get(licence.id).id == licence.id
    assert [item.id for item in licence_list("person:P1")] == [licence.id]
    assert licence_list("person:P2") == licence_list("") == []


def test_the_filter_and_the_check_of_the_holder_rule_agree(hall):
    hall.issue()
    hall.permit()
    with data_scope(purpose="test"):
        rows = list(Licence.objects.all())
        for context in (HOLDER, NEIGHBOUR, hall.officer()):
            listed = set(Licence.objects.filter(HOLDER_RULE.filter(context)))
            assert listed == {row for row in rows if HOLDER_RULE.permits(context, row)}


def test_suspending_giving_back_and_revoking_are_told_and_audited(hall):
    licence = hall.issue()
    officer = hall.officer()
    with context_use(officer):
        licence_suspend(licence.id, **REASON, now=NOW)
        assert licence_get(licence.id).state == "SUSPENDED"
        licence_resume(licence.id, reason="已改正。", legal_basis="同上", now=NOW)
        assert licence_get(licence.id).state == "VALID"
        licence_revoke(licence.id, **REASON, now=NOW)
        with pytest.raises(LicenceStateWrong):
            licence_resume(licence.id, **REASON, now=NOW)
        with pytest.raises(LicenceStateWrong):
            licence_revoke(licence.id, **REASON, now=NOW)
    with context_use(HOLDER):
        seen = licence_get(licence.id)
    assert (seen.state, seen.state_reason, seen.is_good) == ("REVOKED", "提供虚假材料。", False)
    acts = [row["act"] for row in audit_list(subject=f"licence:{licence.id}")]
    assert acts == [
        "hall.licences.revoke",
        "hall.licences.resume",
        "hall.licences.suspend",
        "hall.licences.issue",
    ]
    assert data_access_list("P1").total == 4


@pytest.mark.parametrize("missing", ["reason", "legal_basis"])
def test_a_licence_is_not_revoked_without_reason_and_basis(hall, missing):
    licence = hall.issue()
    with context_use(hall.officer()), pytest.raises(ReasonMissing) as caught:
        licence_revoke(licence.id, **{**REASON, missing: " "}, now=NOW)
    assert list(caught.value.fields) == [missing]
    with context_use(HOLDER):
        assert licence_get(licence.id).state == "VALID"


def test_only_the_issuing_department_with_the_permission_may_revoke(hall):
    licence = hall.issue()
    with context_use(hall.officer(hall.other)), pytest.raises(LicenceNotFound):
        licence_revoke(licence.id, **REASON, now=NOW)
    with (
        context_use(hall.officer(hall.department, "hall.applications.handle")),
        pytest.raises(Forbidden),
    ):
        licence_revoke(licence.id, **REASON, now=NOW)
    with context_use(HOLDER), pytest.raises(Forbidden):
        licence_revoke(licence.id, **REASON, now=NOW)
    with context_use(HOLDER):
        assert licence_get(licence.id).state == "VALID"
    assert len(audit_list(subject=f"licence:{licence.id}")) == 1


def test_verifying_shows_a_masked_person_a_named_enterprise_and_nothing_more(hall):
    licence, permit = hall.issue(), hall.permit()
    found = licence_verify(licence.code.lower())
    assert (found.holder_name, found.state, found.is_good) == ("沈**", "VALID", True)
    assert licence_verify(permit.verify_code).holder_name == "平江小馆餐饮有限公司"
    shown = repr(found)
    for secret in ("沈月琴", "320508195501020021", "1955-01-02", "person:P1"):
        assert secret not in shown
    assert licence_verify("0000-0000-0000-0000") is None
    assert licence_verify("nonsense") is None


def test_codes_are_sixteen_letters_and_differ(hall):
    codes = {hall.issue(f"application:{number}").verify_code for number in range(20)}
    assert len(codes) == 20
    assert {len(code) for code in codes} == {16}


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_issuing_side_by_side_makes_one_licence_and_numbers_without_gap():
    hall = Hall()
    # The test database of SQLite is one connection in memory: there they issue one by one.
    side_by_side = connection.vendor == "postgresql"
    start, found = Barrier(4 if side_by_side else 1), []

    def issue(number):
        start.wait()
        for source in ("application:same", f"application:{number}"):
            with context_use(SYSTEM):
                licence = licence_issue(
                    "senior.card",
                    holder_ref="person:P1",
                    holder_name="沈月琴",
                    holder_number="1",
                    data=DATA,
                    area_code="320508",
                    department_id=hall.department,
                    source=source,
                    now=NOW,
                )
            found.append((source, licence.number))
        if side_by_side:
            connection.close()

    threads = [Thread(target=issue, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start() if side_by_side else thread.run()
    for thread in threads if side_by_side else ():
        thread.join()
    assert len(found) == 8
    assert len({number for source, number in found if source == "application:same"}) == 1
    assert sorted({number for _source, number in found}) == [
        f"20260000000{number}" for number in range(1, 6)
    ]
