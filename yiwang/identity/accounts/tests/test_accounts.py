"""Accounts, posts held, authorities, sessions and their pages."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from yiwang.identity.accounts.actions import (
    account_close,
    account_create,
    accounts_load,
    agent_act_for,
    agent_authority_revoke,
    password_change,
    password_set,
    post_assign,
    post_leave,
    session_purge,
    session_revoke,
)
from yiwang.identity.accounts.actions.accounts import NAME_TAKEN, AccountInvalid, PasswordWrong
from yiwang.identity.accounts.actions.agency import AuthorityMissing
from yiwang.identity.accounts.actions.posts import PostForStaffOnly, PostHeldAlready, PostUnknown
from yiwang.identity.accounts.models import (
    Account,
    AccountSession,
    AgentAuthority,
    PendingForm,
    PostHolding,
)
from yiwang.identity.accounts.queries import (
    account_find,
    account_get,
    account_list,
    agent_list,
    agent_may_act_for,
    authority_list,
    holding_list,
    staff_list,
)
from yiwang.identity.accounts.rules import password_faults
from yiwang.identity.organisations.actions import RolesInConflict
from yiwang.identity.testing import NOW, PASSWORD, SECRET, TODAY
from yiwang.kernel.api import RequestContext, audit_search, context_system, context_use
from yiwang.sdk.errors import Forbidden


def as_person(account, *permissions):
    return context_use(
        RequestContext(
            population=account.population,
            account_id=account.pk,
            name=account.name,
            permissions=frozenset(permissions),
        )
    )


def test_creating_an_account_names_the_fields_at_fault(city, system):
    city.account("wang", "CITIZEN")
    with pytest.raises(AccountInvalid) as refused:
        account_create("wang", population="EMPEROR", name=" ", password="short", now=NOW)
    assert set(refused.value.fields) == {"username", "name", "population", "password"}
    assert Account.objects.count() == 1


@pytest.mark.parametrize(
    ("password", "faults"),
    [
        ("123456789", 1),
        ("1234567890", 1),
        ("aaaaaaaaaaaaa", 1),
        ("wang-1986-suzhou", 1),
        ("x" * 129, 2),
        ("粉墙黛瓦枕河人家十个字", 0),
        ("correct horse battery", 0),
    ],
)
def test_passwords_are_judged_by_length_and_by_the_common_ones(password, faults):
    assert len(password_faults(password, username="wang")) == faults


def test_a_password_change_needs_the_present_one_and_ends_other_sessions(city, client, client_b):
    wang = city.account("wang", "CITIZEN")
    client.force_login(wang)
    client_b.force_login(wang)
    url = "/identity/accounts/password/"
    new = "君到姑苏见 人家尽枕河"
    answer = client.post(url, {"present": "wrong", "password": new, "repeated": new})
    assert answer.status_code == 422
    assert AccountSession.objects.count() == 2
    answer = client.post(url, {"present": PASSWORD, "password": new, "repeated": "x"})
    assert answer.status_code == 422
    answer = client.post(url, {"present": PASSWORD, "password": new, "repeated": new})
    assert answer.status_code == 302
    assert client.get(url).status_code == 200
    assert client_b.get(url).status_code == 302
    assert Account.objects.get(pk=wang.pk).check_password(new)


def test_nobody_changes_the_password_of_another(city):
    wang, li = city.account("wang", "CITIZEN"), city.account("li", "CITIZEN")
    with as_person(li), pytest.raises(Forbidden):
        password_change(wang.pk, present=PASSWORD, password="x" * 12, session_ref="", now=NOW)
    with as_person(li), pytest.raises(Forbidden):
        password_set(wang.pk, password="一二三四五六七八九十", now=NOW)
    with as_person(wang), pytest.raises(PasswordWrong):
        password_change(wang.pk, present="x", password="x" * 12, session_ref="", now=NOW)
    assert Account.objects.get(pk=wang.pk).check_password(PASSWORD)


def test_a_session_is_ended_by_its_owner_one_by_one_or_all_others(city, client, client_b, client_c):
    wang = city.account("wang", "CITIZEN")
    for one in (client, client_b, client_c):
        one.force_login(wang)
    url = "/identity/accounts/sessions/"
    rows = client.get(url).content.decode()
    assert rows.count("session_key") == 0
    refs = [pk[:16] for pk in AccountSession.objects.values_list("pk", flat=True)]
    assert len(refs) == 3
    from yiwang.identity.accounts.sessions import key_digest

    ref_b = key_digest(client_b.cookies["sessionid"].value)[:16]
    assert client.post(url, {"ref": ref_b}).status_code == 302
    assert client_b.get(url).status_code == 302
    assert client_c.get(url).status_code == 200
    assert client.post(url, {"all": "1"}).status_code == 302
    assert client_c.get(url).status_code == 302
    assert client.get(url).status_code == 200


def test_the_session_of_another_is_not_ended(city, client, client_b):
    wang, li = city.account("wang", "CITIZEN"), city.account("li", "CITIZEN")
    client.force_login(wang)
    client_b.force_login(li)
    ref = AccountSession.objects.get(account=wang).pk[:16]
    client_b.post("/identity/accounts/sessions/", {"ref": ref})
    assert client.get("/identity/accounts/sessions/").status_code == 200
    with as_person(li), pytest.raises(Forbidden):
        session_revoke(wang.pk, now=NOW)


def test_leaving_a_post_ends_the_sessions_at_once(city, client, system):
    li = city.staff("li", "APPROVER")
    client.force_login(li)
    assert client.get("/identity/accounts/profile/").status_code == 200
    holding = PostHolding.objects.get(account=li)
    post_leave(holding.pk, to_date=timezone.localdate(), now=timezone.now())
    assert client.get("/identity/accounts/profile/").status_code == 302
    assert AccountSession.objects.filter(account=li).count() == 0
    client.force_login(li)
    assert client.get("/identity/accounts/profile/").status_code == 302
    with pytest.raises(PostUnknown):
        post_leave(holding.pk, to_date=TODAY, now=NOW)


def test_a_post_is_held_from_its_first_day_to_the_day_before_leaving(city, system):
    li = city.account("li", "STAFF")
    post = city.post(city.bureau, "REVIEWER")
    holding = post_assign(li.pk, post_id=post, from_date=date(2026, 3, 1), now=NOW)
    post_leave(holding, to_date=date(2026, 9, 1), now=NOW)
    held = [
        bool(holding_list(account_ids=[li.pk], on=day))
        for day in (date(2026, 2, 28), date(2026, 3, 1), date(2026, 8, 31), date(2026, 9, 1))
    ]
    assert held == [False, True, True, False]


def test_nobody_collects_two_of_the_three_administrators_in_two_posts(city, system):
    li = city.staff("li", "SYSTEM_ADMIN")
    other = city.post(city.district, "AUDIT_ADMIN")
    with pytest.raises(RolesInConflict):
        post_assign(li.pk, post_id=other, from_date=TODAY, now=NOW)
    assert PostHolding.objects.filter(account=li).count() == 1


def test_a_post_is_held_once_and_by_civil_servants_only(city, system):
    li, wang = city.staff("li", "REVIEWER"), city.account("wang", "CITIZEN")
    post = PostHolding.objects.get(account=li).post_id
    with pytest.raises(PostHeldAlready):
        post_assign(li.pk, post_id=post, from_date=TODAY, now=NOW)
    with pytest.raises(PostForStaffOnly):
        post_assign(wang.pk, post_id=post, from_date=TODAY, now=NOW)
    assert PostHolding.objects.count() == 1


def test_the_chosen_post_decides_what_the_session_may(city, client, system):
    li = city.staff("li", "REVIEWER")
    second = city.post(city.street, "SYSTEM_ADMIN")
    post_assign(li.pk, post_id=second, from_date=date(2026, 1, 1), now=NOW)
    client.force_login(li)
    assert client.get("/identity/accounts/staff/").status_code == 403
    assert client.post("/identity/accounts/posts/", {"post": second}).status_code == 302
    assert client.get("/identity/accounts/staff/").status_code == 200
    other = city.post(city.district, "SYSTEM_ADMIN")
    assert client.post("/identity/accounts/posts/", {"post": other}).status_code == 404


def test_an_agent_acts_for_the_only_enterprise_without_choosing(city, client):
    agent = city.agent("zhang", "U1")
    client.force_login(agent)
    page = client.get("/identity/accounts/enterprises/")
    assert "企业U1" in page.content.decode()
    assert context_of(client).subject_ref == "enterprise:U1"


def test_an_agent_of_two_enterprises_chooses_after_signing_in(city, client):
    city.agent("zhang", "U1", "U2")
    answer = client.post(
        "/identity/accounts/sign-in/",
        {"username": "zhang", "password": PASSWORD, "next": "/identity/accounts/profile/"},
    )
    assert answer.headers["Location"].startswith("/identity/accounts/enterprises/?next=")
    assert context_of(client).subject_ref == ""
    answer = client.post(
        "/identity/accounts/enterprises/",
        {"enterprise": "enterprise:U2", "next": "/identity/accounts/profile/"},
    )
    assert answer.headers["Location"] == "/identity/accounts/profile/"
    assert context_of(client).subject_ref == "enterprise:U2"
    assert (
        client.post("/identity/accounts/enterprises/", {"enterprise": "enterprise:U3"}).status_code
        == 403
    )
    assert context_of(client).subject_ref == "enterprise:U2"


def test_an_authority_that_has_ended_gives_nothing(city, client, system):
    agent = city.agent("zhang", "U1")
    client.force_login(agent)
    held = AgentAuthority.objects.get()
    agent_authority_revoke(held.pk, to_date=timezone.localdate(), now=NOW)
    assert context_of(client).subject_ref == ""
    assert not agent_may_act_for(agent.pk, "enterprise:U1", timezone.localdate())
    assert authority_list(agent.pk, timezone.localdate()) == []
    assert agent_list("enterprise:U1", timezone.localdate()) == []
    with as_person(agent), pytest.raises(AuthorityMissing):
        agent_act_for(agent.pk, "enterprise:U1", on=timezone.localdate(), now=NOW)


def context_of(client):
    """Return the context that a request of this client gets."""
    from django.test import RequestFactory

    from yiwang.identity.accounts.session_context import context_read
    from yiwang.identity.accounts.sessions import SessionStore

    request = RequestFactory().get("/")
    request.session = SessionStore(client.cookies["sessionid"].value)
    return context_read(request)


@pytest.mark.parametrize(("population", "queries"), [("CITIZEN", 1), ("AGENT", 2), ("STAFF", 2)])
def test_the_context_costs_two_queries_at_most(
    city, client, django_assert_num_queries, population, queries
):
    accounts = {
        "CITIZEN": lambda: city.account("a", "CITIZEN", subject_ref="person:7"),
        "AGENT": lambda: city.agent("a", "U1"),
        "STAFF": lambda: city.staff("a", "APPROVER"),
    }
    client.force_login(accounts[population]())
    context_of(client)
    with django_assert_num_queries(queries):
        context = context_of(client)
    assert context.population == population
    assert population in context.permissions


def test_the_context_of_a_civil_servant_is_complete(city, client):
    client.force_login(city.staff("li", "APPROVER", "REVIEWER"))
    context = context_of(client)
    assert context.post_title == "APPROVER REVIEWER"
    assert context.department_id == city.bureau
    assert context.department_ids == {city.bureau, city.district, city.street}
    assert context.roles == {"APPROVER", "REVIEWER"}
    assert context.subject_ref == ""


def test_a_closed_account_is_out_at_once(city, client, system):
    wang = city.account("wang", "CITIZEN")
    client.force_login(wang)
    account_close(wang.pk, now=NOW)
    assert client.get("/identity/accounts/profile/").status_code == 302


ROWS = [
    {
        "username": "clerk",
        "population": "STAFF",
        "name": "钱一",
        "password": PASSWORD,
        "totp_secret": SECRET,
        "posts": [{"department_uscc": "2" * 18, "title": "WINDOW_CLERK"}],
    },
    {
        "username": "agent",
        "population": "AGENT",
        "name": "孙二",
        "authorities": [{"enterprise_ref": "enterprise:U9", "enterprise_name": "九号企业"}],
    },
    {"username": "citizen", "population": "CITIZEN", "name": "李三", "subject_ref": "person:3"},
]


def test_accounts_are_loaded_with_posts_and_authorities_and_twice_is_once(city, system):
    city.post(city.bureau, "WINDOW_CLERK")
    assert accounts_load(ROWS, now=NOW) == 3
    assert accounts_load(ROWS, now=NOW) == 3
    assert Account.objects.filter(is_made=True).count() == 3
    assert PostHolding.objects.count() == 1
    assert AgentAuthority.objects.count() == 1
    clerk = Account.objects.get(username="clerk")
    assert clerk.check_password(PASSWORD)
    assert not Account.objects.get(username="citizen").has_usable_password()
    assert account_find("citizen").subject_ref == "person:3"
    assert account_list(subject_ref="person:3")[0].name == "李三"


def test_two_who_take_one_name_at_the_same_moment_get_one_account_and_one_sentence(
    transactional_db,
):
    def take(number: int) -> str:
        try:
            with context_use(context_system("test")):
                account_create("twin", population="CITIZEN", name=f"双{number}", now=NOW)
        except AccountInvalid as error:
            return str(error.fields)
        finally:
            connection.close()
        return "made"

    with ThreadPoolExecutor(8) as pool:
        results = Counter(pool.map(take, range(8)))
    assert results == {"made": 1, str({"username": [NAME_TAKEN]}): 7}
    assert Account.objects.filter(username="twin").count() == 1


def test_a_name_taken_since_it_was_looked_up_is_refused_in_the_same_words(db, system, monkeypatch):
    account_create("twin", population="CITIZEN", name="一", now=NOW)
    nobody = Account.objects.none()
    with monkeypatch.context() as patched:
        patched.setattr(type(Account.objects), "filter", lambda _self, **_named: nobody)
        with pytest.raises(AccountInvalid) as refused:
            account_create("twin", population="CITIZEN", name="二", now=NOW)
    assert refused.value.fields == {"username": [NAME_TAKEN]}
    assert list(Account.objects.values_list("username", "name")) == [("twin", "一")]


def test_a_second_factor_too_short_to_be_safe_loads_nothing(city, system):
    with pytest.raises(AccountInvalid):
        accounts_load([{**ROWS[2], "totp_secret": "JBSWY3DP"}], now=NOW)
    assert Account.objects.count() == 0


def test_the_list_of_civil_servants_is_searched_by_name_and_post(city):
    city.staff("li", "APPROVER")
    city.staff("qian", "REVIEWER", department_id=city.street)
    assert [row.account.username for row in staff_list(on=TODAY)] == ["li", "qian"]
    assert [row.account.username for row in staff_list(text="STREET", on=TODAY)] == ["qian"]
    assert [row.account.username for row in staff_list(text="li名", on=TODAY)] == ["li"]


def test_system_administration_creates_and_security_administration_assigns(city, client, client_b):
    client.force_login(city.staff("sys", "SYSTEM_ADMIN"))
    client_b.force_login(city.staff("sec", "SECURITY_ADMIN"))
    post = city.post(city.street, "WINDOW_CLERK")
    form = {"username": "newcomer", "name": "新人", "password": "first password of new person"}
    assert client_b.post("/identity/accounts/staff/new/", form).status_code == 403
    assert client.post("/identity/accounts/staff/new/", {**form, "name": ""}).status_code == 422
    assert client.post("/identity/accounts/staff/new/", form).status_code == 302
    new = Account.objects.get(username="newcomer")
    url = f"/identity/accounts/staff/{new.pk}/"
    wanted = {"post": post, "from_date": "2026-01-01"}
    assert client.post(f"{url}assign/", wanted).status_code == 403
    assert client_b.post(f"{url}assign/", wanted).status_code == 302
    holding = PostHolding.objects.get(account=new)
    assert "WINDOW_CLERK" in client.get(url).content.decode()
    assert client.post(f"{url}leave/", {"holding": holding.pk}).status_code == 302
    assert PostHolding.objects.get(pk=holding.pk).to_date == timezone.localdate()


def test_a_lost_phone_and_a_forgotten_password_are_helped_by_system_administration(
    city, client, client_b
):
    li = city.staff("li", "REVIEWER")
    client.force_login(city.staff("sys", "SYSTEM_ADMIN"))
    client_b.force_login(li)
    url = f"/identity/accounts/staff/{li.pk}/"
    assert client_b.post(f"{url}second-factor/").status_code == 403
    assert client.post(f"{url}password/", {"password": "short"}).status_code == 302
    assert Account.objects.get(pk=li.pk).check_password(PASSWORD)
    client.post(f"{url}password/", {"password": "一二三四五六七八九十"})
    client.post(f"{url}second-factor/")
    li.refresh_from_db()
    assert li.check_password("一二三四五六七八九十")
    assert li.totp_secret == ""
    assert client_b.get("/identity/accounts/profile/").status_code == 302


def test_the_department_for_a_post_is_found_by_its_name(city, client):
    client.force_login(city.staff("sec", "SECURITY_ADMIN"))
    li = city.staff("li", "REVIEWER")
    url = f"/identity/accounts/staff/{li.pk}/"
    assert f"?department={city.street}" in client.get(url, {"q": "STREET"}).content.decode()
    city.post(city.street, "WINDOW_CLERK")
    assert "窗口受理" in client.get(url, {"department": city.street}).content.decode()


def test_the_staff_list_page_shows_and_exports(city, client):
    client.force_login(city.staff("sys", "SYSTEM_ADMIN"))
    assert "sys名" in client.get("/identity/accounts/staff/").content.decode()
    export = client.get("/identity/accounts/staff/", {"export": "csv"})
    assert "sys名" in b"".join(export.streaming_content).decode()


def test_preferences_are_kept_and_an_address_is_one(city, client):
    wang = city.account("wang", "CITIZEN")
    client.force_login(wang)
    url = "/identity/accounts/profile/"
    form = {"language": "en", "phone": "", "email": "w.example.org"}
    assert client.post(url, form).status_code == 422
    assert account_get(wang.pk).email == ""
    answer = client.post(url, {**form, "email": "w@example.org"})
    assert answer.status_code == 302
    assert answer.cookies["django_language"].value == "en"
    assert (account_get(wang.pk).email, account_get(wang.pk).language) == ("w@example.org", "en")


def test_the_sweep_removes_what_is_over(city, client):
    wang = city.account("wang", "CITIZEN")
    client.force_login(wang)
    now = timezone.now()
    PendingForm.objects.create(token_digest="x", path="/", payload="", expires_at=now)
    assert session_purge(now + timedelta(minutes=1)) == 1
    assert session_purge(now + timedelta(days=1)) == 1
    assert AccountSession.objects.count() == 0


def test_every_write_left_its_audit_row(city, system):
    city.staff("li", "APPROVER")
    acts = {row["act"] for row in audit_search()}
    assert {
        "identity.organisations.department_put",
        "identity.organisations.post_put",
        "identity.accounts.account_create",
        "identity.accounts.post_assign",
    } <= acts


@pytest.fixture
def client_b():
    from django.test import Client

    return Client()


@pytest.fixture
def client_c():
    from django.test import Client

    return Client()
