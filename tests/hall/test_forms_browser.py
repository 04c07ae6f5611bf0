"""The designer of forms in a real browser: by keyboard alone, on a phone, nothing serious for axe."""

import pytest

from tests.browsing import unsound_pages, window
from yiwang.engines.formdesigner import queries
from yiwang.engines.formdesigner.tests.test_formdesigner import NOW, staff
from yiwang.engines.forms.actions import form_put
from yiwang.engines.forms.tests.examples import shop
from yiwang.kernel.api import context_system, context_use

pytest.importorskip("playwright.sync_api")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.heavy,
    pytest.mark.django_db(transaction=True),
]
AT = "/engines/formdesigner/test.shop/"


@pytest.fixture
def writer(client):
    with context_use(context_system("test")):
        form_put("test.shop", shop(), source="test", now=NOW)
    client.force_login(staff("writer"))
    client.post(AT + "draft/", {"do": "open"})
    return client


def tab_to(page, selector: str) -> None:
    """Press Tab until an element has the focus, as somebody without a mouse does."""
    for _press in range(250):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement?.matches(s)", selector):
            return
    raise AssertionError(selector)


def test_a_form_is_written_by_keyboard_and_tried_in_the_frame(browser, live_server, writer):
    page = window(browser, live_server, writer).new_page()
    page.goto(live_server.url + AT + "draft/")
    tab_to(page, 'button[value="field_down:seats"]')
    page.keyboard.press("Enter")
    page.wait_for_url("**/draft/#field-seats")
    assert queries.draft_get("test.shop").definition["ui"]["pages"][0]["fields"][2:4] == [
        "area",
        "seats",
    ]
    tab_to(page, 'a[href$="/draft/fields/area/"]')
    page.keyboard.press("Enter")
    page.wait_for_url("**/fields/area/")
    tab_to(page, "#f-title_zh")
    page.keyboard.press("Control+A")
    page.keyboard.type("建筑面积")
    page.keyboard.press("Enter")
    page.wait_for_url("**/draft/#field-area")
    changed = queries.draft_get("test.shop").definition["ui"]["fields"]["area"]["title"]["zh"]
    assert changed == "建筑面积"
    frame = page.frame_locator("iframe.form-phone")
    frame.get_by_label("其他", exact=True).check()
    frame.locator("#f-kind_other").wait_for()
    assert queries.draft_get("test.shop").trial["kind"] == "OTHER"
    page.context.close()


def test_the_pages_of_the_designer_are_sound_on_a_screen_and_on_a_phone(
    browser, live_server, writer
):
    places = ("draft/", "draft/fields/staff/", "draft/fields/staff.person/", "draft/rules/conditions/0/",
              "draft/rules/checks/new/", "draft/pages/place/", "preview/", "preview/frame/", "compare/",
              "draft/publish/", "")  # fmt: skip
    visits = [(writer, AT + place, place or "detail") for place in places]
    visits.append((writer, "/engines/formdesigner/", "list"))
    assert unsound_pages(browser, live_server, visits) == []
