"""A run that is killed at any point: the last master serves, a rerun ends in the same state."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from yiwang.config.generate.population import generate_population
from yiwang.resources.fusion.data import FusionBusy
from yiwang.resources.fusion.publish import folder_locked, manifest_read, master_open
from yiwang.resources.fusion.tests.made import fused, groups_of, persons_of

RUN = """
import sys
from pathlib import Path
import pyarrow, duckdb
import yiwang.resources.fusion.run
from yiwang.resources.fusion.tests.made import fused
print("ready", flush=True)
fused(Path(sys.argv[1]), Path(sys.argv[2]))
print("done", flush=True)
"""
KILLS = 10


def killed_after(seconds: float, source: Path, out: Path) -> bool:
    """Start a run in a process of its own and kill it so long after it has begun; True if it was killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(source), str(out)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    process.stdout.readline()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        os.sched_yield()
    process.send_signal(signal.SIGKILL)
    process.wait()
    return b"done" not in process.stdout.read()


@pytest.mark.heavy
def test_ten_kills_leave_the_old_master_or_the_new_one_and_a_rerun_the_same(tmp_path):
    generate_population(
        persons=130, records=1_000, classes=8, out=tmp_path / "in", seed=7, workers=1
    )
    begun = time.monotonic()
    fused(tmp_path / "in", tmp_path / "whole")
    lasts = time.monotonic() - begun
    chance, killed = random.Random(1), 0
    for number in range(KILLS):
        out = tmp_path / ("out" if number % 2 else f"out-{number}")
        before = manifest_read(out)
        killed += killed_after(lasts * 0.7 * chance.random(), tmp_path / "in", out)
        after = manifest_read(out)
        if after is not None:  # what is published is whole, whichever run published it
            assert persons_of(out) == persons_of(tmp_path / "whole")
            assert before is None or master_open(out).folder.is_dir()
        fused(tmp_path / "in", out)
        assert persons_of(out) == persons_of(tmp_path / "whole")
        assert groups_of(out) == groups_of(tmp_path / "whole")
        assert list(out.glob(".run-*")) == []
        assert list((out / "stage").glob("*.part")) == []
    assert killed >= KILLS // 2


def test_two_runs_at_once_into_one_folder_are_refused(tmp_path):
    generate_population(persons=20, records=100, out=tmp_path / "in", seed=7, workers=1)
    with folder_locked(tmp_path / "out"), pytest.raises(FusionBusy):
        fused(tmp_path / "in", tmp_path / "out")
    assert manifest_read(tmp_path / "out") is None
    fused(tmp_path / "in", tmp_path / "out")
    assert manifest_read(tmp_path / "out") is not None
