"""Penalties and licences that departments hand in (公示信息报送): files and calls, line by line.

A line that cannot be taken is told with its number and its problems by field; the others are taken all the same.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from yiwang.hall.disclosure.actions import GENERAL, record_enter
from yiwang.hall.disclosure.data import Intake
from yiwang.hall.disclosure.errors import FileTooLong, FileUnreadable
from yiwang.hall.disclosure.rules import standard_get
from yiwang.kernel.api import sheet_text
from yiwang.sdk.errors import YiwangError

LINES_MAX = 2000
BYTES_MAX = 10 * 1024 * 1024
ENCODINGS = ("utf-8-sig", "gb18030")
HEADING_MIN = 5


def file_rows(kind: str, raw: bytes) -> list[dict[str, str]]:
    """Read a CSV file (读取报送文件): {field code: text} a line, blank lines left out.

    The heading has field codes or Chinese titles in any order; unknown columns are left out. UTF-8 is tried before
    GB18030. Raises `FileUnreadable`, `FileTooLong`.
    """
    codes = {spec.title: spec.code for spec in standard_get().fields[kind]}
    codes |= {spec.code: spec.code for spec in standard_get().fields[kind]}
    lines = csv.reader(io.StringIO(_text(raw), newline=""))
    try:
        heading = [codes.get(cell.strip(), "") for cell in next(lines, [])]
        if sum(bool(code) for code in heading) < HEADING_MIN:
            raise FileUnreadable()
        rows = list(_rows(heading, lines))
    except csv.Error:
        raise FileUnreadable() from None
    if len(rows) > LINES_MAX:
        raise FileTooLong(limit=LINES_MAX)
    return rows


def _text(raw: bytes) -> str:
    if len(raw) > BYTES_MAX:
        raise FileTooLong(limit=LINES_MAX)
    for encoding in ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileUnreadable()


def _rows(heading: list[str], lines: Iterable[list[str]]) -> Iterator[dict[str, str]]:
    for line in lines:
        cells = [sheet_text(cell.strip()) for cell in line]
        if any(cells):
            pairs = zip(heading, cells, strict=False)
            yield {code: text for code, text in pairs if code}


def records_take(
    kind: str,
    rows: Iterable[Mapping[str, object]],
    *,
    department_id: int,
    source: str,
    now: datetime,
    period: str = GENERAL,
) -> Intake:
    """Take in many decisions (批量录入), each an act of its own: what is wrong stands in the check queue, by field.

    rows: field code or Chinese title → text; the key `period` may name the time of publication. Returns what
    became of each line; a line that is no decision at all (no number, no name) is not taken.
    """
    read = taken = unchanged = 0
    ids: list[int] = []
    problems: dict[int, Mapping[str, list[str]]] = {}
    for number, row in enumerate(rows, start=1):
        read += 1
        lacking = _lacking(kind, row)
        if lacking:
            problems[number] = {code: ["missing"] for code in lacking}
            continue
        try:
            kept = record_enter(
                kind,
                row,
                department_id=department_id,
                source=source,
                period=str(row.get("period") or period),
                now=now,
            )
        except YiwangError as error:
            problems[number] = {"": [error.code]}
            continue
        taken, unchanged = taken + kept.is_new, unchanged + (not kept.is_new)
        ids.append(kept.record.id)
        if kept.record.errors:
            problems[number] = kept.record.errors
    return Intake(read, taken, unchanged, tuple(ids), problems)


def _lacking(kind: str, row: Mapping[str, object]) -> list[str]:
    """A line without number and subject is about nothing: it is refused, not queued."""
    standard = standard_get()
    codes = (f"{kind}_WSH", f"{kind}_XDR_MC")
    found = []
    for code in codes:
        title = standard.field(kind, code).title
        if not str(row.get(code) or row.get(title) or "").strip():
            found.append(code)
    return found
