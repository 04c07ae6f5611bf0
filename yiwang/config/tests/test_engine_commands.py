"""`yw clock` and `yw form` from the outside: arguments in, JSON and an exit code out."""

import io
import json

import pytest

from yiwang.config.cli import main


def run(capsys, *arguments: str) -> tuple[int, dict]:
    code = main(list(arguments))
    return code, json.loads(capsys.readouterr().out)


def test_a_due_date_is_asked_on_the_command_line(capsys):
    code, answer = run(
        capsys, "clock", "due", "--from", "2026-03-06T10:30", "--limit", "5 working days",
        "--pause", "2026-03-09/2026-03-11", "--json",
    )  # fmt: skip
    assert (code, answer["due_at"]) == (0, "2026-03-17T17:00:00+08:00")


def test_a_due_date_needs_a_start_and_a_limit(capsys):
    assert main(["clock", "due", "--from", "2026-03-06"]) == 2
    assert "--limit" in capsys.readouterr().err


def test_many_due_dates_are_read_from_standard_input(capsys, monkeypatch):
    line = json.dumps({"from": "2026-12-30", "limit": "5个工作日"})
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(line.encode())))
    assert run(capsys, "clock", "due", "--batch")[0] == 1


@pytest.mark.parametrize(("more", "code"), [((), 1), (("--formats", "remark"), 0)])
def test_data_are_checked_on_the_command_line(capsys, tmp_path, more, code):
    schema, data = tmp_path / "schema.json", tmp_path / "data.json"
    schema.write_text(json.dumps({"format": "date"}))
    data.write_text('"2026-13-01"')
    answered, answer = run(capsys, "form", "validate", str(schema), str(data), "--json", *more)
    assert (answered, answer["valid"]) == (code, code == 0)
