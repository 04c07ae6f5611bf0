"""A hall with three queues and four windows, clerks of two departments, and visitors."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.apps import apps

from yiwang.hall.counters.actions.setup import hall_put, priorities_put
from yiwang.hall.counters.models import Hall, Queue, SlotPool, Window
from yiwang.hall.counters.queries.halls import MANAGE, RECEIVE, SERVE
from yiwang.identity.api import department_put
from yiwang.kernel.api import RequestContext, calendar_seed_load, context_system, context_use

# What was announced: a row of another room, made without its door.
OutboxEvent = apps.get_model("kernel_events", "OutboxEvent")
# A Wednesday; 2026-11-25 10:00 in the city.
NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SYSTEM = context_system("test")
TEXT = {"zh": "某", "en": "Some"}
PRIORITIES = [
    {
        "key": "appointment",
        "title": TEXT,
        "proof": TEXT,
        "head_start_minutes": 45,
        "is_offered": False,
    },
    {
        "key": "elderly",
        "title": {"zh": "老年人", "en": "Aged"},
        "proof": TEXT,
        "head_start_minutes": 20,
    },
]
HALL = {
    "title": {"zh": "姑苏大厅", "en": "Gusu hall"},
    "level": "DISTRICT",
    "area_code": "320508",
    "address": "政务路1号",
    "department": "administrative_approval",
    "hours": {
        "working": [["09:00", "12:00"], ["13:00", "17:00"]],
        "saturday": [["09:00", "12:00"]],
    },
    "rules": {"no_show": {"count": 2, "days": 30, "block_days": 20}},
    "pools": [{"key": "shared", "title": TEXT, "minutes": 30, "capacity": 4}],
    "queues": [
        {"key": "general", "letter": "A", "title": {"zh": "综合", "en": "General"}, "matters": ["*"], "service_minutes": 10, "pool": "shared"},
        {"key": "firms", "letter": "B", "title": {"zh": "企业", "en": "Firms"}, "matters": ["market_supervision", "320131023000"], "service_minutes": 15, "pool": "shared", "slot_limit": 2},
        {"key": "advice", "letter": "C", "title": {"zh": "咨询", "en": "Advice"}, "matters": [], "service_minutes": 5},
    ],
    "windows": [
        {"number": 1, "title": TEXT, "department": "administrative_approval", "queues": ["general", "firms"]},
        {"number": 2, "title": TEXT, "department": "administrative_approval", "queues": ["general"]},
        {"number": 3, "title": TEXT, "department": "market_supervision", "queues": ["firms"], "helps": {"general": 20}},
        {"number": 4, "title": TEXT, "department": "administrative_approval", "queues": ["advice"]},
    ],
}  # fmt: skip


def visitor(number: int) -> RequestContext:
    """Return a citizen of their own."""
    return RequestContext(
        population="CITIZEN",
        account_id=1000 + number,
        name=f"张{number}",
        subject_ref=f"person:P{number}",
        purpose="大厅排队",
    )


def clerk(department_id: int, number: int, *permissions: str) -> RequestContext:
    """Return a clerk of a department."""
    return RequestContext(
        population="STAFF",
        account_id=number,
        name=f"王{number}",
        permissions=frozenset(permissions),
        department_ids=frozenset({department_id}),
        purpose="大厅窗口受理",
    )


def department(uscc: str, function: str) -> int:
    """Put a district's department."""
    return department_put(
        uscc, name=function, function=function, level="DISTRICT", area_code="320508000000", now=NOW
    )


@pytest.fixture
def hall(db):
    """The hall with all that stands in it, by name."""
    with context_use(SYSTEM):
        calendar_seed_load(now=NOW)
        approval = department("11320508014149488K", "administrative_approval")
        market = department("11320508014149489H", "market_supervision")
        priorities_put(PRIORITIES, source="pack:test@1.0.0")
        key = hall_put("gusu", HALL, source="pack:test@1.0.0")
    queues = {row.key: row.pk for row in Queue.objects.filter(hall_id=key)}
    windows = {row.number: row.pk for row in Window.objects.filter(hall_id=key)}
    return SimpleNamespace(
        id=key,
        row=Hall.objects.get(pk=key),
        pool=SlotPool.objects.get().pk,
        approval=approval,
        market=market,
        clerks={
            "1": clerk(approval, 1, SERVE, RECEIVE),
            "2": clerk(approval, 2, SERVE, RECEIVE),
            "3": clerk(market, 3, SERVE, RECEIVE),
            "4": clerk(approval, 4, SERVE, RECEIVE),
        },
        manager=clerk(approval, 9, MANAGE, RECEIVE),
        windows=windows,
        **queues,
    )
