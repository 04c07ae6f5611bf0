"""Ties: families and branches from several departments, joined, dated, and where they contradict."""

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from yiwang.resources.fusion.data import FusionSourceBroken
from yiwang.resources.fusion.library import findings
from yiwang.resources.fusion.plans import city_legal_person_plan, city_population_plan
from yiwang.resources.fusion.publish import manifest_read, master_open
from yiwang.resources.fusion.tests.made import fused, rows_write
from yiwang.sdk.identifiers import id_number_make

PEOPLE = replace(city_population_plan(), buckets=4)
FIRMS = replace(city_legal_person_plan(), buckets=2)


def person(year: int, number: int) -> str:
    return id_number_make("320508", date(year, 3, 4), number)


MOTHER, FATHER, CHILD, OTHER = (
    person(1980, 2),
    person(1979, 1),
    person(2005, 1),
    person(1981, 4),
)
WEDDING = date(2004, 5, 1)
FIRM, BRANCH, SECOND = "91320508MA1XYW01XY", "MA1XYW02-8", "MA1XYW036"


def ties_put(plan, folder: Path, number: int, rows: list[tuple], name: str = "a") -> None:
    """Write ties: (row_no, one, other, kind, valid_from, valid_to)."""
    tie = next(one for one in plan.ties if one.number == number)
    columns = list(zip(*rows, strict=True))
    table = {
        "row_no": pa.array(columns[0], pa.int64()),
        "updated_at": pa.array([datetime(2020, 1, row[0]) for row in rows], pa.timestamp("s")),
        "id_number": pa.array(columns[1], pa.string()),
        "other_number": pa.array(columns[2], pa.string()),
        "kind": pa.array(columns[3], pa.string()),
        "valid_from": pa.array([day and day.isoformat() for day in columns[4]], pa.string()),
        "valid_to": pa.array([day and day.isoformat() for day in columns[5]], pa.string()),
    }
    path = folder / tie.folder / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(table), path)


def read(out: Path, name: str) -> list[dict]:
    return pq.read_table(master_open(out).folder / name).to_pylist()


def ties_of(out: Path) -> list[tuple]:
    names = ("identifier", "other_identifier", "kind", "class", "row_no", "valid_from", "valid_to")
    return [tuple(one[name] for name in names) for one in read(out, "ties.parquet")]


def conflicts_of(out: Path) -> list[tuple]:
    names = ("rule", "identifier", "other_identifier", "third_identifier")
    rows = ("class", "row_no", "against_class", "against_row_no")
    return [tuple(one[name] for name in names + rows) for one in read(out, "tie_conflicts.parquet")]


@pytest.fixture
def people(tmp_path):
    """One person, so that there is something to fuse."""
    rows_write(
        tmp_path / "in", 1, "a", [{"row_no": 1, "id_number": MOTHER, "name": "张三"}], PEOPLE
    )
    return tmp_path


def fuse_people(folder: Path):
    return fused(folder / "in", folder / "out", PEOPLE)


def test_a_marriage_told_by_two_departments_is_stored_once_by_the_authority_s_row(people):
    ties_put(PEOPLE, people / "in", 1, [(1, MOTHER, FATHER, "SPOUSE", date(2004, 6, 1), None)])
    ties_put(PEOPLE, people / "in", 2, [(7, FATHER, MOTHER, "SPOUSE", WEDDING, None)])
    result = fuse_people(people)
    first, second = sorted((MOTHER, FATHER))
    assert ties_of(people / "out") == [(first, second, "SPOUSE", 2, 7, WEDDING, None)]
    assert conflicts_of(people / "out") == []
    assert result.ties == {"SPOUSE": 1, "conflicts": 0}


def test_an_old_number_of_fifteen_digits_ties_the_person_of_eighteen(people):
    old = MOTHER[:6] + MOTHER[8:17]
    ties_put(PEOPLE, people / "in", 3, [(1, old, CHILD.lower(), "CHILD", date(2005, 3, 4), None)])
    fuse_people(people)
    assert ties_of(people / "out") == [(MOTHER, CHILD, "CHILD", 3, 1, date(2005, 3, 4), None)]


