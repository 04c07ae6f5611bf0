from dataclasses import replace
from datetime import date

import pytest

from yiwang.identity.api import UnscopedQuery, department_by_uscc, protected_fields
from yiwang.kernel.api import ANONYMOUS, audit_list, context_system, context_use
from yiwang.resources.registries.data import (
    PERSON_FIELDS,
    NotInRegistry,
    PurposeNeeded,
    UnknownField,
)
from yiwang.resources.registries.models import FamilyTie, Household, Person, RegistryObjection
from yiwang.resources.registries.queries import (
    enterprise_get,
    enterprise_values,
    family_list,
    person_get,
    person_list_by_id_number,
    person_values,
    photo_get,
)
from yiwang.resources.registries.rules import ref_make, ref_valid
from yiwang.resources.registries.tests.conftest import COMPANY, ELDER, SON, WIFE
from yiwang.sdk.errors import Forbidden

pytestmark = pytest.mark.usefixtures("registry")
SYSTEM = context_system("办理老年人优待证")
CITIZEN = replace(ANONYMOUS, population="CITIZEN", subject_ref=f"person:{ELDER}")
STAFF = replace(ANONYMOUS, population="STAFF", purpose="", department_name="苏州市民政局")


def test_a_value_has_its_source_its_date_and_its_department(departments):
    with context_use(SYSTEM):
        values = person_values(
            ELDER, ["name", "sex", "birth_date", "marital_status"], purpose="办理老年人优待证"
        )
    assert values["name"].value == "周根泉"
    assert values["name"].source == {"zh": "人口库", "en": "Population registry"}
    assert values["name"].as_of == date(2026, 11, 2)
    branch = department_by_uscc(departments["苏州市公安局姑苏分局"])
    assert values["name"].department_id == branch.id
    assert values["name"].department == {"zh": "苏州市公安局姑苏分局", "en": "Bureau 1"}
    assert (values["sex"].value, values["sex"].text["zh"]) == ("1", "男")
    assert values["birth_date"].value == "1958-03-04"
    assert values["marital_status"].as_of == date(2026, 10, 15)
    assert values["marital_status"].text == {"zh": "已婚", "en": "Married"}


def test_a_read_leaves_one_audit_row_that_names_fields_and_purpose_and_no_value():
    with context_use(SYSTEM):
        person_values(ELDER, ["name", "id_number"], purpose="办理老年人优待证")
    [row] = audit_list(person_ref=ELDER)
    assert row["act"] == "registries.read"
    assert row["subject"] == f"person:{ELDER}"
    assert row["purpose"] == "办理老年人优待证"
    assert row["detail"] == {"fields": ["name", "id_number"]}


def test_all_fields_are_given_in_one_read():
    with context_use(CITIZEN):
        values = person_values(ELDER, list(PERSON_FIELDS), purpose="x")
    assert set(values) == set(PERSON_FIELDS)
    assert values["photo"].value == f"/resources/registries/photo/{ELDER}/"
    assert values["employer"].value == ""


def test_an_employer_is_shown_by_its_name():
    with context_use(SYSTEM):
        employer = person_values(SON, ["employer"], purpose="x")["employer"]
    assert (employer.value, employer.text) == (COMPANY, "苏州禾叶餐饮管理有限公司")


def test_an_unknown_field_is_refused_and_nothing_is_recorded():
    with context_use(SYSTEM), pytest.raises(UnknownField) as error:
        person_values(ELDER, ["name", "religion"], purpose="x")
    assert str(error.value) == (
        "The registry has no field religion. Ask for one of its published fields."
    )
    assert audit_list(person_ref=ELDER) == []


@pytest.mark.parametrize(
    ("context", "error"),
    [
        (ANONYMOUS, Forbidden),
        (replace(CITIZEN, subject_ref=f"person:{WIFE}"), Forbidden),
        (STAFF, PurposeNeeded),
    ],
)
def test_a_read_without_right_or_purpose_is_refused_and_not_recorded(context, error):
    with context_use(context), pytest.raises(error):
        person_values(ELDER, ["name"], purpose="")
    with context_use(context), pytest.raises(error):
        person_get(ELDER)
    assert audit_list(person_ref=ELDER) == []


def test_a_civil_servants_read_of_a_person_is_recorded_and_ones_own_is_not():
    with context_use(CITIZEN):
        assert person_get(ELDER).birth_date == date(1958, 3, 4)
    assert audit_list(person_ref=ELDER) == []
    with context_use(STAFF):
        assert person_get(ELDER, purpose="核对").name == "周根泉"
    [row] = audit_list(person_ref=ELDER)
    assert (row["department_name"], row["purpose"]) == ("苏州市民政局", "核对")


def test_a_person_that_the_registry_lacks_is_not_found():
    with context_use(SYSTEM), pytest.raises(NotInRegistry):
        person_get(ref_make("P", 99))


def test_a_person_is_found_by_identity_number():
    with context_use(SYSTEM):
        number = person_get(SON).id_number
        assert [found.ref for found in person_list_by_id_number(number, purpose="核验")] == [SON]
        assert person_list_by_id_number("320508198501011234", purpose="核验") == []


def test_family_is_seen_from_both_sides():
    with context_use(SYSTEM):
        assert [(m.name, m.kind) for m in family_list(SON, purpose="x")] == [
            ("周根泉", "PARENT"),
            ("陈桂珍", "PARENT"),
        ]
        assert [(m.name, m.kind) for m in family_list(WIFE, purpose="x")] == [
            ("周根泉", "SPOUSE"),
            ("周建华", "CHILD"),
        ]


def test_a_portrait_is_a_png_and_its_absence_is_said():
    with context_use(SYSTEM):
        assert photo_get(ELDER, purpose="制证").startswith(b"\x89PNG")
        with pytest.raises(NotInRegistry):
            photo_get(WIFE, purpose="制证")
    assert [row["detail"]["fields"] for row in audit_list(person_ref=ELDER)] == [["photo"]]


def test_an_enterprise_has_values_with_sources():
    with context_use(SYSTEM):
        values = enterprise_values(
            COMPANY, ["name", "registered_capital", "industry", "phone"], purpose="开餐馆"
        )
    assert values["registered_capital"].value == "100.5"
    assert values["industry"].text == {"zh": "住宿和餐饮业", "en": "Accommodation and catering"}
    assert values["name"].source == {"zh": "法人库", "en": "Legal-person registry"}
    assert values["phone"].department_id is None  # no tax bureau in this tree
    assert enterprise_get(COMPANY).legal_representative_ref == SON
    assert [row["act"] for row in audit_list(subject=f"enterprise:{COMPANY}")] == [
        "registries.read"
    ]


@pytest.mark.parametrize("model", [Person, Household, FamilyTie, RegistryObjection])
def test_personal_data_cannot_be_queried_without_a_purpose(model):
    with pytest.raises(UnscopedQuery):
        model.objects.count()


def test_personal_fields_carry_their_protection_level():
    levels = protected_fields(Person)
    assert levels["id_number"] == 4
    assert {"name", "birth_date", "phone", "address", "marital_status"} <= levels.keys()


def test_references_tell_nothing_and_carry_a_check_digit():
    refs = {ref_make("P", n) for n in range(2000)}
    assert len(refs) == 2000
    assert all(ref_valid(ref) for ref in refs)
    assert not ref_valid(ELDER[:-1] + str((int(ELDER[-1]) + 1) % 10))
    assert not ref_valid("X1234567890")
