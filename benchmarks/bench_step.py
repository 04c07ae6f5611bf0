"""A persisted workflow step, eight departments at once: CPU a step beside SpiffWorkflow, and steps a second.

`--callers` processes work on instances of their own at once. SpiffWorkflow runs in the environment of `tests/oracles`
(`python tests/oracles/run.py --nets 1` makes it); without it the baseline is bare SQL alone.
"""

import json
import subprocess
import tempfile
import time
from pathlib import Path

from harness import ROOT, city_open, engine_name, options_parse, report, spread

SPIFF = ROOT / "var/tools/oracles/venv/bin/python"
BRANCHES = [f"department_{number}" for number in range(8)]
STEPS = 1 + 1 + 8
"""Of one instance: its start, the acceptance, eight departments."""


def process_store() -> int:
    """Store the process and return its version's id."""
    from yiwang.engines.api import process_put
    from yiwang.engines.workflow.tests.models_of_processes import parallel
    from yiwang.kernel.api import context_system, context_use

    with context_use(context_system("benchmark")):
        version = process_put("benchmark", parallel(BRANCHES), title={"zh": "并行办理"})
    return version.version_id


def instance_run(version_id: int, key: str) -> float:
    """Lead one instance to its end; return the seconds of CPU of its ten steps, without what finds the items."""
    from yiwang.engines.api import process_start, work_item_complete
    from yiwang.engines.workflow.models import WorkItem
    from yiwang.engines.workflow.tests.models_of_processes import CARD, NOW, staff
    from yiwang.kernel.api import context_system, context_use

    departments = {"owner": 1} | {key: number for number, key in enumerate(BRANCHES, 2)}
    with context_use(context_system("benchmark")):
        begun = time.process_time()
        instance_id = process_start(
            version_id,
            business_key=f"benchmark:{key}",
            card=CARD,
            variables={f"field_{n}": "值" * 5 for n in range(50)},
            departments=departments,
            now=NOW,
        )
        spent = time.process_time() - begun
    for outcome in ("DONE", "AGREE"):
        items = WorkItem.objects.filter(instance_id=instance_id, closed_at__isnull=True)
        for item_id, department_id in list(items.values_list("id", "department_id")):
            with context_use(staff(9, department_id, "APPROVER")):
                begun = time.process_time()
                work_item_complete(item_id, outcome=outcome, now=NOW, comment="同意")
                spent += time.process_time() - begun
    return spent


def bare_step(number: int) -> None:
    """Write the rows of one ordinary step by SQL alone: item, instance, two tokens, two events, audit."""
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        for row in range(7):
            cursor.execute(
                "INSERT INTO bare_step VALUES (%s, %s, %s, %s, %s)",
                [number, "COMPLETED", "department", '{"outcome": "AGREE"}', str(row)],
            )


def bare_prepare() -> None:
    """Make the table that bare steps write."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bare_step (a integer, b text, c text, d text, e text)")


def spiff_time(instances: int) -> float | None:
    """Return the milliseconds of CPU of a step in SpiffWorkflow with its serialisation, None where it is not there."""
    from yiwang.engines.workflow.tests.models_of_processes import parallel

    if not SPIFF.exists():
        return None
    with tempfile.NamedTemporaryFile("w", suffix=".bpmn") as file:
        file.write(parallel(BRANCHES))
        file.flush()
        script = Path(__file__).with_name("peer_spiff_step.py")
        command = [str(SPIFF), str(script), file.name, str(instances)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return json.loads(done.stdout)["ms"]


def main() -> None:
    options = options_parse(__doc__, instances=60, callers=1)
    city_open(build=False)
    version_id = process_store()
    for number in range(5):
        instance_run(version_id, f"warm:{number}")
    spent = sum(instance_run(version_id, f"cpu:{number}") for number in range(options.instances))
    steps = options.instances * STEPS
    bare_prepare()
    begun = time.process_time()
    for number in range(steps):
        bare_step(number)
    bare = (time.process_time() - begun) / steps * 1000
    name = f"persisted workflow step, {engine_name()}"
    peer = spiff_time(options.instances)
    baselines = [("seven rows by bare SQL", bare)]
    if peer is not None:
        baselines.append(("SpiffWorkflow 3.2: restore, step, serialise", peer))
    for about, baseline in baselines:
        report(
            name,
            spent / steps * 1000,
            "ms CPU",
            baseline=baseline,
            baseline_name=about,
            bar="<= 3 ms",
            as_json=options.json,
        )
    share = options.instances // options.callers

    def work(number: int) -> None:
        for turn in range(share):
            instance_run(version_id, f"rate:{number}:{turn}")

    def bare_work(number: int) -> None:
        for turn in range(share * STEPS):
            bare_step(turn)

    count = share * options.callers * STEPS
    report(
        f"steps a second, {engine_name()}, callers: {options.callers}",
        count / spread(work, callers=options.callers),
        "steps/s",
        baseline=count / spread(bare_work, callers=options.callers),
        baseline_name="seven rows a transaction by bare SQL",
        bar=">= 500 PostgreSQL",
        as_json=options.json,
    )


if __name__ == "__main__":
    main()
