"""Made histories of applications (模拟办件历史), on which the calibration of forecasts is measured.

Nothing of the product reads this: tests and the benchmark do. Durations are of the kinds a hall has: done on the spot
or soon, a bell around the promise, a second hump of those that had to be corrected, and a slow drift over the year.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from yiwang.hall.guides.quantiles import interval_of

MONTH = 22
WINDOW = 12 * MONTH


@dataclass(frozen=True, slots=True)
class MadeCase:
    """A case of a made history: its matter, the working days on which it began and ended."""

    matter: int
    begun: int
    ended: int


@dataclass(frozen=True, slots=True)
class Measured:
    """How many of the forecast cases ended in their interval (覆盖率), and how wide intervals were."""

    cases: int
    inside: int
    width: float
    unknown: int

    @property
    def share(self) -> float:
        """Return the share that ended in the interval, 0 to 1."""
        return self.inside / self.cases if self.cases else 0.0


def history_make(
    *, seed: int, matters: int, months: int, a_month: int = 60, drift: float = 0.15
) -> list[MadeCase]:
    """Make a history (模拟历史): by default sixty cases a month and matter, 15 % slower by the end."""
    chance = random.Random(seed)  # noqa: S311 - made data
    cases = []
    for matter in range(matters):
        middle, spread = chance.uniform(2, 14), chance.uniform(0.2, 0.6)
        corrected, extra = chance.uniform(0, 0.3), chance.uniform(3, 9)
        for month in range(months):
            slower = 1 + drift * month / months
            for _case in range(a_month):
                days = chance.lognormvariate(0, spread) * middle * slower
                if chance.random() < corrected:
                    days += chance.expovariate(1 / extra)
                begun = month * MONTH + chance.randrange(MONTH)
                cases.append(MadeCase(matter, begun, begun + int(days)))
    return cases


def coverage_measure(
    cases: Iterable[MadeCase], *, elapsed_share: float = 0.0, warm_up: int = 4
) -> Measured:
    """Forecast every case from what had ended on the first day of its month, as the sweep would (滚动预测).

    elapsed_share: ask when this share of the case's own time is over; only then has it lasted so long.
    """
    cases = list(cases)
    tables: dict[tuple[int, int], Mapping[int, int]] = {}
    ended: defaultdict[int, list[MadeCase]] = defaultdict(list)
    for case in cases:
        ended[case.matter].append(case)
    asked = inside = unknown = 0
    width = 0
    for case in cases:
        elapsed = int((case.ended - case.begun) * elapsed_share)
        month = (case.begun + elapsed) // MONTH
        if month < warm_up:
            continue
        key = (case.matter, month)
        if key not in tables:
            tables[key] = _counts(ended[case.matter], month * MONTH)
        found = interval_of(tables[key], elapsed=elapsed)
        if found is None:
            unknown += 1
            continue
        asked += 1
        inside += found.low <= case.ended - case.begun <= found.high
        width += found.high - found.low
    return Measured(asked, inside, width / asked if asked else 0.0, unknown)


def _counts(cases: Iterable[MadeCase], before: int) -> Counter[int]:
    known = (case for case in cases if before - WINDOW <= case.ended < before)
    return Counter(case.ended - case.begun for case in known)
