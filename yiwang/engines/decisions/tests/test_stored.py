"""Decision models in force: stored as versions, refused when contradictory, asked, looked at."""

from datetime import UTC, datetime

import pytest
from django.test import RequestFactory
from django.urls import reverse
from django.utils.translation import override

from yiwang.engines.decisions import views
from yiwang.engines.decisions.actions import decision_model_put
from yiwang.engines.decisions.data import DecisionModelRefused, DecisionModelUnknown
from yiwang.engines.decisions.queries import decision_evaluate, decision_model_get
from yiwang.kernel.api import RequestContext, context_system, context_use

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
RULE = (
    '<rule id="r{n}"><inputEntry id="i{n}"><text>{test}</text></inputEntry>'
    '<outputEntry id="o{n}"><text>{fee}</text></outputEntry></rule>'
)
MODEL = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" name="签发收费" namespace="urn:fee">
<inputData id="a" name="Age"><variable name="Age" typeRef="number"/></inputData>
<decision id="d" name="Fee"><variable name="Fee" typeRef="number"/>
<informationRequirement id="q"><requiredInput href="#a"/></informationRequirement>
<decisionTable id="t" hitPolicy="UNIQUE"><input id="c" label="年龄"><inputExpression id="e" typeRef="number"><text>Age</text></inputExpression></input>
<output id="p" typeRef="number"/>{rules}</decisionTable></decision></definitions>"""


def model(*rules: tuple[str, str]) -> str:
    text = "".join(RULE.format(n=n, test=test, fee=fee) for n, (test, fee) in enumerate(rules))
    return MODEL.replace("{rules}", text)


WHOLE = model(("&lt; 60", "1050.5"), ("&gt;= 60", "0"))


@pytest.fixture
def put(db):
    def store(xml: str, key: str = "test.fees"):
        with context_use(context_system("test")):
            return decision_model_put(key, xml, title={"zh": "收费", "en": "Fees"}, now=NOW)

    return store


def test_the_same_text_is_the_same_version_and_a_changed_one_the_next(put):
    assert [put(WHOLE).number, put(WHOLE).number, put(model(("-", "5"))).number] == [1, 1, 2]
    assert decision_evaluate("test.fees", "Fee", {"Age": 30}).value == 5
    old = decision_evaluate("test.fees", "Fee", {"Age": 30}, number=1)
    assert old.value == 1050.5
    assert old.fired == ({"table": "Fee", "inputs": {"年龄": 30}, "rules": [1], "problem": ""},)


def test_contradicting_rules_are_refused_and_nothing_is_stored(put):
    with override("en"), pytest.raises(DecisionModelRefused) as refused:
        put(model(("&lt; 60", "1"), ("&gt; 50", "2")))
    assert refused.value.params["reasons"] == "Fee [1, 2] ((50..60)): several rules answer here"
    with pytest.raises(DecisionModelRefused):
        put(model(("-", "1 +")))
    with pytest.raises(DecisionModelUnknown):
        decision_model_get("test.fees")


def test_a_gap_is_kept_as_a_finding(put):
    view = put(model(("&lt; 60", "1")))
    assert view.decisions == ("Fee",)
    assert [(one["kind"], one["where"]) for one in view.findings] == [("GAP", ["60 … > 60"])]
    assert decision_evaluate("test.fees", "Fee", {"Age": 60}).value is None


def test_officers_read_a_table_and_try_it(put):
    put(WHOLE)
    officer = RequestContext(
        population="STAFF", account_id=1, name="王五", permissions=frozenset({views.READ})
    )
    with context_use(officer):
        listed = views.models(RequestFactory().get("/")).content.decode()
        asked = RequestFactory().get("/", {"decision": "Fee", "in-Age": "61"})
        tried = views.detail(asked, "test.fees").content.decode()
        file = views.download(RequestFactory().get("/"), "test.fees")
        for wrong in ("x", "9"):
            with pytest.raises(DecisionModelUnknown):
                views.detail(RequestFactory().get("/", {"version": wrong}), "test.fees")
    assert reverse("engines_decisions:detail", args=["test.fees"]) in listed
    assert "<dd>0</dd>" in tried
    assert tried.count('aria-current="true"') == 1
    assert file.content.decode() == WHOLE


def test_where_a_finding_holds_is_said_in_the_language_of_the_page():
    where = ['"A" … other than "A", "B"', "-"]
    with override("zh-hans"):
        assert views.where_text(where) == '"A" … "A", "B" 以外 | 任意值'
    with override("en"):
        assert views.where_text(where) == '"A" … other than "A", "B" | any value'
