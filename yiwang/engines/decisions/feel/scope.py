"""The outermost scope (最外作用域): FEEL's functions by name, and the one function that reads FEEL itself."""

from functools import lru_cache

from yiwang.engines.decisions.feel import functions_lists, functions_numbers, functions_text
from yiwang.engines.decisions.feel.library import FUNCTIONS, builtin, functions
from yiwang.engines.decisions.feel.nodes import Call, Interval, Literal, Name, Scope
from yiwang.engines.decisions.feel.syntax import FeelInvalid, parse
from yiwang.engines.decisions.feel.values import NOTHING, Range, order

LIBRARIES = (functions_lists, functions_numbers, functions_text)  # loading them registers functions
READERS = frozenset({"date", "time", "date and time", "duration"})


@lru_cache(maxsize=1)
def everything() -> Scope:
    """Return the scope that has the functions and nothing else."""
    return Scope(functions())


@lru_cache(maxsize=1)
def function_names() -> frozenset[str]:
    """Return the names of the functions that have a blank in them."""
    return frozenset(name for name in FUNCTIONS if " " in name)


@builtin("range", "from: string")
def range_of(text: str) -> Range | None:
    """Read an interval whose ends are literals, or literals in a function of dates."""
    try:
        node = parse(text.strip(), function_names())
    except FeelInvalid:
        return None
    if not isinstance(node, Interval) or not (_is_plain(node.low) and _is_plain(node.high)):
        return None
    found = node.evaluate(everything())
    if not isinstance(found, Range) or order(found.low, found.high) == 1:
        return None
    return None if found.low is found.high is NOTHING else found


def _is_plain(node: object) -> bool:
    if isinstance(node, Call):
        return (
            isinstance(node.function, Name)
            and node.function.name in READERS
            and all(isinstance(one, Literal) for one in node.places)
        )
    return isinstance(node, Literal)
