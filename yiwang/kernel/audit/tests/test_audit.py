"""The audit trail: only ever added to, and no act without its row."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from yiwang.kernel.audit import actions
from yiwang.kernel.audit.actions import ActWithoutAudit, action, audit_record
from yiwang.kernel.audit.append_only import APPEND_ONLY_TABLES, append_only_lifted
from yiwang.kernel.audit.context import RequestContext, context_system, context_use, purpose_use
from yiwang.kernel.audit.models import AuditEvent
from yiwang.kernel.audit.queries import audit_list, data_access_list
from yiwang.sdk.errors import Forbidden, SignInNeeded

TABLE = "kernel_audit_auditevent"
NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
CLERK = RequestContext(
    population="STAFF",
    account_id=7,
    name="王窗口",
    post_title="窗口受理",
    department_id=3,
    department_name="民政局",
    permissions=frozenset({"test.write"}),
)

pytestmark = pytest.mark.django_db


def _write(name: str) -> None:
    ContentType.objects.create(app_label="test", model=name)


def _written() -> list[str]:
    return list(ContentType.objects.filter(app_label="test").values_list("model", flat=True))


@action("test.write", permission="test.write")
def thing_write(name: str) -> None:
    _write(name)
    audit_record(f"thing:{name}", detail={"name": name})


@action("test.silent")
def thing_write_silently(name: str) -> None:
    _write(name)


@action("test.outer")
def thing_write_twice(name: str) -> None:
    audit_record(f"thing:{name}")
    thing_write(name)
    audit_record(f"thing:{name}", detail={"after": True})


@action("test.outer_silent")
def thing_write_through_another(name: str) -> None:
    thing_write(name)


@pytest.fixture
def recorded():
    with context_use(CLERK), purpose_use("受理申请"):
        thing_write("t.one")
    return AuditEvent.objects.get(subject="thing:t.one")


def test_an_act_leaves_a_row_that_says_who_what_and_why(recorded):
    assert (recorded.act, recorded.actor_name, recorded.account_id) == ("test.write", "王窗口", 7)
    assert (recorded.post_title, recorded.department_name) == ("窗口受理", "民政局")
    assert (recorded.purpose, recorded.outcome, recorded.detail) == (
        "受理申请",
        "DONE",
        {"name": "t.one"},
    )


@pytest.mark.parametrize(
    "attempt",
    [
        lambda row: AuditEvent.objects.filter(pk=row.pk).update(act="nothing"),
        lambda row: AuditEvent.objects.bulk_update([row], ["act"]),
        lambda row: row.save(),
        lambda row: row.delete(),
        lambda row: AuditEvent.objects.all().delete(),
        lambda row: AuditEvent.objects.filter(pk=row.pk)._raw_delete("default"),
    ],
    ids=["update", "bulk_update", "save", "delete", "delete_all", "raw_delete"],
)
def test_the_orm_cannot_change_or_delete_a_row(recorded, attempt):
    with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic():
        attempt(recorded)
    assert AuditEvent.objects.get(pk=recorded.pk).act == "test.write"


def _statements() -> list[str]:
    statements = [
        f"UPDATE {TABLE} SET act = 'nothing'",
        f"DELETE FROM {TABLE}",
        f"DELETE FROM {TABLE} WHERE id > 0",
    ]
    if connection.vendor == "postgresql":
        return [
            *statements,
            f"TRUNCATE {TABLE}",
            f"TRUNCATE {TABLE} CASCADE",
            f"SET LOCAL session_replication_role = replica; DELETE FROM {TABLE}",
        ]
    columns = ", ".join(field.column for field in AuditEvent._meta.fields)
    return [
        *statements,
        f"INSERT OR REPLACE INTO {TABLE} ({columns}) SELECT {columns} FROM {TABLE}",
        f"REPLACE INTO {TABLE} ({columns}) SELECT {columns} FROM {TABLE}",
        f"INSERT INTO {TABLE} ({columns}) SELECT {columns} FROM {TABLE} WHERE true "
        "ON CONFLICT (id) DO UPDATE SET act = 'nothing'",
    ]


def test_raw_sql_cannot_change_delete_truncate_or_replace_a_row(recorded):
    for statement in _statements():
        with (
            pytest.raises(DatabaseError, match="only ever added"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
        assert AuditEvent.objects.get(pk=recorded.pk).act == "test.write", statement


def test_the_triggers_of_every_append_only_table_stand_at_the_end_of_all_migrations():
    is_postgres = connection.vendor == "postgresql"
    query = (
        "SELECT tgrelid::regclass::text, tgname FROM pg_trigger "
        "WHERE NOT tgisinternal AND tgenabled = 'A'"
        if is_postgres
        else "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        found = set(cursor.fetchall())
    names = ("append_only",) if is_postgres else ("no_delete", "no_replace", "no_update")
    assert {TABLE, "engines_workflow_historyevent", "hall_applications_decision"} <= set(
        APPEND_ONLY_TABLES
    )
    for table in APPEND_ONLY_TABLES:
        assert {(table, f"{table}_{name}") for name in names} <= found


def test_an_emptied_test_database_has_its_triggers_again(recorded):
    with append_only_lifted():
        pass
    with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic():
        recorded.delete()


@pytest.mark.django_db(transaction=True)
def test_the_migration_goes_back_and_forth():
    target = [("kernel_audit", "0001_audit_event_append_only")]
    MigrationExecutor(connection).migrate([("kernel_audit", None)])
    assert TABLE not in connection.introspection.table_names()
    MigrationExecutor(connection).migrate(target)
    audit_record("thing:after", act="test.after")
    with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic():
        AuditEvent.objects.all().delete()


def test_an_act_without_an_audit_row_is_rolled_back():
    with pytest.raises(ActWithoutAudit):
        thing_write_silently("t.silent")
    assert _written() == []
    assert AuditEvent.objects.count() == 0


def test_a_nested_act_is_recorded_under_its_own_name_and_the_outer_one_goes_on():
    with context_use(CLERK):
        thing_write_twice("t.nested")
    acts = list(AuditEvent.objects.order_by("pk").values_list("act", flat=True))
    assert acts == ["test.outer", "test.write", "test.outer"]
    assert _written() == ["t.nested"]


def test_a_nested_act_does_not_stand_in_for_the_outer_ones_row():
    with context_use(CLERK), pytest.raises(ActWithoutAudit):
        thing_write_through_another("t.through")
    assert _written() == []
    assert AuditEvent.objects.count() == 0


def test_an_act_that_fails_after_its_row_leaves_neither_change_nor_row():
    @action("test.fails")
    def fails():
        thing_write("t.fails")
        audit_record("thing:t.fails")
        raise RuntimeError("afterwards")

    with context_use(CLERK), pytest.raises(RuntimeError):
        fails()
    assert _written() == []
    assert AuditEvent.objects.count() == 0


def test_a_failing_audit_write_fails_the_act(monkeypatch):
    def broken(_rows):
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(actions, "rows_insert", broken)
    with context_use(CLERK), pytest.raises(DatabaseError, match="disk is full"):
        thing_write("t.unaudited")
    assert _written() == []


@action("test.tries")
def thing_write_or_not(name: str, *, fails: bool) -> None:
    """An act that lets a part of it fail, and goes on."""
    audit_record("thing:before")
    with suppress(RuntimeError), transaction.atomic():
        thing_write(name)
        if fails:
            raise RuntimeError("the part failed")
    audit_record("thing:after")


def test_what_a_savepoint_takes_back_leaves_no_audit_row():
    with context_use(CLERK):
        thing_write_or_not("t.part", fails=True)
    assert _written() == []
    subjects = AuditEvent.objects.values_list("subject", flat=True)
    assert sorted(subjects) == ["thing:after", "thing:before"]


def test_what_a_savepoint_keeps_has_its_audit_row():
    with context_use(CLERK):
        thing_write_or_not("t.part", fails=False)
    assert _written() == ["t.part"]
    subjects = AuditEvent.objects.values_list("subject", flat=True)
    assert sorted(subjects) == ["thing:after", "thing:before", "thing:t.part"]


def test_the_rows_of_an_act_are_one_statement(django_assert_num_queries):
    with context_use(CLERK), django_assert_num_queries(4) as seen:
        thing_write_twice("t.once")  # savepoint, the thing, the audit rows, release
    assert AuditEvent.objects.count() == 3
    assert "VALUES" in seen.captured_queries[2]["sql"]


def test_a_refused_permission_changes_nothing():
    other = RequestContext(population="STAFF", permissions=frozenset({"test.read"}))
    with context_use(other), pytest.raises(Forbidden):
        thing_write("t.refused")
    with pytest.raises(SignInNeeded):
        thing_write("t.refused")
    assert _written() == []
    assert AuditEvent.objects.count() == 0


def test_the_system_may_do_what_it_was_started_for():
    with context_use(context_system("巡检", name="sweep")):
        thing_write("t.system")
    assert audit_list(subject="thing:t.system")[0]["purpose"] == "巡检"


def test_recording_outside_an_act_needs_a_name():
    with pytest.raises(ActWithoutAudit):
        audit_record("thing:x")
    audit_record("person:1", act="registries.read", person_ref="person:1")
    assert AuditEvent.objects.get().act == "registries.read"


def test_a_person_sees_page_by_page_who_looked_at_the_data_and_no_officers_name():
    with context_use(CLERK), purpose_use("办理老年人优待证"):
        for number in range(5):
            audit_record(
                f"application:{number}",
                act="registries.read",
                person_ref="person:1",
                detail={"fields": ["name", "birth_date"]},
            )
        audit_record("application:9", act="registries.read", person_ref="person:2")
    first = data_access_list("person:1", limit=2)
    assert [row.subject for row in first.rows] == ["application:4", "application:3"]
    assert (first.total, first.rows[0].department_name) == (5, "民政局")
    assert first.rows[0].purpose == "办理老年人优待证"
    assert first.rows[0].fields == ("name", "birth_date")
    assert not hasattr(first.rows[0], "actor_name")
    second = data_access_list("person:1", limit=2, before=first.next_before)
    third = data_access_list("person:1", limit=2, before=second.next_before)
    assert [row.subject for row in second.rows] == ["application:2", "application:1"]
    assert [row.subject for row in third.rows] == ["application:0"]
    assert third.next_before is None
    assert data_access_list("").rows == ()
