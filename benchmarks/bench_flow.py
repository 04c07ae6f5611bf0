"""How cases really went, over 1,000,000 steps: transitions against the models, times by step, departments compared."""

import time
from datetime import timedelta

from harness import city_open, cpu_seconds, engine_name, options_parse, report

DEPARTMENTS, MATTERS, STEPS, SEEDS = 44, 380, 4, 2_000
XML = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:yw="urn:yiwang:bpmn">'
    '<process id="p" isExecutable="true"><startEvent id="s"/>'
    + "".join(f'<userTask id="t{n}" name="t{n}" yw:role="REVIEWER"/>' for n in range(STEPS))
    + '<endEvent id="e"/>'
    + "".join(
        f'<sequenceFlow id="f{n}" sourceRef="{a}" targetRef="{b}"/>'
        for n, (a, b) in enumerate(
            zip(
                ["s", *(f"t{n}" for n in range(STEPS))],
                [*(f"t{n}" for n in range(STEPS)), "e"],
                strict=True,
            )
        )
    )
    + "</process></definitions>"
)


def steps_make(count: int, *, now) -> int:
    """Insert finished cases of four steps each, every hundredth sent back once; returns how many were."""
    from yiwang.engines.workflow.models import (
        HistoryEvent,
        ProcessInstance,
        ProcessModel,
        ProcessVersion,
        WorkItem,
    )

    version = ProcessVersion.objects.create(
        process=ProcessModel.objects.create(key="bench.flow"), number=1, digest="x", xml=XML
    )
    begun, ended = now - timedelta(days=9), now - timedelta(days=1)
    batch, sent_back = SEEDS, 0
    for first in range(0, count // STEPS, batch):
        cases = ProcessInstance.objects.bulk_create(
            [
                ProcessInstance(
                    version=version, business_key=f"application:{first + n}", state="COMPLETED",
                    started_at=begun, ended_at=ended,
                )
                for n in range(batch)
            ],
            batch_size=1_000,
        )  # fmt: skip
        items, history = [], []
        for n, case in enumerate(cases, first):
            back = n % 100 == 0
            sent_back += back
            nodes = [0, 1, 0, 1, 2, 3] if back else range(STEPS)
            for token, node in enumerate(nodes, 1):
                opened = begun + timedelta(hours=token * 20 + n % 7)
                items.append(
                    WorkItem(
                        instance=case, token_number=token, business_key=case.business_key,
                        node_id=f"t{node}", name_zh=f"环节{node}", number=f"{n:014d}",
                        title_zh=f"事项{n % MATTERS:03d}", department_id=1 + n % DEPARTMENTS,
                        role="REVIEWER", assignee_id=1 + n % 500, state="COMPLETED",
                        opened_at=opened, due_order=ended,
                        closed_at=opened + timedelta(hours=2 + (n * 7 + node) % 30),
                    )
                )  # fmt: skip
                history.append(
                    HistoryEvent(
                        instance=case, seq=token, at=opened + timedelta(hours=1), kind="CLAIMED",
                        node_id=f"t{node}", detail={"token": token, "state": "CLAIMED"},
                    )
                )  # fmt: skip
        WorkItem.objects.bulk_create(items, batch_size=1_000)
        HistoryEvent.objects.bulk_create(history, batch_size=1_000)
    return sent_back


def measured(function):
    """Run something: what it returned, seconds on the wall, seconds of the processor."""
    cpu, begun = cpu_seconds(), time.perf_counter()
    result = function()
    return result, time.perf_counter() - begun, cpu_seconds() - cpu


def main() -> None:
    options = options_parse(__doc__, count=1_000_000)
    city_open(build=False)
    from django.db import connection
    from django.utils import timezone

    from yiwang.engines.api import step_strata, step_times, step_transitions
    from yiwang.engines.workflow.models import WorkItem
    from yiwang.hall.supervision import flow
    from yiwang.kernel.api import context_system, context_use

    now = timezone.now()
    span = {"since": now - timedelta(days=30), "until": now}
    with context_use(context_system("bench")):
        sent_back = steps_make(options.count, now=now)
        table = connection.ops.quote_name(WorkItem._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

        def bare() -> int:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT node_id, COUNT(*) FROM {table} GROUP BY node_id")  # noqa: S608
                return sum(count for _node, count in cursor.fetchall())

        total, bare_wall, bare_cpu = measured(bare)
        base = {"baseline": bare_wall, "baseline_name": "bare GROUP BY step"}
        cpu_base = {"baseline": bare_cpu, "baseline_name": "bare GROUP BY step, CPU"}
        shown = {"as_json": options.json, "unit": "s"}
        for name, function in (
            ("transitions", step_transitions),
            ("times with percentiles", step_times),
            ("departments by matter and step", step_strata),
        ):
            rows, wall, cpu = measured(lambda function=function: function(**span))
            title = f"{name}: {len(rows)} rows of {total:,} steps, {engine_name()}"
            report(title, wall, bar="< 30 s", **base, **shown)
            report(f"{title}, CPU here", cpu, bar="", **cpu_base, **shown)
        versions, wall, cpu = measured(lambda: flow._versions(span["since"], span["until"]))
        (version,) = versions
        if version["deviating"] != sent_back:
            raise SystemExit(f"{version['deviating']} cases found, {sent_back} were sent back")
        title = f"conformance of {version['cases']:,} cases, {sent_back} sent back, {engine_name()}"
        report(title, wall, bar="< 60 s", **base, **shown)
        report(f"{title}, CPU here", cpu, bar="", **cpu_base, **shown)


if __name__ == "__main__":
    main()
