"""The residue: second keys with a single candidate, linkage, people's decisions, guards."""

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow.parquet as pq
import pytest

from yiwang.config.generate.legal_persons import generate_legal_persons
from yiwang.config.generate.population import generate_population
from yiwang.resources.fusion.data import Decision, FusionOptions
from yiwang.resources.fusion.library import score
from yiwang.resources.fusion.plans import legal_person_plan
from yiwang.resources.fusion.publish import master_open
from yiwang.resources.fusion.residue import components
from yiwang.resources.fusion.tests.made import PLAN, QUICK, fused, groups_of, rows_of, rows_write
from yiwang.sdk.identifiers import id_number_make

BORN = date(1985, 1, 1)
ZHANG, LI = (id_number_make("320508", BORN, number) for number in (123, 245))
LINKING = replace(QUICK, probabilistic=True)


def master_row(row_no: int, number: str, name: str, phone: str, home: str = "姑苏区1幢") -> dict:
    return {
        "row_no": row_no,
        "id_number": number,
        "name": name,
        "birth_date": "1985年01月01日",
        "phone": phone,
        "address": home,
    }


def rules_of(out) -> dict[int, tuple[int, str]]:
    return {row["row_no"]: (row["uid"], row["rule"]) for row in rows_of(out)}


@pytest.fixture
def two(tmp_path):
    """Two people of one birthday, and a row without number that agrees with the first on three fields."""
    rows = [
        master_row(1, ZHANG, "张三", "16400000001"),
        master_row(2, LI, "李四", "16400000002", "姑苏区2幢"),
        master_row(3, None, "张三", "16400000001", "吴江区9幢"),
    ]
    rows_write(tmp_path, 7, "a", rows)
    return tmp_path


def test_a_row_without_number_joins_the_only_person_whom_a_second_key_names(two):
    result = fused(two, two / "out")
    rules = rules_of(two / "out")
    assert rules[3] == (rules[1][0], "KEY_2")
    assert rules[1][1] == rules[2][1] == "EXACT_ID"
    assert (result.residue, result.linked) == (1, {"KEY_2": 1})


def test_with_two_candidates_a_key_is_no_hit(two):
    rows_write(two, 7, "b", [master_row(4, LI, "张三", "16400000001", "姑苏区2幢")])
    rows_write(two, 7, "c", [{**master_row(5, None, "张三", None, None), "id_number": "x"}])
    fused(two, two / "out")
    assert rules_of(two / "out")[5][1] == "RESIDUE"


def test_a_mistyped_number_finds_its_person_by_name_and_birth_date(two):
    wrong = ZHANG[:15] + "99" + ZHANG[17]
    rows_write(two, 7, "b", [{**master_row(6, wrong, "张三", None), "address": None}])
    fused(two, two / "out")
    rules = rules_of(two / "out")
    assert rules[6] == (rules[1][0], "KEY_4")


def test_two_different_valid_numbers_stay_two_persons_whatever_is_decided(two):
    decisions = [Decision((7, 1), (7, 2), "MUST")]
    fused(two, two / "out", decisions=decisions)
    rules = rules_of(two / "out")
    assert rules[1][0] != rules[2][0]


def test_a_person_s_decision_comes_before_every_key(two):
    fused(two, two / "out", decisions=[Decision((7, 3), (7, 2), "MUST")])
    rules = rules_of(two / "out")
    assert rules[3] == (rules[2][0], "DECIDED")


def test_what_may_not_be_together_stays_apart(two):
    fused(two, two / "out", decisions=[Decision((7, 1), (7, 3), "CANNOT")])
    rules = rules_of(two / "out")
    assert rules[3][0] not in (rules[1][0], rules[2][0])
    assert rules[3][1] == "RESIDUE"


def test_rows_that_no_person_was_found_for_join_among_themselves(two):
    strangers = [
        master_row(n, None, "王五", "16400000009", home)
        for n, home in ((7, "太仓市1幢"), (8, "太仓市2幢"), (9, None))
    ]
    rows_write(two, 7, "b", strangers)
    result = fused(two, two / "out")
    assert ((7, 7, "CLUSTERED"), (7, 8, "CLUSTERED"), (7, 9, "CLUSTERED")) in groups_of(two / "out")
    assert result.provisional == 1
    uid = rules_of(two / "out")[7][0]
    rows_write(two, 7, "c", [master_row(10, None, "王五", "16400000009")])
    fused(two, two / "out")
    assert rules_of(two / "out")[10][0] == uid == rules_of(two / "out")[7][0]

    apart = [Decision((7, 7), (7, 8), "CANNOT")]
    fused(two, two / "out", decisions=apart)
    rules = rules_of(two / "out")
    assert rules[7][0] == uid != rules[8][0]


