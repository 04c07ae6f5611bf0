"""Every component in a real browser: nothing serious for axe, islands drawn, keys and guards work."""

import pytest

from yiwang.config.assets import developer_file

playwright = pytest.importorskip("playwright.sync_api")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]
SHELLS = ("portal", "space", "desk")
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}


@pytest.fixture
def open_page(browser, live_server):
    """Open an address at a width; gives the page and what the browser complained about."""
    contexts = []

    def open_at(address, *, size="desktop", large_print=False, scripts=True, language="zh-CN"):
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height},
            locale=language,
            java_script_enabled=scripts,
        )
        contexts.append(context)
        if large_print:
            context.add_cookies([{"name": "large_print", "value": "1", "url": live_server.url}])
        page = context.new_page()
        page.complaints = []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                page.complaints.append(message.text) if message.type == "error" else None
            ),
        )
        page.goto(live_server.url + address)
        return page

    yield open_at
    for context in contexts:
        context.close()


def _draw_islands(page):
    for box in page.locator("[data-island]").all():
        box.scroll_into_view_if_needed()
    waiting = page.locator("[data-island]:not([data-state])")
    playwright.expect(waiting).to_have_count(0, timeout=60_000)
    return page.evaluate(
        "[...document.querySelectorAll('[data-island]')].map((b) => b.dataset.state)"
    )


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("size", "large_print"),
    [("desktop", False), ("phone", True)],
    ids=["desktop", "phone in large print"],
)
def test_axe_finds_nothing_serious(open_page, shell, large_print, size):
    page = open_page(f"/ui/?shell={shell}&errors=1", size=size, large_print=large_print)
    assert _draw_islands(page) == ["ready", "ready", "ready"]
    page.evaluate(developer_file("axe-core", "axe.min.js").read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    serious = [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
    assert serious == []
    assert page.complaints == []
    width = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert width == 0


def test_the_page_reads_without_scripts(open_page):
    page = open_page("/ui/", scripts=False)
    assert page.locator("h1").count() == 1
    assert page.get_by_text("地图需要启用脚本").is_visible()
    page.locator("#filter-state").select_option("APPROVED")
    page.get_by_role("button", name="筛选").first.click()
    assert "state=APPROVED" in page.url
    page.get_by_role("button", name="长者版").first.click()
    assert page.locator("html.large-print").count() == 1


def test_the_keys_of_the_desk_move_and_open(open_page):
    page = open_page("/ui/?shell=desk")
    page.locator("[data-desk-keys]").first.wait_for(state="attached")
    page.wait_for_load_state("networkidle")
    for key in "jjjk":
        page.keyboard.press(key)
    assert page.locator("tr[aria-selected=true] a").first.inner_text() == "DEMO000002"
    page.keyboard.press("Enter")
    page.wait_for_url("**item=DEMO000002")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.type") == "search"


def test_the_search_answers_while_one_types_and_arrows_choose(open_page):
    page = open_page("/ui/")
    field = page.locator("#sample-search")
    field.press_sequentially("证", delay=20)
    options = page.locator("#sample-search-results a[role=option]")
    options.first.wait_for()
    assert options.count() == 2
    assert field.get_attribute("aria-expanded") == "true"
    field.press("ArrowDown")
    field.press("ArrowDown")
    assert field.get_attribute("aria-activedescendant") == "sample-search-results-1"
    field.press("Escape")
    assert field.get_attribute("aria-expanded") == "false"


def test_a_second_press_sends_nothing(open_page):
    page = open_page("/ui/")
    page.wait_for_load_state("networkidle")
    sent = page.evaluate(
        """() => {
          const form = document.querySelector('form[action="/language/"]');
          let sent = 0;
          form.setAttribute("data-submit-once", "");
          form.addEventListener("submit", (event) => {
            if (!event.defaultPrevented) sent += 1;
            event.preventDefault();
          });
          for (let i = 0; i < 5; i++) form.requestSubmit(form.querySelector("button"));
          return sent;
        }"""
    )
    assert sent == 1
    assert page.locator("form[data-sent] button").first.get_attribute("aria-busy") == "true"


def test_leaving_with_unsent_entries_asks_first(open_page):
    page = open_page("/ui/?guard=1")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.locator("form[data-clean]").first.wait_for(state="attached")
    page.locator("#f-phone").fill("13900000000")
    page.goto(page.url.split("?")[0])
    assert asked == ["beforeunload"]
