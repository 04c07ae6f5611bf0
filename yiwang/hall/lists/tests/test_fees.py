"""What matters charge is compared with the fee catalogue; a file that cannot be read changes nothing."""

import dataclasses
from pathlib import Path

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from yiwang.engines.api import decision_model_put
from yiwang.hall.lists import fees
from yiwang.hall.lists.errors import FeeFileUnreadable
from yiwang.hall.lists.fees import ChargedFee, FeeRow, differences_find
from yiwang.hall.lists.models import FeeEntry
from yiwang.hall.lists.tests.conftest import COLLEAGUE, NOW, STATEMENT, person, put
from yiwang.kernel.api import audit_list, context_system, context_use
from yiwang.sdk.errors import Forbidden
from yiwang.sdk.packs import Fee, definition_load, pack_read

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
    listed = [entry("2", 1000), entry("3"), entry("4"), entry("5"), entry("7", 1000), entry("9")]
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
        (HEAD + "1,费,文,,0.001\n", 2),
        (HEAD + "1,费,文,,NaN\n", 2),
        (HEAD.strip() + ",min_yuan\n1,费,文,,1,2\n", 2),
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


RATES = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="m" name="m" namespace="urn:m">
<inputData id="kind" name="kind"><variable id="kv" name="kind" typeRef="string"/></inputData>
<inputData id="size" name="size"><variable id="sv" name="size" typeRef="number"/></inputData>
<decision id="rate" name="Rate"><variable id="rv" name="Rate" typeRef="number"/>
<informationRequirement id="q1"><requiredInput href="#kind"/></informationRequirement>
<decisionTable id="t" hitPolicy="UNIQUE"><input id="i"><inputExpression id="e" typeRef="string"><text>kind</text>
</inputExpression></input><output id="o" typeRef="number"/>
<rule id="r1"><inputEntry id="c1"><text>"A"</text></inputEntry><outputEntry id="x1"><text>200</text></outputEntry></rule>
<rule id="r2"><inputEntry id="c2"><text>"B"</text></inputEntry><outputEntry id="x2"><text>{second}</text></outputEntry></rule>
<rule id="r3"><inputEntry id="c3"><text>"C"</text></inputEntry><outputEntry id="x3"><text>0</text></outputEntry></rule>
</decisionTable></decision>
<decision id="fee" name="Fee"><variable id="fv" name="Fee" typeRef="number"/>
<informationRequirement id="q2"><requiredDecision href="#rate"/></informationRequirement>
<informationRequirement id="q3"><requiredInput href="#size"/></informationRequirement>
<literalExpression id="l"><text>{whole}</text></literalExpression></decision></definitions>"""
BY_UNIT = Fee(
    decision="test.rates",
    question="Fee",
    rate="Rate",
    unit={"zh": "吨", "en": "ton"},
    basis="甲号文",
)


def tabled(second: str = "800", whole: str = "Rate * size", fee: Fee = BY_UNIT):
    """Put a table of rates in force and return what a matter charges by it."""
    xml = RATES.replace("{second}", second).replace("{whole}", whole)
    with context_use(context_system("test")):
        decision_model_put("test.rates", xml, title={"zh": "费", "en": "Fees"}, now=NOW)
    return fees.charged_of(dataclasses.replace(STATEMENT, fee=fee))


def held(one: ChargedFee, row: FeeRow) -> list[tuple[str, list[int]]]:
    found = differences_find({one.code: one}, {one.code: row})
    return [(each.kind, [amount.rule for amount in each.rows]) for each in found]


def priced(least: int | None, most: int | None, unit: str = "吨") -> FeeRow:
    return FeeRow(STATEMENT.code, "费", "甲号文", "每吨", most, least, unit)


@pytest.mark.django_db
def test_every_row_of_a_fee_table_is_held_against_the_published_range():
    assert held(tabled(), priced(200, 800)) == []
    assert held(tabled(), priced(200, 799)) == [("ABOVE", [2])]
    assert held(tabled(), priced(201, 800)) == [("BELOW", [1])]  # a waiver is never too low
    assert held(tabled("800.5"), priced(None, 800)) == [("ABOVE", [2])]
    assert held(tabled(), priced(200, 800, unit="")) == [("OTHER_UNIT", [])]
    assert held(tabled(), priced(None, None, unit="")) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "made",
    [
        {"whole": "Rate * size + 100"},
        {"second": "if size &gt; 9 then 900 else 100"},
        {"second": "-5"},
        {"fee": dataclasses.replace(BY_UNIT, rate="Fee")},
    ],
)
def test_what_cannot_be_told_row_by_row_is_no_agreement(made):
    assert held(tabled(**made), priced(200, 800)) == [("UNCLEAR", [])]


@pytest.mark.django_db
def test_a_matter_that_charges_what_the_catalogue_does_not_allow_is_refused():
    tabled()
    matter = dataclasses.replace(STATEMENT, fee=BY_UNIT)
    assert list(fees.fee_check(matter)) == []  # no catalogue yet
    with context_use(COLLEAGUE):
        fees.fees_load([priced(200, 500)], source="费.csv", now=NOW)
    assert list(fees.fee_check(matter)) == [
        (
            ("fee",),
            "Charged above the catalogue. Charged: rule 2: 8.00 yuan; allowed: 2.00–5.00 yuan per 吨.",
        )
    ]
    other = dataclasses.replace(matter, code="320714009000")
    assert list(fees.fee_check(other)) == [(("fee",), "Charged, but not in the fee catalogue.")]
    assert list(fees.fee_check(dataclasses.replace(other, fee=None))) == []
    with context_use(COLLEAGUE):
        fees.fees_load([priced(200, 800)], source="费.csv", now=NOW)
    assert list(fees.fee_check(matter)) == []


@pytest.mark.django_db
def test_the_shipped_fee_table_stands_in_the_shipped_catalogue():
    pack = pack_read(Path(settings.PACK_DIRS[0]) / "urban_services")
    xml = next(file.data for file in pack.section("decisions") if file.name == "waste_fee")
    matter = next(f for f in pack.section("matters") if f.name == "construction_waste")
    with context_use(context_system("test")):
        title = {"zh": "费", "en": "Fee"}
        decision_model_put("urban_services.waste_fee", xml, title=title, now=NOW)
        fees.fees_load(fees.fee_rows_read(fees.SHIPPED.read_bytes()), source="费.csv", now=NOW)
    definition = definition_load(matter.data)
    fee = dataclasses.replace(definition.fee, decision="urban_services.waste_fee")
    assert list(fees.fee_check(dataclasses.replace(definition, fee=fee))) == []
    assert FeeEntry.objects.get().min_fen == 200
