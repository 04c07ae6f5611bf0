"""Files for the clerk (下载文件): an empty table with the right heading, refused rows with their reasons.

What begins with a sign of a formula gets Excel's mark for text, which the reader takes away again.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence

from yiwang.resources.landing.data import RejectedRow
from yiwang.resources.landing.queries import batch_rows
from yiwang.resources.landing.reading.heading import HELPING

FORMS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
ROWS_MAX = 100_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


def template_write(form: str, fields: Sequence[object]) -> bytes:
    """Write an empty table with the heading of a resource (报送模板)."""
    return _write(form, [[one.title or one.name for one in fields]])


def rejected_read(batch_id: int) -> Iterator[RejectedRow]:
    """Yield the refused rows of a batch, up to a hundred thousand."""
    offset, step = 0, 5000
    while offset < ROWS_MAX and (page := batch_rows(batch_id, limit=step, offset=offset)).rows:
        yield from page.rows
        offset += step


def rejected_write(
    form: str,
    fields: Sequence[object],
    rows: Iterable[RejectedRow],
    words: Callable[[str], str],
) -> bytes:
    """Write refused rows to correct and send again (拒收数据): line and reasons stand in front."""
    table: list[list[str]] = [[*HELPING, *(one.title or one.name for one in fields)]]
    for row in rows:
        reasons = "；".join(words(reason) for reason in row.reasons)
        values = [row.values.get(one.name) or "" for one in fields]
        table.append([str(row.line), reasons, *values])
    return _write(form, table)


def _write(form: str, table: Sequence[Sequence[str]]) -> bytes:
    return {"xlsx": _xlsx, "csv": _csv}[form](table)


def _csv(table: Sequence[Sequence[str]]) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for row in table:
        writer.writerow([f"'{text}" if text.startswith(_FORMULA) else text for text in row])
    return ("\ufeff" + buffer.getvalue()).encode("utf-8", "replace")


def _xlsx(table: Sequence[Sequence[str]]) -> bytes:
    from openpyxl import Workbook  # noqa: PLC0415 - 150 ms
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE  # noqa: PLC0415

    book = Workbook(write_only=True)
    sheet = book.create_sheet("数据")
    sheet.freeze_panes = "A2"
    for index, text in enumerate(table[0], start=1):
        letters = _letters(index)
        sheet.column_dimensions[letters].width = max(12, min(50, 3 + 2 * len(text)))
        sheet.column_dimensions[letters].number_format = "@"
    for row in table:
        cells = []
        for text in row:
            cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("", text)[:32_000] or None)
            if text:
                cell.data_type = "s"  # what begins with = is text, never a formula
            cell.number_format = "@"
            cells.append(cell)
        sheet.append(cells)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _letters(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
