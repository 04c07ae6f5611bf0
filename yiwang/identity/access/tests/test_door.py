"""The door: who is let in, what the others are told, and what the view knows of the person."""

import pytest

from yiwang.identity.access.middleware import address_of
from yiwang.identity.access.permissions import (
    PermissionInvalid,
    permission_register,
    permission_roles,
    permissions_of,
)
from yiwang.kernel.api import ANONYMOUS, context_get

pytestmark = pytest.mark.urls("yiwang.identity.access.tests.urls")
LOGIN = "/identity/accounts/sign-in/"


@pytest.fixture(autouse=True)
def _english(client):
    client.cookies["django_language"] = "en"


def test_an_open_page_is_open_and_costs_no_query(db, client, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get("/open/")
    assert answer.json()["population"] == "ANONYMOUS"


def test_a_visitor_is_led_to_the_sign_in_and_back(db, client):
    answer = client.get("/staff/?page=2")
    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        f"{LOGIN}?next=%2Fstaff%2F%3Fpage%3D2",
    )


def test_a_program_is_told_by_a_problem(db, client):
    answer = client.get("/api/v1/staff/")
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "sign_in_needed"


def test_an_htmx_piece_makes_the_whole_page_go_to_the_sign_in(db, client):
    answer = client.get(
        "/staff/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/any/?a=1"}
    )
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == f"{LOGIN}?next=%2Fany%2F%3Fa%3D1"


def test_the_page_that_is_come_back_to_is_never_of_another_host(db, client):
    answer = client.post("/staff/", {}, headers={"Referer": "https://evil.example/form"})
    assert answer.headers["Location"] == f"{LOGIN}?next=%2Fstaff%2F"


def test_the_wrong_population_is_told_for_whom_the_page_is(city, client):
    client.force_login(city.account("wang", "CITIZEN"))
    answer = client.get("/staff/")
    assert answer.status_code == 403
    text = answer.content.decode()
    assert "This page is for: civil servants. You are signed in as wang名" in text


def test_the_wrong_post_is_told_which_role_is_needed(city, client):
    client.force_login(city.staff("li", "REVIEWER"))
    answer = client.get("/admin/")
    assert answer.status_code == 403
    assert "This page is for: System administrator." in answer.content.decode()
    assert client.get("/staff/").status_code == 200


def test_the_refusal_is_in_chinese_for_who_reads_chinese(city, client):
    client.cookies["django_language"] = "zh-hans"
    client.force_login(city.staff("li", "REVIEWER"))
    assert "系统管理员" in client.get("/admin/").content.decode()


def test_the_view_knows_the_person_the_purpose_the_channel_and_the_address(city, client):
    li = city.staff("li", "REVIEWER")
    client.force_login(li)
    assert client.get("/staff/").json() == {
        "population": "STAFF",
        "account_id": li.pk,
        "purpose": "审批办件",
        "channel": "WEB",
        "address": "127.0.0.1",
    }
    assert client.get("/any/").json()["purpose"] == ""
    assert client.get("/api/v1/staff/").json()["channel"] == "API"


def test_the_context_does_not_outlive_the_request(city, client):
    client.force_login(city.staff("li", "REVIEWER"))
    client.get("/staff/")
    assert context_get() is ANONYMOUS


@pytest.mark.parametrize(("strict", "status"), [(True, 500), (False, 403)])
def test_a_view_without_a_policy_opens_for_nobody(db, client, settings, caplog, strict, status):
    settings.STRICT_ROUTES = strict
    answer = client.get("/without/")
    assert answer.status_code == status
    assert "has no route policy" in caplog.text


def test_a_view_that_needs_a_sign_in_is_answered_like_the_door(db, client):
    assert client.get("/asking/").headers["Location"] == f"{LOGIN}?next=%2Fasking%2F"


def test_other_expected_errors_stay_with_the_interface(db, client):
    answer = client.get("/conflict/")
    assert answer.status_code == 409
    assert "Someone changed this in the meantime" in answer.content.decode()


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "1.1.1.1", "9.9.9.9"),
        (1, "1.1.1.1", "1.1.1.1"),
        (1, "6.6.6.6, 1.1.1.1", "1.1.1.1"),
        (2, "6.6.6.6, 1.1.1.1, 10.0.0.1", "1.1.1.1"),
        (2, "1.1.1.1", "9.9.9.9"),
        (1, "", "9.9.9.9"),
    ],
)
def test_the_address_is_believed_as_far_as_our_own_proxies_go(
    rf, settings, proxies, forwarded, expected
):
    settings.PROXIES = proxies
    request = rf.get("/", REMOTE_ADDR="9.9.9.9", HTTP_X_FORWARDED_FOR=forwarded)
    assert address_of(request) == expected


def test_roles_count_for_civil_servants_only():
    assert "identity.accounts.manage" in permissions_of(frozenset({"SYSTEM_ADMIN"}), "STAFF")
    citizen = permissions_of(frozenset(), "CITIZEN")
    assert permissions_of(frozenset({"SYSTEM_ADMIN"}), "CITIZEN") == citizen
    assert "identity.accounts.manage" not in citizen
    assert "STAFF" in permissions_of(frozenset(), "STAFF")


def test_a_permission_of_an_unknown_role_is_refused():
    with pytest.raises(PermissionInvalid):
        permission_register("x.y.z", title={"zh": "x", "en": "x"}, roles={"EMPEROR"})
    assert permission_roles("x.y.z") == []
