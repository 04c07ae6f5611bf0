"""How cases really went: counted by month, kept, shown; departments compared by their mix of matters."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.hall.supervision import flow
from yiwang.hall.supervision.flow_rules import SMALL, Kind, league, verdict
from yiwang.hall.supervision.models import FlowReport
from yiwang.hall.supervision.tests.conftest import NOW, SYSTEM, ProcessInstance
from yiwang.hall.supervision.tests.test_pages import staff
from yiwang.identity.api import data_scope
from yiwang.kernel.api import context_use
from yiwang.sdk.errors import Forbidden

MONTH = "2026-11"


def kind(department, stratum, times):
    return Kind(stratum, department, len(times), sum(times), sum(each * each for each in times))


def test_who_has_the_slow_matters_is_not_blamed_for_them():
    slow, quick = ("住所登记", "review"), ("查询", "review")
    rows = league(
        [
            kind(1, slow, [100.0] * 40),
            kind(2, quick, [10.0] * 40),
            kind(3, slow, [100.0] * 20),
            kind(3, quick, [10.0] * 20),
        ]
    )
    assert [(one.department_id, round(one.ratio, 6), one.place) for one in rows] == [
        (1, 1.0, 1),
        (2, 1.0, 2),
        (3, 1.0, 3),
    ]


def test_few_steps_have_an_interval_and_no_place():
    rows = league([kind(1, ("a", "x"), [10.0, 20.0] * 50), kind(2, ("a", "x"), [10.0])])
    assert [(one.department_id, one.place) for one in rows] == [(1, 1), (2, None)]
    few = rows[1]
    assert few.low < 1 < few.high
    assert verdict(few.low, few.high) == "LIKE"
    assert few.steps < SMALL


@given(
    st.lists(
        st.tuples(
            st.integers(1, 4), st.sampled_from("ab"), st.lists(st.floats(1, 1e6), min_size=1)
        ),
        min_size=1,
        max_size=12,
    )
)
def test_what_all_took_is_what_was_expected_of_all(made):
    rows = league(kind(department, (name, "x"), times) for department, name, times in made)
    took, expected = sum(one.took for one in rows), sum(one.expected for one in rows)
    assert took == pytest.approx(expected, rel=1e-6)
    assert all(one.low <= one.ratio <= one.high for one in rows)


@pytest.fixture
def counted(hall):
    from django.apps import apps

    version = ProcessInstance.objects.get(pk=hall.instance.pk).version
    version.xml = (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:yw="urn:yiwang:bpmn">'
        '<process id="p" isExecutable="true"><startEvent id="s"/>'
        '<userTask id="accept" name="受理" yw:role="REVIEWER"/>'
        '<userTask id="review" name="审查" yw:role="REVIEWER"/><endEvent id="e"/>'
        '<sequenceFlow id="f1" sourceRef="s" targetRef="accept"/>'
        '<sequenceFlow id="f2" sourceRef="accept" targetRef="review"/>'
        '<sequenceFlow id="f3" sourceRef="review" targetRef="e"/></process></definitions>'
    )
    version.digest = "flow"
    version.save()
    hall.instance.started_at = NOW - timedelta(days=10)
    hall.instance.save()
    done = {"state": "COMPLETED", "closed_at": NOW - timedelta(days=1)}
    opened = NOW - timedelta(days=2)
    hall.item(None, node_id="accept", name_zh="受理", number="A1", opened_at=opened, **done)
    hall.item(None, node_id="review", number="A1", opened_at=opened, **done)
    hall.item(None, node_id="accept", name_zh="受理", number="A1", opened_at=opened, **done)
    assert apps.get_model("engines_workflow", "WorkItem").objects.count() == 3
    assert flow.flow_sweep(now=NOW) == 2
    return FlowReport.objects.get(month=MONTH)


def test_a_month_is_counted_against_its_models_by_step_and_by_department(hall, counted):
    (version,) = counted.content["versions"]
    assert (version["cases"], version["deviating"], version["fitness"]) == (1, 1, 66.67)
    (one,) = version["deviations"]
    assert (one["kind"], one["before"]["zh"], one["step"]["zh"], one["count"]) == (
        "RETURNED", "审查", "受理", 1,
    )  # fmt: skip
    assert (one["departments"], one["cases"]) == ([[hall.department, 1]], ["A1"])
    steps = {row["step"]["zh"]: row for row in counted.content["steps"]}
    assert (steps["受理"]["count"], steps["受理"]["p50"], steps["受理"]["waiting"]) == (
        2,
        24.0,
        0.0,
    )
    (department,) = counted.content["departments"]
    assert (department["steps"], department["ratio"], department["place"]) == (3, 1.0, None)


def test_counting_again_replaces_and_only_who_supervises_may(hall, counted):
    with context_use(hall.officer()), pytest.raises(Forbidden):
        flow.flow_count(MONTH, now=NOW)
    with context_use(SYSTEM), data_scope(purpose="测试"):
        assert flow.flow_count(MONTH, now=NOW + timedelta(hours=1)) == 2
    assert FlowReport.objects.filter(month=MONTH).count() == 1


@pytest.mark.pages
def test_the_pages_show_each_part_and_export_it(hall, counted, client):
    client.force_login(staff(hall.other, "SUPERVISOR", "zhu"))
    page = "/hall/supervision/flow/?month=2026-11"
    shown = client.get(page).content.decode()
    assert "66.67" in shown
    assert "审查 → 受理 × 1" in shown
    assert "24.0" in client.get(f"{page}&part=steps").content.decode()
    assert "姑苏区民政局" in client.get(f"{page}&part=departments").content.decode()
    lines = b"".join(client.get(f"{page}&part=departments&export=csv").streaming_content).decode()
    assert "姑苏区民政局,3,72.0,72.0,1.00" in lines
    assert client.post("/hall/supervision/flow/", {"month": "2026-11"}).status_code == 302
    assert client.post("/hall/supervision/flow/", {"month": "x"}).status_code == 404
