"""`kill -9` anywhere from landing through fusion to publishing: what was published serves, a rerun ends the same."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

pytestmark = pytest.mark.kills
ROOT = Path(__file__).parents[2]
KILLS, STEPS = 30, 10
PEOPLE = "resources_registries_person"
OWN = {"id", "uid", "from_master", "to_master", "digest", "bucket"}  # what a row is not about


class Chain:
    """A process that does steps in processes of its own."""

    def __init__(self, folder: Path, verb: str = "serve") -> None:
        settings = {
            "YIWANG_DATA": str(folder),
            "YIWANG_DATABASE": f"sqlite:///{folder}/yiwang.sqlite3",
        }
        self.log = folder / "errors.log"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.resources.chain", verb],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log.open("ab"),
            env=os.environ | settings,
            cwd=ROOT,
            text=True,
        )
        if verb == "serve":
            assert self._said() == "ready"

    def _said(self) -> str:
        return self.process.stdout.readline().strip()

    def step(self, number: int, *, kill_after: float | None = None) -> int:
        """Do a step, or kill it so many seconds after it began; returns its exit code, -9 for a killed one."""
        self.process.stdin.write(f"{number}\n")
        self.process.stdin.flush()
        step = int(self._said())
        if kill_after is not None:
            time.sleep(kill_after)
            with suppress(ProcessLookupError):  # it was quicker
                os.kill(step, signal.SIGKILL)
        return int(self._said())

    def done(self, number: int) -> None:
        """Do a step to its end."""
        assert self.step(number) == 0, self.log.read_text()[-2_000:]

    def end(self) -> None:
        """End the process."""
        self.process.communicate(timeout=1_800)


def served(folder: Path) -> tuple[list, int]:
    """Read the people that the registry serves now, straight from the database, and how many versions there are."""
    with sqlite3.connect(f"file:{folder}/yiwang.sqlite3?mode=ro", uri=True) as database:
        columns = [row[1] for row in database.execute(f"pragma table_info({PEOPLE})")]
        chosen = ", ".join(name for name in columns if name not in OWN)
        [(current,)] = database.execute(
            "select current from resources_registries_registry where name = 'population'"
        )
        people = database.execute(
            f"select {chosen} from {PEOPLE} where from_master <= ? and to_master > ?",
            (current, current),
        )
        return sorted(people, key=str), current


def in_force(folder: Path) -> list:
    """Return the deliveries that landed, by resource: what killed attempts left does not count."""
    with sqlite3.connect(f"file:{folder}/yiwang.sqlite3?mode=ro", uri=True) as database:
        return database.execute(
            "select resource_id, number, state, sha256 from resources_landing_batch order by 1, 2"
        ).fetchall()


@pytest.fixture(scope="module")
def city(tmp_path_factory) -> Path:
    """An installation with a small city; `YIWANG_TEST_CITY` may name one that `chain build` has made."""
    folder = tmp_path_factory.mktemp("chain") / "city"
    ready = os.environ.get("YIWANG_TEST_CITY")
    if ready:
        shutil.copytree(ready, folder)
    else:
        folder.mkdir()
        Chain(folder, "build").end()
    chain = Chain(folder)
    chain.done(1)
    chain.end()
    return folder


def test_thirty_kills_from_landing_to_publishing_lose_and_double_nothing(city, tmp_path):
    whole, out = tmp_path / "whole", tmp_path / "out"
    for copy in (whole, out):
        shutil.copytree(city, copy)
    states, lasts = [served(city)[0]], []
    chain = Chain(whole)
    for number in range(2, STEPS + 1):
        begun = time.monotonic()
        chain.done(number)
        lasts.append(time.monotonic() - begun)
        states.append(served(whole)[0])
    chain.end()
    assert all(one != other for one, other in zip(states, states[1:], strict=False))
    usual = sorted(lasts)[len(lasts) // 2]
    chain, chance, killed, places = Chain(out), random.Random(2026), 0, []
    for number in range(2, STEPS + 1):
        while killed < KILLS * (number - 1) // (STEPS - 1):
            if chain.step(number, kill_after=usual * chance.random()) != -signal.SIGKILL:
                continue  # it was quicker; once more, and nothing may change
            killed += 1
            places.append(_stage(out, number))
            assert served(out)[0] in (states[number - 2], states[number - 1])
        chain.done(number)
        assert served(out)[0] == states[number - 1]
    chain.end()
    assert killed == KILLS
    assert in_force(out) == in_force(whole)
    assert list(out.glob("registries/*/.run-*")) == []
    assert len(set(places)) >= 2, places


def _stage(out: Path, number: int) -> str:
    """Say where a kill hit: before the file had landed, before the master was fused, before it was published."""
    with sqlite3.connect(f"file:{out}/yiwang.sqlite3?mode=ro", uri=True) as database:
        name = f"delta-{number}.csv"
        state = database.execute(
            "select state from resources_landing_batch where name = ?", (name,)
        ).fetchall()
        written = database.execute(
            "select count(*) from resources_registries_registrymaster where registry = 'population'"
        ).fetchall()
    if state != [("LANDED",)]:
        return "landing"
    return "publishing" if written[0][0] > number else "fusion"
