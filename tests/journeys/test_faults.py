"""Faults that must be answered (须答复的差错): nothing typed is lost, the person is told what to do."""

import io
import json
import threading
import urllib.parse
import urllib.request
import zipfile
from collections import Counter

import pytest

from tests.journeys.conftest import LiveCity
from yiwang.config.browsing import Browser, Form, Page
from yiwang.config.check import PDF, RESTAURANT, Walk, fill_draft, submit_draft

pytestmark = [pytest.mark.xdist_group("live"), pytest.mark.heavy]

CARD = "/hall/applications/start/322014001000/"
ANSWERS = {"delivery": "ELECTRONIC", "agree": "true", "address": "苏州市姑苏区平江路十八号"}
AT_ONCE = 32
LONG = "长" * 4500 + "x" * 4500
# What may be pasted: rare characters outside the basic plane, emoji, marks of direction, spaces.
RARE = "𠮷䶮㙓 👵🏽 é \u202eabc\u202c\u200f\u3000①<b>&amp;\"'"
CONTROLS = "甲\x00乙\x07丙\u2028丁\x1b戊\ufeff己"


@pytest.fixture(scope="module")
def walk(live_city) -> Walk:
    """The people of the city, each signed in once."""
    return Walk(live_city.base, live_city.accounts, lambda _text: None)


def contact_page(browser: Browser) -> Page:
    """Open the card's form at its page of free texts, with a draft of its own."""
    page = browser.open(CARD)
    if "/pages/contact/" not in page.url:
        page = browser.submit(page, page.form(having="_fields"), button=("go", "next"))
    assert "/pages/contact/" in page.url
    return page


def check_page(browser: Browser) -> Page:
    """Fill in a card's form up to the button that submits it."""
    page = fill_draft(browser, browser.open(CARD), ANSWERS)
    return browser.submit(page, page.form(action="/materials/"), button=("go", "next"))


def copy_of(browser: Browser) -> Browser:
    """A second tab: the same cookies."""
    tab = Browser(browser.base)
    for cookie in browser.cookies:
        tab.cookies.set_cookie(cookie)
    return tab


