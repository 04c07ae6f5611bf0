"""Faults around the city (环境差错): each ends in one clear sentence, exit code 1 and no traceback."""

import os
import shutil
import socket
import stat
import subprocess
import sys
import tomllib
from collections import namedtuple
from pathlib import Path

import pytest

from yiwang.config import environment, start
from yiwang.config.serving import AddressUnusable, PortTaken, port_check, port_free

ROOT = Path(__file__).resolve().parents[2]
PACKS = ROOT / "yiwang" / "packs"
Usage = namedtuple("Usage", "total used free")


def run(*command: str, **environ: str) -> subprocess.CompletedProcess:
    """Run a command of ours as a person would, in a folder of its own."""
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def one_sentence(done: subprocess.CompletedProcess, words: str) -> None:
    """Require exit code 1, the words, and nothing for programmers."""
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert words in said
    assert "Traceback" not in said


@pytest.fixture
def taken() -> int:
    """A port that somebody else listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.parametrize("command", [("yiwang.config.start",), ("yiwang.config.cli", "serve")])
def test_a_taken_port_is_named_with_another_choice(taken, tmp_path, command):
    done = run(*command, "--port", str(taken), YIWANG_DATA=str(tmp_path))

    one_sentence(done, f"Port {taken} is in use by another program.")
    assert not (tmp_path / "yiwang.sqlite3").exists()  # found out before anything is built


def test_an_address_of_another_machine_is_told_apart_from_a_taken_port(taken):
    with pytest.raises(PortTaken):
        port_check("127.0.0.1", taken)
    with pytest.raises(AddressUnusable, match="Choose a port above 1023"):
        port_check("203.0.113.1", port_free())


def test_a_number_that_is_no_port_is_wrong_usage():
    done = run("yiwang.config.cli", "serve", "--port", "70000")

    assert done.returncode == 2
    assert "ports are 1 to 65535" in done.stderr


@pytest.mark.parametrize("script", ["start", "test"])
def test_an_old_python_is_named_with_what_to_install(tmp_path, script):
    for name in ("python3", "python", "python3.11", "python3.12", "python3.13"):
        fake = tmp_path / name
        fake.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 && exit\nexit 1\n')
        fake.chmod(fake.stat().st_mode | stat.S_IEXEC)

    done = subprocess.run(
        [f"{ROOT}/{script}"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    one_sentence(done, "3.11 or newer")
    assert "YIWANG_PYTHON" in done.stderr
    assert script == "test" or "Python 3.9.2" in done.stderr


def test_too_little_disk_for_the_packages_is_said_before_anything_is_made(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(environment, "VENV", tmp_path / "venv")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10**9, 10**9, 5_000_000))

    with pytest.raises(SystemExit) as ended:
        environment.environment_make("core")

    assert ended.value.code == 1
    assert "Only 5 MB are free on this disk" in capsys.readouterr().err
    assert not (tmp_path / "venv").exists()


def test_too_little_disk_for_the_city_is_said_before_it_is_built(monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10**9, 10**9, 5_000_000))

    with pytest.raises(start.DiskFull, match="Only 5 MB are free"):
        start.prepare(persons=10)


NOBODY = "postgresql://yiwang@127.0.0.1:1/none"


@pytest.mark.heavy
@pytest.mark.parametrize(
    "command",
    [
        ("yiwang.config.cli", "demo", "--persons", "10"),
        ("yiwang.config.cli", "worker", "--once"),
        ("yiwang.config.cli", "codes", "show", "divisions", "320500"),
    ],
)
def test_a_database_that_does_not_answer_is_a_sentence(tmp_path, command):
    done = run(*command, YIWANG_DATA=str(tmp_path), YIWANG_DATABASE=NOBODY)

    one_sentence(done, "The database cannot be reached")
    assert "YIWANG_DATABASE" in done.stderr


@pytest.mark.heavy
def test_start_without_its_database_ends_with_a_sentence_and_serves_nothing(tmp_path):
    static = Path(os.environ.get("YIWANG_DATA_STATIC", ROOT / "var" / "static"))
    if static.exists():
        (tmp_path / "static").symlink_to(static)

    done = run(
        "yiwang.config.start",
        "--port",
        str(port_free()),
        YIWANG_DATA=str(tmp_path),
        YIWANG_DATABASE=NOBODY,
    )

    one_sentence(done, "The database cannot be reached")


def test_an_empty_or_broken_database_is_told_with_what_to_run(tmp_path):
    show = ("yiwang.config.cli", "codes", "show", "divisions", "320500")
    broken = tmp_path / "broken.sqlite3"
    broken.write_bytes(b"no database at all " * 300)

    for path, words in ((tmp_path / "new.sqlite3", "Run ./start"), (broken, "./start --fresh")):
        done = run(*show, YIWANG_DATA=str(tmp_path), YIWANG_DATABASE=f"sqlite:///{path}")
        one_sentence(done, words)


def test_a_data_folder_or_database_that_cannot_be_is_named(tmp_path):
    file = tmp_path / "file"
    file.write_text("")

    one_sentence(run("yiwang.config.cli", "pack", "list", YIWANG_DATA=f"{file}/x"), "YIWANG_DATA")
    one_sentence(
        run("yiwang.config.cli", "pack", "list", YIWANG_DATABASE="mysql://x"), "sqlite:///"
    )


@pytest.mark.django_db
def test_a_pack_with_an_error_stops_its_own_loading_not_the_citys(
    client, tmp_path, settings, city_packs
):
    from datetime import UTC, datetime

    from yiwang.kernel.api import pack_load_all

    now = datetime(2026, 11, 21, tzinfo=UTC)
    packs = tmp_path / "packs"
    shutil.copytree(PACKS, packs)
    broken = packs / "residence" / "matters" / "residence_permit.yaml"
    broken.write_text(broken.read_text().replace("form: residence", "form: nowhere", 1))
    settings.PACK_DIRS = [packs]

    states = {state.pack: state for state in pack_load_all(now)}

    assert states["residence"].state == "FAILED"
    problem = states["residence"].problems[0]
    assert problem.file.endswith("matters/residence_permit.yaml")
    assert problem.line
    others = {name: state.state for name, state in states.items() if name != "residence"}
    # What is built on it waits for it, everything else is there.
    depends = {
        folder.parent.name: tomllib.loads(folder.read_text()).get("depends", ())
        for folder in packs.glob("*/pack.toml")
    }
    built_on_it = {name for name, on in depends.items() if "residence" in on}
    assert {name for name, state in others.items() if state != "LOADED"} == built_on_it
    assert client.get("/hall/matters/322014001000/").status_code == 200
    assert client.get("/hall/matters/320709001000/").status_code == 200  # as loaded before
    health = client.get("/healthz")
    assert health.status_code == 200
    assert health.json()["status"] == "DEGRADED"
    waiting = len(built_on_it)
    expected = {"FAILED": 1, "SKIPPED": waiting, "LOADED": len(others) - waiting}
    assert health.json()["packs"] == expected
