import string
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.engines.forms.data import ValueSource
from yiwang.engines.forms.rules.definition import FormDefinition
from yiwang.engines.forms.rules.state import Surroundings, evaluate
from yiwang.engines.forms.tests.examples import COMPLETE, shop

FORM = FormDefinition.parse(shop())


def say(error) -> str:
    params = {k: v["en"] if isinstance(v, dict) and v else v for k, v in error.params.items()}
    return error.message % params


def state_of(data, **around):
    return evaluate(FORM, data, Surroundings(say=say, lookup=lambda f: f.options, **around))


def error_of(field, value):
    return state_of({**COMPLETE, field: value}).errors.get(field, [])


def shown(state):
    return {each.key for page in state.pages for each in page.fields}


def test_a_complete_form_is_valid_and_submits_what_is_filled():
    state = state_of(COMPLETE)
    assert state.errors == {}
    assert state.is_valid
    assert state.values == COMPLETE


def test_an_empty_form_asks_for_what_is_required_and_nothing_else():
    assert state_of({}).errors == {
        "name": ["Enter: Name."],
        "kind": ["Choose: Kind."],
        "staff": ["Add at least one row to Staff."],
        "agree": ["To go on, tick: I state that this is true."],
    }


def test_a_title_that_is_a_question_is_answered_without_a_second_mark():
    definition = shop()
    field = definition["ui"]["fields"]["kind"]
    field["title"] = {"zh": "经营哪一类？", "en": "Which kind?"}
    form = FormDefinition.parse(definition)
    state = evaluate(form, {}, Surroundings(say=say, lookup=lambda f: f.options))
    assert state.errors["kind"] == ["Answer: Which kind?"]


def test_a_chain_of_conditions_opens_step_by_step():
    assert "gas" not in shown(state_of({}))
    assert "gas" in shown(state_of({"kind": "MEAL"}))
    assert "gas_supplier" in shown(state_of({"kind": "MEAL", "gas": True}))
    # The chain falls with its first link although the later values are still there.
    assert "gas_supplier" not in shown(state_of({"kind": "DRINK", "gas": True}))


def test_a_page_without_a_shown_field_is_left_out():
    definition = shop()
    definition["conditions"][1]["show"] = ["gas", "items"]
    form = FormDefinition.parse(definition)
    pages = [page.key for page in evaluate(form, {"kind": "OTHER"}, Surroundings(say=say)).pages]
    assert pages == ["place", "people"]


def test_hidden_values_are_neither_checked_nor_submitted():
    state = state_of({**COMPLETE, "kind_other": "x" * 9000, "gas_phone": "no phone"})
    assert state.errors == {}
    assert "kind_other" not in state.values


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("seats", 0, "Seats must be 1 or more."),
        ("seats", 501, "Seats must be 500 or less."),
        ("seats", "十二", "Seats must be a whole number, for example 12."),
        ("seats", 1.5, "Seats must be a whole number, for example 12."),
        ("area", 0, "Area must be more than 0."),
        ("area", "big", "Area must be a number, for example 120."),
        ("born", "2026-02-30", "Enter Opening day as a date: year, month, day, for example 2026-11-21."),
        ("kind", "FEAST", "Choose Kind from the list."),
        ("items", ["HOT", "SOUR"], "Choose Items from the list."),
        ("code", "ab1", "Two capitals and three digits, as AB123."),
        ("mobile", "123", "Mobile phone must be a mobile number of 11 digits that starts with 1."),
    ],
)  # fmt: skip
def test_each_error_is_one_plain_sentence(field, value, sentence):
    assert error_of(field, value) == [sentence]


def test_a_text_of_9000_characters_is_answered_with_limit_and_count_and_kept():
    state = state_of({**COMPLETE, "name": "长" * 9000})
    assert state.errors == {
        "name": [
            "Name may have at most 5 characters; it now has 9000. "
            "Nothing you typed was removed: please shorten it."
        ]
    }
    assert state.page("place").fields[0].text == "长" * 9000


def test_errors_in_rows_stand_at_their_cell_and_empty_rows_are_ignored():
    rows = [{"person": "张三"}, {}, {"number": "110105194912310021"}]
    state = state_of({**COMPLETE, "staff": rows})
    assert list(state.errors) == ["staff.2.person", "staff.2.number"]
    assert state_of({**COMPLETE, "staff": [{"person": "张三"}, {}]}).values["staff"] == [
        {"person": "张三"}
    ]
    assert error_of("staff", [{"person": "a"}] * 4) == [
        "Staff may have at most 3 entries; it now has 4."
    ]


