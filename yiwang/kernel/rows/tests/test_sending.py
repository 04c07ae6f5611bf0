"""Writes that wait are sent in their order, before anything that might see them, and never when they were taken back."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, transaction

from yiwang.kernel.audit.actions import action, audit_record
from yiwang.kernel.events.models import EventDelivery, OutboxEvent
from yiwang.kernel.rows.sending import together
from yiwang.kernel.rows.statements import (
    row_change,
    row_insert,
    row_update,
    rows_delete,
    rows_find,
    rows_insert,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


class Gone(Exception):
    """Nothing was as it was known to be."""


def _event(topic: str) -> OutboxEvent:
    return OutboxEvent(topic=topic, key="", payload={}, published_at=NOW)


def _topics() -> list[str]:
    return list(OutboxEvent.objects.order_by("pk").values_list("topic", flat=True))


def test_an_act_reads_what_it_wrote_by_the_orm_and_by_built_statements():
    with transaction.atomic(), together():
        rows_insert([_event("a")])
        assert _topics() == ["a"]
        rows_insert([_event("b")])
        assert [row.topic for row in rows_find(OutboxEvent, known={"topic": "b"})] == ["b"]
        rows_delete(OutboxEvent, known={"topic": "a"})
        rows_insert([_event("c")])
        event_id = row_insert(_event("d"))
        assert event_id > 0
    assert sorted(_topics()) == ["b", "c", "d"]
    assert OutboxEvent.objects.get(pk=event_id).topic == "d"


def test_ids_are_known_before_the_rows_are_and_all_asked_for_at_once_the_next_time():
    def block() -> list[int]:
        with transaction.atomic(), together("test.ids"):
            first, second = (row_insert(_event(name)) for name in "ab")
            delivery = EventDelivery(event_id=second, subscriber="one", due_at=NOW)
            return [first, second, row_insert(delivery)]

    seen = []

    def note(execute, sql, params, many, context):
        seen.append(sql)
        return execute(sql, params, many, context)

    given = block()
    with connection.execute_wrapper(note):
        given_next = block()
    assert len(set(given[:2] + given_next[:2])) == 4
    assert OutboxEvent.objects.get(pk=given_next[1]).deliveries.get().pk == given_next[2]
    if connection.vendor == "postgresql":
        assert sum(sql.startswith("SELECT nextval") for sql in seen) == 1


def test_a_change_after_an_insert_that_waits_sees_its_row():
    with transaction.atomic(), together():
        rows_insert([_event("a")])
        changed = row_update(OutboxEvent, known={"topic": "a"}, changes={"topic": "b"})
        assert changed == 1
        row_change(OutboxEvent, known={"topic": "b"}, changes={"topic": "c"}, otherwise=Gone)
    assert _topics() == ["c"]


def test_what_is_no_longer_as_it_is_known_fails_the_act():
    with pytest.raises(Gone), transaction.atomic(), together():  # noqa: PT012 - it fails where it is sent
        rows_insert([_event("a")])
        row_change(OutboxEvent, known={"topic": "x"}, changes={"topic": "y"}, otherwise=Gone)
    assert _topics() == []


def test_a_row_that_the_database_refuses_fails_the_act_with_its_error():
    event_id = row_insert(_event("a"))
    delivery = {"event_id": event_id, "subscriber": "one", "due_at": NOW}
    with pytest.raises(IntegrityError), transaction.atomic(), together():  # noqa: PT012
        rows_insert([_event("b")])
        rows_insert([EventDelivery(**delivery)])
        rows_insert([EventDelivery(**delivery)])
        rows_insert([_event("c")])
    assert _topics() == ["a"]
    assert EventDelivery.objects.count() == 0


def test_what_a_savepoint_takes_back_is_not_sent_and_what_came_before_is():
    with transaction.atomic(), together():
        rows_insert([_event("before")])
        with transaction.atomic():
            rows_insert([_event("inside")])
            transaction.set_rollback(True)
        rows_insert([_event("after")])
    assert _topics() == ["before", "after"]


def test_what_a_failed_block_left_waiting_is_not_sent_by_the_next_one():
    with pytest.raises(Gone), transaction.atomic(), together():  # noqa: PT012
        rows_insert([_event("lost")])
        raise Gone
    with transaction.atomic(), together():
        rows_insert([_event("kept")])
    assert _topics() == ["kept"]


def test_an_act_waits_with_its_writes_and_its_audit_rows():
    seen = []

    def note(execute, sql, params, many, context):
        seen.append(sql)
        return execute(sql, params, many, context)

    @action("test.together")
    def act() -> None:
        rows_insert([_event("a")])
        rows_insert([_event("b")])
        audit_record("thing:t")

    with connection.execute_wrapper(note):
        act()
    inserts = [sql for sql in seen if sql.startswith("INSERT")]
    assert len(inserts) == (0 if connection.vendor == "postgresql" else 3)
    assert _topics() == ["a", "b"]
