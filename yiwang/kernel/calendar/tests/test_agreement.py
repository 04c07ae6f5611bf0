"""Three calendars made by different people agree for every day of the years that they share."""

import gzip
import json
from datetime import date, timedelta
from pathlib import Path

from yiwang.kernel.calendar.queries import calendar_of_file

OTHERS = json.loads(
    gzip.decompress((Path(__file__).parent / "data" / "calendars.json.gz").read_bytes())
)


def days(first: int, last: int):
    day = date(first, 1, 1)
    while day.year <= last:
        yield day
        day += timedelta(days=1)


def test_every_day_of_2004_to_2026_is_what_chinesecalendar_says():
    other = OTHERS["chinesecalendar"]
    off, worked = set(other["holidays"]), set(other["workdays"])
    ours = calendar_of_file()
    compared = list(days(*other["years"]))
    assert len(compared) == 8401
    for day in compared:
        theirs = day.isoformat() in worked or (day.weekday() < 5 and day.isoformat() not in off)
        assert ours.is_working(day) is theirs, day


def test_every_day_of_2007_to_2026_is_what_the_notices_in_holiday_cn_say():
    other = OTHERS["holiday_cn"]
    ours = calendar_of_file()
    compared = list(days(*other["years"]))
    assert len(compared) == 7305
    for day in compared:
        off = other["days"].get(day.isoformat(), day.weekday() >= 5)
        assert ours.is_working(day) is not off, day


def test_a_year_without_notice_is_published_in_none_of_them():
    assert OTHERS["holiday_cn"]["papers"]["2027"] == []
    assert OTHERS["chinesecalendar"]["years"][1] == 2026
    assert calendar_of_file().published_until == date(2026, 12, 31)


def test_every_year_since_2007_names_the_notice_it_was_taken_from():
    papers = OTHERS["holiday_cn"]["papers"]
    assert all(papers[str(year)] for year in range(2007, 2027))
