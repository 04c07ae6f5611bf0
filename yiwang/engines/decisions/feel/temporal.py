"""Dates, times and durations of FEEL (日期与时间), whose years run from -999,999,999 to 999,999,999.

Python's own end at the year 9999 and know no time of day without a date that carries a zone, so these are
classes of their own: immutable, hashable, compared by `feel.values`.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

YEAR_LIMIT = 999_999_999
DAY = 86_400
ZONE_LIMIT = 18 * 3600
MONTHS_LIMIT = 12 * YEAR_LIMIT * 2

_DATE = r"(?P<year>-?(?:[1-9]\d{4,8}|\d{4}))-(?P<month>\d\d)-(?P<day>\d\d)"
_TIME = (
    r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?P<fraction>\.\d+)?"
    r"(?P<zone>[zZ]|[+-]\d\d:\d\d(?::\d\d)?|@[\w/+-]+)?"
)
DATE_FORM, TIME_FORM = re.compile(_DATE), re.compile(_TIME)
DATE_TIME_FORM = re.compile(f"{_DATE}T{_TIME}")
MONTHS_FORM = re.compile(r"(-)?P(?:(\d+)Y)?(?:(\d+)M)?")
SECONDS_FORM = re.compile(
    r"(-)?P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d*)?)S)?)?(?<![PT])"
)


@dataclass(frozen=True, slots=True)
class Date:
    """A day (日期) of the proleptic Gregorian calendar."""

    year: int
    month: int
    day: int

    def __str__(self) -> str:
        sign = "-" if self.year < 0 else ""
        return f"{sign}{abs(self.year):04d}-{self.month:02d}-{self.day:02d}"

    @property
    def ordinal(self) -> int:
        """Return days since 1970-01-01."""
        return ordinal_of(self.year, self.month, self.day)


@dataclass(frozen=True, slots=True)
class Time:
    """A time of day (时刻): seconds since midnight, its zone as offset in seconds or by name, or neither."""

    seconds: Decimal
    offset: int | None = None
    zone: str = ""

    @property
    def hour(self) -> int:
        """Return the hour, 0-23."""
        return int(self.seconds // 3600)

    @property
    def minute(self) -> int:
        """Return the minute, 0-59."""
        return int(self.seconds % 3600 // 60)

    @property
    def second(self) -> Decimal:
        """Return the second with its fraction."""
        return self.seconds % 60

    @property
    def is_zoned(self) -> bool:
        """Tell whether it says where on earth it is meant."""
        return self.offset is not None or bool(self.zone)

    def offset_on(self, day: Date) -> int | None:
        """Return the offset from UTC in seconds on a day; None without a zone."""
        return zone_offset(self.zone, day, self.seconds) if self.zone else self.offset

    def __str__(self) -> str:
        whole = int(self.second)
        rest = self.second - whole
        fraction = f"{rest.normalize():f}"[1:] if rest else ""
        return f"{self.hour:02d}:{self.minute:02d}:{whole:02d}{fraction}{self.zone_text}"

    @property
    def zone_text(self) -> str:
        """Return the zone as it is written."""
        if self.zone:
            return f"@{self.zone}"
        if self.offset is None:
            return ""
        return offset_text(self.offset)


@dataclass(frozen=True, slots=True)
class DateTime:
    """A day and a time of day (日期时间)."""

    date: Date
    time: Time

    @property
    def offset(self) -> int | None:
        """Return the offset from UTC in seconds; None without a zone."""
        return self.time.offset_on(self.date)

    @property
    def instant(self) -> Decimal:
        """Return seconds since 1970-01-01T00:00:00Z; without a zone as if it were UTC."""
        return self.date.ordinal * DAY + self.time.seconds - (self.offset or 0)

    def __str__(self) -> str:
        return f"{self.date}T{self.time}"


@dataclass(frozen=True, slots=True)
class Months:
    """A duration of years and months (年月时长)."""

    months: int

    def __str__(self) -> str:
        years, months = divmod(abs(self.months), 12)
        text = (f"{years}Y" if years else "") + (f"{months}M" if months else "")
        return f"{'-' if self.months < 0 else ''}P{text or '0M'}"


@dataclass(frozen=True, slots=True)
class Seconds:
    """A duration of days and time (日时时长) in seconds."""

    seconds: Decimal

    @property
    def parts(self) -> tuple[int, int, int, Decimal]:
        """Return days, hours, minutes and seconds, all of one sign."""
        sign = -1 if self.seconds < 0 else 1
        whole = abs(self.seconds)
        days, rest = divmod(whole, DAY)
        hours, rest = divmod(rest, 3600)
        minutes, seconds = divmod(rest, 60)
        return sign * int(days), sign * int(hours), sign * int(minutes), sign * seconds

    def __str__(self) -> str:
        days, hours, minutes, seconds = (abs(part) for part in self.parts)
        clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
        clock += f"{seconds.normalize():f}S" if seconds else ""
        text = (f"{days}D" if days else "") + (f"T{clock}" if clock else "")
        return f"{'-' if self.seconds < 0 else ''}P{text or 'T0S'}"


def ordinal_of(year: int, month: int, day: int) -> int:
    """Return days since 1970-01-01 of any day; works in cycles of 400 years.

    >>> ordinal_of(1970, 1, 1), ordinal_of(2000, 3, 1), ordinal_of(1969, 12, 31)
    (0, 11017, -1)
    """
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def date_of(ordinal: int) -> Date | None:
    """Return the day so many days after 1970-01-01; None out of range.

    >>> str(date_of(0)), str(date_of(11017)), str(date_of(-1))
    ('1970-01-01', '2000-03-01', '1969-12-31')
    """
    era, day = divmod(ordinal + 719_468, 146_097)
    of_era = (day - day // 1460 + day // 36_524 - day // 146_096) // 365
    of_year = day - (365 * of_era + of_era // 4 - of_era // 100)
    part = (5 * of_year + 2) // 153
    month = part + (3 if part < 10 else -9)
    year = era * 400 + of_era + (month <= 2)
    return date_make(year, month, of_year - (153 * part + 2) // 5 + 1)


def month_length(year: int, month: int) -> int:
    """Return the number of days of a month."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def date_make(year: int, month: int, day: int) -> Date | None:
    """Return a day, or None when there is no such day."""
    if abs(year) > YEAR_LIMIT or not 1 <= month <= 12 or not 1 <= day <= month_length(year, month):
        return None
    return Date(year, month, day)


