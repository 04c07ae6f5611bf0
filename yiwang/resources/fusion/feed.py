"""The feed of a run (融合输入): landed rows in the layout and the formats that the plan's classes declare.

    FEED/<department>/<class or tie>/<name>.parquet

A file that has the class's columns as declared already is linked, any other is written anew in the
declared formats. Names come from the file and from how it is read, so that nothing is done twice and what
is no longer in force goes away. Needs no Django.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from yiwang.engines.tabular.door import TabularLimits, parquet_list, sql_text, tabular_open
from yiwang.resources.fusion.data import FusionPlan

if TYPE_CHECKING:
    import duckdb

VERSION = 1
KEY_COLUMNS = ("row_no", "updated_at")
TIE_COLUMNS = ("id_number", "other_number", "valid_from", "valid_to")
# declared format → how DuckDB writes and reads such a day
DAY_FORMATS = {
    "ISO": "%Y-%m-%d",
    "COMPACT": "%Y%m%d",
    "SLASH": "%Y/%m/%d",
    "CHINESE": "%Y年%m月%d日",
}
READ_FORMATS = (*DAY_FORMATS.values(), "%Y.%m.%d")
SEXES = {"男": "1", "女": "2"}


@dataclass(frozen=True, slots=True)
class FeedClass:
    """What a class or tie of a plan wants (数据类要求): column → (kind, format); see `sql.FORMATS`."""

    code: str
    folder: str
    columns: Mapping[str, tuple[str, str]]


def feed_classes(plan: FusionPlan) -> dict[str, FeedClass]:
    """List what each class and tie of a plan wants (数据类要求), by code."""
    kinds = {field.name: field.kind for field in plan.fields}
    found = {}
    for source in plan.sources:
        columns = {"id_number": ("TEXT", source.id_format)}
        columns |= {name: (kinds[name], form) for name, form in source.formats.items()}
        found[source.code] = FeedClass(source.code, source.folder, columns)
    for tie in getattr(plan, "ties", ()):
        code = f"T{tie.number:02d}"
        columns = {
            name: ("DATE", "DATE") if name.startswith("valid_") else ("TEXT", "CLEAN")
            for name in TIE_COLUMNS
        }
        if not tie.kind:
            columns["kind"] = ("TEXT", "CLEAN")
        found[code] = FeedClass(code, f"{tie.department}/{code}", columns)
    return found


def feed_write(
    wanted: FeedClass, files: Sequence[Path], feed: Path, *, columns: Mapping[str, str]
) -> int:
    """Bring the folder of a class to what landing has in force (写入融合输入); returns new files.

    columns: column of the class → column of the files; one that is not named stays empty.
    """
    folder = feed / wanted.folder
    folder.mkdir(parents=True, exist_ok=True)
    names = {_name(wanted, path, columns): path for path in files}
    for path in folder.iterdir():
        if path.name not in names:
            path.unlink()
    new = [(name, path) for name, path in names.items() if not (folder / name).exists()]
    for name, path in new:
        _bring(wanted, path, folder / name, columns)
    return len(new)


def feed_forget(feed: Path, kept: Mapping[str, FeedClass]) -> None:
    """Empty the folders of classes that nothing feeds any more (清理未绑定的数据类)."""
    folders = {one.folder for one in kept.values()}
    for path in feed.glob("*/*/*.parquet"):
        if str(path.parent.relative_to(feed)) not in folders:
            path.unlink()


def _name(wanted: FeedClass, path: Path, columns: Mapping[str, str]) -> str:
    facts = path.stat()
    text = json.dumps(
        [
            VERSION,
            wanted.code,
            dict(wanted.columns),
            dict(columns),
            str(path.name),
            facts.st_size,
            facts.st_mtime_ns,
        ],
        ensure_ascii=False,
        sort_keys=True,
    )
    return f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.parquet"


def _bring(wanted: FeedClass, path: Path, target: Path, columns: Mapping[str, str]) -> None:
    with tabular_open(TabularLimits(threads=1)) as connection:
        types = _types(connection, path)
        if _as_declared(connection, wanted, path, columns, types):
            _link(path, target)
            return
        chosen = ["row_no::bigint as row_no", "updated_at::timestamp as updated_at"]
        for name, (kind, form) in wanted.columns.items():
            chosen.append(_expression(name, kind, form, columns.get(name), types))
        partial = target.with_suffix(".part")
        connection.execute(
            f"copy (select {', '.join(chosen)} from {parquet_list([path])}) "
            f"to {sql_text(str(partial))} (format parquet, compression zstd)"
        )
        os.replace(partial, target)


def _link(path: Path, target: Path) -> None:
    """Link the file, or the name if the two stand on different disks."""
    try:
        os.link(path, target)
    except OSError:
        target.symlink_to(path.resolve())


def _types(connection: "duckdb.DuckDBPyConnection", path: Path) -> dict[str, str]:
    rows = connection.execute(f"describe select * from {parquet_list([path])}").fetchall()
    return {row[0]: row[1] for row in rows}


def _as_declared(
    connection: "duckdb.DuckDBPyConnection",
    wanted: FeedClass,
    path: Path,
    columns: Mapping[str, str],
    types: Mapping[str, str],
) -> bool:
    """Tell whether the file can be fused as it stands: names, types and every value of a format."""
    same = all(columns.get(name) == name and name in types for name in wanted.columns)
    if not same or types["row_no"] != "BIGINT" or not types["updated_at"].startswith("TIMESTAMP"):
        return False
    doubts = []
    for name, (kind, form) in wanted.columns.items():
        if types[name] == "DATE" and kind == "DATE" and form in ("DATE", "ISO"):
            continue  # a typed day reads as one written year-month-day
        if types[name] != "VARCHAR" or form == "DATE":
            return False
        if form in DAY_FORMATS:
            doubts.append(
                f"{_quoted(name)} is not null and {_day(name, (DAY_FORMATS[form],))} is null"
            )
        if name == "sex":
            other = ", ".join(map(sql_text, SEXES if form == "CODE" else SEXES.values()))
            doubts.append(f"{_quoted(name)} in ({other})")
    if not doubts:
        return True
    [(odd,)] = connection.execute(
        f"select count(*) from {parquet_list([path])} where {' or '.join(f'({one})' for one in doubts)}"
    ).fetchall()
    return not odd


def _expression(
    name: str, kind: str, form: str, column: str | None, types: Mapping[str, str]
) -> str:
    """Compile one column of a class in the format that it declares."""
    kept = "date" if kind == "DATE" and form == "DATE" else "varchar"
    if not column or column not in types:
        return f"null::{kept} as {name}"
    text = f"nullif(trim({_quoted(column)}::varchar), '')"
    if kind == "DATE":
        is_typed = types[column] == "DATE" or types[column].startswith("TIMESTAMP")
        day = f"{_quoted(column)}::date" if is_typed else _day(column, READ_FORMATS)
        if form == "DATE":
            return f"{day} as {name}"
        # What is no day stays as it was written, and the standardising finds no day in it either.
        written = f"strftime({day}, {sql_text(DAY_FORMATS[form])})"
        return f"coalesce({written}, {text}) as {name}"
    if name == "sex":
        pairs = SEXES if form == "CODE" else {code: word for word, code in SEXES.items()}
        cases = " ".join(f"when {sql_text(a)} then {sql_text(b)}" for a, b in pairs.items())
        return f"case {text} {cases} else {text} end as {name}"
    return f"{text} as {name}"


def _day(column: str, formats: Sequence[str]) -> str:
    text = f"trim({_quoted(column)}::varchar)"
    tried = ", ".join(f"try_strptime({text}, {sql_text(form)})" for form in formats)
    return f"coalesce({tried})::date"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
