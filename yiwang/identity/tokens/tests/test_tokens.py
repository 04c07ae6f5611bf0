"""A department's system calls with its token: who it is then, what it may, and how it is refused."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.apps import apps
from django.test import Client

from yiwang.identity.accounts.session_context import context_of_account
from yiwang.identity.testing import NOW
from yiwang.identity.tokens import actions, calls
from yiwang.identity.tokens.data import SystemUnknown, TokenInvalid, TokenUnknown
from yiwang.identity.tokens.models import ApiToken, SystemAccount
from yiwang.identity.tokens.queries import program_routes, system_get, system_list
from yiwang.identity.tokens.rules import token_make, token_prefix
from yiwang.kernel.api import audit_list, context_system, context_use
from yiwang.sdk.errors import Forbidden

pytestmark = [pytest.mark.django_db, pytest.mark.urls("yiwang.identity.tokens.tests.urls")]
TRIED, OTHER = "api_test:tried", "api_test:other"
HERE = "/api/v1/test/"


@pytest.fixture(autouse=True)
def _routes():
    """The tests have addresses of their own, and the clock stands still."""
    program_routes.cache_clear()
    yield
    program_routes.cache_clear()


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Let a test say what time it is for calls."""
    at = {"now": NOW}
    monkeypatch.setattr(calls.timezone, "now", lambda: at["now"])
    return at


def system_of(city, **more) -> int:
    values = {"name": "婚姻登记系统", "purpose": "报送婚姻登记", "now": NOW} | more
    with context_use(context_system("test")):
        return actions.program_account_put(city.bureau, **values)


def issue(system_id, *routes, days=90):
    with context_use(context_system("test")):
        return actions.token_issue(system_id, routes=routes or [TRIED], days=days, now=NOW)


def call(secret, path="tried/", **more):
    client = Client(enforce_csrf_checks=True)
    return client.post(
        f"{HERE}{path}",
        headers={"Authorization": f"Bearer {secret}", "Accept-Language": "en"},
        **more,
    )


def test_a_program_acts_as_its_system_without_cookie_or_csrf_token(city):
    system_id = system_of(city)
    answer = call(issue(system_id).secret)
    assert answer.status_code == 200
    assert answer.json() == {
        "population": "PROGRAM",
        "account_id": None,
        "name": "婚姻登记系统",
        "department_id": city.bureau,
        "purpose": "报送婚姻登记",
        "channel": "API",
        "address": "127.0.0.1",
    }
    (row,) = audit_list(subject="tried")
    assert (row["actor_name"], row["population"]) == ("婚姻登记系统", "PROGRAM")
    assert row["department_id"] == city.bureau
    view = system_get_all(system_id)
    assert (view.tokens[0].last_used_at, view.tokens[0].last_address) == (NOW, "127.0.0.1")
    assert "Set-Cookie" not in answer.headers


def system_get_all(system_id):
    with context_use(context_system("test")):
        return system_get(system_id, now=NOW)


def test_only_the_digest_is_kept(city):
    issued = issue(system_of(city))
    row = ApiToken.objects.get()
    kept = " ".join(str(value) for value in ApiToken.objects.values().get().values())
    assert issued.secret not in kept
    assert issued.secret.startswith(f"yw_{row.prefix}_")
    trail = str(audit_list(subject=f"system:{row.system_id}"))
    assert row.prefix in trail
    assert issued.secret not in trail


def test_a_token_opens_the_routes_it_names_and_no_others(city):
    issued = issue(system_of(city))
    answer = call(issued.secret, "other/")
    assert answer.status_code == 403
    closed = call(issued.secret, "closed/")
    assert closed.status_code == 403
    both = issue(system_of(city, name="另一系统"), TRIED, OTHER)
    assert call(both.secret, "other/").json()["permissions"] == [
        "identity.tokens.manage",
        "identity.tokens.read",
    ]
    page = Client().post("/page/", headers={"Authorization": f"Bearer {both.secret}"})
    assert page.status_code == 302


def test_a_route_of_the_same_right_that_the_token_does_not_name_stays_closed(city):
    issued = issue(system_of(city), OTHER)
    ApiToken.objects.update(routes=[OTHER, "api_test:closed"])
    answer = call(issued.secret, "closed/")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("wrong", ["", "yw_", "yw_abcdefgh_x", "x" * 5000, "令牌"])
