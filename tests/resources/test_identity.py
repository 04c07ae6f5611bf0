"""Identifiers through decisions and corrected batches, gaps that linked rows fill, and why a value holds."""

from dataclasses import replace
from datetime import date, datetime

import pyarrow.parquet as pq
import pytest

from yiwang.engines.tabular.door import TabularLimits
from yiwang.resources.fusion.data import Decision, FusionPlanChanged, FusionUnknown
from yiwang.resources.fusion.events import events_write
from yiwang.resources.fusion.library import events, explain, findings, follow, row_of
from yiwang.resources.fusion.plans import city_legal_person_plan, city_population_plan
from yiwang.resources.fusion.publish import events_list, leftovers_clear, manifest_read, master_open
from yiwang.resources.fusion.stage import StageFile
from yiwang.resources.fusion.tests.made import (
    PLAN,
    QUICK,
    copied,
    fused,
    persons_of,
    rows_of,
    rows_write,
)
from yiwang.sdk.identifiers import id_number_make

BORN = date(1985, 1, 1)
ZHANG, LI, WANG = (id_number_make("320508", BORN, number) for number in (123, 245, 367))


def line(row_no: int, number: str | None, name: str, phone: str | None, **more) -> dict:
    row = {"row_no": row_no, "id_number": number, "name": name, "phone": phone}
    return row | {"birth_date": "1985年01月01日"} | more


def uids(out) -> dict[int, int]:
    return {row["row_no"]: row["uid"] for row in rows_of(out)}


def told(out, since: str) -> list[tuple]:
    return [(one.event, one.uid, one.other_uid) for one in events(out, since=since)]


@pytest.fixture
def folder(tmp_path):
    """One person with a number; two rows of a stranger who has none."""
    rows = [
        line(1, ZHANG, "张三", "16400000001"),
        line(7, None, "王五", "16400000009"),
        line(8, None, "王五", "16400000009"),
    ]
    rows_write(tmp_path / "in", 7, "a", rows)
    fused(tmp_path / "in", tmp_path / "out")
    return tmp_path


def again(folder, *decisions: Decision) -> str:
    """Fuse again; returns the run before."""
    run = manifest_read(folder / "out").run
    fused(folder / "in", folder / "out", decisions=decisions)
    return run


def test_a_first_build_is_one_event(folder):
    [built] = events(folder / "out")
    assert (built.event, built.sequence, built.run) == (
        "BUILT",
        1,
        manifest_read(folder / "out").run,
    )
    run = again(folder)
    assert told(folder / "out", run) == []


def test_a_provisional_subject_is_absorbed_by_the_number_that_came_and_comes_back(folder):
    out, stranger = folder / "out", uids(folder / "out")[7]
    path = rows_write(folder / "in", 7, "b", [line(2, WANG, "王五", "16400000009")])
    run = again(folder)
    person = uids(out)[2]
    assert uids(out)[7] == uids(out)[8] == person
    assert told(out, run) == [("CREATED", person, 0), ("ABSORBED", stranger, person)]
    assert follow(out, stranger) == person
    assert explain(out, stranger).uid == person
    path.unlink()
    run = again(folder)
    assert uids(out)[7] == uids(out)[8] == stranger
    assert sorted(told(out, run)) == sorted(
        [
            ("RETIRED", person, 0),
            ("CREATED", stranger, person),
            ("SPLIT", person, stranger),
            ("SPLIT", person, stranger),
        ]
    )
    assert (follow(out, stranger), follow(out, stranger, until=run)) == (stranger, person)


def test_a_row_that_comes_again_with_its_number_takes_its_subject_with_it(folder):
    out, stranger = folder / "out", uids(folder / "out")[7]
    rows = [
        line(1, ZHANG, "张三", "16400000001"),
        line(7, WANG, "王五", "16400000009"),
        line(8, WANG, "王五", "16400000009"),
    ]
    rows_write(folder / "in", 7, "a", rows)
    run = again(folder)
    person = uids(out)[7]
    assert told(out, run) == [("CREATED", person, 0), ("ABSORBED", stranger, person)]
    copy = copied(master_open(out).folder, folder / "copy")  # as an engine without a stage tells it
    nowhere = [StageFile(7, "D02/C07/a.parquet", str(folder / "nowhere.arrow"))]
    counts = events_write(
        copy, before=out / f"run-{run}", buckets=4, fresh=nowhere, limits=TabularLimits(1, 256)
    )
    assert counts == {"CREATED": 1, "ABSORBED": 1}


