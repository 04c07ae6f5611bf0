"""Signing in: password, second factor, lockout, sessions, the demonstration's short cut."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pyotp
import pytest
from django.db import connection
from django.utils import timezone

from yiwang.identity.accounts.actions import sign_in_code, sign_in_password
from yiwang.identity.accounts.actions.sign_in import (
    CodeUsed,
    CodeWrong,
    PostNeeded,
    SignInFailed,
    SignInLocked,
)
from yiwang.identity.accounts.models import Account, AccountSession, SignInAttempt
from yiwang.identity.accounts.second_factor import totp_open, totp_secret_of
from yiwang.identity.testing import NOW, PASSWORD, SECRET
from yiwang.kernel.api import RequestContext, audit_search, context_use

URL = "/identity/accounts/sign-in/"
CODE = "/identity/accounts/sign-in/code/"


def code_at(moment, secret=SECRET) -> str:
    return pyotp.TOTP(secret).at(moment)


def signed_in(client) -> bool:
    return client.get("/identity/accounts/profile/").status_code == 200


def sign_in(client, username, password=PASSWORD, **more):
    return client.post(URL, {"username": username, "password": password, **more})


def test_a_citizen_signs_in_with_name_and_password(city, client):
    city.account("wang", "CITIZEN", subject_ref="person:1")
    assert not signed_in(client)
    assert sign_in(client, "wang").status_code == 302
    assert signed_in(client)
    row = AccountSession.objects.get(account__username="wang")
    assert row.address == "127.0.0.1"
    (entry,) = audit_search(act="identity.accounts.sign_in")
    assert (entry["actor_name"], entry["outcome"], entry["detail"]) == (
        "wang名",
        "DONE",
        {"method": "PASSWORD"},
    )


def test_a_phone_number_signs_in_when_one_account_has_it(city, client):
    city.account("wang", "CITIZEN", phone="13800000001")
    assert sign_in(client, "13800000001").status_code == 302
    assert signed_in(client)


def test_a_phone_number_of_two_accounts_signs_in_neither(city, client):
    city.account("wang", "CITIZEN", phone="13800000001")
    city.account("wang.agent", "AGENT", phone="13800000001")
    assert sign_in(client, "13800000001").status_code == 422
    assert not signed_in(client)


@pytest.mark.parametrize("name", ["wang", "nobody"])
def test_a_wrong_password_and_an_unknown_name_are_told_the_same(city, client, name):
    city.account("wang", "CITIZEN")
    answer = sign_in(client, name, "wrong", language="en")
    assert answer.status_code == 422
    assert not signed_in(client)
    assert audit_search(act="identity.accounts.sign_in")[0]["outcome"] == "FAILED"
    assert AccountSession.objects.count() == 0


def test_the_password_is_stored_as_argon2id(settings, city):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    assert city.account("wang", "CITIZEN").password.startswith("argon2$argon2id$")


def test_five_wrong_tries_lock_the_right_password_too_until_the_time_is_over(city):
    city.account("wang", "CITIZEN")
    for _ in range(5):
        with pytest.raises(SignInFailed):
            sign_in_password("wang", "wrong", now=NOW)
    with pytest.raises(SignInLocked) as refused:
        sign_in_password("wang", PASSWORD, now=NOW + timedelta(minutes=14, seconds=59))
    assert refused.value.params == {"allowed": 5, "time": "10:15", "seconds": 1}
    assert audit_search()[0]["detail"] == {"reason": "locked"}
    assert sign_in_password("wang", PASSWORD, now=NOW + timedelta(minutes=15)).needs == "DONE"
    assert SignInAttempt.objects.count() == 0


def test_the_count_begins_anew_after_the_lock(city):
    city.account("wang", "CITIZEN")
    for _ in range(5):
        with pytest.raises(SignInFailed):
            sign_in_password("wang", "wrong", now=NOW)
    with pytest.raises(SignInFailed):
        sign_in_password("wang", "wrong", now=NOW + timedelta(minutes=16))
    assert SignInAttempt.objects.get().failures == 1


def test_another_address_is_not_locked_with_the_first(city):
    city.account("wang", "CITIZEN")
    with context_use(RequestContext(address="10.0.0.1")):
        for _ in range(5):
            with pytest.raises(SignInFailed):
                sign_in_password("wang", "wrong", now=NOW)
    with context_use(RequestContext(address="10.0.0.2")):
        assert sign_in_password("wang", PASSWORD, now=NOW).needs == "DONE"


def test_an_unknown_name_is_locked_like_a_known_one(city):
    for _ in range(5):
        with pytest.raises(SignInFailed):
            sign_in_password("nobody", "x", now=NOW)
    with pytest.raises(SignInLocked):
        sign_in_password("nobody", "x", now=NOW)


def test_the_locked_page_says_when_to_try_again(city, client):
    city.account("wang", "CITIZEN")
    for _ in range(5):
        sign_in(client, "wang", "wrong")
    client.cookies["django_language"] = "en"
    answer = sign_in(client, "wang")
    assert answer.status_code == 429
    assert "is locked after 5 wrong tries. Try again after" in answer.content.decode()
    assert not signed_in(client)


def test_a_civil_servant_needs_the_one_time_code_as_well(city, client):
    city.staff("li", "REVIEWER")
    assert sign_in(client, "li").headers["Location"] == CODE
    assert not signed_in(client)
    assert client.post(CODE, {"code": "000000"}).status_code == 422
    assert not signed_in(client)
    assert client.post(CODE, {"code": code_at(timezone.now())}).status_code == 302
    assert signed_in(client)


def test_a_code_is_good_once(city):
    li = city.staff("li", "REVIEWER")
    sign_in_code(li.pk, code_at(NOW), now=NOW)
    with pytest.raises(CodeUsed):
        sign_in_code(li.pk, code_at(NOW), now=NOW + timedelta(seconds=5))
    with pytest.raises(CodeUsed):
        sign_in_code(li.pk, code_at(NOW - timedelta(seconds=30)), now=NOW)
    sign_in_code(li.pk, code_at(NOW + timedelta(seconds=30)), now=NOW + timedelta(seconds=30))


def test_a_code_one_step_off_is_good_and_two_steps_off_is_not(city):
    li = city.staff("li", "REVIEWER")
    with pytest.raises(CodeWrong):
        sign_in_code(li.pk, code_at(NOW - timedelta(seconds=60)), now=NOW)
    with pytest.raises(CodeWrong):
        sign_in_code(li.pk, code_at(NOW + timedelta(seconds=60)), now=NOW)
    sign_in_code(li.pk, code_at(NOW - timedelta(seconds=30)), now=NOW)


def test_wrong_codes_lock_as_wrong_passwords_do(city):
    li = city.staff("li", "REVIEWER")
    for _ in range(5):
        with pytest.raises(CodeWrong):
            sign_in_code(li.pk, "000000", now=NOW)
    with pytest.raises(SignInLocked):
        sign_in_code(li.pk, code_at(NOW), now=NOW)
    assert Account.objects.get(pk=li.pk).totp_last_step == 0


def test_guessing_codes_is_not_reset_by_giving_the_password_again(city):
    li = city.staff("li", "REVIEWER")
    for _ in range(2):
        sign_in_password("li", PASSWORD, now=NOW)
        with pytest.raises(CodeWrong):
            sign_in_code(li.pk, "000000", now=NOW)
    assert SignInAttempt.objects.get().failures == 4


@pytest.mark.parametrize("code", ["", "12 34", "１２３４５６", "abcdef", "9" * 50])
def test_what_is_no_code_is_wrong_and_no_error(city, code):
    li = city.staff("li", "REVIEWER")
    with pytest.raises(CodeWrong):
        sign_in_code(li.pk, code, now=NOW)


def test_the_code_page_without_a_password_leads_back(city, client):
    assert client.get(CODE).headers["Location"] == URL


def test_half_a_sign_in_is_forgotten_after_five_minutes(city, client):
    city.staff("li", "REVIEWER")
    sign_in(client, "li")
    later = timezone.now() + timedelta(minutes=6)
    with patch("yiwang.identity.accounts.views.sign_in.timezone.now", return_value=later):
        assert client.post(CODE, {"code": code_at(later)}).headers["Location"] == URL
    assert not signed_in(client)


def test_a_civil_servant_without_a_second_factor_sets_it_up_first(city, client):
    city.staff("li", "REVIEWER", secret="")
    answer = sign_in(client, "li")
    assert answer.headers["Location"] == "/identity/accounts/sign-in/second-factor/"
    page = client.get(answer.headers["Location"]).content.decode()
    kept = client.session["sign_in"]["secret"]
    secret = totp_open("li", kept)
    assert secret in page
    assert secret not in kept
    assert 'src="data:image/svg+xml' in page
    assert client.post(answer.headers["Location"], {"code": "000000"}).status_code == 422
    assert Account.objects.get(username="li").totp_secret == ""
    code = code_at(timezone.now(), secret)
    assert client.post(answer.headers["Location"], {"code": code}).status_code == 302
    assert totp_secret_of(Account.objects.get(username="li")) == secret
    assert signed_in(client)


def test_a_civil_servant_without_a_post_is_not_let_in(city):
    city.account("gone", "STAFF")
    with pytest.raises(PostNeeded):
        sign_in_password("gone", PASSWORD, now=NOW)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/identity/accounts/profile/", "/identity/accounts/profile/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("https:evil.example", "/"),
        (URL, "/"),
    ],
)
def test_after_signing_in_only_pages_of_this_host_follow(city, client, target, expected):
    city.account("wang", "CITIZEN")
    answer = sign_in(client, "wang", next=target)
    if expected == "/":
        assert "evil" not in answer.headers["Location"]
        assert answer.headers["Location"].startswith("/")
        assert not answer.headers["Location"].startswith(URL)
    else:
        assert answer.headers["Location"] == expected


def test_signing_out_is_posted_and_ends_the_session(city, client):
    city.account("wang", "CITIZEN")
    sign_in(client, "wang")
    assert client.get("/identity/accounts/sign-out/").status_code == 405
    assert signed_in(client)
    assert client.post("/identity/accounts/sign-out/").status_code == 302
    assert not signed_in(client)
    assert AccountSession.objects.count() == 0
    assert audit_search()[0]["act"] == "identity.accounts.sign_out"


def test_the_table_of_sessions_does_not_hold_the_key_of_the_cookie(city, client):
    city.account("wang", "CITIZEN")
    sign_in(client, "wang")
    key = client.cookies["sessionid"].value
    assert not AccountSession.objects.filter(session_key=key).exists()
    assert key not in str(list(AccountSession.objects.values_list()))


@pytest.mark.parametrize(("population", "minutes"), [("CITIZEN", 60), ("STAFF", 30)])
def test_an_idle_session_ends(city, client, population, minutes):
    account = city.staff("x") if population == "STAFF" else city.account("x", population)
    client.force_login(account)
    seen = AccountSession.objects.filter(account=account)
    seen.update(last_seen_at=timezone.now() - timedelta(minutes=minutes - 1))
    assert signed_in(client)
    seen.update(last_seen_at=timezone.now() - timedelta(minutes=minutes, seconds=1))
    assert not signed_in(client)
    assert not signed_in(client)


def test_a_session_ends_after_its_working_day_however_busy(city, client):
    city.account("wang", "CITIZEN")
    sign_in(client, "wang")
    row = AccountSession.objects.get(account__username="wang")
    life = row.expire_date - row.created_at
    assert timedelta(hours=12) - timedelta(minutes=1) < life <= timedelta(hours=12)
    client.get("/identity/accounts/profile/")
    assert AccountSession.objects.get(pk=row.pk).expire_date == row.expire_date


@pytest.fixture
def demo(settings, tmp_path):
    settings.CITY = {**settings.CITY, "demo": True}
    settings.DATA_DIR = tmp_path
    (tmp_path / "demo-accounts.json").write_text(
        '[{"username": "wang", "password": "p", "role": {"zh": "市民", "en": "Citizen"},'
        ' "name": "王", "department": "", "totp_secret": null},'
        ' {"username": "li", "password": "p", "role": {"zh": "审批", "en": "Approver"},'
        ' "name": "李", "department": "民政局", "totp_secret": "x"}]'
    )


def test_the_demonstration_signs_in_a_made_citizen_at_once(city, client, demo):
    city.account("wang", "CITIZEN", is_made=True)
    assert 'value="wang"' in client.get(URL).content.decode()
    assert client.post(URL, {"demo": "wang"}).status_code == 302
    assert signed_in(client)
    assert audit_search()[0]["detail"] == {"method": "DEMO"}


def test_the_demonstration_asks_a_made_civil_servant_for_the_code_it_shows(city, client, demo):
    li = city.staff("li", "APPROVER")
    Account.objects.filter(pk=li.pk).update(is_made=True)
    assert client.post(URL, {"demo": "li"}).headers["Location"] == CODE
    assert not signed_in(client)
    code = code_at(timezone.now())
    assert code in client.get(CODE).content.decode()
    assert client.post(CODE, {"code": code}).status_code == 302
    assert signed_in(client)


def test_the_demonstration_lets_no_real_account_in(city, client, demo):
    city.account("wang", "CITIZEN")
    assert client.post(URL, {"demo": "wang"}).status_code == 404
    assert not signed_in(client)


def test_a_real_city_has_no_short_cut(city, client):
    city.account("wang", "CITIZEN", is_made=True)
    assert client.post(URL, {"demo": "wang"}).status_code == 422
    assert not signed_in(client)
    assert 'name="demo"' not in client.get(URL).content.decode()


def test_the_clock_of_these_tests_is_a_friday_morning_in_suzhou():
    assert datetime(2026, 11, 20, 2, tzinfo=UTC) == NOW


def test_guesses_at_the_same_moment_do_not_pass_the_limit(transactional_db, city):
    city.account("wang", "CITIZEN")
    # SQLite in memory cannot wait for a writer; there the guesses come one by one.
    in_memory = connection.vendor == "sqlite" and connection.is_in_memory_db()
    together = 1 if in_memory else 12

    def guess(number: int) -> str:
        try:
            sign_in_password("wang", f"wrong {number}", now=NOW)
        except SignInFailed:
            return "failed"
        except SignInLocked:
            return "locked"
        finally:
            connection.close()
        return "in"

    with ThreadPoolExecutor(together) as pool:
        results = Counter(pool.map(guess, range(12)))
    assert results == {"failed": 5, "locked": 7}
