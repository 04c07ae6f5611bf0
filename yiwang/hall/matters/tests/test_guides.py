"""What the guide says is what the form and the materials ask (办事指南与运行一致)."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yiwang.engines.api import form_get, form_put, process_nodes
from yiwang.hall.matters.actions import matter_put
from yiwang.hall.matters.data import MatterFilter
from yiwang.hall.matters.guides import guide_build, guide_get
from yiwang.hall.matters.queries import matter_get, matter_list
from yiwang.hall.matters.tests.conftest import CARD, NOW
from yiwang.kernel.api import pack_check, pack_new
from yiwang.sdk.packs import Branch, Limit, Limits, Material

pytestmark = pytest.mark.django_db
REGISTRIES = ("person.", "enterprise.")


def agree(code: str) -> None:
    """Assert that the guide of a matter and what runs say the same."""
    view = matter_get(code)
    form = form_get(view.form_version_id)
    for language in ("zh", "en"):
        guide = guide_get(code, language)
        assert guide.title == view.title[language]
        shown = {each.name: each for each in (*guide.fields_asked, *guide.fields_held)}
        assert set(shown) == set(form.fields)
        assert {name for name, each in shown.items() if each.required} == form.required & set(shown)
        held = {name for name, each in form.prefills.items() if each.startswith(REGISTRIES)}
        assert {name for name, each in shown.items() if each.registry} == held
        materials = {each.key: each for each in (*guide.materials_needed, *guide.materials_held)}
        assert set(materials) == {each.key for each in view.materials}
        for each in view.materials:
            said = materials[each.key]
            assert (said.title, said.required, said.source, said.accept, said.max_mb) == (
                each.title[language], each.required, each.source, each.accept, each.max_mb,
            )  # fmt: skip
            assert said.is_conditional == bool(each.when)
        assert (guide.legal, guide.promised) == (view.limits.legal, view.limits.promised)
        assert len(guide.branches) == len(view.spec.parallel)
        assert len(guide.results) == len(view.licences)
        if view.process_version_id:
            names = [node["name"][language] for node in process_nodes(view.process_version_id)]
            assert [step.name for step in guide.steps] == names


def test_the_guides_of_all_packs_say_what_their_forms_and_processes_do(city_packs):
    codes = [row.code for row in matter_list(MatterFilter(kind="APPLY"), limit=1000).rows]
    assert codes
    for code in codes:
        agree(code)


NAMES = ("name", "phone", "reason", "address", "count")
PREFILLS = ("", "person.name", "person.phone", "enterprise.name")
words = st.text("甲乙丙丁戊", min_size=1, max_size=4)
texts = st.builds(lambda zh: {"zh": zh, "en": f"Text {len(zh)}"}, words)


@st.composite
def forms(draw):
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    fields = {}
    for name in names:
        fields[name] = {"title": draw(texts), "widget": "text"}
        if prefill := draw(st.sampled_from(PREFILLS)):
            fields[name]["prefill"] = prefill
    return {
        "key": "made",
        "title": draw(texts),
        "schema": {
            "type": "object",
            "required": draw(st.lists(st.sampled_from(names), unique=True)),
            "properties": {name: {"type": "string"} for name in names},
        },
        "ui": {
            "pages": [{"key": "one", "title": {"zh": "页", "en": "Page"}, "fields": names}],
            "fields": fields,
        },
        "conditions": [],
    }


materials = st.lists(
    st.builds(
        Material,
        key=st.sampled_from(["a", "b", "c", "d"]),
        title=texts,
        required=st.booleans(),
        source=st.sampled_from(["upload", "registry", "licence"]),
        licence_type=st.just(""),
        accept=st.sampled_from([(), ("image/png",), ("application/pdf", "image/png")]),
        max_mb=st.integers(1, 50),
        when=st.sampled_from(["", "form.count > 3"]),
        note=st.none() | texts,
    ),
    max_size=4,
    unique_by=lambda material: material.key,
)
limits = st.builds(
    lambda legal, less: Limits(Limit(legal), Limit(max(0, legal - less))),
    st.integers(0, 60),
    st.integers(0, 60),
)
branches = st.lists(
    st.builds(
        Branch,
        key=st.sampled_from(["food", "fire"]),
        title=texts,
        department=st.sampled_from(["health", "fire_rescue"]),
        level=st.just("DISTRICT"),
        limit=st.none() | st.builds(Limit, st.integers(1, 20)),
    ),
    max_size=2,
    unique_by=lambda branch: branch.key,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(form=forms(), materials=materials, limits=limits, branches=branches, title=texts)
def test_any_guide_agrees_with_its_form_and_materials(
    system, form, materials, limits, branches, title
):
    version = form_put("made.made", form, source="pack:made@1.0.0", now=NOW).version_id
    definition = dataclasses.replace(
        CARD, title=title, materials=tuple(materials), limits=limits, branches=tuple(branches)
    )
    matter_put(definition, form_version_id=version, source="pack:made@1.0.0", now=NOW)
    agree(CARD.code)


def test_the_guide_names_the_department_in_charge_where_one_lives(put, monkeypatch):
    view = put(form=None, process=None)
    assert guide_build(view, language="zh").department.name == "民政"
    assert guide_build(view, language="en").department.name == "Civil affairs"
    assert guide_build(view, language="zh").department.is_known is False


@pytest.fixture
def few_packs(tmp_path, settings):
    """A place for a new pack; beside it the template and what that builds on, the others are not read."""
    (shipped,) = map(Path, settings.PACK_DIRS)
    beside = tmp_path / "beside"
    beside.mkdir()
    for name in ("_example", "hall_basics"):
        (beside / name).symlink_to(shipped / name)
    settings.PACK_DIRS = [tmp_path / "new", beside]
    return tmp_path / "new"


def test_a_pack_says_which_sample_row_its_form_refuses(few_packs):
    pack_new("flood_control", title_zh="防汛", echo=lambda line: None)
    sample = few_packs / "flood_control" / "sample" / "registration_apply.yaml"
    sample.write_text(sample.read_text() + "  - values: {name: 张样例, phone: x, reason: 一}\n")
    lines: list[str] = []
    assert pack_check(["flood_control"], echo=lines.append) == 1
    assert lines[0].startswith("flood_control/sample/registration_apply.yaml:5: phone: ")
    assert lines[-1] == "1 packs checked, 0 sound, 1 problems"


@pytest.mark.parametrize(
    ("path", "old", "new", "line", "message"),
    [
        ("matters/registration.yaml", "form: registration_apply", "form: nothing", 33, "forms has no flood_control.nothing."),
        ("matters/registration.yaml", "workflow: accept_decide", "workflow: other.accept", 34, "not among depends"),
        ("matters/registration.yaml", "[registration_notice]", "[nothing]", 29, "licences has no"),
        ("matters/registration.yaml", "department: administrative_approval", "department: magic", 5, "No department has the function magic."),
        ("pack.toml", "administrative_approval", "magic", 1, "No department has the function magic (owner)."),
        ("workflows/accept_decide.bpmn", 'targetRef="issued"', 'targetRef="nowhere"', None, "nowhere"),
    ],
)  # fmt: skip
def test_the_check_names_each_broken_reference(few_packs, path, old, new, line, message):
    pack_new("flood_control", title_zh="防汛", echo=lambda text: None)
    file = few_packs / "flood_control" / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    lines: list[str] = []
    assert pack_check(["flood_control"], echo=lines.append) == 1
    found = [each for each in lines if message in each]
    assert found, lines
    if line:
        assert found[0].startswith(f"flood_control/{path}:{line}:")
