"""`yw clock due`: the due date with the days that made it, as JSON."""

import json

import pytest

from yiwang.engines.clocks.commands import due, due_batch
from yiwang.engines.clocks.limits import LimitUnreadable, TimeLimit, limit_read


def run(
    start: str, limit: str, *pauses: str, calendar: str = "shipped", closed: tuple[str, ...] = ()
) -> tuple[int, dict]:
    said: list[str] = []
    code = due(
        start,
        limit,
        pauses=pauses,
        calendar=calendar,
        closed=closed,
        compact=True,
        echo=said.append,
    )
    return code, json.loads("".join(said))


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
        ("P1DT2H", 26, "HOUR"),
        ("PT90M", 90, "MINUTE"),
        ("30分钟", 30, "MINUTE"),
        ("3 months", 3, "MONTH"),
        ("三个月以内", 3, "MONTH"),
        ("半年", 6, "MONTH"),
        ("P1Y2M", 14, "MONTH"),
        ("within five working days", 5, "WORKING_DAY"),
        ("１０个工作日内", 10, "WORKING_DAY"),
    ],
)
def test_a_limit_is_read_as_the_field_writes_it(text, amount, unit):
    assert limit_read(text) == TimeLimit(amount, unit)


@pytest.mark.parametrize(
    "text", ["", "20", "P", "PT", "P1Y2D", "-5 days", "1.5 days", "soon", "9" * 5000 + " days"]
)
def test_what_cannot_be_counted_is_no_limit(text):
    with pytest.raises(LimitUnreadable):
        limit_read(text)


@pytest.mark.parametrize(
    ("start", "limit", "last"),
    [
        ("2026-02-13", "5 working days", "2026-02-27"),
        ("2026-09-24", "二十个工作日", "2026-10-29"),
        ("2026-04-30T09:00:00+08:00", "3个工作日", "2026-05-08"),
        ("2026-02-12T20:00:00Z", "5 working days", "2026-02-27"),
        ("2026-12-28", "10 days", "2027-01-07"),
    ],
)
def test_a_limit_ends_at_the_close_of_business_of_its_last_day(start, limit, last):
    code, answer = run(start, limit)
    assert (code, answer["due_at"], answer["due_date"]) == (0, f"{last}T17:00:00+08:00", last)


@pytest.mark.parametrize(
    ("start", "limit", "pauses", "due_at"),
    [
        ("2026-01-31T10:00", "1 month", [], "2026-02-28T17:00:00+08:00"),
        ("2024-01-31T10:00", "一个月", [], "2024-02-29T17:00:00+08:00"),
        ("2026-11-30T10:00", "3个月", [], "2027-02-28T17:00:00+08:00"),
        ("2024-02-29T10:00", "1 year", [], "2025-02-28T17:00:00+08:00"),
        ("2026-01-10", "P1M", ["2026-01-12/2026-01-15"], "2026-02-13T17:00:00+08:00"),
        ("2026-01-10", "1 month", ["2026-01-01/2026-01-12"], "2026-02-12T17:00:00+08:00"),
        ("2026-02-13T23:50", "PT30M", [], "2026-02-14T00:20:00+08:00"),
        ("2026-02-13T10:00", "90 minutes", ["2026-02-13T11:00/2026-02-13T13:00"], "2026-02-13T13:30:00+08:00"),
        ("2026-03-02T10:00", "5 working days", ["2026-03-10T09:00/"], "2026-03-09T17:00:00+08:00"),
    ],
)  # fmt: skip
def test_months_end_on_the_day_of_the_same_number_and_minutes_on_the_wall(
    start, limit, pauses, due_at
):
    code, answer = run(start, limit, *pauses)
    assert (code, answer["due_at"], answer["due_state"]) == (0, due_at, "DATED")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{bad", "the line: not JSON"),
        ("[]", "the line: a JSON object is needed"),
        ('{"limit": "5 days"}', "from: a text is needed"),
        ('{"from": 5, "limit": "5 days"}', "from: a text is needed"),
        ('{"from": "2026-03-02", "limit": 5}', "limit: a text is needed"),
        ('{"from": "2026-03-02", "limit": "5 days", "pause": [5]}', "pause: texts are needed"),
        ('{"from": "2026-03-02", "limit": "5 days", "pause": "x/y"}', "x/y: "),
        ('{"from": "9999-12-30", "limit": "20 days"}', "it ends beyond the year 9999"),
        ('{"from": "9999-12-30", "limit": "20 months"}', "it ends beyond the year 9999"),
        ('{"from": "2026-03-02", "limit": "5 days", "calendar": "nofile"}', "nofile"),
    ],
)
def test_a_line_that_cannot_be_read_is_told_in_words_and_the_next_goes_on(line, said):
    answers: list[str] = []
    good = '{"from": "2026-03-02", "limit": "1 day", "pause": "2026-03-02/2026-03-02"}'
    assert due_batch([line, good], calendar="shipped", echo=answers.append) == 1
    refused, answered = map(json.loads, answers)
    assert said in refused["error"]["message"]
    assert answered["due_date"] == "2026-03-03"


