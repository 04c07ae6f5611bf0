"""A steward, a clerk and a citizen in a real browser: from a doubt to what became of it.

The clerk's whole way (an Excel with errors, corrected, sent again, settled by proof) begins in
`test_landing_browser.py`; here it ends.
"""

import os
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from openpyxl import Workbook

from tests.browsing import unsound, window
from yiwang.identity.api import accounts_load
from yiwang.kernel.api import context_system, context_use, event_relay
from yiwang.resources.fusion.actions import run_record, source_bind
from yiwang.resources.fusion.queries.sources import master_folder
from yiwang.resources.fusion.tests.desk_city import NOW, OPTIONS, DeskCity, accounts_put, id_number
from yiwang.resources.landing import actions as landing
from yiwang.resources.landing.models import Batch
from yiwang.resources.quality.models import QualityException
from yiwang.resources.registries.publishing import registry_publish
from yiwang.resources.registries.subjects import person_find

pytest.importorskip("playwright.sync_api")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.heavy,
    pytest.mark.django_db(transaction=True),
]
SHOTS = os.environ.get("YIWANG_SHOTS", "")
PERMITS = "公民身份号码,姓名,性别,出生日期,住址,联系电话\n"
LIVING = "证件号,姓名,性别,联系电话\n"
ONE, OTHER = "16412345678", "16498765432"


@pytest.fixture
def city(tmp_path, settings):
    """Two departments send one person with two telephone numbers; fused and published."""
    settings.DATA_DIR = tmp_path / "data"
    found = DeskCity(tmp_path)
    accounts_put()
    found.permits = found.publish(
        "居住证", "public_security",
        {"id_number": "公民身份号码", "name": "姓名", "sex": "性别", "birth_date": "出生日期",
         "address": "住址", "phone": "联系电话"},
    )  # fmt: skip
    found.living = found.publish(
        "最低生活保障", "civil_affairs",
        {"id_number": "证件号", "xm": "姓名", "sex": "性别", "phone": "联系电话"},
    )  # fmt: skip
    with found.as_person(9):
        source_bind("population", 2, found.permits, now=NOW)
        source_bind("population", "C07", found.living, now=NOW)
    number = id_number(1)
    send(found.permits, PERMITS + f"{number},王小明,1,1980-01-01,江苏省苏州市平江街道1号,{ONE}\n")
    send(found.living, LIVING + f"{number},王小明,1,{OTHER}\n")
    found.number, found.ref = number, publish(number)
    with context_use(context_system("test")):
        accounts_load(
            [
                {
                    "username": "xiaoming",
                    "population": "CITIZEN",
                    "name": "王小明",
                    "subject_ref": f"person:{found.ref}",
                }
            ],
            now=NOW,
        )
    return found


def send(code: str, text: str) -> None:
    with TemporaryDirectory() as folder, context_use(context_system("test")):
        path = Path(folder) / "十一月.csv"
        path.write_text(text, encoding="utf-8")
        landing.batch_receive(code, path, name=path.name, now=NOW, run="NOW")


def publish(number: str) -> str:
    with context_use(context_system("test")):
        run_record("population", now=NOW, options=OPTIONS)
        registry_publish("population", master_folder("population"), now=NOW)
        return person_find(id_number=number, purpose="测试")[0].ref


def relay() -> None:
    with context_use(context_system("test")):
        while event_relay(now=NOW + timedelta(days=3660)):
            pass


@pytest.fixture
def open_page(browser, live_server):
    """Give a page in which somebody is signed in, at a width."""
    kept = []

    def open_(name: str, width: int = 1280):
        client = Client()
        client.force_login(get_user_model().objects.get(username=name))
        viewport = {"width": width, "height": 900}
        context = window(browser, live_server, client, viewport=viewport)
        kept.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        return page

    yield open_
    for context in kept:
        context.close()


def sound(page, name: str) -> None:
    """Hold the page at both widths against the rules of every page, and keep its picture if asked."""
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/{name}-{width}.png", full_page=True)
        assert unsound(page, name) == []