def time_make(
    hour: int, minute: int, second: Decimal, offset: int | None = None, zone: str = ""
) -> Time | None:
    """Return a time of day, or None when there is no such time."""
    if not (0 <= hour <= 23 and 0 <= minute <= 59 and 0 <= second < 60):
        return None
    if offset is not None and abs(offset) > ZONE_LIMIT:
        return None
    return Time(hour * 3600 + minute * 60 + Decimal(second), offset, zone)


def date_read(text: str) -> Date | None:
    """Read an ISO 8601 day; None when the text is not one."""
    found = DATE_FORM.fullmatch(text)
    return _date_matched(found) if found else None


def _date_matched(found: re.Match) -> Date | None:
    return date_make(int(found["year"]), int(found["month"]), int(found["day"]))


def time_read(text: str) -> Time | None:
    """Read a time of day, with Z, an offset, or @ and a zone; None when the text is not one."""
    found = TIME_FORM.fullmatch(text.removeprefix("T"))
    return _time_matched(found) if found else None


def _time_matched(found: re.Match) -> Time | None:
    second = Decimal(found["second"] + (found["fraction"] or ""))
    offset, zone = None, ""
    if (written := found["zone"] or "").startswith("@"):
        zone = written[1:]
        if zone_info(zone) is None:
            return None
    elif written:
        offset = offset_read(written)
    return time_make(int(found["hour"]), int(found["minute"]), second, offset, zone)


