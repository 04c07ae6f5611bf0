"""The public year view."""

from datetime import UTC, date, datetime

import pytest

from yiwang.kernel.audit.context import context_system, context_use
from yiwang.kernel.calendar.actions import calendar_seed_load, closure_add

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
