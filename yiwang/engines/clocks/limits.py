"""Reading limits as the field writes them (时限的写法): pure text to amount and unit.

"20 working days", "20个工作日内", "二十个工作日", "4 working hours", "48小时", "30 days", "P30D", "3 months", "一年", "PT90M".
Plain days, hours and minutes are those of the calendar and the clock on the wall.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from yiwang.engines.clocks.rules import CALENDAR_DAY, WORKING_DAY, WORKING_HOUR
from yiwang.sdk.errors import N_, Invalid

HOUR = "HOUR"
"""Hours on the wall (自然小时), night and holiday included: for emergencies; no clock is kept in it."""
MINUTE = "MINUTE"
"""Minutes on the wall (分钟), as `HOUR`."""
MONTH = "MONTH"
"""Calendar months (月): they end on the day of the same number, or the month's last (民法典 第二百零二条)."""
AMOUNT_MAX = 20_000

_UNITS = {
    "working day": WORKING_DAY, "workday": WORKING_DAY, "business day": WORKING_DAY,
    "个工作日": WORKING_DAY, "工作日": WORKING_DAY, "个工作天": WORKING_DAY, "工作天": WORKING_DAY,
    "working hour": WORKING_HOUR, "business hour": WORKING_HOUR, "office hour": WORKING_HOUR,
    "个工作小时": WORKING_HOUR, "工作小时": WORKING_HOUR, "个工作时": WORKING_HOUR, "工作时": WORKING_HOUR,
    "day": CALENDAR_DAY, "calendar day": CALENDAR_DAY, "natural day": CALENDAR_DAY,
    "个自然日": CALENDAR_DAY, "自然日": CALENDAR_DAY, "个日历日": CALENDAR_DAY, "日历日": CALENDAR_DAY,
    "天": CALENDAR_DAY, "日": CALENDAR_DAY, "个自然天": CALENDAR_DAY,
    "hour": HOUR, "h": HOUR, "小时": HOUR, "个小时": HOUR, "自然小时": HOUR, "个自然小时": HOUR,
    "minute": MINUTE, "min": MINUTE, "分钟": MINUTE, "分": MINUTE,
    "week": "WEEK", "周": "WEEK", "个星期": "WEEK", "星期": "WEEK",
    "month": MONTH, "calendar month": MONTH, "个月": MONTH, "月": MONTH,
    "year": "YEAR", "calendar year": "YEAR", "年": "YEAR",
}  # fmt: skip
_MULTIPLES = {"WEEK": (7, CALENDAR_DAY), "YEAR": (12, MONTH)}
_NUMBER = r"(\d{1,6})"
_ISO = re.compile(
    rf"P(?:{_NUMBER}W|(?:{_NUMBER}Y)?(?:{_NUMBER}M)?|(?:{_NUMBER}D)?(?:T(?:{_NUMBER}H)?(?:{_NUMBER}M)?)?)",
    re.IGNORECASE | re.ASCII,
)
_TEXT = re.compile(r"(?P<amount>\d{1,9}|[零〇一二两三四五六七八九十百千]+)\s*(?P<unit>[^\d\s].*)")
_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4}
_DIGITS |= {"五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_SIZES = {"十": 10, "百": 100, "千": 1000}
_CODES = {WORKING_DAY, WORKING_HOUR, CALENDAR_DAY, HOUR, MINUTE, MONTH}
_WORDS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen".split()


class LimitUnreadable(Invalid):
    """A text is no limit that can be counted (时限无法识别)."""

    code = "limit_unreadable"
    message = N_(
        "%(text)s is no time limit. Write for example: 20 working days, 20个工作日, "
        "4 working hours, 30 days, 3 months, 48 hours."
    )


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """A limit (时限). unit: WORKING_DAY, WORKING_HOUR, CALENDAR_DAY, MONTH, HOUR or MINUTE."""

    amount: int
    unit: str


def limit_read(text: str) -> TimeLimit:
    """Read a limit (识别时限). Raises `LimitUnreadable`.

    >>> limit_read("20个工作日"), limit_read("forty-eight hours" and "48 hours")
    (TimeLimit(amount=20, unit='WORKING_DAY'), TimeLimit(amount=48, unit='HOUR'))
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    found = _iso(plain) or _worded(plain)
    if found is None or found.amount > AMOUNT_MAX:
        raise LimitUnreadable(text=text)
    return found


def chinese_number(text: str) -> int:
    """Return the value of a Chinese numeral below ten thousand (中文数字).

    >>> chinese_number("二十"), chinese_number("四十五"), chinese_number("一百零五")
    (20, 45, 105)
    """
    total, digit = 0, 0
    for letter in text:
        if letter in _SIZES:
            total += (digit or 1) * _SIZES[letter]
            digit = 0
        else:
            digit = _DIGITS[letter]
    return total + digit


def span_read(text: str) -> tuple[datetime, datetime | None]:
    """Read a pause "A/B" (中止时段); "A/" has not ended. Raises `Invalid`."""
    begin, slash, end = text.partition("/")
    try:
        started = datetime.fromisoformat(begin.strip())
        ended = datetime.fromisoformat(end.strip()) if end.strip() not in ("", "..") else None
    except ValueError as error:
        raise Invalid(fields={"pause": [f"{text}: {error}"]}) from error
    if not slash:
        raise Invalid(fields={"pause": [f"{text}: write A/B, or A/ for a pause that goes on"]})
    return started, ended


def _iso(text: str) -> TimeLimit | None:
    match = _ISO.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    weeks, years, months, days, hours, minutes = (int(one or 0) for one in match.groups())
    if match[2] or match[3]:
        return TimeLimit(12 * years + months, MONTH)
    if match[6]:
        return TimeLimit(60 * (24 * days + hours) + minutes, MINUTE)
    return (
        TimeLimit(24 * days + hours, HOUR)
        if match[5]
        else TimeLimit(7 * weeks + days, CALENDAR_DAY)
    )


def _worded(text: str) -> TimeLimit | None:
    text = text.removesuffix("以内").removesuffix("之内").removesuffix("内").removeprefix("within ")
    first, _, rest = text.partition(" ")
    if first.lower() in _WORDS:
        text = f"{_WORDS.index(first.lower())} {rest}"
    if text == "半年":
        return TimeLimit(6, MONTH)
    match = _TEXT.fullmatch(text)
    if match is None:
        return None
    written, unit = match["amount"], match["unit"].strip()
    amount = int(written) if written.isdecimal() else chinese_number(written)
    code = unit if unit in _CODES else _unit(unit.lower().replace("_", " ").replace("-", " "))
    times, code = _MULTIPLES.get(code, (1, code))
    return TimeLimit(times * amount, code) if code else None


def _unit(name: str) -> str | None:
    return _UNITS.get(name) or _UNITS.get(name.removesuffix("s"))
