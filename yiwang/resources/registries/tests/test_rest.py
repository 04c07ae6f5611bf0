import json
from urllib.parse import quote

import pytest

from yiwang.kernel.api import audit_list
from yiwang.resources.registries.tests.made import LI, SHOP, ZHANG
from yiwang.resources.registries.tests.test_desk import as_, city, people, registries_publish  # noqa: F401

API = "/api/v1/resources/registries/"
WHY = {"X-Purpose": quote("办理申请 · 1132-0007")}
pytestmark = pytest.mark.filled(by=registries_publish)


@pytest.fixture
def ask(as_):  # noqa: F811
    def call(name, path, body=None, **headers):
        client = as_(name)
        if body is None:
            return client.get(API + path, headers=WHY | headers)
        return client.post(
            API + path, json.dumps(body), content_type="application/json", headers=WHY | headers
        )

    return call


def test_claims_are_verified_without_a_value(city, ask):  # noqa: F811
    answer = ask(
        "clerk", "people/check/", {"id_number": LI, "claims": {"name": "李四", "sex": "2"}}
    )
    assert answer.json() == {"answers": {"name": True, "sex": False}}
    row = audit_list(person_ref=city[LI], limit=1)[0]
    assert (row["act"], row["purpose"]) == ("registries.check", "办理申请 · 1132-0007")


def test_a_call_without_a_purpose_is_refused(city, ask):  # noqa: F811
    before = len(audit_list(person_ref=city[LI]))
    for name, path, body in (
        ("reviewer", f"people/{city[LI]}/", None),
        ("clerk", "people/check/", {"id_number": LI, "claims": {"name": "李四"}}),
    ):
        answer = ask(name, path, body, **{"X-Purpose": ""})
        assert (answer.status_code, answer.json()["code"]) == (403, "purpose_needed")
        assert answer["Content-Type"] == "application/problem+json"
    assert len(audit_list(person_ref=city[LI])) == before


def test_a_person_is_found_and_read_masked(city, ask):  # noqa: F811
    found = ask("reviewer", "people/find/", {"name": "张三", "birth_date": "1985-01-01"}).json()
    assert [item["ref"] for item in found["items"]] == [city[ZHANG]]
    answer = ask("reviewer", f"people/{city[ZHANG]}/?history=1").json()
    assert answer["fields"]["phone"]["value"] == "164****0001"
    assert answer["fields"]["name"]["others"][0]["value"] == "张山"
    assert [version["kind"] for version in answer["history"]] == ["NEW"]
    assert ZHANG not in json.dumps(answer)


def test_full_values_need_the_right_and_a_reason(city, ask):  # noqa: F811
    reason = {"X-Unmask-Reason": quote("核对证件")}
    assert ask("reviewer", f"people/{city[ZHANG]}/", **reason).status_code == 403
    answer = ask("steward", f"people/{city[ZHANG]}/", **reason).json()
    assert answer["fields"]["id_number"]["value"] == ZHANG


def test_an_organisation_is_read_by_its_code(city, ask):  # noqa: F811
    answer = ask("reviewer", f"organisations/{SHOP}/").json()
    assert answer["fields"]["name"]["value"] == "禾叶餐饮"
    assert ask("reviewer", "organisations/NOPE/").status_code == 404


def test_the_feed_is_paged_and_refuses_what_it_does_not_know(city, ask):  # noqa: F811
    assert ask("reviewer", "changes/population/?after=0").json() == {
        "current": 1,
        "total": 0,
        "after": 0,
        "limit": 100,
        "offset": 0,
        "items": [],
    }
    assert ask("reviewer", "changes/population/?after=x&y=1").json()["fields"] == {
        "after": ["0 … 1000000000"],
        "y": ["不支持该参数。"],
    }
    assert ask("reviewer", "changes/weather/").status_code == 404


@pytest.mark.parametrize("body", [{}, {"id_number": 1, "claims": {}}, {"id_number": "1", "x": 1}])
def test_a_broken_body_is_said_to_be_broken(city, ask, body):  # noqa: F811
    answer = ask("clerk", "people/check/", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
