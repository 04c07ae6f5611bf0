"""Guessing passwords: slow for whoever guesses, from however many addresses, and no hindrance to the right owner."""

from datetime import timedelta

import pytest

from yiwang.identity.accounts.actions import session_purge, sign_in_password
from yiwang.identity.accounts.actions.sign_in import (
    AddressSlowed,
    SignInFailed,
    SignInLocked,
    SignInSlowed,
)
from yiwang.identity.accounts.devices import COOKIE, device_add, device_read
from yiwang.identity.accounts.limits import ALLOWANCES, Lock, address_group
from yiwang.identity.accounts.models import SignInAttempt, SignInLimit
from yiwang.identity.testing import NOW, PASSWORD
from yiwang.kernel.api import RequestContext, audit_search, context_use

MINUTE = timedelta(minutes=1)
URL = "/identity/accounts/sign-in/"


def try_from(address, *, name="wang", password="wrong", at=NOW, cookie=""):
    """Return what a try came to: its step or the refusal's code, and the refusal's words' values."""
    with context_use(RequestContext(address=address)):
        try:
            return sign_in_password(name, password, now=at, cookie=cookie).needs, {}
        except (SignInFailed, SignInLocked) as error:
            return error.code, error.params


def wrong_from_everywhere(count, *, at=NOW):
    return [try_from(f"10.0.{n // 200}.{n % 200}", at=at)[0] for n in range(count)]


@pytest.fixture
def wang(city):
    return city.account("wang", "CITIZEN")


def test_a_thousand_addresses_are_slowed_down_like_one(wang):
    assert set(wrong_from_everywhere(20)) == {"sign_in_failed"}
    code, params = try_from("10.9.9.9")
    assert (code, params["time"], params["seconds"]) == ("sign_in_slowed", "10:01:00", 60)
    assert audit_search()[0]["detail"] == {"reason": "slowed_account"}


def test_each_further_try_waits_longer_and_never_more_than_a_quarter_of_an_hour(wang):
    wrong_from_everywhere(20)
    waits, at = [], NOW
    for n in range(7):
        held, params = try_from(f"10.8.0.{n}", at=at)
        while held == "sign_in_slowed":
            waits.append(params["seconds"] // 60)
            at += timedelta(seconds=params["seconds"])
            held, params = try_from(f"10.8.0.{n}", at=at)
    assert waits == [1, 2, 4, 8, 15, 15, 15]


def test_a_day_of_guessing_from_everywhere_is_little_more_than_a_hundred_guesses(wang):
    moments = [NOW + 5 * n * MINUTE for n in range(24 * 12)]
    tried = [try_from(f"10.1.{n}.1", at=at)[0] for n, at in enumerate(moments)]
    assert tried.count("sign_in_failed") == 114


def test_at_a_device_of_their_own_the_owner_signs_in_while_others_guess(wang):
    cookie = device_add("", wang.pk)
    wrong_from_everywhere(22)
    assert try_from("10.9.9.9", password=PASSWORD)[0] == "sign_in_slowed"
    assert try_from("10.9.9.9", password=PASSWORD, cookie=cookie) == ("DONE", {})


def test_a_known_device_is_locked_after_five_wrong_tries_of_its_own(wang):
    cookie = device_add("", wang.pk)
    for n in range(5):
        assert try_from(f"10.7.0.{n}", cookie=cookie)[0] == "sign_in_failed"
    assert try_from("10.7.0.9", password=PASSWORD, cookie=cookie)[0] == "sign_in_locked"
    assert try_from("10.7.0.9", password=PASSWORD)[0] == "DONE"
    assert SignInLimit.objects.get(key=f"account:{wang.pk}").drained_at == NOW


def test_a_cookie_knows_the_accounts_of_its_browser_and_no_other(wang, city):
    li = city.account("li", "CITIZEN")
    cookie = device_add(device_add("", wang.pk), li.pk)
    assert len({device_read(cookie, one.pk) for one in (wang, li)} - {""}) == 2
    assert device_read(device_add(cookie, wang.pk), wang.pk) == device_read(cookie, wang.pk)
    assert (device_read(cookie, 10**6), device_read(f"{cookie}x", wang.pk)) == ("", "")
    for other in range(100, 109):
        cookie = device_add(cookie, other)
    assert (device_read(cookie, wang.pk), bool(device_read(cookie, 108))) == ("", True)


def test_an_address_that_tries_many_names_is_slowed_down_for_all_of_them(wang):
    for n in range(30):
        assert try_from("10.0.0.1", name=f"name{n}")[0] == "sign_in_failed"
    assert try_from("10.0.0.1", password=PASSWORD)[0] == "address_slowed"
    assert try_from("10.0.0.2", password=PASSWORD)[0] == "DONE"
    later = NOW + 12 * MINUTE
    assert try_from("10.0.0.1", password=PASSWORD, at=later)[0] == "DONE"


def test_right_passwords_behind_one_address_count_nothing(city):
    for n in range(4):
        city.account(f"office{n}", "CITIZEN")
    for n in range(60):
        assert try_from("10.0.0.1", name=f"office{n % 4}", password=PASSWORD)[0] == "DONE"
    assert set(SignInLimit.objects.values_list("drained_at", flat=True)) == {NOW}
    assert SignInAttempt.objects.count() == 0


def test_the_addresses_of_one_household_are_one(wang):
    for n in range(30):
        try_from(f"2001:db8::{n:x}", name=f"name{n}")
    assert try_from("2001:db8::ffff")[0] == "address_slowed"
    assert try_from("2001:db8:0:1::1")[0] == "sign_in_failed"
    assert address_group("no address") == "no address"


def test_unknown_names_are_slowed_down_like_known_ones(city):
    known = [try_from(f"10.0.0.{n}", name="nobody")[0] for n in range(21)]
    assert known == ["sign_in_failed"] * 20 + ["sign_in_slowed"]


def test_the_pages_say_when_to_try_again_and_make_the_device_known(wang, client):
    assert COOKIE not in client.get(URL).cookies
    answer = client.post(URL, {"username": "wang", "password": PASSWORD})
    assert device_read(answer.cookies[COOKIE].value, wang.pk) != ""
    assert (answer.cookies[COOKIE]["path"], bool(answer.cookies[COOKIE]["httponly"])) == (URL, True)
    client.cookies.clear()
    client.cookies["django_language"] = "en"
    SignInLimit.objects.all().delete()
    from django.utils import timezone

    now = timezone.now()
    full = now + ALLOWANCES[Lock.ACCOUNT].one_each * 30
    SignInLimit.objects.create(key=f"account:{wang.pk}", drained_at=full, last_at=now)
    page = client.post(URL, {"username": "wang", "password": PASSWORD})
    assert (page.status_code, 0 < int(page["Retry-After"]) <= 901) == (429, True)
    assert "many wrong tries with this name lately. Try again after" in page.content.decode()
    client.cookies[COOKIE] = answer.cookies[COOKIE].value
    assert client.post(URL, {"username": "wang", "password": PASSWORD}).status_code == 302


def test_what_counts_no_more_is_swept_away(wang):
    wrong_from_everywhere(3)
    assert session_purge(NOW + 14 * MINUTE) == 0
    session_purge(NOW + 24 * 60 * MINUTE)
    assert (SignInAttempt.objects.count(), SignInLimit.objects.count()) == (0, 0)


def test_the_refusals_are_kinds_of_the_lock():
    assert issubclass(AddressSlowed, SignInSlowed)
    assert (SignInSlowed.status, AddressSlowed.status) == (429, 429)
