from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from yiwang.kernel.api import ANONYMOUS, audit_list, context_system, context_use
from yiwang.resources.registries.actions import person_verify, subject_unmask
from yiwang.resources.registries.data import (
    ChecksTooMany,
    NotInRegistry,
    PersonAmbiguous,
    PurposeNeeded,
    UnknownField,
)
from yiwang.resources.registries.lineage import person_lineage, subject_lineage
from yiwang.resources.registries.masters import change_list, master_compare
from yiwang.resources.registries.publishing import registry_publish, registry_rollback
from yiwang.resources.registries.subjects import (
    organisation_find,
    person_as_of,
    person_find,
    person_history,
    subject_find,
    subject_get,
    subject_history,
    subject_ties,
)
from yiwang.resources.registries.tests.made import (
    LI,
    SCHOOL,
    SHOP,
    WANG,
    ZHANG,
    insurance_row,
    organisation_row,
    organisations,
    population,
    register_row,
    ties_write,
)
from yiwang.sdk.errors import Forbidden, Invalid

ONE = datetime(2026, 11, 10, 2, 0, tzinfo=UTC)
TWO = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
WHY = "Handling an application · 1132"
OFFICER = replace(
    ANONYMOUS,
    population="STAFF",
    account_id=7,
    department_name="苏州市民政局",
    permissions=frozenset({"resources.registries.check", "resources.registries.unmask"}),
)


@pytest.fixture(autouse=True)
def _system(db):
    with context_use(context_system("测试")):
        yield


def versions_publish(folder):
    """Publish two versions: in the second 李四 has moved and 王五 came; 张三 works, married to 李四."""
    with context_use(context_system("测试")):
        ties = [(ZHANG, LI, "SPOUSE")]
        ties_write(folder / "in", "population", ties)
        register = [register_row(ZHANG, 1), register_row(LI, 2)]
        jobs = [insurance_row(ZHANG, 1, name="张山")]
        population(folder / "in", {1: register, 9: jobs}, folder / "out")
        registry_publish("population", folder / "out", now=ONE)
        register = [
            register_row(ZHANG, 1),
            register_row(LI, 2, address="新地址"),
            register_row(WANG, 3),
        ]
        population(folder / "in", {1: register}, folder / "out")
        registry_publish("population", folder / "out", now=TWO)
        return {
            number: person_find(id_number=number, purpose=WHY)[0].ref
            for number in (ZHANG, LI, WANG)
        }


pytestmark = pytest.mark.filled(by=versions_publish)


@pytest.fixture
def city(filled):
    """The references of the three."""
    return filled


def test_a_person_is_found_by_number_or_by_name_and_birth_date(city):
    found = subject_find(name="李四", birth_date=date(1985, 1, 2), purpose=WHY)
    assert [subject.ref for subject in found] == [city[LI]]
    [card] = subject_find(id_number=LI.lower(), purpose=WHY)
    assert {field.name: field.text for field in card.fields if field.name != "area_code"} == {
        "name": "李四",
        "id_number": f"{LI[:6]}********{LI[-4:]}",
        "birth_date": "1985-**-**",
    }
    assert person_find(id_number="32050819850109123X", purpose=WHY) == []
    with pytest.raises(PersonAmbiguous):
        person_find(name="李四", purpose=WHY)
    with pytest.raises(PurposeNeeded):
        person_find(id_number=LI, purpose=" ")
    with context_use(replace(OFFICER, population="CITIZEN")), pytest.raises(Forbidden):
        person_find(id_number=LI, purpose=WHY)


def test_a_subject_is_masked_and_shows_who_says_otherwise(city):
    view = subject_get("person", city[ZHANG], purpose=WHY)
    fields = {field.name: field for field in view.fields}
    assert view.is_masked
    assert (fields["name"].text, fields["name"].as_of) == ("张三", date(2024, 10, 5))
    [other] = fields["name"].others
    assert (other.value, other.class_title, other.at.date()) == (
        "张山",
        "职工社会保险参保",
        date(2024, 11, 4),
    )
    assert (fields["id_number"].value, fields["id_number"].text) == (
        "",
        f"{ZHANG[:6]}********{ZHANG[-4:]}",
    )
    assert fields["phone"].text == "164****0001"
    assert fields["birth_date"].text == "1985-**-**"
    rows = audit_list(person_ref=city[ZHANG], limit=1)
    assert (rows[0]["act"], rows[0]["purpose"]) == ("registries.read", WHY)
    assert "phone" in rows[0]["detail"]["fields"]


