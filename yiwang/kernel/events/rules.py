"""When a failed delivery is tried again, and which topics a subscription covers."""

from datetime import timedelta

ATTEMPTS_MAX = 12
_FIRST_SECONDS = 2
_LONGEST_SECONDS = 3600


def retry_delay(attempts: int) -> timedelta | None:
    """Return how long to wait after `attempts` failures (退避), None when it has failed for good.

    2, 4, 8 … seconds, an hour at most: twelve attempts cover an hour and eight minutes.

    >>> [retry_delay(n).total_seconds() for n in (1, 2, 3)], retry_delay(ATTEMPTS_MAX)
    ([2.0, 4.0, 8.0], None)
    """
    if attempts >= ATTEMPTS_MAX:
        return None
    return timedelta(seconds=min(_FIRST_SECONDS * 2 ** (attempts - 1), _LONGEST_SECONDS))


def topic_matches(pattern: str, topic: str) -> bool:
    """Tell whether a subscription to `pattern` covers `topic`; a pattern may end in `.*`.

    >>> topic_matches("licence.*", "licence.issued"), topic_matches("licence.*", "licences.x")
    (True, False)
    """
    if pattern.endswith(".*"):
        return topic.startswith(pattern[:-1])
    return pattern == topic
