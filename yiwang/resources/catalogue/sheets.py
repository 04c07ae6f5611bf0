"""The catalogue as files (目录导入导出): XLSX, CSV and JSON, each there and back without loss.

One row for each field (信息项), the resource's columns on every row, headed as in the catalogue model
of the Suzhou data-sharing platform. A reader takes rows whose resource columns are empty as further
fields of the resource above, finds its heading below a title, and takes codes as well as words.
"""

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from yiwang.resources.catalogue.data import Problem, ResourceSpec
from yiwang.resources.catalogue.rules import spec_dump, spec_load
from yiwang.sdk.errors import N_, YiwangError
from yiwang.sdk.text import clean

FORMS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}
MARK = "yiwang-catalogue"
ROWS_MAX, UNPACKED_MAX = 50_000, 200 * 1024 * 1024
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
# How codes read in a file; the file is Chinese whatever language the person reads.
WORDS: dict[str, dict[str, str]] = {
    "category": {"BASE": "基础类", "THEME": "主题类", "DEPARTMENT": "部门类"},
    "base": {
        "POPULATION": "人口",
        "LEGAL_PERSON": "法人单位",
        "SPACE": "自然资源和空间地理",
        "CREDIT": "社会信用",
        "LICENCE": "电子证照",
    },
    "format": {
        "TABLE": "数据库",
        "SHEET": "电子表格",
        "DOCUMENT": "电子文件",
        "IMAGE": "图形图像",
        "STREAM": "流媒体",
        "OTHER": "自描述格式",
    },
    "sharing": {"1": "无条件共享", "2": "有条件共享", "3": "不予共享"},
    "sharing_mode": {"TABLE": "库表", "API": "接口", "FILE": "文件", "CHECK": "核验"},
    "opening": {"UNCONDITIONAL": "无条件开放", "CONDITIONAL": "有条件开放", "CLOSED": "不予开放"},
    "cycle": {
        "REALTIME": "实时",
        "DAILY": "每日",
        "WEEKLY": "每周",
        "MONTHLY": "每月",
        "QUARTERLY": "每季度",
        "YEARLY": "每年",
        "ON_DEMAND": "按需",
    },
    "channel": {"1": "政务外网", "2": "互联网", "3": "部门专网"},
    "type": {
        "C": "字符型C",
        "N": "数值型N",
        "Y": "货币型Y",
        "D": "日期型D",
        "T": "日期时间型T",
        "L": "逻辑型L",
        "M": "备注型M",
        "G": "通用型G",
        "B": "双精度B",
        "I": "整型I",
        "F": "浮点F",
    },
    "flag": {"1": "是", "": "否"},
}
_HEAD = ("信息资源代码", "状态", "部门名称", "统一社会信用代码")
# heading -> attribute of ResourceSpec
_RESOURCE = {
    "信息资源名称": "title",
    "信息资源英文名称": "title_en",
    "主要所属系统": "system",
    "责任处室": "office",
    "信息资源分类": "category",
    "基础类": "base",
    "所属领域": "theme",
    "摘要": "summary",
    "英文摘要": "summary_en",
    "信息资源格式": "format",
    "更新周期": "cycle",
    "共享类型": "sharing",
    "共享方式": "sharing_mode",
    "共享条件": "sharing_condition",
    "不予共享依据": "sharing_reason",
    "开放类型": "opening",
    "开放条件": "opening_condition",
    "不开放依据": "opening_reason",
    "提供渠道": "channel",
    "关联服务事项": "matters",
    "关联资源代码": "related",
    "质量规则": "quality",
    "备注": "note",
}
# heading -> attribute of FieldSpec
_FIELD = {
    "信息项名称": "title",
    "信息项英文名称": "title_en",
    "字段名": "name",
    "数据类型": "type",
    "长度": "length",
    "敏感级别": "level",
    "信息项共享类型": "sharing",
    "信息项不共享原因": "reason",
    "信息项是否开放": "is_open",
    "是否主键": "is_key",
    "代码表": "code_table",
    "代码表版本": "code_edition",
}
COLUMNS = (*_HEAD, *_RESOURCE, *_FIELD)
_STATES = {
    "DRAFT": "已创建",
    "SUBMITTED": "发布待审核",
    "REJECTED": "发布已驳回",
    "PUBLISHED": "已发布",
    "WITHDRAWN_SUBMITTED": "撤销待审核",
    "WITHDRAWN": "已撤销",
}


