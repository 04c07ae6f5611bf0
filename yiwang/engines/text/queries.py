"""The search itself (检索): candidates from the index, verified, ranked, cut to a page."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from importlib.resources import files

from yiwang.engines.text import rules
from yiwang.engines.text.data import SearchHit, SearchResult
from yiwang.engines.text.index import Expression, index_find, synonyms_state
from yiwang.engines.text.models import SearchDocument, Synonym
from yiwang.sdk.packs import yaml_read
from yiwang.sdk.text import bigrams, pinyin_full, pinyin_initials, query_tokens

# At most so many rows are verified and ranked; a search for one very common word stops there.
CANDIDATES = 1000
SUGGESTIONS = 5
# Shares of a word's pairs from which on something is near; chance pairs of letters are frequent.
_NEAR, _NEAR_LATIN = 0.3, 0.6


def search(
    query: str,
    *,
    kinds: Sequence[str] | None = None,
    limit: int = 20,
    offset: int = 0,
) -> SearchResult:
    """Search everything that was put in (全文检索), best first.

    Finds every text that holds each of the words (parts of at least two Chinese characters, single
    characters, traditional or simplified, any width and case), their synonyms, and names by pinyin
    initials or full pinyin. kinds: only these, for example ["matter"]. When nothing is found,
    `suggestions` has the nearest.
    """
    synonyms = _synonyms()
    parsed = rules.query_parse(query, synonyms.words)
    if not parsed.terms or limit < 0 or offset < 0 or (kinds is not None and not kinds):
        return SearchResult(0, (), parsed.text)
    ranked: dict[int, tuple[tuple, rules.Row]] = {}
    is_capped = _text_matches(parsed, kinds, ranked)
    if parsed.letters:
        is_capped |= _sound_matches(parsed.letters, synonyms, kinds, ranked)
    ordered = [row for _, row in sorted(ranked.values(), key=lambda item: item[0])]
    words = [word for alternatives in parsed.terms for word in alternatives]
    suggestions = () if ordered else _suggest(parsed, kinds, words)
    hits = _hits(ordered[offset : offset + limit], words)
    return SearchResult(len(ordered), hits, parsed.text, is_capped, suggestions)


def _text_matches(parsed: rules.Query, kinds: Sequence[str] | None, ranked: dict) -> bool:
    """Add rows that hold the words: in the title first, then anywhere, until the cap."""
    expression: Expression = [[query_tokens(word) for word in term] for term in parsed.terms]
    for column in ("title", "text"):
        found = index_find(
            expression, column=column, contains=parsed.terms, kinds=kinds, limit=CANDIDATES
        )
        _rank(found, lambda row: rules.rank_text(row, parsed), ranked)
        if len(found) == CANDIDATES:
            return True
    return False


def _sound_matches(
    letters: str, synonyms: "_Synonyms", kinds: Sequence[str] | None, ranked: dict
) -> bool:
    """Add rows that sound like the letters, and rows of words whose synonym sounds like them."""
    initials, full = rules.letter_tokens(letters)
    found = index_find([[initials, full]], column="text", kinds=kinds, limit=CANDIDATES)
    _rank(found, lambda row: rules.rank_sound(row, letters), ranked)
    for word in synonyms.sounds.get(letters, ()):
        parsed = rules.query_parse(word, synonyms.words)
        _text_matches_below(parsed, kinds, ranked)
    return len(found) == CANDIDATES


def _text_matches_below(parsed: rules.Query, kinds: Sequence[str] | None, ranked: dict) -> None:
    below: dict[int, tuple[tuple, rules.Row]] = {}
    _text_matches(parsed, kinds, below)
    for key, (order, row) in below.items():
        shifted = (rules.rank_below(order[0]), *order[1:])
        if key not in ranked or shifted < ranked[key][0]:
            ranked[key] = (shifted, row)


def _rank(found: Iterable[tuple], rank: Callable[[rules.Row], int], ranked: dict) -> None:
    for values in found:
        row = rules.Row(*values)
        grade = rank(row)
        order = (grade, -row.weight, len(row.title), row.title, row.kind, row.ref)
        if grade < rules.NO_MATCH and (row.id not in ranked or order < ranked[row.id][0]):
            ranked[row.id] = (order, row)


def _suggest(
    parsed: rules.Query, kinds: Sequence[str] | None, words: Sequence[str]
) -> tuple[SearchHit, ...]:
    """Return the rows whose names share most pairs with the query (相近结果)."""
    wanted = [pairs for word in words if (pairs := set(bigrams(word)))]
    if not wanted:
        return ()
    expression: Expression = [[{pair} for pair in sorted(set().union(*wanted))[:40]]]
    found = index_find(expression, column="text", kinds=kinds, limit=CANDIDATES // 4)
    scored = []
    for values in found:
        row = rules.Row(*values)
        near = rules.nearness(row, wanted)
        if near >= (_NEAR_LATIN if parsed.letters else _NEAR):
            scored.append(((-near, -row.weight, len(row.title), row.ref), row))
    scored.sort(key=lambda item: item[0])
    return _hits([row for _, row in scored[:SUGGESTIONS]], words)


def _hits(rows: Sequence[rules.Row], words: Sequence[str]) -> tuple[SearchHit, ...]:
    columns = SearchDocument.objects.filter(pk__in=[row.id for row in rows])
    found = {pk: rest for pk, *rest in columns.values_list("pk", "title_en", "url", "body")}
    hits = []
    for row in rows:
        title_en, url, body = found[row.id]
        title_parts = rules.parts_of(row.title, words)
        in_title = any(is_match for _, is_match in title_parts)
        snippet = "" if in_title else rules.snippet_of(body, words)
        hits.append(
            SearchHit(
                kind=row.kind,
                ref=row.ref,
                title=row.title,
                title_en=title_en,
                url=url,
                snippet=snippet,
                title_parts=title_parts,
                snippet_parts=rules.parts_of(snippet, words),
            )
        )
    return tuple(hits)


class _Synonyms:
    """All groups: words -> their synonyms, letters -> the words that sound so."""

    def __init__(self, groups: Sequence[Sequence[str]]) -> None:
        self.words = rules.synonym_map(groups)
        self.sounds: dict[str, list[str]] = {}
        for word in self.words:
            for letters in pinyin_initials(word) | pinyin_full(word):
                self.sounds.setdefault(letters, []).append(word)


def _synonyms() -> _Synonyms:
    """Return the synonyms; they are read again only when the table has changed."""
    return _synonyms_of(*synonyms_state())


@lru_cache(maxsize=2)
def _synonyms_of(last: int | None, count: int) -> _Synonyms:
    groups: dict[tuple[str, int], list[str]] = {}
    for source, group, word in Synonym.objects.order_by("pk").values_list(
        "source", "group", "word"
    ):
        groups.setdefault((source, group), []).append(word)
    return _Synonyms([*_shipped_groups(), *groups.values()])


@lru_cache(maxsize=1)
def _shipped_groups() -> list[list[str]]:
    path = files("yiwang.engines.text") / "data_files" / "synonyms.yaml"
    data, _ = yaml_read(path.read_text(encoding="utf-8"), path="synonyms.yaml")
    return data
