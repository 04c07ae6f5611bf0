"""What a person with a screen reader or without a mouse meets on the pages of the journeys (无障碍)."""

import pytest

playwright = pytest.importorskip("playwright.sync_api")

from tests.journeys.visitor import (  # noqa: E402 - they need Playwright
    GUIDE,
    Town,
    Visitor,
    draw_islands,
    fill_draft,
    submit_draft,
)
from yiwang.config.assets import developer_file  # noqa: E402
from yiwang.config.check import CARD  # noqa: E402

expect = playwright.expect

pytestmark = [
    pytest.mark.browser,
]
PUBLIC = (
    "/",
    "/hall/matters/search/?q=老年证",
    GUIDE,
    "/hall/matters/",
    "/identity/accounts/sign-in/",
    "/hall/applications/track/",
    "/hall/licences/verify/",
    "/resources/geospatial/",
    "/identity/organisations/",
)


def serious(visitor: Visitor) -> list[str]:
    """Let axe look at the page as it stands; return what is serious or critical."""
    draw_islands(visitor)
    page = visitor.page
    page.evaluate(developer_file("axe-core", "axe.min.js").read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{page.url} {one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("large_print", [False, True], ids=["normal", "large print"])
def test_axe_finds_nothing_serious_on_public_pages(town: Town, large_print):
    visitor = town.visitor()
    visitor.open("/")
    if large_print:
        visitor.press("长者版")
    found = []
    for address in PUBLIC:
        visitor.open(address)
        found += serious(visitor)
    visitor.close()
    assert found == []


def test_axe_finds_nothing_serious_on_the_way_of_an_application(town: Town):
    elder = town.person("load2")
    page = elder.page
    found = []
    for address in ("/portal/spaces/citizen/", "/resources/registries/me/"):
        elder.open(address)
        found += serious(elder)
    elder.open(GUIDE)
    elder.press("在线办理", role="link")
    found += serious(elder)
    elder.press("保存并继续")
    elder.press("保存并继续")
    expect(page.locator(".error-summary")).to_be_focused()
    found += serious(elder)
    fill_draft(elder, {"delivery": "ELECTRONIC", "agree": "1"})
    found += serious(elder)
    elder.press("保存并继续")
    found += serious(elder)
    page.go_back()
    number = submit_draft(elder)
    found += serious(elder)

    clerk = town.officer("civil_affairs", "WINDOW_CLERK")
    clerk.open("/portal/spaces/desk/?show=all")
    found += serious(clerk)
    row = clerk.page.locator("tbody tr").filter(has_text=number)
    link = row.locator("[data-desk-open]")
    address = link.get_attribute("href")
    link.click()
    expect(clerk.page.locator("#item-panel")).to_contain_text(number)
    found += serious(clerk)
    clerk.open(address)
    found += serious(clerk)
    clerk.page.locator("#correction > summary").click()
    found += serious(clerk)
    with clerk.leaving():
        clerk.page.locator("button[name=outcome][value=APPROVE]").click()
    clerk.open(f"/hall/applications/{number}/")
    found += serious(clerk)

    elder.open(f"/hall/applications/mine/{number}/")
    page.get_by_text("展开全部填报内容和材料").click()
    found += serious(elder)
    with elder.leaving():
        page.locator("main").get_by_role("link", name=CARD).first.click()
    found += serious(elder)
    elder.open(page.locator('a[href*="/hall/licences/verify/"]').last.get_attribute("href"))
    found += serious(elder)
    for address in ("/hall/applications/mine/", "/hall/licences/", "/hall/messages/"):
        elder.open(address)
        found += serious(elder)
    assert found == []


def test_the_keyboard_reaches_the_content_and_the_search(town: Town):
    visitor = town.visitor()
    page = visitor.open("/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip-link")).to_be_focused()
    expect(page.locator(".skip-link")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    visitor.open("/")
    search = page.locator("#search")
    for _number in range(30):
        page.keyboard.press("Tab")
        if search.evaluate("(one) => one === document.activeElement"):
            break
    expect(search).to_be_focused()
    page.keyboard.type("老年证", delay=20)
    expect(page.locator("#search-results a[role=option]").first).to_be_visible(timeout=30_000)
    page.keyboard.press("ArrowDown")
    with visitor.leaving():
        page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text(CARD)
    visitor.close()


def test_a_form_is_filled_and_sent_by_keyboard_alone(town: Town):
    elder = town.visitor().sign_in(town.city.accounts["load3"])
    page = elder.open("/hall/applications/start/322014001000/")
    tab_to(page, "保存并继续")
    with elder.leaving():
        page.keyboard.press("Enter")
    page.locator("#f-delivery-1").focus()
    page.keyboard.press("Space")
    expect(page.locator("#f-delivery-1")).to_be_checked()
    page.wait_for_load_state("networkidle")
    page.locator("#f-agree").focus()
    page.keyboard.press("Space")
    for words in ("保存并继续", "保存并继续", "提交申请"):
        tab_to(page, words)
        with elder.leaving():
            page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("提交成功")
    elder.close()


def tab_to(page, words: str) -> None:
    """Press Tab until the button with these words has the focus."""
    for _number in range(80):
        page.keyboard.press("Tab")
        text = page.evaluate("document.activeElement.tagName + document.activeElement.innerText")
        if text.startswith("BUTTON") and words in text:
            return
    raise AssertionError(f"{words} is not reached by Tab on {page.url}")
