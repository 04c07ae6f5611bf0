"""Chinese text (中文文本): cleaning what was typed, one form for comparing, bigrams, pinyin.

Two forms are kept apart. `clean` is what we store: what the person typed without what no person
types. `fold` is what we compare: width, case and script no longer matter, character by character,
so a part of a folded text is always the folded part.
"""

import itertools
import re
import unicodedata
from functools import lru_cache

_WIDE = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B))}
_WIDE |= {code: code - 0xFEE0 for code in range(0xFF41, 0xFF5B)} | {0x3000: 0x20, 0xA0: 0x20}
_KEPT = frozenset("\n\t")
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_RUN = re.compile(r"[^\W_]+")
MAX_READINGS = 64


def clean(text: str) -> str:
    """Make pasted text storable: full-width digits and Latin letters narrow, no control characters.

    Chinese punctuation stays as typed; newline and tab stay; the ends are trimmed.

    >>> clean(" ３２０５０６\\u200b（Ａ座）\\x00\\r\\n二层 ")
    '320506（A座）\\n二层'
    """
    narrow = text.replace("\r\n", "\n").replace("\r", "\n").translate(_WIDE)
    kept = (char for char in narrow if char in _KEPT or unicodedata.category(char) not in _DROPPED)
    return "".join(kept).strip()


def to_simplified(text: str) -> str:
    """Turn traditional into simplified characters (繁体转简体), by phrases where they matter.

    >>> to_simplified("優待證與乾坤")
    '优待证与乾坤'
    """
    return _converter().convert(text)


def fold(text: str) -> str:
    """Return the form for comparing (归一化): NFKC, lower case, simplified character by character.

    >>> fold("ＡＢＣ 優待證")
    'abc 优待证'
    """
    normal = unicodedata.normalize("NFKC", text).lower()
    return "".join(char if char < "\u2e80" else _simple(char) for char in normal)


def runs(text: str) -> list[str]:
    """Return the stretches of letters, digits and Chinese characters of a folded text.

    >>> runs("办理 a4 纸、照片")
    ['办理', 'a4', '纸', '照片']
    """
    return _RUN.findall(text)


def bigrams(text: str) -> list[str]:
    """Return each pair of neighbours of a text (二元组), folded, in order; pairs do not cross gaps.

    >>> bigrams("老年證 a4")
    ['老年', '年证', 'a4']
    """
    return [run[index : index + 2] for run in runs(fold(text)) for index in range(len(run) - 1)]


def tokens(text: str) -> set[str]:
    """Return the pairs and the single characters of a text: what the search index holds."""
    folded = runs(fold(text))
    return {char for run in folded for char in run} | {
        run[index : index + 2] for run in folded for index in range(len(run) - 1)
    }


def query_tokens(term: str) -> set[str]:
    """Return the tokens that every text containing `term` (folded) must have; empty for none.

    >>> sorted(query_tokens("老年证")), query_tokens("证")
    (['年证', '老年'], {'证'})
    """
    found: set[str] = set()
    for run in runs(term):
        pairs = {run[index : index + 2] for index in range(len(run) - 1)}
        found |= pairs or {run}
    return found


def syllables(text: str) -> list[tuple[str, ...]]:
    """Return the readings of each Chinese character and each Latin letter or digit (多音字全读音).

    >>> syllables("重庆a")
    [('zhong', 'chong', 'tong'), ('qing',), ('a',)]
    """
    found = []
    for char in fold(text):
        if char.isascii():
            if char.isalnum():
                found.append((char,))
        elif char.isalpha() and (readings := _readings(char)):
            found.append(readings)
    return found


def pinyin_initials(text: str) -> frozenset[str]:
    """Return the initials of a text in every reading (拼音首字母), at most 64 of them.

    >>> sorted(pinyin_initials("老年证"))
    ['lnz']
    """
    options = [sorted({reading[0] for reading in readings}) for readings in syllables(text)]
    return frozenset("".join(choice) for choice in _some(options))


def pinyin_full(text: str) -> frozenset[str]:
    """Return the whole pinyin of a text in every reading (全拼), without tones, at most 64.

    >>> sorted(pinyin_full("银行"))
    ['yinhang', 'yinheng', 'yinxing']
    """
    return frozenset("".join(choice) for choice in _some(syllables(text)))


def _some(options: list) -> itertools.islice:
    return itertools.islice(itertools.product(*options), MAX_READINGS)


@lru_cache(maxsize=1)
def _converter():  # noqa: ANN202 - the library has no type for it
    import opencc  # noqa: PLC0415 - loads its dictionaries: only when traditional text is met

    return opencc.OpenCC("t2s")


@lru_cache(maxsize=65536)
def _simple(char: str) -> str:
    return _converter().convert(char)


@lru_cache(maxsize=65536)
def _readings(char: str) -> tuple[str, ...]:
    from pypinyin import Style, pinyin  # noqa: PLC0415 - loads its dictionaries

    found = pinyin(char, style=Style.NORMAL, heteronym=True, errors="ignore")
    readings = found[0] if found else []
    return tuple(
        reading for reading in dict.fromkeys(readings) if reading.isascii() and reading.isalpha()
    )