def test_each_day_is_named_with_the_reason_why_it_does_not_count():
    code, answer = run(
        "2026-04-03T10:00", "3 working days", "2026-04-07/2026-04-08",
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


def test_hours_are_those_of_the_office_or_those_of_the_wall():
    start = "2026-03-06T16:00"
    assert run(start, "4 working hours")[1]["due_at"] == "2026-03-09T12:00:00+08:00"
    assert run(start, "48小时")[1]["due_at"] == "2026-03-08T16:00:00+08:00"
    paused = run(start, "4 hours", "2026-03-06T17:00/2026-03-06T19:00")[1]
    assert paused["due_at"] == "2026-03-06T22:00:00+08:00"


def test_a_year_without_calendar_is_named_and_an_open_pause_has_no_due_date():
    code, answer = run("2026-12-30", "5 working days")
    assert (code, answer["due_at"], answer["missing_year"]) == (1, None, 2027)
    assert "2027" in answer["message"]["zh"]
    code, answer = run("2026-03-02", "5个工作日", "2026-03-03/")
    assert (code, answer["due_at"], answer["due_state"]) == (1, None, "PAUSED")


@pytest.mark.parametrize(
    ("arguments", "named", "code"),
    [
        (("soon", "1 working day"), {}, "clock_request_invalid"),
        (("2026-03-02", "3个季度"), {}, "limit_unreadable"),
        (("2026-03-02", "3 days", "2026-03-03"), {}, "invalid"),
        (("2026-03-02", "3 days", "2026-03-05/2026-03-03"), {}, "clock_request_invalid"),
        (("2026-03-02", "3 days"), {"calendar": "/none.json"}, "calendar_file_invalid"),
    ],
)
def test_what_cannot_be_read_is_explained(arguments, named, code):
    status, answer = run(*arguments, **named)
    assert (status, answer["error"]["code"]) == (1, code)
    assert answer["error"]["message"]


def test_a_calendar_of_ones_own_counts(tmp_path):
    path = tmp_path / "calendar.json"
    path.write_text(json.dumps({"holidays": {"2026-03-03": "Made,自定"}, "workdays": {}}))
    answer = run("2026-03-02", "1 working day", calendar=str(path))[1]
    assert answer["due_date"] == "2026-03-04"
    assert answer["calendar"]["published_years"] == [2026, 2026]


def test_many_are_answered_one_a_line():
    lines = [
        json.dumps({"from": "2026-02-13", "limit": "5 working days"}),
        json.dumps({"from": "2026-02-13"}),
        "{",
    ]
    said: list[str] = []
    assert due_batch(lines, calendar="shipped", echo=said.append) == 1
    answers = [json.loads(line) for line in said]
    assert answers[0]["due_date"] == "2026-02-27"
    assert [one["error"]["code"] for one in answers[1:]] == ["line_unreadable", "line_unreadable"]


def test_days_and_half_days_closed_besides_are_given_with_the_question():
    code, said = run("2026-09-14T10:00", "2 working days", closed=("2026-09-16/PM",))
    assert (code, said["due_at"]) == (0, "2026-09-16T12:00:00+08:00")
    assert (said["counted_days"], said["half_days"]) == (
        ["2026-09-15", "2026-09-16"],
        ["2026-09-16"],
    )
    for closed in ("2026-09-16", "2026-09-16/AM/uncounted"):
        code, said = run("2026-09-14T10:00", "2 working days", closed=(closed,))
        assert (said["due_date"], said["days_not_counted"]) == (
            "2026-09-17",
            [{"date": "2026-09-16", "reason": "CLOSURE"}],
        )


@pytest.mark.parametrize(
    "closed", ["soon", "2026-09-16/NOON", "2026-09-16/PM/perhaps", "2026-09-16/PM/uncounted/x"]
)
def test_a_closure_that_cannot_be_read_is_refused(closed):
    code, said = run("2026-09-14T10:00", "2 working days", closed=(closed,))
    assert (code, said["error"]["code"]) == (1, "clock_request_invalid")


def test_a_line_of_a_batch_names_its_own_closures():
    said: list[str] = []
    line = {"from": "2026-09-15T17:00", "limit": "4 working hours", "closed": "2026-09-16/AM"}
    assert due_batch([json.dumps(line)], calendar="shipped", echo=said.append) == 0
    assert json.loads(said[0])["due_at"] == "2026-09-16T17:00:00+08:00"
