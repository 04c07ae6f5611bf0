"""The pages: browse, search, guide; with and without scripts, in both languages; and the API."""

import pytest
from django.utils import translation

from yiwang.hall.matters.catalogue import catalogue_import
from yiwang.hall.matters.tests.conftest import LATER, NOW
from yiwang.kernel.api import pack_new

pytestmark = pytest.mark.django_db
LIST, SEARCH = "/hall/matters/", "/hall/matters/search/"


@pytest.fixture
def example(tmp_path, settings):
    """Load a new pack as `yw pack new` makes it; gives its matter's code."""
    from yiwang.hall.matters.queries import matter_list
    from yiwang.kernel.api import pack_load_all

    template = settings.PACK_DIRS
    settings.PACK_DIRS = [tmp_path, *template]
    pack_new("flood_control", title_zh="防汛", echo=lambda line: None)
    settings.PACK_DIRS = [tmp_path]
    states = pack_load_all(NOW)
    assert [state.problems for state in states] == [()]
    return matter_list().rows[0].code


@pytest.fixture
def catalogue(system):
    return catalogue_import(now=NOW)


def page(client, address, **options):
    response = client.get(address, **options)
    assert response.status_code == 200, response
    return response.content.decode()


def test_browsing_says_how_many_there_are_and_filters(client, catalogue):
    text = page(client, LIST)
    assert "1,135" in text
    assert "失业登记" in page(client, f"{LIST}?department=human_resources&order=title&size=100")
    assert "536" in page(client, f"{LIST}?item_type=01")
    assert page(client, f"{LIST}?page=2") != text
    assert page(client, f"{LIST}?page=99999")
    assert page(client, f"{LIST}?item_type=zz&order=nothing&size=7")


def test_an_empty_list_says_why_and_what_to_do(client):
    assert "ui-nothing" not in page(client, LIST)
    assert 'class="empty"' in page(client, LIST)


def test_search_works_as_a_page_and_as_live_results(client, catalogue):
    text = page(client, f"{SEARCH}?q=社保卡")
    assert "<mark>" in text
    assert "12" in text
    live = page(client, f"{SEARCH}?q=shebaoka", headers={"HX-Request": "true"})
    assert "<html" not in live
    assert live.count('role="option"') == 9
    assert page(client, f"{SEARCH}?q=登记&page=2") != page(client, f"{SEARCH}?q=登记")


def test_search_without_words_or_without_results_offers_a_way_on(client, catalogue):
    assert page(client, SEARCH)
    assert 'class="empty"' in page(client, f"{SEARCH}?q=没有这样的事项呀")
    assert "社会保障卡" in page(client, f"{SEARCH}?q=社会保障卡丢了怎么办")
    assert page(client, f"{SEARCH}?q={'老' * 9000}")
    assert page(client, f"{SEARCH}?q=%00%3Cscript%3E").count("<script>") == 0
    assert page(client, SEARCH, headers={"HX-Request": "true"}).strip() == ""


def test_the_guide_shows_all_sections_and_the_one_button(client, example):
    text = page(client, f"{LIST}{example}/")
    for expected in (
        "防汛登记", f"/hall/applications/start/{example}/", "第二十九条", "六十日内申请行政复议",
        "情况说明", f"/hall/matters/{example}/diagram.bpmn", "受理并决定", "防汛登记告知书",
    ):  # fmt: skip
        assert expected in text
    english = page(client, f"{LIST}{example}/", headers={"Accept-Language": "en"})
    assert "Flood control registration" in english
    printed = page(client, f"{LIST}{example}/?print=1")
    assert "/hall/applications/start/" not in printed


def test_the_diagram_of_the_guide_is_the_process_that_runs(client, example):
    response = client.get(f"{LIST}{example}/diagram.bpmn")
    assert response["Content-Type"] == "application/xml"
    assert b'id="accept_decide"' in response.content


def test_a_catalogue_entry_says_that_it_is_of_another_district(client, catalogue):
    from yiwang.hall.matters.queries import matter_list

    code = matter_list(order="code").rows[0].code
    text = page(client, f"{LIST}{code}/")
    assert "广安" in text
    assert "/hall/applications/start/" not in text
    assert client.get(f"{LIST}{code}/diagram.bpmn").status_code == 404


def test_an_earlier_version_is_shown_as_such(client, put):
    put(form=None, process=None)
    put(form=None, process=None, now=LATER, title={"zh": "敬老优待证", "en": "Card"})
    with translation.override("zh-hans"):
        old = page(client, f"{LIST}322014001000/?version=1")
    assert "老年人优待证" in old
    assert "alert-warning" in old
    assert "alert-warning" not in page(client, f"{LIST}322014001000/")
    assert client.get(f"{LIST}322014001000/?version=3").status_code == 404


@pytest.mark.parametrize(
    "code",
    ["999999999999", "x", "搜索", "a" * 3000, "%00", "x/?version=1", "x/?version=" + "9" * 40],
)
def test_an_unknown_code_is_a_404_page(client, code):
    assert client.get(f"{LIST}{code}/".replace("?version", "?print=1&version")).status_code == 404


def test_the_api_takes_no_harm_from_control_characters(client):
    assert client.get("/api/v1/hall/matters/?department=%00&theme=%00x").json()["total"] == 0
    assert client.get("/hall/matters/?department=%00&theme=%00x").status_code == 200


def test_the_api_lists_and_pages(client, catalogue):
    body = client.get("/api/v1/hall/matters/?department=tax&limit=5&offset=80").json()
    assert (body["total"], body["limit"], body["offset"], len(body["items"])) == (83, 5, 80, 3)
    assert body["items"][0]["url"].startswith("http://testserver/api/v1/hall/matters/")


def test_the_api_gives_a_matter_with_definition_and_guide(client, example):
    body = client.get(f"/api/v1/hall/matters/{example}/").json()
    assert body["definition"]["title"] == {
        "zh": "防汛登记",
        "en": "Flood control registration",
    }
    assert body["guide"]["en"]["title"] == "Flood control registration"
    assert body["can_apply"] is True


@pytest.mark.parametrize(
    ("address", "status", "code", "fields"),
    [
        ("999999999999/", 404, "matter_not_found", None),
        ("?limit=0", 422, "invalid", {"limit"}),
        ("?limit=9999&offset=-1", 422, "invalid", {"limit", "offset"}),
        ("?colour=red", 422, "invalid", {"colour"}),
    ],
)
def test_the_api_answers_errors_as_problem_json(client, address, status, code, fields):
    response = client.get(f"/api/v1/hall/matters/{address}")
    body = response.json()
    assert (response.status_code, response["Content-Type"], body["code"]) == (
        status, "application/problem+json", code,
    )  # fmt: skip
    assert body.get("fields", {}).keys() == (fields or set())
