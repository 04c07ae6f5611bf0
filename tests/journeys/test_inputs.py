"""Whatever is typed, pasted, uploaded or stands in an address (输入容错) gets a useful answer."""

import io
import json
import urllib.parse
import urllib.request
import zipfile

import pytest

from tests.journeys.steps import (
    ANSWERS,
    CONTROLS,
    LONG,
    RARE,
    contact_page,
    copy_of,
    item_of,
    submitted,
)
from yiwang.config.browsing import Browser
from yiwang.config.check import PDF

pytestmark = pytest.mark.pages

UNKNOWN = {
    "visitor": (
        "/hall/matters/000000000000/",
        "/hall/licences/verify/XXXXXXXXXXXX/",
        "/hall/applications/track/?number=113205080140000000000&code=ABCDEFGH",
        "/nothing/at/all/",
    ),
    "load2": (
        "/hall/applications/start/000000000000/",
        "/hall/applications/drafts/999999999/",
        "/hall/applications/drafts/999999999/pages/contact/",
        "/hall/applications/drafts/99999999999999999999999/check/",
        "/hall/applications/mine/NOPE/",
        "/hall/applications/mine/NOPE/receipt/",
        "/hall/applications/mine/NOPE/corrections/1/",
        "/hall/licences/999999999/",
        "/hall/licences/99999999999999999999999/pdf",
        "/hall/messages/999999999/",
        "/engines/forms/attachments/999999999/",
        "/engines/workflow/instances/999999999/diagram.json",
        "/resources/registries/me/objections/NOPE/",
    ),
    "clerk": (
        "/hall/applications/items/999999999/",
        "/hall/applications/items/99999999999999999999999/",
        "/hall/applications/NOPE/",
    ),
}


@pytest.mark.parametrize("who", UNKNOWN)
def test_what_does_not_exist_is_answered_with_a_sentence(live_city, walk, who):
    browser = Browser(live_city.base) if who == "visitor" else walk.browser(who)

    bare = []
    for address in UNKNOWN[who]:
        page = browser.open(address, expect=404)
        # In our own shell, and what to do now.
        if not (page.has("苏州市") and any(page.has(word) for word in ("请", "核对", "返回"))):
            bare.append((address, page.text))

    assert bare == []


def test_the_api_answers_what_does_not_exist_as_problem_json(live_city):
    browser = Browser(live_city.base)

    for address in ("/api/v1/hall/matters/000000000000/", "/api/nothing/", "/api/v1/%00/"):
        page = browser.open(address, expect=404)

        assert page.content_type == "application/problem+json"
        problem = json.loads(page.body)
        assert problem["status"] == 404
        assert problem["detail"]


HOSTILE = (
    "%00",
    "%ED%A0%80",
    "%FF%FE",
    "%F0%A0%AE%B7" * 30,
    "a" * 3000,
    "%27%22%3C%3E",
    "-1",
    "9" * 30,
)
QUERIES = {
    "visitor": (
        "/hall/matters/?q={0}&theme={0}&department={0}&page={0}",
        "/hall/matters/search/?q={0}&page={0}",
        "/hall/matters/{0}/",
        "/hall/matters/{0}/diagram.bpmn",
        "/hall/licences/verify/?code={0}",
        "/hall/licences/verify/{0}/",
        "/hall/applications/track/?number={0}&code={0}",
        "/api/v1/hall/matters/?q={0}&page={0}&limit={0}",
        "/api/v1/hall/matters/{0}/",
        "/identity/accounts/sign-in/?next={0}",
        "/identity/organisations/?q={0}&area={0}&page={0}",
        "/resources/geospatial/areas.geojson?level={0}&parent={0}",
        "/?q={0}",
        "/ui/?page={0}&sort={0}&q={0}",
    ),
    "load2": (
        "/hall/applications/mine/?q={0}&state={0}&page={0}&sort={0}&order={0}",
        "/hall/applications/mine/{0}/",
        "/hall/applications/mine/{0}/receipt/",
        "/hall/applications/start/{0}/",
        "/hall/messages/?page={0}&q={0}&kind={0}",
        "/hall/licences/?page={0}&state={0}",
        "/resources/registries/me/?field={0}",
        "/resources/registries/me/objections/{0}/",
        "/resources/registries/photo/{0}/",
        "/resources/registries/access-log/?page={0}&q={0}",
    ),
    "clerk": (
        "/portal/spaces/desk/?show={0}&q={0}&page={0}&after={0}&light={0}&order={0}",
        "/portal/spaces/desk/done/?q={0}&page={0}&after={0}",
        "/hall/applications/{0}/",
        "/hall/licences/issued/?q={0}&page={0}&state={0}",
    ),
}


@pytest.mark.parametrize("who", QUERIES)
def test_no_address_whatever_stands_in_it_is_a_defect(live_city, walk, who):
    browser = Browser(live_city.base) if who == "visitor" else walk.browser(who)
    defects = []

    for pattern in QUERIES[who]:
        for value in HOSTILE:
            page = browser.open(pattern.format(value), expect=None)
            if page.status >= 500 or (page.status >= 400 and not page.body.strip()):
                defects.append((page.status, pattern, value[:20], page.text[:80]))

    assert defects == []


