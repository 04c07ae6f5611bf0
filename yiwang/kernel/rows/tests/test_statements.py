"""Rows written by built statements are the rows that the ORM would have written."""

from datetime import UTC, datetime

import pytest

from yiwang.kernel.audit.models import AuditEvent
from yiwang.kernel.events.models import EventDelivery, OutboxEvent
from yiwang.kernel.rows.statements import (
    CHUNK,
    row_insert,
    row_update,
    rows_delete,
    rows_find,
    rows_insert,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 2, 0, 0, 123456, tzinfo=UTC)


def _event(topic: str = "thing.done") -> OutboxEvent:
    return OutboxEvent(topic=topic, key="一", payload={"n": [1, None, "二"]}, published_at=NOW)


def test_an_inserted_row_reads_back_as_it_was_and_knows_its_id():
    event = _event()
    pk = row_insert(event)
    row = OutboxEvent.objects.get()
    fields = [field.attname for field in OutboxEvent._meta.concrete_fields]
    assert (event.pk, row.pk) == (pk, pk)
    assert [getattr(event, name) for name in fields] == [getattr(row, name) for name in fields]
    event.key = "二"
    event.save()
    assert OutboxEvent.objects.get().key == "二"


def test_a_number_that_no_column_holds_finds_nothing():
    row_insert(_event())
    assert rows_find(OutboxEvent, known={"id": 10**23}) == []
    assert rows_find(OutboxEvent, known={"id": -(10**23)}) == []


def test_more_rows_than_a_statement_holds_are_all_inserted():
    names = [f"t.{number}" for number in range(CHUNK * 2 + 1)]
    rows_insert([_event(name) for name in names])
    assert list(OutboxEvent.objects.order_by("pk").values_list("topic", flat=True)) == names


def test_no_rows_are_no_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        rows_insert([])


def test_a_row_is_changed_only_while_it_is_as_it_is_known_to_be():
    pk = row_insert(_event())
    rows_insert([EventDelivery(event_id=pk, subscriber="one", due_at=NOW)])
    known = {"event_id": pk, "delivered_at": None, "attempts": 0}
    assert row_update(EventDelivery, known=known, changes={"attempts": 1, "error": "x"}) == 1
    assert row_update(EventDelivery, known=known, changes={"attempts": 2}) == 0
    assert EventDelivery.objects.values_list("attempts", "error").get() == (1, "x")


def test_only_the_rows_that_are_as_they_are_known_to_be_are_deleted():
    first, second = row_insert(_event("a")), row_insert(_event("b"))
    rows_delete(OutboxEvent, known={"id": first, "topic": "b"})
    assert OutboxEvent.objects.count() == 2
    with pytest.raises(LookupError):
        rows_delete(OutboxEvent, known={"id": first, "topic": "b"}, otherwise=LookupError)
    rows_delete(OutboxEvent, known={"id": first, "topic": "a"}, otherwise=LookupError)
    assert list(OutboxEvent.objects.values_list("pk", flat=True)) == [second]


def test_defaults_of_the_model_are_written():
    rows_insert([AuditEvent(at=NOW, act="t", population="SYSTEM", channel="WEB", subject="x")])
    row = AuditEvent.objects.get()
    assert (row.outcome, row.detail, row.purpose, row.account_id) == ("DONE", {}, "", None)


def test_rows_are_read_as_the_orm_reads_them():
    pk = row_insert(_event())
    (found,) = rows_find(OutboxEvent, known={"id": pk})
    fields = [field.attname for field in OutboxEvent._meta.concrete_fields]
    row = OutboxEvent.objects.get()
    assert [getattr(found, name) for name in fields] == [getattr(row, name) for name in fields]
    (part,) = rows_find(OutboxEvent, known={"topic": "thing.done"}, only=("id", "key"))
    assert (part.pk, part.key, part.get_deferred_fields()) == (
        pk,
        "一",
        {"topic", "payload", "published_at"},
    )
    assert rows_find(OutboxEvent, known={"topic": "nothing"}) == []
