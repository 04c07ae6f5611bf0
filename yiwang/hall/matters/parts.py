"""Parts that rooms above put on a page below them (页面组成部分): a forecast on the guide, a card on a case.

    part_register("matter", forecast_part, order=10)        # in the room's AppConfig.ready
    parts_of("matter", view)                                # in the page's view

A part is a template and what it needs; the page includes it and knows nothing of the room.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PagePart:
    """What a page includes (组成部分): the template sees `names` as `part`."""

    template: str
    names: Mapping[str, object] = field(default_factory=dict)


Maker = Callable[[object], PagePart | None]
_parts: dict[str, dict[Maker, int]] = {}


def part_register(page: str, maker: Maker, *, order: int = 50) -> None:
    """Let `maker(subject)` put a part on a page: "matter" or "application"; None puts nothing."""
    _parts.setdefault(page, {})[maker] = order


def parts_of(page: str, subject: object) -> list[PagePart]:
    """Return the parts of a page in order (页面组成部分)."""
    makers = sorted(_parts.get(page, {}).items(), key=lambda each: each[1])
    return [part for maker, _order in makers if (part := maker(subject)) is not None]
