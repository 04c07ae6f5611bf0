"""From a department's file to the registry that serves (全流程): an installation of its own, run by processes.

`python -m tests.resources.chain build|serve` with YIWANG_DATA and YIWANG_DATABASE set. `serve` reads numbers of steps
and does each in a process of its own, forked when everything is loaded. A step lands the N-th corrected file of a
department, fuses and publishes; doing it again changes nothing.
"""

import csv
import os
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path

NOW = datetime(2026, 11, 21, 2, tzinfo=UTC)
REGISTRY, CLASS = "population", "C04"
ROWS = 40


def main(verb: str) -> None:
    """Do what the command line says."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "yiwang.config.settings"
    import django

    django.setup()
    {"build": build, "serve": serve}[verb]()


def serve() -> None:
    """Do the steps whose numbers are read; says the process of each, and how it ended: its code or -signal."""
    import yiwang.resources.fusion.run
    import yiwang.resources.registries.refresh
    import yiwang.resources.registries.serving  # noqa: F401 - loaded before the killer's clock starts

    say("ready")
    for line in sys.stdin:
        process = os.fork()
        if not process:
            step_alone(int(line))
        say(str(process))
        _process, status = os.waitpid(process, 0)
        say(str(os.waitstatus_to_exitcode(status)))


def say(text: str) -> None:
    """Tell whoever started this process."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def step_alone(number: int) -> None:
    """Do a step and end the process."""
    from yiwang.kernel.api import context_system, context_use

    try:
        with context_use(context_system("chain")):
            step(number)
    except Exception:  # noqa: BLE001 - the exit code tells
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def build() -> None:
    """Make an installation with a small city in it, its registries published."""
    from django.core.management import call_command

    from yiwang.config.demo import city_build

    call_command("migrate", verbosity=0, interactive=False)
    city_build(persons=20, enterprises=10, now=NOW)


def step(number: int) -> None:
    """Land the N-th file, fuse what has landed, publish it."""
    from django.conf import settings

    from yiwang.resources.fusion.queries.sources import bindings
    from yiwang.resources.landing.actions import batch_receive
    from yiwang.resources.registries.refresh import registry_refresh

    code = next(one.resource_code for one in bindings(REGISTRY) if one.code == CLASS)
    path = delta(code, number, Path(settings.DATA_DIR) / f"delta-{number}.csv")
    batch_receive(code, path, name=path.name, now=NOW, run="NOW")
    registry_refresh(REGISTRY, now=NOW)


def delta(code: str, number: int, path: Path) -> Path:
    """Write the rows of the class anew with other telephones, each file later than the one before."""
    import pyarrow.parquet as pq

    from yiwang.resources.catalogue.models import Resource
    from yiwang.resources.catalogue.queries import view_of
    from yiwang.resources.landing.queries import feed_files

    if path.exists():
        return path
    fields = view_of(Resource.objects.get(code=code)).spec.fields
    rows = sorted(
        (row for file in feed_files(code) for row in pq.read_table(file).to_pylist()),
        key=lambda row: row["record_no"],
    )[:ROWS]
    partial = path.with_suffix(".part")
    with partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([field.title for field in fields])
        for place, row in enumerate(rows):
            new = row | {
                "phone": f"164{number:04d}{place:04d}",
                "updated_at": f"2026-11-{number:02d} 08:00:00",
            }
            writer.writerow(["" if new[f.name] is None else new[f.name] for f in fields])
    partial.replace(path)
    return path


if __name__ == "__main__":
    main(sys.argv[1])
