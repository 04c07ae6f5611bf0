"""One form out of several (合并表单): nothing asked twice, every form served."""

import datetime

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from yiwang.engines.forms.rules.definition import FormDefinition
from yiwang.engines.forms.rules.state import Surroundings, evaluate
from yiwang.hall.bundles.union import FormPart, Shared, collected, projected, union_make
from yiwang.sdk.expressions import compile as expression_compile

TITLE = {"zh": "表", "en": "Form"}
TODAY = datetime.date(2026, 11, 22)
QUESTION = {
    "name": "wide",
    "title": {"zh": "大吗", "en": "Wide?"},
    "options": [{"value": "YES", "zh": "是", "en": "Yes"}, {"value": "NO", "zh": "否", "en": "No"}],
}


def form(fields: dict, *, required=(), conditions=()) -> dict:
    """A form of {name: (schema, ui)}, one page."""
    return {
        "key": "f",
        "title": TITLE,
        "schema": {
            "type": "object",
            "required": list(required),
            "properties": {name: schema for name, (schema, _ui) in fields.items()},
        },
        "ui": {
            "pages": [{"key": "main", "title": TITLE, "fields": list(fields)}],
            "fields": {name: ui for name, (_schema, ui) in fields.items()},
        },
        "conditions": list(conditions),
    }


def field(words: str, schema=None, **ui):
    return (schema or {"type": "string"}, {"title": {"zh": words, "en": words}, **ui})


def state_of(definition: dict, values: dict, applies: dict | None = None):
    names = {"today": TODAY, "matter": {"applies": applies or {}}}
    return evaluate(FormDefinition.parse(definition), values, Surroundings(names=names))


def made(*parts: FormPart, **names):
    union = union_make("u", TITLE, questions=names.pop("questions", ()), parts=parts, **names)
    FormDefinition.parse(union.definition)
    return union


def test_fields_of_one_registry_element_are_asked_once_under_the_first_name():
    food = form({"phone": field("电话", prefill="person.phone"), "area": field("面积")})
    water = form({"tel": field("联系电话", prefill="person.phone"), "volume": field("水量")})
    union = made(FormPart("food", TITLE, food), FormPart("water", TITLE, water))

    assert union.fields == {
        "phone": (("food", "phone"), ("water", "tel")),
        "area": (("food", "area"),),
        "volume": (("water", "volume"),),
    }
    assert projected(union.fields, "water", {"phone": "1", "area": "2"}) == {"tel": "1"}
    assert collected(union.fields, "water", {"tel": ["x"]}) == {"phone": ["x"]}


def test_a_question_worded_alike_twice_is_refused_until_the_bundle_decides():
    food = form({"address": field("地址")})
    water = form({"place": field("地址")})
    parts = (FormPart("food", TITLE, food), FormPart("water", TITLE, water))

    assert "both ask for 地址" in made(*parts).problems[0]
    one = made(*parts, shared=[Shared("address", {"food": "address", "water": "place"})])
    assert (one.problems, len(one.fields)) == ((), 1)
    two = made(*parts, apart=["place"])
    assert (two.problems, len(two.fields)) == ((), 2)


def test_the_same_name_for_different_things_stays_two_fields():
    food = form({"staff": field("人员", {"type": "integer"})})
    water = form({"staff": field("人数", {"type": "string"})})

    union = made(FormPart("food", TITLE, food), FormPart("water", TITLE, water))

    assert union.fields["water_staff"] == (("water", "staff"),)


def test_what_the_one_form_accepts_every_form_accepts():
    food = form({"area": field("面积", {"type": "number", "minimum": 10, "maximum": 500})})
    water = form({"area": field("面积", {"type": "number", "minimum": 5, "maximum": 100})})
    shared = [Shared("area", {"food": "area", "water": "area"})]

    union = made(FormPart("food", TITLE, food), FormPart("water", TITLE, water), shared=shared)

    assert union.definition["schema"]["properties"]["area"] == {
        "type": "number", "minimum": 10, "maximum": 100,
    }  # fmt: skip


def test_formats_that_differ_must_both_hold():
    food = form({"tel": field("电话", {"type": "string", "pattern": "^1"})})
    water = form({"tel": field("电话", {"type": "string", "pattern": "9$"})})
    shared = [Shared("tel", {"food": "tel", "water": "tel"})]
    union = made(FormPart("food", TITLE, food), FormPart("water", TITLE, water), shared=shared)

    wrong = state_of(union.definition, {"tel": "15"}).errors
    assert list(wrong) == ["tel"]
    assert state_of(union.definition, {"tel": "19"}).errors == {}


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"type": "integer"}, "area: water.area is of another type."),
        ({"type": "string", "enum": ["B"]}, "area: its forms have no choice in common."),
    ],
)
def test_fields_that_cannot_be_one_are_named(other, said):
    food = form({"area": field("面积", {"type": "string", "enum": ["A"]})})
    water = form({"area": field("面积", other)})
    shared = [Shared("area", {"food": "area", "water": "area"})]

    union = union_make("u", TITLE, questions=(), shared=shared, parts=[
        FormPart("food", TITLE, food), FormPart("water", TITLE, water),
    ])  # fmt: skip

    assert said in union.problems


