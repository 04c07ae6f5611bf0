"""Tables as files (表格文件): CSV in UTF-8 or GB18030, and Excel; what a person typed is never run as a formula.

A text that begins with a sign of a formula gets Excel's mark for text, an apostrophe, in CSV; `sheet_text` takes
it away again, so that a file read back gives what was written.
"""

import csv
import io
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}
ENCODINGS = ("utf-8-sig", "gb18030")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
_CELL_MAX = 32_000


def sheet_write(
    form: str,
    table: Iterable[Sequence[str]],
    *,
    encoding: str = "utf-8-sig",
    title: str = "数据",
) -> bytes:
    """Write a table with its heading in the first row (写表格文件).

    form: "csv" or "xlsx"; encoding: "utf-8-sig" or "gb18030", of CSV only.
    """
    rows = iter(table)
    return _xlsx(rows, title) if form == "xlsx" else _csv(rows, encoding)


def sheet_response(
    form: str, table: Iterable[Sequence[str]], name: str, *, encoding: str = "utf-8-sig"
) -> HttpResponse:
    """Answer with a table as a file to be kept (下载表格)."""
    charset = "; charset=" + encoding.removesuffix("-sig") if form == "csv" else ""
    response = HttpResponse(
        sheet_write(form, table, encoding=encoding, title=name), content_type=TYPES[form] + charset
    )
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response


def sheet_text(cell: str) -> str:
    """Return what was written into a cell of a CSV file (还原单元格).

    >>> sheet_text("'=1+1"), sheet_text("张三"), sheet_text("''")
    ('=1+1', '张三', "'")
    """
    return cell[1:] if len(cell) > 1 and cell[0] == "'" and cell[1] in _FORMULA else cell


def _csv(rows: Iterable[Sequence[str]], encoding: str) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for row in rows:
        writer.writerow([f"'{text}" if text.startswith(_FORMULA) else text for text in row])
    return buffer.getvalue().encode(encoding, "replace")


def _xlsx(rows: Iterable[Sequence[str]], title: str) -> bytes:
    from openpyxl import Workbook  # noqa: PLC0415 - 150 ms
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for number, row in enumerate(rows):
        if not number:
            for index, text in enumerate(row, start=1):
                column = sheet.column_dimensions[get_column_letter(index)]
                column.width = max(12, min(50, 3 + 2 * len(text)))
                column.number_format = "@"
        cells = []
        for text in row:
            cell = WriteOnlyCell(
                sheet, value=ILLEGAL_CHARACTERS_RE.sub("", text)[:_CELL_MAX] or None
            )
            if text:
                cell.data_type = "s"  # what begins with = is text, never a formula
            cell.number_format = "@"
            cells.append(cell)
        sheet.append(cells)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()
