"""Apache Spark as we run it (集群引擎): past one machine, the same SQL by way of `to_spark`.

Needs `pip install yiwang[spark]` and Java 17 on every machine. A cluster's machines must see the folders
of sources and masters under the same paths, and have this package in their Python.
"""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from yiwang.engines.tabular.data import EngineMissing, EngineUnready, TabularLimits
from yiwang.engines.tabular.strings import JARO_WINKLER, jaro_winkler

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NO_MORE: Mapping[str, str] = {}
DEFAULT = TabularLimits(threads=2, memory_mb=2048)
SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.compression.codec": "zstd",
    # One shuffle by bucket serves the aggregation by (bucket, key) and every join by it.
    "spark.sql.requireAllClusterKeysForCoPartition": "false",
    "spark.driver.maxResultSize": "0",
    "spark.log.level": "ERROR",
}


def java_found() -> str:
    """Return the path of Java (寻找 Java), '' where there is none."""
    home = os.environ.get("JAVA_HOME", "")
    return shutil.which("java", path=f"{home}/bin") or "" if home else shutil.which("java") or ""


def spark_check() -> None:
    """Make sure that Spark can be started here (检查引擎). Raises EngineMissing, EngineUnready."""
    try:
        import pyspark.sql  # noqa: F401, PLC0415
    except ImportError as error:
        raise EngineMissing(engine="spark") from error
    if not java_found():
        raise EngineUnready(engine="Spark", reason="there is no Java; install Java 17 or newer")


@contextmanager
def spark_open(
    master: str,
    *,
    limits: TabularLimits = DEFAULT,
    partitions: int = 64,
    more: Mapping[str, str] = NO_MORE,
) -> Iterator["SparkSession"]:
    """Open a session on a master and end it (打开会话); a session of this process that runs is used and left.

    master: `local[2]`, `spark://host:7077` and what else Spark takes. limits.memory_mb: of the driver, and
    of each executor. partitions: after a shuffle. more: settings of Spark's own beside ours.

    Raises EngineMissing without pyspark, EngineUnready without Java or when the master does not answer.
    """
    spark_check()
    from pyspark.sql import SparkSession  # noqa: PLC0415 - 0.5 s to load

    running = SparkSession.getActiveSession()
    if running is not None:
        apart = running.newSession()  # views and functions of its own, the same machines
        _functions(apart)
        yield apart
        return
    session = _start(SparkSession.builder, master, limits, partitions, more)
    try:
        _functions(session)
        yield session
    finally:
        session.stop()


def _start(
    builder, master: str, limits: TabularLimits, partitions: int, more: Mapping[str, str]
) -> "SparkSession":
    memory = f"{limits.memory_mb}m"
    settings = SETTINGS | {
        "spark.sql.shuffle.partitions": str(partitions),
        "spark.driver.memory": memory,
        "spark.executor.memory": memory,
        "spark.pyspark.python": sys.executable,
    }
    if master.startswith("local") or "//127.0.0.1" in master or "//localhost" in master:
        settings |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    if limits.spill:
        settings |= {"spark.local.dir": limits.spill, "spark.sql.warehouse.dir": limits.spill}
    builder = builder.master(master).appName("yiwang")
    for name, value in (settings | dict(more)).items():
        builder = builder.config(name, value)
    try:
        return builder.getOrCreate()
    except Exception as error:  # noqa: BLE001 - py4j wraps whatever Java threw
        reason = str(error).strip().splitlines()[0][:300]
        raise EngineUnready(engine="Spark", reason=f"{master} does not answer: {reason}") from error


def _functions(session: "SparkSession") -> None:
    """Register what Spark has not or has otherwise, equal to DuckDB's byte for byte."""
    session.udf.register(JARO_WINKLER, jaro_winkler, "double")
