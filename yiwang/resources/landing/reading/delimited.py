"""CSV and its kin as offices make them (分隔文本): tolerant, line by line, never guessing a cell's place."""

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from yiwang.resources.landing.data import HEADING_ROWS, LINE_MAX, LandingUnreadable
from yiwang.resources.landing.reading.heading import (
    Heading,
    heading_find,
    heading_require,
    is_note,
    is_total,
)
from yiwang.resources.landing.reading.lines import Encodings, Scan, lines_read
from yiwang.resources.landing.reading.rows import Reading, Row

DELIMITERS = (",", "\t", ";", "|", "，")
JOINED_MAX = 200  # lines that one quoted cell may run over
_OPENED = {mark: re.compile(rf'(?:^|{re.escape(mark)})\s*"') for mark in DELIMITERS}
csv.field_size_limit(2 * LINE_MAX)

Line = tuple[int, str, bool]


def delimiter_find(path: Path, found: Scan, fields: Sequence[object]) -> tuple[str, Heading]:
    """Find delimiter and heading together (识别分隔符与表头): what names most fields wins.

    Raises `LandingUnreadable`.
    """
    lines = lines_read(path, Encodings(), wide=found.wide)
    texts = [text for _number, text, _sound in islice(lines, HEADING_ROWS)]
    if not any(text.strip() for text in texts):
        raise LandingUnreadable("EMPTY")
    best: tuple[str, Heading] | None = None
    for mark in DELIMITERS:
        heading = heading_find([_cells(text, mark) for text in texts], fields)
        if heading and (best is None or heading.matched > best[1].matched):
            best = mark, heading
    mark, heading = best or (",", None)
    return mark, heading_require(heading, fields)


def delimited_read(
    path: Path, found: Scan, fields: Sequence[object], *, mark: str, heading: Heading
) -> Reading:
    """Read a delimited file tolerantly (宽松读取)."""
    reading = Reading("CSV", heading=heading, total=found.lines)
    reading.rows = _rows(path, found, fields, mark, heading, reading)
    return reading


def _rows(
    path: Path, found: Scan, fields: Sequence[object], mark: str, heading: Heading, reading: Reading
) -> Iterator[Row]:
    counts = Encodings()
    lines = islice(lines_read(path, counts, wide=found.wide), heading.row + 1, None)
    for line, cells, faults in _records(lines, mark, heading.width):
        if not faults and not any(cell.strip() for cell in cells):
            continue
        if is_total(cells) or is_note(cells):
            reading.skipped += 1
            reading.notes.append({"kind": "SKIPPED", "line": line, "text": mark.join(cells)[:80]})
            continue
        values = [
            cells[place] if place is not None and place < len(cells) else None
            for place in heading.places
        ]
        yield line, values, faults or _width_faults(cells, heading.width)
    if counts.gb18030:
        note = {"kind": "ENCODING", "gb18030": counts.gb18030, "utf8": counts.utf8}
        reading.notes.append(note)


def _width_faults(cells: list[str], width: int) -> list[str]:
    if len(cells) < width:
        return ["FEW"]
    return ["MANY"] if any(cell.strip() for cell in cells[width:]) else []


def _records(lines: Iterator[Line], mark: str, width: int) -> Iterator[tuple[int, list, list]]:
    """Yield (first line, cells, faults): quoted cells may run over lines, an open quote may not."""
    waiting: deque[Line] = deque()

    def following() -> Line | None:
        return waiting.popleft() if waiting else next(lines, None)

    while (first := following()) is not None:
        number, text, sound = first
        if '"' not in text:
            yield number, text.split(mark), [] if sound else ["ENCODING"]
            continue
        if _is_whole(text, mark, width):
            yield number, _cells(text, mark), [] if sound else ["ENCODING"]
            continue
        taken, joined = [], text
        while len(taken) < JOINED_MAX and len(joined) <= LINE_MAX:
            more = following()
            if more is None:
                break
            taken.append(more)
            joined += "\n" + more[1]
            sound &= more[2]
            if '"' in more[1] and joined.count('"') % 2 == 0:
                break
        cells = _cells(joined, mark)
        if taken and joined.count('"') % 2 == 0 and len(cells) == width:
            yield number, cells, [] if sound else ["ENCODING"]
        else:
            waiting.extendleft(reversed(taken))
            yield number, text.split(mark), ["QUOTE"]


def _is_whole(text: str, mark: str, width: int) -> bool:
    if text.count('"') % 2 == 0:
        return True
    # A stray mark inside a cell, as in 5" pipe, opens nothing.
    return not _OPENED[mark].search(text) and len(_cells(text, mark)) == width


def _cells(text: str, mark: str) -> list[str]:
    if '"' not in text:
        return text.split(mark)
    return (
        next(csv.reader([text], delimiter=mark), [""]) if "\n" not in text else _joined(text, mark)
    )


def _joined(text: str, mark: str) -> list[str]:
    return next(csv.reader(text.splitlines(keepends=True), delimiter=mark), [""])
