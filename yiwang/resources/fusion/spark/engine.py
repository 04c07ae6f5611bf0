"""A run on Spark (集群运行): one session from standardising to the last candidate of the residue."""

import shutil
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from types import TracebackType

import pyarrow as pa

from yiwang.engines.tabular.door import TabularLimits, spark_open
from yiwang.resources.fusion.data import FusionOptions, FusionPlan
from yiwang.resources.fusion.master import Written
from yiwang.resources.fusion.spark.exact import (
    SPILL,
    exact_fuse,
    rest_read,
    sources_check,
    standardised,
)
from yiwang.resources.fusion.spark.residue import SparkFinder
from yiwang.resources.fusion.stage import StageFile
from yiwang.resources.fusion.survivorship import Rows


class SparkRun:
    """The stages of a run that a cluster carries out (集群阶段), in this order, within a `with`."""

    def __init__(
        self,
        plan: FusionPlan,
        wanted: list[tuple[StageFile, Path]],
        folder: Path,
        options: FusionOptions,
        *,
        today: date,
    ) -> None:
        self.plan = plan
        self.folder = folder
        self.options = options
        self.today = today
        self.sources = sources_check(plan, wanted)  # before a session costs ten seconds
        self._closing = ExitStack()

    def __enter__(self) -> "SparkRun":
        limits = TabularLimits(memory_mb=self.options.memory_mb, spill=str(self.folder / SPILL))
        opened = spark_open(self.options.master, limits=limits, partitions=self.plan.buckets)
        self.session = self._closing.enter_context(opened)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.__exit__(kind, error, trace)
        shutil.rmtree(self.folder / SPILL, ignore_errors=True)

    def standardise(self) -> int:
        """Standardise all classes; returns the rows."""
        self.standard = standardised(self.session, self.plan, self.sources, today=self.today)
        return self.standard.count()

    def fuse(self, known: list[Path]) -> list[Written | None]:
        """Fuse rows with a valid identifier. known: identifiers of the run before."""
        return exact_fuse(
            self.session,
            self.plan,
            self.standard,
            self.folder,
            known=known,
            seed=self.options.seed,
        )

    def rest(self) -> tuple[Rows, pa.Array] | None:
        """Return the rows without a valid identifier."""
        return rest_read(self.plan, self.standard)

    def finder(self) -> SparkFinder:
        """Return who looks for the candidates of these rows."""
        return SparkFinder(self.session, self.plan, self.folder / SPILL)
