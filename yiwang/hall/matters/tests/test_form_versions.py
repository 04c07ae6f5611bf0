"""A matter takes a newer version of its form by an act; its source does not take it back by loading again."""

import dataclasses

import pytest

from yiwang.engines.api import form_put, process_put
from yiwang.hall.matters.form_versions import (
    FormLacksFields,
    FormOfAnother,
    FormReasonMissing,
    matter_form_use,
)
from yiwang.hall.matters.models import MatterVersion
from yiwang.hall.matters.queries import form_use_list, matter_get
from yiwang.hall.matters.tests.conftest import CARD, LATER, NOW
from yiwang.kernel.api import RequestContext, context_use
from yiwang.sdk.errors import Forbidden

pytestmark = pytest.mark.django_db
CODE = "322014001000"
PROCESS = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:yw="urn:yiwang:bpmn" targetNamespace="t">
<process id="p" isExecutable="true"><startEvent id="s"/><userTask id="t" name="t" yw:role="APPROVER" yw:outcomes="APPROVE,REFUSE"/>
<endEvent id="e"/><sequenceFlow id="a" sourceRef="s" targetRef="t"/><sequenceFlow id="b" sourceRef="t" targetRef="e"/></process></definitions>"""


def form(*names: str, key: str = "senior.apply"):
    said = {"zh": "某", "en": "One"}
    definition = {
        "key": "apply",
        "title": said,
        "schema": {"type": "object", "properties": {name: {"type": "string"} for name in names}},
        "ui": {
            "pages": [{"key": "p", "title": said, "fields": list(names)}],
            "fields": {name: {"title": said} for name in names},
        },
    }
    return form_put(key, definition, source="test", now=NOW).version_id


@pytest.fixture
def forms(put):
    """The first version is the matter's; the second asks for one more, the third for one less."""
    first, second = form("name", "kind"), form("name", "kind", "more")
    process = process_put("senior.p", PROCESS, title=CARD.title, source="test").version_id
    material = dataclasses.replace(CARD.materials[0], when="form.kind == 'A'")
    changes = {"form": first, "process": process, "materials": (material,)}
    put(**changes)
    return first, second, form("name", "more"), changes


def test_a_matter_uses_the_chosen_version_and_keeps_it_when_its_pack_is_loaded_again(forms, put):
    first, second, _third, changes = forms
    made = matter_form_use(CODE, form_version_id=second, reason="增加一项", now=LATER)
    assert (made.number, made.form_version_id) == (2, second)
    assert put(**changes).number == 2
    assert [use.form_version_id for use in form_use_list()] == [second]
    back = matter_form_use(CODE, form_version_id=first, reason="撤回", now=LATER)
    assert (back.number, back.form_version_id) == (3, first)
    again = matter_form_use(CODE, form_version_id=second, reason="再用", now=LATER)
    assert put(**{**changes, "form": form("name", "kind", "else")}).form_version_id not in (
        first,
        second,
    )
    assert MatterVersion.objects.get(pk=again.version_id).form_version_id == second


def test_a_version_that_lacks_what_the_matter_speaks_of_is_refused(forms):
    with pytest.raises(FormLacksFields) as caught:
        matter_form_use(CODE, form_version_id=forms[2], reason="x", now=LATER)
    assert "kind" in str(caught.value)
    assert matter_get(CODE).number == 1


def test_versions_of_other_forms_and_choices_without_reason_are_refused(forms):
    other = form("name", key="senior.other")
    with pytest.raises(FormOfAnother):
        matter_form_use(CODE, form_version_id=other, reason="x", now=LATER)
    with pytest.raises(FormReasonMissing):
        matter_form_use(CODE, form_version_id=forms[1], reason=" ", now=LATER)
    nobody = RequestContext(population="STAFF", account_id=3, name="丙")
    with context_use(nobody), pytest.raises(Forbidden):
        matter_form_use(CODE, form_version_id=forms[1], reason="x", now=LATER)
    assert matter_get(CODE).form_version_id == forms[0]
