"""The three main journeys in a browser with scripts, on a wide screen and on a phone."""

import threading

import pytest

playwright = pytest.importorskip("playwright.sync_api")

from tests.journeys.visitor import (  # noqa: E402 - they need Playwright
    GUIDE,
    Town,
    Visitor,
    draw_islands,
    fill_draft,
    fill_page,
    submit_draft,
)
from yiwang.config.check import CARD, RESTAURANT  # noqa: E402

expect = playwright.expect

pytestmark = [
    pytest.mark.browser,
]
APPROVERS = ("administrative_approval", "urban_management", "fire_rescue")


def find_by_typing(visitor: Visitor, words: str) -> None:
    """Type into the search field of the front page until the card is offered."""
    field = visitor.page.locator("#search")
    field.fill("")
    field.press_sequentially(words, delay=20)
    offered = visitor.page.locator("#search-results a[role=option]").filter(has_text=CARD)
    expect(offered.first).to_be_visible(timeout=30_000)


def apply_for_card(visitor: Visitor) -> str:
    """Apply for the senior citizen card with what the registry knows."""
    visitor.open(GUIDE)
    visitor.press("在线办理", role="link")
    fill_draft(visitor, {"delivery": "ELECTRONIC", "agree": "1"})
    return submit_draft(visitor)


def open_item(officer: Visitor, number: str) -> None:
    """Open an application's item on a page of its own."""
    officer.open("/portal/spaces/desk/?show=all")
    row = officer.page.locator("tbody tr").filter(has_text=number)
    officer.open(row.locator("[data-desk-open]").get_attribute("href"))


def conclude(officer: Visitor, number: str, outcome: str, **words: str) -> None:
    """Conclude an application's item with the button of an outcome."""
    open_item(officer, number)
    for name, text in words.items():
        field = officer.page.locator(f"#f-{name}")
        if not field.is_visible():
            officer.page.get_by_text("不予办理：理由和法律依据").click()
        field.fill(text)
    with officer.leaving():
        officer.page.locator(f'button[name=outcome][value="{outcome}"]').click()
    assert officer.page.url.endswith("/portal/spaces/desk/"), officer.page.url


def test_an_elder_gets_the_senior_card_on_the_spot(town: Town):
    stranger = town.visitor()
    stranger.open("/")
    for words in ("老年证", "優待", "lnz"):
        find_by_typing(stranger, words)
        stranger.look("typing")
    with stranger.leaving():
        stranger.page.locator("#search-results a").filter(has_text=CARD).first.click()
    guide = stranger.open(GUIDE)
    for words in ("法定办结时限", "即时办结", "人口库"):
        expect(guide.get_by_text(words).first).to_be_visible()
    draw_islands(stranger)

    elder = town.person("elder")
    page = elder.open(GUIDE)
    elder.press("在线办理", role="link")
    expect(page.locator(".source-chip").filter(has_text="人口库").first).to_be_visible()
    form = page.url
    with elder.leaving():
        page.locator(".source-wrong").first.click()
    expect(page.locator("#objection")).to_be_visible()
    page.go_back()
    assert page.url == form
    elder.look()
    fill_draft(elder, {"delivery": "ELECTRONIC", "agree": "1"})
    number = submit_draft(elder)
    elder.open(f"/hall/applications/mine/{number}/")
    draw_islands(elder)

    clerk = town.officer("civil_affairs", "WINDOW_CLERK")
    approve_from_the_desk(clerk, number)
    elder.open("/portal/spaces/citizen/")
    elder.open(f"/hall/applications/mine/{number}/")
    expect(page.locator(".alert-success")).to_contain_text("准予办理")
    with elder.leaving():
        page.locator("main").get_by_role("link", name=CARD).first.click()
    link = page.get_by_role("link", name="PDF").get_attribute("href")
    pdf = elder.context.request.get(town.city.base + link)
    assert pdf.body().startswith(b"%PDF")
    verify = page.locator('a[href*="/hall/licences/verify/"]').last.get_attribute("href")

    anyone = town.visitor()
    found = anyone.open(verify)
    expect(found.locator("main")).to_contain_text(CARD)
    expect(found.locator("main")).to_contain_text("有效")
    anyone.close()
    stranger.close()


