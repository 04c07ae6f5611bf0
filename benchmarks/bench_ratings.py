"""Rules against made-up ratings over 1,000,000 ratings: every rule once, and the ranking without what was left out."""

import time
from collections.abc import Callable
from datetime import timedelta

from harness import city_open, cpu_seconds, engine_name, options_parse, report

DEPARTMENTS, PLACES, OFFICERS, DAYS = 44, 400, 900, 30
SEEDS, BURSTS, BURST = 10_000, 200, 12


def ratings_make(count: int, *, now) -> set[int]:
    """Insert ratings of thirty days, most of them calm; returns the ids of those planted in bursts at one counter."""
    from yiwang.hall.ratings.models import Rating
    from yiwang.identity.api import data_scope

    step = timedelta(days=DAYS) / count

    def rating(number: int, at, **changes) -> Rating:
        values = {
            "subject": f"visit:{number}",
            "channel": "ON_SITE",
            "title": {"zh": "居住证", "en": "Permit"},
            "matter_code": "320108002000",
            "place": f"W{number % PLACES:03d}",
            "department_id": 1 + number % DEPARTMENTS,
            "rater_ref": f"person:{number}",
            "level": "SATISFIED" if number % 50 else "DISSATISFIED",
            "text": "",
            "officer_id": 1 + number % OFFICERS,
            "acted_at": at - timedelta(seconds=30 + number % 600),
            "device": f"{number:08x}{0:024}",
            "at": at,
            **changes,
        }
        return Rating(**values)

    calm = count - BURSTS * BURST
    with data_scope(purpose="benchmark"):
        seeds = min(SEEDS, calm)
        begin = now - timedelta(days=DAYS)
        rows = [rating(n, begin + step * n) for n in range(seeds)]
        Rating.objects.bulk_create(rows, batch_size=2_000)
        copies_make(calm // seeds - 1, seeds=seeds, step=step * seeds)
        planted = [
            rating(
                10**9 + burst * BURST + n,
                begin + timedelta(hours=2 + burst * 3, seconds=20 * n),
                place=f"X{burst:03d}",
                officer_id=10_000 + burst,
                department_id=1 + burst % DEPARTMENTS,
            )
            for burst in range(BURSTS)
            for n in range(BURST)
        ]
        return {row.pk for row in Rating.objects.bulk_create(planted, batch_size=2_000)}


def copies_make(times: int, *, seeds: int, step: timedelta) -> None:
    """Copy the first ratings inside the database, each time a little later and of somebody else."""
    from django.db import connection

    from yiwang.hall.ratings.models import Rating

    quote = connection.ops.quote_name
    table = quote(Rating._meta.db_table)
    names = [field.column for field in Rating._meta.concrete_fields if not field.primary_key]
    later = {
        "sqlite": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', {0}, %s || ' seconds')",
        "postgresql": "{0} + CAST(%s || ' seconds' AS interval)",
    }[connection.vendor]
    chosen = {
        "subject": "subject || '/' || %s",
        "rater_ref": "rater_ref || '/' || %s",
        "device": "substr(device, 1, 8) || %s",
        "at": later.format("at"),
        "acted_at": later.format("acted_at"),
    }
    columns = ", ".join(quote(name) for name in names)
    values = ", ".join(chosen.get(name, quote(name)) for name in names)
    sql = f"INSERT INTO {table} ({columns}) SELECT {values} FROM {table} WHERE id <= %s"  # noqa: S608
    with connection.cursor() as cursor:
        for time_no in range(1, times + 1):
            seconds = f"{(step * time_no).total_seconds():.3f}"
            given = {"at": seconds, "acted_at": seconds, "device": f"{time_no:024d}"}
            params = [given.get(name, str(time_no)) for name in names if name in chosen]
            cursor.execute(sql, [*params, seeds])


def measured(function: Callable[[], object]) -> tuple[object, float, float]:
    """Run something: what it returned, seconds on the wall, seconds of the processor."""
    cpu, begun = cpu_seconds(), time.perf_counter()
    result = function()
    return result, time.perf_counter() - begun, cpu_seconds() - cpu


def main() -> None:
    options = options_parse(__doc__, count=1_000_000)
    city_open(build=False)
    from django.db import connection
    from django.utils import timezone

    from yiwang.hall.ratings import gaming, queries
    from yiwang.hall.ratings.detection import suspects_find
    from yiwang.hall.ratings.gaming_queries import rule_list
    from yiwang.hall.ratings.models import GamingEvidence, GamingFinding, GamingRule, Rating
    from yiwang.kernel.api import context_system, context_use

    now = timezone.now()
    with context_use(context_system("bench")):
        gaming.rules_seed()
        GamingRule.objects.update(days=DAYS)
        planted = ratings_make(options.count, now=now)
        table = connection.ops.quote_name(Rating._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

        def bare() -> list:
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT place, COUNT(*) FROM {table} WHERE acted_at IS NOT NULL GROUP BY place"  # noqa: S608
                )
                return cursor.fetchall()

        counted, bare_wall, bare_cpu = measured(bare)
        total = sum(many for _place, many in counted)
        shown = {"as_json": options.json, "unit": "s"}
        name = f"{total:,} ratings, {engine_name()}"
        base = {"baseline": bare_wall, "baseline_name": "bare GROUP BY counter"}
        cpu_base = {"baseline": bare_cpu, "baseline_name": "bare GROUP BY counter, CPU"}
        for rule in rule_list():
            found, wall, cpu = measured(lambda rule=rule: suspects_find(rule, now=now))
            if rule.key == "burst_place":
                held = {each for one in found for each in one.rating_ids}
                if not planted <= held:
                    raise SystemExit(f"{len(planted - held)} of the planted bursts were not found")
            title = f"{rule.key}: {len(found)} found, {name}"
            report(title, wall, bar="< 10 s", **base, **shown)
            report(f"{title}, CPU here", cpu, bar="", **cpu_base, **shown)
        _, wall, cpu = measured(lambda: gaming.gaming_detect(now=now))
        findings = GamingFinding.objects.count()
        report(f"all rules, {findings} findings kept, {name}", wall, bar="", **base, **shown)
        report(f"all rules, CPU here, {name}", cpu, bar="", **cpu_base, **shown)
        again, wall, _cpu = measured(lambda: gaming.gaming_detect(now=now))
        if again:
            raise SystemExit("The second run found something new.")
        report(f"the same again, {name}", wall, bar="nothing new", **base, **shown)
        evidence = GamingEvidence.objects.count()
        since = now - timedelta(days=DAYS + 1)
        rows, wall, _cpu = measured(lambda: queries.ranking(since=since, until=now))
        report(f"ranking of {len(rows)}, {evidence} ratings as evidence, {name}", wall, bar="", **base, **shown)  # fmt: skip


if __name__ == "__main__":
    main()
