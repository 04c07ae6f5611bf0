"""The queue of what leaves the house (发送队列): persistent, in order for each receiver, once for each key.

A sending waits in the database until a channel has taken it. A channel that is down is nobody's fault: it is tried with
one sending now and then, and everything else waits without losing an attempt, a day or a month. A sending of which a
worker died is taken up again after its lease, with the same key, which a provider takes once.
"""

import logging
import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.urls import reverse
from django.utils import timezone

from yiwang.hall.messages.bounces import bounce_read, is_dead
from yiwang.hall.messages.channels import channel_get
from yiwang.hall.messages.choices import (
    address_clean,
    address_of,
    lane_of,
    stop_add,
    stops_among,
    unsubscribe_token,
)
from yiwang.hall.messages.data import FAILED, Letter, Receipt
from yiwang.hall.messages.errors import (
    ChannelDown,
    ChannelUnknown,
    RecipientBusy,
    RecipientRefused,
    SendingLeft,
    SendingNotFailed,
)
from yiwang.hall.messages.models import ChannelState, MessageSending, StopEntry
from yiwang.hall.messages.queries import address_masked
from yiwang.hall.messages.timing import (
    TECHNICAL_AT_MOST,
    TEMPORARY_FOR,
    probe_after,
    retry_after,
)
from yiwang.identity.api import account_list, account_list_by_address
from yiwang.kernel.api import action, audit_record, event_publish

DEAD = "PROVIDER"
WAYS = {
    "EMAIL": {"zh": "邮箱", "en": "e-mail address"},
    "SMS": {"zh": "手机号", "en": "mobile number"},
}
OUTGOING = "hall.messages.outgoing"
OPEN = ("CREATED", "SENDING")
LEASE = timedelta(minutes=10)
BATCH = 50
A_RUN = 500
PER_MINUTE_MAX = 100_000
_KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(-\d{1,4})?")
logger = logging.getLogger(__name__)


def sendings_run(*, now: datetime) -> int:
    """Send what is due on every channel (发送队列巡检); returns how many sendings were tried."""
    return sum(channel_run(channel, now=now) for channel in ("EMAIL", "SMS", "LETTER"))


def channel_run(channel: str, *, now: datetime, limit: int = A_RUN) -> int:
    """Send what is due on a channel; returns how many were tried. Ends when the channel is down."""
    due = MessageSending.objects.filter(
        channel=channel, state__in=OPEN, is_digest=False, due_at__lte=now
    )
    tried = 0
    while tried < limit and due.exists():
        batch = _claim(channel, now=now, limit=min(BATCH, limit - tried))
        if not batch:
            break
        tried += len(batch)
        if not _send_all(channel, batch, now=now):
            break
    return tried


@transaction.atomic
def _claim(channel: str, *, now: datetime, limit: int) -> list[MessageSending]:
    """Take the first due sending of each lane, as far as the channel's rate allows."""
    ChannelState.objects.get_or_create(channel=channel)
    state = ChannelState.objects.select_for_update().get(channel=channel)
    minute = now.replace(second=0, microsecond=0)
    used = state.used if state.minute == minute else 0
    free = min(limit, state.per_minute - used)
    if state.probe_at is not None:
        free = min(free, 1 if state.probe_at <= now else 0)
    if state.is_stopped or free <= 0:
        return []
    rows = MessageSending.objects.filter(channel=channel, state__in=OPEN, is_digest=False)
    earlier = rows.filter(lane=OuterRef("lane"), pk__lt=OuterRef("pk"), not_before__lte=now)
    found = list(rows.filter(~Exists(earlier), due_at__lte=now).order_by("due_at", "pk")[:free])
    MessageSending.objects.filter(pk__in=[row.pk for row in found]).update(
        state="SENDING", due_at=now + LEASE, attempts=F("attempts") + 1
    )
    ChannelState.objects.filter(pk=state.pk).update(minute=minute, used=used + len(found))
    return found


