import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.engines.forms.rules.definition import FormDefinition
from yiwang.engines.forms.rules.inputs import post_parse, value_parse, value_text, values_render
from yiwang.engines.forms.tests.examples import shop

FORM = FormDefinition.parse(shop())
FIELDS = list(FORM.fields.values())
ALL = " ".join(FORM.fields)


@pytest.mark.parametrize(
    ("field", "typed", "value"),
    [
        ("seats", "１２", 12),
        ("seats", " 1,200 ", 1200),
        ("seats", "12.0", "12.0"),
        ("seats", "9" * 5000, "9" * 5000),
        ("area", "８６．５", 86.5),
        ("area", "-3", -3),
        ("area", "1e5", "1e5"),
        ("born", "2026年1月5日", "2026-01-05"),
        ("born", "2026/1/5", "2026-01-05"),
        ("born", "20260105", "2026-01-05"),
        ("born", "tomorrow", "tomorrow"),
        ("mobile", "+86 138-0000-0000", "13800000000"),
        ("mobile", "１３８０００００００0", "13800000000"),
        ("gas_phone", "0512-65220000", "0512-65220000"),
        ("name", "  老\x00字\x07号\u2028 ", "老字号"),
        ("name", "Ａ全角（名）", "Ａ全角（名）"),
        ("name", " \n ", None),
        ("gas", "on", True),
        ("gas", "false", False),
        ("gas", None, False),
    ],
)
def test_what_is_typed_becomes_a_value_or_stays_as_typed(field, typed, value):
    assert value_parse(FORM.fields[field], typed) == value


def test_only_listed_fields_are_touched_and_unticked_boxes_are_noticed():
    values = {"gas": True, "items": ["HOT"], "mobile": "13800000000"}
    posted = {"_fields": "gas items", "mobile": "13900000000"}
    assert post_parse(FIELDS, posted, values) == {"gas": False, "mobile": "13800000000"}


def test_without_a_list_only_what_was_posted_counts():
    assert post_parse(FIELDS, {"name": "茶馆"}, {"gas": True}) == {"gas": True, "name": "茶馆"}


def test_clearing_a_field_removes_its_value():
    assert post_parse(FIELDS, {"name": "", "_fields": ALL}, {"name": "茶馆"})== {
        "gas": False, "agree": False
    }  # fmt: skip


def test_names_that_are_no_fields_are_ignored():
    assert post_parse(FIELDS, {"is_admin": "1", "staff.x.person": "a", "_add": "name"}, {}) == {}


def test_hidden_fields_and_files_are_never_read_from_a_post():
    definition = shop()
    definition["ui"]["fields"]["code"]["widget"] = "hidden"
    definition["ui"]["fields"]["mobile"]["widget"] = "photo"
    fields = list(FormDefinition.parse(definition).fields.values())
    forged = {"code": "AB123", "mobile": "attachment:1", "_fields": "code mobile"}
    assert post_parse(fields, forged, {"code": "CD456"}) == {"code": "CD456"}


def test_rows_are_read_added_and_removed():
    posted = {"staff.0.person": "张三", "staff.0.trained": "on", "staff.2.person": "李四"}
    values = post_parse(FIELDS, {**posted, "_fields": "staff"}, {})
    assert values == {
        "staff": [{"person": "张三", "trained": True}, {"person": "李四", "trained": False}]
    }
    more = post_parse(FIELDS, {**posted, "_fields": "staff", "_add": "staff"}, {})
    assert more["staff"][2] == {"trained": False}
    fewer = post_parse(FIELDS, {**posted, "_fields": "staff", "_remove": "staff.0"}, {})
    assert fewer["staff"] == [{"person": "李四", "trained": False}]


def test_a_post_cannot_make_thousands_of_rows():
    posted = {f"staff.{number}.person": "x" for number in range(3000)}
    assert len(post_parse(FIELDS, posted, {})["staff"]) == 200


def rendered(values: dict) -> dict[str, list[str]]:
    """Turn values into what a browser would post from our page."""
    return values_render(FIELDS, values)


POSTS = st.fixed_dictionaries(
    {},
    optional={
        **{
            name: st.text(max_size=20)
            for name in ("name", "born", "seats", "area", "kind", "mobile", "code", "gas")
        },
        "seats": st.one_of(st.integers().map(str), st.text(max_size=5)),
        "area": st.one_of(st.decimals(allow_nan=False, allow_infinity=False).map(str), st.text()),
        "born": st.dates().map(lambda day: f"{day.year}年{day.month}月{day.day}日"),
        "items": st.lists(st.text(max_size=4), max_size=3),
        "staff.0.person": st.text(max_size=5),
        "staff.1.trained": st.just("on"),
        "_add": st.just("staff"),
    },
)


@given(POSTS)
def test_reading_what_was_rendered_gives_the_same_values(posted):
    values = post_parse(FIELDS, {"_fields": ALL, **posted}, {})
    assert post_parse(FIELDS, rendered(values), {}) == values


@given(st.text())
def test_no_input_makes_the_reading_fail(typed):
    for field in FIELDS:
        if field.kind not in ("rows", "list"):
            value_text(value_parse(field, typed))
