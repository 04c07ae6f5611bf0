"""A department's program asks a thematic dataset with its token: the same masking, purposes and trace."""

import json

from django.test import Client
from django.utils import timezone

from yiwang.identity.api import program_account_put, token_issue
from yiwang.kernel.api import audit_list, context_system, context_use
from yiwang.resources.virtual.tests.conftest import places  # noqa: F401
from yiwang.resources.virtual.tests.test_library import as_, sources, theme

__all__ = ["as_", "sources", "theme"]
API = "/api/v1/resources/virtual/datasets/theme/query/"


def program(department_id):
    now = timezone.now()
    with context_use(context_system("test")):
        system_id = program_account_put(department_id, name="监管系统", purpose="许可核查", now=now)
        issued = token_issue(system_id, routes=["api_resources_virtual:ask"], now=now)
    return Client(headers={"Authorization": f"Bearer {issued.secret}"})


def ask(client, **asked):
    body = {"purpose": "许可核查"} | asked
    return client.post(API, json.dumps(body), content_type="application/json")


def test_a_program_gets_masked_rows_of_its_division_and_leaves_a_trace(as_, theme):
    city, district = (program(as_.departments[n]) for n in (1, 2))
    whole = ask(city, fields=["name", "area"]).json()
    own = ask(district, fields=["name", "area"]).json()
    assert whole["columns"] == ["name", "area"]
    assert len(whole["rows"]) > len(own["rows"]) > 0
    assert {area for _name, area in own["rows"]} == {"320508"}
    assert all("*" in name for name, _area in whole["rows"])
    trace = next(row for row in audit_list(limit=20) if row["population"] == "PROGRAM")
    assert (trace["actor_name"], trace["purpose"]) == ("监管系统", "许可核查")


def test_a_wrong_purpose_field_or_body_is_refused(as_, theme):
    client = program(as_.departments[1])
    assert ask(client, purpose="好奇", fields=["area"]).json()["code"] == "purpose_not_allowed"
    assert ask(client, fields=["nothing"]).status_code == 422
    assert ask(client, sql="select 1").status_code == 422
    assert Client().post(API, "{}", content_type="application/json").status_code == 401
