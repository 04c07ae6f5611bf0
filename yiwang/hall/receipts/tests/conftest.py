"""One submission as a room keeps it, and who submitted it."""

from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module

import pytest
from django.db import connection

from yiwang.hall.receipts import registry
from yiwang.hall.receipts.actions import submission_keep
from yiwang.hall.receipts.rules import moment_text
from yiwang.kernel.api import RequestContext, context_system, context_use

# What only somebody with the database in hand can do: no door of the product leads there.
_lifted = import_module("yiwang.kernel.audit.append_only").append_only_lifted
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
NUMBER = "1132050001414567353320116001000202611220001"
TITLE = {"zh": "老年人优待证", "en": "Senior citizen card"}
OWNER = RequestContext(population="CITIZEN", account_id=7, subject_ref="person:P1")
OTHER = RequestContext(population="CITIZEN", account_id=8, subject_ref="person:P2")


@contextmanager
def append_only_lifted():
    """Let rows be changed past the triggers."""
    if connection.vendor == "postgresql":
        with (
            connection.cursor() as cursor
        ):  # what waits for the end of the transaction bars ALTER TABLE
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with _lifted():
        yield


def content_of(number: str = NUMBER, **form: object) -> dict:
    return {
        "number": number,
        "matter": "322014001000",
        "version": 1,
        "applicant": {"name": "沈月琴", "number": "320508195501020021"},
        "form": {"phone": "13800000000", **form},
        "materials": {"photo": "a" * 64},
        "submitted_at": moment_text(NOW),
    }


def keep(number: str = NUMBER, *, now=NOW, **form: object) -> str:
    with context_use(context_system("test")):
        return submission_keep(
            number, title=TITLE, content=content_of(number, **form), holder_ref="person:P1", now=now
        )


@pytest.fixture(autouse=True)
def _no_other_rooms(monkeypatch):
    """Let no room answer for the numbers of these tests."""
    monkeypatch.setattr(registry, "_rebuilds", [])
