"""Landing killed by the operating system at random moments; and a line of 500 MB in a process of its own."""

import os
import random
import resource as machine
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.db import connection

from yiwang.kernel.api import context_system, context_use
from yiwang.resources.landing import actions
from yiwang.resources.landing.data import LandingUnreadable
from yiwang.resources.landing.models import Batch, Feed
from yiwang.resources.landing.queries import feed_files
from yiwang.resources.landing.reading.lines import scan
from yiwang.resources.landing.tests.conftest import (
    HEAD,
    NOW,
    city,
    data_dir,
    feed_rows,
    land,
    published,
    resource,
)

__all__ = ["city", "data_dir", "land", "published", "resource"]
KILLS = int(os.environ.get("YIWANG_KILLS", "30"))
RUN = """
import sys, django
django.setup()
from django.conf import settings
from pathlib import Path
import duckdb, pyarrow.parquet
from django.utils import timezone
from yiwang.kernel.api import context_system, context_use
from yiwang.resources.landing.actions import batch_process
print("ready", flush=True)
with context_use(context_system("test")):
    batch_process(int(sys.argv[1]), now=timezone.now())
print("done", flush=True)
"""


def database_url():
    facts = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{facts['NAME']}"
    return f"postgresql://{facts['USER']}@/{facts['NAME']}?host={facts['HOST']}"


def killed_after(seconds, batch_id, data_dir):
    """Process a batch in a process of its own and kill it; tells whether it was, and after how long it ended."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "yiwang.config.settings",
        "YIWANG_DATA": str(data_dir),
        "YIWANG_DATABASE": database_url(),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(batch_id)],
        stdout=subprocess.PIPE,
        env=environment,
        cwd=Path(__file__).parents[2],
    )
    process.stdout.readline()
    began = time.monotonic()
    while time.monotonic() < began + seconds and process.poll() is None:
        os.sched_yield()
    took = time.monotonic() - began
    process.send_signal(signal.SIGKILL)
    process.wait()
    return b"done" not in process.stdout.read(), took


@pytest.mark.kills
@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_thirty_kills_leave_what_was_in_force_and_a_rerun_the_same_end(land, resource, data_dir):
    first = land(HEAD + "".join(f"k{n},甲,,1,2024-01-01,1\n" for n in range(200)))
    assert first.state == "LANDED"
    before, chance, killed = feed_rows(resource.code, "number", "name"), random.Random(3), 0
    many = (
        "".join(f"k{n}, 乙{n % 7},,男,2024/1/1,{n}\n" for n in range(100, 3000)) + "x,坏,,1,坏,1\n"
    )
    whole = 60.0  # how long it takes undisturbed: the first one is let be, and each that gets to the end
    for number in range(4 * KILLS):
        if killed == KILLS:
            break
        view = land(HEAD + many + "\n" * number, run=False)
        seconds = whole * chance.random() if number else whole
        was_killed, took = killed_after(seconds, view.id, data_dir)
        killed, whole = killed + was_killed, whole * 1.05 if was_killed else took
        if Batch.objects.get(pk=view.id).state != "LANDED":
            assert feed_rows(resource.code, "number", "name") == before
        with context_use(context_system("test")):
            done = actions.batch_process(view.id, now=NOW)
            assert (done.state, done.counts.accepted, done.counts.rejected) == ("LANDED", 2900, 1)
            assert len(feed_rows(resource.code)) == 3000
            actions.batch_withdraw(view.id, reason="再来一次", now=NOW)
        assert feed_rows(resource.code, "number", "name") == before
    assert killed == KILLS
    kept = {one["name"] for feed in Feed.objects.all() for one in (*feed.files, *feed.previous)}
    assert {path.name for path in feed_files(resource.code)} <= kept


@pytest.mark.heavy
def test_half_a_gigabyte_on_one_line_fails_at_once_and_without_memory(tmp_path):
    path = tmp_path / "line.csv"
    with path.open("wb") as file:
        file.write(HEAD.encode() + b"A1,")
        for _megabyte in range(500):
            file.write(b"x" * 1024 * 1024)
    before = machine.getrusage(machine.RUSAGE_SELF).ru_maxrss
    with pytest.raises(LandingUnreadable) as caught:
        scan(path)
    assert caught.value.params == {"line": 2}
    assert machine.getrusage(machine.RUSAGE_SELF).ru_maxrss - before < 20_000
