"""Sending messages and reading them."""

from datetime import datetime

from django.utils import timezone

from yiwang.hall.messages.channels import channel_get
from yiwang.hall.messages.data import Letter
from yiwang.hall.messages.models import Message, MessageSending
from yiwang.hall.messages.rules import template_named, text_make
from yiwang.identity.api import account_get
from yiwang.kernel.api import action, audit_record, context_get, event_publish
from yiwang.sdk.errors import N_, NotFound, SignInNeeded, YiwangError


class TemplateUnknown(YiwangError):
    """A message was to be sent from a template that does not exist: a defect of the caller."""

    code = "message_template_unknown"
    status = 500
    message = N_("There is no message template %(template)s.")


@action("hall.messages.send")
def message_send(
    account_id: int,
    *,
    template: str,
    params: dict,
    link: str,
    now: datetime,
    source: str | None = None,
) -> int:
    """Send a message (发送消息) to an account; returns its id.

    params: number and title, and what the template names; values may be {zh, en}.
    source: what it answers to; a second message of one source is the first one again.
    """
    chosen = template_named(template)
    if chosen is None:
        raise TemplateUnknown(template=template)
    values = {
        "account_id": account_id,
        "template": template,
        "kind": chosen.kind,
        "title": text_make(chosen.title, params),
        "body": text_make(chosen.body, params),
        "link": link[:200],
        "sent_at": now,
    }
    if source is None:
        message, is_new = Message.objects.create(**values), True
    else:
        message, is_new = Message.objects.get_or_create(source=source, defaults=values)
    audit_record(f"message:{message.pk}", detail={"template": template, "again": not is_new})
    if is_new:
        event_publish("message.sent", {"message_id": message.pk}, key=str(message.pk))
    return message.pk


@action("hall.messages.read")
def mark_read(message_id: int, *, now: datetime) -> None:
    """Mark a message as read (标为已读) by its receiver; again changes nothing."""
    mine = Message.objects.filter(pk=message_id, account_id=_account_id())
    if not mine.exists():
        raise NotFound()
    mine.filter(read_at__isnull=True).update(read_at=now)
    audit_record(f"message:{message_id}")


@action("hall.messages.read_all")
def mark_all_read(*, now: datetime) -> int:
    """Mark all messages of the acting person as read (全部已读); returns how many were not."""
    account_id = _account_id()
    changed = Message.objects.filter(account_id=account_id, read_at__isnull=True).update(
        read_at=now
    )
    audit_record(f"account:{account_id}", detail={"messages": changed})
    return changed


def message_dispatch(message_id: int, channel: str) -> bool:
    """Send a message over a channel (渠道发送), once; False when there was nothing to do.

    Runs outside a transaction: a channel that is down raises, and the outbox comes again. Between
    sending and noting it a kill can send twice; the reverse, noted but not sent, cannot happen.
    """
    message = Message.objects.filter(pk=message_id).first()
    template = template_named(message.template) if message else None
    if template is None or channel not in template.channels:
        return False
    account = account_get(message.account_id)
    address = account.email if channel == "EMAIL" else account.phone
    if not address or MessageSending.objects.filter(message=message, channel=channel).exists():
        return False
    text = message.body["zh"]
    if channel == "EMAIL":
        text = f"{account.name}：\n\n{text}\n\n{message.body['en']}\n"
    channel_get(channel).send(
        Letter(message.pk, address, account.name, message.title["zh"], text, message.sent_at)
    )
    MessageSending.objects.get_or_create(
        message=message, channel=channel, defaults={"at": timezone.now()}
    )
    return True


def _account_id() -> int:
    account_id = context_get().account_id
    if account_id is None:
        raise SignInNeeded()
    return account_id
