from dataclasses import replace
from datetime import UTC, datetime

import pytest

from yiwang.engines.forms.actions import form_put
from yiwang.engines.forms.tests.examples import shop
from yiwang.kernel.api import RequestContext, context_system, context_use

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
CITIZEN = RequestContext(population="CITIZEN", account_id=7, name="甲", subject_ref="person:1")
OTHER = replace(CITIZEN, account_id=8, name="乙", subject_ref="person:2")


@pytest.fixture
def now():
    return NOW


@pytest.fixture
def form(db):
    with context_use(context_system("test")):
        return form_put("test.shop", shop(), source="test", now=NOW)


@pytest.fixture
def citizen():
    with context_use(CITIZEN) as context:
        yield context


@pytest.fixture
def somebody_else():
    return OTHER


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path},
        },
    }
