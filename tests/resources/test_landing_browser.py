"""The pages of landing in a real browser: a clerk sends, corrects, sends again; sound on desktop and phone."""

import os
import shutil

import pytest

from yiwang.config.assets import assets_build, developer_file
from yiwang.kernel.api import context_system, context_use
from yiwang.resources.catalogue.tests.test_pages import world
from yiwang.resources.landing import actions
from yiwang.resources.landing.models import Batch
from yiwang.resources.landing.tests.conftest import HEAD, NOW, ROWS, data_dir
from yiwang.resources.landing.tests.test_pages import sent, upload

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = os.environ.get("YIWANG_CHROMIUM") or shutil.which("chromium") or shutil.which("chrome")
SHOTS = os.environ.get("YIWANG_SHOTS", "")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium"),
    pytest.mark.xdist_group("browser"),
]
SIZES = ((1280, 900), (390, 844))
HOME = "/resources/landing/"
GOOD = "".join(f"B{n}, 张三 ,,男,2024/1/{n + 1},1\n" for n in range(20))
BAD = "C1,李四,,1,2024-13-01,1\nC2,王五,3.20506E+17,1,2024-05-01,很多\n"
__all__ = ["data_dir", "sent", "world"]


@pytest.fixture
def browser(monkeypatch):
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    assets_build()
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def process():
    with context_use(context_system("test")):
        for pk in Batch.objects.filter(state="RECEIVED").values_list("pk", flat=True):
            actions.batch_process(pk, now=NOW)


@pytest.fixture
def addresses(world, sent):
    """Return (who opens it, address) of every page, with batches of every kind."""
    steward, reviewer = world.steward, world.reviewer
    upload(steward, sent, HEAD + ROWS)
    upload(steward, sent, HEAD + GOOD + BAD + "合计,,,,,21\n", name="十一月婚姻登记.csv")
    upload(steward, sent, HEAD + BAD, name="全是错的.csv")
    upload(steward, sent, b"\xd0\xcf\x11\xe0" + b"\0" * 600, name="旧表.xls")
    process()
    upload(steward, sent, HEAD + "Z9,赵六,,1,,\n", name="等待.csv")
    with context_use(context_system("test")):
        actions.source_put(sent.code, kind="FOLDER", now=NOW)
    first, landed, stopped, failed, waiting = Batch.objects.order_by("pk")
    assert [landed.state, stopped.state, failed.state] == ["LANDED", "STOPPED", "FAILED"]
    return [
        (steward, "", "home"),
        (reviewer, "", "home-all"),
        (steward, "batches/", "batches"),
        (steward, f"resources/{sent.id}/", "resource"),
        (steward, f"batches/{first.pk}/", "clean"),
        (steward, f"batches/{landed.pk}/", "landed"),
        (steward, f"batches/{landed.pk}/rows/", "rows"),
        (steward, f"batches/{stopped.pk}/", "stopped"),
        (reviewer, f"batches/{stopped.pk}/", "stopped-data"),
        (steward, f"batches/{failed.pk}/", "failed"),
        (steward, f"batches/{waiting.pk}/", "waiting"),
    ]


def opened(browser, live_server, client, **more):
    context = browser.new_context(locale="zh-CN", **more)
    value = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": value, "url": live_server.url}])
    return context


def test_every_page_is_sound_on_desktop_and_phone(addresses, browser, live_server):
    axe = developer_file("axe-core", "axe.min.js").read_text()
    wrong = []
    for width, height in SIZES:
        for client, address, name in addresses:
            size = {"width": width, "height": height}
            context = opened(browser, live_server, client, viewport=size)
            page = context.new_page()
            page.on(
                "pageerror", lambda error, seen=wrong, at=address: seen.append((at, str(error)))
            )
            answer = page.goto(f"{live_server.url}{HOME}{address}")
            assert answer.status == 200, address
            page.evaluate(axe)
            found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
            wrong += [
                (name, width, one["id"], one["nodes"][0]["html"][:100])
                for one in found["violations"]
                if one["impact"] in ("serious", "critical")
            ]
            sideways = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            if page.evaluate(sideways):
                wrong.append((name, width, "scrolls sideways"))
            if SHOTS:
                page.screenshot(path=f"{SHOTS}/{name}-{width}.png", full_page=True)
            context.close()
    assert wrong == []


def test_a_clerk_sends_corrects_and_sends_again_without_scripts(
    world, sent, browser, live_server, tmp_path
):
    from openpyxl import load_workbook

    context = opened(browser, live_server, world.steward, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}{HOME}")
    page.get_by_role("link", name="报送文件").first.click()
    path = tmp_path / "十一月.csv"
    path.write_bytes(("婚姻登记统计表,,,,,\n" + HEAD + GOOD + BAD).encode("gb18030"))
    page.set_input_files("input[type=file]", path)
    page.get_by_role("button", name="报送", exact=True).click()
    assert "刷新页面可查看进度" in page.content()
    process()
    page.reload()
    assert page.get_by_text("20 行已入库，2 行被拒收").is_visible()
    with page.expect_download() as started:
        page.get_by_role("link", name="下载拒收数据（Excel）").click()
    refused = tmp_path / "拒收.xlsx"
    started.value.save_as(refused)
    book = load_workbook(refused)
    sheet = book.active
    assert sheet["B2"].value == "登记日期不是有效日期（如 2024-01-05）"
    sheet["G2"], sheet["E3"], sheet["H3"] = "2024-12-01", "320506195803120026", "8"
    book.save(refused)
    page.get_by_role("link", name="该资源的其他批次").click()
    page.set_input_files("input[type=file]", refused)
    page.get_by_role("button", name="报送", exact=True).click()
    process()
    page.reload()
    assert page.get_by_text("全部 2 行已入库").is_visible()
    context.close()


def test_the_progress_shows_itself_and_the_page_loads_anew_at_the_end(
    world, sent, browser, live_server
):
    upload(world.steward, sent, HEAD + ROWS)
    batch = Batch.objects.get()
    context = opened(browser, live_server, world.steward)
    page = context.new_page()
    page.goto(f"{live_server.url}{HOME}batches/{batch.pk}/")
    playwright.expect(page.get_by_label("等待后台处理")).to_be_visible()
    Batch.objects.update(state="RUNNING", stage="REPAIR", done=500_000, total=1_000_000)
    playwright.expect(page.get_by_text("500,000")).to_be_visible()
    Batch.objects.update(state="RECEIVED")
    process()
    playwright.expect(page.get_by_text("全部 3 行已入库")).to_be_visible()
    context.close()
