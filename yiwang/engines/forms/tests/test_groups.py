"""Repeating groups of many rows: a window at a time, all of them judged, none lost."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.engines.forms.actions import draft_open, draft_post, draft_save, form_put
from yiwang.engines.forms.models import Draft
from yiwang.engines.forms.queries import draft_state, form_get, form_rows
from yiwang.engines.forms.rules.definition import FormDefinition
from yiwang.engines.forms.rules.groups import row_known, rows_wrong
from yiwang.engines.forms.rules.problems import FormInvalid
from yiwang.engines.forms.rules.state import Surroundings, evaluate
from yiwang.engines.forms.rules.tables import RowsWithoutHeading, rows_read, rows_write
from yiwang.engines.forms.tests.examples import text
from yiwang.kernel.api import context_system, context_use, sheet_write

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
SORTS = [{"value": "A", "zh": "甲类", "en": "First"}, {"value": "B", "zh": "乙类", "en": "Second"}]


def goods(most: int = 10_000) -> dict:
    """A list of goods: the name is needed, the weight positive, the sort one of two."""
    cells = {
        "name": {"type": "string", "maxLength": 20},
        "weight": {"type": "number", "exclusiveMinimum": 0},
        "sort": {"type": "string", "enum": ["A", "B"]},
        "checked": {"type": "boolean", "const": True},
        "since": {"type": "string", "format": "date"},
    }
    titles = {
        "name": "品名",
        "weight": "重量",
        "sort": "类别",
        "checked": "已检",
        "since": "入库日期",
    }
    fields = {key: {"title": text(title, key.title())} for key, title in titles.items()}
    fields["sort"]["options"] = SORTS
    return {
        "key": "goods",
        "title": text("货物清单", "Goods"),
        "schema": {
            "type": "object",
            "required": ["goods"],
            "properties": {
                "goods": {
                    "type": "array",
                    "maxItems": most,
                    "items": {"type": "object", "required": ["name", "sort"], "properties": cells},
                }
            },
        },
        "ui": {
            "pages": [{"key": "main", "title": text("清单", "List"), "fields": ["goods"]}],
            "fields": {"goods": {"title": text("货物", "Goods"), "fields": fields}},
        },
    }


def row(number: int, **cells) -> dict:
    return {"name": f"货{number}", "weight": 1.5, "sort": "A", **cells}


@pytest.fixture
def list_form(db):
    with context_use(context_system("test")):
        return form_put("test.goods", goods(), source="test", now=NOW)


@pytest.fixture
def draft(list_form, citizen):
    draft = draft_open(
        account_id=7, purpose_key="goods", form_version_id=list_form.version_id, prefill={}, now=NOW
    )

    def filled(rows: list[dict]):
        return draft_save(draft.id, values={"goods": rows}, page="main", revision=1, now=NOW)

    return SimpleNamespace(id=draft.id, fill=filled)


def upload(name: str, content: bytes):
    return SimpleNamespace(
        name=name, size=len(content), content_type="", read=lambda size=-1: content[:size]
    )


CELLS = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["", "货", "很" * 21, 5, None]),
        "weight": st.sampled_from([1, 0.5, 0, -1, "重", None, ""]),
        "sort": st.sampled_from(["A", "B", "C", "", None]),
        "checked": st.sampled_from([True, False, None, "也许"]),
        "since": st.sampled_from(["2026-01-01", "昨天", ""]),
        "other": st.just("无人的"),
    },
)


@given(st.lists(CELLS, max_size=12))
def test_rows_judged_at_once_are_those_that_are_wrong_one_by_one(rows):
    form = FormDefinition.parse(goods())
    group = form.fields["goods"]
    state = evaluate(form, {"goods": rows}, Surroundings()).pages[0].fields[0]
    one_by_one = [
        number for number, each in enumerate(state.rows) if any(cell.errors for cell in each.fields)
    ]
    options = {each.key: each.options for each in group.fields}
    assert rows_wrong(group, [row_known(group, each) for each in rows], options) == one_by_one


def test_fifty_rows_are_shown_and_all_are_judged(draft):
    rows = [row(n) for n in range(10_000)]
    rows[7] = row(7, weight=0)
    rows[5_000] = {"weight": 1}
    state = draft_state(draft.fill(rows))
    field = state.pages[0].fields[0]
    assert (len(field.rows), field.row_total, field.row_window) == (50, 10_000, "0-50")
    assert field.rows_wrong == (8, 5_001)
    assert sorted(state.errors) == ["goods", "goods.5000.name", "goods.5000.sort", "goods.7.weight"]
    assert "5001" in state.errors["goods"][0]
    assert len(state.values["goods"]) == 10_000
    rows[7], rows[5_000] = row(7), row(5_000)
    assert draft_state(
        draft_save(draft.id, values={"goods": rows}, page="main", revision=2, now=NOW)
    ).is_valid


def test_a_page_of_rows_changes_only_the_rows_it_shows(draft):
    draft.fill([row(n) for n in range(120)])
    moved = draft_post(draft.id, post={"_rows": "goods.119"}, page="main", now=NOW)
    shown = draft_state(moved).pages[0].fields[0]
    assert (shown.row_window, shown.rows[0].name) == ("100-120", "goods.100")
    post = {"_fields": "goods", "goods._window": "100-120", "_remove": "goods.101"}
    for number in range(100, 120):
        post |= {f"goods.{number}._row": "1", f"goods.{number}.name": f"新{number}"}
        post |= {f"goods.{number}.sort": "B", f"goods.{number}.weight": "2"}
    saved = draft_post(draft.id, post=post, page="main", now=NOW).values["goods"]
    assert [each["name"] for each in saved[:100]] == [f"货{n}" for n in range(100)]
    assert [each["name"] for each in saved[100:]] == [f"新{n}" for n in range(100, 120) if n != 101]


def test_two_devices_on_different_rows_of_a_list_both_keep_theirs(draft):
    first = draft.fill([row(n) for n in range(120)])
    base = first.revision
    one = [row(n) for n in range(120)]
    one[3] = row(3, weight=9)
    draft_save(draft.id, values={"goods": one}, page="main", revision=base, now=NOW)
    two = [row(n) for n in range(120)]
    two[110] = row(110, sort="B")
    merged = draft_save(draft.id, values={"goods": two}, page="main", revision=base, now=NOW)
    assert (merged.values["goods"][3]["weight"], merged.values["goods"][110]["sort"]) == (9, "B")
    assert merged.conflicts == {}
    three = [row(n) for n in range(120)]
    three[3] = row(3, weight=8)
    clash = draft_save(draft.id, values={"goods": three}, page="main", revision=base, now=NOW)
    assert clash.values["goods"][3]["weight"] == 9
    assert clash.conflicts["goods"].other[3]["weight"] == 8


def test_a_new_row_is_shown_where_it_is_added(draft):
    draft.fill([row(n) for n in range(100)])
    added = draft_post(draft.id, post={"_add": "goods"}, page="main", now=NOW)
    shown = draft_state(added).pages[0].fields[0]
    assert (shown.row_window, len(shown.rows)) == ("100-101", 1)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_rows_come_from_a_file_as_typed_and_the_wrong_ones_are_marked(draft, form):
    table = [
        ["品名", "重量", "类别", "已检", "备注"],
        ["=1+1", "１，２００", "甲类", "是", "x"],
        ["", "不知道", "丙", "", ""],
        ["", "", "", "", ""],
        ["茶叶", "0.5", "B", "否", ""],
    ]
    draft.fill([row(1)])
    sent = {"goods._file": upload(f"a.{form}", sheet_write(form, table))}
    saved = draft_post(draft.id, post={"_import": "goods:add"}, files=sent, page="main", now=NOW)
    assert saved.refusals == {}
    assert saved.values["goods"] == [
        row(1),
        {"name": "=1+1", "weight": 1200, "sort": "A", "checked": True},
        {"weight": "不知道", "sort": "丙"},
        {"name": "茶叶", "weight": 0.5, "sort": "B", "checked": False},
    ]
    note = saved.groups["goods"]["note"]
    assert (note["rows"], note["ignored"]) == (3, ["备注"])
    assert sorted(draft_state(saved).errors) == ["goods.2.name", "goods.2.sort", "goods.2.weight"]
    again = draft_post(
        draft.id, post={"_import": "goods:replace"}, files=sent, page="main", now=NOW
    )
    assert len(again.values["goods"]) == 3


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", "甲,乙\n1,2\n".encode(), "品名"),
        ("a.csv", b"\x00\x01\x02", "a.csv"),
        ("a.xlsx", b"PK\x03\x04 no archive", "a.xlsx"),
        ("a.csv", "品名\n".encode() + b"x\n" * 10_001, "10000"),
        ("a.csv", b"x" * (10 * 1024 * 1024 + 1), "10 MB"),
    ],
)
def test_a_file_that_is_no_table_is_refused_and_nothing_of_it_is_taken(draft, name, content, words):
    before = draft.fill([row(1)])
    sent = {"goods._file": upload(name, content)}
    saved = draft_post(
        draft.id, post={"_import": "goods:replace"}, files=sent, page="main", now=NOW
    )
    assert words in saved.refusals["goods"][0]
    assert (saved.values, saved.revision) == (before.values, before.revision)


def test_what_is_handed_out_is_taken_back_equal(draft, list_form):
    rows = [
        row(1, checked=True, since="2026-01-02"),
        {"weight": "重", "sort": "丙"},
        row(2, name="'=x"),
    ]
    table = form_rows(list_form.version_id, "goods", {"goods": rows})
    assert table[0] == ["品名", "重量", "类别", "已检", "入库日期"]
    group = FormDefinition.parse(goods()).fields["goods"]
    options = {"sort": group.fields[2].options}
    for form in ("csv", "xlsx"):
        content = sheet_write(form, table)
        back = rows_read(group, name=f"a.{form}", content=content, options=options)
        assert (back.rows, back.ignored) == (rows, ())
    assert next(iter(rows_write(group, [], options, language="en")))[0] == "Name"


def test_an_empty_file_says_which_columns_it_needs():
    group = FormDefinition.parse(goods()).fields["goods"]
    with pytest.raises(RowsWithoutHeading) as caught:
        rows_read(group, name="a.csv", content=b"", options={})
    assert "品名" in str(caught.value)


def test_more_rows_than_a_group_may_have_are_refused_in_the_definition():
    with pytest.raises(FormInvalid) as caught:
        FormDefinition.parse(goods(10_001))
    assert [each.path for each in caught.value.problems] == ["schema.properties.goods.maxItems"]


def test_of_long_lists_only_the_last_change_is_remembered(draft):
    rows = [row(n) for n in range(300)]
    view = draft.fill(rows)
    for weight in range(2, 6):
        rows = [*rows[:-1], row(299, weight=weight)]
        view = draft_save(
            draft.id, values={"goods": rows}, page="main", revision=view.revision, now=NOW
        )
    assert len(Draft.objects.get().history["goods"]) == 1


def test_only_the_owner_gets_the_rows_as_a_file(draft, client, django_user_model, settings):
    draft.fill([row(1)])
    answer = client.get(f"/engines/forms/drafts/{draft.id}/rows/goods.csv")
    assert answer.status_code in (302, 401, 403, 404)
    assert "货1" not in answer.content.decode()


def test_the_definition_keeps_the_order_of_its_cells(list_form):
    kept = form_get(list_form.version_id).definition
    cells = kept["schema"]["properties"]["goods"]["items"]["properties"]
    assert list(cells) == ["name", "weight", "sort", "checked", "since"]
    assert json.dumps(kept) == json.dumps(goods())
