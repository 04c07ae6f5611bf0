"""Tests of one row over columns (行内规则向量化): a good row costs one comparison, none a string function.

Each test gives, of a piece, which rows are bad (None when none is) and how many were judged. What is not
written here, `checking.Check` asks of DuckDB, with the same answers. Imports NumPy and Arrow.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yiwang.resources.quality import validators
from yiwang.resources.quality.batches import Column, Piece
from yiwang.resources.quality.columns import kind_of
from yiwang.resources.quality.conditions import condition_vector
from yiwang.resources.quality.data import ContractField, Rule
from yiwang.resources.quality.vectors import day_numbers
from yiwang.sdk import identifiers

Verdict = tuple[np.ndarray | None, int]
Test = Callable[[Piece], Verdict]
TEXT_MARK, DAY_MARK = "\x1ft", "\x1fd"
LANDLINE = f"^(?:{identifiers.LANDLINE_PATTERN.pattern})$"


@dataclass(slots=True)
class Judge:
    """Makes the tests of a contract for the columns of a delivery.

    fields: of the contract, those that came; columns: name -> type of DuckDB. Filled here: texts, days:
    columns that are read as such although they are none; coded: those best read as a dictionary.
    """

    fields: Mapping[str, ContractField]
    columns: Mapping[str, str]
    today: date
    texts: set[str] = field(default_factory=set)
    days: set[str] = field(default_factory=set)
    coded: set[str] = field(default_factory=set)

    def test(self, rule: Rule) -> Test | None:
        """Return the test of a rule about one row, None where DuckDB has to be asked."""
        if any(name not in self.fields for name in rule.fields) or rule.kind not in _MAKERS:
            return None
        return _MAKERS[rule.kind](self, rule)

    def text(self, name: str) -> str:
        """Return the column that has a field as text."""
        if self.columns[name] == "VARCHAR":
            return name
        self.texts.add(name)
        return name + TEXT_MARK

    def day(self, name: str) -> str:
        """Return the column that has a field as days."""
        if self.is_day(name):
            return name
        self.days.add(name)
        return name + DAY_MARK

    def is_day(self, name: str) -> bool:
        return kind_of(self.fields[name]) == "DATE" and self.columns[name] in ("DATE", "VARCHAR")

    # --- kinds of rules ----------------------------------------------------------------------

    def required(self, rule: Rule) -> Test:
        (name,) = rule.fields
        return lambda piece: (piece.column(name).missing, piece.count)

    def type(self, rule: Rule) -> Test | None:
        (name,) = rule.fields
        kind, column = kind_of(self.fields[name]), self.columns[name]
        if column == kind:  # DATE
            return lambda piece: (None, piece.column(name).filled)
        if column != "VARCHAR" or kind == "TEXT":
            return None

        def test(piece: Piece) -> Verdict:
            typed, of = piece.typed(name, kind), piece.column(name)
            return None if typed is None else of.present(~typed), of.filled

        return test

    def length(self, rule: Rule) -> Test:
        (name,) = rule.fields
        limit = self.fields[name].length
        text = self.text(name)
        if not limit:
            return lambda piece: (None, piece.column(text).filled)
        return lambda piece: (_too_long(piece.column(text), limit), piece.column(text).filled)

    def code(self, rule: Rule) -> Test | None:
        (name,) = rule.fields
        if rule.codes is None:
            return None
        text, codes = self.text(name), frozenset(rule.codes)
        self.coded.add(text)
        known = pa.array(sorted(codes), pa.string())

        def test(piece: Piece) -> Verdict:
            of = piece.column(text)
            return of.among(known, lambda values: [one not in codes for one in values]), of.filled

        return test

    def valid(self, rule: Rule) -> Test | None:
        return _VALIDATORS[rule.that](self, rule)

    def id_number(self, rule: Rule) -> Test:
        text = self.text(rule.fields[0])

        def test(piece: Piece) -> Verdict:
            of = piece.column(text)
            return of.present(~piece.numbers(text).holds), of.filled

        return test

    def id_number_birth(self, rule: Rule) -> Test:
        name, other = rule.fields
        text, other = self.text(name), self.day(other)

        def test(piece: Piece) -> Verdict:
            numbers, (days, known) = piece.numbers(text), piece.days(other)
            judged = numbers.formed if known is None else numbers.formed & known
            written = day_numbers(days if known is None else np.where(known, days, 0))
            return judged & (numbers.birth != written), int(np.count_nonzero(judged))

        return test

    def id_number_sex(self, rule: Rule) -> Test:
        name, other = rule.fields
        text, sex = self.text(name), self.text(other)
        self.coded.add(sex)

        def test(piece: Piece) -> Verdict:
            numbers, of = piece.numbers(text), piece.column(sex)
            men, women = of.equals("1"), of.equals("2")
            judged = numbers.formed if of.valid is None else numbers.formed & of.valid
            bad = (men & ~numbers.male) | (women & numbers.male)
            return judged & bad, int(np.count_nonzero(judged))

        return test

    def distinct(self, rule: Rule) -> Test:
        text, holds = self.text(rule.fields[0]), validators.BY_DISTINCT[rule.that]
        return lambda piece: (piece.column(text).each(holds), piece.column(text).filled)

    def mobile(self, rule: Rule) -> Test:
        text, is_phone = self.text(rule.fields[0]), rule.that == "phone"

        def test(piece: Piece) -> Verdict:
            of = piece.column(text)
            bad = of.present(~piece.mobiles(text))
            if is_phone and (places := np.flatnonzero(bad)).size:
                landline = pc.match_substring_regex(of.texts.take(pa.array(places)), LANDLINE)
                bad[places] = ~landline.to_numpy(zero_copy_only=False)
            return bad, of.filled

        return test

    def past(self, rule: Rule) -> Test | None:
        (name,) = rule.fields
        if not self.is_day(name):
            return None
        last = (self.today - date(1970, 1, 1)).days

        def test(piece: Piece) -> Verdict:
            days, known = piece.days(name)
            return _among(days > last, known), _count(piece.count, known)

        return test

    def period(self, rule: Rule) -> Test | None:
        one, other = rule.fields
        if not (self.is_day(one) and self.is_day(other)):
            return None

        def test(piece: Piece) -> Verdict:
            (begins, known), (ends, also) = piece.days(one), piece.days(other)
            both = _both(known, also)
            return _among(begins > ends, both), _count(piece.count, both)

        return test

    def row(self, rule: Rule) -> Test | None:
        found = condition_vector(rule.that, self)
        if found is None:
            return None
        holds, names = found

        def test(piece: Piece) -> Verdict:
            if rule.judges_empty:
                return ~holds(piece), piece.count
            known = None
            for name in names:
                known = _both(known, self.known(piece, name))
            return _among(~holds(piece), known), _count(piece.count, known)

        return test

    def known(self, piece: Piece, name: str) -> np.ndarray | None:
        """Tell which rows have a value of the field's type."""
        return piece.days(name)[1] if self.is_day(name) else piece.column(name).valid


