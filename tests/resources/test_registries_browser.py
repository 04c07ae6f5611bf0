"""The registries' desk in a real browser: verify, look up, see why, roll back; sound on desktop and phone."""

import pytest

from tests.browsing import SIZES, unsound, window
from yiwang.kernel.api import audit_list, context_system, context_use
from yiwang.resources.registries.masters import master_list
from yiwang.resources.registries.publishing import registry_publish
from yiwang.resources.registries.subjects import organisation_find
from yiwang.resources.registries.tests.conftest import NOW, departments
from yiwang.resources.registries.tests.made import LI, SHOP, ZHANG, population, register_row
from yiwang.resources.registries.tests.test_desk import city, people, registries_publish

pytest.importorskip("playwright.sync_api")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filled(by=registries_publish),
    pytest.mark.django_db(transaction=True),
]
ROOM = "/resources/registries/"
__all__ = ["city", "departments", "people"]


@pytest.fixture
def signed_in(browser, client, people, live_server):
    """Give a page of a civil servant, at a size."""
    pages = []

    def open_(name, size=SIZES[0], *, scripts=True):
        client.force_login(people[name])
        viewport = {"width": size[0], "height": size[1]}
        context = window(
            browser, live_server, client, viewport=viewport, java_script_enabled=scripts
        )
        page = context.new_page()
        page.set_default_timeout(60_000)
        pages.append(context)
        return page

    yield open_
    for context in pages:
        context.close()


def purpose_state(page, where: str) -> None:
    page.locator(f"#{where}-purpose").select_option("CASE")
    page.locator(f"#{where}-note").fill("1132-0007")


def test_every_page_is_sound_on_desktop_and_phone(city, signed_in, live_server, tmp_path):
    with context_use(context_system("测试")):
        rows = [register_row(ZHANG, 1), register_row(LI, 2, address="新地址")]
        population(tmp_path / "in", {1: rows}, tmp_path / "out")
        registry_publish("population", tmp_path / "out", now=NOW)
        [shop] = organisation_find(SHOP)
    wrong = []
    page = signed_in("bureau")
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(live_server.url + ROOM + "people/")
    page.locator("#find-id_number").fill(ZHANG)
    purpose_state(page, "find")
    page.get_by_role("button", name="查询", exact=True).click()
    for address in (
        "people/",
        f"people/{city[ZHANG]}/",
        f"people/{city[LI]}/?on=2026-11-21",
        "people/provisional/",
        f"lineage/{city[ZHANG]}/name/",
        "organisations/",
        f"organisations/?q={SHOP}",
        f"organisations/{shop.key}/",
        "masters/",
        "masters/population/compare/?older=1&newer=2",
    ):
        answer = page.goto(live_server.url + ROOM + address)
        assert answer.status == 200, address
        wrong += unsound(page, address)
    assert wrong == []


def test_a_clerk_verifies_without_scripts_and_by_keyboard(city, signed_in, live_server):
    page = signed_in("clerk", scripts=False)
    page.goto(live_server.url + ROOM + "people/")
    page.locator("#check-id_number").fill(LI)
    page.keyboard.press("Tab")
    page.keyboard.type("李四")
    purpose_state(page, "check")
    page.locator("#check-note").press("Enter")
    assert page.get_by_text("一致", exact=True).is_visible()
    assert LI not in page.locator("table").inner_text()
    rows = [row for row in audit_list(person_ref=city[LI]) if row["actor_name"] != "system"]
    assert [row["act"] for row in rows] == ["registries.check"]


def test_a_steward_goes_from_a_number_to_the_source_of_a_value(city, signed_in, live_server):
    page = signed_in("steward")
    page.goto(live_server.url + ROOM + "people/")
    page.locator("#find-id_number").fill(ZHANG)
    purpose_state(page, "find")
    page.get_by_role("button", name="查询", exact=True).click()
    page.get_by_role("link", name="张三").click()
    assert page.get_by_text("164****0001").is_visible()
    page.get_by_role("link", name="164****0001").click()
    assert page.get_by_text("C09 职工社会保险参保").first.is_visible()
    assert page.get_by_text("16412340001").count() == 0


def test_the_bureau_rolls_a_version_back(city, signed_in, live_server, tmp_path):
    with context_use(context_system("测试")):
        rows = [register_row(ZHANG, 1), register_row(LI, 2, address="新地址")]
        population(tmp_path / "in", {1: rows}, tmp_path / "out")
        registry_publish("population", tmp_path / "out", now=NOW)
    page = signed_in("bureau")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(live_server.url + ROOM + "masters/")
    page.get_by_text("回退或恢复").click()
    page.locator("[name=reason]").fill("数据有误")
    page.get_by_role("button", name="回退到第 1 版").click()
    page.get_by_text("现由第 1 版提供服务").wait_for()
    assert [one.number for one in master_list("population") if one.is_current] == [1]
