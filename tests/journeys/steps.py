"""Steps that tests of live cities share (办事步骤): the senior card applied for, decided, looked at."""

from tests.journeys.conftest import LiveCity
from yiwang.config.browsing import Browser, Page
from yiwang.config.check import Walk, fill_draft, submit_draft

CARD = "/hall/applications/start/322014001000/"
ANSWERS = {"delivery": "ELECTRONIC", "agree": "true", "address": "苏州市姑苏区平江路十八号"}
LONG = "长" * 4500 + "x" * 4500
# What may be pasted: rare characters outside the basic plane, emoji, marks of direction, spaces.
RARE = "𠮷䶮㙓 👵🏽 é \u202eabc\u202c\u200f\u3000①<b>&amp;\"'"
CONTROLS = "甲\x00乙\x07丙\u2028丁\x1b戊\ufeff己"


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


def submitted(walk: Walk, username: str) -> str:
    """Submit a card's application; return its number."""
    browser = walk.browser(username)
    return submit_draft(walk, browser, fill_draft(browser, browser.open(CARD), ANSWERS))


def item_of(city: LiveCity, number: str) -> str:
    """Return the address of an application's work item."""
    sql = f"SELECT id FROM engines_workflow_workitem WHERE number = '{number}' ORDER BY id DESC"
    return f"/hall/applications/items/{city.query(sql)[0][0]}/"
