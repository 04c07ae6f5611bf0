"""Statements of a check (契约语句): its temporary tables by name, on the caller's connection."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

PIECE = 131_072


class Asked:
    """A connection that a check asks. columns: of the relation, name -> type; prefix: of its tables."""

    def __init__(self, connection: "duckdb.DuckDBPyConnection", relation: str, prefix: str) -> None:
        self.connection, self.prefix = connection, prefix
        self.columns: dict[str, str] = {
            name: kind for name, kind, *_ in self.rows(f"describe select * from {relation}")
        }

    def rows(self, sql: str, parameters: dict[str, object] | None = None) -> list[tuple]:
        """Run a statement to its end; parameters: those that it names are given."""
        return self.connection.execute(sql, _used(sql, parameters)).fetchall()

    def arrow(self, sql: str, parameters: dict[str, object] | None = None) -> "pa.Table":
        """Run a statement and take its rows as columns."""
        return self.connection.sql(sql, params=_used(sql, parameters)).to_arrow_table()

    def pieces(self, sql: str) -> "Iterator[pa.RecordBatch]":
        """Run a statement and take its rows piece by piece; no other statement runs meanwhile."""
        yield from self.connection.sql(sql).to_arrow_reader(PIECE)

    def table(self, name: str) -> str:
        """Return the full name of a table of this check."""
        return f"{self.prefix}_{name}"

    def make(self, name: str, sql: str) -> str:
        """Make a temporary table; returns its full name."""
        self.count(name, sql)
        return self.table(name)

    def count(self, name: str, sql: str) -> int:
        """Make a temporary table; returns how many rows it has."""
        ((rows,),) = self.rows(f"create or replace temp table {self.table(name)} as {sql}")
        return rows

    def make_of(self, name: str, table: "pa.Table", sql: str) -> str:
        """Make a temporary table by a statement over columns, which it calls `given`."""
        given = self.table("given")
        self.connection.register(given, table)
        try:
            return self.make(name, sql.replace("given", given))
        finally:
            self.connection.unregister(given)


def _used(sql: str, parameters: dict[str, object] | None) -> dict[str, object] | None:
    there = set(re.findall(r"\$(\w+)", sql)) if parameters else set()
    return {name: value for name, value in (parameters or {}).items() if name in there} or None
