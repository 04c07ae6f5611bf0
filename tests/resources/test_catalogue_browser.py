"""The pages in a real browser, desktop and phone: nothing serious for axe, nothing scrolls sideways."""

import pytest

from tests.browsing import unsound_pages, window
from yiwang.kernel.api import context_system, context_use
from yiwang.resources.catalogue import actions
from yiwang.resources.catalogue.demo import catalogue_demo_load
from yiwang.resources.catalogue.models import Resource
from yiwang.resources.catalogue.rules import spec_load
from yiwang.resources.catalogue.tests.conftest import NOW
from yiwang.resources.catalogue.tests.test_pages import world

pytest.importorskip("playwright.sync_api")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]
__all__ = ["world"]


@pytest.fixture
def addresses(world, tmp_path):
    """Return (who opens it, address) of every page, on the made catalogue of two departments."""
    with context_use(context_system("test")):
        catalogue_demo_load(NOW)
        lines = (
            "编号,姓名,联系电话",
            "1,沈月琴,13812345678",
            "2,顾明远,13812345679",
            "3,陆文斌,13812345670",
        )
        (tmp_path / "civil_affairs_homes.csv").write_text("\n".join(lines))
        (proposal,) = actions.inventory_propose(str(tmp_path), now=NOW)
        own = Resource.objects.filter(department_id=world.own_department, state="PUBLISHED").first()
        draft = actions.resource_register(
            spec_load(own.draft), department_id=world.own_department, now=NOW
        )
        actions.resource_submit(draft.id, now=NOW)
    slug = own.code.replace("/", "-")
    steward, reviewer = world.steward, world.reviewer
    return [
        (None, ""),
        (None, "?q=没有这样的资源"),
        (None, f"items/{slug}/"),
        (None, f"items/{slug}/compare/"),
        (None, "standards/"),
        (steward, "mine/"),
        (steward, f"mine/{own.pk}/"),
        (steward, f"mine/{own.pk}/edit/"),
        (steward, "mine/import/"),
        (steward, "proposals/"),
        (steward, f"proposals/{proposal.id}/"),
        (reviewer, "reviews/"),
        (reviewer, f"reviews/{draft.id}/"),
    ]


def test_every_page_is_sound_on_desktop_and_phone(addresses, browser, live_server):
    visits = [(who, f"/resources/catalogue/{address}", address) for who, address in addresses]
    assert unsound_pages(browser, live_server, visits) == []


def test_a_reviewer_publishes_without_scripts(addresses, browser, live_server, world):
    context = window(browser, live_server, world.reviewer, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}/resources/catalogue/{addresses[-1][1]}")
    page.get_by_role("button", name="审核通过并发布").click()
    assert page.get_by_text("已发布，目录中可以查到").is_visible()
    context.close()
