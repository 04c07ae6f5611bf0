import pytest

from yiwang.engines.forms.rules.definition import FormDefinition
from yiwang.engines.forms.rules.problems import FormInvalid
from yiwang.engines.forms.tests.examples import shop, text


def problems(definition: dict) -> list[str]:
    with pytest.raises(FormInvalid) as caught:
        FormDefinition.parse(definition)
    return [str(each) for each in caught.value.problems]


def test_a_sound_definition_is_read_with_its_widgets():
    form = FormDefinition.parse(shop())
    widgets = {name: each.widget for name, each in form.fields.items()}
    assert widgets == {
        "name": "text",
        "born": "date",
        "seats": "number",
        "area": "number",
        "kind": "radio",
        "kind_other": "textarea",
        "gas": "checkbox",
        "gas_supplier": "text",
        "gas_phone": "phone",
        "items": "checkboxes",
        "mobile": "phone",
        "code": "text",
        "staff": "rows",
        "agree": "checkbox",
    }
    assert form.triggers == {"kind", "gas"}
    assert form.conditional == {"kind_other", "gas", "gas_supplier", "gas_phone"}


def test_a_field_comes_after_what_decides_on_it():
    order = FormDefinition.parse(shop()).order
    assert order.index("kind") < order.index("gas") < order.index("gas_supplier")


def test_conditions_that_chase_each_other_are_refused():
    circular = [
        {"when": "gas == true", "show": ["kind_other"]},
        {"when": "kind_other == 'x'", "show": ["gas"]},
    ]
    found = problems(shop(conditions=circular))
    assert len(found) == 1
    assert found[0].startswith("conditions: are circular: whether a field shows depends on ")


def test_a_field_that_decides_on_itself_is_refused():
    found = problems(shop(conditions=[{"when": "gas", "show": ["gas"]}]))
    assert found == ["conditions: are circular: whether a field shows depends on gas -> gas"]


@pytest.mark.parametrize(
    ("when", "path"),
    [
        ("kindd == 'OTHER'", "conditions[0].when"),
        ("kind == ", "conditions[0].when"),
        ("__import__('os')", "conditions[0].when"),
    ],
)
def test_an_expression_that_cannot_work_is_located(when, path):
    found = problems(shop(conditions=[{"when": when, "show": ["gas"]}]))
    assert [each.split(":")[0] for each in found] == [path]


def test_every_fault_is_named_with_its_path_at_once():
    definition = shop()
    definition["ui"]["pages"][0]["fields"].append("ghost")
    definition["ui"]["pages"][1]["fields"].remove("items")
    definition["ui"]["fields"]["born"]["widget"] = "calendar"
    del definition["ui"]["fields"]["seats"]["title"]
    definition["schema"]["properties"]["code"]["pattern"] = "("
    definition["schema"]["required"].append("nobody")
    definition["schema"]["allOf"] = []
    paths = {each.split(":")[0] for each in problems(definition)}
    assert paths == {
        "ui.pages[0].fields",
        "ui.pages",
        "ui.fields.born.widget",
        "ui.fields.seats.title",
        "schema.properties.code",
        "schema.required",
        "schema.allOf",
    }


def test_an_option_outside_the_enum_and_a_missing_one_are_refused():
    definition = shop()
    options = definition["ui"]["fields"]["kind"]["options"]
    options[0] = {"value": "FEAST", **text("宴席", "Feast")}
    found = problems(definition)
    assert found == [
        "ui.fields.kind.options[0]: 'FEAST' is not in the schema's enum",
        "ui.fields.kind.options: lacks 'MEAL' of the schema's enum",
    ]


def test_a_format_that_nobody_checks_is_refused():
    definition = shop()
    definition["schema"]["properties"]["code"]["format"] = "zodiac"
    assert [each.split(":")[0] for each in problems(definition)] == ["schema.properties.code"]


@pytest.mark.parametrize("raw", [None, [], {}, {"key": "a"}, "text"])
def test_what_is_no_definition_is_refused_and_never_crashes(raw):
    assert problems(raw)