def test_full_values_need_a_reason_and_leave_a_mark(city):
    with context_use(OFFICER):
        with pytest.raises(Invalid):
            subject_unmask("person", city[ZHANG], reason=" ", purpose=WHY)
        assert (
            audit_list(person_ref=city[ZHANG], limit=1)[0]["act"] != "resources.registries.unmask"
        )
        view = subject_unmask("person", city[ZHANG], reason="核对证件", purpose=WHY)
    assert not view.is_masked
    assert next(field.value for field in view.fields if field.name == "id_number") == ZHANG
    row = audit_list(person_ref=city[ZHANG], limit=1)[0]
    assert (row["act"], row["detail"]["reason"]) == ("resources.registries.unmask", "核对证件")
    with context_use(replace(OFFICER, permissions=frozenset())), pytest.raises(Forbidden):
        subject_unmask("person", city[ZHANG], reason="x", purpose=WHY)


def test_verification_answers_yes_or_no_and_never_a_value(city):
    claims = {"name": " 李四", "address": "新 地址", "sex": "2", "phone": "1", "birth_date": ""}
    with context_use(OFFICER):
        answers = person_verify(LI, claims, purpose=WHY, now=TWO)
        assert answers == {"name": True, "address": True, "sex": False, "phone": False}
        nobody = person_verify("32050819850109123X", {"name": "李四"}, purpose=WHY, now=TWO)
        assert nobody == {"name": False}
        with pytest.raises(UnknownField):
            person_verify(LI, {"religion": "x"}, purpose=WHY, now=TWO)
        with pytest.raises(Invalid):
            person_verify(LI, {"name": " "}, purpose=WHY, now=TWO)
    row = next(r for r in audit_list(person_ref=city[LI]) if r["act"] == "registries.check")
    assert row["detail"] == {"fields": ["name", "address", "sex", "phone"]}


def test_verification_is_counted_by_account_and_minute(city, settings):
    settings.REGISTRY_CHECKS_A_MINUTE = 2
    with context_use(OFFICER):
        for _ in range(2):
            person_verify(LI, {"name": "李四"}, purpose=WHY, now=TWO)
        with pytest.raises(ChecksTooMany):
            person_verify(LI, {"name": "李四"}, purpose=WHY, now=TWO)
        later = TWO.replace(minute=1)
        assert person_verify(LI, {"name": "李四"}, purpose=WHY, now=later) == {"name": True}
    with context_use(replace(OFFICER, account_id=8)):
        assert person_verify(LI, {"name": "李四"}, purpose=WHY, now=TWO) == {"name": True}


def test_history_tells_what_changed_when_and_by_which_version(city):
    with context_use(OFFICER):
        second, first = person_history(city[LI], purpose=WHY)
        full = subject_history("person", city[LI], purpose=WHY, unmasked=True)
    assert (first.kind, first.master, first.published_at) == ("NEW", 1, ONE)
    assert (second.kind, second.master, second.published_at) == ("CHANGED", 2, TWO)
    [change] = full[0].changes
    assert (change.title["zh"], change.after) == ("现住址", "新地址")
    assert second.changes[0].after == "***"


def test_who_was_this_on_a_day(city):
    assert person_as_of(city[LI], date(2026, 11, 15), purpose=WHY).address.endswith("2幢")
    assert person_as_of(city[LI], date(2026, 11, 20), purpose=WHY).address == "新地址"
    for ref, day in ((city[LI], date(2026, 11, 9)), (city[WANG], date(2026, 11, 15))):
        with pytest.raises(NotInRegistry):
            person_as_of(ref, day, purpose=WHY)


def test_a_person_who_left_is_said_to_have_left(city):
    registry_rollback("population", reason="数据有误", now=TWO)
    with pytest.raises(NotInRegistry):
        subject_get("person", city[WANG], purpose=WHY)
    assert person_as_of(city[LI], date(2026, 11, 20), purpose=WHY).address.endswith("2幢")


