"""Reads of messages: always for one account, which is the scope."""

from django.db.models import F, QuerySet

from yiwang.hall.messages.data import MessageView
from yiwang.hall.messages.models import Message
from yiwang.sdk.errors import NotFound


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
