"""Sending messages and reading them."""

from datetime import datetime

from django.utils import timezone

from yiwang.hall.messages.choices import address_of, choice_get, language_of
from yiwang.hall.messages.models import Message
from yiwang.hall.messages.rules import Template, text_make
from yiwang.hall.messages.sendings import sending_add
from yiwang.hall.messages.templates import template_get
from yiwang.hall.messages.timing import DIGEST, OFF, Choice, not_before
from yiwang.identity.api import AccountView, account_get
from yiwang.kernel.api import action, audit_record, context_get
from yiwang.sdk.errors import NotFound, SignInNeeded


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
    chosen = template_get(template)
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
    detail = {"template": template, "version": chosen.version, "again": not is_new}
    if is_new:
        detail["channels"] = _carry(message, chosen, text_make(chosen.sms_text, params), now=now)
    audit_record(f"message:{message.pk}", detail=detail)
    return message.pk


def _carry(message: Message, template: Template, sms: dict[str, str], *, now: datetime) -> dict:
    """Put the message into the queues of the channels that its receiver wants; returns {channel: mode}."""
    account = account_get(message.account_id)
    choice = choice_get(account.id)
    language = language_of(account, choice)
    carried = {}
    for channel in template.channels:
        address = address_of(account, channel)
        mode = choice.mode(template.group, channel)
        if not address or mode == OFF:
            continue
        is_digest = mode == DIGEST and not template.is_urgent
        text = sms[language]
        if channel == "EMAIL":
            text = _mail_text(message, account, choice, language=language)
        sending_add(
            channel,
            address,
            title=message.title[language],
            text=text,
            message_id=message.pk,
            account_id=account.id,
            is_urgent=template.is_urgent,
            is_digest=is_digest,
            not_before=not_before(
                timezone.localtime(now), choice, mode=mode, is_urgent=template.is_urgent
            ),
            now=now,
        )
        carried[channel] = "DIGEST" if is_digest else "AT_ONCE"
    return carried


def _mail_text(message: Message, account: AccountView, choice: Choice, *, language: str) -> str:
    """Write an e-mail: in the language that was chosen, in both where none was."""
    colon = "：" if language == "zh" else ","
    texts = [message.body[language]]
    if not choice.language:
        texts.append(message.body["en" if language == "zh" else "zh"])
    return f"{account.name}{colon}\n\n" + "\n\n".join(texts) + "\n"


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


def _account_id() -> int:
    account_id = context_get().account_id
    if account_id is None:
        raise SignInNeeded()
    return account_id