def _send_all(channel: str, batch: list[MessageSending], *, now: datetime) -> bool:
    """Send a batch; False when the channel is down, with the rest given back as it was."""
    adapter = channel_get(channel)
    _addresses_renew(channel, batch)
    stops = stops_among(channel, [row.address for row in batch])
    for place, row in enumerate(batch):
        if stop := stops.get(row.address):
            _note(row, "STOPPED", now=now, error=stop.reason if stop.source == DEAD else "")
            continue
        try:
            number = adapter.send(letter_of(row, now=now))
        except (ChannelDown, OSError) as error:
            _down(channel, batch[place:], error, now=now)
            return False
        except RecipientRefused as error:
            _note(row, "PERMANENT_FAILURE", now=now, error=str(error))
        except RecipientBusy as error:
            is_over = now - row.not_before >= TEMPORARY_FOR
            _again(row, error, "TEMPORARY_FAILURE" if is_over else "", now=now)
        except Exception as error:
            logger.exception("sending %s failed", row.pk)
            MessageSending.objects.filter(pk=row.pk).update(faults=F("faults") + 1)
            is_over = row.faults + 1 >= TECHNICAL_AT_MOST
            _again(row, error, "TECHNICAL_FAILURE" if is_over else "", now=now)
        else:
            _sent(row, str(number or ""), now=now)
        _up(channel)
    return True


def _addresses_renew(channel: str, batch: list[MessageSending]) -> None:
    """Send what waited to where its receiver is reached now (更新地址): they may have corrected it meanwhile.

    What an officer sent again goes where the officer said.
    """
    own = [row for row in batch if row.account_id and row.message_id and not row.resends]
    accounts = {one.id: one for one in account_list(ids={row.account_id for row in own})}
    for row in own:
        account = accounts.get(row.account_id)
        address = address_of(account, channel) if account else ""
        if address and address != row.address:
            row.address = address
            MessageSending.objects.filter(pk=row.pk).update(address=address)


