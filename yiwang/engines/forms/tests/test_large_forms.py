"""Ten thousand rows, two hundred fields: rendered, saved, judged; the bounds are stated in the docs."""

import re
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.test import RequestFactory

from yiwang.engines.forms.actions import DraftTooLarge, draft_open, draft_post, form_put
from yiwang.engines.forms.data import FormState
from yiwang.engines.forms.queries import draft_get, draft_state
from yiwang.engines.forms.tests.examples import text
from yiwang.engines.forms.tests.test_groups import goods, upload
from yiwang.kernel.api import context_system, context_use, render, sheet_write

pytestmark = [pytest.mark.django_db, pytest.mark.heavy]
NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
FIELDS_OF_A_REQUEST = 5_000
PAGE = 2_000_000


def wide(count: int = 200) -> dict:
    """A form of many fields on ten pages; every tenth decides whether the next is shown."""
    names = [f"f{number}" for number in range(count)]
    kinds = (
        {"type": "string", "maxLength": 50},
        {"type": "integer", "minimum": 0},
        {"type": "boolean"},
    )
    return {
        "key": "wide",
        "title": text("大表", "Wide"),
        "schema": {
            "type": "object",
            "required": names[::4],
            "properties": {name: kinds[place % 3] for place, name in enumerate(names)},
        },
        "ui": {
            "pages": [
                {"key": f"p{page}", "title": text(f"第{page}页", f"Page {page}"),
                 "fields": names[page * 20 : page * 20 + 20]}
                for page in range(count // 20)
            ],
            "fields": {name: {"title": text(f"字段{name}", name)} for name in names},
        },
        "conditions": [
            {"when": f"f{number} != null", "show": [f"f{number + 1}"]} for number in range(0, count, 10)
        ],
    }  # fmt: skip


@pytest.fixture
def opened(citizen):
    def open_form(key: str, definition: dict):
        with context_use(context_system("test")):
            form = form_put(f"test.{key}", definition, source="test", now=NOW)
        return draft_open(
            account_id=7, purpose_key=key, form_version_id=form.version_id, prefill={}, now=NOW
        )

    return open_form


@pytest.fixture
def page_of(tmp_path, settings):
    """Render one page, or the summary, of a form as people get it."""
    (tmp_path / "page.html").write_text(
        '{% import "engines/forms/form.html" as forms with context %}{% if key %}'
        "{{ forms.form_page(state, state.page(key), draft, action='/d/', errors_shown=True) }}"
        "{% else %}{{ forms.form_summary(state, rows_href='/rows/{group}') }}{% endif %}",
        encoding="utf-8",
    )
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]

    def page(state: FormState, key: str = "", draft=None) -> str:
        draft = draft or SimpleNamespace(id=1, revision=1, updated_at=NOW)
        names = {"state": state, "key": key, "draft": draft}
        return render(RequestFactory().get("/"), "page.html", names).content.decode()

    return page


def test_ten_thousand_rows_come_from_a_file_and_are_judged_shown_and_saved(opened, page_of):
    draft = opened("goods", goods())
    rows = [["品名", "重量", "类别", "已检", "入库日期"]]
    rows += [[f"货物{n}", "1.5", "甲类", "是", "2026-01-02"] for n in range(10_000)]
    rows[9_000][1] = "不知道"
    sent = {"goods._file": upload("a.xlsx", sheet_write("xlsx", rows))}
    saved = draft_post(
        draft.id, post={"_import": "goods:replace"}, files=sent, page="main", now=NOW
    )
    assert (saved.refusals, len(saved.values["goods"])) == ({}, 10_000)
    state = draft_state(saved)
    assert sorted(state.errors) == ["goods", "goods.8999.weight"]
    html = page_of(state, "main", saved)
    assert len(html.encode()) < PAGE
    assert html.count('name="goods.') < FIELDS_OF_A_REQUEST
    assert 'value="goods.8999"' in html
    there = draft_post(draft.id, post={"_rows": "goods.8999"}, page="main", now=NOW)
    html = page_of(draft_state(there), "main", there)
    assert 'value="不知道"' in html
    post = {"_fields": "goods", "goods._window": "8950-9000"}
    for name, value in re.findall(r'name="(goods\.\d+\.\w+)"[^>]* value="([^"]*)"', html):
        post[name] = "2" if name == "goods.8999.weight" else value
    post |= {f"goods.{n}.sort": "A" for n in range(8_950, 9_000)}
    right = draft_post(draft.id, post=post, page="main", now=NOW)
    state = draft_state(right)
    assert state.errors == {}
    assert len(state.values["goods"]) == 10_000
    assert [each["name"] for each in right.values["goods"][::1000]] == [
        f"货物{n}" for n in range(0, 10_000, 1000)
    ]
    summary = page_of(state)
    assert len(summary.encode()) < PAGE
    assert 'href="/rows/goods"' in summary


def test_two_hundred_fields_are_filled_in_page_by_page_and_nothing_typed_is_lost(opened, page_of):
    draft = opened("wide", wide())
    for page in range(10):
        names = [f"f{number}" for number in range(page * 20, page * 20 + 20)]
        post = {"_fields": " ".join(names)} | dict.fromkeys(names, "7")
        draft = draft_post(draft.id, post=post, page=f"p{page}", now=NOW)
    state = draft_state(draft)
    assert state.errors == {}
    assert len(state.values) == 200
    html = page_of(state, "p3", draft)
    assert len(html.encode()) < PAGE
    assert html.count('<div class="field') >= 20
    with_one_wrong = draft_post(draft.id, post={"f1": "不是数字"}, page="p0", now=NOW)
    state = draft_state(with_one_wrong)
    assert list(state.errors) == ["f1"]
    assert with_one_wrong.values["f1"] == "不是数字"


def test_more_rows_of_text_than_a_draft_holds_are_refused_with_words_and_nothing_is_lost(opened):
    definition = goods()
    cells = definition["schema"]["properties"]["goods"]["items"]["properties"]
    cells["name"] = {"type": "string"}
    draft = opened("goods", definition)
    kept = draft_post(
        draft.id,
        post={"goods.0.name": "一", "goods.0.sort": "A", "_fields": "goods"},
        page="main",
        now=NOW,
    )
    table = [["品名", "类别"], *([["长" * 500, "甲类"]] * 4_900)]
    content = sheet_write("csv", table)
    sent = {"goods._file": upload("a.csv", content)}
    half = draft_post(draft.id, post={"_import": "goods:add"}, files=sent, page="main", now=NOW)
    assert len(half.values["goods"]) == 4_901
    with pytest.raises(DraftTooLarge):
        draft_post(draft.id, post={"_import": "goods:add"}, files=sent, page="main", now=NOW)
    assert draft_get(draft.id).values == half.values
    assert half.values["goods"][0] == kept.values["goods"][0]
