"""The sweep over 1,000,000 open steps: what is late found, 5,000 cards issued, and again nothing."""

import time
from collections.abc import Callable
from datetime import timedelta

from harness import city_open, cpu_seconds, engine_name, options_parse, report

DEPARTMENTS, MATTERS = 44, 380


SEEDS = 5_000
"""So many are made one by one; the rest are copies made by the database."""


def items_make(count: int, late: int, *, now) -> None:
    """Insert open work items of 44 departments and 380 matters; `late` of them are over time."""
    from yiwang.engines.workflow.models import (
        ProcessInstance,
        ProcessModel,
        ProcessVersion,
        WorkItem,
    )

    version = ProcessVersion.objects.create(
        process=ProcessModel.objects.create(key="bench.process"), number=1, digest="x", xml=""
    )
    instance = ProcessInstance.objects.create(
        version=version, business_key="application:bench", started_at=now
    )

    def item(number: int, due) -> WorkItem:
        matter = number % MATTERS
        return WorkItem(
            instance=instance,
            token_number=number,
            business_key=f"application:{number}",
            node_id="review",
            name_zh="审查",
            name_en="Review",
            number=f"{number:014d}",
            title_zh=f"事项{matter:03d}",
            title_en=f"Matter {matter:03d}",
            department_id=1 + matter % DEPARTMENTS,
            role="REVIEWER",
            assignee_id=1 + matter,
            state="CLAIMED",
            opened_at=now - timedelta(days=20),
            due_at=due,
            due_order=due,
            warn_at=due - timedelta(days=1),
        )

    seeds = min(SEEDS, count - late)
    in_time = [
        item(number, now + timedelta(days=10, minutes=number * 4)) for number in range(seeds)
    ]
    WorkItem.objects.bulk_create(in_time, batch_size=2_000)
    copies_make(instance.pk, (count - late - seeds) // seeds, step=seeds)
    over = [
        item(count + number, now - timedelta(minutes=1 + number % 9000)) for number in range(late)
    ]
    WorkItem.objects.bulk_create(over, batch_size=2_000)


def copies_make(instance_id: int, times: int, *, step: int) -> None:
    """Copy the first `step` items `times` times inside the database."""
    from django.db import connection

    from yiwang.engines.workflow.models import WorkItem

    table = connection.ops.quote_name(WorkItem._meta.db_table)
    fields = [field.column for field in WorkItem._meta.concrete_fields if not field.primary_key]
    columns = ", ".join(connection.ops.quote_name(name) for name in fields)
    chosen = columns.replace(connection.ops.quote_name("token_number"), "token_number + %s", 1)
    sql = f"INSERT INTO {table} ({columns}) SELECT {chosen} FROM {table} WHERE instance_id = %s AND token_number < %s"  # noqa: S608
    with connection.cursor() as cursor:
        for number in range(1, times + 1):
            cursor.execute(sql, [number * step, instance_id, step])


def measured(function: Callable[[], object]) -> tuple[object, float, float]:
    """Run something: what it returned, seconds on the wall, seconds of the processor."""
    cpu, begun = cpu_seconds(), time.perf_counter()
    result = function()
    return result, time.perf_counter() - begun, cpu_seconds() - cpu


def main() -> None:
    options = options_parse(__doc__, count=1_000_000, late=5_000)
    city_open(build=False)
    from django.db import connection
    from django.utils import timezone

    from yiwang.engines.api import work_item_due_keys
    from yiwang.hall.supervision.findings import findings_scan
    from yiwang.hall.supervision.models import SupervisionCard
    from yiwang.hall.supervision.queries import rule_list
    from yiwang.hall.supervision.sweep import board_count, rules_seed, supervision_sweep
    from yiwang.kernel.api import calendar_get, calendar_seed_load, context_system, context_use

    now = timezone.now()
    with context_use(context_system("bench")):
        calendar_seed_load(now=now)
        rules_seed()
        items_make(options.count, options.late, now=now)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        rules = rule_list(on=timezone.localtime(now).date())
        calendar = calendar_get()

        def detect() -> int:
            scans = (findings_scan(rule, calendar, now=now) for rule in rules)
            return len({one.subject for scan in scans for chunk in scan for one in chunk})

        work_item_due_keys(until=now)
        bare, bare_wall, bare_cpu = measured(lambda: len(work_item_due_keys(until=now)))
        found, wall, cpu = measured(detect)
        if found != bare:
            raise SystemExit(f"{found} found, the bare query finds {bare}")
        name = f"{options.count:,} open steps, {engine_name()}"
        shown = {"as_json": options.json, "unit": "s"}
        base = {"baseline": bare_wall, "baseline_name": "the bare indexed query"}
        cpu_base = {"baseline": bare_cpu, "baseline_name": "the bare indexed query, CPU"}
        report(f"detect by all rules, {name}", wall, bar="< 1 s", **base, **shown)
        report(f"detect by all rules, {name}, CPU", cpu, bar="< 1 s", **cpu_base, **shown)
        _, wall, cpu = measured(lambda: supervision_sweep(now=now))
        issued = SupervisionCard.objects.count()
        if issued < options.late:
            raise SystemExit(f"{issued} cards instead of {options.late}")
        report(f"issue {issued:,} cards, {name}", wall, bar="< 10 s", **base, **shown)
        report(f"issue {issued:,} cards, {name}, CPU", cpu, bar="< 10 s", **cpu_base, **shown)
        _, wall, _cpu = measured(lambda: supervision_sweep(now=now))
        if SupervisionCard.objects.count() != issued:
            raise SystemExit("The second sweep issued something.")
        report(f"the same sweep again, {name}", wall, bar="nothing new", **base, **shown)
        cells, wall, cpu = measured(lambda: board_count(now=now))
        report(f"board of {cells} cells, {name}", wall, bar="", **base, **shown)
        report(f"board of {cells} cells, {name}, CPU", cpu, bar="", **cpu_base, **shown)


if __name__ == "__main__":
    main()
