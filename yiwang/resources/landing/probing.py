"""Trying a source before it is relied on (来源连接测试): does it answer, what columns, do they fit."""

import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from yiwang.resources.landing import pulling
from yiwang.resources.landing.data import LandingUnreadable
from yiwang.resources.landing.pulling import Pull
from yiwang.sdk.errors import N_

SAMPLE = 3
FILES_SHOWN = 20
# What drivers say, and what it means to who set the source up. The first that fits is told.
_MEANINGS: tuple[tuple[str, str], ...] = (
    (
        r"variable (?P<name>\w+) is not set",
        N_(
            "The environment variable %(name)s is not set on the server. Ask the operators to set it to the "
            "password and to restart the service, then try again."
        ),
    ),
    (r"driver for MySQL", N_("The driver for MySQL is not installed on the server.")),
    (
        r"no such SQLite file",
        N_("There is no SQLite file at this path on the server. Check the path."),
    ),
    (
        r"password authentication failed|access denied|no password supplied|fe_sendauth",
        N_(
            "The database refused the user or the password. Check the user and the variable's value."
        ),
    ),
    (
        r"does not exist.*database|database .*does not exist|unknown database",
        N_("There is no database of this name on the server named."),
    ),
    (
        r"(relation|table) .*(does not exist|doesn't exist)|no such table|undefinedtable",
        N_("There is no table of this name. Check its spelling, and the schema in front of it."),
    ),
    (
        r"column .*(does not exist|doesn't exist)|no such column|unknown column|undefinedcolumn",
        N_(
            "There is no column of this name. Check the query and the column that marks what is new."
        ),
    ),
    (
        r"permission denied|command denied",
        N_("The user may not read this table. Ask the owner for the right to read it."),
    ),
    (
        r"could not translate host|name or service not known|getaddrinfo|name resolution",
        N_("No server of this name is known. Check the spelling, or give its address."),
    ),
    (
        r"connection refused|can't connect|no route|unreachable|timed? ?out|timeout",
        N_(
            "Nothing answers at this address. Check server and port, and whether a firewall stands between."
        ),
    ),
    (r"syntax error|programmingerror", N_("The database does not understand the query.")),
)


@dataclass(frozen=True, slots=True)
class Probe:
    """What a trial found (测试结果). problem: a message id, "" when all is well.

    columns: of the source; rows: the first few, as text; missing: fields of the resource that no column
    carries; unknown: columns that belong to no field. files: of a folder, those that wait.
    """

    problem: str = ""
    params: dict[str, str] | None = None
    detail: str = ""
    columns: tuple[str, ...] = ()
    rows: int = 0
    missing: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def meaning(detail: str) -> tuple[str, dict[str, str]]:
    """Return what a driver's words mean, as a message id with its params; "" for what is not known.

    >>> meaning("the variable YIWANG_SOURCE_TAX is not set")[1]
    {'name': 'YIWANG_SOURCE_TAX'}
    """
    for pattern, words in _MEANINGS:
        if found := re.search(pattern, detail, re.IGNORECASE):
            return words, found.groupdict()
    return "", {}


def pull_probe(pull: Pull, names: Sequence[tuple[str, ...]]) -> Probe:
    """Connect and read a few rows (试连): what answers, and whether the columns fit the resource.

    names: of each field all headings that landing takes for it, the first one for people.
    """
    try:
        columns, rows = _read(pull)
    except LandingUnreadable as error:
        return _failed(str(error.params.get("detail", "")))
    if pull.watermark_column and pull.watermark_column not in columns:
        words = N_("The column that marks what is new is not among the columns that are read.")
        return Probe(words, {}, columns=columns, rows=rows)
    missing, unknown = columns_compare(columns, names)
    return Probe(columns=columns, rows=rows, missing=missing, unknown=unknown)


def _read(pull: Pull) -> tuple[tuple[str, ...], int]:
    """Return the columns and how many of the first rows there are. Raises `LandingUnreadable`."""
    try:
        opened = pulling._open(pull)
        with closing(opened.connection):
            statement, parameters = pulling._statement(opened, pull, "")
            cursor = opened.connection.cursor()
            cursor.execute(f"{statement} limit {SAMPLE:d}", parameters)
            return tuple(column[0] for column in cursor.description), len(cursor.fetchall())
    except LandingUnreadable:
        raise
    except Exception as error:
        # Drivers raise what they like; whatever it is, the source did not answer.
        raise LandingUnreadable("SOURCE", detail=pulling._safe(error)) from error


def folder_probe(folder: Path) -> Probe:
    """Look at a watched folder (查看文件夹): is it there, may it be written to, what waits."""
    if not folder.is_dir():
        return Probe(N_("There is no such folder on the server."), {})
    try:
        marker = folder / ".yiwang-try"
        marker.touch()
        marker.unlink()
        names = sorted(
            path.name
            for path in folder.iterdir()
            if path.is_file() and not path.name.startswith((".", "~$"))
        )
    except OSError as error:
        words = N_(
            "The service may not read and write in this folder: files could not be put aside."
        )
        return Probe(words, {}, detail=error.strerror or "")
    return Probe(files=tuple(names[:FILES_SHOWN]), rows=len(names))


def columns_compare(
    columns: Sequence[str], names: Sequence[tuple[str, ...]]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the fields that no column carries and the columns that belong to no field.

    >>> columns_compare(["NAME", "x"], [("姓名", "name"), ("性别", "sex")])
    (('性别',), ('x',))
    """
    known = {name.casefold(): found[0] for found in names for name in found if name}
    carried = {known[column.casefold()] for column in columns if column.casefold() in known}
    missing = tuple(found[0] for found in names if found[0] not in carried)
    return missing, tuple(column for column in columns if column.casefold() not in known)


def _failed(detail: str) -> Probe:
    words, params = meaning(detail)
    return Probe(words or N_("The source did not answer."), params, detail=detail)
