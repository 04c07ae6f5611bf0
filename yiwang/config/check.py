"""The main journeys walked over HTTP (`./start --check`): as each role, without scripts.

Each step is printed when it held; the first that does not hold ends the walk with its reason.
"""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pyotp

from yiwang.config.browsing import Browser, Page, PageProblem

Echo = Callable[[str], None]
PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj
xref
0 4
0000000000 65535 f
trailer<</Size 4/Root 1 0 R>>
startxref
160
%%EOF
"""
CARD = "老年人优待证"
STEP_SECONDS = 30
RESTAURANT = {
    "contact_name": "王经办",
    "contact_phone": "13900001234",
    "shop_name": "苏州云龙餐饮姑苏店",
    "area_code": "320508",
    "premises_address": "苏州市姑苏区平江路演示 18 号",
    "premises_area": "120",
    "premises_floor": "1 层",
    "premises_right": "OWNED",
    "seats": "40",
    "opening_date": "2036-12-28",
    "shop_manager": "王建国",
    "shop_manager_id": "320508198501011234",
    "food_items": "HOT",
    "safety_manager": "李安",
    "safety_manager_phone": "13900001235",
    "sign_text": "云龙小馆",
    "sign_width": "3.2",
    "sign_height": "0.8",
    "sign_bottom": "2.8",
    "sign_material": "铝塑板",
    "exits": "2",
    "extinguishers": "4",
    "fire_manager": "李安",
    "fire_commitment": "INSPECTION",
    "agree": "true",
}


@dataclass
class Walk:
    """The accounts of the city, the address, and what was printed so far."""

    base: str
    accounts: dict[str, dict]
    echo: Echo
    steps: int = 0
    browsers: dict[str, Browser] = field(default_factory=dict)

    def step(self, text: str) -> None:
        """Print a step that held."""
        self.steps += 1
        self.echo(f"  ok  {text}")

    def need(self, condition: object, text: str, page: Page) -> None:
        """Print the step if its condition holds, else end the walk."""
        if not condition:
            raise PageProblem(f"{text}: not so on {page.url}: {page.text[:600]}")
        self.step(text)

    def officer(self, function: str, role: str) -> str:
        """Return the user name of an officer by trade and role."""
        for name, row in self.accounts.items():
            if row["function"] == function and row["role_code"] == role:
                return name
        raise PageProblem(f"the city has no {role} of {function}")

    def browser(self, username: str) -> Browser:
        """Return a person's browser, signed in; officers give their second factor."""
        if username in self.browsers:
            return self.browsers[username]
        account = self.accounts[username]
        browser = Browser(self.base)
        page = browser.open("/identity/accounts/sign-in/")
        form = page.form(having="password")
        given = {"username": username, "password": account["password"]}
        page = browser.submit(page, form, given)
        if account["totp_secret"]:
            page = _second_factor(browser, page, account["totp_secret"])
        space = browser.open("/portal/spaces/")
        if "sign-in" in space.url:
            raise PageProblem(f"{username} could not sign in: {page.text[:300]}")
        self.browsers[username] = browser
        self.step(f"{account['role']['en']} signs in")
        return browser


def _second_factor(browser: Browser, page: Page, secret: str) -> Page:
    """Give the one-time code; if this one was used already, wait for the next."""
    try:
        return browser.submit(page, page.form(having="code"), {"code": pyotp.TOTP(secret).now()})
    except PageProblem:
        time.sleep(STEP_SECONDS - time.time() % STEP_SECONDS + 0.5)
        return browser.submit(page, page.form(having="code"), {"code": pyotp.TOTP(secret).now()})


def journeys_walk(base: str, *, data_dir: Path, echo: Echo) -> int:
    """Walk the three journeys and return 0 if all their steps held, else 1."""
    rows = json.loads((data_dir / "demo-accounts.json").read_text())
    walk = Walk(base, {row["username"]: row for row in rows}, echo)
    try:
        for title, journey in JOURNEYS.items():
            echo(f"\n{title}")
            journey(walk)
    except PageProblem as problem:
        echo(f"  NO  {problem}\n\nThe check failed after {walk.steps} steps.")
        return 1
    echo(f"\nAll {walk.steps} steps held.")
    return 0


