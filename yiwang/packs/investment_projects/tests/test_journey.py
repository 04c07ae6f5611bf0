"""What the pack says fits the plan of the room: every approval has its matter, days and stage agree."""

from pathlib import Path

from yiwang.hall.projects.tables import project_plan
from yiwang.sdk.packs import pack_read

PACK = pack_read(Path(__file__).resolve().parents[1])


def test_every_approval_of_the_plan_is_a_matter_with_the_promised_days():
    matters = {file.data["code"]: file.data for file in PACK.section("matters")}
    plan = project_plan()
    assert {one.matter for one in plan.approvals} == matters.keys()
    for one in plan.approvals:
        assert matters[one.matter]["limits"]["promised"]["amount"] == one.days


def test_every_licence_is_the_result_of_a_matter():
    issued = {key for file in PACK.section("matters") for key in file.data["result"]["licences"]}
    assert issued == {file.name for file in PACK.section("licences")}
