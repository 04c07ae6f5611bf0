"""The public year view."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from django.test import RequestFactory

from yiwang.kernel.audit.context import RequestContext, context_system, context_use
from yiwang.kernel.calendar.actions import calendar_seed_load, closure_add
from yiwang.kernel.calendar.models import LocalClosure
from yiwang.kernel.calendar.views import CLOSE, close, reopen
from yiwang.kernel.codes.actions import code_table_load
from yiwang.kernel.codes.rules import CodeRow
from yiwang.sdk.errors import Forbidden

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _calendar():
    with context_use(context_system("test")):
        calendar_seed_load(now=NOW)
        closure_add("320500", day=date(2026, 9, 14), reason="台风停工", document="苏防〔2026〕9号")


def page(client, address: str, language: str = "zh-hans") -> str:
    response = client.get(address, headers={"accept-language": language})
    assert response.status_code == 200
    return response.content.decode()


def test_a_year_shows_holidays_make_up_days_and_closures(client):
    text = page(client, "/kernel/calendar/?year=2026")
    assert "2026年工作日历" in text
    assert "247个工作日" in text
    assert 'class="day day-holiday" title="国庆节">1<small>休' in text
    assert 'class="day day-make_up" title="国庆节">10<small>班' in text
    assert 'class="day day-closed" title="台风停工">14<small>停' in text
    assert "苏防〔2026〕9号" in text


def test_a_year_that_is_not_published_says_so(client):
    text = page(client, "/kernel/calendar/?year=2027")
    assert "2027年工作日历尚未公布" in text
    assert "year-grid" not in text


def test_the_page_is_complete_in_english(client):
    text = page(client, "/kernel/calendar/?year=2026", "en")
    assert "Working-day calendar 2026" in text
    assert "National Day" in text
    assert "247 working days" in text


@pytest.mark.parametrize("wrong", ["?year=1999", "?year=abc", "?area=999999", "?year=2026&area='"])
def test_wrong_addresses_fall_back_quietly(client, wrong):
    assert "工作日历" in page(client, "/kernel/calendar/" + wrong)


STEWARD = RequestContext(
    population="STAFF", account_id=7, name="数据管理", permissions=frozenset({CLOSE})
)
ORDER = {"day": "2026-09-15", "part": "PM", "counts": "yes", "reason": "停电", "document": "1号"}


def posted(view, context, post: dict, *args):
    request = RequestFactory().post("/kernel/calendar/", post)
    with context_use(context):
        return view(request, *args)


@pytest.fixture
def area(settings):
    with context_use(context_system("test")):
        code_table_load(
            "divisions",
            edition="t",
            rows=[CodeRow(settings.CITY["area_code"], "苏州市", "Suzhou")],
            valid_from=date(2020, 1, 1),
            now=NOW,
            source="test",
        )
    return settings.CITY["area_code"]


def test_who_may_closes_half_a_day_and_takes_it_back(client, area):
    answer = posted(close, STEWARD, ORDER | {"closed_area": area})
    assert (answer.status_code, answer.url.partition("?")[2]) == (
        302,
        f"year=2026&area={area}#closures",
    )
    closure = LocalClosure.objects.get(reason="停电")
    assert (closure.part, closure.counts, closure.document) == ("PM", True, "1号")
    text = page(client, "/kernel/calendar/?year=2026")
    assert 'class="day day-pm" title="停电">15<small>下午停' in text
    assert 'data-label="停办时段">下午<' in text
    assert "计入工作日" in text
    assert "撤销停办" not in text  # not for everybody
    posted(reopen, STEWARD, {"reason": "", "year": "2026"}, closure.pk)
    assert LocalClosure.objects.filter(pk=closure.pk).exists()
    posted(reopen, STEWARD, {"reason": "来电", "year": "2026"}, closure.pk)
    assert not LocalClosure.objects.filter(pk=closure.pk).exists()


@pytest.mark.parametrize(
    "wrong", [{"day": "soon"}, {"part": "NIGHT"}, {"reason": ""}, {"closed_area": "990000"}]
)
def test_a_wrong_order_is_shown_again_with_what_was_typed_and_closes_nothing(area, wrong):
    answer = posted(
        close, STEWARD, ORDER | {"closed_area": area, "document": "苏电〔2026〕3号"} | wrong
    )
    assert answer.status_code == 422
    assert "苏电〔2026〕3号" in answer.content.decode()
    assert LocalClosure.objects.count() == 1


def test_closing_needs_the_permission(area):
    with pytest.raises(Forbidden):
        posted(close, replace(STEWARD, permissions=frozenset()), ORDER | {"closed_area": area})
    assert LocalClosure.objects.count() == 1
