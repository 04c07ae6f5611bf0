"""Keys of one-time codes are stored sealed: what the table holds opens nothing without the installation's key."""

import importlib
import os
from collections import Counter

import pyotp
import pytest
from django.apps import apps
from hypothesis import given, settings
from hypothesis import strategies as st

from yiwang.identity.accounts.actions import accounts_load, sign_in_code
from yiwang.identity.accounts.models import Account
from yiwang.identity.accounts.sealing import (
    SealBroken,
    SealKeyMissing,
    SealKeyUnfit,
    key_name,
    key_new,
    seal,
    unseal,
)
from yiwang.identity.accounts.second_factor import (
    key_add,
    seal_count,
    totp_reseal,
    totp_seal,
    totp_secret_of,
    totp_step,
)
from yiwang.identity.testing import NOW, SECRET

KEYS = [key_new(), key_new()]


@pytest.fixture(autouse=True)
def keys(settings, tmp_path):
    settings.FIELD_KEYS, settings.FIELD_KEYS_FILE = "", str(tmp_path / "field.keys")
    return tmp_path / "field.keys"


@settings(max_examples=30)
@given(text=st.text(max_size=64), place=st.text(max_size=20), first=st.integers(0, 1))
def test_what_was_sealed_opens_under_any_of_the_keys_and_at_its_place_only(text, place, first):
    sealed = seal(text, place=place, keys=KEYS[first:])
    assert unseal(sealed, place=place, keys=KEYS) == text
    assert seal(text, place=place, keys=KEYS[first:]) != sealed
    with pytest.raises(SealBroken):
        unseal(sealed, place=f"{place}x", keys=KEYS)
    with pytest.raises(SealKeyMissing):
        unseal(sealed, place=place, keys=[key_new()])


@pytest.mark.parametrize("harm", [lambda s: s[:-6], lambda s: f"{s[:-4]}AAAA", lambda s: s[:11]])
def test_what_was_changed_does_not_open(harm):
    with pytest.raises(SealBroken):
        unseal(harm(seal(SECRET, place="totp:li", keys=KEYS)), place="totp:li", keys=KEYS)


def test_the_table_does_not_hold_the_key_and_the_code_is_good_all_the_same(city, keys):
    li = city.staff("li", "REVIEWER")
    assert li.totp_secret.startswith(f"v1.{key_name(keys.read_text().strip())}.")
    assert SECRET not in li.totp_secret
    assert keys.stat().st_mode & 0o777 == 0o600
    sign_in_code(li.pk, pyotp.TOTP(SECRET).at(NOW), now=NOW)
    assert totp_step(totp_secret_of(li), pyotp.TOTP(SECRET).at(NOW), NOW) is not None


def test_a_key_copied_into_another_row_opens_nothing(city):
    li, qian = city.staff("li", "REVIEWER"), city.staff("qian", "APPROVER")
    Account.objects.filter(pk=qian.pk).update(totp_secret=li.totp_secret)
    qian.refresh_from_db()
    with pytest.raises(SealBroken):
        totp_secret_of(qian)


def test_without_its_key_signing_in_says_what_is_missing_and_counts_nothing(city, keys):
    li = city.staff("li", "REVIEWER")
    name = key_name(keys.read_text().strip())
    os.rename(keys, keys.with_suffix(".kept"))
    with pytest.raises(SealKeyMissing) as missing:
        sign_in_code(li.pk, "123456", now=NOW)
    assert missing.value.params == {"key": name, "place": str(keys)}
    assert missing.value.status == 503
    assert not keys.exists()
    os.rename(keys.with_suffix(".kept"), keys)
    assert totp_secret_of(li) == SECRET


def test_a_key_that_is_none_is_named(settings):
    settings.FIELD_KEYS = "short"
    with pytest.raises(SealKeyUnfit) as unfit:
        totp_seal("li", SECRET)
    assert unfit.value.params == {"place": "YIWANG_FIELD_KEYS"}
    assert totp_seal("li", "") == ""


def test_a_new_key_is_put_in_front_and_everything_is_sealed_again(city, keys, system):
    people = [city.staff(name, "REVIEWER") for name in ("li", "qian")]
    old = key_name(keys.read_text().strip())
    fresh = key_add()
    assert seal_count() == Counter({old: 2})
    assert totp_secret_of(people[0]) == SECRET
    assert [totp_reseal(now=NOW), totp_reseal(now=NOW)] == [2, 0]
    assert seal_count() == Counter({fresh: 2})
    keys.write_text(keys.read_text().split()[0])
    for person in people:
        person.refresh_from_db()
        assert totp_secret_of(person) == SECRET


def test_sealing_again_changes_no_row_when_one_of_the_keys_is_gone(city, keys, system):
    people = [city.staff(name, "REVIEWER") for name in ("li", "qian")]
    lost = seal(SECRET, place="totp:qian", keys=[key_new()])
    Account.objects.filter(pk=people[1].pk).update(totp_secret=lost)
    key_add()
    with pytest.raises(SealKeyMissing):
        totp_reseal(now=NOW)
    assert Account.objects.get(pk=people[0].pk).totp_secret == people[0].totp_secret


def test_rows_that_stood_in_clear_are_sealed_by_the_migration_and_opened_by_its_way_back(city):
    module = importlib.import_module(
        "yiwang.identity.accounts.migrations.0004_sealed_second_factors"
    )
    li = city.staff("li", "REVIEWER")
    city.account("wang", "CITIZEN")
    Account.objects.filter(pk=li.pk).update(totp_secret=SECRET)
    module.seal_all(apps, None)
    module.seal_all(apps, None)
    li.refresh_from_db()
    assert (totp_secret_of(li), SECRET in li.totp_secret) == (SECRET, False)
    module.open_all(apps, None)
    assert dict(Account.objects.values_list("username", "totp_secret")) == {
        "li": SECRET,
        "wang": "",
    }


def test_loading_an_account_again_without_a_second_factor_keeps_the_one_it_has(city, system):
    city.staff("li", "REVIEWER")
    accounts_load([{"username": "li", "population": "STAFF", "name": "李"}], now=NOW)
    assert totp_secret_of(Account.objects.get(username="li")) == SECRET
