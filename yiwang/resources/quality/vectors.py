"""Texts of one width as numbers (定长文本向量化): identity numbers, mobile numbers, dates, a block at once.

Eight characters are one word of 64 bits: that all are digits is one comparison, their weighted sum one
multiplication (SWAR, "SIMD within a register"). A block stays within the processor's cache. The answers
are those of `sdk.identifiers`, value by value. Imports NumPy: for modules that check, not for the web.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from yiwang.sdk.identifiers import ID_WEIGHTS

BLOCK = 1 << 14
ZEROS = np.uint64(0x3030303030303030)
BEYOND = np.uint64(0x7676767676767676)  # a byte above 9 reaches its highest bit with it
HIGH = np.uint64(0x8080808080808080)
LANES = np.uint64(0x00FF00FF00FF00FF)
BYTE = np.uint64(0xFF)
EIGHT, TEN, TOP = np.uint64(8), np.uint64(10), np.uint64(48)
DASHES, DASH_BYTES = np.uint64(0x1D00001D00000000), np.uint64(0xFF0000FF00000000)
EPOCH = 719_163  # date(1970, 1, 1).toordinal()


def _lane_weights(weights: Sequence[int]) -> np.uint64:
    """Pack four weights so that the product's top sixteen bits are the weighted sum of four lanes."""
    return np.uint64(sum(weight << 16 * (3 - lane) for lane, weight in enumerate(weights)))


# Of bytes 0, 2, 4, 6 and 1, 3, 5, 7 of the first word, then of the second; the seventeenth is apart.
WEIGHTS = tuple(_lane_weights(ID_WEIGHTS[at : at + 8 : 2]) for at in (0, 1, 8, 9))
# The value that the last character must have, by the sum before it: (sum + value) % 11 == 1.
EXPECTED = ((1 - np.arange(1 << 16)) % 11).astype(np.uint8)
LAST = np.full(256, 255, np.uint8)
LAST[48:58] = np.arange(10)
LAST[[ord("X"), ord("x")]] = 10


def _calendar() -> tuple[np.ndarray, np.ndarray]:
    """Return for month * 100 + day: 1 a day, 2 one of leap years only, 0 none; days before it in a year."""
    real, before = np.zeros(256 * 101, np.uint8), np.zeros(256 * 101, np.int32)
    past = 0
    for month, last in enumerate((31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), start=1):
        days = np.arange(1, last + 1)
        real[month * 100 + days], before[month * 100 + days] = 1, past + days - 1
        past += last - (month == 2)
    real[229] = 2
    return real, before


REAL, BEFORE = _calendar()
YEARS = np.arange(1 << 16)
LEAP = (YEARS % 4 == 0) & ((YEARS % 100 != 0) | (YEARS % 400 == 0))
STARTS = np.array(
    [0, *(date(year, 1, 1).toordinal() - EPOCH for year in range(1, 10_000))], np.int32
)


@dataclass(slots=True)
class Block:
    """Texts of one width, one after another in memory (定长块). data: bytes; offset: of the first."""

    data: np.ndarray
    offset: int
    count: int
    width: int

    def parts(self) -> Iterator[tuple[int, int]]:
        """Yield (begin, end) of what fits the cache."""
        for begin in range(0, self.count, BLOCK):
            yield begin, min(begin + BLOCK, self.count)

    def words(self, part: tuple[int, int], at: int, kind: str = "<u8") -> np.ndarray:
        """Read so many bytes from a place of each text as one number."""
        begin, end = part
        offset = self.offset + begin * self.width + at
        return np.ndarray((end - begin,), kind, self.data, offset, (self.width,)).copy()


def digits_all(*words: np.ndarray) -> np.ndarray:
    """Tell where every byte is 0 to 9: words are XORed with ZEROS already."""
    joined = (words[0] + BEYOND) | words[0]
    for word in words[1:]:
        joined |= (word + BEYOND) | word
    joined &= HIGH
    return joined == 0


def _pairs(word: np.ndarray) -> np.ndarray:
    """Return each two digits as a number, in the lowest byte of four lanes."""
    return (word * TEN + (word >> EIGHT)) & LANES


def _lane(pairs: np.ndarray, number: int) -> np.ndarray:
    return (pairs >> np.uint64(16 * number)) & BYTE


@dataclass(slots=True)
class Numbers:
    """What identity numbers say (身份号码解析), one row each.

    formed: 17 digits and a digit or X; holds: valid; birth: year*10000 + month*100 + day as written;
    male: the seventeenth digit is odd.
    """

    formed: np.ndarray
    holds: np.ndarray
    birth: np.ndarray
    male: np.ndarray