def test_a_subject_is_retired_when_its_last_row_is_withdrawn(folder):
    out, stranger = folder / "out", uids(folder / "out")[7]
    rows_write(folder / "in", 7, "a", [line(1, ZHANG, "张三", "16400000001")])
    run = again(folder)
    assert told(out, run) == [("RETIRED", stranger, 0)]
    assert follow(out, stranger) == 0
    with pytest.raises(FusionUnknown):
        explain(out, stranger)
    rows = [line(1, ZHANG, "张三", "16400000001"), line(7, None, "王五", "16400000009")]
    rows_write(folder / "in", 7, "a", rows)
    run = again(folder)
    assert uids(out)[7] == stranger  # even after a run in which no row was without a number
    assert told(out, run) == [("CREATED", stranger, 0)]


def test_joined_subjects_are_told_and_parted_ones_get_their_own_identifiers_back(folder):
    out = folder / "out"
    rows_write(folder / "in", 7, "b", [line(9, None, "赵六", "16400000003")])
    again(folder)
    before = uids(out)
    must = Decision((7, 8), (7, 9), "MUST")
    run = again(folder, must)
    assert uids(out)[9] == before[7] == uids(out)[7]
    assert told(out, run) == [("MERGED", before[9], before[7])]
    run = again(folder)
    assert uids(out) == before
    assert told(out, run) == [("CREATED", before[9], before[7]), ("SPLIT", before[7], before[9])]


def test_a_cannot_takes_a_linked_row_out_and_undone_brings_it_back(folder):
    out = folder / "out"
    rows_write(folder / "in", 7, "b", [line(3, None, "张三", "16400000001")])
    again(folder)
    person = uids(out)[3]
    assert person == uids(out)[1]
    run = again(folder, Decision((7, 3), (7, 1), "CANNOT"))
    alone = uids(out)[3]
    assert told(out, run) == [("CREATED", alone, person), ("SPLIT", person, alone)]
    run = again(folder)
    assert told(out, run) == [("ABSORBED", alone, person)]
    again(folder, Decision((7, 3), (7, 1), "CANNOT"))
    assert uids(out)[3] == alone


def test_an_identifier_outlives_the_row_that_led_it(folder):
    out, stranger = folder / "out", uids(folder / "out")[7]
    rows_write(
        folder / "in",
        7,
        "a",
        [line(1, ZHANG, "张三", "16400000001"), line(8, None, "王五", "16400000009")],
    )
    run = again(folder)
    assert uids(out)[8] == stranger
    assert told(out, run) == []
    rows_write(folder / "in", 7, "b", [line(7, None, "王五", "16400000009")])
    again(folder)
    assert uids(out)[7] == uids(out)[8] == stranger


def test_must_rows_go_to_one_person_together_whatever_the_order_of_decisions(folder):
    rows_write(folder / "in", 7, "b", [line(9, None, "赵六", None), line(10, None, "孙七", None)])
    chain = [
        Decision((7, 9), (7, 10), "MUST"),
        Decision((7, 10), (7, 7), "MUST"),
        Decision((7, 7), (7, 1), "MUST"),
    ]
    for decisions in (chain, chain[::-1]):
        again(folder, *decisions)
        found = uids(folder / "out")
        assert {found[row] for row in (7, 9, 10)} == {found[1]}


def test_must_outlasts_the_guard_of_clusters(folder):
    plan = replace(PLAN, cluster_guard=3)
    rows = [line(n, None, "周八", "16400000004") for n in range(20, 25)]
    rows_write(folder / "in", 7, "b", rows)
    must = [Decision((7, 20), (7, 21), "MUST")]
    fused(folder / "in", folder / "out", plan, decisions=must)
    found = uids(folder / "out")
    assert len({found[n] for n in range(20, 25)}) == 4
    assert found[20] == found[21]


def test_a_decision_that_joins_two_clusters_does_not_break_them_on_the_guard(folder):
    plan = replace(PLAN, cluster_guard=3)
    rows = [line(n, None, "周八", "16400000004") for n in range(20, 23)]
    rows += [line(n, None, "吴九", "16400000005") for n in range(30, 33)]
    rows_write(folder / "in", 7, "b", rows)
    must = [Decision((7, 20), (7, 32), "MUST")]
    fused(folder / "in", folder / "out", plan, decisions=must)
    found = uids(folder / "out")
    assert len({found[row["row_no"]] for row in rows}) == 1


def test_two_numbers_are_never_joined_by_a_row_that_must_be_with_both(folder):
    rows_write(folder / "in", 7, "b", [line(2, LI, "李四", "16400000002")])
    again(folder, Decision((7, 7), (7, 1), "MUST"), Decision((7, 7), (7, 2), "MUST"))
    found = uids(folder / "out")
    assert len({found[1], found[2], found[7]}) == 3


