"""Pure rules of the engine (流程规则): time limits."""

import datetime
import re

from yiwang.engines.workflow.data import Limit

NO_DUE = datetime.datetime(9999, 1, 1, tzinfo=datetime.UTC)

_LIMIT = re.compile(
    r"(?P<amount>\d{1,5}) ?(?P<unit>working days?|days?|hours?|minutes?|seconds?|个?工作日|天|小时|分钟)"
)
_UNITS = {
    "working day": "WORKING_DAY",
    "工作日": "WORKING_DAY",
    "个工作日": "WORKING_DAY",
    "day": "DAY",
    "天": "DAY",
    "hour": "HOUR",
    "小时": "HOUR",
    "minute": "MINUTE",
    "分钟": "MINUTE",
    "second": "SECOND",
}
_ISO = re.compile(
    r"P(?=.)(?:(?P<WEEK>\d{1,4})W)?(?:(?P<DAY>\d{1,5})D)?"
    r"(?:T(?=.)(?:(?P<HOUR>\d{1,5})H)?(?:(?P<MINUTE>\d{1,6})M)?(?:(?P<SECOND>\d{1,7})S)?)?"
)
_MONTHS = re.compile(r"P(?=.)(?:(?P<year>\d{1,3})Y)?(?:(?P<month>\d{1,4})M)?")
_SECONDS = {"WEEK": 604800, "DAY": 86400, "HOUR": 3600, "MINUTE": 60, "SECOND": 1}


def limit_parse(text: str) -> Limit | None:
    """Read a limit (时限) such as "5 working days", "5个工作日", "2 hours", "P1DT12H".

    Returns None when the text is no limit. Years and months go by the calendar, and are refused
    together with days or hours, because their sum has no one meaning.

    >>> limit_parse("5 working days"), limit_parse("P1DT12H"), limit_parse("P1Y2M")
    (Limit(amount=5, unit='WORKING_DAY'), Limit(amount=129600, unit='SECOND'), Limit(amount=14, unit='MONTH'))
    """
    text = " ".join(text.split())
    if match := _LIMIT.fullmatch(text):
        return Limit(int(match["amount"]), _UNITS[match["unit"].removesuffix("s")])
    if match := _MONTHS.fullmatch(text):
        return Limit(int(match["year"] or 0) * 12 + int(match["month"] or 0), "MONTH")
    if match := _ISO.fullmatch(text):
        parts = match.groupdict(default="0")
        return Limit(sum(int(parts[unit]) * size for unit, size in _SECONDS.items()), "SECOND")
    return None


def limit_duration(limit: Limit) -> datetime.timedelta:
    """Return the length of a limit that does not depend on a calendar (自然时长)."""
    return datetime.timedelta(seconds=limit.amount * _SECONDS[limit.unit])


def months_add(moment: datetime.datetime, months: int) -> datetime.datetime:
    """Return the same day some months later (加月), the last of the month where it has no such day.

    >>> months_add(datetime.datetime(2027, 1, 31), 1).isoformat()
    '2027-02-28T00:00:00'
    """
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    day = moment.day
    while True:
        try:
            return moment.replace(year=year, month=month + 1, day=day)
        except ValueError:
            day -= 1
