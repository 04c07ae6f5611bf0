"""The tests' own ground: which database a test finds, and what `./test` makes of its command line."""

import sys

import pytest

from yiwang.config import suite
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
