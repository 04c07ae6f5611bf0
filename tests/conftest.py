"""The small demonstration city that the journeys at action level live in."""

import datetime
import shutil
import tempfile
from pathlib import Path

import pytest
from django.conf import settings
from django.test import override_settings

from tests.city import City, direct_registries
from yiwang.config.demo import city_build
from yiwang.config.testing_databases import LAYERS

NOW = datetime.datetime(2026, 11, 20, 2, 0, tzinfo=datetime.UTC)  # a Friday, 10:00 in Suzhou


def _city_make() -> tuple[Path, City]:
    """Build a made city of 120 people in the database that is being filled."""
    folder = Path(tempfile.mkdtemp(prefix="city-", dir=settings.DATA_DIR))
    quick = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with override_settings(PASSWORD_HASHERS=quick, DATA_DIR=folder), direct_registries():
        city_build(persons=120, enterprises=20, now=NOW)
    return folder, City.read(folder)


LAYERS["made_city"] = _city_make


@pytest.fixture
def made_city(db, _database, settings, tmp_path):
    """The made city in the database, its files in a folder of the test's own."""
    folder, city = _database.given["made_city"]
    settings.DATA_DIR = shutil.copytree(folder, tmp_path / "city")
    return city


@pytest.fixture
def city(made_city):
    """The made city; what a test changes is undone after it."""
    return made_city


@pytest.fixture
def now():
    """Friday, 20 November 2026, 10:00 in Suzhou."""
    return NOW


@pytest.fixture
def still(now, monkeypatch):
    """The clock stands still at `now`, for pages and limits as well: a test says the same on any day."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    return now
