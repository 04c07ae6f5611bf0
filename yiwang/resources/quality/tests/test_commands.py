"""`yw quality`: a dry run of a contract changes nothing; scores as people and programs read them."""

import json

import pytest

from yiwang.resources.quality import commands
from yiwang.resources.quality.commands import CheckFileUnreadable
from yiwang.resources.quality.models import QualityException, QualityRun


def test_a_file_is_checked_and_nothing_changes(city, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "登记证号,男方姓名,sex,registered_date\nA1,张三,1,2026-01-02\nA2,,7,1999-01-02\n",
        encoding="utf-8",
    )
    lines = []
    assert commands.check(str(path), resource=city.code, as_json=True, echo=lines.append) == 1
    head, row = map(json.loads, lines)
    assert (head["rows"], head["rejected"], head["missing"], head["stops"]) == (2, 1, [], [])
    assert row == {"line": 3, "reasons": ["code:sex", "named", "later"]}
    lines.clear()
    assert commands.check(str(path), resource=city.code, echo=lines.append) == 1
    assert lines[0] == "2 rows, 1 would be kept back, 0 noted"
    assert (QualityRun.objects.count(), QualityException.objects.count()) == (0, 0)


@pytest.mark.parametrize("name", ["a.xlsx", "a.csv", "a.parquet"])
def test_what_cannot_be_read_is_refused(city, tmp_path, name):
    path = tmp_path / name
    if name == "a.parquet":
        path.write_bytes(b"PAR1 broken")
    with pytest.raises(CheckFileUnreadable):
        commands.check(str(path), resource=city.code, echo=print)


def test_scores_are_printed_for_people_and_programs(city):
    lines = []
    assert commands.score(echo=lines.append) == 0
    assert lines == ["Nothing has been measured yet."]
    city.batch([("A1", "张三", "1", "2026-01-02")])
    lines.clear()
    commands.score(echo=lines.append)
    assert lines[0] == "100.00 A  ALL            CITY"
    lines.clear()
    commands.score(resource=city.code, as_json=True, echo=lines.append)
    found = [json.loads(line) for line in lines]
    assert {(row["field"], row["property"]) for row in found} >= {("", ""), ("sex", "NORMATIVITY")}
