"""The full-text index beside `SearchDocument` on both databases: SQLite FTS5, PostgreSQL tsvector.

Both hold the same tokens in two columns, `title` and `text` (everything). A query is a boolean
expression over tokens that every match must have, so nothing that holds the words is missed; the
match itself is verified on the row's haystack, so nothing else is found. Positions are not kept:
FTS5 with detail=column, tsvector without positions.

FTS5's tokenizer `ascii` takes every non-ASCII character as part of a token, whatever its Unicode
version knows of Chinese characters.
"""

from collections.abc import Iterable, Sequence

from django.db import connection

TABLE = "engines_text_index"

CREATE = {
    "sqlite": (
        "CREATE VIRTUAL TABLE engines_text_index USING fts5("
        "title, text, tokenize='ascii', detail=column)",
    ),
    "postgresql": (
        "CREATE TABLE engines_text_index ("
        "id bigint PRIMARY KEY, title tsvector NOT NULL, text tsvector NOT NULL)",
        "CREATE INDEX engines_text_index_title ON engines_text_index USING gin (title) "
        "WITH (fastupdate = off)",
        "CREATE INDEX engines_text_index_text ON engines_text_index USING gin (text) "
        "WITH (fastupdate = off)",
    ),
}
DROP = "DROP TABLE engines_text_index"

_DELETE = {
    "sqlite": "DELETE FROM engines_text_index WHERE rowid = %s",
    "postgresql": "DELETE FROM engines_text_index WHERE id = %s",
}
_INSERT = {
    "sqlite": "INSERT INTO engines_text_index (rowid, title, text) VALUES (%s, %s, %s)",
    "postgresql": (
        "INSERT INTO engines_text_index (id, title, text) "
        "VALUES (%s, array_to_tsvector(%s::text[]), array_to_tsvector(%s::text[]))"
    ),
}
# PostgreSQL without statistics would rather read all haystacks than the index: it may not choose.
_FIND = {
    "sqlite": (
        "SELECT d.id, d.kind, d.ref, d.title, d.weight, d.haystack, d.readings "
        "FROM engines_text_index i "
        "JOIN engines_text_searchdocument d ON d.id = i.rowid WHERE engines_text_index MATCH %s"
    ),
    "postgresql": (
        "WITH i AS MATERIALIZED (SELECT id FROM engines_text_index WHERE {column} @@ %s::tsquery) "
        "SELECT d.id, d.kind, d.ref, d.title, d.weight, d.haystack, d.readings "
        "FROM i JOIN engines_text_searchdocument d ON d.id = i.id WHERE true"
    ),
}
_CONTAINS = {"sqlite": "instr(d.haystack, %s) > 0", "postgresql": "strpos(d.haystack, %s) > 0"}

Row = tuple[int, str, str, str, int, str, str]
# A boolean expression over tokens in conjunctive form: all of [any of [all of {tokens}]].
Expression = Sequence[Sequence[Iterable[str]]]


def index_put(entries: Iterable[tuple[int, set[str], set[str]]]) -> None:
    """Put (document id, title tokens, all tokens) into the index, replacing what was there."""
    rows = list(entries)
    vendor = connection.vendor
    with connection.cursor() as cursor:
        cursor.executemany(_DELETE[vendor], [(row[0],) for row in rows])
        cursor.executemany(
            _INSERT[vendor],
            [(key, _stored(title), _stored(text)) for key, title, text in rows],
        )


def index_remove(ids: Iterable[int]) -> None:
    """Take documents out of the index."""
    with connection.cursor() as cursor:
        cursor.executemany(_DELETE[connection.vendor], [(key,) for key in ids])


def index_clear() -> None:
    """Empty the index."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM engines_text_index")


def index_dump() -> dict[int, tuple[set[str], set[str]]]:
    """Return what the index holds by document, for comparing it with the table."""
    statement = {
        "sqlite": "SELECT rowid, title, text FROM engines_text_index",
        "postgresql": (
            "SELECT id, tsvector_to_array(title), tsvector_to_array(text) FROM engines_text_index"
        ),
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return {key: (_loaded(title), _loaded(text)) for key, title, text in cursor.fetchall()}


def index_find(
    expression: Expression,
    *,
    column: str,
    contains: Sequence[Sequence[str]] = (),
    kinds: Sequence[str] | None = None,
    limit: int,
) -> list[Row]:
    """Return at most `limit` documents whose tokens satisfy the expression, in no order.

    column: "title" or "text"; contains: all of [any of [text]] that the haystack must hold.
    """
    vendor = connection.vendor
    if vendor == "sqlite":
        words = _expression(expression, " AND ", " OR ", '"')
        clauses = [_FIND[vendor]]
        parameters: list[object] = [f"{column} : ({words})"]
    else:
        clauses = [_FIND[vendor].replace("{column}", column)]
        parameters = [_expression(expression, " & ", " | ", "'")]
    for alternatives in contains:
        clauses.append(f"({' OR '.join([_CONTAINS[vendor]] * len(alternatives))})")
        parameters += alternatives
    if kinds is not None:
        clauses.append(f"d.kind IN ({', '.join(['%s'] * len(kinds))})")
        parameters += kinds
    statement = f"{' AND '.join(clauses)} LIMIT {int(limit)}"
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def synonyms_state() -> tuple[int | None, int]:
    """Return what changes whenever the synonyms do: their last id and their number."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id), count(*) FROM engines_text_synonym")
        return cursor.fetchone()


def _expression(expression: Expression, conjunction: str, disjunction: str, quote: str) -> str:
    """Write the expression; tokens are letters, digits and marks only, so quoting is enough."""
    clauses = []
    for alternatives in expression:
        options = []
        for words in alternatives:
            quoted = conjunction.join(f"{quote}{token}{quote}" for token in sorted(words))
            options.append(f"({quoted})")
        clauses.append(f"({disjunction.join(options)})")
    return conjunction.join(clauses)


def _stored(tokens: set[str]) -> str | list[str]:
    return " ".join(sorted(tokens)) if connection.vendor == "sqlite" else sorted(tokens)


def _loaded(value: str | list[str]) -> set[str]:
    return set(value.split() if isinstance(value, str) else value)
