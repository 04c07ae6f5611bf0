"""A department's sending system with its templates and keys."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from yiwang.hall.messages.notify import actions
from yiwang.identity.api import department_by_uscc, departments_load
from yiwang.kernel.api import context_system, context_use

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
USCC = "91320500NOTIFY0001"


@dataclass
class Sender:
    """A service with one template of each kind and one key of each kind (whole, as a client takes it)."""

    id: uuid.UUID
    department_id: int
    templates: dict[str, str]
    keys: dict[str, str]


VALUES = {
    "name": "积水预警",
    "sender": "市水务局",
    "reply_to": "water@example.org",
    "callback_url": "",
    "guests": ["13800000001", "guest@example.org"],
    "is_live": True,
    "may_post": True,
    "per_minute": 3000,
    "sms_per_day": 5,
    "email_per_day": 100,
    "letter_per_day": 10,
}
TEXTS = {
    "sms": ("", "((name))：((place))积水，请绕行。((late??已延误。))"),
    "email": ("致((name))", "((name))：\n\n((place))积水，请绕行。"),
    "letter": ("致((name))", "((name))：((place))积水，请绕行。"),
}


@pytest.fixture
def sender(db) -> Sender:
    with context_use(context_system("test")):
        departments_load(
            [{"uscc": USCC, "name": "水务局", "function": "water", "level": "CITY", "area_code": "320500"}],
            now=NOW,
        )  # fmt: skip
        department_id = department_by_uscc(USCC).id
        service_id = actions.service_put({**VALUES, "department_id": department_id}, now=NOW)
        templates = {
            kind: str(
                actions.template_put(
                    service_id, kind=kind, name=f"t-{kind}", subject=subject, body=body, now=NOW
                )
            )
            for kind, (subject, body) in TEXTS.items()
        }
        keys = {
            kind: actions.key_make(service_id, name=f"key {kind}", kind=kind, now=NOW).text
            for kind in ("live", "team", "test")
        }
    return Sender(service_id, department_id, templates, keys)
