"""Every approval of an investment project is applied for and granted, in the order that the plan allows."""

import pytest
from django.utils import timezone

from tests.hall.test_projects import apply, detail, grant, standings, values
from yiwang.hall.api import licence_list_by_source
from yiwang.hall.projects.actions.registration import project_register
from yiwang.hall.projects.tables import project_plan
from yiwang.kernel.api import context_use
from yiwang.sdk.packs import pack_read


@pytest.mark.heavy
def test_all_fourteen_approvals_of_a_project_are_granted_and_issue_what_they_say(city, settings):
    agent = city.context("agent")
    wanted = values(use="HOUSING", land_m2="60000", needs_eia="1")
    with context_use(agent):
        code = project_register(wanted, investor_name="甲", now=timezone.now()).code
    numbers: dict[str, str] = {}
    while ready := [k for k, v in standings(detail(agent, code)).items() if v == "READY"]:
        assert not set(ready) & numbers.keys()
        for key in ready:
            numbers[key] = apply(agent, code, key)
        for key in ready:
            grant(numbers[key])

    after = standings(detail(agent, code))
    pack = pack_read(settings.PACK_DIRS[0] / "investment_projects")
    issues = {
        file.data["code"]: sorted(file.data.get("result", {}).get("licences", []))
        for file in pack.section("matters")
    }
    matter_of = {one.key: one.matter for one in project_plan().approvals}
    assert len(numbers) == 14
    assert set(after.values()) == {"GRANTED"}
    for key, number in numbers.items():
        issued = licence_list_by_source(f"application:{number}")
        assert sorted(one.type_key.split(".")[-1] for one in issued) == issues[matter_of[key]]
