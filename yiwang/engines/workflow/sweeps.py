"""What happens by itself (巡检): timers that are due, messages and signals on their way.

Each is found set-based by an index and delivered in a transaction of its own, once, whoever sweeps.
What cannot be delivered because the process itself is at fault fails that instance, visibly, and not
the sweep.
"""

import datetime

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery

from yiwang.engines.workflow import data, engine
from yiwang.engines.workflow.data import Limit
from yiwang.engines.workflow.deadlines import due_at_get
from yiwang.engines.workflow.events import is_last
from yiwang.engines.workflow.models import Message, ProcessInstance, Subscription, Timer
from yiwang.engines.workflow.step import Step
from yiwang.engines.workflow.timers import timers_date
from yiwang.kernel.api import audit_record, context_system, context_use
from yiwang.sdk.errors import Conflict, YiwangError

RUNNING = ProcessInstance.State.RUNNING


def timer_sweep(now: datetime.datetime, *, limit: int = 500) -> int:
    """Fire the timers that are due (定时巡检), oldest first; returns how many fired.

    Idempotent: each timer fires once, in a transaction of its own, whoever sweeps. Timers that had
    no date because a calendar was missing are dated first.
    """
    with context_use(context_system("engines.workflow.timers", name="定时巡检")):
        timers_date(limit=limit)
        due = Timer.objects.filter(state=Timer.State.PENDING, due_at__lte=now)
        numbers = list(due.order_by("due_at", "pk").values_list("pk", "instance_id")[:limit])
        return sum(_timer_fire(pk, instance_id, now=now) for pk, instance_id in numbers)


def _timer_fire(timer_id: int, instance_id: int, *, now: datetime.datetime) -> bool:
    try:
        with transaction.atomic():
            instance = engine.instance_lock(instance_id)
            waiting = Timer.objects.filter(
                pk=timer_id, state=Timer.State.PENDING, due_at__lte=now, instance__state=RUNNING
            )
            timer = waiting.first()
            if timer is None or not waiting.update(**_next(timer, now=now)):
                return False
            step = Step(instance, now=now)
            engine.fire(step, timer)
            _saved(step, act="engines.workflow.timer_fire", node_id=timer.node_id)
            return True
    except YiwangError as error:
        return _faulty(instance_id, error, now=now)


def _next(timer: Timer, *, now: datetime.datetime) -> dict[str, object]:
    """Return what becomes of a timer that fires: a cycle is wound up again."""
    if timer.times == 1:
        return {"state": Timer.State.FIRED}
    limit = Limit(timer.amount, timer.unit)
    due_at = due_at_get(limit, timer.due_at)
    if due_at is None or due_at <= now:
        due_at = due_at_get(limit, now)
    return {"due_at": due_at, "started_at": timer.due_at, "times": max(timer.times - 1, 0)}


def _saved(step: Step, *, act: str, node_id: str) -> None:
    step.save()
    detail = {"instance": step.instance.pk, "node": node_id}
    audit_record(step.instance.business_key, act=act, detail=detail)


def _faulty(instance_id: int, error: YiwangError, *, now: datetime.datetime) -> bool:
    """Fail an instance that could not go on by itself; what was to happen happens after its resumption."""
    if isinstance(error, Conflict) and error.code == Conflict.code:
        return False  # somebody else was faster
    with transaction.atomic():
        instance = engine.instance_lock(instance_id)
        if instance.state != RUNNING:
            return False
        step = Step(instance, now=now)
        step.failure = str(error)[:400]
        engine.advance(step, is_touched=True)
        _saved(step, act="engines.workflow.instance_fail", node_id="")
    return False


# -- messages and signals


def message_sweep(now: datetime.datetime, *, limit: int = 500) -> int:
    """Deliver what was thrown and found nobody at once (消息巡检); returns how many were delivered."""
    with context_use(context_system("engines.workflow.messages", name="消息巡检")):
        _expire(now)
        return sum(message_deliver(*pair, now=now) for pair in _pairs(limit))


def _expire(now: datetime.datetime) -> None:
    kept = Message.objects.filter(state=Message.State.KEPT)
    kept.filter(expires_at__lte=now).update(state=Message.State.EXPIRED)
    gone = kept.filter(kind=data.SIGNAL).exclude(subscription__state=Subscription.State.PENDING)
    gone.update(state=Message.State.EXPIRED)


def message_hand_over(message_id: int, *, now: datetime.datetime) -> bool:
    """Deliver one message at once to who has waited longest for it (即时投递); else it is kept."""
    mine = _addressed().filter(pk=message_id, receiver__isnull=False)
    receiver = mine.values_list("receiver", flat=True).first()
    return receiver is not None and message_deliver(message_id, receiver, now=now)


def _pairs(limit: int) -> list[tuple[int, int]]:
    """Pair what is on its way with who waits for it: one statement each for signals and messages."""
    kept = Message.objects.filter(state=Message.State.KEPT, kind=data.SIGNAL).order_by("pk")
    signals = kept.filter(subscription__instance__state=RUNNING)
    pairs = list(signals.values_list("pk", "subscription_id")[:limit])
    messages = _addressed().filter(receiver__isnull=False)
    return pairs + list(messages.values_list("pk", "receiver")[:limit])


def _addressed() -> QuerySet:
    """Return the messages that are kept, each with the oldest subscription that waits for it."""
    waiting = Subscription.objects.filter(
        kind=data.MESSAGE,
        name=OuterRef("name"),
        key=OuterRef("key"),
        state=Subscription.State.PENDING,
        instance__state=RUNNING,
    )
    receiver = Subquery(waiting.order_by("pk").values("pk")[:1])
    kept = Message.objects.filter(state=Message.State.KEPT, kind=data.MESSAGE)
    return kept.annotate(receiver=receiver).order_by("pk")


def message_deliver(message_id: int, subscription_id: int, *, now: datetime.datetime) -> bool:
    """Hand one message to one who waits for it, both of them once (投递)."""
    instance_id = Subscription.objects.values_list("instance_id", flat=True).get(pk=subscription_id)
    try:
        with transaction.atomic():
            instance = engine.instance_lock(instance_id)
            waiting = Subscription.objects.filter(
                pk=subscription_id, state=Subscription.State.PENDING
            )
            subscription = waiting.first()
            message = Message.objects.filter(pk=message_id, state=Message.State.KEPT)
            if subscription is None or instance.state != RUNNING:
                return False
            if not message.update(state=Message.State.DELIVERED, delivered_at=now):
                return False
            step = Step(instance, now=now)
            node = step.net.nodes[subscription.node_id]
            if is_last(node):
                waiting.update(state=Subscription.State.TAKEN)
            variables = message.model.objects.values_list("variables", flat=True).get(pk=message_id)
            engine.arrive(step, subscription.token_number, node, variables)
            _saved(step, act="engines.workflow.message_deliver", node_id=node.id)
            return True
    except YiwangError as error:
        return _faulty(instance_id, error, now=now)
