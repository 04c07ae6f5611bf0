"""The small API of fusion (融合接口), for commands, jobs and notebooks; no Django needed.

  >>> from yiwang.resources.fusion.plans import population_plan
  >>> plan = population_plan()
  >>> len({source.department for source in plan.sources}), len(plan.sources)
  (13, 32)

NumPy, Arrow and DuckDB are loaded by the first call, not by importing this module.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from yiwang.resources.fusion.data import (
    DEFAULT_OPTIONS,
    Decision,
    Event,
    FusionOptions,
    FusionPlan,
    FusionResult,
    Report,
    Score,
)

if TYPE_CHECKING:
    import pyarrow as pa

    from yiwang.resources.fusion.explained import Explanation, Finding, RowPlace
    from yiwang.resources.fusion.matching import Linked, Matching


def _quiet(_stage: str, _done: int, _total: int) -> None:
    """Take reports of progress and show nothing."""


def fuse(
    plan: FusionPlan,
    source: str | Path,
    out: str | Path,
    *,
    options: FusionOptions = DEFAULT_OPTIONS,
    decisions: Sequence[Decision] = (),
    today: date | None = None,
    compare: bool = False,
    report: Report = _quiet,
) -> FusionResult:
    """Fuse all records below a folder into one master (融合).

    source: `<department>/<class>/*.parquet`, each with row_no (int64, unique in the class), updated_at, id_number
    and the columns that the class declares. out: see `publish`; a run into a folder that has a master takes
    over what did not change and gives the same answer as a full rebuild. today: no birth is after it.
    compare: also run the rules of `comparisons` over the finished master.

    Raises FusionNothing, FusionBusy, FusionSourceBroken, FusionDiskFull, FusionMemoryShort; in each case the published master still stands.
    """
    from yiwang.resources.fusion.faults import faults_named  # noqa: PLC0415
    from yiwang.resources.fusion.run import run  # noqa: PLC0415

    with faults_named(Path(out), options.memory_mb):
        return run(
            plan,
            Path(source),
            Path(out),
            options=options,
            decisions=decisions,
            today=today,
            compare=compare,
            report=report,
        )


def score(out: str | Path, truth: str | Path) -> Score:
    """Compare a master with the truth, pair by pair (评分). truth: Parquet file or folder of such files."""
    from yiwang.resources.fusion.scoring import score_pairs  # noqa: PLC0415

    return score_pairs(Path(out), Path(truth))


def events(out: str | Path, *, since: str = "") -> Iterator[Event]:
    """Yield what happened to identifiers, run by run, oldest first (标识变更流).

    since: the last run that the reader knows; raises LookupError when the feed has no such run. BUILT says: read
    the whole master. Applying all events to the subjects of one run gives those of the next.
    """
    from yiwang.resources.fusion.events import events_read  # noqa: PLC0415

    return events_read(Path(out), since)


def follow(out: str | Path, uid: int, *, until: str = "") -> int:
    """Return under which identifier a subject stands now, or stood after a run; 0 for none (标识追溯)."""
    from yiwang.resources.fusion.explain import follow as follow_events  # noqa: PLC0415

    return follow_events(Path(out), uid, until=until)


def explain(out: str | Path, asked: int | str) -> "Explanation":
    """Explain one subject by uid or identifier: its rows, its values, winners, losers, why (主体解释).

    `explain(out, "320508198501011234").as_json("zh")` gives plain values with Chinese sentences. Raises FusionUnknown.
    """
    from yiwang.resources.fusion.explain import explain as explain_subject  # noqa: PLC0415

    return explain_subject(Path(out), asked)


def findings(out: str | Path) -> "Iterator[Finding]":
    """Yield what comparisons found in the published master and where its ties contradict (比对结果).

    Comparisons are there when the run was made with `compare=True`; a finding names its source rows.
    """
    from yiwang.resources.fusion.comparisons import findings_read  # noqa: PLC0415
    from yiwang.resources.fusion.publish import master_open  # noqa: PLC0415

    return findings_read(master_open(Path(out)).folder)


def row_of(out: str | Path, number: int, row_no: int) -> "RowPlace":
    """Tell whose a source row is and why: class number, row_no (记录去向). Raises FusionUnknown."""
    from yiwang.resources.fusion.explain import row_of as row_place  # noqa: PLC0415

    return row_place(Path(out), number, row_no)


def link(records: "pa.Table", matching: "Matching") -> "Linked":
    """Say which rows of a table without identifiers are about one subject (无标识匹配).

    By exact keys, weighed comparisons and clusters: the linkage that a registry's residue goes through, for any
    table. records: one row each; what `matching` names is read as text.

    >>> import pyarrow as pa
    >>> from yiwang.resources.fusion.matching import Compared, Matching
    >>> rows = pa.table({"name": ["Ann Lee", "Bob Ray", "ann lee"], "phone": ["1", "2", "1"]})
    >>> matching = Matching((Compared("name", "NAME"),), keys=(("name", "phone"),), blocks=(("phone",),))
    >>> link(rows, matching).cluster.tolist()
    [0, 1, 0]
    """
    from yiwang.resources.fusion.matching import records_link  # noqa: PLC0415

    return records_link(records, matching)