def approve_from_the_desk(clerk: Visitor, number: str) -> None:
    """Walk to the item with the keys; on a wide screen it opens beside the list."""
    page = clerk.open("/portal/spaces/desk/")
    rows = page.locator("tbody tr")
    place = [number in row.text_content() for row in rows.all()].index(True)
    page.wait_for_load_state("networkidle")
    for key in ["j"] * (place + 2) + ["k"]:
        page.keyboard.press(key)
    if rows.count() == place + 1:
        page.keyboard.press("j")
    expect(page.locator("tr[aria-selected=true]")).to_contain_text(number)
    page.keyboard.press("Enter")
    panel = page.locator("#item-panel")
    expect(panel).to_contain_text(number)
    if clerk.size == "desktop":
        assert panel.bounding_box()["x"] > page.locator("table").bounding_box()["x"]
    approve = panel.locator("button[value=APPROVE]")
    expect(approve).to_be_in_viewport()
    clerk.look("panel")
    panel.locator("#f-opinion").fill("材料齐全，准予发证")
    with clerk.leaving():
        approve.click()
    expect(page.locator("#notices")).to_contain_text(number)
    clerk.open("/portal/spaces/desk/done/")
    expect(page.locator("main")).to_contain_text("准予")


def test_a_restaurant_opens_with_four_departments(town: Town):
    agent = town.person("agent")
    page = agent.open("/hall/matters/search/?q=开餐馆")
    agent.press("开餐馆", role="link", exact=False)
    agent.press("在线办理", role="link")
    values = {**RESTAURANT, "agree": "1"}
    fill_draft(agent, values)
    number = submit_draft(agent)
    clerk = town.officer("administrative_approval", "WINDOW_CLERK")
    conclude(clerk, number, "ACCEPT")
    agent.open(f"/hall/applications/mine/{number}/")
    expect(page.locator("main")).to_contain_text("法定期限")
    expect(page.locator(".branch")).to_have_count(4)
    draw_islands(agent)
    assert page.locator("g.djs-element.yw-active").count() == 4
    assert page.locator("g.djs-element.yw-done").count() > 1
    for function in APPROVERS:
        conclude(town.officer(function, "APPROVER"), number, "AGREE", opinion="同意")

    food = town.officer("market_supervision", "APPROVER")
    open_item(food, number)
    food.page.locator("#correction > summary").click()
    food.page.locator('[value="field:safety_manager_phone"]').check()
    food.page.locator('[name="what:field:safety_manager_phone"]').fill("电话无法接通，请更正")
    food.look("correction")
    with food.leaving():
        food.page.locator("button[value=CORRECT]").click()
    agent.open("/portal/spaces/enterprise/")
    agent.open(f"/hall/applications/mine/{number}/")
    expect(page.locator(".alert-warning").first).to_contain_text("电话无法接通")
    expect(page.locator(".branch .clock-paused")).to_have_count(1)
    expect(page.locator(".branch .clock-stopped")).to_have_count(3)
    with agent.leaving():
        page.locator('a[href*="/corrections/"]').first.click()
    page.locator("#f-safety_manager_phone").fill("13900005678")
    with agent.leaving():
        page.locator("main .form-buttons button").first.click()
    agent.open(f"/hall/applications/mine/{number}/")
    assert page.locator('main a[href$="/pdf/"], main a[href$="/pdf"]').count() == 0
    conclude(food, number, "AGREE", opinion="同意")
    agent.open(f"/hall/applications/mine/{number}/")
    assert page.locator("main").get_by_role("link", name="PDF", exact=True).count() == 4
    draw_islands(agent)
    assert page.locator("g.djs-element.yw-active").count() == 0


def test_a_refusal_says_why_and_what_one_can_do(town: Town):
    elder = town.person("load0")
    number = apply_for_card(elder)
    clerk = town.officer("civil_affairs", "WINDOW_CLERK")
    open_item(clerk, number)
    with clerk.leaving():
        clerk.page.locator("button[value=REFUSE]").click()
    expect(clerk.page.locator(".error-summary")).to_contain_text("理由")
    reason, basis = "申请人已持有有效的老年人优待证", "《江苏省老年人权益保障条例》"
    conclude(clerk, number, "REFUSE", reason=reason, legal_basis=basis)
    page = elder.open(f"/hall/applications/mine/{number}/")
    for words in (reason, basis, "行政复议"):
        expect(page.locator(".alert-danger")).to_contain_text(words)
    assert page.locator("main").get_by_role("link", name="PDF", exact=True).count() == 0


