"""A piece of a delivery as columns (列批): what the tests of a row ask of it, computed once.

Imports NumPy and Arrow: for modules that check, not for the web.
"""

from collections.abc import Callable, Collection
from datetime import date
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yiwang.engines.tabular.door import tabular_shared
from yiwang.resources.quality.columns import NO, YES, typed_text
from yiwang.resources.quality.vectors import (
    Block,
    Numbers,
    dates_read,
    id_numbers_read,
    mobiles_hold,
    times_hold,
)

FORMS = {"INT": r"^[+-]?[0-9]{1,15}$", "FLOAT": r"^[+-]?[0-9]{1,15}(\.[0-9]{1,10})?$"}


class Column:
    """A column of a piece (列): text, dictionary of texts, days, or anything that is only counted."""

    def __init__(self, array: pa.Array) -> None:
        self.array, self.count = array, len(array)

    @cached_property
    def valid(self) -> np.ndarray | None:
        """Which rows have a value; None when all do."""
        if not self.array.null_count:
            return None
        return self.array.is_valid().to_numpy(zero_copy_only=False)

    @property
    def filled(self) -> int:
        return self.count - self.array.null_count

    @cached_property
    def missing(self) -> np.ndarray | None:
        return None if self.valid is None else ~self.valid

    @cached_property
    def is_coded(self) -> bool:
        return pa.types.is_dictionary(self.array.type)

    @cached_property
    def texts(self) -> "pa.Array":
        return self.array.cast(self.array.type.value_type) if self.is_coded else self.array

    @cached_property
    def _offsets(self) -> np.ndarray:
        kind = np.int64 if pa.types.is_large_string(self.texts.type) else np.int32
        raw = np.frombuffer(self.texts.buffers()[1] or b"", kind)
        return raw[self.texts.offset : self.texts.offset + self.count + 1]

    @cached_property
    def widths(self) -> np.ndarray:
        """Bytes of each text, 0 where there is none."""
        if not self.count:
            return np.zeros(0, np.int32)
        found = np.diff(self._offsets)
        if self.valid is not None:
            found[~self.valid] = 0
        return found

    def block(self, width: int) -> tuple[Block, np.ndarray | None]:
        """Return the texts of so many bytes and their places; None for places means all rows."""
        places = np.flatnonzero(self.widths == width)
        texts = self.texts
        if len(places) and self._offsets[-1] - self._offsets[0] != width * len(places):
            texts = texts.take(pa.array(places))
            start = texts.offset * width
        else:
            start = int(self._offsets[0]) if len(places) else 0
        data = (
            np.frombuffer(texts.buffers()[2] or b"", np.uint8)
            if len(places)
            else np.zeros(0, np.uint8)
        )
        return Block(data, start, len(places), width), None if len(places) == self.count else places

    def judge(self, width: int, holds: Callable[[Block], np.ndarray]) -> np.ndarray:
        """Judge the texts of one width; the others do not hold."""
        block, places = self.block(width)
        return spread(holds(block), places, self.count)

    def among(self, known: "pa.Array", strange: Callable[[list], list]) -> np.ndarray:
        """Tell which values are not known (在值域外): each different one of a dictionary is asked once."""
        if self.is_coded:
            strange_ones = np.asarray(strange(self.array.dictionary.to_pylist()), np.bool_)
            if not strange_ones.any():
                return np.zeros(self.count, np.bool_)
            indices = self.array.indices.fill_null(0).to_numpy()
            return self.present(strange_ones[indices])
        found = pc.is_in(self.texts, value_set=known)
        return self.present(~found.to_numpy(zero_copy_only=False))

    def equals(self, text: str) -> np.ndarray:
        """Tell which values are a text; none where there is no value (等值判断)."""
        if self.is_coded:
            wanted = np.asarray(
                [one == text for one in self.array.dictionary.to_pylist()], np.bool_
            )
            if not wanted.any():
                return np.zeros(self.count, np.bool_)
            return self.present(wanted[self.array.indices.fill_null(0).to_numpy()])
        return pc.equal(self.texts, text).fill_null(fill_value=False).to_numpy(zero_copy_only=False)

    def each(self, holds: Callable[[list], np.ndarray]) -> np.ndarray:
        """Tell which values do not hold, by asking each different one once (去重校验)."""
        coded = self.array if self.is_coded else self.array.dictionary_encode()
        if not len(coded.dictionary):
            return np.zeros(self.count, np.bool_)
        bad = ~holds(coded.dictionary.to_pylist())
        return self.present(bad[coded.indices.fill_null(0).to_numpy()])

    def present(self, found: np.ndarray) -> np.ndarray:
        """Keep what is found of rows with a value only."""
        return found if self.valid is None else found & self.valid


