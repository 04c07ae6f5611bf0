"""Rows of a repeating group from a table file (批量导入行), and back.

Columns are found by the title of the cell in either language, or by its key. Every cell is read as if it
had been typed: what cannot be read stays as it is, and the form then says what is wrong in which row.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from yiwang.engines.forms.data import Option
from yiwang.engines.forms.rules.definition import FieldDefinition
from yiwang.engines.forms.rules.files import XLSX, file_check
from yiwang.engines.forms.rules.inputs import is_blank, text_clean, value_parse, value_text
from yiwang.sdk.errors import N_, Invalid

MB = 1024 * 1024
FILE_LIMIT = 10 * MB
ENCODINGS = ("utf-8-sig", "gb18030")
YES = frozenset({"1", "true", "yes", "y", "是", "有", "√"})
NO = frozenset({"0", "false", "no", "n", "否", "无", "×"})
_MARKED = ("=", "+", "-", "@", "\t", "\r", "'")


class RowsRefused(Invalid):
    """A file of rows cannot be read (导入文件不予接收)."""

    code = "rows_refused"
    message = N_("The file %(name)s cannot be read as a table: save it as Excel (.xlsx) or CSV.")


class RowsTooLarge(RowsRefused):
    """The file is larger than a table of so many rows can be."""

    code = "rows_too_large"
    message = N_("The file %(name)s is larger than %(limit)s MB. Please divide it.")


class RowsTooMany(RowsRefused):
    """There are more rows than the group takes."""

    code = "rows_too_many"
    message = N_(
        "The file %(name)s would make more than %(limit)s rows, which is what this form takes. Nothing "
        "of it was taken; what you had entered is still there."
    )


class RowsWithoutHeading(RowsRefused):
    """No column of the file is one of the group."""

    code = "rows_without_heading"
    message = N_(
        "The first row of %(name)s must name the columns: %(columns)s. Download the template and fill it in."
    )


@dataclass(frozen=True, slots=True)
class RowsRead:
    """What a file gave (导入结果): rows as a draft keeps them, and the columns that were not used."""

    rows: list[dict[str, object]]
    ignored: tuple[str, ...]


def rows_read(
    definition: FieldDefinition,
    *,
    name: str,
    content: bytes,
    options: Mapping[str, Iterable[Option]],
) -> RowsRead:
    """Read a CSV or Excel file into rows of a group (读取导入文件); raises `RowsRefused`.

    options: allowed choices by cell; a choice may be written as its words or its code.
    """
    if len(content) > FILE_LIMIT:
        raise RowsTooLarge(name=name, limit=FILE_LIMIT // MB)
    table = _excel(name, content) if content.startswith(b"PK") else _csv(name, content)
    heading = next(table, [])
    columns, ignored = _columns(definition, heading)
    if not columns:
        wanted = "、".join(each.title.get("zh", each.key) for each in definition.fields)
        raise RowsWithoutHeading(name=name, columns=wanted)
    words = {key: _words(each) for key, each in options.items()}
    rows: list[dict[str, object]] = []
    for number, line in enumerate(table):
        if not any(line) and number < 2 * definition.row_limit + 1_000:
            continue
        if len(rows) >= definition.row_limit or not any(line):
            raise RowsTooMany(name=name, limit=definition.row_limit)
        rows.append(_row(line, columns, words))
    return RowsRead(rows, tuple(ignored))


def rows_write(
    definition: FieldDefinition,
    rows: Iterable[object],
    options: Mapping[str, Sequence[Option]],
    *,
    language: str,
) -> Iterable[list[str]]:
    """Yield a group as a table (导出行) that `rows_read` takes back, its heading first."""
    yield [each.title.get(language) or each.key for each in definition.fields]
    words = {
        key: {value_text(one.value): one.title.get(language, "") for one in each}
        for key, each in options.items()
    }
    for row in rows:
        cells = row if isinstance(row, dict) else {}
        yield [_cell_text(each, cells.get(each.key), words, language) for each in definition.fields]


def _cell_text(cell: FieldDefinition, value: object, words: Mapping, language: str) -> str:
    if is_blank(value) and value is not False:
        return ""
    if isinstance(value, bool):
        return ("是" if value else "否") if language == "zh" else ("yes" if value else "no")
    found = words.get(cell.key, {})
    values = value if isinstance(value, list) else [value]
    return "、".join(found.get(value_text(each)) or value_text(each) for each in values)


def _columns(
    definition: FieldDefinition, heading: Sequence[str]
) -> tuple[dict[int, FieldDefinition], list[str]]:
    known: dict[str, FieldDefinition] = {}
    for each in definition.fields:
        for word in (each.key, *each.title.values()):
            known.setdefault(_plain(word), each)
    columns: dict[int, FieldDefinition] = {}
    ignored = []
    for place, word in enumerate(heading):
        cell = known.get(_plain(word))
        if cell is not None and cell not in columns.values():
            columns[place] = cell
        elif word:
            ignored.append(word[:60])
    return columns, ignored


def _plain(word: str) -> str:
    return "".join(str(word).split()).casefold().rstrip("*:：")


def _words(options: Iterable[Option]) -> dict[str, object]:
    words: dict[str, object] = {}
    for each in options:
        for text in (value_text(each.value), *each.title.values()):
            words.setdefault(_plain(text), each.value)
    return words


def _row(
    line: Sequence[str], columns: Mapping[int, FieldDefinition], words: Mapping[str, Mapping]
) -> dict[str, object]:
    row: dict[str, object] = {}
    for place, cell in columns.items():
        text = text_clean(line[place]) if place < len(line) else ""
        value = _value(cell, text, words.get(cell.key, {}))
        if value is not None:
            row[cell.key] = value
    return row


def _value(cell: FieldDefinition, text: str, words: Mapping[str, object]) -> object:
    if not text:
        return None
    if cell.kind == "list":
        parts = [part.strip() for part in text.replace(",", "、").replace("，", "、").split("、")]
        return [words.get(_plain(part), part) for part in parts if part] or None
    if words:
        return words.get(_plain(text), text)
    if cell.kind == "boolean":
        plain = _plain(text)
        return True if plain in YES else False if plain in NO else text
    return value_parse(cell, text)


def _csv(name: str, content: bytes) -> Iterable[list[str]]:
    text = _decode(name, content)
    first = text.partition("\n")[0]
    delimiter = max((",", "\t", ";"), key=first.count)
    try:
        for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            yield [_unmarked(cell.strip()) for cell in line]
    except csv.Error as error:
        raise RowsRefused(name=name) from error


def _decode(name: str, content: bytes) -> str:
    if b"\x00" not in content:
        for encoding in ENCODINGS:
            try:
                return content.decode(encoding)
            except UnicodeDecodeError:
                continue
    raise RowsRefused(name=name)


def _unmarked(cell: str) -> str:
    """Take away the apostrophe that marks text in files that we and spreadsheets write."""
    return cell[1:] if len(cell) > 1 and cell[0] == "'" and cell[1] in _MARKED else cell


def _excel(name: str, content: bytes) -> Iterable[list[str]]:
    import openpyxl  # noqa: PLC0415 - 150 ms

    file_check(name, content, accept=[XLSX], max_bytes=FILE_LIMIT)
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        for line in sheet.iter_rows(values_only=True, max_col=200):
            yield [_excel_text(cell) for cell in line]
    except RowsRefused:
        raise
    except Exception as error:
        # Whatever a broken package makes the library raise, the file cannot be read.
        raise RowsRefused(name=name) from error


def _excel_text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return (
            cell.date().isoformat() if cell.time() == time.min else cell.isoformat(" ", "minutes")
        )
    if isinstance(cell, date):
        return cell.isoformat()
    return value_text(cell)
