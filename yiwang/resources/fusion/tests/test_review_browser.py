"""Two reviewers and a supervisor in real browsers: keys, masks, what the one must not see of the other."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

playwright = pytest.importorskip("playwright.sync_api")

from yiwang.resources.fusion.models import MatchDecision, ReviewPair  # noqa: E402
from yiwang.resources.fusion.queries import decision_list  # noqa: E402
from yiwang.resources.fusion.tests.desk_city import (  # noqa: E402
    LATER,
    accounts_put,
    desk_city,
)

expect = playwright.expect
pytestmark = [
    pytest.mark.browser,
]


@pytest.fixture
def city(browser, transactional_db, seeds, settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"
    city = desk_city(tmp_path)
    accounts_put()
    city.run()
    return city


def visit(browser, live_server, name: str, *, width: int = 1280):
    """Open a browser window in which somebody is signed in."""
    client = Client()
    client.force_login(get_user_model().objects.get(username=name))
    window = browser.new_context(viewport={"width": width, "height": 844}, locale="zh-CN")
    window.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )
    page = window.new_page()
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    return page


def test_two_reviewers_disagree_on_a_pair_and_a_supervisor_settles(city, browser, live_server):
    desk, pair = f"{live_server.url}/resources/fusion/review/", ReviewPair.objects.get().pk
    one, two = visit(browser, live_server, "one"), visit(browser, live_server, "two", width=390)
    one.goto(desk)
    one.get_by_role("button", name="领取下一对").click()
    expect(one).to_have_url(f"{desk}{pair}/")
    expect(one.get_by_text("有同音字不同")).to_be_visible()
    expect(one.get_by_text("王**").first).to_be_visible()
    expect(one.get_by_text("王晓明")).to_have_count(0)
    two.goto(f"{desk}{pair}/")
    expect(two.get_by_text("他人已领取")).to_be_visible()
    assert two.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    one.get_by_text("查看脱敏内容").click()
    one.locator("select[name=purpose]").select_option("NAME")
    one.get_by_role("button", name="按此目的查看").click()
    expect(one.get_by_text("王晓明")).to_be_visible()
    one.locator("textarea[name=reason]").fill("只有甲知道")
    one.locator("h1").click()
    one.keyboard.press("y")
    expect(one.get_by_text("没有待您判定的记录对").first).to_be_visible()

    two.goto(f"{desk}{pair}/")
    expect(two.get_by_text("只有甲知道")).to_have_count(0)
    two.keyboard.press("n")
    expect(two).to_have_url(desk)
    assert ReviewPair.objects.get().state == "DISPUTED"
    assert decision_list("population") == []

    judge = visit(browser, live_server, "judge")
    judge.goto(desk)
    judge.get_by_role("link", name=str(pair), exact=True).click()
    expect(judge.get_by_text("只有甲知道")).to_be_visible()
    judge.locator("textarea[name=reason]").fill("电话本人核实")
    judge.get_by_role("button", name="是同一主体（Y）").click()
    expect(judge).to_have_url(desk)
    assert MatchDecision.objects.get().word == "MUST"
    assert city.run(now=LATER).report["placed"]["DECIDED"] == 1
    for page in (one, two, judge):
        assert page.problems == []