def known_count(names: Sequence[str]) -> Test:
    """Return what counts the rows in which all of some columns have a value (参评行数)."""

    def test(piece: Piece) -> Verdict:
        known = None
        for name in names:
            known = _both(known, piece.column(name).valid)
        return None, _count(piece.count, known)

    return test


_VALIDATORS = {
    "id_number": Judge.id_number,
    "id_number_birth": Judge.id_number_birth,
    "id_number_sex": Judge.id_number_sex,
    "uscc": Judge.distinct,
    "bank_card": Judge.distinct,
    "mobile": Judge.mobile,
    "phone": Judge.mobile,
    "past": Judge.past,
    "period": Judge.period,
}
_MAKERS: dict[str, Callable[[Judge, Rule], Test | None]] = {
    "TYPE": Judge.type,
    "LENGTH": Judge.length,
    "REQUIRED": Judge.required,
    "CODE": Judge.code,
    "VALID": Judge.valid,
    "ROW": Judge.row,
}


def _too_long(of: Column, limit: int) -> np.ndarray | None:
    """Find texts of more characters: bytes are counted much faster, and are never fewer."""
    widths = of.widths
    if not len(widths) or widths.max() <= limit:
        return None
    places = np.flatnonzero(widths > limit)
    lengths = pc.utf8_length(of.texts.take(pa.array(places))).to_numpy()
    bad = np.zeros(of.count, np.bool_)
    bad[places] = lengths > limit
    return bad


def _among(found: np.ndarray, known: np.ndarray | None) -> np.ndarray:
    return found if known is None else found & known


def _both(one: np.ndarray | None, other: np.ndarray | None) -> np.ndarray | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _count(count: int, known: np.ndarray | None) -> int:
    return count if known is None else int(np.count_nonzero(known))
