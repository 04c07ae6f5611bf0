"""The outbox: with the act or not at all, to every subscriber exactly once in the database."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from yiwang.kernel.audit.actions import audit_record
from yiwang.kernel.audit.context import context_get, context_system, context_use
from yiwang.kernel.audit.models import AuditEvent
from yiwang.kernel.events.actions import (
    OUTSIDE_LEASE,
    EventOutsideTransaction,
    delivery_retry,
    event_prune,
    event_publish,
    event_relay,
)
from yiwang.kernel.events.models import EventDelivery, OutboxEvent
from yiwang.kernel.events.queries import delivery_count, delivery_list
from yiwang.kernel.events.registry import subscriber, subscription_forget, subscription_list
from yiwang.kernel.events.rules import ATTEMPTS_MAX, retry_delay, topic_matches
from yiwang.sdk.errors import Conflict

LATER = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
def subscribe():
    names = []

    def add(topic, name, function, **options):
        subscriber(topic, name=name, **options)(function)
        names.append(name)

    yield add
    for name in names:
        subscription_forget(name)


def _note(event):
    audit_record(f"event:{event.key}", act="test.noted", detail=event.payload)


def _noted() -> int:
    return AuditEvent.objects.filter(act="test.noted").count()


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_refused():
    with pytest.raises(EventOutsideTransaction):
        event_publish("test.happened", {})
    assert OutboxEvent.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_an_event_of_an_act_that_rolled_back_never_happened(subscribe):
    subscribe("test.happened", "test.a", _note)
    with suppress(RuntimeError), transaction.atomic():
        event_publish("test.happened", {})
        raise RuntimeError
    assert OutboxEvent.objects.count() == EventDelivery.objects.count() == 0


@pytest.mark.django_db
def test_every_subscriber_of_the_topic_is_told_once(subscribe):
    subscribe("test.happened", "test.a", _note)
    subscribe("test.*", "test.b", _note)
    subscribe("tests.happened", "test.c", _note)
    event_publish("test.happened", {"n": 1}, key="k")
    assert event_relay(now=LATER) == 2
    assert event_relay(now=LATER) == 0
    assert _noted() == 2
    assert set(EventDelivery.objects.values_list("subscriber", "state")) == {
        ("test.a", "DELIVERED"),
        ("test.b", "DELIVERED"),
    }


@pytest.mark.django_db
def test_a_subscriber_that_comes_later_does_not_get_the_event(subscribe):
    event_publish("test.happened", {})
    subscribe("test.happened", "test.late", _note)
    assert event_relay(now=LATER) == 0
    assert _noted() == 0


@pytest.mark.django_db
def test_subscribers_run_as_the_system_with_the_event_as_purpose(subscribe):
    seen = []
    subscribe("test.happened", "test.a", lambda event: seen.append((event, context_get())))
    event_publish("test.happened", {"a": [1]}, key="k")
    event_relay(now=LATER)
    event, context = seen[0]
    assert (event.topic, event.key, event.payload, event.attempt) == (
        "test.happened",
        "k",
        {"a": [1]},
        1,
    )
    assert (context.population, context.purpose, context.name) == (
        "SYSTEM",
        "event:test.happened",
        "test.a",
    )


@pytest.mark.django_db
def test_a_failing_subscriber_leaves_nothing_behind_and_holds_up_nobody(subscribe):
    def fail(event):
        _note(event)
        raise ValueError("the other system is down")

    subscribe("test.happened", "test.a", fail)
    subscribe("test.happened", "test.b", _note)
    event_publish("test.happened", {})
    assert event_relay(now=LATER) == 2
    assert _noted() == 1
    failed = EventDelivery.objects.get(subscriber="test.a")
    assert (failed.state, failed.attempts) == ("PENDING", 1)
    assert failed.error == "ValueError: the other system is down"
    assert failed.due_at == LATER + timedelta(seconds=2)


@pytest.mark.django_db
@pytest.mark.parametrize("outside", [False, True])
def test_a_database_error_in_a_subscriber_is_a_failure_like_any_other(subscribe, outside):
    def fail(_event):
        with transaction.atomic():
            OutboxEvent.objects.create(pk=OutboxEvent.objects.first().pk)

    subscribe("test.happened", "test.a", fail, outside=outside)
    event_publish("test.happened", {})
    event_relay(now=LATER)
    assert EventDelivery.objects.get().error.startswith(IntegrityError.__name__)


@pytest.mark.django_db
@pytest.mark.parametrize("outside", [False, True])
def test_after_the_last_attempt_it_is_failed_for_good_shown_and_can_be_tried_again(
    subscribe, outside
):
    down = [True]

    def send(event):
        if down[0]:
            raise TimeoutError("no answer")
        _note(event)

    subscribe("test.happened", "test.a", send, outside=outside)
    event_publish("test.happened", {}, key="k")
    now = LATER
    for _ in range(ATTEMPTS_MAX + 3):
        event_relay(now=now)
        now += timedelta(hours=2)
    delivery = delivery_list(state="FAILED")[0]
    assert (delivery.attempts, delivery.error) == (ATTEMPTS_MAX, "TimeoutError: no answer")
    assert delivery_count() == {"PENDING": 0, "FAILED": 1}
    down[0] = False
    with context_use(context_system("repair")):
        delivery_retry(delivery.id, now=now)
    assert event_relay(now=now) == 1
    assert _noted() == 1
    with context_use(context_system("repair")), pytest.raises(Conflict):
        delivery_retry(delivery.id, now=now)
    assert delivery_count() == {"PENDING": 0, "FAILED": 0}


@pytest.mark.django_db
def test_a_delivery_whose_subscriber_is_gone_waits_and_says_so(subscribe):
    subscribe("test.happened", "test.gone", _note)
    event_publish("test.happened", {})
    subscription_forget("test.gone")
    event_relay(now=LATER)
    assert EventDelivery.objects.get().error == (
        "SubscriberUnknown: No subscriber is registered under the name test.gone."
    )


@pytest.mark.django_db(transaction=True)
def test_an_outside_subscriber_runs_without_a_transaction_and_keeps_its_lease(subscribe):
    seen = []

    def send(event):
        seen.append(connection.in_atomic_block)
        assert event_relay(now=LATER) == 0
        assert EventDelivery.objects.get().due_at == LATER + OUTSIDE_LEASE

    subscribe("test.happened", "test.a", send, outside=True)
    with transaction.atomic():
        event_publish("test.happened", {})
    assert event_relay(now=LATER) == 1
    assert seen == [False]
    assert EventDelivery.objects.get().state == "DELIVERED"


@pytest.mark.django_db(transaction=True)
def test_an_outside_delivery_of_a_killed_worker_comes_again_when_its_lease_is_over(subscribe):
    def killed(_event):
        raise SystemExit

    subscribe("test.happened", "test.a", killed, outside=True)
    with transaction.atomic():
        event_publish("test.happened", {})
    with pytest.raises(SystemExit):
        event_relay(now=LATER)
    assert EventDelivery.objects.get().state == "PENDING"
    subscription_forget("test.a")
    subscribe("test.happened", "test.a", _note, outside=True)
    assert event_relay(now=LATER + timedelta(minutes=1)) == 0
    assert event_relay(now=LATER + OUTSIDE_LEASE) == 1
    assert _noted() == 1


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_inside_a_subscriber_leaves_the_delivery_as_it_was(subscribe):
    def killed(event):
        _note(event)
        raise SystemExit

    subscribe("test.happened", "test.a", killed)
    with transaction.atomic():
        event_publish("test.happened", {})
    with pytest.raises(SystemExit):
        event_relay(now=LATER)
    assert (EventDelivery.objects.get().attempts, _noted()) == (0, 0)


@pytest.mark.django_db
def test_old_events_go_when_everyone_has_them_and_failed_ones_stay(subscribe):
    subscribe("test.happened", "test.a", _note)
    subscribe("test.broken", "test.b", lambda event: 1 / 0)
    event_publish("test.happened", {})
    event_publish("test.broken", {})
    event_publish("test.unheard", {})
    event_relay(now=LATER)
    assert event_prune(before=LATER) == 1  # unheard: nobody had to be told
    assert event_prune(before=LATER + timedelta(days=1)) == 1
    assert list(OutboxEvent.objects.values_list("topic", flat=True)) == ["test.broken"]


@pytest.mark.django_db
def test_the_relay_reads_the_index_of_pending_rows_only():
    rows = EventDelivery.objects.filter(state="PENDING", due_at__lte=LATER).order_by("due_at", "id")
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
    plan = rows.values_list("pk", flat=True)[:100].explain()
    assert "delivery_due" in plan


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_relays_side_by_side_deliver_each_event_once(subscribe):
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        workers = 1  # threads share one connection there: test_worker covers files
    else:
        workers = 4
    subscribe("test.happened", "test.a", _note)
    with transaction.atomic():
        for number in range(40):
            event_publish("test.happened", {"n": number}, key=str(number))
    start = Barrier(workers)

    def relay():
        start.wait()
        while event_relay(now=LATER, limit=10):
            pass
        connection.close()

    if workers == 1:
        relay_once = event_relay(now=LATER)
        assert relay_once == 40
    else:
        threads = [Thread(target=relay) for _ in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert _noted() == 40
    assert AuditEvent.objects.filter(act="test.noted").values("subject").distinct().count() == 40


@given(st.integers(min_value=1, max_value=ATTEMPTS_MAX * 2))
def test_the_wait_grows_up_to_an_hour_and_ends(attempts):
    delay = retry_delay(attempts)
    if attempts >= ATTEMPTS_MAX:
        assert delay is None
    else:
        assert timedelta(seconds=2) <= delay <= timedelta(hours=1)
        assert attempts == 1 or delay >= retry_delay(attempts - 1)


def test_a_pattern_covers_its_own_branch_only():
    assert topic_matches("application.*", "application.decided")
    assert not topic_matches("application.*", "applications.decided")
    assert not topic_matches("application", "application.decided")


def test_a_subscriber_name_belongs_to_one_function(subscribe):
    subscribe("test.happened", "test.a", _note)
    with pytest.raises(ValueError, match="taken"):
        subscriber("test.happened", name="test.a")(lambda event: None)
    assert [s.name for s in subscription_list("test.happened")] == ["test.a"]
