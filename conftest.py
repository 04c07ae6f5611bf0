"""What every test shares: plain static files, fast hashing, a folder of its own for data."""

import os
import tempfile

os.environ.setdefault("YIWANG_DATA", tempfile.mkdtemp(prefix="yiwang-test-"))
os.environ.setdefault("YIWANG_DATABASE", "sqlite:///")

import pytest  # noqa: E402


@pytest.fixture(autouse=True)
def _plain_settings(settings):
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
