"""Values of the search."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SearchEntry:
    """What goes into the index (检索条目), for `search_put_many`."""

    kind: str
    ref: str
    title: str
    url: str
    title_en: str = ""
    body: str = ""
    keywords: Sequence[str] = ()
    weight: int = 0


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One thing found. snippet: the part of the body around the match, "" when the title matched.

    title_parts and snippet_parts: the text in pieces, (piece, is it what was looked for).
    """

    kind: str
    ref: str
    title: str
    title_en: str
    url: str
    snippet: str = ""
    title_parts: tuple[tuple[str, bool], ...] = ()
    snippet_parts: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found. total is exact unless is_capped: then there are at least so many.

    suggestions: the nearest things when nothing was found; query: as it was understood.
    """

    total: int
    hits: tuple[SearchHit, ...]
    query: str = ""
    is_capped: bool = False
    suggestions: tuple[SearchHit, ...] = field(default_factory=tuple)