def letter_of(row: MessageSending, *, now: datetime) -> Letter:
    """Return what a channel is given (渠道信件). A resent one has a key of its own."""
    headers = {}
    if row.channel == "EMAIL":
        url = f"{settings.SITE_ADDRESS}/hall/messages/unsubscribe/{unsubscribe_token(row.channel, row.address)}/"
        # One click in the mail program (RFC 8058).
        headers = {
            "List-Unsubscribe": f"<{url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
    key = f"{row.ref}-{row.resends}" if row.resends else str(row.ref)
    return Letter(key, row.address, row.title, row.text, now, row.sender, row.reply_to, headers)


def _sent(row: MessageSending, number: str, *, now: datetime) -> None:
    """Note that a channel has it; a receipt may have been quicker."""
    changed = MessageSending.objects.filter(pk=row.pk, state="SENDING").update(
        state="SENT", sent_at=now, provider_ref=number[:120], error=""
    )
    if not changed:
        MessageSending.objects.filter(pk=row.pk, sent_at=None).update(
            sent_at=now, provider_ref=number[:120]
        )


def _note(row: MessageSending, state: str, *, now: datetime, error: str) -> None:
    changed = MessageSending.objects.filter(pk=row.pk, state="SENDING").update(
        state=state, completed_at=now, error=error[:300]
    )
    if changed:
        _announce(row.pk)
    if changed and state == "PERMANENT_FAILURE":
        _address_check(row, error, now=now)


def _again(row: MessageSending, error: Exception, final: str, *, now: datetime) -> None:
    text = f"{type(error).__name__}: {error}"
    if final:
        _note(row, final, now=now, error=text)
        return
    MessageSending.objects.filter(pk=row.pk, state="SENDING").update(
        state="CREATED", due_at=now + retry_after(row.attempts + 1), error=text[:300]
    )


def _down(channel: str, batch: list[MessageSending], error: Exception, *, now: datetime) -> None:
    """Give back what was taken, and plan when the channel is tried again."""
    text = f"{type(error).__name__}: {error}"[:300]
    state = ChannelState.objects.get(channel=channel)
    probe_at = now + probe_after(state.failures + 1)
    ChannelState.objects.filter(pk=state.pk).update(
        failures=F("failures") + 1,
        down_since=state.down_since or now,
        probe_at=probe_at,
        error=text,
    )
    keys = [row.pk for row in batch]
    taken = MessageSending.objects.filter(pk__in=keys, state="SENDING")
    # The one that was tried goes behind the others: if it is what breaks the provider, it holds up nobody for long.
    taken.filter(pk=keys[0]).update(due_at=probe_at, error=text)
    taken.exclude(pk=keys[0]).update(due_at=now)
    taken.update(state="CREATED", attempts=F("attempts") - 1)
    logger.warning("the channel %s is down: %s", channel, text)


def _up(channel: str) -> None:
    ChannelState.objects.filter(channel=channel, probe_at__isnull=False).update(
        failures=0, down_since=None, probe_at=None, error=""
    )


def sending_add(  # noqa: PLR0913 - one row
    channel: str,
    address: str,
    *,
    title: str,
    text: str,
    now: datetime,
    not_before: datetime | None = None,
    **more: object,
) -> MessageSending:
    """Put a sending into the queue (入队) in the running transaction.

    more: message_id, account_id, is_urgent, is_digest, sender, reply_to.
    """
    start = not_before or now
    return MessageSending.objects.create(
        channel=channel,
        address=address,
        lane=lane_of(channel, address),
        title=title[:300],
        text=text,
        created_at=now,
        not_before=start,
        due_at=start,
        **more,
    )


# What a receipt may change: a failure may turn out delivered in the end, what arrived has arrived.
_AFTER = {
    "DELIVERED": ("SENDING", "SENT", "TEMPORARY_FAILURE", "PERMANENT_FAILURE"),
    "TEMPORARY_FAILURE": ("SENDING", "SENT"),
    "PERMANENT_FAILURE": ("SENDING", "SENT", "TEMPORARY_FAILURE"),
}


@action("hall.messages.receipts")
def receipts_take(channel: str, receipts: Iterable[Receipt], *, now: datetime) -> int:
    """Take what a provider says became of sendings (接收回执), in any order, any number of times; counts changes."""
    changed = 0
    for receipt in receipts:
        if receipt.state not in _AFTER:
            raise ChannelUnknown()
        if not _KEY.fullmatch(receipt.key):
            continue
        ref, resend = receipt.key[:36], receipt.key[37:]
        rows = MessageSending.objects.filter(
            channel=channel,
            ref=ref,
            resends=int(resend or 0),
            state__in=_AFTER[receipt.state],
        )
        found = rows.first()
        if found is None:
            continue
        rows.filter(sent_at=None).update(sent_at=receipt.at)
        rows.update(state=receipt.state, completed_at=receipt.at, error=receipt.detail[:300])
        _announce(found.pk)
        if receipt.state == "PERMANENT_FAILURE":
            _address_check(found, receipt.detail, now=now)
        changed += 1
    audit_record(f"channel:{channel}", detail={"changed": changed})
    return changed


def bounce_take(mail: bytes, *, now: datetime) -> int:
    """Take a delivery report that came to our mailbox (接收退信); how many sendings it changed, 0 for other mail.

    A report names the letter by a key that only its receiver's servers have seen.
    """
    return receipts_take("EMAIL", bounce_read(mail, now=now), now=now)


def _address_check(row: MessageSending, detail: str, *, now: datetime) -> None:
    """Send nothing more to an address that does not exist (地址失效), and tell whoever it belongs to."""
    if not is_dead(row.channel, detail):
        return
    with transaction.atomic():
        reason = detail[:200] or "—"
        if not stop_add(row.channel, row.address, reason=reason, source=DEAD, now=now):
            return
        for account in account_list_by_address(address_clean(row.channel, row.address)):
            event_publish(
                "message.address_failed",
                {
                    "account_id": account.id,
                    "channel": WAYS[row.channel],
                    "address": address_masked(row.channel, row.address),
                    "link": reverse("identity_accounts:profile"),
                },
                key=f"account:{account.id}",
            )


@action("hall.messages.resend", permission=OUTGOING)
def sending_resend(sending_id: int, *, now: datetime, address: str = "") -> None:
    """Send a failed one once more (重发死信), under a new key; address: the one put right. Raises `SendingNotFailed`."""
    values: dict[str, object] = {
        "state": "CREATED",
        "attempts": 0,
        "faults": 0,
        "resends": F("resends") + 1,
        "not_before": now,
        "due_at": now,
        "completed_at": None,
        "sent_at": None,
        "error": "",
    }
    rows = MessageSending.objects.filter(pk=sending_id, state__in=FAILED)
    row = rows.first()
    if row is None:
        raise SendingNotFailed()
    if address.strip():
        values |= {"address": address.strip(), "lane": lane_of(row.channel, address)}
    rows.update(**values)
    # Whoever sends there again has reason to think that somebody is there again.
    cleaned = address_clean(row.channel, address.strip() or row.address)
    StopEntry.objects.filter(
        channel=row.channel, address=cleaned, source=DEAD, lifted_at=None
    ).update(lifted_at=now)
    audit_record(f"sending:{sending_id}", detail={"was": row.state, "address": bool(address)})


@action("hall.messages.resend_all", permission=OUTGOING)
def failed_resend(channel: str, state: str, *, now: datetime) -> int:
    """Send everything once more that failed in one way on a channel (批量重发); returns how many."""
    if state not in FAILED:
        raise SendingNotFailed()
    rows = MessageSending.objects.filter(channel=channel, state=state)
    count = rows.update(
        state="CREATED",
        attempts=0,
        faults=0,
        resends=F("resends") + 1,
        not_before=now,
        due_at=now,
        completed_at=None,
        sent_at=None,
        error="",
    )
    audit_record(f"channel:{channel}", detail={"state": state, "resent": count})
    return count


def sending_call_off(sending_id: int, *, now: datetime) -> None:
    """Take a sending that waits for its time out of the queue (取消发送), in the caller's act. Raises `SendingLeft`.

    The lock of its channel is the one under which workers take sendings: it has left, or it never will.
    """
    waiting = MessageSending.objects.filter(pk=sending_id, state="CREATED", not_before__gt=now)
    channel = waiting.values_list("channel", flat=True).first()
    if channel is None:
        raise SendingLeft()
    ChannelState.objects.get_or_create(channel=channel)
    ChannelState.objects.select_for_update().get(channel=channel)
    if not waiting.update(state="CANCELLED", completed_at=now):
        raise SendingLeft()
    _announce(sending_id)


@action("hall.messages.channel_set", permission=OUTGOING)
def channel_set(channel: str, *, is_stopped: bool, per_minute: int) -> None:
    """Stop a channel or let it go on, and set how much it may send a minute (渠道开关与限速)."""
    if channel not in ("EMAIL", "SMS", "LETTER") or not 1 <= per_minute <= PER_MINUTE_MAX:
        raise ChannelUnknown()
    ChannelState.objects.update_or_create(
        channel=channel, defaults={"is_stopped": is_stopped, "per_minute": per_minute}
    )
    audit_record(f"channel:{channel}", detail={"is_stopped": is_stopped, "per_minute": per_minute})


@transaction.atomic
def _announce(sending_id: int) -> None:
    """Tell the outbox that a sending has come to an end: a service may want to hear of it."""
    event_publish("message.completed", {"sending_id": sending_id}, key=str(sending_id))


def stop_rows():  # noqa: ANN201 - a queryset of this room
    """Return the stop list (停发名单), the newest first."""
    return StopEntry.objects.filter(lifted_at=None).order_by("-pk")


def channel_states() -> list[ChannelState]:
    """Return how every channel does (渠道状态), also one that sent nothing yet."""
    known = {row.channel: row for row in ChannelState.objects.all()}
    return [known.get(name) or ChannelState(channel=name) for name in ("EMAIL", "SMS", "LETTER")]


def today_start(now: datetime) -> datetime:
    """Return the beginning of the city's day (当日零点)."""
    return timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
