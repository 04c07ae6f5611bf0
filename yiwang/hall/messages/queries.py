"""Reads of messages: always for one account, which is the scope."""

from django.db.models import F, QuerySet

from yiwang.hall.messages.data import MessageView, SendingView
from yiwang.hall.messages.models import Message, MessageSending
from yiwang.hall.messages.rules import sms_parts
from yiwang.sdk.errors import NotFound
from yiwang.sdk.masking import mask_email, mask_phone


def message_rows(account_id: int) -> QuerySet[Message]:
    """Return an account's messages, unread first, then newest first, for a paged list."""
    return Message.objects.filter(account_id=account_id).order_by(
        F("read_at").desc(nulls_first=True), "-pk"
    )


def message_list(account_id: int, *, limit: int = 20, offset: int = 0) -> list[MessageView]:
    """List an account's messages (消息), unread first, then newest first."""
    return [message_view(row) for row in message_rows(account_id)[offset : offset + limit]]


def message_get(message_id: int, *, account_id: int) -> MessageView:
    """Return one message; raises `NotFound` for anybody but its receiver."""
    row = Message.objects.filter(pk=message_id, account_id=account_id).first()
    if row is None:
        raise NotFound()
    return message_view(row)


def count_unread(account_id: int | None) -> int:
    """Count the unread messages (未读数) of an account; nobody has none."""
    if account_id is None:
        return 0
    return Message.objects.filter(account_id=account_id, read_at__isnull=True).count()


def message_view(row: Message) -> MessageView:
    """Turn a row into what others may see."""
    return MessageView(
        id=row.pk,
        account_id=row.account_id,
        template=row.template,
        kind=row.kind,
        title=row.title,
        body=row.body,
        link=row.link,
        sent_at=row.sent_at,
        read_at=row.read_at,
    )


def sending_list(message_id: int) -> list[SendingView]:
    """List what became of a message on each channel (发送情况); of one in a digest, what became of the digest."""
    rows = MessageSending.objects.filter(message=message_id).select_related("carrier")
    return [sending_view(row.carrier or row) for row in rows.order_by("channel")]


def sending_view(row: MessageSending) -> SendingView:
    """Turn a row of the queue into what others may see; the address is masked."""
    return SendingView(
        row.pk,
        row.channel,
        address_masked(row.channel, row.address),
        row.state,
        row.created_at,
        row.not_before,
        row.sent_at,
        row.completed_at,
        row.attempts,
        row.error,
        sms_parts(row.text) if row.channel == "SMS" else 1,
    )


def address_masked(channel: str, address: str) -> str:
    """Return an address with its middle hidden (地址脱敏)."""
    if channel == "SMS":
        return mask_phone(address)
    return mask_email(address) if "@" in address else f"{address[:2]}***"
