"""What a bundle may belong to (关联对象), and what its conditions may ask of it; rooms above register theirs."""

from collections.abc import Callable, Mapping

_facts: dict[str, Callable[[str], Mapping[str, object]]] = {}


def context_register(kind: str, function: Callable[[str], Mapping[str, object]]) -> None:
    """Let the conditions of bundles ask for facts of a thing (关联对象登记): function(key) reads them, key after "kind:"."""
    _facts[kind] = function


def context_facts(context_ref: str) -> Mapping[str, object]:
    """Return the facts of what a draft belongs to (关联对象信息), none for a bundle that belongs to nothing."""
    kind, _, key = context_ref.partition(":")
    return _facts[kind](key) if kind in _facts else {}
