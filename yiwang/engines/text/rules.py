"""How a query is understood and how hits are ranked (检索规则): pure functions."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from yiwang.sdk.text import clean, fold, query_tokens, syllables, tokens

MAX_QUERY = 120
MAX_TERMS = 6
MAX_ALTERNATIVES = 8
MAX_BODY = 20_000
PART = "\f"
# Marks before the tokens of initials and of full pinyin, so that "le" the word is not 乐 the sound.
INITIALS_MARK, PINYIN_MARK = "\u02c9", "\u02ca"
_LETTERS = re.compile(r"[a-z][a-z' ]*[a-z]\Z")
_NOISE = re.compile(r"[^a-z]")

# The better a match, the smaller its rank.
TITLE_IS, KEYWORD_IS, TITLE_STARTS, TITLE_HAS, KEYWORD_HAS, BODY_HAS = range(6)
SYNONYM = 6
SOUND_IS, SOUND_STARTS, SOUND_HAS = 13, 14, 15
NO_MATCH = 99
BEGINS, WHOLE = 1, 2


@dataclass(frozen=True, slots=True)
class Query:
    """A query as understood. terms: each a list of alternatives, the first as typed; all must match.

    letters: the query as pinyin letters, "" if it cannot be pinyin.
    """

    text: str
    terms: tuple[tuple[str, ...], ...]
    letters: str


@dataclass(frozen=True, slots=True)
class Row:
    """What ranking looks at."""

    id: int
    kind: str
    ref: str
    title: str
    weight: int
    haystack: str
    readings: str


def haystack_of(title: str, title_en: str, keywords: Iterable[str], body: str) -> str:
    """Build the text that matches are verified against."""
    names = "\n".join(fold(word) for word in keywords)
    return PART.join((fold(title), names, fold(f"{title_en}\n{body}")))


def readings_of(names: Iterable[str]) -> str:
    """Write down the readings of names, one a line.

    >>> readings_of(["老年证", "银行"])
    'lao nian/ning zheng\\nyin xing/hang/heng'
    """
    lines = (" ".join("/".join(options) for options in syllables(name)) for name in names)
    return "\n".join(line for line in dict.fromkeys(lines) if line)


def index_tokens(haystack: str, readings: str) -> tuple[set[str], set[str]]:
    """Return the tokens of the title, and those of everything including sounds."""
    title, names, body = haystack.split(PART)
    title_tokens = tokens(title)
    return title_tokens, title_tokens | tokens(names) | tokens(body) | sound_tokens(readings)


def sound_tokens(readings: str) -> set[str]:
    """Return marked pairs of neighbouring initials, and marked pairs of neighbouring letters."""
    found: set[str] = set()
    for name in _names(readings):
        for options, following in zip(name, [*name[1:], ()], strict=True):
            for option in options:
                found.update(_pairs(option, PINYIN_MARK))
                for other in following:
                    found.add(f"{INITIALS_MARK}{option[0]}{other[0]}")
                    found.add(f"{PINYIN_MARK}{option[-1]}{other[0]}")
    return found


def query_parse(text: str, synonyms: Mapping[str, Sequence[str]]) -> Query:
    """Understand a query: clean, fold, part at blanks, add synonyms.

    synonyms: folded word -> the other words of its groups.

    >>> query_parse("老年證 補辦", {"老年证": ["老年人优待证"]}).terms
    (('老年证', '老年人优待证'), ('补办',))
    """
    folded = fold(clean(text)[:MAX_QUERY])
    terms = [term for term in folded.split() if query_tokens(term)][:MAX_TERMS]
    letters = _NOISE.sub("", folded) if _LETTERS.match(folded) else ""
    return Query(" ".join(terms), tuple(_alternatives(term, synonyms) for term in terms), letters)


def _alternatives(term: str, synonyms: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    found = [term, *synonyms.get(term, ())]
    for start in range(len(term)):
        for end in range(start + 2, len(term) + 1):
            part = term[start:end]
            if part != term and part in synonyms:
                found += [term[:start] + other + term[end:] for other in synonyms[part]]
    return tuple(dict.fromkeys(found))[:MAX_ALTERNATIVES]


def letter_tokens(letters: str) -> tuple[set[str], set[str]]:
    """Return the tokens that initials, and full pinyin, equal to the letters must have."""
    return _pairs(letters, INITIALS_MARK), _pairs(letters, PINYIN_MARK)


def rank_text(row: Row, query: Query) -> int:
    """Rank a row that holds the terms; the worst term counts; NO_MATCH if one is nowhere."""
    title, names, body = row.haystack.split(PART)
    worst = TITLE_IS
    for alternatives in query.terms:
        ranks = [
            _rank_term(term, title, names, body) + (SYNONYM if index else 0)
            for index, term in enumerate(alternatives)
        ]
        worst = max(worst, min(ranks))
    return worst if worst < NO_MATCH else NO_MATCH


def _rank_term(term: str, title: str, names: str, body: str) -> int:
    tests = (
        (TITLE_IS, title == term),
        (KEYWORD_IS, f"\n{term}\n" in f"\n{names}\n"),
        (TITLE_STARTS, title.startswith(term)),
        (TITLE_HAS, term in title),
        (KEYWORD_HAS, term in names),
        (BODY_HAS, term in body),
    )
    return next((rank for rank, holds in tests if holds), NO_MATCH)


def rank_sound(row: Row, letters: str) -> int:
    """Rank a row by how its names sound: initials or full pinyin, whole, from the start, inside.

    >>> row = Row(1, "matter", "a", "老年人优待证", 0, "", readings_of(["老年人优待证", "老年证"]))
    >>> [rank_sound(row, letters) for letters in ("lnz", "lnryd", "youdai", "laonianr", "an")]
    [13, 14, 15, 14, 99]
    """
    best = NO_MATCH
    for name in _names(row.readings):
        for start, options in enumerate(name):
            if not any(option[0] == letters[0] for option in options):
                continue
            rest = name[start:]
            match = _initials_match(rest, letters) or _sound_match(rest, letters)
            if match and start:
                best = min(best, SOUND_HAS)
            elif match:
                best = min(best, SOUND_IS if match == WHOLE else SOUND_STARTS)
    return best


def _initials_match(name: Sequence[tuple[str, ...]], letters: str) -> int:
    """Return WHOLE if the letters are the name's initials, BEGINS if they begin them, else 0."""
    if len(letters) > len(name):
        return 0
    for options, letter in zip(name, letters, strict=False):
        if not any(option[0] == letter for option in options):
            return 0
    return WHOLE if len(letters) == len(name) else BEGINS


