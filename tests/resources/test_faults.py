"""Faults under a fusion: each says what happened and what to do, the last master serves, a rerun ends the same."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from yiwang.config.generate.population import generate_population
from yiwang.resources.fusion.data import FusionOptions, FusionSourceBroken, files_of
from yiwang.resources.fusion.faults import FusionDiskFull, FusionMemoryShort, faults_named
from yiwang.resources.fusion.publish import manifest_read
from yiwang.resources.fusion.tests.made import (
    PLAN,
    QUICK,
    copied,
    fused,
    groups_of,
    persons_of,
    rows_write,
    values_of,
)
from yiwang.sdk.identifiers import id_number_make

ZHANG = id_number_make("320508", date(1985, 1, 1), 123)
RUN = """
import json, resource, signal, sys
from pathlib import Path
import pyarrow, duckdb
import yiwang.resources.fusion.run
from yiwang.resources.fusion.tests.made import fused
from yiwang.sdk.errors import YiwangError
if len(sys.argv) > 3:  # no file may grow past so many bytes, as on a disk that is nearly full
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
try:
    fused(Path(sys.argv[1]), Path(sys.argv[2]))
except YiwangError as error:
    print(json.dumps([error.code, str(error)]))
else:
    print(json.dumps(["", ""]))
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A master of a thousand records, and the same with one batch more (`more`, fused into `whole`)."""
    folder = tmp_path_factory.mktemp("faults")
    generate_population(persons=130, records=1_000, classes=8, out=folder / "in", seed=7, workers=1)
    fused(folder / "in", folder / "out")
    copied(folder / "in", folder / "more")
    [path] = files_of(PLAN.source_get(2), folder / "more")
    table = pq.read_table(path)
    place = table.schema.get_field_index("row_no")
    shifted = table.set_column(place, "row_no", [[n + 10**6 for n in table["row_no"].to_pylist()]])
    pq.write_table(shifted, path.with_name("second.parquet"))
    copied(folder / "out", folder / "whole")
    fused(folder / "more", folder / "whole")
    return folder


def in_a_process(source: Path, out: Path, *limits: int) -> tuple[str, str]:
    """Fuse in a process of its own; returns the code and the text of the error, '' for none."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(source), str(out), *map(str, limits)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        timeout=300,
        check=True,
    )
    return tuple(json.loads(done.stdout.decode().splitlines()[-1]))


def still_serves(out: Path, made: Path, run: str) -> None:
    """Assert that the last master is what is published, whole, and that a rerun ends as if nothing had been."""
    assert manifest_read(out).run == run
    assert persons_of(out) == persons_of(made / "out")
    assert groups_of(out) == groups_of(made / "out")
    fused(made / "more", out)
    assert persons_of(out) == persons_of(made / "whole")
    assert groups_of(out) == groups_of(made / "whole")
    assert values_of(out) == values_of(made / "whole")
    assert list(out.glob(".run-*")) == []
    assert list((out / "stage").glob("*.part")) == []


@pytest.mark.heavy
@pytest.mark.parametrize("limit", [512, 3_000, 8_000])
def test_a_disk_that_fills_up_at_any_point_leaves_the_last_master(made, tmp_path, limit):
    out = copied(made / "out", tmp_path / "out")
    run = manifest_read(out).run
    code, text = in_a_process(made / "more", out, limit)
    assert code == "fusion_disk_full"
    assert f"no room left on the disk of {out}" in text
    assert "Make room and run again" in text
    still_serves(out, made, run)


@pytest.mark.heavy
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_small_disk_that_is_really_full_leaves_the_last_master(made, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "yiwang-test", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        out = copied(made / "out", disk / "out")
        run = manifest_read(out).run
        room = os.statvfs(disk)
        filler = disk / "filler"
        filler.write_bytes(b"x" * max(0, room.f_bavail * room.f_frsize - 16_384))
        assert in_a_process(made / "more", out)[0] == "fusion_disk_full"
        assert manifest_read(out).run == run
        filler.unlink()
        still_serves(out, made, run)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)  # mapped pages keep it busy


def test_a_limit_of_memory_that_does_not_do_leaves_the_last_master(made, tmp_path):
    out = copied(made / "out", tmp_path / "out")
    run = manifest_read(out).run
    with pytest.raises(FusionMemoryShort, match=r"ran out of memory \(1 MiB allowed\).*Allow more"):
        fused(made / "more", out, options=replace(QUICK, memory_mb=1))
    still_serves(out, made, run)