def at_once(browser: Browser, page: Page, form: Form, **given) -> list[Page]:
    """Press the same button in 32 tabs at the same moment."""
    answers: list[Page] = []
    gate = threading.Barrier(AT_ONCE)

    def press() -> None:
        tab = copy_of(browser)
        gate.wait()
        answers.append(tab.submit(page, form, expect=None, **given))

    threads = [threading.Thread(target=press) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == AT_ONCE
    return answers


def submitted(walk: Walk, username: str) -> str:
    """Submit a card's application; return its number."""
    browser = walk.browser(username)
    return submit_draft(walk, browser, fill_draft(browser, browser.open(CARD), ANSWERS))


def item_of(city: LiveCity, number: str) -> str:
    """Return the address of an application's work item."""
    sql = f"SELECT id FROM engines_workflow_workitem WHERE number = '{number}' ORDER BY id DESC"
    return f"/hall/applications/work/{city.query(sql)[0][0]}/"


def test_a_form_submitted_32_times_at_once_makes_one_application(live_city, walk):
    elder = walk.browser("load0")
    page = check_page(elder)
    before = live_city.query("SELECT count(*) FROM hall_applications_application")[0][0]

    answers = at_once(elder, page, page.form(action="/submit/"))

    assert {answer.status for answer in answers} == {200}
    assert len({answer.url for answer in answers}) == 1
    assert "/receipt/" in answers[0].url
    after = live_city.query("SELECT count(*) FROM hall_applications_application")[0][0]
    assert after - before == 1


def test_an_approval_given_32_times_at_once_makes_one_decision_and_one_licence(live_city, walk):
    number = submitted(walk, "load1")
    clerk = walk.browser("clerk")
    page = clerk.open(item_of(live_city, number))

    answers = at_once(
        clerk,
        page,
        page.form(action="/conclude/"),
        values={"opinion": "材料齐全，准予发证"},
        button=("outcome", "APPROVE"),
    )

    statuses = Counter(answer.status for answer in answers)
    assert statuses[200] == 1
    assert statuses[409] == AT_ONCE - 1, statuses
    late = next(answer for answer in answers if answer.status == 409)
    assert late.has("不能再更改"), late.text
    for table, column in (
        ("hall_applications_decision", "application_id"),
        ("hall_applications_applicationopinion", "application_id"),
    ):
        sql = (
            f"SELECT count(*) FROM {table} t JOIN hall_applications_application a "
            f"ON a.id = t.{column} WHERE a.number = '{number}'"
        )
        assert live_city.query(sql) == [(1,)]
    licences = f"SELECT count(*) FROM hall_licences_licence WHERE source = 'application:{number}'"
    assert live_city.query(licences) == [(1,)]


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
        "/hall/applications/work/999999999/",
        "/hall/applications/work/99999999999999999999999/",
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


@pytest.fixture(scope="module")
def documents(walk) -> tuple[Browser, Page]:
    """A draft of a restaurant at its documents, everything before filled in."""
    agent = walk.browser("agent")
    return agent, fill_draft(
        agent, agent.open("/hall/applications/start/" + _code(agent) + "/"), RESTAURANT
    )


def _code(browser: Browser) -> str:
    found = browser.open("/hall/matters/search/?q=%E5%BC%80%E9%A4%90%E9%A6%86")
    return found.link("开餐馆").strip("/").split("/")[-1]


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


def test_what_was_typed_when_the_session_had_ended_is_there_after_signing_in(live_city, walk):
    elder = copy_of(walk.browser("load5"))
    page = contact_page(elder)
    form = page.form(having="_fields")
    _sessions_end(live_city, "load5")

    asked = elder.submit(page, form, {**ANSWERS, "address": RARE}, button=("go", "save"))

    assert "/sign-in/" in asked.url
    assert asked.has("已为您暂存 30 分钟"), asked.text
    back = _sign_in(live_city, elder, asked, "load5")
    assert "/pages/contact/" in back.url
    assert back.form(having="_fields").value("address") == RARE
    assert back.has("已恢复")


def test_what_was_typed_is_not_shown_to_another_person_at_that_browser(live_city, walk):
    elder = Browser(live_city.base)
    _sign_in(live_city, elder, elder.open("/identity/accounts/sign-in/"), "load6")
    page = contact_page(elder)
    secret = "只有本人知道的地址一二三"
    _sessions_end(live_city, "load6")
    asked = elder.submit(
        page, page.form(having="_fields"), {"address": secret}, button=("go", "save")
    )

    back = _sign_in(live_city, elder, asked, "citizen", expect=None)

    assert back.status in (403, 404)
    assert secret not in back.body
    assert secret not in elder.open("/hall/applications/mine/").body


def _sessions_end(city: LiveCity, username: str) -> None:
    city.execute(
        "DELETE FROM identity_accounts_accountsession WHERE account_id = "
        f"(SELECT id FROM identity_accounts_account WHERE username = '{username}')"
    )


def _sign_in(
    city: LiveCity, browser: Browser, page: Page, username: str, *, expect: int | None = 200
) -> Page:
    form = page.form(having="password")
    given = {"username": username, "password": city.accounts[username]["password"]}
    return browser.submit(page, form, given, expect=expect)


def test_two_devices_typing_into_one_field_are_both_kept(walk):
    first = walk.browser("load7")
    second = copy_of(first)
    stale = contact_page(first)
    current = contact_page(second)
    second.submit(
        current,
        current.form(having="_fields"),
        {"address": "人民路一百号甲室", "phone": "13900000001"},
        button=("go", "save"),
    )

    first.submit(
        stale, stale.form(having="_fields"), {"address": "观前街二百号乙室"}, button=("go", "save")
    )

    page = contact_page(first)
    form = page.form(having="_fields")
    shown = {form.value("address")}
    assert page.has("人民路一百号甲室") or form.value("address") == "人民路一百号甲室"
    assert page.has("观前街二百号乙室") or form.value("address") == "观前街二百号乙室"
    assert form.value("phone") == "13900000001"  # only one device changed it: nothing to ask
    taken = first.submit(page, form, button=("_take", "address"), expect=None)
    now = taken.form(having="_fields").value("address")
    assert {now} | shown == {"人民路一百号甲室", "观前街二百号乙室"}


def test_a_form_without_its_token_is_answered_with_what_to_do(live_city, walk):
    elder = walk.browser("load2")
    page = elder.open("/portal/spaces/")
    form = next(form for form in page.forms if form.method == "post")
    form.values = [pair for pair in form.values if pair[0] != "csrfmiddlewaretoken"]

    answer = elder.submit(page, form, expect=403)

    assert answer.has("刷新"), answer.text
    assert answer.has("苏州市")


def test_a_page_that_only_takes_forms_says_so_in_our_shell(live_city, walk):
    elder = walk.browser("load2")

    for address in (
        "/identity/accounts/sign-out/",
        "/language/",
        "/hall/applications/drafts/1/submit/",
    ):
        page = elder.open(address, expect=405)

        assert page.has("苏州市"), page.body
        assert page.has("返回"), page.text


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "https:evil.example",
        "javascript:alert(1)",
        "http://127.0.0.1:1/",
        "%09//evil.example",
    ],
)
def test_signing_in_never_leads_to_another_house(live_city, target):
    browser = Browser(live_city.base)
    page = browser.open("/identity/accounts/sign-in/?" + urllib.parse.urlencode({"next": target}))

    after = _sign_in(live_city, browser, page, "load2", expect=None)

    assert after.url.startswith(live_city.base)
    form = next(form for form in after.forms if "language" in form.action)
    back = browser.submit(after, form, {"next": target}, expect=None)
    assert back.url.startswith(live_city.base)


