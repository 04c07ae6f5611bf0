"""What the calendar's readers get, and the form of the file that it is loaded from."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from yiwang.sdk.errors import N_, Invalid

HOLIDAY, MAKE_UP = "HOLIDAY", "MAKE_UP"
SEED = Path(__file__).parent / "data" / "chinese-days.json"
"""The years that the product ships."""


class CalendarFileInvalid(Invalid):
    """The calendar file cannot be read as holidays and make-up days by year."""

    code = "calendar_file_invalid"
    message = N_("The calendar file cannot be used: %(reason)s")


@dataclass(frozen=True, slots=True)
class CalendarDayView:
    """One published day (放假或调休上班日). kind: HOLIDAY or MAKE_UP; name: {zh, en}."""

    date: date
    kind: str
    name: dict[str, str]


@dataclass(frozen=True, slots=True)
class ClosureView:
    """One local closure (停止办公). area_code "" is the whole installation.

    part: AM, PM or "" for the whole day; counts: whether the day counts as a working day in time limits.
    """

    id: int
    area_code: str
    date: date
    reason: str
    document: str
    part: str = ""
    counts: bool = False


@dataclass(frozen=True, slots=True)
class CalendarYearView:
    """One published year (年度放假安排) with its days; source {zh, en}: where it was taken from."""

    year: int
    source: dict[str, str]
    days: tuple[CalendarDayView, ...]


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What loading a file did: years by outcome."""

    added: tuple[int, ...]
    changed: tuple[int, ...]
    unchanged: tuple[int, ...]


def calendar_file_parse(content: object) -> dict[int, list[CalendarDayView]]:
    """Read {"holidays": {ISO date: "English,中文,n"}, "workdays": {…}} into days by year.

    A year counts as published when it has at least one holiday. Raises `CalendarFileInvalid`.
    """
    if not isinstance(content, dict):
        raise CalendarFileInvalid(reason="it is not an object")
    days: dict[date, CalendarDayView] = {}
    for section, kind in (("holidays", HOLIDAY), ("workdays", MAKE_UP)):
        for key, text in _section(content, section).items():
            day = _day(key)
            if day in days:
                raise CalendarFileInvalid(reason=f"{key} is both a holiday and a working day")
            english, chinese = (str(text).split(",") + [""])[:2]
            days[day] = CalendarDayView(day, kind, {"zh": chinese or english, "en": english})
    published = {view.date.year for view in days.values() if view.kind == HOLIDAY}
    if stray := sorted({day.year for day in days} - published):
        raise CalendarFileInvalid(reason=f"{stray[0]} has working days but no holiday")
    by_year: dict[int, list[CalendarDayView]] = {year: [] for year in sorted(published)}
    for day in sorted(days):
        by_year[day.year].append(days[day])
    return by_year


def _section(content: dict, name: str) -> dict:
    section = content.get(name, {})
    if not isinstance(section, dict):
        raise CalendarFileInvalid(reason=f"{name} is not an object")
    return section


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise CalendarFileInvalid(reason=f"{text!r} is not a date") from error
