"""Conditions inside the rows of a group: each row is judged by itself, and nothing typed is lost."""

from copy import deepcopy
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yiwang.engines.forms.actions import draft_open, draft_post, form_put
from yiwang.engines.forms.queries import draft_state
from yiwang.engines.forms.rules.definition import FormDefinition
from yiwang.engines.forms.rules.problems import FormInvalid
from yiwang.engines.forms.rules.state import Surroundings, evaluate
from yiwang.engines.forms.tests.examples import text
from yiwang.kernel.api import context_system, context_use

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
RELATIONS = [
    {"value": "SPOUSE", "zh": "配偶", "en": "Spouse"},
    {"value": "CHILD", "zh": "子女", "en": "Child"},
]
GRADES = [{"value": v, "zh": v, "en": v} for v in ("1", "2", "3")]
CELLS = {
    "name": {"type": "string", "maxLength": 10},
    "relation": {"type": "string", "enum": ["SPOUSE", "CHILD"]},
    "married_on": {"type": "string", "format": "date"},
    "school": {"type": "string", "minLength": 2},
    "grade": {"type": "string", "enum": ["1", "2", "3"]},
    "boards": {"type": "boolean"},
}
FAMILY = {
    "key": "family",
    "title": text("家庭", "Family"),
    "schema": {
        "type": "object",
        "properties": {
            "schooling": {"type": "boolean"},
            "members": {
                "type": "array",
                "maxItems": 200,
                "items": {
                    "type": "object",
                    "required": ["name", "relation", "school"],
                    "properties": CELLS,
                },
            },
        },
    },
    "ui": {
        "pages": [
            {"key": "main", "title": text("家庭", "Family"), "fields": ["schooling", "members"]}
        ],
        "fields": {
            "schooling": {"title": text("申请入学", "Schooling")},
            "members": {
                "title": text("成员", "Member"),
                "fields": {
                    **{key: {"title": text(key)} for key in CELLS},
                    "relation": {"title": text("关系", "Relation"), "options": RELATIONS},
                    "grade": {"title": text("年级", "Grade"), "options": GRADES},
                },
                "conditions": [
                    {"when": "relation == 'SPOUSE'", "show": ["married_on"], "require": ["married_on"]},
                    {"when": "relation == 'CHILD' and schooling == true", "show": ["school"]},
                    {"when": "school == '一小'", "show": ["grade"], "options": {"grade": ["1", "2"]}},
                    {"when": "relation == 'CHILD'", "show": ["boards"]},
                ],
            },
        },
    },
    "conditions": [],
}  # fmt: skip
SPOUSE = {"name": "甲", "relation": "SPOUSE", "married_on": "2020-01-01"}


def state_of(*members: dict, schooling: bool = True):
    form = FormDefinition.parse(FAMILY)
    return evaluate(form, {"schooling": schooling, "members": list(members)}, Surroundings())


def cells_of(state) -> list[list[str]]:
    return [[cell.key for cell in row.fields] for row in state.pages[0].fields[1].rows]


def test_each_row_shows_and_asks_for_what_its_own_cells_say():
    state = state_of(SPOUSE, {"name": "乙", "relation": "CHILD", "school": "一小", "grade": "3"})
    assert cells_of(state) == [
        ["name", "relation", "married_on"],
        ["name", "relation", "school", "grade", "boards"],
    ]
    assert sorted(state.errors) == ["members.1.grade"]
    grades = state.pages[0].fields[1].rows[1].cell("grade").options
    assert [each.value for each in grades] == ["1", "2"]


def test_a_cell_is_required_only_in_the_rows_that_show_it():
    lacking = state_of({"name": "甲", "relation": "SPOUSE"}, {"name": "乙", "relation": "CHILD"})
    assert sorted(lacking.errors) == ["members.0.married_on", "members.1.school"]
    assert state_of({"name": "乙", "relation": "CHILD"}, schooling=False).errors == {}


def test_what_is_hidden_in_a_row_is_neither_judged_nor_submitted_nor_decides_anything():
    row = {**SPOUSE, "school": "一小", "grade": "9", "boards": True}
    state = state_of(row)
    assert state.errors == {}
    assert state.values["members"] == [SPOUSE]
    assert cells_of(state) == [["name", "relation", "married_on"]]


