"""Text over whole columns (成列文本): joining, choosing among written forms, mistyping."""

from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

FIRST_DAY = np.datetime64("1900-01-01")
DAY_COUNT = 50_000  # until 2036
FULL_WIDTH_DIGITS = "０１２３４５６７８９"  # noqa: RUF001


def pick(
    values: list[str] | pa.Array, places: np.ndarray, mask: np.ndarray | None = None
) -> pa.Array:
    """Take values by place; null where `mask` holds."""
    array = (
        values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values, pa.string())
    )
    return array.take(pa.array(places, mask=mask))


def joined(*parts: pa.Array | str) -> pa.Array:
    """Join columns and constants element by element.

    >>> joined(pa.array(["3", "4"]), "幢").to_pylist()
    ['3幢', '4幢']
    """
    return pc.binary_join_element_wise(*parts, "")


def numbered(values: np.ndarray, width: int = 0) -> pa.Array:
    """Write numbers as text, with leading zeros up to `width`.

    >>> numbered(np.array([7, 12]), 3).to_pylist()
    ['007', '012']
    """
    text = pa.array(values).cast(pa.string())
    return pc.utf8_lpad(text, width, padding="0") if width else text


def forms(*written: pa.Array) -> pa.Array:
    """Put several written forms of the same n values behind one another: form f of i is at f·n + i."""
    return pa.concat_arrays(
        [form.combine_chunks() if isinstance(form, pa.ChunkedArray) else form for form in written]
    )


@cache
def day_texts(form: str) -> pa.Array:
    """Return every day from 1900-01-01 on, as a class writes it: ISO, COMPACT, SLASH, CHINESE, DATE.

    >>> day_texts("CHINESE")[0].as_py()
    '1900年01月01日'
    """
    days = FIRST_DAY + np.arange(DAY_COUNT)
    if form == "DATE":
        return pa.array(days.astype("datetime64[D]").astype(np.int32), pa.int32()).cast(pa.date32())
    iso = pa.array(days.astype(str))
    if form == "ISO":
        return iso
    if form == "CHINESE":
        year, month, day = (pc.utf8_slice_codeunits(iso, *cut) for cut in ((0, 4), (5, 7), (8, 10)))
        return joined(year, "年", month, "月", day, "日")
    return pc.replace_substring(iso, "-", {"COMPACT": "", "SLASH": "/"}[form])


def matrix_text(matrix: np.ndarray) -> pa.Array:
    """Turn bytes (n, width) into text (n,)."""
    rows, width = matrix.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * width
    data = pa.py_buffer(np.ascontiguousarray(matrix))
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), data)


def mistyped(matrix: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Mistype one digit of each number, or swap two neighbours: bytes (n, width) in and out.

    Both are what the check characters of GB 11643 and GB 32100 always catch; a swap of two equal
    digits becomes a wrong digit.
    """
    wrong = matrix.copy()
    rows = np.arange(len(wrong))
    place = random.integers(6, 16, len(wrong))
    swap = (random.random(len(wrong)) < 0.4) & (wrong[rows, place] != wrong[rows, place + 1])
    one, two = rows[swap], place[swap]
    wrong[one, two], wrong[one, two + 1] = matrix[one, two + 1], matrix[one, two]
    one, two = rows[~swap], place[~swap]
    old = wrong[one, two]
    digit = (old >= 48) & (old <= 57)
    wrong[one, two] = np.where(digit, 48 + (old - 48 + random.integers(1, 10, len(one))) % 10, 48)
    return wrong
