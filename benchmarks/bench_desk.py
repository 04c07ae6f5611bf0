"""A desk page of 50 rows over many open work items, over HTTP machinery: p50 and p95.

The items are of 44 departments, three roles and 380 matters; the page is that of one clerk, who sees what her post may do.
The bar is for a million of them: `--count 1000000`.
"""

import time
from datetime import timedelta

from bench_submit import drafts_make
from harness import city_open, engine_name, options_parse, percentile, report


def items_make(count: int, *, department_ids: list[int], now) -> None:
    """Insert open work items of one made instance, spread over departments, roles and due dates."""
    from yiwang.engines.workflow.models import ProcessInstance, WorkItem
    from yiwang.kernel.api import rows_insert

    instance = ProcessInstance.objects.order_by("-pk").first()
    template = WorkItem.objects.filter(instance=instance).values().first()
    for name in ("id", "instance_id"):
        template.pop(name, None)
    roles = ("WINDOW_CLERK", "REVIEWER", "APPROVER")
    batch = []
    matters = [f"第{number}号事项" for number in range(380)]
    for number in range(count):
        due = now + timedelta(minutes=(number * 7919) % 60_000 - 10_000)
        values = {
            **template,
            "instance_id": instance.pk,
            "token_number": 100_000 + number,
            "department_id": department_ids[number % len(department_ids)],
            "role": roles[number // len(department_ids) % len(roles)],
            "state": "READY",
            "assignee_id": None,
            "due_at": due,
            "warn_at": due - timedelta(days=1),
            "closed_at": None,
            "title_zh": matters[number % 380],
        }
        values["due_order"] = due
        batch.append(WorkItem(**values))
        if len(batch) == 5_000:
            rows_insert(batch)
            batch = []
    rows_insert(batch)


def main() -> None:
    options = options_parse(__doc__, count=100_000, requests=200)
    folder = city_open()
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.utils import timezone

    from tests.city import City
    from yiwang.engines.workflow.models import WorkItem
    from yiwang.hall.api import application_submit
    from yiwang.hall.applications.actions.drafts import draft_begin
    from yiwang.identity.api import department_list
    from yiwang.kernel.api import context_use

    settings.STORAGES["staticfiles"] = {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
    }
    now = timezone.now()
    city = City.read(folder)
    with context_use(city.context("elder")):
        draft_begin("322014001000", now=now)
        application_submit(drafts_make(1, now=now)[0], now=now)
    clerk = city.account("clerk")
    own = city.context("clerk").department_id
    departments = [row.id for row in department_list(level="DISTRICT")][:43]
    items_make(options.count, department_ids=[own, *[d for d in departments if d != own]], now=now)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    client = Client()
    client.force_login(clerk)
    times = []
    for number in range(options.requests + 10):
        begun = time.perf_counter()
        answer = client.get("/portal/spaces/desk/")
        if number >= 10:
            times.append((time.perf_counter() - begun) * 1000)
        if answer.status_code != 200:
            raise SystemExit(f"the desk answered {answer.status_code}")
    bare = []
    for _number in range(options.requests):
        begun = time.perf_counter()
        rows = WorkItem.objects.filter(
            department_id=own, role="WINDOW_CLERK", closed_at__isnull=True
        ).order_by("due_order", "id")
        list(rows.values_list("id", "number", "title_zh", "due_at")[:50])
        bare.append((time.perf_counter() - begun) * 1000)
    name = f"desk page of 50 over {options.count:,} open items, {engine_name()}"
    for word, share in (("p50", 0.5), ("p95", 0.95)):
        report(
            f"{name}, {word}",
            percentile(times, share),
            "ms",
            baseline=percentile(bare, share),
            baseline_name=f"the bare indexed query, {word}",
            bar="40 ms p95 over 1,000,000",
            as_json=options.json,
        )


if __name__ == "__main__":
    main()