def test_the_steward_goes_from_a_conflict_to_both_lines_and_sends_one_back(
    city, open_page, live_server
):
    page = open_page("one")
    page.goto(f"{live_server.url}/resources/registries/people/")
    page.locator("#find-id_number").fill(city.number)
    page.locator("#find-purpose").select_option("CASE")
    page.locator("#find-note").fill("比对差异核查")
    page.get_by_role("button", name="查询", exact=True).click()
    page.get_by_role("link", name="王小明").click()
    page.get_by_text("有不同取值").first.click()
    sound(page, "conflict")
    page.goto(f"{live_server.url}/resources/registries/lineage/{city.ref}/phone/")
    table = page.get_by_role("region", name="谁怎么说，在哪一行")
    assert table.get_by_role("link", name="第 1 批第 2 行").count() == 2
    assert table.get_by_text("public_security").is_visible()
    assert table.get_by_text("civil_affairs").is_visible()
    page.get_by_text("把一行退回部门核实").click()
    sound(page, "lineage")
    page.get_by_label("civil_affairs").check()
    page.get_by_role("button", name="退回", exact=True).click()
    assert page.get_by_text("请填写存疑之处").first.is_visible()
    page.get_by_label("civil_affairs").check()
    page.locator("#f-why").fill("与居住证登记的电话不同，请与本人核实。")
    page.get_by_role("button", name="退回", exact=True).click()
    exception = QualityException.objects.get()
    assert page.url.endswith(f"/resources/quality/exceptions/{exception.pk}/")
    assert page.get_by_text("与居住证登记的电话不同").first.is_visible()
    sound(page, "returned")

    clerk = open_page("civil", 390)
    clerk.goto(f"{live_server.url}/resources/quality/exceptions/")
    clerk.get_by_role("link", name=exception.number).click()
    clerk.get_by_role("button", name="认领：本部门将更正").click()
    send(city.living, LIVING + f"{city.number},王小明,1,{OTHER}\n" + "\n")
    relay()
    exception.refresh_from_db()
    assert exception.state == "ANSWERED"
    send(city.living, LIVING + f"{city.number},王小明,1,{ONE}\n")
    relay()
    clerk.reload()
    assert clerk.get_by_text("后续批次已验证更正").first.is_visible()
    assert publish(city.number) == city.ref


def test_the_clerk_sends_an_excel_with_errors_corrects_it_and_the_exception_is_settled_by_proof(
    city, open_page, live_server, tmp_path
):
    page = open_page("civil", 390)
    wrong = city.number[:-1] + ("0" if city.number[-1] != "0" else "1")
    for number, name in ((wrong, "错误.xlsx"), (city.number, "更正.xlsx")):
        book = Workbook()
        book.active.append(["最低生活保障名册"])
        book.active.append(LIVING.strip().split(","))
        book.active.append([number, "王小明", "1", OTHER])
        content = BytesIO()
        book.save(content)
        (tmp_path / name).write_bytes(content.getvalue())
        page.goto(f"{live_server.url}/resources/landing/")
        page.get_by_role("link", name="报送文件").first.click()
        page.set_input_files("input[type=file]", tmp_path / name)
        if name == "更正.xlsx":
            page.get_by_label("全量").check()
        page.get_by_role("button", name="报送", exact=True).click()
        with context_use(context_system("test")):
            for pk in Batch.objects.filter(state="RECEIVED").values_list("pk", flat=True):
                landing.batch_process(pk, now=NOW)
        relay()
        page.reload()
        sound(page, f"batch-{name[:2]}")
        exception = QualityException.objects.get()
        page.goto(f"{live_server.url}/resources/quality/exceptions/{exception.pk}/")
        sound(page, f"exception-{name[:2]}")
        settled = page.get_by_text("后续批次已验证更正").count() > 0
        assert settled is (name == "更正.xlsx")
    assert exception.state == "CLOSED"


def test_the_citizen_says_this_is_wrong_and_sees_what_became_of_it(city, open_page, live_server):
    page = open_page("xiaoming", 390)
    page.goto(f"{live_server.url}/resources/registries/me/")
    assert page.get_by_text(OTHER).first.is_visible()
    sound(page, "my-data")
    page.goto(f"{live_server.url}/resources/registries/me/?field=phone#objection")
    page.locator("select[name=field]").select_option("phone")
    page.locator("[name=claimed]").fill(ONE)
    page.locator("[name=note]").fill("这个号码早已停用。")
    page.get_by_role("button", name="提交").last.click()
    assert page.get_by_text("异议已受理").first.is_visible()
    sound(page, "objection-open")
    relay()
    exception = QualityException.objects.get(origin="OBJECTION")

    steward = open_page("civil")
    steward.goto(f"{live_server.url}/resources/quality/exceptions/{exception.pk}/")
    steward.get_by_role("link", name="答复当事人的异议").click()
    steward.get_by_label("更正数据").check()
    steward.locator("[name=corrected]").fill(ONE)
    steward.locator("[name=answer]").fill("已按您的说明更正，感谢指正。")
    sound(steward, "objection-answer")
    steward.get_by_role("button", name="提交答复").click()
    relay()
    exception.refresh_from_db()
    assert (exception.state, exception.ending) == ("CLOSED", "ANSWERED")
    page.reload()
    assert page.get_by_text("已按您的说明更正").first.is_visible()
    sound(page, "objection-answered")
