"""Pure rules of quality: scores, levels, lights, drift."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from statistics import fmean, median

from yiwang.resources.quality.data import PROPERTIES, Measure, RuleCount, Standard

SMALL = 1e-4


def measures_of(
    counts: Iterable[RuleCount],
    standard: Standard,
    *,
    extra: Iterable[tuple[str, bool]] = (),
) -> list[Measure]:
    """Score what a check counted (质量评分), for each field and for the whole.

    A rule's score is the share of the rows it judged that passed, times 100. A property's is the
    mean of its rules', the whole's the mean of the properties measured, by weight. extra: (property,
    holds) of facts about the delivery that are no rule, such as *came in time*.
    """
    judged: dict[tuple[str, str], list[tuple[float, int, int]]] = {}
    for one in counts:
        if not one.judged:
            continue
        found = (100 * (1 - one.failed / one.judged), one.judged, one.failed)
        property_ = standard.kinds.get(one.rule.kind, one.rule.property)
        for name in ("", *dict.fromkeys(one.rule.fields)):
            judged.setdefault((name, property_), []).append(found)
    for property_, holds in extra:
        judged.setdefault(("", property_), []).append((100.0 * holds, 1, int(not holds)))
    measures = [
        Measure(
            name,
            property_,
            sum(one[1] for one in found),
            sum(one[2] for one in found),
            round(fmean(one[0] for one in found), 2),
        )
        for (name, property_), found in judged.items()
    ]
    wholes = [
        whole_of([one for one in measures if one.field == name], standard)
        for name in dict.fromkeys(one.field for one in measures)
    ]
    return [*(one for one in wholes if one is not None), *measures]


def whole_of(measures: Sequence[Measure], standard: Standard) -> Measure | None:
    """Weigh the properties that were measured into one score (综合得分)."""
    weights = {one.property: standard.weights.get(one.property, 0.0) for one in measures}
    total = sum(weights.values())
    if not total:
        return None
    score = sum(weights[one.property] * one.score for one in measures if one.score is not None)
    return Measure(
        measures[0].field,
        "",
        sum(one.judged for one in measures),
        sum(one.failed for one in measures),
        round(score / total, 2),
    )


def level_of(score: float | None, standard: Standard) -> tuple[str, dict[str, str]]:
    """Return the level of a score (质量等级): key and title; ("", {}) without one."""
    if score is None:
        return "", {}
    for least, key, title in standard.levels:
        if score >= least:
            return key, title
    return standard.levels[-1][1], standard.levels[-1][2]


def standard_check(standard: Standard) -> None:
    """Raise ValueError when a standard is none: weights of the six properties, levels down to 0."""
    if set(standard.weights) - set(PROPERTIES) or not sum(standard.weights.values()) > 0:
        raise ValueError("weights are of the six properties, and not all zero")
    limits = [least for least, _, _ in standard.levels]
    if not limits or limits != sorted(limits, reverse=True) or limits[-1] != 0:
        raise ValueError("levels go down to 0")
    if {"answer", "fix", "decide"} - set(standard.days):
        raise ValueError("days need answer, fix and decide")


def light_of(state: str, due_date: date | None, today: date, tomorrow: date) -> str:
    """Return the light of an exception (红黄绿灯). tomorrow: the next working day.

    >>> light_of("OPEN", date(2026, 11, 23), date(2026, 11, 20), date(2026, 11, 23))
    'YELLOW'
    """
    if state == "CLOSED" or due_date is None:
        return "NONE"
    if today > due_date:
        return "RED"
    return "YELLOW" if tomorrow >= due_date else "GREEN"


def robust_z(value: float, before: Sequence[float]) -> float:
    """Say how unusual a number is beside those before (稳健 z 值): median and median deviation.

    A deviation of nothing counts as one in a hundred of the median, so that a feed that never
    changes does not cry at the first row more.

    >>> robust_z(100, [100, 100, 100]), round(robust_z(50, [100, 102, 98, 101]), 1)
    (0.0, -22.8)
    """
    middle = median(before)
    spread = median(abs(one - middle) for one in before)
    scale = max(1.4826 * spread, abs(middle) / 100, 1.0)
    return (value - middle) / scale


def psi(before: Mapping[str, float], now: Mapping[str, float]) -> float:
    """Return the population stability index (群体稳定性指标) of two spreads of shares.

    Under 0.1 nothing has changed, above 0.25 much has. What is in neither list is one share more.

    >>> psi({"1": 0.5, "2": 0.5}, {"1": 0.5, "2": 0.5})
    0.0
    >>> round(psi({"1": 0.5, "2": 0.5}, {"1": 0.9, "2": 0.1}), 4)
    0.8789
    """
    from math import log  # noqa: PLC0415

    total = 0.0
    rest = (1 - sum(before.values()), 1 - sum(now.values()))
    pairs = [(before.get(key, 0.0), now.get(key, 0.0)) for key in {*before, *now}]
    for old, new in [*pairs, rest]:
        old, new = max(old, SMALL), max(new, SMALL)  # noqa: PLW2901
        total += (new - old) * log(new / old)
    return total
