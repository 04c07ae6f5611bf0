"""The seam between dialects, by golden strings, and the limits of a connection."""

import pytest

from yiwang.engines.tabular.door import TabularLimits, tabular_open, to_spark

GOLDEN = (
    ("select a // 10, a % 3 from t", "SELECT a DIV 10, a % 3 FROM t"),
    ("select arg_max(v, k) from t group by g", "SELECT MAX_BY(v, k) FROM t GROUP BY g"),
    ("select try_cast(a as bigint) from t", "SELECT TRY_CAST(a AS BIGINT) FROM t"),
    ("select starts_with(a, 'b') from t", "SELECT STARTSWITH(a, 'b') FROM t"),
)


@pytest.mark.parametrize(("duckdb", "spark"), GOLDEN)
def test_a_statement_has_the_same_meaning_in_spark(duckdb, spark):
    assert to_spark(duckdb) == spark


def test_what_cannot_be_read_is_refused():
    with pytest.raises(ValueError, match="no form in Spark"):
        to_spark("select from where")


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
