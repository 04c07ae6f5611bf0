"""Two made matters in the catalogue, one from a pack's definition and one that says nothing, and who acts."""

import dataclasses
from datetime import UTC, datetime

import pytest

from yiwang.hall.lists import actions, queries
from yiwang.hall.matters.actions import matter_put
from yiwang.hall.matters.tests.conftest import CARD
from yiwang.identity.api import department_put
from yiwang.kernel.api import RequestContext, context_system, context_use

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
LATER = datetime(2026, 12, 4, 2, tzinfo=UTC)
SYSTEM = context_system("test")
STATEMENT = dataclasses.replace(
    CARD,
    code="320714001000",
    title={"zh": "老年人身份确认", "en": "Confirmation of age"},
    item_type="07",
    life_events=(),
)
BARE = dataclasses.replace(
    STATEMENT,
    code="510133333333",
    title={"zh": "燃气经营许可证核发", "en": "燃气经营许可证核发"},
    item_type="01",
    department="housing",
    legal_basis=(),
    limits=None,
    eligibility=None,
)


def person(account_id, *permissions, departments=()):
    return RequestContext(
        population="STAFF",
        account_id=account_id,
        name=f"人{account_id}",
        permissions=frozenset(permissions),
        department_ids=frozenset(departments),
        purpose="权责清单管理",
    )


STEWARD = person(1, queries.PREPARE, queries.PUBLISH)
COLLEAGUE = person(2, queries.PREPARE, queries.PUBLISH)


def put(definition, *, now=NOW, source="pack:made@1.0.0"):
    with context_use(SYSTEM):
        return matter_put(definition, source=source, now=now)


@pytest.fixture
def catalogue(db):
    """Three matters: two powers and a public service, which is none."""
    for definition in (STATEMENT, BARE, CARD):
        put(definition)


@pytest.fixture
def bureau(db):
    """A department of civil affairs; gives its id."""
    with context_use(SYSTEM):
        return department_put(
            "11320508014149488K",
            name="姑苏区民政局",
            function="civil_affairs",
            level="DISTRICT",
            area_code="320508",
            parent_id=None,
            now=NOW,
        )


def publish(*, now=NOW, reason="依法调整", ground="国办发〔2015〕21号", day=None):
    """Prepare, submit and publish everything that differs; gives the published adjustment."""
    with context_use(STEWARD):
        view = actions.adjustment_prepare(now=now)
        actions.adjustment_edit(
            view.id, reason=reason, legal_ground=ground, effective_date=day or now.date()
        )
        actions.adjustment_submit(view.id)
    with context_use(COLLEAGUE):
        return actions.adjustment_publish(view.id, now=now)