def spread(
    found: np.ndarray, places: np.ndarray | None, count: int, kind: type = np.bool_
) -> np.ndarray:
    """Put what was found of some rows at their places among all."""
    if places is None:
        return found
    whole = np.zeros(count, kind)
    whole[places] = found
    return whole


class Typist:
    """Reads the few texts that are no plain date or moment as SQL reads them (非常规写法)."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], object] = {}

    def read(self, texts: Collection[str], kind: str) -> list:
        unknown = [text for text in set(texts) if (kind, text) not in self.known]
        if unknown:
            with tabular_shared() as connection:
                found = connection.execute(
                    f"select value, {typed_text('value', kind)} from "
                    "(select unnest(cast($texts as varchar[])) as value)",
                    {"texts": unknown},
                ).fetchall()
            self.known |= {(kind, text): value for text, value in found}
        return [self.known[kind, text] for text in texts]


class Piece:
    """Rows that are judged at once (行块)."""

    def __init__(self, table: "pa.RecordBatch", *, today: date, typist: Typist) -> None:
        self.table, self.count, self.today, self.typist = table, table.num_rows, today, typist
        self.columns: dict[str, Column] = {}
        self.computed: dict[tuple[str, str], tuple] = {}

    def column(self, name: str) -> Column:
        found = self.columns.get(name)
        if found is None:
            array = self.table.column(name)
            if isinstance(array, pa.ChunkedArray):
                array = array.combine_chunks() if array.num_chunks != 1 else array.chunk(0)
            found = self.columns[name] = Column(array)
        return found

    def once(self, what: str, name: str, compute: Callable[[Column], tuple]) -> tuple:
        key = (what, name)
        if key not in self.computed:
            self.computed[key] = compute(self.column(name))
        return self.computed[key]

    def numbers(self, name: str) -> Numbers:
        """Read a column of identity numbers."""
        return self.once("id", name, self._numbers)[0]

    def _numbers(self, column: Column) -> tuple[Numbers]:
        block, places = column.block(18)
        found = id_numbers_read(block, today=self.today)
        return (
            Numbers(
                *(
                    spread(one, places, column.count, one.dtype.type)
                    for one in (found.formed, found.holds, found.birth, found.male)
                )
            ),
        )

    def mobiles(self, name: str) -> np.ndarray:
        """Tell which values are mobile numbers."""
        return self.once("mobile", name, lambda column: (column.judge(11, mobiles_hold),))[0]

    def days(self, name: str) -> tuple[np.ndarray, np.ndarray | None]:
        """Return a column as days since 1970 and which rows have one; None for all."""
        return self.once("days", name, self._days)

    def _days(self, column: Column) -> tuple[np.ndarray, np.ndarray | None]:
        if pa.types.is_date32(column.array.type):
            raw = column.array.buffers()[1] or b""
            start = column.array.offset
            return np.frombuffer(raw, np.int32)[start : start + column.count], column.valid
        block, places = column.block(10)
        found, sure = dates_read(block)
        days = spread(found, places, column.count, np.int32).copy()
        known = spread(sure, places, column.count)
        # Ten bytes that are no plain date may still be one as SQL reads them.
        odd = np.flatnonzero((column.widths == 10) & ~known)
        if len(odd):
            read = self.typist.read(column.texts.take(pa.array(odd)).to_pylist(), "DATE")
            known = known.copy()
            for place, day in zip(odd, read, strict=True):
                if day is not None:
                    days[place], known[place] = (day - date(1970, 1, 1)).days, True
        return days, None if known.all() else known

    def typed(self, name: str, kind: str) -> np.ndarray | None:
        """Tell which rows have a value of the kind; None for all. The column is text."""
        if kind == "DATE":
            return self.days(name)[1]
        return self.once(kind, name, lambda column: (self._typed(column, kind),))[0]

    def _typed(self, column: Column, kind: str) -> np.ndarray:
        if kind == "BOOL":
            found = pc.is_in(column.texts, value_set=pa.array([*YES, *NO], column.texts.type))
            return column.present(found.to_numpy(zero_copy_only=False))
        if kind in FORMS:
            found = pc.match_substring_regex(column.texts, FORMS[kind])
            return found.fill_null(fill_value=False).to_numpy(zero_copy_only=False)
        known = column.judge(19, times_hold) | column.judge(10, lambda block: dates_read(block)[1])
        odd = np.flatnonzero((column.widths >= 10) & ~known)
        if len(odd):
            read = self.typist.read(column.texts.take(pa.array(odd)).to_pylist(), "TIME")
            known[odd] = [moment is not None for moment in read]
        return known