def test_what_is_no_token_is_answered_with_what_to_do(city, wrong):
    client = Client()
    answer = client.post(f"{HERE}tried/", headers={"Authorization": f"Bearer {wrong}"})
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["code"] == "token_refused"
    assert audit_list(subject="tried") == []


def test_a_token_with_another_second_half_is_not_known(city):
    issued = issue(system_of(city))
    other = "y" if issued.secret.endswith("x") else "x"
    assert call(issued.secret[:-1] + other).json()["code"] == "token_refused"
    made, prefix = token_make()
    ApiToken.objects.update(prefix=prefix)
    assert call(made).json()["code"] == "token_refused"


def test_an_expired_token_is_refused_and_says_since_when(city, clock):
    issued = issue(system_of(city), days=30)
    clock["now"] = NOW + timedelta(days=30)
    answer = call(issued.secret)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")
    assert "2026-12-20" in answer.json()["detail"]
    assert "Issue a new one" in answer.json()["detail"]


def test_a_revoked_token_and_a_closed_system_are_refused_at_once(city):
    system_id = system_of(city)
    first, second = issue(system_id), issue(system_id)
    with context_use(context_system("test")):
        actions.token_revoke(first.id, reason="更换", now=NOW)
    assert call(first.secret).json()["code"] == "token_revoked"
    assert call(second.secret).status_code == 200
    with context_use(context_system("test")):
        actions.program_account_close(system_id, reason="系统下线", now=NOW)
        with pytest.raises(TokenUnknown):
            actions.token_revoke(first.id, reason="再次", now=NOW)
    assert call(second.secret).json()["code"] == "token_revoked"
    with pytest.raises(SystemUnknown):
        issue(system_id)


def test_a_refusal_is_written_to_the_trail_once_an_hour(city, clock):
    system_id = system_of(city, networks="10.1.0.0/16")
    issued = issue(system_id)
    for minutes in (0, 1, 59, 61):
        clock["now"] = NOW + timedelta(minutes=minutes)
        answer = call(issued.secret)
        assert answer.json()["code"] == "token_network"
    rows = [r for r in audit_list(subject=f"system:{system_id}") if r["outcome"] == "REFUSED"]
    assert [row["act"] for row in rows] == ["identity.tokens.refused"] * 2
    assert rows[0]["detail"] == {"prefix": issued.prefix, "code": "token_network"}


def test_a_system_calls_from_its_own_networks_only(city):
    issued = issue(system_of(city, networks="10.1.0.0/16\n192.168.3.4"))
    assert call(issued.secret, REMOTE_ADDR="10.1.200.3").status_code == 200
    assert call(issued.secret, REMOTE_ADDR="192.168.3.4").status_code == 200
    answer = call(issued.secret, REMOTE_ADDR="10.2.0.1")
    assert (answer.status_code, answer.json()["code"]) == (401, "token_network")
    assert "10.2.0.1" in answer.json()["detail"]