def test_nothing_typed_is_lost_while_a_choice_makes_the_page_anew(town: Town):
    agent = town.visitor().sign_in(town.city.accounts["agent"])
    page = agent.open("/hall/applications/start/321050001000/")
    fill_page(agent, RESTAURANT)
    agent.press("保存并继续")
    page.locator("#f-premises_floor").press_sequentially("地上一层")
    page.locator("#f-premises_right-2").check()
    expect(page.locator("#f-lease_until")).to_be_visible()
    expect(page.locator("#f-premises_floor")).to_have_value("地上一层")
    page.locator("#f-premises_right-3").check()
    expect(page.locator("#f-lease_until")).to_have_count(0, timeout=30_000)
    agent.look()
    # The answer to the first choice comes when the second one is made: it is anew what was changed since.
    held, is_open = [], threading.Event()
    page.route(
        "**/pages/shop/", lambda one: one.continue_() if is_open.is_set() else held.append(one)
    )
    with page.expect_request("**/pages/shop/"):
        page.locator("#f-premises_right-2").check()
    page.locator("#f-shop_name").press_sequentially("云龙小馆平江路店")
    page.locator("#f-premises_right-1").check()
    is_open.set()
    for route in held:
        route.continue_()
    page.locator("#f-seats").press_sequentially("48", delay=100)
    expect(page.locator("#f-lease_until")).to_have_count(0, timeout=30_000)
    expect(page.locator("#f-shop_name")).to_have_value("云龙小馆平江路店")
    expect(page.locator("#f-premises_right-1")).to_be_checked()
    expect(page.locator("#f-seats")).to_have_value("48")
    agent.close()


ENGLISH_PAGES = {
    None: ("/", GUIDE, "/identity/accounts/sign-in/", "/hall/licences/verify/",
           "/hall/applications/track/", "/resources/geospatial/", "/hall/matters/search/?q=lnz"),
    "load1": ("/portal/spaces/citizen/", "/hall/applications/mine/", "/hall/licences/",
              "/hall/messages/", "/resources/registries/me/"),
    "clerk": ("/portal/spaces/desk/", "/portal/spaces/desk/done/"),
}  # fmt: skip
# The words of the interface: what is neither data nor marked as Chinese.
WORDS = """() => {
  const words = 'h1, h2, h3, label, legend, button, th, dt, summary, nav, footer, .menu-link, .tool, ' +
    '.lead, .alert, .badge, .light, .muted, .empty, .button-row';
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const one = walker.currentNode.parentElement;
    if (one.closest(words) && !one.closest('[lang^=zh], script, dd, td') &&
        /[\\u4e00-\\u9fff]/.test(walker.currentNode.data)) found.push(walker.currentNode.data.trim());
  }
  return found;
}"""


@pytest.mark.parametrize("username", ENGLISH_PAGES)
def test_the_english_interface_has_no_chinese_words(town: Town, username):
    visitor = town.person(username) if username else town.visitor()
    page = visitor.open(ENGLISH_PAGES[username][0])
    visitor.press("English")
    names = {row["name"] for row in town.city.accounts.values()}
    left = {}
    for address in ENGLISH_PAGES[username]:
        visitor.open(address)
        found = [text for text in page.evaluate(WORDS) if text not in names]
        if found:
            left[address] = found
    visitor.press("中文", exact=False)
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    assert left == {}


def test_large_print_is_larger_and_fits(town: Town):
    visitor = town.visitor()
    page = visitor.open("/")
    small = page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
    visitor.press("长者版")
    assert (small, page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")) == (
        16,
        20,
    )
    for address in ENGLISH_PAGES[None]:
        visitor.open(address)
    elder = town.visitor().sign_in(town.city.accounts["load1"])
    elder.press("长者版")
    for address in ENGLISH_PAGES["load1"]:
        elder.open(address)
    elder.close()
    visitor.close()
