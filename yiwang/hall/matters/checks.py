"""What rooms above hold against a matter before it is published (发布前检查): registered once, asked by the loader."""

from collections.abc import Callable, Iterable

from yiwang.sdk.packs import MatterDefinition

Check = Callable[[MatterDefinition], Iterable[tuple[tuple, str]]]
_checks: dict[str, Check] = {}


def publication_check_register(name: str, check: Check) -> None:
    """Let a room refuse a matter (登记发布检查): it answers (where in the file, sentence), nothing to let pass.

    The definition's references to decision tables are keys of stored models by then.
    """
    _checks[name] = check


def publication_problems(definition: MatterDefinition) -> list[tuple[tuple, str]]:
    """Return all that rooms hold against a matter (发布检查结果)."""
    return [found for check in _checks.values() for found in check(definition)]
