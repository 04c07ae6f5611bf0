"""The daily digest of what is not urgent (每日摘要): many messages to one person as one sending a channel."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Min

from yiwang.hall.messages.choices import address_of, choice_get, language_of
from yiwang.hall.messages.models import MessageSending
from yiwang.hall.messages.sendings import sending_add
from yiwang.identity.api import account_get
from yiwang.kernel.api import action, audit_record

PEOPLE_AT_ONCE = 200
SMS_TITLES = 3
TITLE = {"zh": "政务消息摘要：{n} 条", "en": "{n} messages from the city"}
SMS = {
    "zh": "您有 {n} 条消息：{titles}。详情请登录“我的消息”查看。",
    "en": "You have {n} messages: {titles}. See them under Messages.",
}
MORE = {"zh": "等", "en": " and more"}


def bundles_run(*, now: datetime) -> int:
    """Make the digests that are due (生成摘要); returns how many people and channels had one."""
    waiting = MessageSending.objects.filter(state="CREATED", is_digest=True, not_before__lte=now)
    groups = waiting.values_list("account_id", "channel").annotate(first=Min("pk"))
    found = list(groups.order_by("first")[:PEOPLE_AT_ONCE])
    for account_id, channel, _first in found:
        bundle_make(account_id, channel, now=now)
    return len(found)


@action("hall.messages.bundle")
def bundle_make(account_id: int, channel: str, *, now: datetime) -> None:
    """Put a person's waiting messages into one sending (汇总发送); a single one goes as it is."""
    rows = MessageSending.objects.filter(
        account_id=account_id, channel=channel, state="CREATED", is_digest=True, not_before__lte=now
    )
    lines = list(rows.order_by("pk").select_for_update())
    keys = [line.pk for line in lines]
    if len(lines) > 1:
        account = account_get(account_id)
        language = language_of(account, choice_get(account_id))
        # Where the person is reached now: an address may have been corrected since the first line.
        carrier = sending_add(
            channel,
            address_of(account, channel) or lines[-1].address,
            title=TITLE[language].format(n=len(lines)),
            text=text_of(channel, lines, language=language),
            account_id=account_id,
            now=now,
        )
        MessageSending.objects.filter(pk__in=keys).update(
            state="BUNDLED", carrier=carrier, is_digest=False
        )
    else:
        MessageSending.objects.filter(pk__in=keys).update(is_digest=False)
    audit_record(f"account:{account_id}", detail={"channel": channel, "lines": len(lines)})


def text_of(channel: str, lines: Sequence[MessageSending], *, language: str) -> str:
    """Return what a digest says (摘要正文): titles in a text message, everything in an e-mail."""
    if channel == "EMAIL":
        return "\n\n".join(f"· {line.title}\n{line.text}" for line in lines)
    joint = "；" if language == "zh" else "; "
    titles = joint.join(line.title for line in lines[:SMS_TITLES])
    more = MORE[language] if len(lines) > SMS_TITLES else ""
    return SMS[language].format(n=len(lines), titles=titles + more)
