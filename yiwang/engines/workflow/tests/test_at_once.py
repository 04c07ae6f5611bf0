"""Thirty-two people press at once: it happens once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from yiwang.engines.workflow import actions, messages, queries
from yiwang.engines.workflow.models import HistoryEvent, Message
from yiwang.engines.workflow.sweeps import message_sweep
from yiwang.engines.workflow.tests import elements as el
from yiwang.engines.workflow.tests.models_of_processes import (
    NOW,
    chain,
    item_at,
    parallel,
    staff,
    start_process,
    user,
)
from yiwang.kernel.api import context_system, context_use
from yiwang.sdk.errors import YiwangError

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.heavy]


def at_once(functions):
    def run(function):
        try:
            function()
            return "done"
        except YiwangError as error:
            return error.code
        finally:
            connection.close()

    # In memory, SQLite locks whole tables between threads; ./test uses a file, as the city does.
    in_memory = connection.vendor == "sqlite" and connection.is_in_memory_db()
    with ThreadPoolExecutor(1 if in_memory else 32) as pool:
        return sorted(pool.map(run, functions))


def as_officer(account_id, department_id, function, *args, **kwargs):
    def run():
        with context_use(staff(account_id, department_id, "APPROVER")):
            function(*args, **kwargs)

    return run


def kinds(instance_id, kind):
    return HistoryEvent.objects.filter(instance_id=instance_id, kind=kind).count()


def test_an_item_completed_thirty_two_times_at_once_is_completed_once():
    instance_id = start_process(parallel(["a", "b", "c"]))
    item = item_at(instance_id, "accept")
    acts = [
        as_officer(n, 1, actions.work_item_complete, item.id, outcome="DONE", now=NOW)
        for n in range(32)
    ]
    assert at_once(acts) == ["done"] + ["work_item_closed"] * 31
    assert kinds(instance_id, "COMPLETED") == 1
    assert (
        len([one for one in queries.instance_get(instance_id).items if one.closed_at is None]) == 3
    )


def test_branches_finished_at_once_meet_in_one_join():
    instance_id = start_process(parallel(["a", "b", "c"]))
    with context_use(context_system("test")):
        actions.work_item_complete(item_at(instance_id, "accept").id, outcome="DONE", now=NOW)
    acts = [
        as_officer(
            n, item.department_id, actions.work_item_complete, item.id, outcome="AGREE", now=NOW
        )
        for item in queries.instance_get(instance_id).items
        if item.closed_at is None
        for n in range(10)
    ]
    results = at_once(acts)
    assert results.count("done") == 3
    assert kinds(instance_id, "JOINED") == 1
    assert queries.instance_get(instance_id).state == "COMPLETED"


def test_one_of_many_who_claim_at_once_holds_the_item():
    instance_id = start_process(parallel(["a"]))
    item = item_at(instance_id, "accept")
    acts = [as_officer(n, 1, actions.work_item_claim, item.id, now=NOW) for n in range(32)]
    assert at_once(acts) == ["done"] + ["work_item_held"] * 31


def test_one_message_sent_by_many_to_many_receivers_is_taken_once():
    xml = el.process(
        el.start(),
        '<receiveTask id="r" messageRef="m_paid"/>',
        user("t"),
        el.end(),
        *chain("s", "r", "t", "e"),
    )
    ids = [start_process(xml, key="same") for _ in range(4)]

    def send():
        with context_use(context_system("test")):
            messages.message_send("paid", key="same", reference="bill 1", now=NOW)

    assert at_once([send] * 16) == ["done"] * 16
    with context_use(context_system("test")):
        message_sweep(NOW)
    stand = [queries.instance_get(pk).tokens[0].node_id for pk in ids]
    assert sorted(stand) == ["r", "r", "r", "t"]
    assert list(Message.objects.values_list("state", flat=True)) == ["DELIVERED"]
