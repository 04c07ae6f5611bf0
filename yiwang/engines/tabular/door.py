"""The pure door of this app, for libraries that must import without Django: see `engines/api.py`."""

from yiwang.engines.tabular.data import EngineMissing, TabularLimits
from yiwang.engines.tabular.dialect import to_spark
from yiwang.engines.tabular.duck import parquet_list, sql_text, tabular_open

__all__ = [
    "EngineMissing",
    "TabularLimits",
    "parquet_list",
    "sql_text",
    "tabular_open",
    "to_spark",
]