def test_what_belongs_to_somebody_else_does_not_exist(live_city, walk, documents):
    number = submitted(walk, "load3")
    clerk = walk.browser("clerk")
    item = item_of(live_city, number)
    page = clerk.open(item)
    clerk.submit(
        page, page.form(action="/conclude/"), {"opinion": "准予"}, button=("outcome", "APPROVE")
    )
    licence = live_city.query(
        f"SELECT id FROM hall_licences_licence WHERE source = 'application:{number}'"
    )[0][0]
    instance = live_city.query(
        f"SELECT id FROM engines_workflow_processinstance WHERE business_key = 'application:{number}'"
    )[0][0]
    agent, papers = documents
    agent.submit(
        papers,
        papers.form(action="/materials/"),
        button=("go", "stay"),
        files={"layout": ("图.pdf", "application/pdf", PDF)},
    )
    attachment = live_city.query("SELECT max(id) FROM engines_forms_attachment")[0][0]
    draft = live_city.query("SELECT max(id) FROM engines_forms_draft")[0][0]
    citizen = walk.browser("citizen")

    for address in (
        f"/hall/applications/mine/{number}/",
        f"/hall/applications/mine/{number}/receipt/",
        f"/hall/applications/mine/{number}/corrections/1/",
        f"/hall/licences/{licence}/",
        f"/hall/licences/{licence}/pdf",
        f"/hall/licences/{licence}/image",
        f"/engines/workflow/instances/{instance}/diagram.json",
        f"/engines/forms/attachments/{attachment}/",
        f"/hall/applications/drafts/{draft}/",
        f"/hall/applications/drafts/{draft}/check/",
        f"/hall/applications/drafts/{draft}/materials/",
    ):
        page = citizen.open(address, expect=None)
        assert page.status == 404, (address, page.status)
        assert live_city.accounts["load3"]["name"] not in page.text
    agent.open(f"/engines/forms/attachments/{attachment}/")  # its owner gets it


def test_an_officer_of_another_department_is_refused(live_city, walk):
    number = submitted(walk, "load0")
    item = item_of(live_city, number)
    officer = walk.browser("market_clerk")
    own = walk.browser("clerk").open(item)

    for address in (item, f"/hall/applications/{number}/"):
        page = officer.open(address, expect=None)
        assert page.status in (403, 404), (address, page.status)
        assert live_city.accounts["load0"]["name"] not in page.text
    form = own.form(action="/conclude/")
    token = officer.open("/portal/spaces/desk/").forms[0].value("csrfmiddlewaretoken")
    form.values = [pair for pair in form.values if pair[0] != "csrfmiddlewaretoken"]
    form.values.append(("csrfmiddlewaretoken", token))
    answer = officer.submit(own, form, {"opinion": "x"}, button=("outcome", "APPROVE"), expect=None)
    assert answer.status in (403, 404), answer.text
    state = f"SELECT state FROM hall_applications_application WHERE number = '{number}'"
    assert live_city.query(state) == [("SUBMITTED",)]
