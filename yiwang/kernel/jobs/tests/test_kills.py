"""Workers killed with SIGKILL anywhere: nothing is lost, nothing in the database happens twice."""

import json
import os
import random
import signal
import subprocess
import sys
from urllib.parse import urlsplit, urlunsplit

import pytest

from yiwang.kernel.jobs.tests.killable import EVENTS, JOBS

KILLS = 12
pytestmark = pytest.mark.kills


@pytest.fixture
def database(tmp_path):
    """A database of its own beside the test's: a file of SQLite, or one on the PostgreSQL given."""
    given = os.environ.get("YIWANG_DATABASE", "")
    if not given.startswith("postgres"):
        yield f"sqlite:///{tmp_path}/kills.sqlite3"
        return
    import psycopg

    name = f"yiwang_kills_{os.getpid()}"
    with psycopg.connect(given, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield urlunsplit(urlsplit(given)._replace(path=f"/{name}"))
    with psycopg.connect(given, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def run(database, tmp_path):
    environment = {**os.environ, "YIWANG_DATABASE": database, "YIWANG_DATA": str(tmp_path)}

    def start(command: str) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-m", "yiwang.kernel.jobs.tests.killable", command, str(tmp_path)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=(tmp_path / "errors.txt").open("a"),
            text=True,
        )

    def finish(command: str) -> str:
        process = start(command)
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0, (command, (tmp_path / "errors.txt").read_text()[-2000:])
        return output

    finish.start = start
    return finish


def test_killed_workers_lose_nothing_and_double_nothing_in_the_database(run, tmp_path):
    run("prepare")
    run("publish")
    where = random.Random(20261121)
    for _ in range(KILLS):
        worker = run.start("work")
        for _line in range(where.randint(1, 6)):
            worker.stdout.readline()
        worker.send_signal(signal.SIGKILL)
        worker.wait(timeout=30)
        worker.stdout.close()
    run("drain")
    found = json.loads(run("report").splitlines()[-1])
    assert found["effects"]["event"] == {str(number): 1 for number in range(EVENTS)}
    assert set(found["effects"]["job"]) == {str(number) for number in range(JOBS)}
    assert sum(found["effects"]["job"].values()) <= JOBS + KILLS
    assert found["deliveries"] == {"PENDING": 0, "FAILED": 0}
    assert found["jobs"] == {"READY": 0, "RUNNING": 0, "FAILED": 0}
    assert found["dead"] == KILLS
    told = (tmp_path / "outside.txt").read_text().split()
    assert set(told) == {str(number) for number in range(EVENTS)}
    assert len(told) <= EVENTS + KILLS


def test_a_worker_told_to_stop_finishes_its_piece_and_says_goodbye(run):
    run("prepare")
    run("publish")
    worker = run.start("work")
    worker.stdout.readline()
    worker.send_signal(signal.SIGTERM)
    worker.communicate(timeout=60)
    assert worker.returncode == 0
    found = json.loads(run("report").splitlines()[-1])
    assert found["jobs"]["RUNNING"] == 0
    assert found["dead"] == 0
    assert set(found["effects"]["event"].values()) <= {1}


def test_two_workers_side_by_side_share_the_work_and_double_nothing(run):
    run("prepare")
    run("publish")
    workers = [run.start("drain") for _ in range(2)]
    for worker in workers:
        worker.communicate(timeout=120)
        assert worker.returncode == 0
    found = json.loads(run("report").splitlines()[-1])
    assert found["effects"]["event"] == {str(number): 1 for number in range(EVENTS)}
    assert found["effects"]["job"] == {str(number): 1 for number in range(JOBS)}
