"""FEEL's functions over lists and contexts (列表与上下文函数)."""

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from functools import cmp_to_key

from yiwang.engines.decisions.feel.library import builtin
from yiwang.engines.decisions.feel.nodes import invoke
from yiwang.engines.decisions.feel.values import (
    NUMBERS,
    Function,
    equal,
    order,
    whole,
)


def _numbers(items: list) -> list[Decimal] | None:
    return items if all(isinstance(item, Decimal) for item in items) else None


@builtin("count", "list: list")
def count(items: list) -> Decimal:
    """Count the members."""
    return Decimal(len(items))


@builtin("list contains", "list: list", "element: any")
def list_contains(items: list, element: object) -> bool:
    """Tell whether something is a member."""
    return any(equal(item, element) is True for item in items)


def _extreme(items: list, sign: int) -> object:
    if not items or any(order(items[0], item) is None for item in items):
        return None
    best = items[0]
    for item in items[1:]:
        if order(item, best) == sign:
            best = item
    return best


@builtin("min", "list: list", is_variadic=True)
def least(items: list) -> object:
    """Return the smallest member."""
    return _extreme(items, -1)


@builtin("max", "list: list", is_variadic=True)
def greatest(items: list) -> object:
    """Return the largest member."""
    return _extreme(items, 1)


@builtin("sum", "list: list", is_variadic=True)
def total(items: list) -> Decimal | None:
    """Add all members up; null of nothing."""
    if not items or _numbers(items) is None:
        return None
    result = Decimal(0)
    for item in items:
        result = NUMBERS.add(result, item)
    return result


@builtin("mean", "list: list", is_variadic=True)
def mean(items: list) -> Decimal | None:
    """Return the average."""
    added = total(items)
    return None if added is None else NUMBERS.divide(added, Decimal(len(items)))


@builtin("product", "list: list", is_variadic=True)
def product(items: list) -> Decimal | None:
    """Multiply all members."""
    if not items or _numbers(items) is None:
        return None
    result = Decimal(1)
    for item in items:
        result = NUMBERS.multiply(result, item)
    return result


@builtin("median", "list: list", is_variadic=True)
def median(items: list) -> Decimal | None:
    """Return the middle member, or the average of the two in the middle."""
    if not items or _numbers(items) is None:
        return None
    ordered, half = sorted(items), len(items) // 2
    if len(items) % 2:
        return ordered[half]
    return NUMBERS.divide(NUMBERS.add(ordered[half - 1], ordered[half]), Decimal(2))


@builtin("stddev", "list: list", is_variadic=True)
def standard_deviation(items: list) -> Decimal | None:
    """Return the deviation of a sample; null of fewer than two members."""
    if len(items) < 2 or _numbers(items) is None:
        return None
    middle = mean(items)
    squares = total([NUMBERS.power(NUMBERS.subtract(item, middle), Decimal(2)) for item in items])
    return NUMBERS.sqrt(NUMBERS.divide(squares, Decimal(len(items) - 1)))


@builtin("mode", "list: list", is_variadic=True)
def mode(items: list) -> list | None:
    """Return the members that come most often, smallest first."""
    if _numbers(items) is None:
        return None
    if not items:
        return []
    counted = Counter(items)
    most = max(counted.values())
    return sorted(item for item, times in counted.items() if times == most)


@builtin("all", "list: list", is_variadic=True)
def every(items: list) -> bool | None:
    """Tell whether all members are true; null when it hangs on something else."""
    if any(item is False for item in items):
        return False
    return True if all(item is True for item in items) else None


@builtin("any", "list: list", is_variadic=True)
def some(items: list) -> bool | None:
    """Tell whether a member is true; null when it hangs on something else."""
    if any(item is True for item in items):
        return True
    return False if all(item is False for item in items) else None


@builtin("sublist", "list: list", "start position: number", "length?: number")
def sublist(items: list, start: Decimal, length: Decimal | None = None) -> list | None:
    """Cut a list: places count from 1, from the end when negative."""
    begin, size = whole(start), None if length is None else whole(length)
    if not begin or abs(begin) > len(items) or (length is not None and (size is None or size < 1)):
        return None
    place = begin - 1 if begin > 0 else len(items) + begin
    if size is not None and place + size > len(items):
        return None
    return items[place:] if size is None else items[place : place + size]


@builtin("append", "list: list", "*item: any")
def append(items: list, *more: object) -> list:
    """Put something at the end."""
    return [*items, *more]


@builtin("concatenate", "list: list", is_variadic=True)
def concatenate(lists: list) -> list | None:
    """Put lists one behind another."""
    if not lists or any(one is None for one in lists):
        return None
    joined: list = []
    for one in lists:
        joined += one if isinstance(one, list) else [one]
    return joined


