"""The residue on Spark (残余归并): second keys as one statement, Splink on its Spark backend for what they leave.

Decisions, guard and clusters are `fusion.residue`'s own: this module only finds candidates.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from yiwang.engines.tabular.door import to_spark
from yiwang.resources.fusion import linkage
from yiwang.resources.fusion.data import FusionPlan
from yiwang.resources.fusion.spark.statements import comparable_compile, levels_compile

if TYPE_CHECKING:
    import duckdb
    from pyspark.sql import SparkSession


class SparkFinder:
    """Looks for candidates among the subjects that `exact_fuse` left in the session (候选查找)."""

    def __init__(self, session: "SparkSession", plan: FusionPlan, spill: Path) -> None:
        self.session = session
        self.spill = spill
        names = {name for level in plan.levels for name in level.fields} | set(plan.link_fields)
        masters = session.sql(comparable_compile(plan, "fused", "ids", names))
        masters.localCheckpoint().createOrReplaceTempView("masters")

    def keys(self, plan: FusionPlan, connection: "duckdb.DuckDBPyConnection") -> pa.Table:
        """Return (rid, uid, level) of rows that a second key names; see `residue.Finder`."""
        self._hand_over(connection, "left_rows", "cannot")
        return self.session.sql(to_spark(levels_compile(plan))).toArrow()

    def link(self, plan: FusionPlan, connection: "duckdb.DuckDBPyConnection") -> None:
        """Score what the keys left, by Splink on Spark; see `residue.Finder`."""
        self._hand_over(connection, "left_rows")
        found = self._scored(plan)
        connection.execute(
            "create or replace temp table scored "
            "(rid bigint, uid bigint, probability double, next double, named boolean)"
        )
        if found is not None and len(found):
            connection.register("found", found)
            connection.execute("insert into scored select * from found")
            connection.unregister("found")

    def _hand_over(self, connection: "duckdb.DuckDBPyConnection", *tables: str) -> None:
        """Give tables of the driver to the session, by way of files that every executor sees."""
        self.spill.mkdir(parents=True, exist_ok=True)
        for table in tables:
            path = self.spill / f"{table}.parquet"
            pq.write_table(connection.table(table).to_arrow_table(), path)
            self.session.catalog.refreshByPath(path.resolve().as_uri())
            frame = self.session.read.parquet(path.resolve().as_uri())
            frame.createOrReplaceTempView(table)

    def _scored(self, plan: FusionPlan) -> pa.Table | None:
        """Run the statements of `linkage.link_rest`, translated."""
        session = self.session
        for view, statement in linkage.views_compile(plan).items():
            session.sql(to_spark(statement)).localCheckpoint().createOrReplaceTempView(view)
        sizes = "select (select count(*) from slice), (select count(*) from rest), (select count(*) from masters)"
        [(candidates, rest, masters)] = session.sql(sizes).collect()
        if not candidates or not rest or not plan.link_fields:
            return None
        found = self._predict(plan, masters)
        return session.sql(to_spark(linkage.best_compile(plan, found))).toArrow()

    def _predict(self, plan: FusionPlan, masters: int) -> str:
        from splink import Linker, SettingsCreator, SparkAPI  # noqa: PLC0415 - loads pyspark

        settings = linkage.settings_of(plan, masters)
        for comparison in settings["comparisons"]:
            for level in comparison["comparison_levels"]:
                level["sql_condition"] = condition_to_spark(level["sql_condition"])
        rules = settings["blocking_rules_to_generate_predictions"]
        settings["blocking_rules_to_generate_predictions"] = [condition_to_spark(r) for r in rules]
        self.session.sparkContext.setCheckpointDir((self.spill / "splink").resolve().as_uri())
        # Splink's own functions come in a Java archive; ours are registered by `spark_open`, none is needed.
        api = SparkAPI(spark_session=self.session, register_udfs_automatically=False)
        tables = [
            api.register(self.session.table(name), dataset_display_name=label)
            for name, label in (("slice", "a_master"), ("rest", "b_rest"))
        ]
        linker = Linker(tables, SettingsCreator(**settings), log_level=logging.ERROR)
        threshold = linkage.DOUBTFUL / 10
        return linker.inference.predict(threshold_match_probability=threshold).physical_name


def condition_to_spark(condition: str) -> str:
    """Translate one condition (转译条件); Splink's word ELSE stays.

    >>> condition_to_spark('strlen("name_l") > 6')
    'OCTET_LENGTH(`name_l`) > 6'
    """
    if condition.strip().upper() == "ELSE":
        return condition
    return to_spark(f"select {condition} as c").removeprefix("SELECT ").removesuffix(" AS c")
