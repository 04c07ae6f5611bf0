"""Linkage of records without identifier on public sets with truth, against Splink's tutorials in the same run."""

import pyarrow as pa
import pytest

from tests.resources.linkage_sets import SETS, exact, ours, splink_alone
from yiwang.resources.fusion.library import link
from yiwang.resources.fusion.matching import Compared, Matching

NAMES = Matching(
    compared=(
        Compared("name", "NAME", frequent=True, swapped="family"),
        Compared("family", "NAME", swapped="name"),
        Compared("born", "DATE"),
    ),
    keys=(("name", "family", "born"),),
    blocks=(("born",), ("family",)),
)


def people(*rows: tuple[str, str, str]) -> pa.Table:
    columns = zip(*rows, strict=True)
    return pa.table(dict(zip(("name", "family", "born"), map(list, columns), strict=True)))


def test_rows_that_agree_on_a_key_are_one_whatever_their_case_and_blanks():
    linked = link(people(("Ann", "Lee", "1990-01-01"), (" ann ", "LEE", "1990-01-01")), NAMES)
    assert linked.cluster.tolist() == [0, 0]


def test_a_name_in_the_place_of_the_family_s_is_known_and_another_person_stays_apart():
    table = people(
        ("ann", "lee", "1990-01-01"),
        ("lee", "ann", "1990-01-01"),
        ("bob", "lee", "1971-12-30"),
    )
    assert link(table, NAMES).cluster.tolist() == [0, 0, 2]


def test_a_cluster_does_not_grow_past_its_guard():
    table = people(*[("ann", "lee", "1990-01-01")] * 5)
    matching = Matching(NAMES.compared, NAMES.keys, NAMES.blocks, guard=3)
    assert sorted(link(table, matching).cluster.tolist()) == [0, 0, 0, 3, 3]


def test_a_table_without_rows_has_no_clusters():
    assert link(people(("a", "b", "c")).slice(0, 0), NAMES).cluster.tolist() == []


@pytest.mark.heavy
@pytest.mark.parametrize("name", SETS)
def test_our_linkage_is_above_splink_alone_and_above_exact_rules(name):
    splink = splink_alone(name, (0.5, 0.95))
    assert ours(name).f1 > splink[0.95].f1  # the tutorials' own threshold
    assert ours(name, sure=0.5).f1 > splink[0.5].f1  # its best on these sets
    assert ours(name).f1 > exact(name).f1
    assert ours(name).precision >= 0.999