def test_options_may_be_restricted_by_a_condition():
    state = state_of({**COMPLETE, "kind": "DRINK", "items": ["HOT"]})
    items = next(each for each in state.page("kitchen").fields if each.key == "items")
    assert [option.value for option in items.options] == ["COLD"]
    assert state.errors == {"items": ["Choose Items from the list."]}


def test_a_check_across_fields_speaks_only_when_all_its_fields_are_right():
    assert state_of({**COMPLETE, "seats": 100, "area": 10}).errors == {
        "seats": ["Each seat needs 0.5 square metres."]
    }
    assert state_of({**COMPLETE, "seats": 100}).errors == {}
    assert state_of({**COMPLETE, "seats": 100, "area": 50}).errors == {}
    assert list(state_of({**COMPLETE, "seats": 100, "area": "x"}).errors) == ["area"]


def test_a_locked_value_comes_from_its_source_whatever_is_sent():
    source = ValueSource("得月楼", {"zh": "法人库", "en": "Enterprise registry"}, date(2026, 11, 2))
    state = state_of({**COMPLETE, "name": "假名字"}, sources={"name": source})
    assert state.values["name"] == "得月楼"
    name = state.page("place").fields[0]
    assert (name.locked, name.text, name.edited) == (True, "得月楼", False)


def test_a_locked_field_without_a_source_may_be_typed():
    name = state_of(COMPLETE).page("place").fields[0]
    assert (name.locked, name.text) == (False, "百味斋")


def test_a_prefilled_value_that_was_changed_says_so():
    source = ValueSource("13800000000", {"zh": "人口库", "en": "Population registry"})
    state = state_of({**COMPLETE, "mobile": "13900000000"}, sources={"mobile": source})
    mobile = state.page("people").fields[0]
    assert (mobile.edited, mobile.locked) == (True, False)


def test_pages_know_their_neighbours():
    state = state_of(COMPLETE)
    assert state.page_after("place").key == "kitchen"
    assert state.page_before("place") is None
    assert state.page_after("people") is None
    assert state.page("no such page").key == "place"


# --- for any data --------------------------------------------------------------------------------

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 600),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.sampled_from(["MEAL", "DRINK", "OTHER", "HOT", "COLD", "2026-01-01", "13800000000", ""]),
    st.text(max_size=12),
)
CELLS = st.dictionaries(st.sampled_from(["person", "number", "trained", "odd"]), LEAVES, max_size=4)
VALUES = st.one_of(LEAVES, st.lists(LEAVES, max_size=3), st.lists(CELLS, max_size=4))
DATA = st.dictionaries(st.sampled_from([*FORM.fields, "stranger"]), VALUES, max_size=14)
LIKELY = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(["MEAL", "DRINK", "OTHER"]),
        "gas": st.booleans(),
        "seats": st.integers(1, 300),
        "area": st.integers(1, 300),
        "items": st.lists(st.sampled_from(["HOT", "COLD"]), unique=True),
        "staff": st.lists(st.fixed_dictionaries({"person": st.text(string.ascii_letters)})),
    },
)
ANY = st.builds(lambda first, second: {**first, **second}, DATA, LIKELY)


@given(ANY, ANY)
def test_hidden_fields_never_influence_what_is_shown_wrong_or_submitted(data, noise):
    state = state_of(data)
    hidden = FORM.fields.keys() - shown(state)
    disturbed = {**data, **{name: noise.get(name) for name in hidden}}
    again = state_of(disturbed)
    assert (shown(again), again.errors, again.values) == (shown(state), state.errors, state.values)


@given(ANY)
def test_the_state_is_idempotent(data):
    state = state_of(data)
    again = state_of(state.values)
    assert again.values == state.values
    assert shown(again) == shown(state)
    assert again.is_valid == state.is_valid


@given(ANY)
def test_what_a_valid_form_submits_satisfies_the_whole_schema(data):
    state = state_of(data)
    if state.is_valid:
        for name, value in state.values.items():
            assert FORM.fields[name].validator.is_valid(value)