def test_a_marriage_that_ended_stays_with_its_day_and_leaves_room_for_another(people):
    ended = date(2010, 7, 1)
    rows = [
        (1, MOTHER, FATHER, "SPOUSE", WEDDING, None),
        (2, MOTHER, FATHER, "SPOUSE", WEDDING, ended),
        (3, OTHER, FATHER, "SPOUSE", date(2012, 1, 1), None),
    ]
    ties_put(PEOPLE, people / "in", 2, rows)
    fuse_people(people)
    assert {tie[4:] for tie in ties_of(people / "out")} == {
        (2, WEDDING, ended),
        (3, date(2012, 1, 1), None),
    }
    assert conflicts_of(people / "out") == []


def test_who_married_each_other_twice_has_two_periods(people):
    ended, again = date(2010, 7, 1), date(2012, 1, 1)
    rows = [
        (1, MOTHER, FATHER, "SPOUSE", WEDDING, None),
        (2, FATHER, MOTHER, "SPOUSE", WEDDING, ended),
        (3, MOTHER, FATHER, "SPOUSE", again, None),
    ]
    ties_put(PEOPLE, people / "in", 2, rows)
    ties_put(PEOPLE, people / "in", 1, [(9, MOTHER, FATHER, "SPOUSE", date(2004, 6, 1), None)])
    result = fuse_people(people)
    periods = [tie[3:] for tie in ties_of(people / "out")]
    assert periods == [(2, 2, WEDDING, ended), (2, 3, again, None)]
    assert conflicts_of(people / "out") == []
    assert result.ties == {"SPOUSE": 2, "conflicts": 0}


def test_periods_that_overlap_are_one_tie(people):
    rows = [
        (1, MOTHER, FATHER, "SPOUSE", WEDDING, date(2010, 7, 1)),
        (2, MOTHER, FATHER, "SPOUSE", date(2009, 1, 1), None),
        (3, MOTHER, FATHER, "SPOUSE", None, None),
    ]
    ties_put(PEOPLE, people / "in", 2, rows)
    fuse_people(people)
    assert [tie[4:] for tie in ties_of(people / "out")] == [(2, date(2009, 1, 1), None)]


def test_only_the_tie_whose_file_changed_is_read_again(people):
    ties_put(PEOPLE, people / "in", 2, [(1, MOTHER, FATHER, "SPOUSE", WEDDING, None)])
    ties_put(PEOPLE, people / "in", 3, [(1, MOTHER, CHILD, "CHILD", None, None)])

    def checked() -> dict[str, int]:
        fuse_people(people)
        files = master_open(people / "out").folder.glob("tie-T*.parquet")
        return {path.name[4:7]: path.stat().st_ino for path in files}

    before = checked()
    ties_put(PEOPLE, people / "in", 3, [(1, FATHER, CHILD, "CHILD", None, None)])
    after = checked()
    assert before.keys() == after.keys() == {"T02", "T03"}
    assert before["T02"] == after["T02"]
    assert before["T03"] != after["T03"]
    assert [tie[:3] for tie in ties_of(people / "out") if tie[2] == "CHILD"] == [
        (FATHER, CHILD, "CHILD")
    ]


def test_what_cannot_all_be_true_is_listed_with_both_rows(people):
    ties_put(
        PEOPLE,
        people / "in",
        2,
        [
            (1, MOTHER, FATHER, "SPOUSE", WEDDING, None),
            (2, OTHER, FATHER, "SPOUSE", date(2012, 1, 1), None),
        ],
    )
    ties_put(
        PEOPLE,
        people / "in",
        1,
        [
            (3, MOTHER, CHILD, "CHILD", None, None),
            (4, FATHER, CHILD, "CHILD", None, None),
            (5, OTHER, CHILD, "CHILD", None, None),
            (6, CHILD, MOTHER, "CHILD", None, None),
            (7, CHILD, CHILD, "CHILD", None, None),
            (8, MOTHER, CHILD[:17] + "?", "CHILD", None, None),
            (9, MOTHER, CHILD, "COUSIN", None, None),
        ],
    )
    result = fuse_people(people)
    assert sorted(conflicts_of(people / "out"), key=str) == sorted(
        [
            ("TWO_SPOUSES", FATHER, *sorted((MOTHER, OTHER)), 2, 1, 2, 2),
            ("MANY_PARENTS", CHILD, OTHER, MOTHER, 1, 5, 1, 3),
            ("CHILD_OLDER", CHILD, MOTHER, None, 1, 6, 1, 6),
            ("SAME_SUBJECT", CHILD, CHILD, None, 1, 7, 1, 7),
            ("INVALID_NUMBER", MOTHER, None, None, 1, 8, 1, 8),
            ("UNKNOWN_KIND", MOTHER, CHILD, None, 1, 9, 1, 9),
        ],
        key=str,
    )
    assert result.ties == {"SPOUSE": 2, "CHILD": 4, "conflicts": 6}
    found = {one.rule: one for one in findings(people / "out")}
    assert found["TWO_SPOUSES"].rows == ((2, 1), (2, 2))
    assert found["TWO_SPOUSES"].message.text("zh") == "同一人同时存在两段有效婚姻。"
    assert found["CHILD_OLDER"].rows == ((1, 6),)
    assert {one.is_tie for one in found.values()} == {True}