def _sound_match(name: Sequence[tuple[str, ...]], letters: str) -> int:
    """Return WHOLE if the letters are the name's pinyin, BEGINS if they begin it, else 0."""
    states = {letters}
    for options in name:
        following: set[str] = set()
        for rest in states:
            for option in options:
                if option.startswith(rest) and option != rest:
                    return BEGINS
                if rest.startswith(option):
                    following.add(rest[len(option) :])
        if "" in following:
            return WHOLE if options is name[-1] else BEGINS
        states = following
    return 0


def nearness(row: Row, wanted: Sequence[set[str]]) -> float:
    """Return the share of a word's pairs that a row's titles and keywords have, 0 to 1; the best."""
    title, names, body = row.haystack.split(PART)
    have = tokens("\n".join((title, names, body.split("\n")[0])))
    return max((len(pairs & have) / len(pairs) for pairs in wanted if pairs), default=0.0)


def rank_below(grade: int) -> int:
    """Rank what was found through a word that sounds like the letters (`rank_text` gave grade).

    In a title or keyword it is as good as a name that sounds so itself; in a body it comes last.
    """
    return SOUND_IS if grade % SYNONYM < BODY_HAS else SOUND_HAS + 1


def parts_of(text: str, words: Iterable[str]) -> tuple[tuple[str, bool], ...]:
    """Part a text into pieces that match one of the folded words and pieces between.

    >>> parts_of("老年人优待证", ["优待"])
    (('老年人', False), ('优待', True), ('证', False))
    """
    folded = fold(text)
    wanted = [re.escape(word) for word in sorted(set(words), key=len, reverse=True) if word]
    if len(folded) != len(text) or not wanted:
        return ((text, False),) if text else ()
    pieces: list[tuple[str, bool]] = []
    at = 0
    for found in re.finditer("|".join(wanted), folded):
        pieces += [(text[at : found.start()], False), (text[found.start() : found.end()], True)]
        at = found.end()
    pieces.append((text[at:], False))
    return tuple(piece for piece in pieces if piece[0])


def snippet_of(body: str, words: Iterable[str], *, width: int = 60) -> str:
    """Return about `width` characters of the body around the first word found, else ""."""
    folded = fold(body)
    places = [place for word in words if (place := folded.find(word)) >= 0]
    if not places:
        return ""
    start = max(0, min(places) - width // 3)
    piece = " ".join(body[start : start + width].split())
    return f"{'…' if start else ''}{piece}{'…' if start + width < len(body) else ''}"


def synonym_map(groups: Iterable[Iterable[str]]) -> dict[str, list[str]]:
    """Return each folded word with the other words of all its groups.

    >>> synonym_map([["老年证", "敬老卡"], ["敬老卡", "優待證"]])["敬老卡"]
    ['老年证', '优待证']
    """
    found: dict[str, list[str]] = {}
    for group in groups:
        words = list(dict.fromkeys(fold(word) for word in group))
        for word in words:
            others = found.setdefault(word, [])
            others += [other for other in words if other != word and other not in others]
    return found


def _pairs(text: str, mark: str) -> set[str]:
    return {f"{mark}{text[index : index + 2]}" for index in range(len(text) - 1)}


def _names(readings: str) -> Iterator[list[tuple[str, ...]]]:
    for line in readings.split("\n"):
        if line:
            yield [tuple(syllable.split("/")) for syllable in line.split(" ")]
