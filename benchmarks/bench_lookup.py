"""One person with lineage by identity number, while a batch is fused and published: p50, p99, lookups a second.

Made masters of --persons people are published as a registry's first version (rows a second), then a process
of its own does a batch: it fuses --records made records, and publishes a second version in which one person
in --every changed. It gives way as the worker's batches do, unless --impolite. Meanwhile this process looks
people up, by turns: the registry's row with the lineage of every value (what the bar is about); the door that
pages and API call, with purpose and an audit row on the disk before the answer; the view that a clerk gets,
masked. Baseline, in the same seconds: a SQLite primary-key read of the same identifiers.

The full size:  python benchmarks/bench_lookup.py --persons 13000000 --every 13
"""

import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from harness import city_open, engine_name, options_parse, percentile, report

BUCKETS = 64
AT = "timestamp '2026-10-01' + interval (i % 9000) minute"
FIELDS = {
    "name": "'张' || (i % 100000)",
    "sex": "(1 + i % 2)::utinyint",
    "birth_date": "date '1950-01-01' + (i % 25000)::integer",
    "ethnicity": "1::utinyint",
    "marital": "20::utinyint",
    "address": "'江苏省苏州市姑苏区平江街道历史街区社区' || (i % 999) || '幢' || (i % 2000) || '室'",
    "phone": "(16400000000 + i % 100000000)::varchar",
    "employer": "'苏州第' || (i % 5000) || '有限公司'",
    "household": "'H' || (i // 3)",
    "household_address": "'江苏省苏州市姑苏区平江街道' || (i % 999) || '幢'",
    "community": "'320508018001'",
    "employer_code": "null::varchar",
    "photo": "null::varchar",
    "deceased_date": "null::date",
}


def number_of(i: int) -> str:
    """Return the number of the i-th person; its check digit plays no part here."""
    return f"3205{i:014d}"


def master_make(out: Path, *, persons: int, every: int) -> None:
    """Write a run of a master as fusion would leave it."""
    from yiwang.engines.tabular.door import TabularLimits, tabular_open

    folder = out / "run-bench0"
    folder.mkdir(parents=True)
    fields = ", ".join(
        f"{sql.format(every=every)} as {name}, (1 + i % 32)::utinyint as {name}_class,"
        f" i as {name}_row, {AT} as {name}_at"
        for name, sql in FIELDS.items()
    )
    with tabular_open(TabularLimits(threads=2)) as connection:
        for bucket in range(BUCKETS):
            rows = (
                f"select ((i + 1) << 8 | {bucket})::bigint as uid, i as key,"
                f" '3205' || lpad(i::varchar, 14, '0') as identifier, {fields},"
                " 8::integer as records, (i % 3)::integer as conflict"
                f" from range({bucket}, {persons}, {BUCKETS}) t(i)"
            )
            lost = (
                f"select ((i + 1) << 8 | {bucket})::bigint as uid, 'phone' as field, '16400000001' as value,"
                f" 7::utinyint as class, i as row_no, {AT} as at"
                f" from range({bucket}, {persons}, {BUCKETS}) t(i) where i % 3 > 0"
            )
            for kind, sql in (("persons", rows), ("values", lost)):
                target = folder / f"{kind}-{bucket:03d}.parquet"
                connection.execute(f"copy ({sql}) to '{target}' (compression snappy)").fetchall()
    manifest_write(out, "bench0")


def master_change(out: Path, *, every: int) -> None:
    """Write the next run: one person in so many has another phone; other columns as they were."""
    from yiwang.engines.tabular.door import TabularLimits, parquet_list, tabular_open

    before, after = out / "run-bench0", out / "run-bench1"
    after.mkdir()
    phone = f"case when key % {every} = 0 then '165' || lpad((key % 100000000)::varchar, 8, '0') else phone end"
    with tabular_open(TabularLimits(threads=2)) as connection:
        for path in sorted(before.iterdir()):
            if path.name.startswith("values"):
                os.link(path, after / path.name)
                continue
            rows = f"select * replace ({phone} as phone) from {parquet_list([path])}"
            target = after / path.name
            connection.execute(f"copy ({rows}) to '{target}' (compression snappy)").fetchall()
    manifest_write(out, "bench1")


