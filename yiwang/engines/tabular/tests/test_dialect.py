"""The seam between dialects, by golden strings, and the limits of a connection."""

import pytest

from yiwang.engines.tabular.door import TabularLimits, tabular_open, to_spark

GOLDEN = (
    ("select a // 10, a % 3 from t", "SELECT a DIV 10, a % 3 FROM t"),
    ("select arg_max(v, k) from t group by g", "SELECT MAX_BY(v, k) FROM t GROUP BY g"),
    ("select try_cast(a as double) from t", "SELECT TRY_CAST(a AS DOUBLE) FROM t"),
    ("select strlen(a), unicode(a) from t", "SELECT OCTET_LENGTH(a), ASCII(a) FROM t"),
    (
        "select try_strptime(a, '%Y%m%d')::date from t",
        "SELECT CAST(CASE WHEN a RLIKE '^\\\\s*([0-9]{1,4}+)([0-9]{1,2}+)([0-9]{1,2}+)\\\\s*$' THEN "
        "TRY_CAST(REGEXP_REPLACE(a, '^\\\\s*([0-9]{1,4}+)([0-9]{1,2}+)([0-9]{1,2}+)\\\\s*$', "
        "'000$1-$2-$3') AS DATE) END AS DATE) FROM t",
    ),
    (
        "select hamming(a, b) from t",
        "SELECT SIZE(FILTER(SEQUENCE(1, OCTET_LENGTH(a)), i -> "
        "SUBSTRING(HEX(a), 2 * i - 1, 2) <> SUBSTRING(HEX(b), 2 * i - 1, 2))) FROM t",
    ),
    (
        "select epoch(a)::bigint from t",
        "SELECT CAST(RINT(UNIX_MICROS(CAST(a AS TIMESTAMP)) / CAST(1000000 AS DOUBLE)) AS BIGINT) FROM t",
    ),
    ("select starts_with(a, 'b') from t", "SELECT STARTSWITH(a, 'b') FROM t"),
)


@pytest.mark.parametrize(("duckdb", "spark"), GOLDEN)
def test_a_statement_has_the_same_meaning_in_spark(duckdb, spark):
    assert to_spark(duckdb) == spark


@pytest.mark.parametrize(
    "sql",
    [
        "select from where",
        "select to_base(a, 36) from t",
        "select try_strptime(a, '%d%m%Y') from t",
    ],
)
def test_what_cannot_be_read_or_what_spark_lacks_is_refused(sql):
    with pytest.raises(ValueError, match="no form in Spark"):
        to_spark(sql)


def test_a_connection_keeps_to_its_limits_and_never_fetches_an_extension():
    with tabular_open(TabularLimits(threads=1, memory_mb=300)) as connection:
        settings = (
            "threads",
            "memory_limit",
            "autoload_known_extensions",
            "autoinstall_known_extensions",
        )
        values = connection.execute(
            "select " + ", ".join(f"current_setting('{name}')" for name in settings)
        ).fetchall()
    assert values == [(1, "300.0 MiB", False, False)]
