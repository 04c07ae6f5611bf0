"""XLSX as offices make them (电子表格): titles above the heading, merged cells, totals, dates, numbers.

Streamed: one row at a time. What a cell cannot be trusted for is a fault, never a guess.
"""

import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import IO

from yiwang.resources.landing.data import HEADING_ROWS, LandingUnreadable
from yiwang.resources.landing.reading.heading import (
    heading_find,
    heading_require,
    is_note,
    is_total,
)
from yiwang.resources.landing.reading.rows import Reading, Row

UNPACKED_MAX = 2 * 1024**3
STRINGS_MAX = 256 * 1024**2
ENTRIES_MAX = 2000
MERGES_MAX = 20_000
DIGITS_MAX = 10**15  # Excel keeps 15 digits
WIDTH_MAX = 1000
_MERGE = re.compile(
    rb'<(?:\w+:)?mergeCell\s+ref="([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})"'
)
_ERRORS = frozenset(
    {"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#GETTING_DATA"}
)


def archive_check(path: Path) -> None:
    """Refuse a damaged archive and one that unpacks beyond all measure (压缩炸弹); by its directory."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            names = {entry.filename for entry in entries}
            sizes = {entry.filename: entry.file_size for entry in entries}
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise LandingUnreadable("BROKEN", detail=_detail(error)) from error
    if "xl/workbook.xml" not in names:
        raise LandingUnreadable("NOT_A_TABLE")
    strings = sizes.get("xl/sharedStrings.xml", 0)
    if len(entries) > ENTRIES_MAX or sum(sizes.values()) > UNPACKED_MAX or strings > STRINGS_MAX:
        raise LandingUnreadable("TOO_LARGE", limit=STRINGS_MAX // 1024**2)


def sheet_read(path: Path, fields: Sequence[object]) -> Reading:
    """Read the sheet whose heading fits best (读取工作表); raises `LandingUnreadable`."""
    import openpyxl  # noqa: PLC0415 - 150 ms

    archive_check(path)
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        sheet, heading, others = _sheet_choose(book, fields)
    except LandingUnreadable:
        raise
    except Exception as error:
        # Whatever a broken package makes the library raise, the file cannot be read.
        raise LandingUnreadable("BROKEN", detail=_detail(error)) from error
    heading = heading_require(heading, fields)
    reading = Reading("XLSX", heading=heading, total=sheet.max_row or 0)
    if others:
        reading.notes.append({"kind": "SHEETS", "read": sheet.title, "others": others[:10]})
    merges = _merges(path, sheet)
    reading.rows = _guarded(_rows(sheet, fields, heading, merges, reading), book)
    return reading


def _sheet_choose(book, fields: Sequence[object]):  # noqa: ANN001, ANN202 - openpyxl has no types
    best, found, others = None, None, []
    sheets = [each for each in book.worksheets if each.sheet_state == "visible"] or book.worksheets
    if not sheets:
        raise LandingUnreadable("EMPTY")
    for sheet in sheets:
        sheet.reset_dimensions()
        rows = [
            [cell_text(cell.value)[0] for cell in row]
            for row in islice(sheet.iter_rows(max_col=WIDTH_MAX), HEADING_ROWS)
        ]
        if any(text for row in rows for text in row):
            others.append(sheet.title)
        heading = heading_find(rows, fields)
        if heading and (found is None or heading.matched > found.matched):
            best, found = sheet, heading
    if not others:
        raise LandingUnreadable("EMPTY")
    return best, found, [name for name in others if best is not None and name != best.title]


def _rows(sheet, fields, heading, merges, reading) -> Iterator[Row]:  # noqa: ANN001
    names = [one.name for one in fields]
    types = [one.type for one in fields]
    carried: dict[int, tuple[int, object]] = {}
    for line, row in enumerate(sheet.iter_rows(max_col=WIDTH_MAX), start=1):
        values = [cell.value for cell in row]
        _fill(values, line, merges, carried)
        if line <= heading.row + 1:
            continue
        pairs = [cell_text(value) for value in values]
        texts = [text for text, _fault in pairs]
        if not any(text and text.strip() for text in texts):
            continue
        if is_total(texts) or is_note(texts):
            reading.skipped += 1
            text = " ".join(text for text in texts if text)[:80]
            reading.notes.append({"kind": "SKIPPED", "line": line, "text": text})
            continue
        cells, faults = [], []
        for name, kind, place in zip(names, types, heading.places, strict=True):
            text, fault = pairs[place] if place < len(pairs) else (None, "")
            if fault and (fault != "DIGITS" or kind not in "NYBFI"):
                faults.append(f"{fault}:{name}")
            cells.append(text)
        yield line, cells, faults


def _guarded(rows: Iterator[Row], book) -> Iterator[Row]:  # noqa: ANN001
    try:
        yield from rows
    except LandingUnreadable:
        raise
    except Exception as error:
        raise LandingUnreadable("BROKEN", detail=_detail(error)) from error
    finally:
        book.close()


def _fill(values: list, line: int, merges: dict, carried: dict[int, tuple[int, object]]) -> None:
    """Give the cells of a merged area the value that stands in its first one."""
    for first, last, bottom in merges.get(line, ()):
        value = values[first] if first < len(values) else None
        for column in range(first, last + 1):
            carried[column] = bottom, value
    for column, (bottom, value) in list(carried.items()):
        if line > bottom:
            del carried[column]
        elif column < len(values) and values[column] is None:
            values[column] = value


def _merges(path: Path, sheet) -> dict[int, list[tuple[int, int, int]]]:  # noqa: ANN001
    """Return merged areas by first row; they stand behind the rows, so the sheet is scanned once."""
    found: dict[int, list[tuple[int, int, int]]] = {}
    count = 0
    with zipfile.ZipFile(path) as archive, archive.open(sheet._worksheet_path) as file:
        for match in _scan(file):
            left, top, right, bottom = match
            if count >= MERGES_MAX:
                break
            count += 1
            area = (_column(left), _column(right), int(bottom))
            found.setdefault(int(top), []).append(area)
    return found


def _scan(file: IO[bytes]) -> Iterator[tuple[bytes, ...]]:
    tail = b""
    while chunk := file.read(1024 * 1024):
        text = tail + chunk
        end = 0
        for match in _MERGE.finditer(text):
            end = match.end()
            yield match.groups()
        tail = text[max(end, len(text) - 80) :]


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def cell_text(value: object) -> tuple[str | None, str]:  # noqa: PLR0911
    """Return a cell as text, with the fault that makes it useless as text (单元格取值).

    >>> cell_text(13912345678.0), cell_text(320506199001011234)[1], cell_text("#N/A")[1]
    (('13912345678', ''), 'DIGITS', 'FORMULA')
    """
    if value is None or isinstance(value, str):
        return value or None, "FORMULA" if value in _ERRORS else ""
    if isinstance(value, bool):
        return "1" if value else "0", ""
    if isinstance(value, int | float):
        fault = "DIGITS" if abs(value) >= DIGITS_MAX else ""
        if isinstance(value, float) and not value.is_integer():
            return format(value, ".15g"), fault
        return str(int(value)), fault
    if isinstance(value, datetime):
        is_day = value.time() == time(0)
        return value.strftime("%Y-%m-%d" if is_day else "%Y-%m-%d %H:%M:%S"), ""
    if isinstance(value, date):
        return value.isoformat(), ""
    return str(value), ""


def _detail(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:120]