def test_more_calls_than_agreed_are_refused_until_the_minute_is_over(city, clock):
    issued = issue(system_of(city, per_minute=3))
    clock["now"] = NOW + timedelta(seconds=20)
    assert [call(issued.secret).status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = call(issued.secret)
    assert (answer.json()["code"], answer.headers["Retry-After"]) == ("token_rate", "40")
    clock["now"] = NOW + timedelta(seconds=60)
    assert call(issued.secret).status_code == 200


def test_a_steward_hands_on_only_rights_of_the_post_and_to_the_own_department(city):
    head = city.staff("head", "DEPARTMENT_HEAD", department_id=city.district)
    above = system_of(city)
    with context_use(context_of_account(head.pk)):
        own = actions.program_account_put(city.district, name="区系统", purpose="报送数据", now=NOW)
        actions.token_issue(own, routes=[TRIED], now=NOW)
        with pytest.raises(Forbidden):
            actions.program_account_put(city.bureau, name="上级系统", purpose="报送数据", now=NOW)
        with pytest.raises(SystemUnknown):
            actions.token_issue(above, routes=[TRIED], now=NOW)
        assert [view.name for view in system_list(now=NOW)] == ["区系统"]
    weaker = replace(
        context_of_account(head.pk), permissions=frozenset({"identity.tokens.manage", "STAFF"})
    )
    with context_use(weaker), pytest.raises(TokenInvalid) as refused:
        actions.token_issue(own, routes=[TRIED, OTHER], now=NOW)
    assert list(refused.value.fields) == ["routes"]
    assert ApiToken.objects.count() == 1


def test_security_administration_sees_and_revokes_everywhere_but_issues_nothing(city):
    issued = issue(system_of(city))
    guard = city.staff("guard", "SECURITY_ADMIN", department_id=city.street)
    with context_use(context_of_account(guard.pk)):
        assert [view.name for view in system_list(now=NOW)] == ["婚姻登记系统"]
        with pytest.raises(Forbidden):
            actions.token_issue(SystemAccount.objects.get().pk, routes=[TRIED], now=NOW)
        actions.token_revoke(issued.id, reason="发现泄露", now=NOW)
    assert call(issued.secret).json()["code"] == "token_revoked"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"purpose": "x"}, "purpose"),
        ({"networks": "机房"}, "networks"),
        ({"per_minute": 0}, "per_minute"),
    ],
)
def test_a_system_with_something_missing_is_not_kept(city, wrong, field):
    with pytest.raises(TokenInvalid) as refused:
        system_of(city, **wrong)
    assert list(refused.value.fields) == [field]
    assert SystemAccount.objects.count() == 0


def test_a_system_has_five_living_tokens_at_most_and_each_ends_within_a_year(city):
    system_id = system_of(city)
    for _ in range(5):
        issue(system_id)
    with pytest.raises(TokenInvalid):
        issue(system_id)
    for days in (0, 367):
        with pytest.raises(TokenInvalid) as refused:
            issue(system_of(city, name=f"系统{days}"), days=days)
        assert list(refused.value.fields) == ["days"]
    assert ApiToken.objects.count() == 5


def test_what_expires_soon_is_announced_once_unless_a_newer_one_is_in_place(city):
    old, replaced = system_of(city), system_of(city, name="已换令牌的系统")
    issue(old, days=10)
    issue(replaced, days=10)
    issue(replaced, days=90)
    for _ in range(2):
        with context_use(context_system("test")):
            actions.token_expiry_sweep(now=NOW)
    events = apps.get_model("kernel_events", "OutboxEvent").objects
    (event,) = events.filter(topic="identity.token_expiring")
    assert (event.payload["system_id"], event.payload["name"]) == (old, "婚姻登记系统")


def test_the_steward_registers_a_system_issues_a_token_and_sees_it_once(city, client):
    client.force_login(city.staff("steward", "DATA_STEWARD"))
    home = "/identity/tokens/"
    assert "登记系统" in client.get(home).content.decode()
    empty = client.post(f"{home}new/", {"name": "", "per_minute": "a"})
    assert empty.status_code == 422
    made = client.post(
        f"{home}new/", {"name": "户籍系统", "purpose": "报送户籍数据", "per_minute": "60"}
    )
    system_id = SystemAccount.objects.get().pk
    assert made.headers["Location"] == f"{home}{system_id}/"
    page = client.post(f"{home}{system_id}/issue/", {"routes": [TRIED], "days": "30"})
    token = ApiToken.objects.get()
    text = page.content.decode()
    secret = text.split('value="yw_')[1].split('"')[0]
    assert token_prefix(f"yw_{secret}") == token.prefix
    assert "no-store" in page.headers["Cache-Control"]
    again = client.get(f"{home}{system_id}/").content.decode()
    assert secret not in again
    assert f"yw_{token.prefix}_…" in again
    assert call(f"yw_{secret}").status_code == 200
    client.post(f"{home}{system_id}/revoke/", {"token": token.pk, "reason": ""})
    assert ApiToken.objects.filter(revoked_at=None).exists()
    client.post(f"{home}{system_id}/revoke/", {"token": token.pk, "reason": "更换令牌"})
    assert call(f"yw_{secret}").status_code == 401
    client.post(f"{home}{system_id}/close/", {"reason": "下线"})
    assert "已停用" in client.get(home).content.decode()
