"""What matters charge is compared with the fee catalogue; a file that cannot be read changes nothing."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.hall.lists import fees
from yiwang.hall.lists.errors import FeeFileUnreadable
from yiwang.hall.lists.fees import ChargedFee, FeeRow, differences_find
from yiwang.hall.lists.models import FeeEntry
from yiwang.hall.lists.tests.conftest import COLLEAGUE, NOW, STATEMENT, person, put
from yiwang.kernel.api import audit_list, context_use
from yiwang.sdk.errors import Forbidden
from yiwang.sdk.packs import Fee

HEAD = "code,title,basis,standard,max_yuan\n"


def charged(code: str, amount: int | None = 1000, basis: str = "甲号文") -> ChargedFee:
    return ChargedFee(code, {"zh": code, "en": code}, "housing", amount, basis)


def entry(code: str, most: int | None = None, basis: str = "甲号文") -> FeeRow:
    return FeeRow(code, "费", basis, "", most)


def test_every_kind_of_difference_is_found_the_gravest_first():
    matters = [
        charged("1"), charged("2", 2000), charged("3", basis="乙号文"), charged("4", 0),
        charged("5", None), charged("6", 0), charged("7", 1000),
    ]  # fmt: skip
    listed = [entry("2", 1000), entry("3"), entry("4"), entry("5", 1), entry("7", 1000), entry("9")]
    found = differences_find({m.code: m for m in matters}, {e.code: e for e in listed})
    assert [(one.kind, one.code) for one in found] == [
        ("OFF_CATALOGUE", "1"),
        ("ABOVE", "2"),
        ("OTHER_BASIS", "3"),
        ("NOT_CHARGED", "4"),
        ("NO_MATTER", "9"),
    ]


def test_a_matter_that_does_not_say_whether_it_charges_is_no_difference():
    assert differences_find({}, {"1": entry("1")}, silent=["1"]) == []


CODES = st.lists(st.sampled_from("abcdef"), unique=True)


@given(CODES, CODES)
def test_what_stands_in_one_and_not_in_the_other_is_always_told_and_agreement_never(ours, theirs):
    found = differences_find({c: charged(c) for c in ours}, {c: entry(c) for c in theirs})
    assert {one.code for one in found} == set(ours) ^ set(theirs)


@pytest.mark.django_db
def test_a_charge_off_the_catalogue_is_a_difference_until_the_catalogue_allows_it():
    put(dataclasses.replace(STATEMENT, fee=Fee(amount_fen=5000, basis="甲号文")))
    assert [(one.kind, one.code) for one in fees.fee_differences()] == [
        ("OFF_CATALOGUE", STATEMENT.code)
    ]
    text = HEAD + f"{STATEMENT.code},工本费,甲号文,每件,50\n"
    with context_use(COLLEAGUE):
        assert fees.fees_load(fees.fee_rows_read(text.encode()), source="费.csv", now=NOW) == 1
    assert fees.fee_differences() == []
    assert FeeEntry.objects.get().max_fen == 5000
    assert audit_list(subject="fee_catalogue")[0]["detail"]["added"] == [STATEMENT.code]
    with context_use(COLLEAGUE):
        fees.fees_load([entry("1")], source="新.csv", now=NOW)
    assert [one.kind for one in fees.fee_differences()] == ["OFF_CATALOGUE", "NO_MATTER"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("code,title\n1,费\n", 1),
        (HEAD + "1,费,文,,\n2,,文,,\n", 3),
        (HEAD + "1,费,文,,多\n", 2),
        (HEAD + "1,费,文,,0\n", 2),
        (HEAD + "1,费,文,,\n1,费,文,,\n", 3),
        ("\udcff", 1),
    ],
)
def test_a_file_that_cannot_be_read_says_the_line_and_changes_nothing(text, line):
    with pytest.raises(FeeFileUnreadable) as caught:
        fees.fee_rows_read(text.encode("utf-8", "surrogateescape"))
    assert caught.value.params["line"] == line
    with context_use(person(5)), pytest.raises(Forbidden):
        fees.fees_load([entry("1")], source="x", now=NOW)
    assert not FeeEntry.objects.exists()


@pytest.mark.django_db
def test_the_shipped_catalogue_can_be_read():
    assert [row.title for row in fees.fee_rows_read(fees.SHIPPED.read_bytes())] == [
        "建筑垃圾处置费"
    ]
