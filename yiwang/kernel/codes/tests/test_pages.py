"""The public pages of the code tables."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from yiwang.kernel.audit.context import context_system, context_use
from yiwang.kernel.codes.actions import code_file_read, code_table_load

pytestmark = pytest.mark.django_db
HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def _editions():
    with context_use(context_system("test")):
        for number in (1, 2):
            file = code_file_read(HERE / f"made-divisions-{number}.yaml")
            code_table_load(
                file.table,
                edition=file.edition,
                rows=file.rows,
                valid_from=file.valid_from,
                title=dict(file.title),
                source=file.source,
                is_made=True,
                now=datetime(2026, 11, 21, 9, 0, tzinfo=UTC),
            )


def page(client, address: str, language: str = "zh-hans") -> str:
    response = client.get(address, headers={"accept-language": language})
    assert response.status_code == 200
    return response.content.decode()


def test_the_list_of_tables_names_the_edition_in_force(client):
    text = page(client, "/kernel/codes/")
    assert "行政区划" in text
    assert "made-2" in text
    assert "虚构" in text


def test_a_table_is_searched_and_answers_as_of_a_date(client):
    now = page(client, "/kernel/codes/divisions/?q=子胥")
    assert "伍子胥社区居委会" in now
    before = page(client, "/kernel/codes/divisions/?q=子胥&as_of=2024-12-31")
    assert "伍子胥" not in before
    assert "子胥社区居委会" in before
    assert "made-1 版" in before


def test_a_table_is_paged_and_walked_down(client):
    text = page(client, "/kernel/codes/divisions/?page=2")
    assert "21–25" in text or "第 21" in text or "21" in text
    below = page(client, "/kernel/codes/divisions/?parent=320506")
    assert "渭塘镇" in below
    assert "相城区" not in below.split("<tbody>")[1].split("</tbody>")[0]
    exported = client.get("/kernel/codes/divisions/?parent=320506&export=csv")
    lines = b"".join(exported.streaming_content).decode().splitlines()
    assert len(lines) == 3


def test_before_the_first_edition_there_is_nothing_and_the_page_says_so(client):
    text = page(client, "/kernel/codes/divisions/?as_of=2020-01-01")
    assert "没有有效的版本" in text


def test_the_differences_are_told_by_kind_with_what_is_left_open(client):
    text = page(client, "/kernel/codes/divisions/differences/?size=50")
    for words in (
        "伍子胥社区居委会",
        "箭欣社区居委会",
        "待人工认定",
        "采香泾社区居委会",
        "另有 8 个",
    ):
        assert words in text
    gone = page(client, "/kernel/codes/divisions/differences/?a=made-1&b=made-2&kind=GONE")
    assert "箭泾村委会" in gone
    assert "伍子胥" not in gone


def test_the_pages_are_complete_in_english(client):
    assert "Code tables" in page(client, "/kernel/codes/", "en")
    assert "In force until, not included" in page(client, "/kernel/codes/divisions/", "en")
    assert "Waiting for a person" in page(
        client, "/kernel/codes/divisions/differences/?a=x&b=made-2", "en"
    )


def test_an_unknown_table_is_not_found(client):
    assert client.get("/kernel/codes/nothing/").status_code == 404
    assert client.get("/kernel/codes/nothing/differences/").status_code == 404
