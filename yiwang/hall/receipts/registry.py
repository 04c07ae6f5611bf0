"""Who can tell what a submission looked like (提交内容还原): rooms above register by number.

    rebuild_register(lambda number: {...} or None)

The check of a receipt compares what they rebuild from their own rows with what was kept, so that a
change of either is noticed.
"""

from collections.abc import Callable, Mapping

Rebuild = Callable[[str], Mapping | None]
_rebuilds: list[Rebuild] = []


def rebuild_register(rebuild: Rebuild) -> None:
    """Add a room: `rebuild(number)` returns the content as its rows have it, None if not its own."""
    if rebuild not in _rebuilds:
        _rebuilds.append(rebuild)


def content_rebuild(number: str) -> Mapping | None:
    """Return what the rooms' own rows say was submitted (还原内容), None when nobody knows."""
    return next(filter(None, (rebuild(number) for rebuild in _rebuilds)), None)
