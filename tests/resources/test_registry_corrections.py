"""A citizen's *this is wrong* goes the way of every value: batch, fusion, next version."""

from dataclasses import replace
from datetime import timedelta

import pytest

from yiwang.kernel.api import ANONYMOUS, context_system, context_use
from yiwang.resources.catalogue.data import FieldSpec
from yiwang.resources.fusion.actions import source_bind
from yiwang.resources.landing.actions import batch_process, batch_receive
from yiwang.resources.landing.models import Batch
from yiwang.resources.landing.tests.conftest import NOW, city, data_dir, published
from yiwang.resources.registries.actions import objection_add, objection_answer
from yiwang.resources.registries.data import PERSON_FIELDS
from yiwang.resources.registries.lineage import person_lineage
from yiwang.resources.registries.queries import OBJECTION, objection_list, person_values
from yiwang.resources.registries.refresh import registry_refresh
from yiwang.resources.registries.subjects import person_find
from yiwang.sdk.errors import Invalid
from yiwang.sdk.identifiers import id_number_make

__all__ = ["city", "data_dir", "published"]
FIELDS = (
    FieldSpec("number", "登记证号", "Number", "C", 40, 2, is_key=True),
    FieldSpec("id_number", "公民身份号码", "Id number", "C", 18, 4, "2"),
    FieldSpec("name", "姓名", "Name", "C", 50, 3, "2"),
    FieldSpec("sex", "性别", "Sex", "C", 1, 2),
    FieldSpec("birth_date", "出生日期", "Date of birth", "C", 10, 3, "2"),
    FieldSpec("address", "住址", "Address", "C", 200, 3, "2"),
    FieldSpec("phone", "联系电话", "Phone", "C", 20, 3, "2"),
    FieldSpec("marital", "婚姻状况", "Marital status", "C", 2, 3, "2"),
)
HEAD = "登记证号,公民身份号码,姓名,性别,出生日期,住址,联系电话,婚姻状况\n"


@pytest.fixture
def registry(published, city, tmp_path):
    """One person, known from one bureau's resource that feeds class 7; published as version 1."""
    from datetime import date

    number = id_number_make("320508", date(1958, 3, 4), 121)
    resource = published(fields=FIELDS)
    path = tmp_path / "sent.csv"
    row = f"A1,{number},周根泉,1,1958-03-04,苏州市姑苏区平江街道1幢,16412345678,20\n"
    path.write_text(HEAD + row)
    with context_use(context_system("测试")):
        source_bind("population", 7, resource.code, now=NOW)
        batch = batch_receive(resource.code, path, name="低保.csv", now=NOW, run="NOW")
        assert batch.state == "LANDED"
        registry_refresh("population", now=NOW)
        [person] = person_find(id_number=number, purpose="测试")
    return person


@pytest.mark.django_db
def test_a_correction_lands_is_fused_and_shows_with_the_next_version(registry, city):
    subject = f"person:{registry.ref}"
    citizen = replace(ANONYMOUS, population="CITIZEN", subject_ref=subject)
    steward = city.context("bureau", 1)
    allowed = steward.permissions | {"resources.registries.objections"}
    steward = replace(steward, permissions=allowed, purpose=OBJECTION)
    with context_use(citizen):
        view = objection_add(
            subject, "address", shown=registry.address, claimed="平江街道2幢", note="", now=NOW
        )
    assert view.department_id == city.ids["bureau"]
    with context_use(steward):
        answered = objection_answer(
            view.number, outcome="CORRECTED", answer="已核实。", corrected="苏州市姑苏区平江街道2幢",
            now=NOW + timedelta(hours=1),
        )  # fmt: skip
    assert (answered.is_pending, answered.corrected) == (True, "苏州市姑苏区平江街道2幢")
    fix = Batch.objects.get(source="FIX")
    assert answered.batch_number == fix.number
    with context_use(context_system("测试")):
        assert "1幢" in person_values(registry.ref, ["address"], purpose="测试")["address"].value
        batch_process(fix.pk, now=NOW + timedelta(hours=1))
        registry_refresh("population", now=NOW + timedelta(hours=2))
        assert "2幢" in person_values(registry.ref, ["address"], purpose="测试")["address"].value
        lineage = person_lineage(registry.ref, "address", purpose="测试")
    assert lineage.batch["batch_number"] == fix.number
    assert lineage.resource_code == fix.resource.code
    with context_use(citizen):
        [seen] = objection_list(subject)
    assert not seen.is_pending


@pytest.mark.django_db
def test_a_value_without_a_departments_row_is_corrected_at_its_source(registry, city):
    subject = f"person:{registry.ref}"
    with context_use(replace(ANONYMOUS, population="CITIZEN", subject_ref=subject)):
        view = objection_add(subject, "ethnicity", shown="", claimed="01", note="", now=NOW)
    from yiwang.identity.api import data_scope
    from yiwang.resources.registries.corrections import value_correct
    from yiwang.resources.registries.store import person_row

    with context_use(context_system("测试")), data_scope(purpose="测试"):
        with pytest.raises(Invalid) as error:
            value_correct(view, person_row(registry.ref), "02", now=NOW)
    assert list(error.value.fields) == ["corrected"]
    assert not Batch.objects.filter(source="FIX").exists()
    assert PERSON_FIELDS["ethnicity"].correctable