def date_time_read(text: str) -> DateTime | None:
    """Read a day with a time, or a day alone as its midnight; None when the text is neither."""
    if found := DATE_TIME_FORM.fullmatch(text.replace("T24:00:00", "T00:00:00")):
        day, time = _date_matched(found), _time_matched(found)
        if day and "T24:00:00" in text:  # the end of a day is the beginning of the next
            day = date_of(day.ordinal + 1)
        return DateTime(day, time) if day and time else None
    day = date_read(text)
    return DateTime(day, Time(Decimal(0))) if day else None


def duration_read(text: str) -> Months | Seconds | None:
    """Read an ISO 8601 duration of years and months, or of days and time; None when it is neither.

    >>> str(duration_read("P26M")), str(duration_read("-PT61M")), duration_read("P1Y2D")
    ('P2Y2M', '-PT1H1M', None)
    """
    if (found := MONTHS_FORM.fullmatch(text)) and (found[2] or found[3]):
        months = 12 * int(found[2] or 0) + int(found[3] or 0)
        return Months(-months if found[1] else months) if months <= MONTHS_LIMIT else None
    if found := SECONDS_FORM.fullmatch(text):
        days, hours, minutes = (int(part or 0) for part in found.groups()[1:4])
        seconds = days * DAY + hours * 3600 + minutes * 60 + Decimal(found[5] or 0)
        return Seconds(-seconds if found[1] else seconds)
    return None


def offset_read(text: str) -> int:
    """Read Z or ±hh:mm[:ss] as seconds.

    >>> offset_read("-05:30"), offset_read("Z")
    (-19800, 0)
    """
    if text in "zZ":
        return 0
    hours, minutes, *rest = text[1:].split(":")
    seconds = int(hours) * 3600 + int(minutes) * 60 + int(rest[0] if rest else 0)
    return -seconds if text[0] == "-" else seconds


def offset_text(offset: int) -> str:
    """Write an offset: Z, ±hh:mm or ±hh:mm:ss."""
    if offset == 0:
        return "Z"
    hours, rest = divmod(abs(offset), 3600)
    seconds = f":{rest % 60:02d}" if rest % 60 else ""
    return f"{'-' if offset < 0 else '+'}{hours:02d}:{rest // 60:02d}{seconds}"


@lru_cache(maxsize=256)
def zone_info(name: str) -> ZoneInfo | None:
    """Return a zone of the IANA database; None when there is none of the name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def zone_offset(name: str, day: Date, seconds: Decimal) -> int:
    """Return a zone's offset in seconds at a local time; beyond the years of Python by a near year."""
    year = min(max(day.year, 2), 9998)
    local = datetime(year, day.month, min(day.day, 28), tzinfo=UTC).replace(tzinfo=None)
    local += timedelta(days=day.day - min(day.day, 28), seconds=int(seconds))
    found = local.replace(tzinfo=zone_info(name)).utcoffset()
    return int(found.total_seconds()) if found else 0


def months_add(day: Date, months: int) -> Date | None:
    """Return the day so many months later; the last of the month where there is no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date_make(year, month + 1, min(day.day, month_length(year, month + 1)))


def seconds_add(moment: DateTime, seconds: Decimal) -> DateTime | None:
    """Return the moment so many seconds later on the same clock."""
    days, rest = divmod(moment.time.seconds + seconds, DAY)
    if rest < 0:  # Decimal's remainder has the sign of the dividend
        days, rest = days - 1, rest + DAY
    day = date_of(moment.date.ordinal + int(days))
    return DateTime(day, Time(rest, moment.time.offset, moment.time.zone)) if day else None


def time_add(time: Time, seconds: Decimal) -> Time:
    """Return the time of day so many seconds later, past midnight from the beginning."""
    rest = (time.seconds + seconds) % DAY
    return Time(rest + DAY if rest < 0 else rest, time.offset, time.zone)


def months_between(first: DateTime, last: DateTime) -> Months:
    """Return the whole months from one day to another, negative backwards; the time of day does not count."""
    months = (last.date.year - first.date.year) * 12 + last.date.month - first.date.month
    if months > 0 and last.date.day < first.date.day:
        months -= 1
    elif months < 0 and last.date.day > first.date.day:
        months += 1
    return Months(months)
