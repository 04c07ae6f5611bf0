"""The seam between dialects (方言): SQL is written once, as DuckDB has it, and translated.

sqlglot translates what both engines have. What one of them lacks, or reads otherwise, stands in `shims`:
how a number, a date or a blank typed by people is understood must not depend on the engine.
"""


def to_spark(sql: str) -> str:
    """Translate a statement from DuckDB's dialect into Spark's (转译为 Spark).

    Raises ValueError when it cannot be read or has a function that Spark lacks. For
    `jaro_winkler_similarity` a session registers a function (`spark_open`). Spark's `hash` is another function than DuckDB's: store
    neither. Source: sqlglot, resource_centre.md §7.4.

    >>> to_spark("select a // 10 as b, arg_max(v, k) as w, strlen(c) from t group by 1")
    'SELECT a DIV 10 AS b, MAX_BY(v, k) AS w, OCTET_LENGTH(c) FROM t GROUP BY 1'
    """
    import sqlglot  # noqa: PLC0415 - loads every dialect

    from yiwang.engines.tabular.shims import shims_put  # noqa: PLC0415

    try:
        statements = sqlglot.parse(sql, read="duckdb")
        if len(statements) != 1 or statements[0] is None:
            raise ValueError("one statement is needed")
        return shims_put(statements[0]).sql("spark", unsupported_level=sqlglot.ErrorLevel.RAISE)
    except sqlglot.errors.SqlglotError as error:
        raise ValueError(f"this SQL has no form in Spark: {error}") from error
