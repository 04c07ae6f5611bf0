"""How well forecasts of the finish date hold on made histories, against the bell curve of mean and deviation.

Every case is forecast from what had ended on the first day of its month. The figure is the share that ended in the
interval said to hold for 80 of 100; the baseline is the same share for mean ± 1.2816 deviations of the same cases.
"""

import statistics
from collections import defaultdict

from harness import cpu_seconds, options_parse, report

options = options_parse(__doc__, histories=20)

from yiwang.hall.guides.quantiles import COUNT_MIN, counts_of, interval_of  # noqa: E402
from yiwang.hall.guides.tests.simulation import (  # noqa: E402
    MONTH,
    WINDOW,
    coverage_measure,
    history_make,
)

NORMAL_80 = 1.2816


def bell_share(cases, *, warm_up: int = 4) -> tuple[float, float]:
    """Return share and width of mean ± 1.2816 deviations, asked as `coverage_measure` asks."""
    tables, by_matter = {}, defaultdict(list)
    for case in cases:
        by_matter[case.matter].append(case)
    asked = inside = 0
    width = 0.0
    for case in cases:
        month = case.begun // MONTH
        if month < warm_up:
            continue
        key = (case.matter, month)
        if key not in tables:
            ends = month * MONTH
            tables[key] = [
                one.ended - one.begun
                for one in by_matter[case.matter]
                if ends - WINDOW <= one.ended < ends
            ]
        if len(tables[key]) < COUNT_MIN:
            continue
        middle, spread = statistics.fmean(tables[key]), statistics.pstdev(tables[key])
        low, high = middle - NORMAL_80 * spread, middle + NORMAL_80 * spread
        asked += 1
        inside += low <= case.ended - case.begun <= high
        width += high - max(low, 0)
    return inside / asked, width / asked


histories = [history_make(seed=seed, matters=8, months=18) for seed in range(options.histories)]
measured = [coverage_measure(history) for history in histories]
waiting = [coverage_measure(history, elapsed_share=0.5) for history in histories]
bells = [bell_share(history) for history in histories[:5]]
cases = sum(one.cases for one in measured)
share = 100 * sum(one.inside for one in measured) / cases
width = sum(one.width * one.cases for one in measured) / cases
late = 100 * sum(one.inside for one in waiting) / sum(one.cases for one in waiting)
worst = 100 * min(one.share for one in measured)
bell = 100 * statistics.fmean(each[0] for each in bells)

report(
    f"covered of {cases:,} forecast cases",
    share,
    "%",
    baseline=bell,
    baseline_name="bell curve",
    bar="78-88 %",
    as_json=options.json,
)
report(
    "covered in the worst history",
    worst,
    "%",
    baseline=80,
    baseline_name="what is said",
    bar=">= 76 %",
    as_json=options.json,
)
report(
    "covered when half of the time is over",
    late,
    "%",
    baseline=80,
    baseline_name="what is said",
    bar="76-90 %",
    as_json=options.json,
)
report(
    "width of the interval",
    width,
    "working days",
    baseline=statistics.fmean(each[1] for each in bells),
    baseline_name="bell curve",
    as_json=options.json,
)

counts = counts_of(int(case.ended - case.begun) for case in histories[0])
begun = cpu_seconds()
for _again in range(10_000):
    interval_of(counts, elapsed=3)
report(
    "one forecast from its table",
    (cpu_seconds() - begun) * 100,
    "µs CPU",
    baseline=1000,
    baseline_name="one millisecond",
    bar="< 1 ms",
    as_json=options.json,
)