def fill_draft(browser: Browser, page: Page, values: dict[str, str]) -> Page:
    """Go through the pages of a draft, typing what is asked, until the documents."""
    for _number in range(12):
        if "/pages/" not in page.url:
            return page
        form = page.form(having="_fields")
        if "_add" in {b.name for b in form.buttons} and "staff.0._row" not in form.names:
            add = next(b for b in form.buttons if b.name == "_add")
            page = browser.submit(page, form, _asked(form, values), button=("_add", add.value))
            form = page.form(having="_fields")
        before = page.url
        page = browser.submit(page, form, _asked(form, values), button=("go", "next"))
        if page.url == before:
            raise PageProblem(f"{page.url} goes on with errors: {page.text[:800]}")
    raise PageProblem(f"the form has no end: {page.url}")


def _asked(form, values: dict[str, str]) -> dict[str, str]:
    row = {"staff.0.staff_name": "陈大厨", "staff.0.health_number": "健320508-2026-0001"}
    return {key: value for key, value in {**values, **row}.items() if key in form.names}


def submit_draft(walk: Walk, browser: Browser, page: Page) -> str:
    """Upload what is missing, check, submit; return the application's number."""
    form = page.form(action="/materials/")
    files = {name: (f"{name}.pdf", "application/pdf", PDF) for name in form.files}
    page = browser.submit(page, form, button=("go", "next"), files=files or None)
    form = page.form(action="/submit/")
    page = browser.submit(page, form)
    walk.need("/receipt/" in page.url, "gets a receipt with number and digest", page)
    return re.search(r"/mine/([^/]+)/receipt/", page.url).group(1)


def work_item(browser: Browser, number: str) -> Page:
    """Open the work item of an application from the desk."""
    desk = browser.open("/portal/spaces/desk/?show=all")
    for href, _text in desk.links:
        if re.search(r"/hall/applications/items/\d+/", href):
            page = browser.open(href)
            if number in page.text:
                return page
    raise PageProblem(f"{number} is not on the desk: {desk.text[:600]}")


def conclude(browser: Browser, number: str, outcome: str, **words: str) -> Page:
    """Press the button of a conclusion on an application's work item."""
    page = work_item(browser, number)
    form = page.form(action="/conclude/")
    return browser.submit(page, form, words, button=("outcome", outcome))


def apply_for_card(walk: Walk, browser: Browser) -> str:
    """Apply for the senior citizen card with what the registry knows."""
    guide = browser.open(
        browser.open(
            "/hall/matters/search/?q=老年证".replace("老年证", "%E8%80%81%E5%B9%B4%E8%AF%81")
        ).link(CARD)
    )
    page = browser.open(guide.link("在线办理"))
    values = {"delivery": "ELECTRONIC", "agree": "true"}
    return submit_draft(walk, browser, fill_draft(browser, page, values))


def journey_on_the_spot(walk: Walk) -> None:
    """One department, on the spot: the senior citizen card."""
    visitor = Browser(walk.base)
    for words, query in (
        ("老年证 (a synonym)", "%E8%80%81%E5%B9%B4%E8%AF%81"),
        ("優待 (traditional characters)", "%E5%84%AA%E5%BE%85"),
        ("lnz (initials of pinyin)", "lnz"),
    ):
        page = visitor.open(f"/hall/matters/search/?q={query}")
        walk.need(page.has(CARD), f"{CARD} is found by typing {words}", page)
    guide = visitor.open(page.link(CARD))
    walk.need(
        guide.has("在线办理") and guide.has("法定"), "the guide says how, how long, what for", guide
    )
    elder = walk.browser("elder")
    page = elder.open(guide.link("在线办理"))
    walk.need(
        page.has("人口库") and page.has("有误"),
        "the form is filled from the registry, with source and *this is wrong*",
        page,
    )
    page = fill_draft(elder, page, {"delivery": "ELECTRONIC", "agree": "true"})
    number = submit_draft(walk, elder, page)
    officer = walk.browser(walk.officer("civil_affairs", "WINDOW_CLERK"))
    done = conclude(officer, number, "APPROVE", opinion="材料齐全，准予发证")
    walk.need(number in done.text, "the clerk approves", done)
    page = elder.open(f"/hall/applications/mine/{number}/")
    walk.need(page.has("准予"), "the applicant sees the decision", page)
    licence = elder.open(next(h for h, _t in page.links if re.fullmatch(r"/hall/licences/\d+/", h)))
    pdf = elder.open(next(h for h, _t in page.links if h.endswith("/pdf")))
    walk.need(
        pdf.content.startswith(b"%PDF"), f"the licence is a PDF of {len(pdf.content):,} bytes", pdf
    )
    link = next(h for h, _t in licence.links if "/hall/licences/verify/" in h and h.count("/") > 4)
    page = visitor.open(link)
    walk.need(page.has(CARD) and page.has("有效"), "anyone verifies it by its code", page)