def test_the_lineage_of_a_value_names_row_rule_trust_and_version(city):
    view = person_lineage(city[ZHANG], "phone", purpose=WHY)
    assert (view.class_code, view.class_title, view.origin.row_no) == ("C09", "职工社会保险参保", 1)
    assert (view.origin.rule, view.master, view.published_at) == ("EXACT_ID", 1, ONE)
    name = person_lineage(city[ZHANG], "name", purpose=WHY)
    assert (name.trust_rank, name.trust_basis) == (9, "《中华人民共和国居民身份证法》第三条")
    assert name.batch is None
    with pytest.raises(UnknownField):
        person_lineage(city[ZHANG], "religion", purpose=WHY)


def test_family_comes_from_the_departments_ties(city):
    [tie] = subject_ties("person", city[LI], purpose=WHY)
    assert (tie.kind, tie.key, tie.name) == ("SPOUSE", city[ZHANG], "张*")


def test_two_versions_are_compared_by_subject_and_field(city):
    difference = master_compare("population", 1, 2)
    assert (difference.new, difference.changed, difference.gone) == (1, 1, 0)
    assert difference.fields == {"address": 1}
    assert (difference.came_refs, difference.changed_refs) == ([city[WANG]], [city[LI]])


def test_the_feed_tells_who_came_since_a_version(city):
    rows, total = change_list("population", after=1)
    assert total == 1
    assert rows == [
        {"master": 2, "kind": "CREATED", "ref": city[WANG], "other_ref": "", "rule": ""}
    ]
    registry_rollback("population", reason="数据有误", now=TWO)
    assert change_list("population", after=1) == ([], 0)


def test_an_organisation_shows_its_ties_both_ways(city, tmp_path):
    folder = tmp_path / "oin"
    ties = [(SHOP, ZHANG, "REPRESENTATIVE"), (SHOP, SCHOOL, "BRANCH"), (SHOP, LI, "INVESTOR")]
    ties_write(folder, "legal-persons", ties)
    rows = [organisation_row(SHOP, "禾叶餐饮", 1), organisation_row(SCHOOL, "平江小学", 2)]
    organisations(folder, {1: rows}, tmp_path / "o")
    registry_publish("legal-persons", tmp_path / "o", now=ONE)
    [shop] = organisation_find("禾叶餐饮")
    [same] = organisation_find(SHOP)
    assert shop == same
    with context_use(OFFICER):
        ties = subject_ties("enterprise", shop.key, purpose=WHY)
        [office] = subject_ties("enterprise", organisation_find(SCHOOL)[0].key, purpose=WHY)
        view = subject_lineage("enterprise", shop.key, "legal_representative", purpose=WHY)
    assert {(tie.kind, tie.name) for tie in ties} == {
        ("REPRESENTATIVE", "张*"),
        ("BRANCH", "平江小学"),
        ("INVESTOR", "李*"),
    }
    assert (office.kind, office.key) == ("HEAD_OFFICE", shop.key)
    assert (view.class_code, view.field.text, view.subject.is_masked) == ("C01", "张三", False)


@pytest.mark.filled(by=None)
def test_a_provisional_person_leads_to_where_their_records_went(tmp_path):
    def told(number):
        row = register_row(WANG, 3, id_number=number)
        return {1: [register_row(ZHANG, 1), row]}

    population(tmp_path / "in", told(None), tmp_path / "out")
    registry_publish("population", tmp_path / "out", now=ONE)
    [before] = subject_find(name="王五", birth_date=date(1985, 1, 3), purpose=WHY)
    assert before.is_provisional
    population(tmp_path / "in", told(WANG), tmp_path / "out")
    registry_publish("population", tmp_path / "out", now=TWO, confirmed=True)
    [after] = person_find(id_number=WANG, purpose=WHY)
    gone = subject_get("person", before.ref, purpose=WHY)
    assert (gone.is_gone, gone.moved_to) == (True, after.ref)
    rows, _ = change_list("population", after=1)
    assert {(row["kind"], row["ref"], row["other_ref"]) for row in rows} == {
        ("ABSORBED", before.ref, after.ref),
        ("CREATED", after.ref, ""),
        ("RETIRED", before.ref, ""),
    }
    assert [version.kind for version in person_history(before.ref, purpose=WHY)] == ["GONE", "NEW"]
