"""The contract as the catalogue alone states it (基本契约): keys, types, lengths, code tables.

Set-based: one statement makes the table `bad(line, reasons)`. What is refused says every reason.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from yiwang.engines.tabular.door import sql_text
from yiwang.resources.landing.repairs import CLEAN

if TYPE_CHECKING:
    import duckdb

SHARE_ALLOWED = (
    20  # percent of refused rows past which a batch stops, unless its contract says otherwise
)


def bad_rows(
    connection: "duckdb.DuckDBPyConnection",
    relation: str,
    fields: Sequence[object],
    *,
    codes: Mapping[str, Sequence[str]],
) -> None:
    """Make the temporary table `bad` (line bigint, reasons varchar[]) over a relation (基本检查).

    relation: columns line and the fields by name. codes: {field: valid codes}.
    """
    tests: list[tuple[str, str]] = []
    for one in fields:
        column = identifier(one.name)
        if one.is_key:
            tests.append((f"{column} is null", f"KEY_EMPTY:{one.name}"))
        tests += [
            (condition, f"{kind}:{one.name}") for condition, kind in _tests(one, column, codes)
        ]
    key = [identifier(one.name) for one in fields if one.is_key]
    cases = [f"case when {condition} then {sql_text(reason)} end" for condition, reason in tests]
    twice = ""
    if key:
        filled = " and ".join(f"{name} is not null" for name in key)
        twice = f"count(*) over (partition by {', '.join(key)}) > 1 and {filled}"
        cases.append(f"case when {twice} then 'KEY_TWICE' end")
    listed = f"list_filter([{', '.join(cases) or 'null::varchar'}], lambda x: x is not null)"
    connection.execute(
        f"create or replace temp table bad as select line, reasons from "
        f"(select line, {listed} as reasons from {relation}) where len(reasons) > 0"
    ).fetchall()


def _tests(one: object, column: str, codes: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    if one.name in codes:
        # The codes come from our own tables and are quoted all the same.
        valid = ", ".join(sql_text(code) for code in sorted(codes[one.name]))
        return [(f"{column} is not null and {column} not in ({valid})", "CODE")]
    if one.type in ("D", "T"):
        cast = "date" if one.type == "D" else "timestamp"
        return [
            (f"{column} is not null and try_cast({column} as {cast}) is null", f"TYPE_{one.type}")
        ]
    if one.type in CLEAN:
        kind = one.type if one.type in "IL" else "N"
        pattern = sql_text(CLEAN[one.type])
        return [
            (f"{column} is not null and not regexp_matches({column}, {pattern})", f"TYPE_{kind}")
        ]
    return [(f"length({column}) > {one.length:d}", "LENGTH")] if one.length else []


def identifier(name: str) -> str:
    """Write a name as an identifier of SQL (标识符).

    >>> identifier('a"b')
    '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'
