"""Reading code tables from CSV and YAML (读取代码表): pure, every problem with its line."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import yaml

from yiwang.kernel.codes.rules import CodeRow
from yiwang.sdk.errors import N_, Invalid

_COLUMNS = ("code", "name", "parent", "level", "name_en", "is_local", "predecessors")


class CodeFileInvalid(Invalid):
    """A code file cannot be used (代码文件有误); nothing of it was loaded."""

    code = "code_file_invalid"
    message = N_("The code file cannot be used: %(reason)s")


@dataclass(frozen=True, slots=True)
class CodeFile:
    """One edition as a file gives it. title: {zh, en}; dates None when the file does not say."""

    rows: tuple[CodeRow, ...]
    table: str = ""
    title: Mapping[str, str] | None = None
    edition: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    standard_ref: str = ""
    source: Mapping[str, str] | str = ""
    is_made: bool = False
    file: str = ""


def csv_parse(text: str) -> CodeFile:
    """Read `code,name[,parent,level,name_en,is_local,predecessors]`; more columns are attributes.

    predecessors: old codes separated by spaces, where the change list itself names them.
    Raises `CodeFileInvalid`.
    """
    reader = csv.DictReader(text.lstrip("\ufeff").splitlines())
    if not {"code", "name"} <= set(reader.fieldnames or ()):
        raise CodeFileInvalid(reason="the first line must name the columns code and name")
    return CodeFile(rows_check((reader.line_num, record) for record in reader))


def yaml_parse(text: str) -> CodeFile:
    """Read a mapping with `codes` (or `file`, a CSV beside it) and what is known of the edition.

    Raises `CodeFileInvalid`.
    """
    try:
        content = yaml.load(text, Loader=_Plain)  # noqa: S506 - a safe loader without dates
    except yaml.YAMLError as error:
        raise CodeFileInvalid(reason=str(error)) from error
    return content_parse(content)


def content_parse(content: object) -> CodeFile:
    """Check what was read from YAML (校验代码文件内容); see `yaml_parse`."""
    if not isinstance(content, dict) or not isinstance(content.get("codes", []), list):
        raise CodeFileInvalid(reason="it must be a mapping with a list of codes")
    records = enumerate(content.get("codes", []), start=1)
    return CodeFile(
        rows=rows_check(records),
        table=content.get("table", ""),
        title=content.get("title"),
        edition=content.get("edition", ""),
        valid_from=_date(content.get("valid_from")),
        valid_to=_date(content.get("valid_to")),
        standard_ref=content.get("standard_ref", ""),
        source=content.get("source", ""),
        is_made=content.get("is_made") in (True, "true"),
        file=content.get("file", ""),
    )


def rows_check(records: Iterable[tuple[int, Mapping]]) -> tuple[CodeRow, ...]:
    """Turn (line, record) pairs into rows: codes once, names present, parents known, no circle."""
    rows, lines = {}, {}
    for line, record in records:
        row = _row(line, record)
        if row.code in rows:
            raise CodeFileInvalid(reason=f"line {line}: the code {row.code} stands twice")
        rows[row.code], lines[row.code] = row, line
    for row in rows.values():
        if row.parent and row.parent not in rows:
            raise CodeFileInvalid(
                reason=f"line {lines[row.code]}: the parent {row.parent} is missing"
            )
    return tuple(_with_level(row, rows) for row in rows.values())


def _row(line: int, record: Mapping) -> CodeRow:
    if not isinstance(record, Mapping) or None in record:
        raise CodeFileInvalid(reason=f"line {line}: it does not fit the columns")
    values = {name: _text(record.get(name)) for name in _COLUMNS}
    if not values["code"] or not values["name"]:
        raise CodeFileInvalid(reason=f"line {line}: code and name are needed")
    if values["level"] and not values["level"].isdecimal():
        raise CodeFileInvalid(reason=f"line {line}: the level {values['level']} is not a number")
    attributes = dict(record.get("attributes") or {})
    attributes |= {
        name: value
        for name, value in record.items()
        if name not in (*_COLUMNS, "attributes") and value not in ("", None)
    }
    return CodeRow(
        code=values["code"],
        name=values["name"],
        parent=values["parent"],
        level=int(values["level"] or 0),
        name_en=values["name_en"],
        is_local=values["is_local"].lower() in ("true", "1", "yes"),
        attributes=attributes,
        predecessors=tuple(values["predecessors"].split()),
    )


def _with_level(row: CodeRow, rows: Mapping[str, CodeRow]) -> CodeRow:
    level, above, seen = 1, row.parent, {row.code}
    while above:
        if above in seen:
            raise CodeFileInvalid(reason=f"the parents of {row.code} go in a circle")
        seen.add(above)
        level, above = level + 1, rows[above].parent
    if row.level:
        return row
    return CodeRow(
        row.code,
        row.name,
        row.parent,
        level,
        row.name_en,
        row.is_local,
        row.attributes,
        row.predecessors,
    )


def _text(value: object) -> str:
    if isinstance(value, list):
        return " ".join(str(item).strip() for item in value)
    return "" if value is None else str(value).strip()


def _date(value: str | None) -> date | None:
    if not value:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise CodeFileInvalid(reason=f"{value!r} is not a date") from error


class _Plain(yaml.SafeLoader):
    """YAML in which every scalar is text, so that 01 stays 01 and no is not False."""


_Plain.yaml_implicit_resolvers = {}
