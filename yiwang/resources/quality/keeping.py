"""Rows with faults as files (异常数据留存): written at the check, read by pages, proved by later batches.

A file has line, key, reasons, rejected and the contract's fields as text. The key is the text of the
key fields joined by an unprintable separator, NULL when one of them is empty or there is no key.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from yiwang.engines.tabular.door import TabularLimits, parquet_list, sql_text, tabular_open
from yiwang.resources.quality.columns import identifier
from yiwang.resources.quality.data import Checked, Contract, Profile

if TYPE_CHECKING:
    import duckdb

LIMITS = TabularLimits(threads=1, memory_mb=512)
SHARES = 20
OWN = ("line", "key", "reasons", "rejected")


def key_sql(names: Sequence[str], alias: str = "") -> str:
    """Return SQL of a row's key: NULL unless every key field has a value.

    >>> key_sql(["a", "b"])
    'cast("a" as varchar) || chr(31) || cast("b" as varchar)'
    """
    if not names:
        return "cast(null as varchar)"
    dot = f"{alias}." if alias else ""
    return " || chr(31) || ".join(f"cast({dot}{identifier(name)} as varchar)" for name in names)


def faults_keep(
    connection: "duckdb.DuckDBPyConnection",
    relation: str,
    contract: Contract,
    checked: Checked,
    *,
    path: Path,
) -> Profile:
    """Write every row with a fault and its reasons (保留异常行); returns the batch's profile.

    To be called on the connection of the check, before the next one.
    """
    came = {
        name: kind
        for name, kind, *_ in connection.execute(f"describe select * from {relation}").fetchall()
    }
    names = [one.name for one in contract.fields if one.name in came and one.name not in OWN]
    fields = "".join(f", cast(r.{identifier(n)} as varchar) as {identifier(n)}" for n in names)
    key = key_sql(contract.key, "r") if set(contract.key) <= came.keys() else key_sql(())
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(
        connection,
        f"select r.line, {key} as key, f.reasons, f.rejected{fields}"
        f" from {checked.table} f join {relation} r using (line) order by r.line",
        path,
    )
    return _profile(connection, relation, contract, checked, came)


def _profile(
    connection: "duckdb.DuckDBPyConnection",
    relation: str,
    contract: Contract,
    checked: Checked,
    came: Mapping[str, str],
) -> Profile:
    rows = checked.rows or 1
    coded = {one.fields[0] for one in contract.rules if one.kind == "CODE"} & came.keys()
    shares = {}
    for name in sorted(coded):
        column = identifier(name)
        found = connection.execute(
            f"select cast({column} as varchar) as value, count(*) from {relation}"
            f" where {column} is not null group by 1 order by 2 desc, 1 limit {SHARES}"
        ).fetchall()
        shares[name] = {value: round(count / rows, 6) for value, count in found}
    return Profile(
        columns={name: kind for name, kind in came.items() if name != "line"},
        empty={one.name: round(1 - one.filled / rows, 6) for one in checked.fields},
        shares=shares,
    )


def _write(connection: "duckdb.DuckDBPyConnection", sql: str, path: Path) -> int:
    """Write rows to a file that is there whole or not at all; returns how many."""
    part = path.with_suffix(".part")
    ((count,),) = connection.execute(
        f"copy ({sql}) to {sql_text(str(part))} (format parquet, compression zstd)"
    ).fetchall()
    part.replace(path)
    return count


def rule_rows_write(faults: Path, rule: str, target: Path, *, known: Sequence[Path] = ()) -> int:
    """Write the rows of one rule (单条规则的异常行) that no file of `known` holds; returns how many.

    A row without a key is never known before.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tabular_open(LIMITS) as connection:
        source = parquet_list([faults])
        fresh = ""
        if known:
            keys = " union all ".join(
                f"select key from {parquet_list([path])} where key is not null" for path in known
            )
            fresh = f" and (key is null or key not in ({keys}))"
        connection.execute("set variable rule = $rule", {"rule": rule}).fetchall()
        sql = f"select * from {source} where list_contains(reasons, getvariable('rule')){fresh}"
        count = _write(connection, sql, target)
    if not count:
        target.unlink()
    return count


def rule_keys_known(faults: Path, rule: str, known: Sequence[Path]) -> int:
    """Count the rows of a rule whose key a file of `known` holds (再次出现的异常行)."""
    if not known:
        return 0
    with tabular_open(LIMITS) as connection:
        keys = parquet_list(known)
        return connection.execute(
            f"select count(*) from {parquet_list([faults])}"
            f" where list_contains(reasons, $rule) and key in (select key from {keys} where key is not null)",
            {"rule": rule},
        ).fetchall()[0][0]


def rows_prove(
    rows: Path,
    target: Path,
    *,
    rule: str,
    key: Sequence[str],
    accepted: Path | None,
    faults: Path,
    is_full: bool,
) -> int:
    """Write the rows of an exception that a batch does not prove (未消除的异常行); returns how many.

    A row is proved when the batch brings its key and the rule has nothing against it, or when a
    full batch no longer has the key. A row without a key is proved by a full batch only, in which
    no row without a key breaks the rule.
    """
    with tabular_open(LIMITS) as connection:
        failing = f"select key from {parquet_list([faults])} where list_contains(reasons, getvariable('rule'))"
        connection.execute("set variable rule = $rule", {"rule": rule}).fetchall()
        brought = [f"select key from {parquet_list([faults])} where not rejected"]
        if accepted is not None and accepted.exists():
            brought.append(f"select {key_sql(key)} as key from {parquet_list([accepted])}")
        there = " union all ".join(brought)
        ((without,),) = connection.execute(
            f"select count(*) from ({failing}) where key is null"
        ).fetchall()
        # A rejected row stays what it was before: what it names is neither brought nor gone.
        held = f"select key from {parquet_list([faults])} where key is not null"
        keyed = f"key in (select key from ({failing}) where key is not null)" + (
            f" or (key not in (select key from ({there}) where key is not null) and key in ({held}))"
            if is_full
            else f" or key not in (select key from ({there}) where key is not null)"
        )
        unkeyed = "false" if is_full and not without else "true"
        sql = (
            f"select * from {parquet_list([rows])}"
            f" where case when key is null then {unkeyed} else {keyed} end"
        )
        return _write(connection, sql, target)


def rows_page(path: Path, *, offset: int, limit: int) -> list[dict[str, object]]:
    """Read a page of a file in the order of lines (分页读取)."""
    if not path.exists():
        return []
    with tabular_open(LIMITS) as connection:
        found = connection.execute(
            f"select * from {parquet_list([path])} order by line limit $limit offset $offset",
            {"limit": limit, "offset": offset},
        )
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def row_read(path: Path, line: int) -> dict[str, object] | None:
    """Read one row of a file by its line; None when it is not there."""
    if not path.exists():
        return None
    with tabular_open(LIMITS) as connection:
        found = connection.execute(
            f"select * from {parquet_list([path])} where line = $line", {"line": line}
        )
        names = [column[0] for column in found.description]
        rows = found.fetchall()
        return dict(zip(names, rows[0], strict=True)) if rows else None