@builtin("insert before", "list: list", "position: number", "newItem: any")
def insert_before(items: list, position: Decimal, item: object) -> list | None:
    """Put something before a place."""
    place = _place(items, position)
    return None if place is None else [*items[:place], item, *items[place:]]


@builtin("remove", "list: list", "position: number")
def remove(items: list, position: Decimal) -> list | None:
    """Take the member at a place out."""
    place = _place(items, position)
    return None if place is None else [*items[:place], *items[place + 1 :]]


@builtin("list replace", "list: list", "position: number", "newItem: any")
def list_replace(items: list, position: Decimal, item: object) -> list | None:
    """Put something else at a place."""
    place = _place(items, Decimal(int(position)))
    return None if place is None else [*items[:place], item, *items[place + 1 :]]


@builtin("list replace", "list: list", "match: function", "newItem: any")
def list_replace_matching(items: list, match: Function, item: object) -> list | None:
    """Put something else wherever a function says so."""
    answers = [invoke(match, [one, item]) for one in items]
    if not all(isinstance(answer, bool) for answer in answers):
        return None
    return [item if answer else one for one, answer in zip(items, answers, strict=True)]


def _place(items: list, position: Decimal) -> int | None:
    place = whole(position)
    if not place or abs(place) > len(items):
        return None
    return place - 1 if place > 0 else len(items) + place


@builtin("reverse", "list: list")
def backwards(items: list) -> list:
    """Turn a list round."""
    return items[::-1]


@builtin("index of", "list: list", "match: any")
def index_of(items: list, match: object) -> list:
    """Return the places of everything that is equal."""
    return [
        Decimal(place) for place, item in enumerate(items, start=1) if equal(item, match) is True
    ]


@builtin("distinct values", "list: list")
def distinct(items: list) -> list:
    """Keep the first of equal members."""
    kept: list = []
    for item in items:
        if not any(equal(item, one) is True for one in kept):
            kept.append(item)
    return kept


@builtin("union", "list: list", is_variadic=True)
def union(lists: list) -> list | None:
    """Put lists together and keep the first of equal members."""
    joined = concatenate(lists)
    return None if joined is None else distinct(joined)


@builtin("flatten", "list: list")
def flatten(items: list) -> list:
    """Put the members of inner lists in their place."""
    flat: list = []
    for item in items:
        flat += flatten(item) if isinstance(item, list) else [item]
    return flat


@builtin("sort", "list: list", "precedes?: function")
def sort(items: list, precedes: Function | None = None) -> list | None:
    """Order a list by a function that tells whether one comes before another, or by their own order."""
    if precedes is not None and len(precedes.names) != 2 and not precedes.is_open:
        return None

    def compare(one: object, other: object) -> int:
        if precedes is None:
            return order(one, other) or 0
        if invoke(precedes, [one, other]) is True:
            return -1
        return 1 if invoke(precedes, [other, one]) is True else 0

    return sorted(items, key=cmp_to_key(compare))


# -- contexts


@builtin("get value", "m: context", "key: string")
def get_value(context: Mapping, key: str) -> object:
    """Return an entry by name."""
    return context.get(key)


@builtin("get value", "context: context", "keys: list")
def get_value_deep(context: Mapping, keys: list) -> object:
    """Return an entry of inner contexts by the names on the way."""
    found: object = context
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if keys else None


@builtin("get entries", "m: context")
def get_entries(context: Mapping) -> list:
    """List the entries as contexts of key and value."""
    return [{"key": key, "value": value} for key, value in context.items()]


@builtin("context", "entries: list")
def context_of(entries: list) -> dict | None:
    """Make a context of entries with key and value; null when a key is missing or comes twice."""
    made: dict[str, object] = {}
    for entry in entries:
        if not isinstance(entry, Mapping) or "value" not in entry:
            return None
        key = entry.get("key")
        if not isinstance(key, str) or key in made:
            return None
        made[key] = entry["value"]
    return made


@builtin("context put", "context: context", "key: string", "value: any")
def context_put(context: Mapping, key: str, value: object) -> dict:
    """Return a context with one entry added or changed."""
    return {**context, key: value}


@builtin("context put", "context: context", "keys: list", "value: any")
def context_put_deep(context: Mapping, keys: list, value: object) -> dict | None:
    """Return a context with one entry of an inner context added or changed."""
    if not keys or not all(isinstance(key, str) for key in keys):
        return None
    first, rest = keys[0], keys[1:]
    if not rest:
        return {**context, first: value}
    inner = context.get(first)
    if not isinstance(inner, Mapping):
        return None
    changed = context_put_deep(inner, rest, value)
    return None if changed is None else {**context, first: changed}


@builtin("context merge", "contexts: list")
def context_merge(contexts: list) -> dict | None:
    """Put contexts together; later entries replace earlier ones."""
    if not all(isinstance(one, Mapping) for one in contexts):
        return None
    merged: dict[str, object] = {}
    for one in contexts:
        merged.update(one)
    return merged