class FileUnreadable(YiwangError):
    """The file is not a catalogue in any form that is read."""

    code = "catalogue_file_unreadable"
    status = 422
    message = N_(
        "This file cannot be read as a catalogue. Export one and fill it in, as XLSX, CSV or JSON."
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """A resource as it stands in a file: line is where; spec is None when problems say why."""

    line: int
    code: str
    provider: str
    title: str
    spec: ResourceSpec | None
    problems: tuple[Problem, ...] = ()
    state: str = ""
    provider_name: str = ""


def file_write(form: str, entries: Iterable[Entry]) -> bytes:
    """Write entries as "xlsx", "csv" or "json" (目录导出)."""
    writers = {"xlsx": _xlsx_write, "csv": _csv_write, "json": _json_write}
    return writers[form](list(entries))


def file_read(name: str, content: bytes) -> list[Entry]:
    """Read a file by the ending of its name (目录导入); raises `FileUnreadable`."""
    form = name.rpartition(".")[2].lower()
    readers = {"xlsx": _xlsx_read, "csv": _csv_read, "json": _json_read}
    if form not in readers:
        raise FileUnreadable()
    try:
        return readers[form](content)
    except (ValueError, KeyError, zipfile.BadZipFile, csv.Error) as error:
        raise FileUnreadable() from error


# --- rows ---------------------------------------------------------------------------------------


def rows_of(entry: Entry) -> Iterator[list[str]]:
    """Yield an entry as rows of text in the order of `COLUMNS`."""
    content = spec_dump(entry.spec)
    head = [entry.code, _STATES.get(entry.state, ""), entry.provider_name, entry.provider]
    resource = [_out(name, content[name]) for name in _RESOURCE.values()]
    for one in content["fields"] or [None]:
        parts = [_out(name, one[name]) for name in _FIELD.values()] if one else [""] * len(_FIELD)
        yield [*head, *resource, *parts]


def _out(name: str, value: object) -> str:
    if isinstance(value, bool):
        return WORDS["flag"]["1" if value else ""]
    if name == "quality":
        return json.dumps(value, ensure_ascii=False) if value else ""
    if isinstance(value, list | tuple):
        return "\n".join(value)
    return WORDS.get(name, {}).get(str(value), str(value))


def entries_of(rows: Iterable[Sequence[str]]) -> list[Entry]:
    """Build entries from rows of text, the heading among the first of them."""
    found: list[tuple[int, dict[str, str], list[dict[str, str]]]] = []
    heading: dict[str, int] = {}
    for line, row in enumerate(rows, start=1):
        if line > ROWS_MAX:
            raise ValueError("too many rows")
        if not heading:
            heading = _heading_of(row)
            continue
        values = {name: row[at].strip() for name, at in heading.items() if at < len(row)}
        if not any(values.values()):
            continue
        resource = {name: values.get(name, "") for name in (*_HEAD, *_RESOURCE)}
        if not found or (any(resource.values()) and resource != found[-1][1]):
            found.append((line, resource, []))
        one = {name: values.get(name, "") for name in _FIELD}
        if one["信息项名称"] or one["字段名"]:
            found[-1][2].append(one)
    if not heading:
        raise ValueError("no heading")
    return [_entry(*item) for item in found]


def _heading_of(row: Sequence[str]) -> dict[str, int]:
    names = [clean(str(cell)).replace("\n", "") for cell in row]
    if "信息资源名称" not in names or "信息项名称" not in names:
        return {}
    return {name: names.index(name) for name in COLUMNS if name in names}


def _entry(line: int, resource: dict[str, str], fields: list[dict[str, str]]) -> Entry:
    content: dict[str, object] = {
        attribute: _in(attribute, resource[heading])
        for heading, attribute in _RESOURCE.items()
        if resource[heading] or attribute in ("title", "summary", "base", "sharing_mode")
    }
    content["fields"] = [
        {
            attribute: _in(attribute, one[heading])
            for heading, attribute in _FIELD.items()
            if one[heading] or attribute in ("name", "title")
        }
        for one in fields
    ]
    return entry_of(
        line,
        code=resource["信息资源代码"],
        provider=resource["统一社会信用代码"] or resource["部门名称"],
        content=content,
    )


def entry_of(line: int, *, code: str, provider: str, content: Mapping) -> Entry:
    """Build an entry from plain JSON; what does not fit becomes its problem."""
    title = str(content.get("title", ""))
    try:
        spec = spec_load(content)
    except msgspec.ValidationError as error:
        problem = Problem((), N_("It does not fit: %(detail)s"), {"detail": str(error)})
        return Entry(line, clean(code), clean(provider), title, None, (problem,))
    return Entry(line, clean(code), clean(provider), spec.title, spec)


def _in(name: str, text: str) -> object:
    if name in ("matters", "related"):
        return text.split()
    if name == "quality":
        return json.loads(text)
    if name in ("is_open", "is_key"):
        return text in ("是", "1", "true", "True", "Y")
    if name in ("length", "level"):
        number = text.removesuffix(".0").removesuffix("级")
        return int(number) if number.isdigit() else text
    codes = {word: code for code, word in WORDS.get(name, {}).items()}
    return codes.get(text, text)


# --- forms --------------------------------------------------------------------------------------


def _xlsx_write(entries: Sequence[Entry]) -> bytes:
    from openpyxl import Workbook  # noqa: PLC0415 - half a second that pages need not pay
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415

    book = Workbook(write_only=True)
    sheet = book.create_sheet("信息资源目录")
    sheet.freeze_panes = "A2"
    for index, name in enumerate(COLUMNS):
        width = 30 if name in ("信息资源名称", "摘要", "部门名称") else 16
        sheet.column_dimensions[_letters(index)].width = width
    for row in [list(COLUMNS), *(row for entry in entries for row in rows_of(entry))]:
        cells = []
        for text in row:
            cell = WriteOnlyCell(sheet, value=text)
            cell.data_type = "s"  # what begins with = is text, never a formula
            cells.append(cell)
        sheet.append(cells)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _xlsx_read(content: bytes) -> list[Entry]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(item.file_size for item in archive.infolist()) > UNPACKED_MAX:
            raise ValueError("unpacked too large")
    from openpyxl import load_workbook  # noqa: PLC0415
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415

    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except InvalidFileException as error:
        raise ValueError(str(error)) from error
    try:
        rows = book.worksheets[0].iter_rows(values_only=True)
        return entries_of([_cell_text(cell) for cell in row] for row in rows)
    finally:
        book.close()


def _cell_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _letters(index: int) -> str:
    first, last = divmod(index, 26)
    return (chr(64 + first) if first else "") + chr(65 + last)


def _csv_write(entries: Sequence[Entry]) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for entry in entries:
        for row in rows_of(entry):
            writer.writerow([f"'{text}" if text.startswith(_FORMULA) else text for text in row])
    return ("\ufeff" + buffer.getvalue()).encode()


def _csv_read(content: bytes) -> list[Entry]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("gb18030")  # as Excel writes CSV on a Chinese Windows
    rows = csv.reader(io.StringIO(text, newline=""))
    return entries_of([_unquoted(cell) for cell in row] for row in rows)


def _unquoted(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text


def _json_write(entries: Sequence[Entry]) -> bytes:
    resources = [
        {
            "code": entry.code,
            "state": entry.state,
            "provider": {"uscc": entry.provider, "name": entry.provider_name},
            "resource": spec_dump(entry.spec),
        }
        for entry in entries
    ]
    document = {"format": MARK, "version": 1, "resources": resources}
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def _json_read(content: bytes) -> list[Entry]:
    document = json.loads(content.decode("utf-8-sig"))
    if not isinstance(document, dict) or document.get("format") != MARK:
        raise ValueError("not a catalogue")
    found = []
    for index, item in enumerate(document["resources"], start=1):
        provider = item.get("provider") or {}
        uscc = str(provider.get("uscc") or provider.get("name") or "")
        code = str(item.get("code", ""))
        found.append(entry_of(index, code=code, provider=uscc, content=item["resource"]))
    return found
