from dataclasses import replace
from datetime import date

import pytest

from yiwang.identity.api import data_scope, department_by_uscc, department_get
from yiwang.kernel.api import ANONYMOUS, audit_list, context_system, context_use
from yiwang.resources.registries.actions import objection_add, objection_answer, objection_open
from yiwang.resources.registries.data import (
    ObjectionAlreadyOpen,
    ObjectionAnswered,
    UnknownField,
)
from yiwang.resources.registries.models import RegistryObjection
from yiwang.resources.registries.queries import (
    OBJECTION,
    access_page,
    objection_get,
    objection_list,
    objection_open_count,
    person_values,
)
from yiwang.resources.registries.tests.conftest import COMPANY, ELDER, NOW, WIFE
from yiwang.sdk.errors import Forbidden, Invalid, NotFound

pytestmark = pytest.mark.usefixtures("registry")
CITIZEN = replace(ANONYMOUS, population="CITIZEN", subject_ref=f"person:{ELDER}", name="周根泉")
AGENT = replace(ANONYMOUS, population="AGENT", subject_ref=f"enterprise:{COMPANY}")


@pytest.fixture
def steward(departments):
    branch = department_by_uscc(departments["苏州市公安局姑苏分局"])
    return replace(
        ANONYMOUS,
        population="STAFF",
        purpose=OBJECTION,
        department_id=branch.id,
        department_name=branch.name,
        department_ids=frozenset({branch.id}),
        permissions=frozenset({"resources.registries.objections"}),
    )


def objected(field="address", claimed="苏州市姑苏区观前街社区9号"):
    with context_use(CITIZEN):
        return objection_add(
            f"person:{ELDER}", field, shown="旧", claimed=claimed, note="已搬家", now=NOW
        )


def open_count():
    with data_scope(purpose="test"):
        return RegistryObjection.objects.filter(state="OPEN").count()


def test_an_objection_gets_a_number_and_goes_to_the_department_that_supplied_the_value():
    view = objected()
    assert view.number == f"YY20261121{view.id:06d}"
    assert department_get(view.department_id).name == "苏州市公安局姑苏分局"
    assert view.state == "OPEN"
    with context_use(CITIZEN):
        assert [row.number for row in objection_list(f"person:{ELDER}")] == [view.number]
    [row] = audit_list(subject=f"objection:{view.number}")
    assert row["act"] == "resources.registries.objection_add"


@pytest.mark.parametrize(
    ("context", "field", "claimed", "error"),
    [
        (CITIZEN, "address", "   ", Invalid),
        (CITIZEN, "address", "长" * 1001, Invalid),
        (CITIZEN, "religion", "x", UnknownField),
        (replace(CITIZEN, subject_ref=f"person:{WIFE}"), "address", "x", Forbidden),
        (ANONYMOUS, "address", "x", Forbidden),
    ],
)
def test_an_objection_is_refused_and_nothing_is_kept(context, field, claimed, error):
    with context_use(context), pytest.raises(error):
        objection_add(f"person:{ELDER}", field, shown="", claimed=claimed, note="", now=NOW)
    assert open_count() == 0


def test_a_second_objection_to_the_same_value_waits_for_the_first():
    objected()
    with pytest.raises(ObjectionAlreadyOpen):
        objected()
    assert open_count() == 1


def test_a_correction_changes_the_record_with_its_date(steward):
    view = objected()
    with context_use(steward):
        answered = objection_answer(
            view.number, outcome="CORRECTED", answer="已核实更正。", corrected="新地址1号", now=NOW
        )
    assert (answered.state, answered.outcome) == ("ANSWERED", "CORRECTED")
    with context_use(context_system("test")):
        value = person_values(ELDER, ["address"], purpose="x")["address"]
    assert (value.value, value.as_of) == ("新地址1号", date(2026, 11, 21))


def test_a_household_address_is_corrected_for_the_whole_household(steward):
    view = objected("household_address")
    with context_use(steward):
        objection_answer(view.number, outcome="CORRECTED", answer="好", corrected="户1", now=NOW)
    with context_use(context_system("test")):
        for ref in (ELDER, WIFE):
            assert person_values(ref, ["household_address"], purpose="x")[
                "household_address"
            ].value == ("户1")


@pytest.mark.parametrize(
    ("field", "answer", "problem"),
    [
        ("id_number", {"outcome": "CORRECTED", "answer": "好", "corrected": "1"}, "outcome"),
        ("address", {"outcome": "CORRECTED", "answer": "好", "corrected": " "}, "corrected"),
        ("address", {"outcome": "CORRECTED", "answer": "好", "corrected": "长" * 401}, "corrected"),
        ("address", {"outcome": "KEPT", "answer": " "}, "answer"),
        ("address", {"outcome": "MAYBE", "answer": "好"}, "outcome"),
    ],
)
def test_an_answer_that_does_not_hold_is_refused_and_the_objection_stays_open(
    steward, field, answer, problem
):
    view = objected(field)
    with context_use(steward), pytest.raises(Invalid) as error:
        objection_answer(view.number, now=NOW, **answer)
    assert list(error.value.fields) == [problem]
    assert open_count() == 1


def test_an_answered_objection_is_not_answered_twice(steward):
    view = objected()
    with context_use(steward):
        objection_answer(view.number, outcome="KEPT", answer="核对无误。", now=NOW)
        with pytest.raises(ObjectionAnswered):
            objection_answer(view.number, outcome="KEPT", answer="再答。", now=NOW)
        assert objection_get(view.number).answer == "核对无误。"


def test_only_the_supplying_department_sees_and_answers(steward):
    view = objected()
    other = replace(steward, department_id=-1, department_ids=frozenset({-1}))
    assert (objection_open_count(steward), objection_open_count(other)) == (1, 0)
    with context_use(other), pytest.raises(NotFound):
        objection_answer(view.number, outcome="KEPT", answer="x", now=NOW)
    clerk = replace(steward, permissions=frozenset())
    with context_use(clerk), pytest.raises(Forbidden):
        objection_answer(view.number, outcome="KEPT", answer="x", now=NOW)
    assert open_count() == 1


def test_the_person_sees_that_the_steward_opened_the_objection(steward):
    view = objected()
    with context_use(steward):
        objection_open(view.number)
    with context_use(CITIZEN):
        page = access_page(ELDER)
    assert page.rows[0].department_name == "苏州市公安局姑苏分局"
    assert page.rows[0].fields == ("address",)
    assert page.rows[0].purpose == OBJECTION


def test_an_agent_objects_for_the_enterprise():
    with context_use(AGENT):
        view = objection_add(
            f"enterprise:{COMPANY}", "business_scope", shown="", claimed="茶馆", note="", now=NOW
        )
    assert department_get(view.department_id).name == "苏州市市场监督管理局"


def test_who_looked_is_shown_a_page_at_a_time():
    with context_use(context_system("办理")):
        for _ in range(5):
            person_values(ELDER, ["name"], purpose="办理")
    with context_use(CITIZEN):
        first = access_page(ELDER, limit=3)
        second = access_page(ELDER, limit=3, before=first.next_before)
    assert (first.total, len(first.rows), len(second.rows)) == (5, 3, 2)
    assert second.next_before is None
    assert {row.id for row in first.rows}.isdisjoint(row.id for row in second.rows)
    with context_use(replace(CITIZEN, subject_ref=f"person:{WIFE}")), pytest.raises(Forbidden):
        access_page(ELDER)
