"""Checks of identifiers over whole columns (向量化校验), equal to `sdk.identifiers` value by value."""

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yiwang.sdk.identifiers import BASE_36, ORG_WEIGHTS, USCC_ALPHABET, USCC_WEIGHTS

ID_POWERS = np.array([pow(2, 17 - place, 11) for place in range(17)], dtype=np.int64)
ID_CHECKS = np.frombuffer(b"10X98765432", dtype=np.uint8)
NONE = 255
BLOCK = 1 << 14  # rows at once: what is computed on them stays in the processor's cache


def _number(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day


def _month_days() -> np.ndarray:
    """Return the days of each month number 0-99 of a common and a leap year: uint8 (2, 100)."""
    table = np.zeros((2, 100), dtype=np.uint8)
    table[:, 1:13] = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    table[1, 2] = 29
    return table


# Four digits 0000-9999 as numbers (10000, 4), as characters, and what they add to the check sum at places 0, 4, 8,
# 12: uint8 (4, 10000).
FOURS = np.arange(10_000)[:, None] // 10 ** np.arange(3, -1, -1) % 10
FOUR_DIGITS = (FOURS + 48).astype(np.uint8)
CHECK_TABLES = np.array([FOURS @ ID_POWERS[k : k + 4] % 11 for k in (0, 4, 8, 12)], dtype=np.uint8)
MONTH_DAYS = _month_days()
YEARS = np.arange(10_000)
LEAP = ((YEARS % 4 == 0) & ((YEARS % 100 != 0) | (YEARS % 400 == 0))).astype(np.uint8)


def _values(alphabet: str) -> np.ndarray:
    table = np.full(256, NONE, dtype=np.uint8)
    table[np.frombuffer(alphabet.encode(), dtype=np.uint8)] = np.arange(len(alphabet))
    return table


VALUES_31, VALUES_36, VALUES_10 = _values(USCC_ALPHABET), _values(BASE_36), _values(BASE_36[:10])
ORG_CHECKS = np.frombuffer(b"0123456789X", dtype=np.uint8)
USCC_CHECKS = np.frombuffer(USCC_ALPHABET.encode(), dtype=np.uint8)


def id_numbers(keys: np.ndarray) -> pa.Array:
    """Write the 18 characters of numbers known by their first 17 digits (还原身份号码).

    keys: int64 (n,), each of 17 digits. Returns text (n,). Source: GB 11643-1999.

    >>> id_numbers(np.array([32050819850101123])).to_pylist()
    ['320508198501011234']
    """
    text = np.empty((len(keys), 18), dtype=np.uint8)
    rest, last = np.divmod(keys, 10)
    total = last * 2
    for place in (12, 8, 4, 0):
        rest, four = np.divmod(rest, 10_000)
        text[:, place : place + 4] = FOUR_DIGITS[four]
        total += CHECK_TABLES[place // 4][four]
    text[:, 16] = last + 48
    text[:, 17] = ID_CHECKS[total % 11]
    return _text(text)


def id_keys(texts: pa.Array, *, today: date) -> tuple[np.ndarray, np.ndarray, pa.Array]:
    """Return the first 17 digits of valid citizen identity numbers (身份号码校验), 0 where none holds.

    texts: text (n,), 18 characters or the 15 of the old form, blanks around; null for none. today: no birth
    lies after it. Returns keys int64 (n,), the places without one (k,), and what is written there without
    blanks around, text (k,), '' for none. The same as `sql.select_compile` has as SQL. Source: GB 11643-1999.

    >>> found = id_keys(pa.array(["11010519491231002X", " 110105491231002", "x ", None]), today=date(2026, 1, 1))
    >>> found[0].tolist(), found[1].tolist(), found[2].to_pylist()
    ([11010519491231002, 11010519491231002, 0, 0], [2, 3], ['x', ''])
    """
    keys = _whole_numbers(texts, today)
    rest = np.flatnonzero(keys == 0)
    written = pc.ascii_trim(pc.fill_null(texts.take(pa.array(rest)), ""), " ")
    keys[rest] = _whole_numbers(written, today) + _old_numbers(written, today)
    none = keys[rest] == 0
    return keys, rest[none], written.filter(pa.array(none))


def _whole_numbers(texts: pa.Array, today: date) -> np.ndarray:
    keys = np.zeros(len(texts), dtype=np.int64)
    rows, matrix = _of_width(texts, 18)
    for start in range(0, len(rows), BLOCK):
        part = matrix[start : start + BLOCK]
        found, check = _first17(part, today)
        last = part[:, 17]
        found[(check != last) & ((check != ord("X")) | (last != ord("x")))] = 0
        keys[rows[start : start + BLOCK]] = found
    return keys


def _old_numbers(texts: pa.Array, today: date) -> np.ndarray:
    keys = np.zeros(len(texts), dtype=np.int64)
    rows, matrix = _of_width(texts, 15)
    grown = np.empty((len(rows), 17), dtype=np.uint8)
    grown[:, :6], grown[:, 6:8], grown[:, 8:] = matrix[:, :6], (ord("1"), ord("9")), matrix[:, 6:]
    keys[rows] = _first17(grown, today)[0]
    return keys


def _of_width(texts: pa.Array, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of values of `width` bytes and these bytes: (k,), uint8 (k, width)."""
    offsets = text_offsets(texts)
    data = np.frombuffer(texts.buffers()[2] or b"", dtype=np.uint8)[offsets[0] : offsets[-1]]
    sizes = np.diff(offsets)
    fits = sizes == width
    rows = np.flatnonzero(fits)
    if len(rows) * width != len(data):
        data = data[np.repeat(fits, sizes)]
    return rows, data.reshape(-1, width)


def text_offsets(texts: pa.Array) -> np.ndarray:
    """Return where each value begins among the letters, and where the last one ends: int32 (n + 1,)."""
    if not len(texts):
        return np.zeros(1, dtype=np.int32)
    offsets = np.frombuffer(texts.buffers()[1], dtype=np.int32)
    return offsets[texts.offset : texts.offset + len(texts) + 1]


def _first17(matrix: np.ndarray, today: date) -> tuple[np.ndarray, np.ndarray]:
    """Read 17 digits with a real birth date: number int64 (n,), 0 where none; its check character."""
    one, two, digits = _four_digits(matrix[:, :8])
    three, four, more = _four_digits(matrix[:, 8:16])
    last = matrix[:, 16] - np.uint8(48)  # what is less than "0" becomes large
    year, month, day = two % 100 * 100 + three // 100, three % 100, four // 100
    found = (((one * 10_000 + two) * 10_000 + three) * 10_000 + four) * 10 + last
    days = MONTH_DAYS[LEAP[year], month]
    born = year * 10_000 + month * 100 + day
    holds = digits & more & (last <= 9) & (day > 0) & (day <= days) & (born <= _number(today))
    holds &= (year > 0) & (one >= 1000)
    total = sum(
        table[part] for table, part in zip(CHECK_TABLES, (one, two, three, four), strict=True)
    )
    check = ID_CHECKS[(total + last * np.int64(2)) % 11]
    return np.where(holds, found, 0), check


def _four_digits(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read 8 digits as two numbers of four, all eight at once in a word; and whether they are digits."""
    word = matrix.view("<u8")[:, 0]
    high = np.uint64(0xF0F0F0F0F0F0F0F0)
    above = (word + np.uint64(0x0606060606060606)) & high
    digits = (word & high | above >> np.uint64(4)) == np.uint64(0x3333333333333333)
    value = word & np.uint64(0x0F0F0F0F0F0F0F0F)
    value = value * np.uint64(10) + (value >> np.uint64(8)) & np.uint64(0x00FF00FF00FF00FF)
    value = value * np.uint64(100) + (value >> np.uint64(16)) & np.uint64(0x0000FFFF0000FFFF)
    value[~digits] = 0
    return (
        (value & np.uint64(0xFFFF)).view(np.int64),
        (value >> np.uint64(32)).view(np.int64),
        digits,
    )


def organisation_keys(codes: pa.Array) -> np.ndarray:
    """Return the organisation body in valid codes as a number (主体标识), 0 where none holds.

    codes: text (n,), upper case: 18 characters of GB 32100, or the 9 of GB 11714 that they contain,
    with or without hyphen. Returns int64 (n,): the 8 characters of the body in base 36, plus 1. The same
    body keeps one organisation code for life, while its registering department may change.

    >>> organisation_keys(pa.array(["91320508MA1XYW01XY", "MA1XYW01-X", "MA1XYW01X", "MA1XYW019"]))
    array([1745896954754, 1745896954754, 1745896954754,             0])
    """
    codes = pc.replace_substring(codes, "-", "")
    sizes = pc.binary_length(codes).to_numpy(zero_copy_only=False)
    keys = np.zeros(len(codes), dtype=np.int64)
    long, short = np.flatnonzero(sizes == 18), np.flatnonzero(sizes == 9)
    if len(long):
        matrix = _matrix(codes, long, 18)
        keys[long] = np.where(_uscc_holds(matrix), _organisations(matrix[:, 8:17]), 0)
    if len(short):
        keys[short] = _organisations(_matrix(codes, short, 9))
    return keys


def _matrix(codes: pa.Array, rows: np.ndarray, width: int) -> np.ndarray:
    """Return the bytes of values that all have the same width: uint8 (n, width)."""
    joined = codes.take(pa.array(rows)).cast(pa.binary()).cast(pa.large_binary())
    start = np.frombuffer(joined.buffers()[1], dtype=np.int64)[joined.offset]
    data = np.frombuffer(joined.buffers()[2], dtype=np.uint8)
    return data[start : start + width * len(rows)].reshape(-1, width)


def _uscc_holds(matrix: np.ndarray) -> np.ndarray:
    values = VALUES_31[matrix]
    form = (values[:, :17] != NONE).all(axis=1) & (VALUES_10[matrix[:, 2:8]] != NONE).all(axis=1)
    total = values[:, :17].astype(np.int64) @ np.array(USCC_WEIGHTS)
    return form & (USCC_CHECKS[-total % 31] == matrix[:, 17])


def _organisations(matrix: np.ndarray) -> np.ndarray:
    values = VALUES_36[matrix[:, :8]]
    form = (values != NONE).all(axis=1)
    wide = values.astype(np.int64)
    right = ORG_CHECKS[-(wide @ np.array(ORG_WEIGHTS)) % 11] == matrix[:, 8]
    return np.where(form & right, wide @ 36 ** np.arange(7, -1, -1, dtype=np.int64) + 1, 0)


def organisation_codes(keys: np.ndarray) -> pa.Array:
    """Write the organisation codes of keys (组织机构代码), the reverse of `organisation_keys`.

    >>> organisation_codes(np.array([1745896954754])).to_pylist()
    ['MA1XYW01X']
    """
    values = (keys[:, None] - 1) // 36 ** np.arange(7, -1, -1, dtype=np.int64) % 36
    text = np.empty((len(keys), 9), dtype=np.uint8)
    text[:, :8] = np.frombuffer(BASE_36.encode(), dtype=np.uint8)[values]
    text[:, 8] = ORG_CHECKS[-(values @ np.array(ORG_WEIGHTS)) % 11]
    return _text(text)


def _text(matrix: np.ndarray) -> pa.Array:
    rows, width = matrix.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * width
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(matrix))]
    return pa.StringArray.from_buffers(rows, buffers[1], buffers[2])
