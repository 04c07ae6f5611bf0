"""Pages about systems, sources, rules and messages in a real browser: sound on desktop and phone."""

import os

import pytest

from tests.browsing import unsound_pages
from yiwang.hall.messages.digests import digest_collect, digest_send
from yiwang.identity.api import program_account_put, token_issue
from yiwang.kernel.api import context_system, context_use
from yiwang.resources.catalogue.tests.test_pages import post, world
from yiwang.resources.landing import actions
from yiwang.resources.landing.models import Batch
from yiwang.resources.landing.tests.conftest import HEAD, NOW, ROWS, data_dir
from yiwang.resources.landing.tests.test_pages import run, sent, upload
from yiwang.resources.landing.tests.test_rule_pages import RULE, address

pytest.importorskip("playwright.sync_api")
SHOTS = os.environ.get("YIWANG_SHOTS", "")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]
__all__ = ["data_dir", "sent", "world"]


def picture(page, name, width):
    page.screenshot(path=f"{SHOTS}/{name}-{width}.png", full_page=True)


def test_every_page_is_sound_on_desktop_and_phone(world, sent, browser, live_server):
    upload(world.steward, sent, HEAD + ROWS)
    run(Batch.objects.get().pk)
    post(world.steward, address(sent, "new"), act="keep", **RULE)
    account = world.account_id("DATA_STEWARD")
    with context_use(context_system("test")):
        system = program_account_put(
            world.own_department, name="婚姻登记系统", purpose="报送婚姻登记", now=NOW
        )
        token_issue(system, routes=["api_resources_landing:batches"], now=NOW)
        source = actions.source_put(sent.code, kind="FOLDER", now=NOW)
        for number, kind in enumerate(("EXCEPTION_NEW", "FEED_SILENT", "BATCH_STOPPED"), 1):
            params = {"title": "婚姻登记信息", "number": "YC1", "rows": 3, "due": "2026-11-27"}
            digest_collect(
                number, kind=kind, params=params, link="/", account_ids=[account], at=NOW
            )
        digest_send(account, now=NOW)
    steward, bureau = world.steward, world.reviewer
    visits = [
        (steward, "/identity/tokens/", "systems"),
        (steward, "/identity/tokens/new/", "system-new"),
        (steward, f"/identity/tokens/{system}/", "system"),
        (bureau, "/resources/landing/sources/", "sources"),
        (bureau, f"/resources/landing/sources/{source.id}/", "source"),
        (bureau, "/resources/landing/sources/new/database/", "source-database"),
        (steward, address(sent), "rules"),
        (steward, address(sent, "r1"), "rule"),
        (steward, "/hall/messages/", "messages"),
        (steward, "/hall/messages/digest/2026-11-21/", "digest"),
    ]
    shots = picture if SHOTS else None
    assert unsound_pages(browser, live_server, visits, picture=shots) == []
