"""Filling in without a connection, and on two devices at once, in a real browser."""

import os

import pytest
from django.test import Client

from tests.browsing import unsound, window
from yiwang.engines.forms.models import Draft
from yiwang.hall.applications.actions.drafts import draft_begin
from yiwang.kernel.api import context_use

pytest.importorskip("playwright.sync_api")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.heavy,
    pytest.mark.django_db(transaction=True),
]
ELDER_CARD = "322014001000"
KEPT = "Object.keys(localStorage).filter(key => key.startsWith('yw-draft:')).length"
BANNER = "[data-unsent]"
PICTURES = os.environ.get("YIWANG_PICTURES", "")


@pytest.fixture
def draft(city, now):
    """The elder's draft of a senior card, its second page's address, and her session."""
    with context_use(city.context("elder")):
        draft_id = draft_begin(ELDER_CARD, now=now)
    client = Client()
    client.force_login(city.account("elder"))
    return client, f"/hall/applications/drafts/{draft_id}/pages/contact/", draft_id


def typed(draft_id: int) -> dict:
    return Draft.objects.get(pk=draft_id).values


def device(browser, live_server, draft):
    """Open the page on one more device."""
    page = window(browser, live_server, draft[0]).new_page()
    page.goto(live_server.url + draft[1])
    return page


def wait_saved(page):
    page.locator(BANNER).wait_for(state="hidden")
    assert page.evaluate(KEPT) == 0


def picture(page, name: str):
    """Return what takes pictures where a folder for them is named."""
    return (
        (lambda width: page.screenshot(path=f"{PICTURES}/{name}-{width}.png")) if PICTURES else None
    )


def test_what_is_typed_in_a_tunnel_is_kept_and_sent_when_the_service_is_back(
    browser, live_server, draft
):
    page = device(browser, live_server, draft)
    page.context.set_offline(True)
    page.fill("#f-address", "平江路隧道口一号")
    page.get_by_role("button", name="保存并继续").click()
    page.locator(BANNER).wait_for()
    assert page.url.endswith(draft[1])
    assert page.evaluate(KEPT) == 1
    assert unsound(page, "unsent", each=picture(page, "unsent")) == []
    page.context.set_offline(False)
    wait_saved(page)
    assert typed(draft[2])["address"] == "平江路隧道口一号"
    page.context.close()


def test_a_server_that_does_not_answer_loses_nothing_even_when_the_page_is_closed(
    browser, live_server, draft
):
    page = device(browser, live_server, draft)
    page.route(f"**{draft[1]}", lambda route: route.abort())
    page.fill("#f-address", "观前街大雨中二号")
    page.locator("#f-phone").focus()
    page.locator(BANNER).wait_for()
    context = page.context
    page.close(run_before_unload=False)
    assert typed(draft[2])["address"] != "观前街大雨中二号"
    again = context.new_page()
    again.goto(live_server.url + draft[1])
    again.locator("#f-address[value='观前街大雨中二号']").wait_for()
    wait_saved(again)
    assert typed(draft[2])["address"] == "观前街大雨中二号"
    context.close()


def test_two_devices_see_each_others_entries_and_choose_between_those_that_differ(
    browser, live_server, draft
):
    laptop, phone = (device(browser, live_server, draft) for _ in range(2))
    phone.context.set_offline(True)
    phone.fill("#f-address", "手机上的地址三号")
    phone.locator("#f-phone").focus()
    phone.locator(BANNER).wait_for()
    laptop.fill("#f-address", "电脑上的地址四号")
    laptop.fill("#f-phone", "13911112222")
    laptop.locator("#f-address").focus()
    laptop.locator("#form-revision[value='3']").wait_for(state="attached")
    phone.context.set_offline(False)
    phone.locator("#form-differences a").wait_for()
    assert phone.input_value("#f-phone") == "13911112222"
    assert phone.input_value("#f-address") == "电脑上的地址四号"
    phone.locator("#form-differences a").click()
    phone.get_by_text("手机上的地址三号").click()
    assert unsound(phone, "differences", each=picture(phone, "differences")) == []
    phone.get_by_role("button", name="按所选内容保存").click()
    phone.wait_for_url(f"**{draft[1]}")
    assert typed(draft[2])["address"] == "手机上的地址三号"
    assert typed(draft[2])["phone"] == "13911112222"
    laptop.context.close()
    phone.context.close()


def test_signing_out_throws_away_what_was_kept_after_asking(browser, live_server, draft):
    page = device(browser, live_server, draft)
    page.context.set_offline(True)
    page.fill("#f-address", "不留痕迹的五号")
    page.locator("#f-phone").focus()
    page.locator(BANNER).wait_for()
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
    page.locator("form[data-forget] button").click()
    page.context.set_offline(False)
    page.goto(live_server.url + "/")
    assert page.evaluate(KEPT) == 0
    assert "退出" in asked[0]
    page.context.close()
