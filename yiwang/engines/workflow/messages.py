"""Messages and signals from outside (消息与信号): one receiver, or all who wait."""

import datetime
from collections.abc import Mapping

from django.db import IntegrityError, transaction

from yiwang.engines.workflow import data
from yiwang.engines.workflow.events import KEEP, signal_receivers
from yiwang.engines.workflow.models import Message
from yiwang.engines.workflow.sweeps import message_hand_over
from yiwang.kernel.api import action, audit_record
from yiwang.sdk.errors import N_, Invalid


@action("engines.workflow.message_send", permission="engines.workflow.send")
def message_send(
    name: str,
    *,
    key: str,
    now: datetime.datetime,
    variables: Mapping[str, object] | None = None,
    reference: str = "",
    keep: datetime.timedelta = KEEP,
) -> bool:
    """Send a message to whoever waits for this name and key (发送消息); True when it is new.

    Delivered exactly once, to the one who has waited longest, even if it comes before anybody waits:
    it is kept for that long. reference: the sender's own number, so that what is sent twice counts once.
    """
    if not name or not key:
        raise Invalid(N_("A message has a name and a key."))
    detail = {"name": name, "reference": reference}
    message = _put(name, key, reference, variables=variables or {}, now=now, keep=keep)
    if message is None:
        audit_record(f"message:{key}", detail=detail, outcome="REPEATED")
        return False
    audit_record(f"message:{key}", detail=detail)
    message_hand_over(message.pk, now=now)
    return True


def _put(
    name: str,
    key: str,
    reference: str,
    *,
    variables: Mapping[str, object],
    now: datetime.datetime,
    keep: datetime.timedelta,
) -> Message | None:
    """Store a message; None when the same was sent before."""
    try:
        with transaction.atomic():
            return Message.objects.create(
                kind=data.MESSAGE,
                name=name,
                key=key,
                reference=reference,
                variables=dict(variables),
                sent_at=now,
                expires_at=now + keep,
            )
    except IntegrityError:
        return None


@action("engines.workflow.signal_send", permission="engines.workflow.send")
def signal_send(
    name: str, *, now: datetime.datetime, variables: Mapping[str, object] | None = None
) -> int:
    """Tell all who wait for a signal (广播信号); returns how many those are.

    Each gets it once, in a transaction of its own; who begins to wait later does not.
    """
    receivers = signal_receivers(name)
    Message.objects.bulk_create(
        Message(
            kind=data.SIGNAL,
            name=name,
            variables=dict(variables or {}),
            subscription_id=receiver,
            sent_at=now,
            expires_at=now + KEEP,
        )
        for receiver in receivers
    )
    audit_record(f"signal:{name}", detail={"receivers": len(receivers)})
    return len(receivers)