def test_a_text_of_9000_characters_is_answered_with_the_limit_and_stays_in_the_form(walk):
    elder = walk.browser("load3")
    page = contact_page(elder)
    form = page.form(having="_fields")

    answer = elder.submit(
        page, form, {**ANSWERS, "address": LONG}, button=("go", "next"), expect=422
    )

    assert answer.form(having="_fields").value("address") == LONG
    assert answer.has("120")
    assert contact_page(elder).form(having="_fields").value("address") == LONG


def test_rare_characters_come_back_as_typed_and_control_characters_do_not(walk):
    elder = walk.browser("load4")
    page = contact_page(elder)

    for typed, kept in ((RARE, RARE), (CONTROLS, "甲乙丙丁戊己")):
        page = elder.submit(
            page, page.form(having="_fields"), {"address": typed}, button=("go", "save")
        )
        page = contact_page(elder)
        assert page.form(having="_fields").value("address") == kept


def test_control_characters_in_an_officers_words_are_no_defect(live_city, walk):
    number = submitted(walk, "load4")
    clerk = walk.browser("clerk")
    page = clerk.open(item_of(live_city, number))
    words = {"opinion": CONTROLS + RARE + LONG, "reason": CONTROLS, "legal_basis": CONTROLS}

    clerk.submit(page, page.form(action="/conclude/"), words, button=("outcome", "REFUSE"))

    seen = walk.browser("load4").open(f"/hall/applications/mine/{number}/")
    assert seen.has("甲乙")
    assert "\x00" not in seen.body


def test_bytes_that_are_no_text_are_taken_without_them(live_city, walk):
    elder = walk.browser("load4")
    page = contact_page(elder)
    form = page.form(having="_fields")
    body = urllib.parse.urlencode(
        [(key, value) for key, value in form.values if key != "address"] + [("go", "save")]
    )
    # A lone surrogate and half a character, as broken programs send them.
    body += "&address=" + urllib.parse.quote("平江路") + "%ED%A0%80%FF" + "18"
    request = urllib.request.Request(
        urllib.parse.urljoin(page.url, form.action), body.encode(), {"Referer": page.url}
    )

    answer = copy_of(elder)._send(request, None)

    assert answer.status == 200
    kept = contact_page(elder).form(having="_fields").value("address")
    assert kept.replace("\ufffd", "") == "平江路18"


def test_a_wrong_query_code_shows_nothing_of_the_application(live_city, walk):
    number = submitted(walk, "load2")
    sql = f"SELECT query_code FROM hall_applications_application WHERE number = '{number}'"
    code = live_city.query(sql)[0][0]
    visitor = Browser(live_city.base)
    track = f"/hall/applications/track/?number={number}&code="

    wrong = visitor.open(track + "AAAAAAAA", expect=404)

    assert wrong.has("查询码")
    assert not wrong.has("老年人优待证")
    assert visitor.open(track + code).has("老年人优待证")


def _zip() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("证明.txt", "x")
    return content.getvalue()


WRONG_FILES = {
    "a program under the name of a PDF": ("营业执照.pdf", b"MZ\x90\x00" + bytes(400), "PDF"),
    "an empty file": ("空.pdf", b"", "空"),
    "a page under the name of a PDF": ("证明.pdf", b"<!DOCTYPE html><html><p>x</html>", "PDF"),
    "an archive": ("证明.zip", _zip(), "PDF"),
    "a double extension": ("证明.exe.pdf", PDF, "PDF"),
    "a picture under the name of a PDF": ("证明.pdf", b"\x89PNG\r\n\x1a\n" + bytes(90), "PNG"),
    "too much": ("证明.pdf", PDF + bytes(10 * 1024 * 1024), "10 MB"),
}


@pytest.mark.parametrize("what", WRONG_FILES)
def test_a_wrong_file_is_refused_with_what_is_accepted(documents, what):
    agent, page = documents
    name, content, words = WRONG_FILES[what]
    form = page.form(action="/materials/")

    answer = agent.submit(
        page,
        form,
        button=("go", "next"),
        files={"sign_picture": (name, "application/pdf", content)},
        expect=422,
    )

    assert answer.has(words), answer.text
    assert answer.has("PDF")
    assert answer.has("10 MB")
    assert "sign_picture" in answer.form(action="/materials/").files


def test_files_beyond_every_limit_are_answered_with_a_page(documents):
    agent, page = documents
    form = page.form(action="/materials/")
    many = {f"file{n}": (f"{n}.pdf", "application/pdf", PDF) for n in range(150)}

    answer = agent.submit(page, form, button=("go", "stay"), files=many, expect=None)

    assert answer.status == 413
    assert answer.has("100 个文件"), answer.text
    again = agent.open(page.url)
    assert again.form(action="/materials/").files