def test_the_feed_outlives_runs_and_a_killed_run_leaves_nothing_in_it(folder):
    out = folder / "out"
    first = manifest_read(out).run
    for _ in range(3):
        again(folder)
    runs = [run for _sequence, run, _path in events_list(out)]
    assert len(runs) == 4
    assert runs[0] == first
    assert not (out / f"run-{first}").exists()
    (out / "events" / "00000005-dead.parquet").write_bytes(
        b"a run that was killed before its manifest"
    )
    assert [run for _sequence, run, _path in events_list(out)] == runs
    again(folder)
    leftovers_clear(out)
    assert [number for number, _run, _path in events_list(out)] == [1, 2, 3, 4, 5]
    assert len(list((out / "events").iterdir())) == 5
    with pytest.raises(LookupError):
        list(events(out, since="dead"))


def test_a_run_that_doubles_the_master_is_a_build_and_not_a_thousand_births(folder, monkeypatch):
    monkeypatch.setattr("yiwang.resources.fusion.events.BUILT_FROM", 2)
    numbers = [id_number_make("320508", BORN, sequence) for sequence in range(400, 405)]
    rows = [line(n, number, "赵六", None) for n, number in enumerate(numbers, start=40)]
    rows_write(folder / "in", 7, "b", rows)
    run = again(folder)
    assert [one.event for one in events(folder / "out", since=run)] == ["BUILT"]


def test_identifiers_and_decisions_outlast_another_plan_of_the_same_subjects(folder):
    out = folder / "out"
    rows_write(folder / "in", 7, "b", [line(3, None, "张三", "16400000001")])
    decisions = [Decision((7, 3), (7, 1), "CANNOT"), Decision((7, 3), (7, 7), "MUST")]
    again(folder, *decisions)
    before = uids(out)
    assert before[3] == before[7] != before[1]
    trained = replace(PLAN, levels=PLAN.levels[::-1], trust={}, link_blocks=())
    result = fused(folder / "in", out, trained, decisions=decisions)
    assert (result.touched, uids(out)) == (PLAN.buckets, before)


def test_another_number_of_buckets_is_refused_and_the_master_stands(folder):
    run = manifest_read(folder / "out").run
    with pytest.raises(FusionPlanChanged):
        fused(folder / "in", folder / "out", replace(PLAN, buckets=8))
    assert manifest_read(folder / "out").run == run


def test_splink_obeys_decisions_and_what_is_decided_is_not_asked_again(folder):
    out, linking = folder / "out", replace(QUICK, probabilistic=True)
    rows = [
        line(39, LI, "王小明", "16400000003", address="姑苏区3幢"),
        line(40, None, "王晓明", None, address="姑苏区3幢"),
        line(41, None, "赵六六", "16400000001", address="姑苏区1幢", birth_date=None),
        line(1, ZHANG, "张三", "16400000001", address="姑苏区1幢"),
    ]
    rows_write(folder / "in", 7, "b", rows)

    def asked(*decisions: Decision) -> list[int]:
        fused(folder / "in", out, options=linking, decisions=decisions)
        review = pq.read_table(master_open(out).folder / "review.parquet")
        return review.column("row_no").to_pylist()

    assert asked() == [41]
    assert uids(out)[40] == uids(out)[39]
    assert asked(Decision((7, 40), (7, 39), "CANNOT"), Decision((7, 41), (7, 1), "CANNOT")) == []
    assert uids(out)[40] != uids(out)[39]
    both = [Decision((7, 41), (7, 7), "MUST"), Decision((7, 7), (7, 39), "MUST")]
    assert asked(*both) == []
    assert uids(out)[41] == uids(out)[39]


def test_two_rows_of_a_class_with_one_number_still_make_two_subjects(folder):
    rows_write(folder / "in", 7, "b", [line(7, None, "赵六", None)])
    for _ in range(2):
        again(folder)
        people = [row["uid"] for row in rows_of(folder / "out") if row["row_no"] == 7]
        assert len(set(people)) == 2


def filled(out) -> list[tuple]:
    return [
        (one["uid"], one["field"], one["value"], one["class"], one["row_no"], one["rule"])
        for path in master_open(out).files("filled")
        for one in pq.read_table(path).to_pylist()
    ]


