"""The tests' own ground: which database a test finds, and what `./test` makes of its command line."""

import sys
from collections import namedtuple

import pytest

from yiwang.config import environment, suite
from yiwang.config.testing_databases import touches
from yiwang.kernel.codes.models import CodeTable


def test_code_tables_are_there_for_who_asks_for_them(seeds):
    assert CodeTable.objects.filter(key="divisions").exists()


def test_who_asks_for_nothing_finds_no_code_tables(db):
    assert not CodeTable.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["first", "second"])
def test_what_a_test_commits_is_not_there_for_the_next(name):
    assert not CodeTable.objects.exists()
    CodeTable.objects.create(key=name, title_zh=name, title_en=name)
    assert [table.key for table in CodeTable.objects.all()] == [name]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["first", "second"])
def test_a_copy_with_code_tables_is_thrown_away_as_well(seeds, name):
    assert not CodeTable.objects.filter(key__in=("first", "second")).exists()
    CodeTable.objects.create(key=name, title_zh=name, title_en=name)
    assert CodeTable.objects.filter(key__in=(name, "divisions")).count() == 2


def _fill(folder):
    (folder / "paper.txt").write_text("as it was")
    CodeTable.objects.create(key="filled", title_zh="填", title_en="filled")
    return ["as it was"]


@pytest.mark.filled(by=_fill)
@pytest.mark.parametrize("name", ["first", "second"])
def test_what_was_filled_is_there_for_each_as_it_was(filled, tmp_path, name):
    assert [table.key for table in CodeTable.objects.all()] == ["filled"]
    assert filled == ["as it was"]
    assert (tmp_path / "paper.txt").read_text() == "as it was"
    CodeTable.objects.all().delete()
    filled.append(name)
    (tmp_path / "paper.txt").unlink()


def test_what_touches_no_database_is_not_repeated_on_another(request):
    assert not touches(request.node)


def test_what_asks_for_the_database_is_repeated_on_another(db, request):
    assert touches(request.node)


@pytest.mark.django_db
def test_what_is_marked_for_the_database_is_repeated_on_another(request):
    assert touches(request.node)


@pytest.mark.parametrize(("free", "given"), [(999_999_999, None), (1_000_000_000, "/dev/shm")])  # noqa: S108
def test_a_disk_in_memory_is_used_when_it_has_the_room(monkeypatch, free, given):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _path: usage(10**10, 0, free))
    monkeypatch.setattr("os.access", lambda _path, _mode: True)
    assert environment.memory_disk(1000) == given


def test_steps_beside_others_speak_when_they_are_done_and_their_failure_counts(capfd):
    report, beside = suite.Report(), suite.Report(beside=[])
    beside.step("fails", [sys.executable, "-c", "print('what it said'); raise SystemExit(3)"])
    assert capfd.readouterr().out == ""
    report.take(beside)
    said = capfd.readouterr().out.splitlines()
    assert said[1:3] == ["== fails", "what it said"]
    assert said[3].startswith("   FAILED (3) in ")
    assert report.failed == ["fails"]


@pytest.mark.parametrize(
    ("line", "chosen", "flags"),
    [
        ([], [], set()),
        (["tests/hall", "-k", "card", "-x"], ["tests/hall", "-k", "card", "-x"], set()),
        (["--postgresql", "tests/hall"], ["tests/hall"], {"postgresql"}),
        (["--heavy", "--slowest"], [], {"heavy", "slowest"}),
    ],
)
def test_what_is_no_option_of_ours_goes_to_pytest(monkeypatch, line, chosen, flags):
    monkeypatch.setattr(sys, "argv", ["suite", *line])
    options, rest = suite._options()
    assert rest == chosen
    assert {name for name, value in vars(options).items() if value} == flags


def test_every_mark_that_is_left_out_has_a_command(pytestconfig):
    marks = {line.split(":")[0] for line in pytestconfig.getini("markers")}
    named = {command.removeprefix("./test --") for command in suite.ELSEWHERE}
    assert named == {"heavy", "browser", "kills", "payments", "notify", "spark"}
    assert named <= marks