def test_the_cells_and_fields_that_decide_bring_the_page_again():
    page = state_of(SPOUSE).pages[0]
    assert page.fields[0].triggers
    row = page.fields[1].rows[0]
    assert [cell.key for cell in row.fields if cell.triggers] == ["relation"]
    assert row.asked == "name relation married_on"


@pytest.mark.django_db
def test_what_was_typed_into_a_cell_that_its_row_hides_now_is_there_again_when_shown(citizen):
    with context_use(context_system("test")):
        form = form_put("test.family", FAMILY, source="test", now=NOW)
    draft = draft_open(
        account_id=7, purpose_key="x", form_version_id=form.version_id, prefill={}, now=NOW
    )

    def post(shown: str, **cells: str):
        texts = {f"members.0.{name}": value for name, value in cells.items()}
        marks = {"_fields": "schooling members", "members._window": "0-1", "schooling": "1"}
        row = {"members.0._row": "1", "members.0._fields": shown}
        return draft_post(draft.id, post={**marks, **row, **texts}, page="main", now=NOW)

    child = "name relation school boards"
    post(child, name="乙", relation="CHILD", school="二小", boards="1")
    away = post(child, name="乙", relation="SPOUSE", school="二小", boards="1")
    assert draft_state(away).values["members"] == [{"name": "乙", "relation": "SPOUSE"}]
    back = post("name relation married_on", name="乙", relation="CHILD")
    typed = {"name": "乙", "relation": "CHILD", "school": "二小", "boards": True}
    assert draft_state(back).values["members"] == [typed]
    unticked = post(child, name="乙", relation="CHILD", school="二小")
    assert draft_state(unticked).values["members"] == [{**typed, "boards": False}]


def wrong(**changes: object) -> list[str]:
    form = deepcopy(FAMILY)
    form["ui"]["fields"]["members"]["conditions"] = [changes]
    with pytest.raises(FormInvalid) as caught:
        FormDefinition.parse(form)
    return [each.path for each in caught.value.problems]


def test_faults_of_conditions_inside_rows_are_told_with_their_place():
    at = "ui.fields.members.conditions"
    assert wrong(when="nobody == 1", show=["school"]) == [f"{at}[0].when"]
    assert wrong(when="name == 'a'", show=["schooling"]) == [f"{at}[0].show"]
    assert wrong(when="len(members) > 1", show=["school"]) == [at]
    assert wrong(when="school == 'a'", show=["school"]) == [at]
    assert wrong(when="name == 'a'", lock=["school"]) == [f"{at}[0].lock"]
    form = deepcopy(FAMILY)
    form["ui"]["fields"]["schooling"]["conditions"] = [{"when": "schooling", "show": []}]
    with pytest.raises(FormInvalid):
        FormDefinition.parse(form)


def test_a_group_on_which_a_field_depends_that_decides_in_its_rows_is_a_circle():
    form = deepcopy(FAMILY)
    form["conditions"] = [{"when": "len(members) > 1", "show": ["schooling"]}]
    with pytest.raises(FormInvalid) as caught:
        FormDefinition.parse(form)
    assert [each.path for each in caught.value.problems] == ["conditions"]


ROWS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "name": st.sampled_from(["乙", "很" * 11, ""]),
            "relation": st.sampled_from(["SPOUSE", "CHILD", "?", None]),
            "married_on": st.sampled_from(["2020-01-01", "昨天"]),
            "school": st.sampled_from(["一小", "二", ""]),
            "grade": st.sampled_from(["1", "3", "9"]),
            "boards": st.sampled_from([True, False, None]),
        },
    ),
    max_size=5,
)


@given(ROWS, st.booleans(), st.integers(0, 60))
@settings(max_examples=60, deadline=None)
def test_rows_judged_at_once_are_those_wrong_one_by_one_and_what_is_submitted_is_stable(
    rows, schooling, before
):
    state = state_of(*rows, schooling=schooling)
    wrong_here = [
        row.number
        for row in state.pages[0].fields[1].rows
        if any(cell.errors for cell in row.fields)
    ]
    many = state_of(*[SPOUSE] * before, *rows, *[SPOUSE] * 50, schooling=schooling)
    assert [n - before for n in many.pages[0].fields[1].rows_wrong] == wrong_here
    again = evaluate(FormDefinition.parse(FAMILY), state.values, Surroundings())
    assert again.values == state.values