def journey_four_departments(walk: Walk) -> None:
    """Several departments at once: opening a restaurant."""
    agent = walk.browser("agent")
    found = agent.open("/hall/matters/search/?q=%E5%BC%80%E9%A4%90%E9%A6%86")
    page = agent.open(agent.open(found.link("开餐馆")).link("在线办理"))
    page = fill_draft(agent, page, RESTAURANT)
    number = submit_draft(walk, agent, page)
    conclude(
        walk.browser(walk.officer("administrative_approval", "WINDOW_CLERK")), number, "ACCEPT"
    )
    page = agent.open(f"/hall/applications/mine/{number}/")
    walk.need(
        page.has("法定期限") and page.has("45"),
        "accepted: one legal clock of 45 working days runs",
        page,
    )
    approvers = ("administrative_approval", "urban_management", "fire_rescue")
    for function in approvers[:2]:
        conclude(walk.browser(walk.officer(function, "APPROVER")), number, "AGREE", opinion="同意")
        walk.step(f"{function} agrees")
    food = walk.browser(walk.officer("market_supervision", "APPROVER"))
    item = work_item(food, number)
    form = item.form(action="/conclude/")
    food.submit(
        item,
        form,
        {
            "correct": "field:safety_manager_phone",
            "what:field:safety_manager_phone": "电话无法接通，请更正",
        },
        button=("outcome", "CORRECT"),
    )
    page = agent.open(f"/hall/applications/mine/{number}/")
    walk.need(
        page.has("电话无法接通") and page.has("暂停"),
        "the food authority asks for a correction; its clock is paused",
        page,
    )
    conclude(walk.browser(walk.officer("fire_rescue", "APPROVER")), number, "AGREE", opinion="同意")
    walk.step("fire_rescue agrees in the meantime")
    answer = agent.open(next(h for h, _t in page.links if "/corrections/" in h))
    agent.submit(
        answer, answer.form(action="/corrections/"), {"safety_manager_phone": "13900005678"}
    )
    page = agent.open(f"/hall/applications/mine/{number}/")
    walk.need(page.has("继续计时"), "the agent answers; the clock goes on", page)
    walk.need(
        not re.search(r"/hall/licences/\d+/pdf", page.body),
        "nothing is issued before all agree",
        page,
    )
    conclude(food, number, "AGREE", opinion="同意")
    page = agent.open(f"/hall/applications/mine/{number}/")
    issued = {h for h, _t in page.links if re.fullmatch(r"/hall/licences/\d+/", h)}
    walk.need(len(issued) == 4, "all agree: the four licences come out together", page)


def journey_refusal(walk: Walk) -> None:
    """Refusal: reason, legal basis and remedy; nothing is issued."""
    elder = walk.browser("elder")
    number = apply_for_card(walk, elder)
    officer = walk.browser(walk.officer("civil_affairs", "WINDOW_CLERK"))
    page = work_item(officer, number)
    form = page.form(action="/conclude/")
    page = officer.submit(page, form, {"opinion": ""}, button=("outcome", "REFUSE"), expect=422)
    walk.need(page.has("理由"), "a refusal without reason is not taken", page)
    conclude(
        officer,
        number,
        "REFUSE",
        reason="申请人已持有有效的老年人优待证",
        legal_basis="《江苏省老年人权益保障条例》",
    )
    page = elder.open(f"/hall/applications/mine/{number}/")
    for words in ("申请人已持有有效的老年人优待证", "《江苏省老年人权益保障条例》", "行政复议"):
        walk.need(page.has(words), f"the applicant reads: {words}", page)
    walk.need(not re.search(r"/hall/licences/\d+/pdf", page.body), "nothing is issued", page)


JOURNEYS = {
    "1  One department, on the spot (老年人优待证)": journey_on_the_spot,
    "2  Several departments at once (开餐馆“一件事”)": journey_four_departments,
    "3  Refusal (不予办理)": journey_refusal,
}