def manifest_write(out: Path, run: str) -> None:
    """Make a run the published one."""
    manifest = {"run": run, "previous": "", "plan": "population"}
    manifest |= {"fingerprint": "", "engine": "", "stage": [], "buckets": [], "result": {}}
    (out / "manifest.json").write_text(json.dumps(manifest))


def publish(out: Path) -> float:
    """Publish what is fused in `out`; returns the seconds."""
    from django.utils import timezone

    from yiwang.kernel.api import context_system, context_use
    from yiwang.resources.registries.publishing import registry_publish

    begun = time.perf_counter()
    with context_use(context_system("benchmark")):
        registry_publish("population", out, now=timezone.now(), is_made=True)
    return time.perf_counter() - begun


def batch(folder: Path, *, is_polite: bool) -> None:
    """Fuse, then publish: what `yw worker` does for a batch. Says on standard output what it is at."""
    from yiwang.resources.fusion.library import fuse
    from yiwang.resources.fusion.plans import PLANS
    from yiwang.sdk.politeness import polite

    if is_polite:
        polite()
    print("fusing", flush=True)
    fuse(PLANS["population"](), folder / "in", folder / "fused")
    print("publishing", flush=True)
    publish(folder / "master")


def baseline_make(path: Path, persons: int) -> sqlite3.Connection:
    """Make a plain SQLite table by primary key, a row of about the same bytes."""
    connection = sqlite3.connect(path)
    connection.execute("pragma journal_mode = wal")
    connection.execute("create table person (id_number text primary key, body text)")
    with connection:
        connection.execute(
            "with recursive t(i) as (select 0 union all select i + 1 from t where i + 1 < ?)"
            " insert into person select printf('3205%014d', i), ? from t",
            [persons, "x" * 900],
        )
    connection.execute("pragma wal_checkpoint(truncate)").fetchall()
    return connection


def lookup_person(number: str):
    """Read a person with the lineage of every value."""
    from yiwang.resources.registries.rules import lineage_read
    from yiwang.resources.registries.store import person_row_by_id_number

    row = person_row_by_id_number(number)
    return row and (row, lineage_read(row.lineage, "population"))


def lookup_door(number: str):
    """Find a person as actions and API do: right, purpose, sources, audited before the answer."""
    from yiwang.resources.registries.subjects import person_find

    return person_find(id_number=number, purpose="办理老年人优待证") or None


def lookup_view(number: str):
    """Find a person as a clerk's page and the API `people/find/` do: masked, with departments' names."""
    from yiwang.resources.registries.subjects import subject_find

    return subject_find(id_number=number, purpose="办理老年人优待证") or None


class Watch:
    """Times lookups by kind and by what the batch was at."""

    def __init__(self, kinds: dict[str, tuple[Callable, int]], persons: int) -> None:
        draw = random.Random(1)
        self.kinds, self.times = kinds, {}
        self.numbers = iter(lambda: number_of(draw.randrange(persons)), None)

    def round(self, stage: str) -> None:
        """Do so many lookups of each kind, one by one."""
        for kind, (lookup, count) in self.kinds.items():
            times = self.times.setdefault((stage, kind), [])
            for number in (next(self.numbers) for _ in range(count)):
                begun = time.perf_counter()
                found = lookup(number)
                times.append((time.perf_counter() - begun) * 1000)
                if found is None:
                    raise SystemExit(f"{number} was not found")

    def all(self, kind: str, stages: tuple[str, ...]) -> list[float]:
        """Return the milliseconds of a kind in some stages."""
        return [one for stage in stages for one in self.times.get((stage, kind), ())]