def test_a_cluster_past_the_guard_falls_apart_and_a_crowded_person_is_reviewed(two):
    plan = replace(PLAN, cluster_guard=3)
    rows = [master_row(n, None, "王五", "16400000009") for n in range(20, 24)]
    rows += [master_row(n, None, "李四", "16400000002") for n in range(30, 34)]
    rows_write(two, 7, "b", rows)
    result = fused(two, two / "out", plan)
    rules = rules_of(two / "out")
    assert len({rules[n][0] for n in range(20, 24)}) == 4
    assert {rules[n][1] for n in range(20, 34) if n in rules} == {"RESIDUE"}
    review = pq.read_table(master_open(two / "out").folder / "review.parquet")
    assert sorted(review.column("row_no").to_pylist()) == [30, 31, 32, 33]
    assert result.review == 4


def test_splink_links_what_no_key_could_and_only_when_it_is_sure(two):
    rows = [
        master_row(39, id_number_make("320508", BORN, 367), "王小明", "16400000003", "姑苏区3幢"),
        # A name by ear; birth date and address agree, no exact key has these without the name.
        master_row(40, None, "王晓明", None, "姑苏区3幢"),
        # Another name at the same address with the same telephone is the family, not the person.
        {**master_row(41, None, "赵六六", "16400000001"), "birth_date": None},
    ]
    rows_write(two, 7, "b", rows)
    fused(two, two / "out", options=LINKING)
    rules = rules_of(two / "out")
    assert rules[40] == (rules[39][0], "LINKED")
    assert rules[41][1] == "RESIDUE"
    review = pq.read_table(master_open(two / "out").folder / "review.parquet")
    assert review.select(["row_no", "uid"]).to_pylist() == [{"row_no": 41, "uid": rules[1][0]}]


def test_two_rows_without_a_number_that_are_likely_one_are_asked_and_the_answer_holds(two):
    rows = [
        master_row(51, None, "王小明", "16400000005", "姑苏区5幢"),
        master_row(52, None, "王晓明", "16400000006", "姑苏区5幢"),
        master_row(53, None, "赵六六", "16400000005", "姑苏区5幢"),  # another of the household
    ]
    rows_write(two, 7, "b", rows)
    ends = ("class", "row_no", "uid", "other_class", "other_row_no")

    def asked(*decisions: Decision) -> list[tuple]:
        fused(two, two / "out", options=LINKING, decisions=decisions)
        review = pq.read_table(master_open(two / "out").folder / "review.parquet").to_pylist()
        return [tuple(one[name] for name in ends) for one in review]

    assert asked() == [(7, 51, None, 7, 52)]
    assert asked(Decision((7, 51), (7, 52), "CANNOT")) == []
    assert asked(Decision((7, 52), (7, 51), "MUST")) == []
    rules = rules_of(two / "out")
    assert rules[51] == rules[52] == (rules[51][0], "CLUSTERED")
    assert rules[53][0] != rules[51][0]


def test_a_block_of_more_rows_than_the_guard_asks_nobody(two):
    names = ("王小明", "王晓明", "王小敏", "王晓敏")
    rows = [master_row(60 + n, None, name, None, "某镇集体户") for n, name in enumerate(names)]
    rows_write(two, 7, "b", rows)
    for guard, pairs in ((4, 4), (3, 0)):
        plan = replace(PLAN, cluster_guard=guard)
        fused(two, two / "out", plan, options=LINKING)
        review = pq.read_table(master_open(two / "out").folder / "review.parquet")
        assert len(review) == pairs, guard


def test_made_people_come_back_as_they_were_made(tmp_path):
    generate_population(persons=1_300, records=10_000, out=tmp_path / "in", seed=5, workers=1)
    result = fused(
        tmp_path / "in", tmp_path / "out", options=FusionOptions(workers=1, seed=1, durable=False)
    )
    found = score(tmp_path / "out", tmp_path / "in" / "truth")
    assert found.precision >= 0.999
    assert found.recall >= 0.99
    assert result.records == 10_000
    assert json.loads(json.dumps(result.as_json()))["persons"] == result.persons


def test_made_organisations_come_back_as_they_were_made(tmp_path):
    generate_legal_persons(persons=200, records=6_000, out=tmp_path / "in", seed=5, workers=1)
    plan = replace(legal_person_plan(), buckets=2)
    result = fused(tmp_path / "in", tmp_path / "out", plan)
    found = score(tmp_path / "out", tmp_path / "in" / "truth")
    assert found.precision >= 0.999
    assert found.recall >= 0.99
    assert result.persons == 200


def test_components_are_found_along_chains_of_any_order():
    random = np.random.default_rng(1)
    order = random.permutation(500)
    edges = np.column_stack([order[:-1], order[1:]])
    assert components(501, edges).tolist() == [0] * 500 + [500]
