"""Fitness, bottlenecks and a fair league table (流程分析的算法): pure.

Fitness of a version is the share of its transitions that its model allows, the beginning and the end of a case being
transitions too; beside it stands the share of cases without any deviation.

Departments are compared by indirect standardisation: what each took, over what the whole city takes for the same steps
of the same matters. 1 is the city; the interval holds the ratio with 95 % when times of one kind vary as they do in
the city. Below SMALL steps the ratio is shown and not ranked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import sqrt

SMALL = 30
Z = 1.96


@dataclass(frozen=True, slots=True)
class Kind:
    """Steps of one kind done by one department: how many, sum of seconds, sum of squares (分层)."""

    stratum: tuple[str, str]
    department_id: int
    count: int
    total: float
    squares: float


@dataclass(frozen=True, slots=True)
class Place:
    """A department in the league table (部门用时比): ratio of what it took to what its mix of matters takes.

    place: None for those with few steps; low, high: the interval.
    """

    place: int | None
    department_id: int
    steps: int
    took: float
    expected: float
    ratio: float
    low: float
    high: float


def league(kinds: Iterable[Kind]) -> list[Place]:
    """Rank departments by their standardised ratio (公平排行), the fastest first, those with few steps after.

    >>> made = league([Kind(("a", "x"), 1, 40, 400, 4200), Kind(("a", "x"), 2, 40, 800, 16400)])
    >>> [(one.place, one.department_id, round(one.ratio, 2)) for one in made]
    [(1, 1, 0.67), (2, 2, 1.33)]
    """
    found = list(kinds)
    city = _city(found)
    sums: dict[int, list[float]] = {}
    for one in found:
        mean, variance = city[one.stratum]
        own = sums.setdefault(one.department_id, [0, 0.0, 0.0, 0.0])
        own[0] += one.count
        own[1] += one.total
        own[2] += one.count * mean
        own[3] += one.count * variance
    rows = [_place(department, *own) for department, own in sums.items() if own[2] > 0]
    rows.sort(key=lambda row: (row.steps < SMALL, row.ratio, row.department_id))
    return [_placed(row, at) for at, row in enumerate(rows, 1)]


def _city(kinds: list[Kind]) -> Mapping[tuple[str, str], tuple[float, float]]:
    """Return mean and variance of every stratum over the whole city."""
    sums: dict[tuple[str, str], list[float]] = {}
    for one in kinds:
        own = sums.setdefault(one.stratum, [0, 0.0, 0.0])
        own[0] += one.count
        own[1] += one.total
        own[2] += one.squares
    return {
        stratum: (total / count, max(squares / count - (total / count) ** 2, 0.0))
        for stratum, (count, total, squares) in sums.items()
    }


def _place(
    department_id: int, steps: float, took: float, expected: float, variance: float
) -> Place:
    ratio, half = took / expected, Z * sqrt(variance) / expected
    low, high = max(ratio - half, 0.0), ratio + half
    return Place(None, department_id, int(steps), took, expected, ratio, low, high)


def _placed(row: Place, at: int) -> Place:
    return Place(
        at if row.steps >= SMALL else None,
        row.department_id,
        row.steps,
        row.took,
        row.expected,
        row.ratio,
        row.low,
        row.high,
    )


def verdict(low: float, high: float) -> str:
    """Say what an interval allows to say (结论): FASTER or SLOWER than the city, else LIKE.

    >>> verdict(0.6, 0.9), verdict(0.9, 1.2), verdict(1.1, 1.4)
    ('FASTER', 'LIKE', 'SLOWER')
    """
    if high < 1:
        return "FASTER"
    return "SLOWER" if low > 1 else "LIKE"
