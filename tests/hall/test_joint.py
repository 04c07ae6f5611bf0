"""Branches of one matter whose opinions are joined by the matter's data (联审汇合), with early end."""

import re
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction

from tests.hall.test_pack_journeys import PACKS, applicant_make, item_of, officer_act, submit
from yiwang.engines.api import process_put, work_item_list
from yiwang.hall.api import matter_get
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.matters.actions import matter_put
from yiwang.kernel.api import context_system, context_use
from yiwang.sdk.joins import Join, join_decide
from yiwang.sdk.packs import matter_check

BRANCHES = ("business_licence", "food_permit", "signboard", "fire_safety")
RESTAURANT = "321050001000"


def joint_process() -> str:
    """The restaurant's process, its four departments in a sub-process that ends when `joined` is known."""
    path = Path(settings.PACK_DIRS[0]) / "restaurant" / "workflows" / "open_restaurant.bpmn"
    xml = re.sub(r"<bpmndi:BPMNDiagram.*</bpmndi:BPMNDiagram>", "", path.read_text(), flags=re.S)
    tasks, flows = [], []
    for key in BRANCHES:
        tasks.append(re.search(rf'<userTask id="{key}".*?/>', xml)[0])
        tasks.append(f'<exclusiveGateway id="known_{key}" default="wait_{key}" />'
                     f'<endEvent id="said_{key}" />'
                     f'<endEvent id="over_{key}"><terminateEventDefinition id="t_{key}" /></endEvent>')  # fmt: skip
        flows.append(f'<sequenceFlow id="a_{key}" sourceRef="each" targetRef="{key}" />'
                     f'<sequenceFlow id="b_{key}" sourceRef="{key}" targetRef="known_{key}" />'
                     f'<sequenceFlow id="wait_{key}" sourceRef="known_{key}" targetRef="said_{key}" />'
                     f'<sequenceFlow id="c_{key}" sourceRef="known_{key}" targetRef="over_{key}">'
                     '<conditionExpression xsi:type="tFormalExpression">joined != \'\''
                     "</conditionExpression></sequenceFlow>")  # fmt: skip
        xml = re.sub(rf'<userTask id="{key}".*?/>', "", xml)
        xml = re.sub(rf'<boundaryEvent id="{key}_reminder".*?</boundaryEvent>', "", xml, flags=re.S)
        xml = re.sub(rf'<endEvent id="{key}_reminded" />', "", xml)
        xml = re.sub(rf'<sequenceFlow id="(to|from|remind)_{key}".*?/>', "", xml)
    inner = (
        '<subProcess id="split" name="联审"><startEvent id="begin" /><parallelGateway id="each" />'
        '<sequenceFlow id="to_each" sourceRef="begin" targetRef="each" />'
        + "".join(tasks + flows)
        + "</subProcess>"
    )
    xml = re.sub(r'<parallelGateway id="split".*?/>', inner, xml)
    xml = re.sub(r'<parallelGateway id="join".*?/>', "", xml)
    xml = xml.replace('id="to_agreed" sourceRef="join"', 'id="to_agreed" sourceRef="split"')
    agreed = r"outcomes\.business_licence == 'AGREE' and .*?(?=</conditionExpression>)"
    return re.sub(agreed, "joined == 'AGREE'", xml)


@pytest.fixture
def opened(city, now):
    """A function that accepts an application under a join and returns its number."""
    pack = next(one for one in PACKS if one.manifest.id == "restaurant")
    journey = pack.files["tests/journey.yaml"].data["journeys"][0]
    agent = applicant_make(city, journey["applicant"], now=now)

    def make(join: Join) -> str:
        matter = matter_get(RESTAURANT)
        with context_use(context_system("测试")):
            process = process_put("test.joint", joint_process(), title=matter.title, source="test")
            matter_put(
                replace(matter.spec, join=join),
                form_version_id=matter.form_version_id,
                process_version_id=process.version_id,
                source=matter.source,
                now=now,
            )
        number = submit(city, pack, journey, matter_get(RESTAURANT), agent, now=now)
        officer_act(number, {"officer": "accept", "outcome": "ACCEPT"}, now=now)
        return number

    return make


def say(number: str, key: str, opinion: str, *, now) -> None:
    refusal = {"reason": {"zh": "不合格"}, "legal_basis": {"zh": "《消防法》第十五条"}}
    officer_act(number, {"officer": key, "outcome": opinion, **refusal}, now=now)


def state_of(number: str) -> str:
    return application_rows("测试").get(number=number).state


def open_nodes(number: str) -> set[str]:
    items = work_item_list(business_key=f"application:{number}", states=("READY", "CLAIMED"))
    return {item.node_id for item in items}


def test_a_veto_refuses_at_once_and_the_others_need_not_speak(opened, now):
    number = opened(Join("VETO", veto=("fire_safety",)))
    say(number, "food_permit", "AGREE", now=now)
    assert open_nodes(number) == set(BRANCHES) - {"food_permit"}

    say(number, "fire_safety", "REFUSE", now=now)

    application = application_rows("测试").get(number=number)
    assert application.state == "REFUSED"
    assert application.decision.reasons[0]["text"] == "不合格"
    assert open_nodes(number) == set()
    states = dict(application.branches.values_list("key", "state"))
    assert states["signboard"] == states["business_licence"] == "ENDED"


@pytest.mark.parametrize(
    "join",
    [Join("ALL"), Join("ANY"), Join("QUORUM", quorum=2), Join("VETO", veto=("signboard",))],
)
def test_in_any_order_it_ends_when_it_is_decided_and_as_it_is_decided(opened, now, join):
    number = opened(join)
    opinions = dict(zip(BRANCHES, ("REFUSE", "AGREE", "AGREE", "REFUSE"), strict=True))
    for order in list(permutations(BRANCHES))[::8]:
        with transaction.atomic():
            said = dict.fromkeys(BRANCHES)
            for key in order:
                if join_decide(join, said) is not None:
                    break
                assert state_of(number) == "HANDLING"
                said[key] = opinions[key]
                say(number, key, opinions[key], now=now)
            result = {"AGREE": "APPROVED", "REFUSE": "REFUSED"}[join_decide(join, said)]
            assert state_of(number) == result
            assert open_nodes(number) == set()
            transaction.set_rollback(True)
    assert item_of(number, BRANCHES[0]).state in ("READY", "CLAIMED")


def test_a_join_that_its_branches_cannot_reach_is_refused_with_its_line():
    pack = next(one for one in PACKS if one.manifest.id == "restaurant")
    file = pack.files["matters/open_restaurant.yaml"]
    wrong = replace(file, data={**file.data, "join": {"policy": "QUORUM", "quorum": 5}})

    assert [one.message for one in matter_check(wrong)] == ["A quorum of 5 cannot be reached by 4."]
    assert matter_check(file) == []
