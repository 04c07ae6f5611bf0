"""When a message goes out (发送时机), pure: a person's choices, quiet hours, the daily digest, trying again.

All times of the day are the city's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

AT_ONCE, DIGEST, OFF = "AT_ONCE", "DIGEST", "OFF"
MODES = (AT_ONCE, DIGEST, OFF)
TEMPORARY_FOR = timedelta(hours=72)
TECHNICAL_AT_MOST = 6
_FIRST = timedelta(minutes=1)
_LONGEST = timedelta(hours=6)
_DOWN_FIRST = timedelta(seconds=5)
_DOWN_LONGEST = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Choice:
    """A person's choices (消息偏好). ways: {group: {channel: mode}}; what is not named goes out at once.

    language: zh, en, or "" for the account's own. quiet_from = quiet_to: no quiet hours.
    """

    language: str = ""
    quiet_from: time = time(21, 0)
    quiet_to: time = time(8, 0)
    digest_at: time = time(18, 0)
    ways: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def mode(self, group: str, channel: str) -> str:
        """Say how messages of a group reach the person on a channel: AT_ONCE, DIGEST or OFF."""
        return self.ways.get(group, {}).get(channel, AT_ONCE)


def is_quiet(at: time, choice: Choice) -> bool:
    """Tell whether a time of the day is in the quiet hours (免打扰).

    >>> is_quiet(time(23), Choice()), is_quiet(time(7, 59), Choice()), is_quiet(time(8), Choice())
    (True, True, False)
    """
    start, end = choice.quiet_from, choice.quiet_to
    if start == end:
        return False
    return start <= at < end if start < end else at >= start or at < end


def not_before(now: datetime, choice: Choice, *, mode: str, is_urgent: bool) -> datetime:
    """Return the earliest moment for a message (最早发送时间): now, the digest, the end of the quiet hours.

    now: the city's time. What is urgent goes at once.
    """
    if is_urgent:
        return now
    at = _next(now, choice.digest_at) if mode == DIGEST else now
    if is_quiet(at.timetz().replace(tzinfo=None), choice):
        at = _next(at, choice.quiet_to)
    return at


def _next(now: datetime, at: time) -> datetime:
    """Return the next moment of the clock at or after now."""
    today = now.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    return today if today >= now else today + timedelta(days=1)


def retry_after(attempts: int) -> timedelta:
    """Return how long one message waits after a failure of its own (退避): 1, 2, 4 … minutes, 6 hours at most.

    >>> [retry_after(n).total_seconds() / 60 for n in (1, 2, 3, 20)]
    [1.0, 2.0, 4.0, 360.0]
    """
    return min(_FIRST * 2 ** min(attempts - 1, 20), _LONGEST)


def probe_after(failures: int) -> timedelta:
    """Return when a channel that is down is tried again: 5, 10, 20 … seconds, five minutes at most.

    >>> [probe_after(n).total_seconds() for n in (1, 2, 9)]
    [5.0, 10.0, 300.0]
    """
    return min(_DOWN_FIRST * 2 ** min(failures - 1, 20), _DOWN_LONGEST)