def test_a_linked_row_fills_what_no_numbered_row_says_and_changes_nothing_else(folder):
    out = folder / "out"
    rows_write(
        folder / "in",
        7,
        "b",
        [
            line(3, None, "张三", "16400000001", address="苏州市姑苏区1幢", seconds=10),
            line(4, None, "张三", "16400000001", address="苏州市姑苏区2幢", seconds=20),
            line(5, None, "张三", "16400000001", marital="20", sex="女"),
        ],
    )
    before = persons_of(out)
    result = fused(folder / "in", out)
    assert persons_of(out) == before
    person = uids(out)[1]
    assert filled(out) == [
        (person, "sex", "2", 7, 5, "KEY_2"),
        (person, "marital", "20", 7, 5, "KEY_2"),
        (person, "address", "姑苏区2幢", 7, 4, "KEY_2"),
    ]
    assert result.filled == {"sex": 1, "marital": 1, "address": 1}
    [path] = master_open(out).files("filled")
    inode = path.stat().st_ino
    again(folder)
    assert master_open(out).files("filled")[0].stat().st_ino == inode

    rows_write(folder / "in", 7, "c", [line(6, ZHANG, "张三", None, address="苏州市姑苏区3幢")])
    again(folder)
    assert [one[1] for one in filled(out)] == ["sex", "marital"]
    again(folder, Decision((7, 5), (7, 1), "CANNOT"))
    assert filled(out) == []


def test_a_death_is_believed_only_with_a_number(tmp_path):
    plan = replace(city_population_plan(), buckets=4)
    rows = [
        {
            "row_no": 1,
            "id_number": ZHANG,
            "name": "张三",
            "birth_date": "1985-01-01",
            "address": "姑苏区1幢",
        },
        {
            "row_no": 2,
            "name": "张三",
            "birth_date": "1985-01-01",
            "address": "姑苏区1幢",
            "deceased_date": "2020-01-01",
            "community": "320508001001",
        },
    ]
    rows_write(tmp_path / "in", 1, "a", rows, plan)
    fused(tmp_path / "in", tmp_path / "out", plan)
    assert [one[1:3] for one in filled(tmp_path / "out")] == [("community", "320508001001")]


def test_an_explanation_has_every_row_every_claim_and_why(folder):
    out = folder / "out"
    register = {"row_no": 30, "id_number": ZHANG, "name": "张山", "seconds": 5, "birth_date": BORN}
    rows_write(folder / "in", 1, "r", [register])
    rows_write(
        folder / "in", 7, "b", [line(3, None, "张山", "16400000004", address="苏州市姑苏区1幢")]
    )
    rows_write(folder / "in", 7, "c", [line(4, ZHANG, "张三", "16400000004", seconds=90)])
    again(folder)
    old = ZHANG[:6] + ZHANG[8:17]
    told = explain(out, ZHANG)
    assert explain(out, old).uid == explain(out, told.uid).uid == told.uid == uids(out)[1]
    assert told.identifier == ZHANG
    assert [(row.number, row.row_no, row.rule, row.origin) for row in told.rows] == [
        (1, 30, "EXACT_ID", "D01/C01/r.parquet"),
        (7, 1, "EXACT_ID", "D02/C07/a.parquet"),
        (7, 4, "EXACT_ID", "D02/C07/c.parquet"),
        (7, 3, "KEY_2", "D02/C07/b.parquet"),
    ]
    assert told.rows[3].values == {
        "name": "张山",
        "birth_date": "1985-01-01",
        "phone": "16400000004",
        "address": "姑苏区1幢",
    }
    assert told.rows[2].at == datetime(1970, 1, 1, 0, 1, 30)
    fields = {one.name: one for one in told.fields}
    name = fields["name"]
    assert (name.winner.value, name.winner.rank, name.winner.title) == ("张山", 9, "户籍人口")
    assert [(one.value, one.row_no) for one in name.losing] == [("张三", 4)]
    assert "《中华人民共和国居民身份证法》第三条" in name.why.text("zh")
    assert fields["phone"].winner.row_no == 4
    assert [one.row_no for one in fields["phone"].losing] == [1]
    assert "1970-01-01" in fields["phone"].why.text("en")
    assert (fields["address"].rule, fields["address"].winner.row_no) == ("KEY_2", 3)
    assert fields["employer"].winner is None
    plain = told.as_json("zh")
    assert plain["rows"][3]["why"].startswith("该记录没有有效号码")
    assert told.as_json("en")["rows"][0]["why"] == (
        "The row carries the validated number of this subject."
    )


