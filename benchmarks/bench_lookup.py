"""One person with lineage by identity number, while a batch is published: p50, p99, lookups a second.

Made masters of --persons people are published as a registry's first version (rows a second), then one in
--every of them changed in a second version, published by a process of its own while this one looks people
up. Baseline, in the same seconds: a SQLite primary-key read of the same identifiers.

The full size:  python benchmarks/bench_lookup.py --persons 13000000 --every 13
"""

import json
import os
import random
import sqlite3
import subprocess
import sys
import time
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
    "phone": "(16400000000 + (i + {turn} * (i % {every} = 0)::integer) % 100000000)::varchar",
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


def master_make(out: Path, *, persons: int, every: int, turn: int) -> None:
    """Write a run of a master as fusion would leave it."""
    from yiwang.engines.tabular.door import tabular_open

    folder = out / f"run-bench{turn}"
    folder.mkdir(parents=True)
    fields = ", ".join(
        f"{sql.format(turn=turn, every=every)} as {name}, (1 + i % 32)::utinyint as {name}_class,"
        f" i as {name}_row, {AT} as {name}_at"
        for name, sql in FIELDS.items()
    )
    with tabular_open() as connection:
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
                connection.execute(f"copy ({sql}) to '{target}' (compression zstd)").fetchall()
    manifest = {"run": f"bench{turn}", "previous": "", "plan": "population"}
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


def baseline_make(path: Path, persons: int) -> sqlite3.Connection:
    """Make a plain SQLite table by primary key, a row of about the same bytes."""
    connection = sqlite3.connect(path)
    connection.execute("pragma journal_mode = wal")
    connection.execute("create table person (id_number text primary key, body text)")
    body = "x" * 900
    rows = ((number_of(i), body) for i in range(persons))
    with connection:
        connection.executemany("insert into person values (?, ?)", rows)
    return connection


def measure(lookup, numbers, until) -> list[float]:
    """Time lookups one by one until told to end; milliseconds."""
    times = []
    while not times or not until():
        number = next(numbers)
        begun = time.perf_counter()
        found = lookup(number)
        times.append((time.perf_counter() - begun) * 1000)
        if found is None:
            raise SystemExit(f"{number} was not found")
    return times


def lookup_person(number: str):
    """Read a person with the lineage of every value, as the pages and the API do."""
    from yiwang.resources.registries.rules import lineage_read
    from yiwang.resources.registries.store import person_row_by_id_number

    row = person_row_by_id_number(number)
    return row and (row, lineage_read(row.lineage, "population"))


def main() -> None:
    """Publish, then look up while publishing."""
    options = options_parse(__doc__, persons=200_000, every=13)
    folder = city_open(build=False)
    from yiwang.identity.api import data_scope

    out = folder / "master"
    master_make(out, persons=options.persons, every=options.every, turn=0)
    begun = time.perf_counter()
    plain = baseline_make(folder / "plain.sqlite3", options.persons)
    inserted = options.persons / (time.perf_counter() - begun)
    first = publish(out)
    report(
        f"first publishing of {options.persons:,} people, {engine_name()}",
        options.persons / first,
        "rows/s",
        baseline=inserted,
        baseline_name="plain SQLite inserts, one index",
        as_json=options.json,
    )
    master_make(out, persons=options.persons, every=options.every, turn=1)
    draw = random.Random(1)
    numbers = iter(lambda: number_of(draw.randrange(options.persons)), None)
    with data_scope(purpose="benchmark"):
        measure(lookup_person, numbers, _after(200))
        child = subprocess.Popen(
            [sys.executable, __file__, "publish", str(out)], env={**os.environ, "YIWANG_BENCH": "1"}
        )
        begun, times, scans = time.perf_counter(), [], []
        while child.poll() is None or len(times) < 2_000:
            times += measure(lookup_person, numbers, _after(200))
            scans += measure(
                lambda number: plain.execute(
                    "select * from person where id_number = ?", [number]
                ).fetchone(),
                numbers,
                _after(50),
            )
        seconds = time.perf_counter() - begun
    if child.returncode:
        raise SystemExit("the publishing process failed")
    changed = options.persons // options.every
    name = f"lookup with lineage among {options.persons:,} while {changed:,} are published, {engine_name()}"
    for word, share, bar in (("p50", 0.5, ""), ("p99", 0.99, "5 ms")):
        report(
            f"{name}, {word}",
            percentile(times, share),
            "ms",
            baseline=percentile(scans, share),
            baseline_name=f"SQLite primary-key read, {word}",
            bar=bar,
            as_json=options.json,
        )
    report(
        f"{name}, rate",
        len(times) / sum(times) * 1000,
        "lookups/s",
        baseline=len(scans) / sum(scans) * 1000,
        baseline_name="SQLite primary-key read",
        bar="2,000/s",
        as_json=options.json,
    )
    report(
        f"publishing {changed:,} changes meanwhile, {engine_name()}",
        seconds,
        "s",
        baseline=first,
        baseline_name="publishing everybody first",
        as_json=options.json,
    )


def _after(count: int):
    """Return a function that says true when it was asked so often."""
    left = iter(range(count - 1))
    return lambda: next(left, None) is None


if __name__ == "__main__":
    if sys.argv[1:2] == ["publish"]:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yiwang.config.settings")
        import django

        django.setup()
        publish(Path(sys.argv[2]))
    else:
        main()
