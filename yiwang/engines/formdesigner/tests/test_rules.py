"""What is pure: edits keep a form whole, files come back equal, differences and dead fields are told."""

from copy import deepcopy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yiwang.engines.formdesigner.rules import edits
from yiwang.engines.formdesigner.rules.check import Known, form_check
from yiwang.engines.formdesigner.rules.difference import changes_find, fields_of
from yiwang.engines.formdesigner.rules.files import form_read, form_write
from yiwang.engines.formdesigner.rules.properties import FieldInvalid, field_change, field_texts
from yiwang.engines.forms.rules.definition import FormDefinition
from yiwang.engines.forms.tests.examples import shop, text

PACKS = Path(__file__).resolve().parents[3] / "packs"
PACK_FORMS = sorted(PACKS.glob("*/forms/*.yaml"))
TITLE = text("新", "New")


def form_of(path: Path) -> dict:
    return form_read(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", PACK_FORMS, ids=lambda path: path.stem)
def test_the_form_of_a_pack_comes_back_equal_from_its_file_and_from_the_edit_pages(path):
    definition = form_of(path)
    assert form_read(form_write(definition)) == definition
    for field in fields_of(definition):
        assert field_change(definition, field, field_texts(definition, field)) == definition, field
    assert changes_find(definition, definition) == []
    assert [each for each in form_check(definition, Known()) if each.blocks] == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"))),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc_ 是0", min_size=1, max_size=4), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(st.text("ab", min_size=1, max_size=3), JSON, max_size=4))
@settings(max_examples=150, deadline=None)
def test_whatever_a_file_says_is_read_back_equal(definition):
    assert form_read(form_write(definition)) == definition


NAMES = ("name", "seats", "staff", "staff.person", "new", "staff.new", "gone")
STEPS = st.one_of(
    st.tuples(st.sampled_from(["field_up", "field_down", "field_remove"]), st.sampled_from(NAMES)),
    st.tuples(
        st.sampled_from(["page_up", "page_down", "page_remove"]),
        st.sampled_from(["place", "kitchen", "people", "extra"]),
    ),
    st.tuples(st.just("field_add"), st.sampled_from(["place", "extra", "people"])),
    st.tuples(st.just("cell_add"), st.sampled_from(["staff", "name"])),
    st.tuples(st.just("page_add"), st.just("extra")),
    st.tuples(st.just("field_page"), st.sampled_from(["place", "people", "extra"])),
)


def step(definition: dict, kind: str, place: str) -> dict:
    match kind:
        case "field_up" | "field_down":
            return edits.field_move(definition, place, by=-1 if kind == "field_up" else 1)
        case "field_remove":
            return edits.field_remove(definition, place)
        case "page_up" | "page_down":
            return edits.page_move(definition, place, by=-1 if kind == "page_up" else 1)
        case "page_remove":
            return edits.page_remove(definition, place)
        case "page_add":
            return edits.page_add(definition, key=place, title=TITLE)
        case "field_page":
            return edits.field_page(definition, "name", page=place)
        case "cell_add":
            return edits.field_add(definition, "new", kind="date", title=TITLE, group=place)
    return edits.field_add(definition, "new", kind="choice", title=TITLE, page=place)


@given(st.lists(STEPS, max_size=12))
@settings(max_examples=150, deadline=None)
def test_after_any_edits_every_field_stands_on_one_page_and_nothing_names_a_field_that_is_gone(
    steps,
):
    definition = shop()
    for each in steps:
        before = deepcopy(definition)
        try:
            definition = step(definition, *each)
        except edits.EditRefused:
            pass
        if each[0] != "page_add":
            assert before["key"] == definition["key"]
    asked = [name for page in definition["ui"]["pages"] for name in page.get("fields") or []]
    properties = definition["schema"]["properties"]
    assert sorted(asked) == sorted(properties)
    assert set(definition["ui"]["fields"]) == set(properties)
    assert set(definition["schema"]["required"]) <= set(properties)
    for condition in definition["conditions"]:
        targets = {name for part in edits.TARGETS for name in condition.get(part) or []}
        assert targets | set(condition.get("options") or {}) <= set(properties)


def test_a_field_at_the_end_of_its_page_moves_on_to_the_next():
    moved = edits.field_move(shop(), "kind_other", by=1)
    assert moved["ui"]["pages"][0]["fields"][-1] == "kind"
    assert moved["ui"]["pages"][1]["fields"][0] == "kind_other"
    back = edits.field_move(moved, "kind_other", by=-1)
    assert back == shop()
    assert edits.field_move(shop(), "name", by=-1) == shop()


def test_the_cells_of_a_group_change_places():
    moved = edits.field_move(shop(), "staff.number", by=-1)
    items = moved["schema"]["properties"]["staff"]["items"]["properties"]
    assert list(items) == ["number", "person", "trained"]


@pytest.mark.parametrize("kind", edits.KINDS)
def test_a_new_field_of_any_kind_makes_a_form_that_runs(kind):
    made = edits.field_add(edits.blank("city.a", TITLE), "new", kind=kind, title=TITLE, page="main")
    assert list(FormDefinition.parse(made).fields) == ["new"]


@pytest.mark.parametrize("name", ["", "New", "1a", "姓名", "a b", "a" * 41])
def test_names_that_no_field_can_have_are_refused(name):
    with pytest.raises(edits.NameUnusable):
        edits.field_add(shop(), name, kind="string", title=TITLE, page="place")


