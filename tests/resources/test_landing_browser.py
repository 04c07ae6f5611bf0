"""The pages of landing in a real browser: a clerk sends, corrects, sends again; sound on desktop and phone."""

import os

import pytest

from tests.browsing import unsound_pages, window
from yiwang.kernel.api import context_system, context_use
from yiwang.resources.catalogue.tests.test_pages import world
from yiwang.resources.landing import actions
from yiwang.resources.landing.models import Batch
from yiwang.resources.landing.tests.conftest import HEAD, NOW, ROWS, data_dir
from yiwang.resources.landing.tests.test_pages import sent, upload

playwright = pytest.importorskip("playwright.sync_api")
SHOTS = os.environ.get("YIWANG_SHOTS", "")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]
HOME = "/resources/landing/"
GOOD = "".join(f"B{n}, 张三 ,,男,2024/1/{n + 1},1\n" for n in range(20))
BAD = "C1,李四,,1,2024-13-01,1\nC2,王五,3.20506E+17,1,2024-05-01,很多\n"
__all__ = ["data_dir", "sent", "world"]


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


def test_every_page_is_sound_on_desktop_and_phone(addresses, browser, live_server):
    visits = [(who, f"{HOME}{address}", name) for who, address, name in addresses]
    assert unsound_pages(browser, live_server, visits, picture=picture if SHOTS else None) == []


def picture(page, name, width):
    page.screenshot(path=f"{SHOTS}/{name}-{width}.png", full_page=True)


def test_a_clerk_sends_corrects_and_sends_again_without_scripts(
    world, sent, browser, live_server, tmp_path
):
    from openpyxl import load_workbook

    context = window(browser, live_server, world.steward, java_script_enabled=False)
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
    context = window(browser, live_server, world.steward)
    page = context.new_page()
    page.goto(f"{live_server.url}{HOME}batches/{batch.pk}/")
    playwright.expect(page.get_by_label("等待后台处理")).to_be_visible()
    Batch.objects.update(state="RUNNING", stage="REPAIR", done=500_000, total=1_000_000)
    playwright.expect(page.get_by_text("500,000")).to_be_visible()
    Batch.objects.update(state="RECEIVED")
    process()
    playwright.expect(page.get_by_text("全部 3 行已入库")).to_be_visible()
    context.close()
