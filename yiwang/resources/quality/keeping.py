"""Rows with faults as files (异常数据留存): written at the check, read by pages, proved by later batches.

A file has line, key, reasons, rejected and the contract's fields as text. The key is the text of the
key fields joined by an unprintable separator, NULL when one of them is empty or there is no key.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from yiwang.engines.tabular.door import parquet_list, sql_text, tabular_shared
from yiwang.resources.quality.columns import identifier
from yiwang.resources.quality.data import Checked, Contract, Profile

if TYPE_CHECKING:
    import duckdb

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
    came = checked.columns
    names = [one.name for one in contract.fields if one.name in came and one.name not in OWN]
    fields = "".join(f", cast(r.{identifier(n)} as varchar) as {identifier(n)}" for n in names)
    key = key_sql(contract.key, "r") if set(contract.key) <= came.keys() else key_sql(())
    path.parent.mkdir(parents=True, exist_ok=True)
    if checked.rejected or checked.warned:
        _write(
            connection,
            f"select r.line, {key} as key, f.reasons, f.rejected{fields}"
            f" from {checked.table} f join {relation} r using (line) order by r.line",
            path,
        )
    else:
        _write_empty(names, path)
    return _profile(connection, relation, contract, checked, came)


def _profile(
    connection: "duckdb.DuckDBPyConnection",
    relation: str,
    contract: Contract,
    checked: Checked,
    came: Mapping[str, str],
) -> Profile:
    rows = checked.rows or 1
    coded = sorted({one.fields[0] for one in contract.rules if one.kind == "CODE"} & came.keys())
    parts = [
        f"(select {place} as place, cast({identifier(name)} as varchar) as value, count(*) as n"
        f" from {relation} where {identifier(name)} is not null group by 2 order by 3 desc, 2"
        f" limit {SHARES})"
        for place, name in enumerate(coded)
    ]
    found = connection.execute(" union all ".join(parts)).fetchall() if parts else []
    shares: dict[str, dict[str, float]] = {name: {} for name in coded}
    for place, value, count in sorted(found, key=lambda row: (row[0], -row[2], row[1])):
        shares[coded[place]][value] = round(count / rows, 6)
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


def _write_empty(names: Sequence[str], path: Path) -> None:
    import pyarrow as pa  # noqa: PLC0415 - not paid for by web processes
    import pyarrow.parquet as pq  # noqa: PLC0415

    own = {
        "line": pa.int64(), "key": pa.string(), "reasons": pa.list_(pa.string()),
        "rejected": pa.bool_(),
    }  # fmt: skip
    part = path.with_suffix(".part")
    columns = own | dict.fromkeys(names, pa.string())
    pq.write_table(pa.schema(list(columns.items())).empty_table(), part)
    part.replace(path)


def rule_rows_write(faults: Path, rule: str, target: Path, *, known: Sequence[Path] = ()) -> int:
    """Write the rows of one rule (单条规则的异常行) that no file of `known` holds; returns how many.

    A row without a key is never known before.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tabular_shared() as connection:
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
    with tabular_shared() as connection:
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
    with tabular_shared() as connection:
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
    with tabular_shared() as connection:
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
    with tabular_shared() as connection:
        found = connection.execute(
            f"select * from {parquet_list([path])} where line = $line", {"line": line}
        )
        names = [column[0] for column in found.description]
        rows = found.fetchall()
        return dict(zip(names, rows[0], strict=True)) if rows else None
