"""How long it will take, from how long it took (办理时长的经验区间): pure arithmetic over counted working days.

With n past cases that are like the next one, the next duration lies between the k-th and the m-th smallest with
probability at least (m - k) / (n + 1), whatever the distribution. Days are whole, so ties make intervals too wide;
an end is drawn in while the days that remain still hold their share.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from itertools import accumulate
from math import ceil, floor

from yiwang.hall.guides.data import Interval

SHARE = 80
COUNT_MIN = 20


def counts_of(days: Iterable[int]) -> dict[int, int]:
    """Count durations by length (时长计数).

    >>> counts_of([3, 1, 3])
    {1: 1, 3: 2}
    """
    found: dict[int, int] = {}
    for day in sorted(days):
        found[day] = found.get(day, 0) + 1
    return found


def interval_of(
    counts: Mapping[int, int], *, elapsed: int = 0, share: int = SHARE, least: int = COUNT_MIN
) -> Interval | None:
    """Return in how many working days a case ends with `share` % probability (经验区间).

    counts: {working days: cases}; elapsed: working days that have passed already, only cases that took as long count.
    None when fewer than `least` cases are left: not enough data.

    >>> interval_of({2: 10, 3: 60, 4: 20, 9: 10})
    Interval(low=3, high=9, count=100, share=80)
    >>> interval_of({2: 10, 3: 60, 4: 20, 9: 30}, elapsed=5)
    Interval(low=9, high=9, count=30, share=80)
    """
    days = sorted(day for day in counts if day >= elapsed and counts[day] > 0)
    sums = list(accumulate(counts[day] for day in days))
    total = sums[-1] if sums else 0
    if total < least:
        return None
    tail = (100 - share) / 200
    first = bisect_left(sums, max(1, floor((total + 1) * tail)))
    last = bisect_left(sums, min(total, ceil((total + 1) * (1 - tail))))
    first, last = _drawn_in(days, counts, first, last, need=ceil((total + 1) * share / 100))
    return Interval(days[first], days[last], total, share)


def _drawn_in(
    days: list[int], counts: Mapping[int, int], first: int, last: int, *, need: int
) -> tuple[int, int]:
    """Draw the ends in over ties, the rarer end first, while `need` cases stay inside."""
    inside = sum(counts[day] for day in days[first : last + 1])
    while first < last:
        low, high = counts[days[first]], counts[days[last]]
        # Of equal ends the early one goes: to end sooner than told does no harm.
        drop_low = low <= high
        rarer = low if drop_low else high
        if inside - rarer < need:
            other = high if drop_low else low
            if inside - other < need:
                break
            drop_low, rarer = not drop_low, other
        inside -= rarer
        first, last = (first + 1, last) if drop_low else (first, last - 1)
    return first, last
