"""A matter's tables answer every application, ask only for what the form has, and say what they mean."""

import dataclasses

import pytest

from yiwang.engines.api import decision_model_put, form_put
from yiwang.hall.matters.publishing import tables_check
from yiwang.hall.matters.tests.conftest import CARD, NOW
from yiwang.sdk.packs import Branch, Eligibility, Routing

DMN = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="m" name="m" namespace="urn:m">
<inputData id="kind" name="kind"><variable id="kv" name="kind" typeRef="string"/></inputData>
<decision id="d" name="Ruling"><variable id="v" name="Ruling"/>
<informationRequirement id="q"><requiredInput href="#kind"/></informationRequirement>
<decisionTable id="t" hitPolicy="UNIQUE"><input id="i"><inputExpression id="e" typeRef="string"><text>kind</text>
</inputExpression><inputValues id="a"><text>{allowed}</text></inputValues></input>{outputs}{rules}
</decisionTable></decision></definitions>"""
FORM = {
    "key": "kinds",
    "title": {"zh": "表", "en": "Form"},
    "schema": {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"type": "string", "enum": ["A", "B"]}, "free": {"type": "string"}},
    },
    "ui": {
        "pages": [{"key": "one", "title": {"zh": "页", "en": "Page"}, "fields": ["kind", "free"]}],
        "fields": {
            "kind": {
                "title": {"zh": "种类", "en": "Kind"},
                "options": [
                    {"value": "A", "zh": "甲", "en": "A"},
                    {"value": "B", "zh": "乙", "en": "B"},
                ],
            },
            "free": {"title": {"zh": "说明", "en": "Note"}},
        },
    },
}
WORDS = ('"可以"', '"yes"')


def table(names: tuple[str, ...], *rules: tuple[str, ...], allowed: str = '"A", "B"') -> str:
    outputs = "".join(f'<output id="o{n}" name="{name}"/>' for n, name in enumerate(names))
    made = ""
    for number, (test, *cells) in enumerate(rules):
        texts = "".join(
            f'<outputEntry id="c{number}_{n}"><text>{cell}</text></outputEntry>'
            for n, cell in enumerate(cells)
        )
        made += f'<rule id="r{number}"><inputEntry id="t{number}"><text>{test}</text></inputEntry>{texts}</rule>'
    return DMN.replace("{allowed}", allowed).replace("{outputs}", outputs).replace("{rules}", made)


@pytest.fixture
def said(db, system):
    """Put a table and the form in force, and return what is said against a matter that uses them."""

    def check(xml: str, *, question: str = "Ruling", form=FORM, **changes) -> list[str]:
        decision_model_put("test.table", xml, title={"zh": "表", "en": "Table"}, now=NOW)
        used = form_put("test.kinds", form, source="test")
        if not changes:
            rule = Eligibility(zh="居民", en="Residents", decision="test.table", question=question)
            changes = {"eligibility": rule}
        matter = dataclasses.replace(CARD, **changes)
        return [sentence for _keypath, sentence in tables_check(matter, used)]

    return check


ELIGIBLE = ("eligible", "zh", "en")
ROUTING = Routing("test.table", "Ruling", "按种类", "By kind")


def test_a_whole_table_in_words_may_be_published(said):
    assert said(table(ELIGIBLE, ('"A"', "true", *WORDS), ('"B"', "false", *WORDS))) == []


def test_a_gap_is_refused_with_its_place(said):
    assert said(table(ELIGIBLE, ('"A"', "true", *WORDS))) == ['Ruling ("B"): no rule answers.']


def test_a_cell_that_cannot_be_looked_into_is_refused(said):
    xml = table(
        ELIGIBLE, ('"A"', "true", *WORDS), ('string length(?) = 1 and ? != "A"', "false", *WORDS)
    )
    assert said(xml) == ["Ruling [2]: has cells that cannot be looked into."]


def test_what_the_form_offers_beyond_the_table_is_refused(said):
    xml = table(ELIGIBLE, ('"A"', "true", *WORDS), allowed='"A"')
    assert said(xml) == ["The form offers kind B, the table does not take it."]


def test_the_table_asks_only_for_what_the_form_requires(said):
    xml = table(ELIGIBLE, ("-", "true", *WORDS)).replace("kind", "free")
    assert said(xml) == ["test.table asks for free, which the form does not require."]
    assert said(xml.replace("free", "gone")) == [
        "test.table asks for gone, which the form does not ask for."
    ]


def test_a_rule_without_words_or_answer_is_refused(said):
    xml = table(ELIGIBLE, ('"A"', "kind", '""', '"yes"'), ('"B"', "true", *WORDS))
    assert said(xml) == [
        "Ruling, rule 1: the output zh must be a text that says what the rule means.",
        "Ruling, rule 1: the output eligible must be true or false.",
    ]


def test_a_decision_that_is_no_table_is_refused(said):
    xml = table(ELIGIBLE, ("-", "true", *WORDS))
    assert said(xml, question="Another") == ["test.table has no table Another."]


@pytest.mark.parametrize(
    ("names", "cell", "sentence"),
    [
        (
            ("level", "zh", "en"),
            '"PROVINCE"',
            "the level PROVINCE is none of CITY, DISTRICT, STREET.",
        ),
        (("department", "zh", "en"), '"wizards"', "no department has the function wizards."),
        (("first_review", "zh", "en"), '"yes"', "first_review must be true or false."),
        (("other", "zh", "en"), '"x"', "it says neither level nor department nor first_review."),
    ],
)
def test_a_routing_rule_names_a_department_that_there_is(said, names, cell, sentence):
    assert said(table(names, ("-", cell, *WORDS)), routing=ROUTING) == [
        f"Ruling, rule 1: {sentence}"
    ]


def test_who_reviews_first_is_named_and_lower_than_who_decides(said):
    xml = table(("level", "first_review", "zh", "en"), ("-", '"DISTRICT"', "true", *WORDS))
    assert said(xml, routing=ROUTING) == [
        "Ruling, rule 1: a lower organ reviews first, and the matter has no branch of the role FIRST_REVIEW."
    ]
    title = {"zh": "初审", "en": "First review"}
    first = Branch("first", title, "civil_affairs", "DISTRICT", role="FIRST_REVIEW")
    assert said(xml, routing=ROUTING, branches=(first,)) == [
        "Ruling, rule 1: the DISTRICT organ reviews first, so a higher one has to decide."
    ]
    city = xml.replace('"DISTRICT"', '"CITY"')
    assert said(city, routing=ROUTING, branches=(first,)) == []