def watch_batch(watch: Watch, command: list[str]) -> float:
    """Look people up until the batch has ended; returns its seconds."""
    begun, stage = time.perf_counter(), "starting"
    child = subprocess.Popen(
        command, env=os.environ, stdout=subprocess.PIPE, start_new_session=True, text=True
    )
    os.set_blocking(child.stdout.fileno(), False)
    while child.poll() is None:
        stage = (child.stdout.readline() or stage).strip()
        watch.round(stage)
    if child.returncode:
        raise SystemExit("the batch failed")
    return time.perf_counter() - begun


def main() -> None:
    """Publish, then look up while a batch is fused and published."""
    is_polite = "--impolite" not in sys.argv
    sys.argv = [word for word in sys.argv if word != "--impolite"]
    options = options_parse(__doc__, persons=200_000, every=13, records=1_000_000)
    folder = city_open(build=False)
    from yiwang.config.generate.population import generate_population
    from yiwang.identity.api import data_scope
    from yiwang.kernel.api import RequestContext, context_use

    def tell(name: str, figure: float, unit: str, baseline: float, of: str, bar: str = "") -> None:
        report(
            f"{name}, {engine_name()}",
            figure,
            unit,
            baseline=baseline,
            baseline_name=of,
            bar=bar,
            as_json=options.json,
        )

    size = f"{options.persons:,}"
    out = folder / "master"
    master_make(out, persons=options.persons, every=options.every)
    begun = time.perf_counter()
    plain = baseline_make(folder / "plain.sqlite3", options.persons)
    inserted = options.persons / (time.perf_counter() - begun)
    first = publish(out)
    tell(
        f"first publishing of {size} people",
        options.persons / first,
        "rows/s",
        inserted,
        "SQLite inserting the same bytes, one index",
    )
    master_change(out, every=options.every)
    generate_population(
        persons=options.records * 13 // 100, records=options.records, out=folder / "in", seed=1
    )
    read = "select * from person where id_number = ?"
    watch = Watch(
        {
            "row with lineage": (lookup_person, 200),
            "audited door": (lookup_door, 50),
            "clerk's view": (lookup_view, 20),
            "plain": (lambda number: plain.execute(read, [number]).fetchone(), 100),
        },
        options.persons,
    )
    clerk = RequestContext(population="STAFF", account_id=1, name="李芳", department_name="民政局")
    with context_use(clerk), data_scope(purpose="benchmark"):
        for _ in range(5):
            watch.round("before")
        command = [sys.executable, __file__, "batch", str(folder), str(int(is_polite))]
        seconds = watch_batch(watch, command)
    manner = "polite batch" if is_polite else "impolite batch"
    for during in (("fusing",), ("publishing",), ("starting", "fusing", "publishing")):
        stage = during[0] if len(during) == 1 else "both"
        scans = watch.all("plain", during)
        for kind in ("row with lineage", "audited door", "clerk's view"):
            times = watch.all(kind, during)
            if not times:
                continue
            is_bar = kind == "row with lineage" and stage == "both"
            name = f"{kind} among {size}, {manner}: {stage}"
            of = "SQLite primary-key read"
            for word, share in (("p50", 0.5), ("p99", 0.99)):
                bar = "5 ms" if is_bar and word == "p99" else ""
                tell(
                    f"{name}, {word}",
                    percentile(times, share),
                    "ms",
                    percentile(scans, share),
                    f"{of}, {word}",
                    bar,
                )
            rates = [len(all_of) / sum(all_of) * 1000 for all_of in (times, scans)]
            tell(f"{name}, rate", rates[0], "lookups/s", rates[1], of, "2,000/s" if is_bar else "")
    changed = options.persons // options.every
    tell(
        f"fusing {options.records:,} records and publishing {changed:,} changes meanwhile, {manner}",
        seconds,
        "s",
        first,
        "publishing everybody first",
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["batch"]:
        import django

        django.setup()
        batch(Path(sys.argv[2]), is_polite=sys.argv[3] == "1")
    else:
        main()
