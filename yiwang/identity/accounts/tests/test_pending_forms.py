"""A session that ends in the middle of a form: nothing typed is lost."""

from datetime import timedelta

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone

from yiwang.identity.accounts.actions import pending_form_take
from yiwang.identity.accounts.models import AccountSession, PendingForm
from yiwang.identity.testing import PASSWORD
from yiwang.kernel.api import RequestContext, context_use

FORM = "/identity/accounts/profile/"
TYPED = {"channel": "SPACE", "phone": "13800000001", "note": ["甲", "乙"]}


def take(client, account_id, path=FORM):
    request = RequestFactory().get(path)
    request.COOKIES.update({name: morsel.value for name, morsel in client.cookies.items()})
    with context_use(RequestContext(population="CITIZEN", account_id=account_id)):
        return pending_form_take(request, path)


@pytest.fixture
def late(city, client):
    """Somebody whose session has lain idle too long posts a form."""
    wang = city.account("wang", "CITIZEN")
    client.force_login(wang)
    AccountSession.objects.update(last_seen_at=timezone.now() - timedelta(hours=2))
    answer = client.post(FORM, {**TYPED, "password": "secret", "totp_code": "123456"})
    assert (
        answer.headers["Location"] == f"/identity/accounts/sign-in/?next={FORM.replace('/', '%2F')}"
    )
    return wang


def test_what_was_typed_is_there_again_after_signing_in(late, client):
    page = client.get("/identity/accounts/sign-in/", {"next": FORM}).content.decode()
    assert "暂存" in page or "kept" in page
    answer = client.post(
        "/identity/accounts/sign-in/", {"username": "wang", "password": PASSWORD, "next": FORM}
    )
    assert answer.headers["Location"] == FORM
    kept = take(client, late.pk)
    assert kept["phone"] == "13800000001"
    assert kept.getlist("note") == ["甲", "乙"]


def test_it_is_given_once(late, client):
    assert take(client, late.pk) is not None
    assert take(client, late.pk) is None
    assert PendingForm.objects.count() == 0


def test_passwords_and_codes_are_not_kept(late, client):
    assert set(take(client, late.pk)) == {"channel", "phone", "note"}


def test_another_person_at_the_same_browser_does_not_get_it(late, client, city):
    li = city.account("li", "CITIZEN")
    assert take(client, li.pk) is None
    assert take(client, late.pk) is not None


def test_another_browser_does_not_get_it(late):
    assert take(Client(), late.pk) is None
    assert PendingForm.objects.count() == 1


def test_another_form_does_not_get_it(late, client):
    assert take(client, late.pk, path="/identity/accounts/password/") is None


@pytest.mark.parametrize("path", [FORM, "/identity/accounts/password/"])
def test_a_form_that_posts_elsewhere_is_found_from_its_page_and_from_there(city, client, path):
    wang = city.account("wang", "CITIZEN")
    client.force_login(wang)
    AccountSession.objects.update(last_seen_at=timezone.now() - timedelta(hours=2))
    page = "http://testserver/identity/accounts/password/?from=desk"
    answer = client.post(FORM, TYPED, headers={"Referer": page})
    assert answer.headers["Location"].endswith(
        "next=%2Fidentity%2Faccounts%2Fpassword%2F%3Ffrom%3Ddesk"
    )
    assert take(client, wang.pk, path="/identity/accounts/sessions/") is None
    assert take(client, wang.pk, path=path)["phone"] == "13800000001"


def test_after_half_an_hour_it_is_gone(late, client):
    PendingForm.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert take(client, late.pk) is None


def test_a_changed_payload_is_not_believed(late, client):
    PendingForm.objects.update(payload="forged")
    assert take(client, late.pk) is None


def test_signing_out_forgets_the_way_to_it(late, client):
    client.post("/identity/accounts/sign-out/")
    assert take(client, late.pk) is None


def test_a_session_deleted_from_the_table_keeps_the_form_too(city, client):
    wang = city.account("wang", "CITIZEN")
    client.force_login(wang)
    AccountSession.objects.all().delete()
    client.post(FORM, TYPED)
    assert take(client, wang.pk)["phone"] == "13800000001"


def test_a_session_expired_by_its_date_is_still_known_to_be_of_its_owner(city, client):
    wang = city.account("wang", "CITIZEN")
    client.force_login(wang)
    AccountSession.objects.update(expire_date=timezone.now() - timedelta(minutes=1))
    client.post(FORM, TYPED)
    assert PendingForm.objects.get().account_id == wang.pk


def test_what_is_larger_than_half_a_megabyte_is_not_kept(city, client):
    import random

    text = "".join(random.Random(1).choices("0123456789abcdefghijklmnopqrstuvwxyz", k=900_000))  # noqa: S311
    assert client.post(FORM, {"note": text}).status_code == 302
    assert PendingForm.objects.count() == 0


def test_a_text_of_9000_characters_with_control_characters_comes_back_whole(city, client):
    wang = city.account("wang", "CITIZEN")
    text = "字\x07&=?\n" * 1500
    client.post(FORM, {"note": text})
    assert take(client, wang.pk)["note"] == text
