"""Every room of the hall as each role opens it, in a real browser: sound for axe, and it fits a phone."""

import pytest
from django.test import Client

from tests.browsing import unsound_pages, window
from tests.test_pages import plain_addresses

pytest.importorskip("playwright.sync_api")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.heavy,
    pytest.mark.django_db(transaction=True),
]
ROOMS = ("/hall/", "/engines/", "/portal/spaces/")
BELOW = {
    "": (
        "/hall/matters/322014001000/",
        "/hall/bundles/one_thing.new_resident/",
        "/hall/guides/business_guides.open_shop/",
        "/hall/counters/halls/gusu/",
        "/hall/counters/halls/gusu/display/",
    ),
    "elder": ("/hall/counters/appointments/new/gusu/", "/hall/reuse/blocks/new/family/"),
    "head": (
        "/hall/counters/manage/gusu-marriage/",
        "/hall/counters/statistics/gusu-marriage/",
    ),
    "clerk": ("/hall/counters/desk/gusu/", "/hall/disclosure/desk/new/CF/"),
}
HOME = "/portal/spaces/"
ROLES = ("", "elder", "agent", "clerk", "approval_approver", "head", "supervisor", "system_admin")


def opens(client, address: str) -> bool:
    """Tell whether an address is a page that this person may open."""
    answer = client.get(address)
    is_file = answer.get("Content-Disposition", "").startswith("attachment")
    return (
        answer.status_code == 200 and answer["Content-Type"].startswith("text/html") and not is_file
    )


def test_every_room_is_sound_on_a_screen_and_on_a_phone(city, browser, live_server):
    """Each page as the first role that may open it sees it; the space and the desk as everybody."""
    visits, seen = [], set()
    for username in ROLES:
        client = Client()
        if username:
            client.force_login(city.account(username))
        rooms = [one for one in plain_addresses() if one.startswith(ROOMS) and one not in seen]
        rooms = [one for one in rooms if opens(client, one)] + list(BELOW.get(username, ()))
        seen.update(one for one in rooms if not one.startswith(HOME))
        who = client if username else None
        visits += [(who, one, f"{one} {username}") for one in rooms]
    assert len(visits) > 80
    assert unsound_pages(browser, live_server, visits) == []


def test_whatever_the_keyboard_reaches_shows_that_it_has_the_focus(city, browser, live_server):
    page = window(browser, live_server).new_page()
    page.goto(f"{live_server.url}/hall/receipts/verify/")
    hidden = []
    for _press in range(40):
        page.keyboard.press("Tab")
        name, style = page.evaluate(
            "[document.activeElement.outerHTML.slice(0, 80), getComputedStyle(document.activeElement).outlineStyle]"
        )
        if style != "solid":
            hidden.append(name)
        if name.startswith("<body"):
            break
    page.context.close()
    assert [name for name in hidden if not name.startswith("<body")] == []
