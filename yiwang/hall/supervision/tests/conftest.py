"""Two departments, people in posts, and work items with due dates: no process has to run."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.apps import apps

from yiwang.hall.supervision.sweep import rules_seed
from yiwang.identity.api import department_put
from yiwang.kernel.api import RequestContext, calendar_seed_load, context_system, context_use

# Rows of another room: made without its door, for no process is to run.
WorkItem, ProcessInstance, ProcessModel, ProcessVersion = (
    apps.get_model("engines_workflow", name)
    for name in ("WorkItem", "ProcessInstance", "ProcessModel", "ProcessVersion")
)
# A Wednesday; 2026-11-25 10:00 in the city.
NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
SYSTEM = context_system("test")
SUPERVISOR = RequestContext(
    population="STAFF",
    account_id=90,
    name="朱敏华",
    roles=frozenset({"SUPERVISOR"}),
    permissions=frozenset({"hall.supervision.view", "hall.supervision.supervise"}),
)


def close_of(day: date) -> datetime:
    """Return the close of business of a day: 17:00 in the city."""
    return datetime(day.year, day.month, day.day, 9, 0, tzinfo=UTC)


class Hall:
    """Ids of what was made, and makers of more."""

    def __init__(self) -> None:
        with context_use(SYSTEM):
            calendar_seed_load(now=NOW)
            rules_seed()
            self.department = self._department("11320508014149488K", "姑苏区民政局", "320508")
            self.other = self._department("11320505014149488K", "虎丘区民政局", "320505")
        version = ProcessVersion.objects.create(
            process=ProcessModel.objects.create(key="test.process"), number=1, digest="x", xml=""
        )
        self.instance = ProcessInstance.objects.create(
            version=version, business_key="application:A0", started_at=NOW - timedelta(days=60)
        )
        self.made = 0

    def _department(self, uscc, name, area_code):
        return department_put(
            uscc,
            name=name,
            function="civil_affairs",
            level="DISTRICT",
            area_code=area_code,
            parent_id=None,
            now=NOW,
        )

    def item(self, due_at, **changes):
        """Make an open work item of a case of its own."""
        self.made += 1
        number = changes.pop("number", f"A{self.made}")
        values = {
            "instance": self.instance,
            "token_number": 1000 + self.made,
            "business_key": f"application:{number}",
            "node_id": "review",
            "name_zh": "审查",
            "name_en": "Review",
            "number": number,
            "title_zh": "老年人优待证",
            "title_en": "Senior citizen card",
            "department_id": self.department,
            "role": "REVIEWER",
            "assignee_id": 7,
            "state": "CLAIMED",
            "opened_at": NOW - timedelta(days=30),
            "due_at": due_at,
            "due_order": due_at or datetime(9999, 1, 1, tzinfo=UTC),
            "warn_at": due_at and due_at - timedelta(days=1, hours=17),
            **changes,
        }
        return WorkItem.objects.create(**values)

    def officer(self, *, account_id=7, department_id=None, head=False):
        """Return the context of an officer of the department."""
        return RequestContext(
            population="STAFF",
            account_id=account_id,
            name="沈办事",
            department_id=department_id or self.department,
            department_ids=frozenset({department_id or self.department}),
            roles=frozenset({"REVIEWER"} | ({"DEPARTMENT_HEAD"} if head else set())),
            permissions=frozenset({"hall.supervision.reply"}),
        )


@pytest.fixture
def hall(db):
    return Hall()


@pytest.fixture
def events(monkeypatch):
    """Collect what is announced: (topic, payload)."""
    told = []

    def publish(topic, payload, *, key=""):
        told.append((topic, payload))
        return len(told)

    for module in ("sweep", "actions"):
        monkeypatch.setattr(f"yiwang.hall.supervision.{module}.event_publish", publish)
    return told