def test_a_process_that_the_system_takes_away_is_a_want_of_memory():
    from concurrent.futures.process import BrokenProcessPool

    with pytest.raises(FusionMemoryShort), faults_named(Path("out"), 512):
        raise BrokenProcessPool("A process in the process pool was terminated abruptly")
    broken = FusionSourceBroken(file="a", source="b", reason="c")
    with pytest.raises(FusionDiskFull), faults_named(Path("out"), 512):
        raise broken from OSError(28, "No space left on device")
    with pytest.raises(ValueError, match="else"), faults_named(Path("out"), 512):
        raise ValueError("something else")


@pytest.mark.parametrize("damage", ["cut", "emptied", "letters", "garbled"])
def test_a_damaged_file_is_named_and_the_last_master_stands(made, tmp_path, damage):
    source, out = copied(made / "more", tmp_path / "in"), copied(made / "out", tmp_path / "out")
    run = manifest_read(out).run
    path = files_of(PLAN.source_get(2), source)[-1]
    whole = path.read_bytes()
    path.write_bytes(
        {
            "cut": whole[: len(whole) // 2],
            "emptied": b"",
            "letters": b"name,id_number\n",
            "garbled": whole[:4] + b"\xff" * 60 + whole[64:],
        }[damage]
    )
    with pytest.raises(FusionSourceBroken, match=rf"D01/C02/{path.name}.*Land the batch again"):
        fused(source, out)
    still_serves(out, made, run)


@pytest.mark.heavy
def test_of_two_runs_at_once_one_is_done_and_the_other_is_told_to_wait(made, tmp_path):
    out = copied(made / "out", tmp_path / "out")
    command = [sys.executable, "-c", RUN, str(made / "more"), str(out)]
    runs = [
        subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
        for _number in range(3)
    ]
    said = [json.loads(run.communicate(timeout=300)[0].splitlines()[-1]) for run in runs]
    assert all(run.returncode == 0 for run in runs)
    codes = [code for code, _text in said]
    assert "" in codes
    assert set(codes) <= {"", "fusion_busy"}
    assert all("Wait until it has ended" in text for code, text in said if code)
    assert persons_of(out) == persons_of(made / "whole")
    assert groups_of(out) == groups_of(made / "whole")


def row(number: int, year: int, **more) -> dict:
    return {"row_no": number, "seconds": (year - 1970) * 31_557_600, "id_number": ZHANG, **more}


def test_last_year_s_file_sent_again_changes_no_value_that_is_newer(tmp_path):
    this = [row(1, 2026, name="张三", phone="16400000001", address="姑苏区1幢")]
    last = [row(2, 2025, name="张三", phone="16400000009", address="吴江区7幢")]
    rows_write(tmp_path / "in", 7, "this", this)
    fused(tmp_path / "in", tmp_path / "out")
    [before] = persons_of(tmp_path / "out")
    path = rows_write(tmp_path / "in", 7, "last", last)
    fused(tmp_path / "in", tmp_path / "out")
    [after] = persons_of(tmp_path / "out")
    shown = ("name", "phone", "phone_row", "phone_at", "address", "address_row", "address_at")
    assert [after[name] for name in shown] == [before[name] for name in shown]
    assert [value[:4] for value in values_of(tmp_path / "out")] == [
        ("address", "吴江区7幢", 7, 2),
        ("phone", "16400000009", 7, 2),
    ]
    path.with_name("again.parquet").write_bytes(path.read_bytes())  # and once more, byte for byte
    assert fused(tmp_path / "in", tmp_path / "out").touched == 0
    for name in ("last", "again"):
        path.with_name(f"{name}.parquet").unlink()
    fused(tmp_path / "in", tmp_path / "out")
    assert persons_of(tmp_path / "out") == [before]


def test_options_of_the_machine_do_not_change_the_answer(made, tmp_path):
    options = FusionOptions(workers=2, memory_mb=512, seed=1, probabilistic=False, durable=False)
    fused(made / "more", tmp_path / "out", options=options)
    assert persons_of(tmp_path / "out") == persons_of(made / "whole")