def test_a_source_row_knows_whose_it_is_and_why(folder):
    out = folder / "out"
    rows_write(folder / "in", 7, "b", [line(3, None, "张三", "16400000001")])
    again(folder)
    found = {row: row_of(out, 7, row) for row in (1, 3, 7)}
    assert {row: place.uid for row, place in found.items()} == {
        row: uids(out)[row] for row in found
    }
    assert [place.row.rule for place in found.values()] == ["EXACT_ID", "KEY_2", "CLUSTERED"]
    assert [place.identifier for place in found.values()] == [ZHANG, ZHANG, ""]
    assert found[3].row.values["name"] == "张三"
    for path in (out / "stage").iterdir():
        path.unlink()
    assert {row: row_of(out, 7, row).uid for row in found} == {row: uids(out)[row] for row in found}
    assert [row.values for row in explain(out, ZHANG).rows] == [{}, {}]
    with pytest.raises(FusionUnknown, match="C07 99"):
        row_of(out, 7, 99)
    with pytest.raises(FusionUnknown):
        explain(out, LI)
    with pytest.raises(FusionUnknown):
        explain(out, "12")


def compared(out) -> set[tuple]:
    folder = master_open(out).folder
    return {
        (
            one["rule"],
            one["uid"],
            tuple((row["class"], row["row_no"]) for row in one["rows"]),
            one["params"],
        )
        for one in pq.read_table(folder / "comparisons.parquet").to_pylist()
    }


def test_comparisons_find_what_contradicts_and_name_the_rows(tmp_path):
    plan = replace(city_population_plan(), buckets=4)
    old = id_number_make("320508", date(1900, 1, 1), 123)
    young = id_number_make("320508", date(2015, 1, 1), 123)
    rows = [
        {"row_no": 1, "id_number": ZHANG, "birth_date": "1985-01-02", "sex": "2", "name": "张三"},
        {"row_no": 2, "id_number": LI, "birth_date": "1985-01-01", "deceased_date": "2020-01-01"},
        {"row_no": 3, "id_number": old},
        {"row_no": 4, "id_number": young, "marital": "20", "seconds": 1_700_000_000},
    ]
    rows_write(tmp_path / "in", 1, "a", rows, plan)
    work = [
        {"row_no": 5, "id_number": LI, "employer": "某厂", "seconds": 1_700_000_000},
        {"row_no": 6, "id_number": young, "employer": "某厂", "seconds": 1_700_000_000},
        {"row_no": 7, "id_number": ZHANG, "name": "李四", "birth_date": "1985-01-01"},
    ]
    rows_write(tmp_path / "in", 9, "a", work, plan)
    result = fused(tmp_path / "in", tmp_path / "out", plan, compare=True)
    found = {(rule, rows) for rule, _uid, rows, _params in compared(tmp_path / "out")}
    assert found == {
        ("BIRTH_DATE_NUMBER", ((1, 1),)),
        ("SEX_NUMBER", ((1, 1),)),
        ("NUMBER_OF_TWO", ((1, 1), (9, 7))),
        ("DEAD_INSURED", ((1, 2), (9, 5))),
        ("OVER_AGE", ()),
        ("MARRIED_EARLY", ((1, 4),)),
        ("CHILD_EMPLOYED", ((9, 6),)),
    }
    assert result.comparisons == dict.fromkeys((rule for rule, _rows in found), 1)


def test_a_telephone_of_too_many_persons_is_found_with_their_number(folder):
    numbers = [id_number_make("320508", BORN, sequence) for sequence in range(400, 412)]
    rows = [line(n, number, "赵六", "16400000005") for n, number in enumerate(numbers, start=40)]
    rows_write(folder / "in", 7, "b", rows)
    fused(folder / "in", folder / "out", compare=True)
    found = compared(folder / "out")
    assert {one[0] for one in found} == {"SHARED_PHONE"}
    assert {one[2] for one in found} == {((7, n),) for n in range(40, 52)}
    assert {one[3] for one in found} == {'{"count": 12, "limit": 10}'}
    [text] = {one.message.text("zh") for one in findings(folder / "out")}
    assert text == "超过 10 人使用同一联系电话：共 12 人。"


def test_a_cancelled_firm_that_is_insured_later_is_found_with_both_rows(tmp_path):
    plan = replace(city_legal_person_plan(), buckets=2)
    firm = {"row_no": 1, "id_number": "91320508MA1XYW01XY", "name": "某公司", "status": "3"}
    rows_write(tmp_path / "in", 1, "a", [firm | {"seconds": 10}], plan)
    rows_write(tmp_path / "in", 5, "a", [firm | {"status": "1", "seconds": 20}], plan)
    fused(tmp_path / "in", tmp_path / "out", plan, compare=True)
    [(rule, _uid, rows, _params)] = compared(tmp_path / "out")
    assert (rule, rows) == ("CANCELLED_INSURED", ((1, 1), (5, 1)))
