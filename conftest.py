"""What every test shares: plain static files, fast hashing, Chinese compiled."""

import os

import pytest
from django.utils import translation
from hypothesis import settings as hypothesis_settings

from yiwang.config.messages import messages_compile

messages_compile()
DATABASE_FIXTURES = {"db", "transactional_db", "django_db_blocker", "city_template"}
# No deadline: on a loaded machine it would fail by chance.
hypothesis_settings.register_profile("house", deadline=None)
hypothesis_settings.load_profile("house")


@pytest.fixture(autouse=True)
def _language_of_the_city(settings):
    """Begin in the city's language: a request leaves its own behind in the thread."""
    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture(autouse=True)
def _plain_settings(settings):
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True, scope="session")
def _unsynced():
    """Do not wait for the disk: no test in this process cuts the power, live cities sync as they do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _handle: None)
        yield


@pytest.fixture(autouse=True, scope="session")
def _emptied_tables(django_test_environment):
    """Let tests with real transactions empty the append-only tables behind them."""
    from django.test import TransactionTestCase

    from yiwang.kernel.audit.append_only import append_only_lifted

    teardown = TransactionTestCase._fixture_teardown

    def lifted(self):
        with append_only_lifted():
            teardown(self)

    TransactionTestCase._fixture_teardown = lifted
    yield
    TransactionTestCase._fixture_teardown = teardown


@pytest.fixture
def city_packs(db):
    """Load the city's packs; gives how each stands, by id."""
    from datetime import UTC, datetime

    from yiwang.kernel.api import pack_load_all

    return {state.pack: state for state in pack_load_all(datetime(2026, 11, 21, tzinfo=UTC))}


def pytest_collection_modifyitems(config, items):
    """Leave out, where YIWANG_DATABASE_ONLY says so, what another database cannot change.

    The second pass of the suite is about PostgreSQL: a test that touches no database, or looks at pages in the
    browser, has said all it has to say on the first; of the heavy ones only the live cities come again.
    """
    if os.environ.get("YIWANG_DATABASE_ONLY") != "1":
        return
    chosen, left = [], []
    for item in items:
        touches = DATABASE_FIXTURES & set(item.fixturenames) or item.get_closest_marker("django_db")
        is_heavy = item.get_closest_marker("heavy") and "city_template" not in item.fixturenames
        is_again = touches and not is_heavy and not item.get_closest_marker("browser")
        (chosen if is_again else left).append(item)
    items[:] = chosen
    config.hook.pytest_deselected(items=left)
