"""The pure door of this app, for libraries that must import without Django: see `engines/api.py`."""

from yiwang.engines.tabular.data import EngineMissing, EngineUnready, TabularLimits
from yiwang.engines.tabular.dialect import to_spark
from yiwang.engines.tabular.duck import parquet_list, sql_text, tabular_open, tabular_shared
from yiwang.engines.tabular.spark import java_found, spark_check, spark_open

__all__ = [
    "EngineMissing",
    "EngineUnready",
    "TabularLimits",
    "java_found",
    "parquet_list",
    "spark_check",
    "spark_open",
    "sql_text",
    "tabular_open",
    "tabular_shared",
    "to_spark",
]
