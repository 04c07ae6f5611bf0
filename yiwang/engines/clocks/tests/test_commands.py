"""`yw clock due`: the due date with the days that made it, as JSON."""

import io
import json

import pytest

from yiwang.config.cli import main
from yiwang.engines.clocks.limits import LimitUnreadable, TimeLimit, limit_read


def run(capsys, *arguments: str) -> tuple[int, dict]:
    code = main(["clock", "due", *arguments])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("20 working days", 20, "WORKING_DAY"),
        ("1 Working Day", 1, "WORKING_DAY"),
        ("20个工作日", 20, "WORKING_DAY"),
        ("二十个工作日", 20, "WORKING_DAY"),
        ("四十五个工作日", 45, "WORKING_DAY"),
        ("十个工作日", 10, "WORKING_DAY"),
        ("4 working hours", 4, "WORKING_HOUR"),
        ("4个工作小时", 4, "WORKING_HOUR"),
        ("48小时", 48, "HOUR"),
        ("48 hours", 48, "HOUR"),
        ("30 days", 30, "CALENDAR_DAY"),
        ("三十日", 30, "CALENDAR_DAY"),
        ("15个自然日", 15, "CALENDAR_DAY"),
        ("2 weeks", 14, "CALENDAR_DAY"),
        ("P20D", 20, "CALENDAR_DAY"),
        ("PT8H", 8, "HOUR"),
    ],
)
def test_a_limit_is_read_as_the_field_writes_it(text, amount, unit):
    assert limit_read(text) == TimeLimit(amount, unit)


@pytest.mark.parametrize("text", ["", "20", "3 months", "3个月", "-5 working days", "soon", "P1M"])
def test_what_cannot_be_counted_is_no_limit(text):
    with pytest.raises(LimitUnreadable):
        limit_read(text)


@pytest.mark.parametrize(
    ("start", "limit", "due"),
    [
        ("2026-02-13", "5 working days", "2026-02-27"),
        ("2026-09-24", "二十个工作日", "2026-10-29"),
        ("2026-04-30T09:00:00+08:00", "3个工作日", "2026-05-08"),
        ("2026-02-12T20:00:00Z", "5 working days", "2026-02-27"),
        ("2026-12-28", "10 days", "2027-01-07"),
    ],
)
def test_a_limit_ends_at_the_close_of_business_of_its_last_day(capsys, start, limit, due):
    code, answer = run(capsys, "--from", start, "--limit", limit)
    assert (code, answer["due_at"], answer["due_date"]) == (0, f"{due}T17:00:00+08:00", due)


def test_each_day_is_named_with_the_reason_why_it_does_not_count(capsys):
    code, answer = run(
        capsys, "--from", "2026-04-03T10:00", "--limit", "3 working days",
        "--pause", "2026-04-07/2026-04-08",
    )  # fmt: skip
    assert code == 0
    assert answer["counted_days"] == ["2026-04-07", "2026-04-09", "2026-04-10"]
    assert answer["days_not_counted"] == [
        {"date": "2026-04-04", "reason": "HOLIDAY"},
        {"date": "2026-04-05", "reason": "HOLIDAY"},
        {"date": "2026-04-06", "reason": "HOLIDAY"},
        {"date": "2026-04-08", "reason": "PAUSED"},
    ]
    assert answer["pauses"][0]["working_days_not_counted"] == 1


def test_hours_are_those_of_the_office_or_those_of_the_wall(capsys):
    start = ("--from", "2026-03-06T16:00", "--limit")
    assert run(capsys, *start, "4 working hours")[1]["due_at"] == "2026-03-09T12:00:00+08:00"
    assert run(capsys, *start, "48小时")[1]["due_at"] == "2026-03-08T16:00:00+08:00"
    paused = run(capsys, *start, "4 hours", "--pause", "2026-03-06T17:00/2026-03-06T19:00")[1]
    assert paused["due_at"] == "2026-03-06T22:00:00+08:00"


def test_a_year_without_calendar_is_named_and_an_open_pause_has_no_due_date(capsys):
    code, answer = run(capsys, "--from", "2026-12-30", "--limit", "5 working days")
    assert (code, answer["due_at"], answer["missing_year"]) == (1, None, 2027)
    assert "2027" in answer["message"]["zh"]
    code, answer = run(
        capsys, "--from", "2026-03-02", "--limit", "5个工作日", "--pause", "2026-03-03/"
    )
    assert (code, answer["due_at"], answer["due_state"]) == (1, None, "PAUSED")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--from", "soon", "--limit", "1 working day"), "clock_request_invalid"),
        (("--from", "2026-03-02", "--limit", "3个月"), "limit_unreadable"),
        (("--from", "2026-03-02", "--limit", "3 days", "--pause", "2026-03-03"), "invalid"),
        (
            ("--from", "2026-03-02", "--limit", "3 days", "--pause", "2026-03-05/2026-03-03"),
            "clock_request_invalid",
        ),
        (
            ("--from", "2026-03-02", "--limit", "3 days", "--calendar", "/none.json"),
            "calendar_file_invalid",
        ),
    ],
)
def test_what_cannot_be_read_is_explained(capsys, arguments, code):
    status, answer = run(capsys, *arguments)
    assert (status, answer["error"]["code"]) == (1, code)
    assert answer["error"]["message"]


def test_a_calendar_of_ones_own_counts(capsys, tmp_path):
    path = tmp_path / "calendar.json"
    path.write_text(json.dumps({"holidays": {"2026-03-03": "Made,自定"}, "workdays": {}}))
    answer = run(
        capsys, "--from", "2026-03-02", "--limit", "1 working day", "--calendar", str(path)
    )[1]
    assert answer["due_date"] == "2026-03-04"
    assert answer["calendar"]["published_years"] == [2026, 2026]


def test_many_are_answered_one_a_line(capsys, monkeypatch):
    lines = [
        json.dumps({"from": "2026-02-13", "limit": "5 working days"}),
        json.dumps({"from": "2026-02-13"}),
        "{",
    ]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines)))
    assert main(["clock", "due", "--batch"]) == 1
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert answers[0]["due_date"] == "2026-02-27"
    assert [one["error"]["code"] for one in answers[1:]] == ["line_unreadable", "line_unreadable"]
