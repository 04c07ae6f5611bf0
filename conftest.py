"""What every test shares: plain static files, fast hashing, Chinese compiled."""

import pytest
from django.utils import translation
from hypothesis import settings as hypothesis_settings

from yiwang.config.messages import messages_compile

messages_compile()
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
