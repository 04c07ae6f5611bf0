"""Departments' systems at the resource centre's addresses: they send, look up and report with a token."""

import json
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone

from yiwang.identity.api import (
    department_by_uscc,
    department_get,
    program_account_put,
    token_issue,
    token_revoke,
)
from yiwang.kernel.api import audit_list, context_system, context_use
from yiwang.resources.catalogue.tests.test_pages import world  # noqa: F401
from yiwang.resources.landing import actions as landing
from yiwang.resources.landing.models import Batch
from yiwang.resources.landing.tests.conftest import FIELDS, feed_rows  # noqa: F401
from yiwang.resources.landing.tests.test_api import ROW
from yiwang.resources.landing.tests.test_pages import sent  # noqa: F401
from yiwang.resources.registries.tests.conftest import departments  # noqa: F401
from yiwang.resources.registries.tests.made import LI
from yiwang.resources.registries.tests.test_desk import city, registries_publish  # noqa: F401

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 2, tzinfo=UTC)
LANDING = ("api_resources_landing:batches", "api_resources_landing:batch")


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"


def program(department_id: int, *routes: str):
    """Return a program of a department, which keeps no cookies, and its token."""
    with context_use(context_system("test")):
        system_id = program_account_put(
            department_id, name=f"业务系统{len(routes)}", purpose="系统对接", now=NOW
        )
        issued = token_issue(system_id, routes=routes, now=timezone.now())
    headers = {"Authorization": f"Bearer {issued.secret}"}
    return Client(enforce_csrf_checks=True, headers=headers), issued


def send(client, resource, rows):
    return client.post(
        f"/api/v1/resources/landing/{resource.code.replace('/', '-')}/batches/",
        json.dumps({"rows": rows}),
        content_type="application/json",
    )


def test_a_department_s_program_sends_a_batch_and_asks_what_became_of_it(world, sent):  # noqa: F811
    client, issued = program(world.own_department, *LANDING)
    answer = send(client, sent, [ROW])
    assert answer.status_code == 202
    batch = Batch.objects.get()
    assert (batch.account_id, batch.account_name) == (None, "业务系统2")
    with context_use(context_system("test")):
        landing.batch_process(batch.pk, now=NOW)
    assert client.get(answer.headers["Location"]).json()["state"] == "LANDED"
    assert feed_rows(sent.code, "number") == ["J1"]
    row = next(r for r in audit_list(limit=50) if r["population"] == "PROGRAM")
    assert (row["act"], row["actor_name"]) == ("resources.landing.receive", "业务系统2")
    assert row["department_name"] == department_get(world.own_department).name
    with context_use(context_system("test")):
        token_revoke(issued.id, reason="更换", now=NOW)
    assert send(client, sent, [ROW | {"number": "J2"}]).status_code == 401
    assert Batch.objects.count() == 1


def test_another_department_s_program_neither_sends_nor_sees(world, sent):  # noqa: F811
    own, _issued = program(world.own_department, *LANDING)
    made = send(own, sent, [ROW])
    other, _issued = program(world.other_department, *LANDING)
    assert send(other, sent, [ROW | {"number": "J9"}]).status_code in {403, 404}
    assert other.get(made.headers["Location"]).status_code == 404
    assert Batch.objects.count() == 1


@pytest.mark.filled(by=registries_publish)
def test_a_token_that_may_only_verify_reads_no_person(city, departments):  # noqa: F811
    department_id = department_by_uscc(departments["苏州市民政局"]).id
    client, _issued = program(department_id, "api_resources_registries:check")
    why = {"X-Purpose": quote("入学资格核验")}
    answer = client.post(
        "/api/v1/resources/registries/people/check/",
        json.dumps({"id_number": LI, "claims": {"name": "李四", "sex": "2"}}),
        content_type="application/json",
        headers=why,
    )
    assert answer.json() == {"answers": {"name": True, "sex": False}}
    row = audit_list(person_ref=city[LI], limit=1)[0]
    assert (row["population"], row["post_title"], row["purpose"]) == (
        "PROGRAM",
        "业务系统1",
        "入学资格核验",
    )
    refused = client.get(f"/api/v1/resources/registries/people/{city[LI]}/", headers=why)
    assert refused.status_code == 403