def test_ties_follow_their_files_and_stay_when_nothing_changed(people):
    ties_put(PEOPLE, people / "in", 2, [(1, MOTHER, FATHER, "SPOUSE", WEDDING, None)])
    first = fuse_people(people)
    inode = (master_open(people / "out").folder / "ties.parquet").stat().st_ino
    again = fuse_people(people)
    assert (master_open(people / "out").folder / "ties.parquet").stat().st_ino == inode
    assert again.ties == first.ties == {"SPOUSE": 1, "conflicts": 0}
    ties_put(PEOPLE, people / "in", 2, [(2, MOTHER, OTHER, "SPOUSE", WEDDING, None)])
    fuse_people(people)
    assert [tie[4] for tie in ties_of(people / "out")] == [2]
    (people / "in" / "D02" / "T02" / "a.parquet").unlink()
    fuse_people(people)
    fuse_people(people)
    assert ties_of(people / "out") == []


def test_the_order_of_batches_does_not_matter(people):
    one, two = (
        [(1, MOTHER, FATHER, "SPOUSE", WEDDING, None)],
        [(2, MOTHER, FATHER, "SPOUSE", WEDDING, date(2010, 7, 1))],
    )
    ties_put(PEOPLE, people / "in", 2, two, "b")
    fuse_people(people)
    ties_put(PEOPLE, people / "in", 2, one, "a")
    fuse_people(people)
    fused(people / "in", people / "full", PEOPLE)
    assert ties_of(people / "out") == ties_of(people / "full")
    assert [tie[4] for tie in ties_of(people / "out")] == [2]


def test_a_file_of_ties_without_its_columns_is_named_and_the_master_stands(people):
    fuse_people(people)
    run = manifest_read(people / "out").run
    path = people / "in" / "D02" / "T02" / "a.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(pa.table({"row_no": [1]}), path)
    with pytest.raises(FusionSourceBroken, match="D02/T02/a.parquet of class 婚姻登记"):
        fuse_people(people)
    assert manifest_read(people / "out").run == run


def test_organisations_have_branches_investors_and_one_representative(tmp_path):
    rows_write(tmp_path / "in", 1, "a", [{"row_no": 1, "id_number": FIRM, "name": "某公司"}], FIRMS)
    founded = date(2015, 1, 1)
    ties_put(FIRMS, tmp_path / "in", 1, [(1, FIRM, BRANCH, "BRANCH", founded, None)])
    ties_put(
        FIRMS,
        tmp_path / "in",
        2,
        [
            (1, FIRM, MOTHER, "INVESTOR", founded, None),
            (2, FIRM, SECOND, "INVESTOR", founded, None),
        ],
    )
    ties_put(
        FIRMS,
        tmp_path / "in",
        3,
        [
            (1, FIRM, MOTHER, "REPRESENTATIVE", founded, None),
            (2, FIRM, FATHER, "REPRESENTATIVE", founded, None),
        ],
    )
    fused(tmp_path / "in", tmp_path / "out", FIRMS)
    assert {tie[:4] for tie in ties_of(tmp_path / "out")} == {
        ("MA1XYW01X", "MA1XYW028", "BRANCH", 1),
        ("MA1XYW01X", MOTHER, "INVESTOR", 2),
        ("MA1XYW01X", "MA1XYW036", "INVESTOR", 2),
        ("MA1XYW01X", MOTHER, "REPRESENTATIVE", 3),
        ("MA1XYW01X", FATHER, "REPRESENTATIVE", 3),
    }
    assert [one[0] for one in conflicts_of(tmp_path / "out")] == ["TWO_REPRESENTATIVES"]
