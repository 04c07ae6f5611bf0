"""Tries are counted by minute, for each key by itself."""

from datetime import UTC, datetime

import pytest

from yiwang.kernel.ui.limits import rate_exceeded

LAST = datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC)  # the year's last second in the city


@pytest.fixture
def minute(monkeypatch):
    """Say what time it is for whoever counts."""

    def say(at: datetime) -> None:
        monkeypatch.setattr("yiwang.kernel.ui.limits._now", lambda: at)

    say(LAST)
    return say


def tries(key: str, count: int) -> list[bool]:
    return [rate_exceeded(key, per_minute=2) for _ in range(count)]


def test_one_try_more_than_a_minute_allows_is_told_until_the_next_begins(minute):
    assert tries("a", 4) == [False, False, True, True]
    minute(LAST.replace(second=0))
    assert tries("a", 1) == [True]
    minute(datetime(2026, 12, 31, 16, tzinfo=UTC))
    assert tries("a", 3) == [False, False, True]


def test_each_key_is_counted_by_itself(minute):
    assert (tries("a", 3), tries("b", 2)) == ([False, False, True], [False, False])


def test_no_test_begins_with_the_tries_of_another():
    assert tries("a", 2) == [False, False]
