"""The small demonstration city that the journeys at action level live in."""

import datetime

import pytest
from django.db import transaction
from django.test import override_settings

NOW = datetime.datetime(2026, 11, 20, 2, 0, tzinfo=datetime.UTC)  # a Friday, 10:00 in Suzhou


@pytest.fixture(scope="module")
def _city_rows(django_db_setup, django_db_blocker, tmp_path_factory):
    """Build a made city of 120 people once a module, inside a transaction that is undone."""
    from tests.city import City, direct_registries
    from yiwang.config.demo import city_build

    folder = tmp_path_factory.mktemp("city")
    quick = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with (
        django_db_blocker.unblock(),
        override_settings(PASSWORD_HASHERS=quick, DATA_DIR=folder),
        direct_registries(),
        transaction.atomic(),
    ):
        city_build(persons=120, enterprises=20, now=NOW)
        yield City.read(folder)
        transaction.set_rollback(True)


@pytest.fixture
def city(_city_rows, db):
    """The made city; what a test changes is undone after it."""
    return _city_rows


@pytest.fixture
def now():
    """Friday, 20 November 2026, 10:00 in Suzhou."""
    return NOW
