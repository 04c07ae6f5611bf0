"""The pages: a clerk answers and corrects, the data bureau decides, another department sees nothing."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from yiwang.identity.api import accounts_load, posts_load
from yiwang.kernel.api import context_system, context_use
from yiwang.resources.quality.actions.exceptions import exception_from_objection
from yiwang.resources.quality.actions.monitoring import monitor_sweep
from yiwang.resources.quality.hooks import fix_register
from yiwang.resources.quality.models import QualityAlert, QualityException
from yiwang.resources.quality.tests.conftest import NOW

HOME = "/resources/quality/"
GOOD = ("A1", "张三", "1", "2026-01-02")
NAMELESS = ("A2", None, "1", "2026-01-02")


@pytest.fixture
def desk(city):
    """Sign a steward of each department in."""
    clients = {}
    for name, uscc in (("bureau", "1"), ("data", "3"), ("health", "4")):
        post = {"department_uscc": uscc * 18, "title": "数据管理岗"}
        posts_load([post | {"roles": ["DATA_STEWARD"]}], now=NOW)
        row = {"username": name, "population": "STAFF", "name": name, "posts": [post]}
        accounts_load([row], now=NOW)
        clients[name] = Client()
        clients[name].force_login(get_user_model().objects.get(username=name))
    city.clients = clients
    return city


def page(client, address, status=200, language="zh-Hans"):
    response = client.get(HOME + address, headers={"Accept-Language": language})
    if response.streaming:
        return b"".join(response.streaming_content).decode()
    assert response.status_code == status, response.content.decode()[:2000]
    return response.content.decode()


def post(client, address, status=302, **values):
    response = client.post(HOME + address, values, headers={"Accept-Language": "zh-Hans"})
    assert response.status_code == status, response.content.decode()[:2000]
    return response.content.decode()


def test_empty_pages_say_why(desk):
    for address in ("", "exceptions/", "monitor/"):
        for language in ("zh-Hans", "en"):
            page(desk.clients["bureau"], address, language=language)
    assert "尚无评分" in page(desk.clients["data"], "")
    assert "Nothing has been measured yet" in page(desk.clients["data"], "", language="en")
    page(desk.clients["bureau"], f"resources/{desk.resource_id}/")


def test_boards_show_scores_down_to_the_rows(desk):
    desk.batch([GOOD, NAMELESS])
    desk.batch([GOOD, NAMELESS], now=timezone.now())
    resource = f"resources/{desk.resource_id}/"
    for address in ("", f"departments/{desk.ids['bureau']}/", resource, f"{resource}fields/name/"):
        for language in ("zh-Hans", "en"):
            assert "50.0" in page(desk.clients["data"], address, language=language) or address != (
                f"{resource}fields/name/"
            )
    assert "A2" in page(desk.clients["bureau"], f"{resource}rows/")
    assert "A2" in page(desk.clients["bureau"], f"{resource}rows.csv")
    assert "婚姻登记信息" in page(desk.clients["data"], "?export=csv")
    page(desk.clients["data"], f"{resource}fields/nobody/", status=404)
    for address in (f"departments/{desk.ids['bureau']}/", resource, f"{resource}rows/"):
        page(desk.clients["health"], address, status=404)


def test_personal_values_are_hidden_from_other_departments(desk):
    desk.batch([GOOD, ("A3", "李四光辉明", "1", "2026-01-02")])
    (row,) = QualityException.objects.all()
    for address in (f"exceptions/{row.pk}/", f"resources/{desk.resource_id}/rows/",
                    f"exceptions/{row.pk}/rows.csv"):  # fmt: skip
        assert "李四光辉明" in page(desk.clients["bureau"], address)
        assert "李四光辉明" not in page(desk.clients["data"], address)


def test_a_clerk_corrects_a_value_in_place_and_the_batch_settles_it(desk):
    fix_register(desk.send)
    desk.batch([GOOD, NAMELESS])
    (row,) = QualityException.objects.all()
    address = f"exceptions/{row.pk}/"
    text = page(desk.clients["bureau"], address)
    assert 'name="c-3-name"' in text
    assert QualityException.objects.get().state == "SEEN"
    nothing = post(desk.clients["bureau"], address, 422, act="FIX", **{"c-3-name": ""})
    assert "更正" in nothing
    post(desk.clients["bureau"], address, act="FIX", **{"c-3-name": "钱二"})
    assert QualityException.objects.get().ending == "PROVED"
    assert "已办结" in page(desk.clients["bureau"], address)
    assert row.number not in page(desk.clients["bureau"], "exceptions/")
    assert row.number in page(desk.clients["bureau"], "exceptions/?state=ALL")


def test_a_dispute_is_answered_and_decided_on_the_pages(desk):
    desk.batch([GOOD, NAMELESS])
    (row,) = QualityException.objects.all()
    address = f"exceptions/{row.pk}/"
    assert "请填写理由" in post(desk.clients["bureau"], address, 422, act="DISPUTED", reason=" ")
    post(desk.clients["bureau"], address, act="DISPUTED", reason="本人无姓名登记")
    text = page(desk.clients["data"], address)
    assert "本人无姓名登记" in text
    post(desk.clients["health"], address, 404, act="WAIVED", reason="x")
    assert QualityException.objects.get().state == "DISPUTED"
    post(desk.clients["data"], address, act="UPHELD", reason="应有姓名")
    assert QualityException.objects.get().state == "ANSWERED"
    assert "应有姓名" in page(desk.clients["bureau"], address, language="en")


def test_lists_filter_and_export(desk):
    desk.batch([GOOD, NAMELESS])
    with context_use(context_system("test")):
        exception_from_objection(
            {"number": "YY1", "field": "phone", "department_id": desk.ids["bureau"]}, now=NOW
        )
    first, second = QualityException.objects.order_by("id")
    assert second.number in page(desk.clients["bureau"], "exceptions/?origin=OBJECTION")
    assert first.number not in page(desk.clients["bureau"], "exceptions/?origin=OBJECTION")
    assert first.number in page(desk.clients["bureau"], "exceptions/?q=姓名")
    assert first.number in page(desk.clients["bureau"], "exceptions/?export=csv")
    assert first.number not in page(desk.clients["health"], "exceptions/")
    assert "/objections/YY1/" in page(desk.clients["bureau"], f"exceptions/{second.pk}/")


def test_an_alert_is_explained_on_the_page(desk):
    for hour in range(5):
        rows = [(f"B{n}", "张三", "1", "2026-01-02") for n in range(50 if hour < 4 else 5)]
        desk.batch(rows, now=NOW + timedelta(hours=hour))
    with context_use(context_system("test")):
        monitor_sweep(now=NOW)
    alert = QualityAlert.objects.get(kind="VOLUME")
    assert "50" in page(desk.clients["bureau"], "monitor/")
    post(desk.clients["bureau"], "monitor/", 422, alert=str(alert.pk), reason="")
    post(desk.clients["health"], "monitor/", 422, alert=str(alert.pk), reason="x")
    assert QualityAlert.objects.get(pk=alert.pk).state == "OPEN"
    post(desk.clients["bureau"], "monitor/", alert=str(alert.pk), reason="年底停办")
    assert "年底停办" in page(desk.clients["data"], "monitor/", language="en")
