"""What an explanation says (解释): plain values, and sentences as message and params in two languages."""

import gettext
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path

LOCALE = Path(__file__).parent / "locale"


@cache
def _translate(language: str):
    languages = ["zh_Hans"] if language.startswith("zh") else ["en"]
    return gettext.translation("django", LOCALE, languages=languages, fallback=True).gettext


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence (说明): an English source string of the locale and its params, each text or {zh, en}."""

    key: str
    params: Mapping[str, object] = field(default_factory=dict)

    def text(self, language: str = "en") -> str:
        """Return the sentence in zh or en.

        >>> Message("Sources: %(n)s.", {"n": 2}).text()
        'Sources: 2.'
        """
        short = "zh" if language.startswith("zh") else "en"
        params = {
            name: value[short] if isinstance(value, Mapping) else value
            for name, value in self.params.items()
        }
        return _translate(language)(self.key) % params


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source row of a subject (来源记录). number: class; origin: file, that is batch; values: as standardised."""

    number: int
    department: str
    title: str
    row_no: int
    at: datetime | None
    origin: str
    rule: str
    score: float
    values: Mapping[str, str]
    why: Message


@dataclass(frozen=True, slots=True)
class Claim:
    """A value and who says so (取值依据). rank, basis: how far the class is believed in the field, and by what law."""

    value: str
    number: int
    department: str
    title: str
    row_no: int
    at: datetime | None
    rank: int
    basis: str


@dataclass(frozen=True, slots=True)
class FieldWhy:
    """A field of a subject (字段解释): what holds, what lost, why. winner is None where nobody says anything."""

    name: str
    title: str
    winner: Claim | None
    losing: tuple[Claim, ...]
    rule: str
    why: Message


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything about one subject (主体解释). asked: the uid or identifier that was asked for; uid may be another.

    identifier: '' for a provisional subject.
    """

    asked: int | str
    run: str
    uid: int
    identifier: str
    rows: tuple[SourceRow, ...]
    fields: tuple[FieldWhy, ...]
    why: Message

    def as_json(self, language: str = "en") -> dict:
        """Return it as plain values, sentences in one language."""
        plain = asdict(self)
        plain["why"] = self.why.text(language)
        for one, was in zip(plain["rows"], self.rows, strict=True):
            one["why"] = was.why.text(language)
        for one, was in zip(plain["fields"], self.fields, strict=True):
            one["why"] = was.why.text(language)
        return plain


@dataclass(frozen=True, slots=True)
class Finding:
    """What a comparison found (比对结果). uid: 0 for a contradiction of ties; identifiers: of whom it speaks.

    rows: source rows as (class number, row_no); of ties (`is_tie`) the number is the tie's.
    """

    rule: str
    uid: int
    identifiers: tuple[str, ...]
    fields: tuple[str, ...]
    rows: tuple[tuple[int, int], ...]
    is_tie: bool
    message: Message


@dataclass(frozen=True, slots=True)
class RowPlace:
    """Where a source row went (记录去向): whose it is and why."""

    run: str
    uid: int
    identifier: str
    row: SourceRow
