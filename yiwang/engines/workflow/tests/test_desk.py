"""A desk page: the right rows in the right order, by one walk of an index."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yiwang.engines.workflow import queries
from yiwang.engines.workflow.models import ProcessInstance, ProcessModel, ProcessVersion, WorkItem
from yiwang.engines.workflow.rules import NO_DUE
from yiwang.engines.workflow.tests.models_of_processes import NOW

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)
ROLES = ("WINDOW_CLERK", "REVIEWER", "APPROVER")


def fill(rows) -> ProcessInstance:
    """Store items of (department, role, due in days or None, state, assignee)."""
    process = ProcessModel.objects.create(key="desk")
    version = ProcessVersion.objects.create(process=process, number=1, digest="d", xml="")
    instance = ProcessInstance.objects.create(version=version, business_key="k", started_at=NOW)
    items = []
    for number, (department, role, due, state, assignee) in enumerate(rows, 1):
        due_at = None if due is None else NOW + due * DAY
        items.append(
            WorkItem(
                instance=instance,
                token_number=number,
                business_key="k",
                node_id="t",
                department_id=department,
                role=role,
                state=state,
                assignee_id=assignee if assignee else (1 if state == "CLAIMED" else None),
                opened_at=NOW,
                due_at=due_at,
                due_order=due_at or NO_DUE,
                warn_at=due_at and due_at - DAY,
                closed_at=NOW if state == "COMPLETED" else None,
            )
        )
    WorkItem.objects.bulk_create(items)
    return instance


rows = st.lists(
    st.tuples(
        st.integers(1, 4),
        st.sampled_from(ROLES),
        st.none() | st.integers(-2, 3),
        st.sampled_from(["READY", "CLAIMED", "SUSPENDED", "COMPLETED"]),
        st.none() | st.integers(1, 3),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rows,
    st.sets(st.integers(1, 4)),
    st.sets(st.sampled_from(ROLES)),
    st.none() | st.integers(1, 3),
    st.integers(1, 7),
    st.sampled_from([1, 120]),
)
def test_pages_together_are_what_a_plain_filter_and_sort_gives(
    stored, departments, roles, account, size, walks
):
    WorkItem.objects.all().delete()
    ProcessInstance.objects.all().delete()
    ProcessVersion.objects.all().delete()
    ProcessModel.objects.all().delete()
    fill(stored)
    expected = sorted(
        (
            item
            for item in WorkItem.objects.all()
            if item.department_id in departments
            and item.role in roles
            and item.state in ("READY", "CLAIMED")
            and (account is None or item.assignee_id in (None, account))
        ),
        key=lambda item: (item.due_at or NO_DUE, item.id),
    )
    queries.MAX_WALKS, before = walks, queries.MAX_WALKS
    try:
        found, after = [], None
        while page := queries.work_item_list(
            department_ids=departments, roles=roles, account_id=account, after=after, limit=size
        ):
            found += page
            after = (page[-1].due_at, page[-1].id)
    finally:
        queries.MAX_WALKS = before
    assert [item.id for item in found] == [item.id for item in expected]


def test_my_items_are_those_i_hold_and_nobody_sees_a_page_without_a_filter():
    fill([(1, "APPROVER", 1, "CLAIMED", 5), (1, "APPROVER", 0, "CLAIMED", 6)])
    assert [item.assignee_id for item in queries.work_item_list(account_id=5)] == [5]
    assert queries.work_item_list() == []
    assert queries.work_item_list(department_ids=[], roles=ROLES) == []


def test_the_oldest_arrivals_first_when_asked():
    fill([(1, "APPROVER", 3, "READY", None), (2, "APPROVER", 1, "READY", None)])
    page = queries.work_item_list(department_ids=[1, 2], roles=["APPROVER"], order="opened")
    assert [item.department_id for item in page] == [1, 2]
    rest = queries.work_item_list(
        department_ids=[1, 2], roles=["APPROVER"], order="opened", after=(None, page[0].id)
    )
    assert [item.department_id for item in rest] == [2]


def test_counts_are_by_department_role_state_and_light():
    fill(
        [
            (1, "APPROVER", -1, "READY", None),
            (1, "APPROVER", 1, "READY", None),
            (1, "APPROVER", 3, "READY", None),
            (1, "APPROVER", 3, "CLAIMED", 9),
            (1, "APPROVER", None, "SUSPENDED", None),
            (2, "REVIEWER", 3, "READY", None),
            (1, "APPROVER", 3, "COMPLETED", 9),
        ]
    )
    counted = queries.work_item_count(department_ids=[1], roles=["APPROVER"], now=NOW)
    assert {(row["state"], row["light"]): row["count"] for row in counted} == {
        ("READY", "RED"): 1,
        ("READY", "YELLOW"): 1,
        ("READY", "GREEN"): 1,
        ("CLAIMED", "GREEN"): 1,
        ("SUSPENDED", "NONE"): 1,
    }
    assert sum(row["count"] for row in queries.work_item_count(now=NOW)) == 6


def plans(function) -> list[str]:
    """Return the database's plan of every query that a function makes."""
    prefix = "EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN "
    with CaptureQueriesContext(
        connection,
    ) as captured:
        function()
    found = []
    with connection.cursor() as cursor:
        for query in captured.captured_queries:
            cursor.execute(prefix + query["sql"].replace("%", "%%"))
            found.append("\n".join(str(row[-1]) for row in cursor.fetchall()))
    return found


@pytest.fixture
def large(db):
    """A few thousand items, so that the planner has reason to use the indexes."""
    fill((n % 40, ROLES[n % 3], n % 9 if n % 10 else None, "READY", None) for n in range(6000))
    WorkItem.objects.filter(pk__in=WorkItem.objects.values("pk")[:30]).update(
        state="CLAIMED", assignee_id=77
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE engines_workflow_workitem")


def test_a_desk_page_walks_its_index_and_sorts_no_table(large):
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:  # fifty rows are as cheap to sort as to walk
            cursor.execute("SET LOCAL enable_bitmapscan = off")
    one = {"department_ids": [3], "roles": ["APPROVER"], "after": (NOW + DAY, 100)}
    (plan,) = plans(lambda: queries.work_item_list(**one))
    assert "work_item_desk" in plan
    assert "SORT" not in plan.upper().replace("ORDER BY DUE", "")
    assert "TEMP B-TREE" not in plan.upper()


def test_a_head_of_many_departments_walks_the_index_once_for_each(large):
    many = {"department_ids": range(1, 20), "roles": ["APPROVER", "REVIEWER"]}
    union, rows = plans(lambda: queries.work_item_list(**many))
    assert union.count("work_item_desk") >= 38
    assert "Seq Scan" not in union
    assert "SCAN engines_workflow_workitem\n" not in union
    assert rows


def test_what_i_hold_walks_the_index_of_assignees(large):
    (plan,) = plans(lambda: queries.work_item_list(account_id=77))
    assert "work_item_mine" in plan


def test_the_whole_city_by_due_date_walks_the_index_of_due_dates(large):
    wide = {"department_ids": range(40), "roles": [*ROLES, "X", "Y"]}
    (plan,) = plans(lambda: queries.work_item_list(**wide))
    assert "work_item_due" in plan
    assert "TEMP B-TREE" not in plan.upper()