def test_what_is_entered_for_a_field_is_written_into_the_schema():
    texts = field_texts(shop(), "seats")
    changed = field_change(
        shop(),
        "seats",
        {**texts, "maximum": "２００", "required": True, "help_zh": "座", "help_en": "Seats"},
    )
    assert changed["schema"]["properties"]["seats"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 200,
    }
    assert "seats" in changed["schema"]["required"]
    assert changed["ui"]["fields"]["seats"]["help"] == {"zh": "座", "en": "Seats"}


def test_every_wrong_entry_of_a_field_is_told_and_nothing_is_changed():
    texts = field_texts(shop(), "kind")
    before = shop()
    with pytest.raises(FieldInvalid) as caught:
        field_change(
            before, "kind", {**texts, "title_en": "", "maxLength": "多", "options": "A | 甲"}
        )
    assert sorted(caught.value.errors) == ["maxLength", "options", "title_en"]
    assert before == shop()


def test_choices_are_written_with_the_values_that_the_schema_allows():
    texts = field_texts(shop(), "kind")
    lines = "MEAL | 正餐 | Meals\nTEA | 茶饮 | Tea"
    changed = field_change(shop(), "kind", {**texts, "options": lines})
    assert changed["schema"]["properties"]["kind"]["enum"] == ["MEAL", "TEA"]
    assert changed["ui"]["fields"]["kind"]["options"][1] == {
        "value": "TEA",
        "zh": "茶饮",
        "en": "Tea",
    }


def test_changes_are_told_one_by_one_and_what_asks_more_is_marked():
    new = edits.field_remove(shop(), "born")
    new = edits.field_add(new, "phone2", kind="string", title=TITLE, page="place")
    new["schema"]["required"].append("mobile")
    new["schema"]["properties"]["seats"]["maximum"] = 100
    new["schema"]["properties"]["kind"]["enum"] = ["MEAL", "DRINK"]
    new["ui"]["fields"]["kind"]["options"] = new["ui"]["fields"]["kind"]["options"][:2]
    new["ui"]["fields"]["area"]["title"] = text("建筑面积", "Floor area")
    new["conditions"] = new["conditions"][1:]
    found = {(each.kind, each.field, each.harder) for each in changes_find(shop(), new)}
    assert found == {
        ("REMOVED", "born", True),
        ("ADDED", "phone2", False),
        ("CHANGED", "mobile", True),
        ("CHANGED", "seats", True),
        ("REMOVED", "kind", True),
        ("CHANGED", "area", False),
        ("REMOVED", "", False),
    }
    back = {(each.kind, each.field, each.harder) for each in changes_find(new, shop())}
    assert ("CHANGED", "seats", False) in back
    assert ("ADDED", "born", False) in back


def test_a_field_that_no_answer_shows_is_told_with_its_name():
    dead = shop()
    dead["conditions"][0]["when"] = "kind == 'SHOP'"
    dead["conditions"][2]["when"] = "gas == true and seats > 600"
    found = [each for each in form_check(dead, Known()) if each.blocks]
    assert sorted(each.place for each in found) == ["gas_phone", "gas_supplier", "kind_other"]
    alive = shop()
    alive["conditions"][2]["when"] = "gas == true and seats > 499"
    assert [each for each in form_check(alive, Known()) if each.blocks] == []


def test_sources_tables_and_languages_that_are_not_there_are_told():
    wrong = shop()
    wrong["ui"]["fields"]["mobile"]["prefill"] = "person.telephone"
    wrong["ui"]["fields"]["kind"] = {"title": text("业态", "业态"), "code_table": "nowhere"}
    known = Known(prefills={"person.phone", "enterprise.name"}, code_table=lambda name: False)
    found = {(each.place, each.blocks) for each in form_check(wrong, known)}
    assert {("mobile", True), ("kind", True), ("kind", False)} <= found


def test_what_cannot_be_loaded_is_told_with_the_part_it_is_about():
    broken = shop()
    broken["conditions"][1]["when"] = "knd == 'MEAL'"
    broken["ui"]["fields"]["seats"].pop("title")
    broken["ui"]["pages"][0]["fields"].remove("area")
    places = {each.place for each in form_check(broken, Known())}
    assert places == {"conditions:1", "seats", ""}


def with_row_condition(**parts: object) -> dict:
    """The shop, whose staff have a number only when they are trained."""
    return edits.condition_put(shop(), None, kind="rows.staff", **parts)


def test_conditions_inside_rows_are_written_told_apart_and_taken_away():
    form = with_row_condition(when="trained == true", show=["number"])
    assert form["ui"]["fields"]["staff"]["conditions"] == [
        {"when": "trained == true", "show": ["number"]}
    ]
    (change,) = changes_find(shop(), form)
    assert (change.kind, change.field, change.harder) == ("ADDED", "staff", True)
    assert change.params["rule"]["zh"] == "当 trained == true 时，显示“身份证号”"
    assert edits.rule_remove(form, "rows.staff", 0) == shop()
    assert edits.field_remove(form, "staff.number") == edits.field_remove(shop(), "staff.number")
    with pytest.raises(edits.PlaceUnknown):
        edits.rules_of(shop(), "rows.name")


def test_a_cell_that_no_row_can_show_and_a_fault_inside_rows_are_told_with_their_place():
    never = with_row_condition(when="trained == true and trained == false", show=["number"])
    assert [each.place for each in form_check(never, Known())] == ["staff.number"]
    by_form = with_row_condition(when="kind == 'MEAL' and gas == true", show=["number"])
    assert form_check(by_form, Known()) == []
    broken = with_row_condition(when="kind ==", show=["number"])
    assert [each.place for each in form_check(broken, Known())] == ["rows.staff:0"]