def id_numbers_read(block: Block, *, today: date) -> Numbers:
    """Read a block of 18 characters (公民身份号码校验). Source: GB 11643-1999.

    >>> data = np.frombuffer(b"320508198501011234" b"320508198501011235", np.uint8)
    >>> id_numbers_read(Block(data, 0, 2, 18), today=date(2026, 1, 1)).holds.tolist()
    [True, False]
    """
    found = Numbers(
        *(np.empty(block.count, kind) for kind in (np.bool_, np.bool_, np.int32, np.bool_))
    )
    last_day = today.year * 10_000 + today.month * 100 + today.day
    for part in block.parts():
        one, two = (block.words(part, at) ^ ZEROS for at in (0, 8))
        end = block.words(part, 16, "<u2")
        odd, last = (end & 0xFF) - 48, LAST[end >> 8]
        formed = digits_all(one, two) & (odd <= 9) & (last <= 10) & ((one & BYTE) != 0)
        total = ((one & LANES) * WEIGHTS[0]) >> TOP
        total += (((one >> EIGHT) & LANES) * WEIGHTS[1]) >> TOP
        total += ((two & LANES) * WEIGHTS[2]) >> TOP
        total += (((two >> EIGHT) & LANES) * WEIGHTS[3]) >> TOP
        total += odd * np.uint16(ID_WEIGHTS[16])
        pairs = _pairs(two)
        year = ((_pairs(one) >> TOP) * np.uint64(100) + (pairs & BYTE)).astype(np.int32)
        day = (_lane(pairs, 1) * np.uint64(100) + _lane(pairs, 2)).astype(np.int32)
        birth = year * 10_000 + day
        holds = formed & (EXPECTED[total & np.uint64(0xFFFF)] == last)
        holds &= days_real(year, day) & (year > 0) & (birth <= last_day)
        place = slice(*part)
        found.formed[place], found.holds[place] = formed, holds
        found.birth[place], found.male[place] = birth, odd & 1
    return found


def days_real(year: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Tell where month * 100 + day is a day of the year (日期有效)."""
    kind = REAL[day]
    real = kind == 1
    rare = np.flatnonzero(kind == 2)
    if len(rare):
        real[rare] = LEAP[year[rare] & 0xFFFF]
    return real


def mobiles_hold(block: Block) -> np.ndarray:
    """Tell which texts of 11 characters are mobile numbers (手机号码校验).

    >>> mobiles_hold(Block(np.frombuffer(b"1380013800012800138000", np.uint8), 0, 2, 11)).tolist()
    [True, False]
    """
    found = np.empty(block.count, np.bool_)
    for part in block.parts():
        one, two = (block.words(part, at) ^ ZEROS for at in (0, 3))
        second = (one >> EIGHT) & BYTE
        found[slice(*part)] = digits_all(one, two) & ((one & BYTE) == 1) & (second >= np.uint64(3))
    return found


def dates_read(block: Block) -> tuple[np.ndarray, np.ndarray]:
    """Read the first ten characters as year-month-day (日期解析): days since 1970, and which are dates.

    >>> days, sure = dates_read(Block(np.frombuffer(b"1970-01-022026-02-30", np.uint8), 0, 2, 10))
    >>> days[0], sure.tolist()
    (np.int32(1), [True, False])
    """
    days, sure = np.zeros(block.count, np.int32), np.empty(block.count, np.bool_)
    for part in block.parts():
        word = block.words(part, 0) ^ ZEROS
        end = block.words(part, 8, "<u2") - np.uint16(0x3030)
        tens, ones = end & 0xFF, end >> 8
        dashed = (word & DASH_BYTES) == DASHES
        formed = dashed & digits_all(word & ~DASH_BYTES) & (tens <= 9) & (ones <= 9)
        pairs = _pairs(word)
        year = ((pairs & BYTE) * np.uint64(100) + _lane(pairs, 1)).astype(np.int32)
        month = ((word >> np.uint64(40)) & BYTE) * TEN + ((word >> TOP) & BYTE)
        day = np.where(formed, month * np.uint64(100) + tens * np.uint64(10) + ones, 0)
        day = day.astype(np.int32)
        good = formed & days_real(year, day) & (year > 0)
        year = np.where(good, year, 1970)
        found = STARTS[year] + BEFORE[day] + (LEAP[year] & (day > 229))
        place = slice(*part)
        days[place], sure[place] = np.where(good, found, 0), good
    return days, sure


def times_hold(block: Block) -> np.ndarray:
    """Tell which texts of 19 characters are surely moments, such as 2026-11-21 08:30:00 (时间校验)."""
    found = dates_read(block)[1]
    for part in block.parts():
        # " hh:mm:s", of which the last digit is apart
        word = block.words(part, 10) ^ ZEROS
        last = block.words(part, 18, "u1") - np.uint8(48)
        marks, marked = np.uint64(0x00FF0000FF0000FF), np.uint64(0x000A00000A000010)
        formed = ((word & marks) == marked) & digits_all(word & ~marks) & (last <= 9)
        hour = ((word >> EIGHT) & BYTE) * TEN + ((word >> np.uint64(16)) & BYTE)
        minute, second = (word >> np.uint64(32)) & BYTE, (word >> np.uint64(56)) & BYTE
        formed &= (hour < np.uint64(24)) & (minute < np.uint64(6)) & (second < np.uint64(6))
        found[slice(*part)] &= formed
    return found


def _numbers(days: np.ndarray) -> np.ndarray:
    months = days.astype("datetime64[D]").astype("datetime64[M]")
    number = months.astype(np.int64)
    day = days - months.astype("datetime64[D]").astype(np.int64) + 1
    return ((1970 + number // 12) * 10_000 + (number % 12 + 1) * 100 + day).astype(np.int32)


FIRST, AFTER = int(STARTS[1900]), int(STARTS[2100])
NUMBERS = _numbers(np.arange(FIRST, AFTER, dtype=np.int32))


def day_numbers(days: np.ndarray) -> np.ndarray:
    """Write days since 1970 as year*10000 + month*100 + day (日期转数字).

    >>> day_numbers(np.array([0, -1, -36_525], np.int32)).tolist()
    [19700101, 19691231, 18691231]
    """
    if len(days) and (days.min() < FIRST or days.max() >= AFTER):
        return _numbers(days)
    return NUMBERS[days - FIRST]
