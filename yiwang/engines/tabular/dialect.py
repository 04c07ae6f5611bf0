"""The seam between dialects (方言): SQL is written once, as DuckDB has it, and translated."""


def to_spark(sql: str) -> str:
    """Translate a statement from DuckDB's dialect into Spark's (转译为 Spark).

    Raises ValueError when it cannot be read or has a function that Spark lacks. Spark's `hash` is
    another function than DuckDB's: store neither. Source: sqlglot, resource_centre.md §7.4.

    >>> to_spark("select try_cast(a as bigint) // 10 as b, arg_max(v, k) as w from t group by 1")
    'SELECT TRY_CAST(a AS BIGINT) DIV 10 AS b, MAX_BY(v, k) AS w FROM t GROUP BY 1'
    """
    import sqlglot  # noqa: PLC0415 - loads every dialect

    try:
        statements = sqlglot.transpile(
            sql, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE
        )
    except sqlglot.errors.SqlglotError as error:
        raise ValueError(f"this SQL has no form in Spark: {error}") from error
    if len(statements) != 1:
        raise ValueError("one statement is needed")
    return statements[0]
