"""A persisted workflow step, eight departments at once: CPU a step, against its rows by bare SQL."""

import time

from harness import city_open, engine_name, options_parse, report


def steps_time(count: int) -> tuple[float, int]:
    """Run `count` instances to their end; return the seconds of CPU of all steps, and how many."""
    from yiwang.engines.api import (
        instance_get,
        process_put,
        process_start,
        work_item_complete,
    )
    from yiwang.engines.workflow.tests.models_of_processes import CARD, NOW, parallel, staff
    from yiwang.kernel.api import context_system, context_use

    branches = [f"department_{number}" for number in range(8)]
    departments = {"owner": 1} | {key: number for number, key in enumerate(branches, 2)}
    spent, steps = 0.0, 0
    with context_use(context_system("benchmark")):
        version = process_put("benchmark", parallel(branches), title={"zh": "并行办理"})
    for number in range(count):
        with context_use(context_system("benchmark")):
            begun = time.process_time()
            instance_id = process_start(
                version.version_id,
                business_key=f"benchmark:{number}",
                card=CARD,
                variables={f"field_{n}": "值" * 5 for n in range(50)},
                departments=departments,
                now=NOW,
            )
            spent, steps = spent + time.process_time() - begun, steps + 1
        for outcome in ("DONE", "AGREE"):
            for item in instance_get(instance_id).items:
                if item.closed_at is not None:
                    continue
                with context_use(staff(9, item.department_id, "APPROVER")):
                    begun = time.process_time()
                    work_item_complete(item.id, outcome=outcome, now=NOW, comment="同意")
                    spent, steps = spent + time.process_time() - begun, steps + 1
    return spent, steps


def bare_time(count: int) -> float:
    """Write the rows of `count` ordinary steps by SQL alone; return the seconds of CPU."""
    from django.db import connection, transaction

    spent = 0.0
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bare_step (a integer, b text, c text, d text, e text)")
        for number in range(count):
            begun = time.process_time()
            with transaction.atomic():
                for row in range(7):  # item, instance, two tokens, two events, audit
                    cursor.execute(
                        "INSERT INTO bare_step VALUES (%s, %s, %s, %s, %s)",
                        [number, "COMPLETED", "department", '{"outcome": "AGREE"}', str(row)],
                    )
            spent += time.process_time() - begun
    return spent


def main() -> None:
    options = options_parse(__doc__, instances=60)
    city_open(build=False)
    steps_time(5)
    spent, steps = steps_time(options.instances)
    bare = bare_time(steps)
    report(
        f"persisted workflow step, {engine_name()}",
        spent / steps * 1000,
        "ms CPU",
        baseline=bare / steps * 1000,
        baseline_name="seven rows by bare SQL",
        bar="<= 3 ms",
        as_json=options.json,
    )


if __name__ == "__main__":
    main()
