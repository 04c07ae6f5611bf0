"""Made names (演示姓名与字号). Surnames by their published weights, given names from our own lists."""

from functools import cache
from itertools import accumulate
from random import Random

from yiwang.config.generate.given import GIVEN, ONE_CHARACTER, shipped


@cache
def _surnames() -> tuple[list[str], list[int]]:
    rows = shipped()["surnames"]
    return [name for name, _ in rows], list(accumulate(weight for _, weight in rows))


@cache
def _given(born: int, sex: str) -> tuple[str, list[float], float]:
    before = next(limit for limit in ONE_CHARACTER if born < limit)
    characters = GIVEN[before, sex]
    weights = accumulate(1 / (place + 4) for place in range(len(characters)))
    return characters, list(weights), ONE_CHARACTER[before]


def surname_make(random: Random) -> str:
    """Draw a surname (姓)."""
    names, weights = _surnames()
    return random.choices(names, cum_weights=weights)[0]


def given_make(random: Random, born: int, sex: str) -> str:
    """Draw a given name (名) of the generation."""
    characters, weights, one = _given(born, sex)
    first, second = random.choices(characters, cum_weights=weights, k=2)
    if random.random() < one or first == second:
        return first
    return first + second


def brand_get(number: int) -> str:
    """Return the made brand (字号) with a number; past the list two brands are joined."""
    brands = shipped()["brands"]
    joined, place = divmod(number, len(brands))
    return (
        brands[place] if not joined else brands[place] + brands[(place + joined * 7) % len(brands)]
    )
