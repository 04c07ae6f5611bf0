"""Checks of identifiers over whole columns (向量化校验), equal to `sdk.identifiers` value by value."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yiwang.sdk.identifiers import BASE_36, ORG_WEIGHTS, USCC_ALPHABET, USCC_WEIGHTS

ID_POWERS = np.array([pow(2, 17 - place, 11) for place in range(17)], dtype=np.int64)
ID_CHECKS = np.frombuffer(b"10X98765432", dtype=np.uint8)
NONE = 255


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
    digits = keys[:, None] // 10 ** np.arange(16, -1, -1, dtype=np.int64) % 10
    text = np.empty((len(keys), 18), dtype=np.uint8)
    text[:, :17] = digits + 48
    text[:, 17] = ID_CHECKS[digits @ ID_POWERS % 11]
    return _text(text)


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