def test_a_matter_that_does_not_apply_asks_nothing():
    food = form({"area": field("面积")}, required=["area"])
    water = form({"volume": field("水量")}, required=["volume"])
    union = made(
        FormPart("food", TITLE, food, always=False),
        FormPart("water", TITLE, water, always=False),
        questions=[QUESTION],
    )

    only = state_of(union.definition, {"wide": "NO"}, {"food": True, "water": False})
    assert [one.key for page in only.pages for one in page.fields] == ["wide", "area"]
    assert list(only.errors) == ["area"]


def test_a_field_hidden_in_its_own_form_decides_nothing_there_although_another_form_asks_it():
    food = form({"gas": field("燃气", {"type": "boolean"})})
    water = form(
        {
            "pool": field("水池", {"type": "boolean"}),
            "gas": field("燃气", {"type": "boolean"}),
            "boiler": field("锅炉"),
        },
        conditions=[{"when": "pool", "show": ["gas"]}, {"when": "gas", "show": ["boiler"]}],
    )
    shared = [Shared("gas", {"food": "gas", "water": "gas"})]
    union = made(FormPart("food", TITLE, food), FormPart("water", TITLE, water), shared=shared)

    dry = state_of(union.definition, {"gas": True, "pool": False})
    wet = state_of(union.definition, {"gas": True, "pool": True})
    assert "boiler" not in {one.key for page in dry.pages for one in page.fields}
    assert "boiler" in {one.key for page in wet.pages for one in page.fields}


SCHEMAS = st.sampled_from(
    [
        {"type": "string"},
        {"type": "string", "minLength": 2},
        {"type": "string", "maxLength": 6},
        {"type": "boolean"},
        {"type": "integer", "minimum": 0},
        {"type": "string", "enum": ["A", "B"]},
    ]
)
OPTIONS = [{"value": "A", "zh": "甲", "en": "A"}, {"value": "B", "zh": "乙", "en": "B"}]
NAMES = ("a", "b", "c", "d")


@st.composite
def forms(draw, key: str):
    fields = {}
    for number, name in enumerate(draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))):
        schema = draw(SCHEMAS)
        ui = {"options": OPTIONS} if "enum" in schema else {}
        fields[name] = field(f"{key}{number}", schema, **ui)
    order = list(fields)
    conditions = []
    for position in range(1, len(order)):
        if draw(st.booleans()):
            decides = draw(st.sampled_from(order[:position]))
            when = draw(st.sampled_from([f"{decides}", f"not {decides}", f"{decides} == 'A'"]))
            sort = draw(st.sampled_from(["show", "require"]))
            conditions.append({"when": when, sort: [order[position]]})
    required = draw(st.lists(st.sampled_from(order), unique=True))
    return form(fields, required=required, conditions=conditions)


@st.composite
def bundles(draw):
    parts = [
        FormPart(key, TITLE, draw(forms(key)), always=draw(st.booleans()))
        for key in ("x", "y", "z")
    ]
    pairs = [(part.key, name) for part in parts for name in part.properties]
    kinds: dict[str, list] = {}
    for part in parts:
        for name, schema in part.properties.items():
            kinds.setdefault(schema["type"] + str(schema.get("enum")), []).append((part.key, name))
    shared, used = [], set()
    for number, sources in enumerate(kinds.values()):
        chosen = {}
        for part, name in sources:
            if part not in chosen and draw(st.booleans()):
                chosen[part] = name
        if len(chosen) > 1:
            shared.append(Shared(f"s{number}", chosen))
            used |= set(chosen.items())
    applies = {part.key: part.always or draw(st.booleans()) for part in parts}
    return parts, shared, applies, pairs


VALUES = st.sampled_from(["A", "B", "hello", "x", True, False, 3, None, "morethansix"])


@given(bundles(), st.data())
@hypothesis_settings(max_examples=150)
def test_nothing_is_asked_twice_and_what_the_one_form_accepts_every_form_accepts(case, data):
    parts, shared, applies, pairs = case
    union = union_make("u", TITLE, questions=(), parts=parts, shared=shared)
    answered = [source for sources in union.fields.values() for source in sources]
    assert sorted(answered) == sorted(pairs)
    asked = [name for page in union.definition["ui"]["pages"] for name in page["fields"]]
    assert sorted(asked) == sorted(union.fields)

    page_of = {name: number for number, page in enumerate(union.definition["ui"]["pages"])
               for name in page["fields"]}  # fmt: skip
    for condition in union.definition["conditions"]:
        deciders = expression_compile(condition["when"]).names & page_of.keys()
        for name in [*condition.get("show", ()), *condition.get("require", ())]:
            assert all(page_of[one] <= page_of[name] for one in deciders)

    values = {name: data.draw(VALUES) for name in union.fields}
    whole = state_of(union.definition, values, applies)
    shown = {one.key for page in whole.pages for one in page.fields}
    wanted = set()
    for part in parts:
        if not applies[part.key]:
            continue
        own = state_of(part.definition, projected(union.fields, part.key, whole.values))
        names = {one.key for page in own.pages for one in page.fields}
        wanted |= {name for name, sources in union.fields.items()
                   if any((part.key, each) in sources for each in names)}  # fmt: skip
        if whole.is_valid:
            assert own.errors == {}
        back = collected(union.fields, part.key, own.errors)
        assert set(back) <= set(whole.errors)
    assert shown == wanted
