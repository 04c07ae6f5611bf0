"""Files for the clerk (下载文件): an empty table with the right heading, refused rows with their reasons.

What begins with a sign of a formula gets Excel's mark for text, which the reader takes away again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from yiwang.kernel.api import sheet_write
from yiwang.resources.landing.data import RejectedRow
from yiwang.resources.landing.queries import batch_rows
from yiwang.resources.landing.reading.heading import HELPING

FORMS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
ROWS_MAX = 100_000


def template_write(form: str, fields: Sequence[object]) -> bytes:
    """Write an empty table with the heading of a resource (报送模板)."""
    return sheet_write(form, [[one.title or one.name for one in fields]])


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
    return sheet_write(form, table)
