"""The processes that the city's packs bring, walked to each of their ends."""

from pathlib import Path

import pytest
from django.conf import settings

from yiwang.engines.workflow import actions, queries
from yiwang.engines.workflow.layout import process_layout
from yiwang.engines.workflow.tests.models_of_processes import CARD, NOW, item_at
from yiwang.kernel.api import context_system, context_use

pytestmark = pytest.mark.django_db
BRANCHES = ("business_licence", "food_permit", "signboard", "fire_safety")
DEPARTMENTS = {"owner": 1} | {key: number for number, key in enumerate(BRANCHES, 2)}


def path_of(name: str) -> Path:
    pack, _, process = name.partition(".")
    return Path(settings.PACK_DIRS[0]) / pack / "workflows" / f"{process}.bpmn"


@pytest.fixture
def walk(services):
    """Return a function that starts a process and completes node after node; gives the view."""

    def run(name, *outcomes):
        with context_use(context_system("test")):
            version = actions.process_put(name, path_of(name).read_text(), title={"zh": name})
            instance_id = actions.process_start(
                version.version_id,
                business_key="application:1",
                card=CARD,
                variables={},
                departments=DEPARTMENTS,
                now=NOW,
            )
            for node_id, outcome in outcomes:
                item = item_at(instance_id, node_id)
                actions.work_item_complete(item.id, outcome=outcome, now=NOW)
        return queries.instance_get(instance_id), [name for name, _ in services]

    return run


@pytest.mark.parametrize(
    ("name", "outcomes", "served"),
    [
        ("hall_basics.accept_decide", [("decide", "APPROVE")], ["issue"]),
        ("hall_basics.accept_decide", [("decide", "REFUSE")], ["refuse"]),
        (
            "hall_basics.accept_review_decide",
            [("accept", "ACCEPT"), ("review", "AGREE"), ("decide", "APPROVE")],
            ["accepted", "issue"],
        ),
        (
            "hall_basics.accept_review_decide",
            [
                ("accept", "ACCEPT"),
                ("review", "AGREE"),
                ("decide", "RETURN"),
                ("review", "DISAGREE"),
                ("decide", "REFUSE"),
            ],
            ["accepted", "refuse"],
        ),
        ("hall_basics.accept_review_decide", [("accept", "NOT_ACCEPTED")], ["not_accepted"]),
        ("restaurant.open_restaurant", [("accept", "NOT_ACCEPTED")], ["not_accepted"]),
        (
            "restaurant.open_restaurant",
            [("accept", "ACCEPT"), *((key, "AGREE") for key in BRANCHES)],
            ["accepted", "issue"],
        ),
        (
            "restaurant.open_restaurant",
            [
                ("accept", "ACCEPT"),
                ("fire_safety", "REFUSE"),
                *((k, "AGREE") for k in BRANCHES[:3]),
            ],
            ["accepted", "refuse"],
        ),
    ],
)
def test_a_process_ends_as_its_officers_decide(walk, name, outcomes, served):
    view, called = walk(name, *outcomes)
    assert view.state == "COMPLETED"
    assert called == [f"hall.applications.{one}" for one in served]


def test_four_departments_hold_the_application_at_once_and_keep_their_outcomes(walk):
    view, _ = walk("restaurant.open_restaurant", ("accept", "ACCEPT"), ("food_permit", "AGREE"))
    held = {item.branch: item.department_id for item in view.items if item.closed_at is None}
    assert held == {"business_licence": 2, "signboard": 4, "fire_safety": 5}
    assert view.variables["outcomes"] == {"accept": "ACCEPT", "food_permit": "AGREE"}
    diagram = queries.instance_diagram(view.id)
    assert diagram["active"] == ["business_licence", "fire_safety", "join", "signboard"]
    assert "food_permit" in diagram["done"]


@pytest.mark.parametrize(
    "name",
    ["hall_basics.accept_decide", "hall_basics.accept_review_decide", "restaurant.open_restaurant"],
)
def test_every_process_of_the_packs_has_its_diagram(name):
    xml = path_of(name).read_text()
    assert "BPMNDiagram" in xml
    assert process_layout(xml) == xml
