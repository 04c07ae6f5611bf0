"""The daily digest of a data steward (数据管理摘要): collecting lines, sending them, switching it off."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db.models import Max, Min
from django.urls import reverse
from django.utils import timezone

from yiwang.hall.messages.actions import message_send
from yiwang.hall.messages.digest_rules import body_make, line_make, may_send
from yiwang.hall.messages.models import DigestChoice, DigestEntry, Message
from yiwang.kernel.api import action, audit_record, context_get
from yiwang.sdk.errors import SignInNeeded

TEMPLATE = "data_digest"
ACCOUNTS_AT_ONCE = 200


@action("hall.messages.digest_collect")
def digest_collect(
    event_id: int,
    *,
    kind: str,
    params: Mapping[str, object],
    link: str,
    account_ids: Iterable[int],
    at: datetime,
) -> int:
    """Keep a line for the next digest of some people (摘要入列); of one event once. Returns how many.

    Who switched the digest off gets none.
    """
    wanted = set(account_ids)
    wanted -= set(
        DigestChoice.objects.filter(account_id__in=wanted, is_wanted=False).values_list(
            "account_id", flat=True
        )
    )
    text = line_make(kind, params)
    rows = [
        DigestEntry(
            account_id=account_id, event_id=event_id, kind=kind, text=text, link=link[:200], at=at
        )
        for account_id in sorted(wanted)
    ]
    DigestEntry.objects.bulk_create(rows, ignore_conflicts=True)
    audit_record(f"event:{event_id}", detail={"kind": kind, "accounts": len(rows)})
    return len(rows)


def digest_sweep(*, now: datetime) -> int:
    """Send what has been collected (摘要发送): one message a person and day; returns how many."""
    here = timezone.localtime(now)
    waiting = (
        DigestEntry.objects.filter(message=None, at__lte=now)
        .values_list("account_id")
        .annotate(oldest=Min("at"))
        .order_by("account_id")
    )
    found = dict(waiting[:ACCOUNTS_AT_ONCE])
    sent = dict(
        Message.objects.filter(account_id__in=found, template=TEMPLATE)
        .values_list("account_id")
        .annotate(last=Max("sent_at"))
    )
    due = [
        account_id
        for account_id, oldest in found.items()
        if may_send(oldest, _local(sent.get(account_id)), now=here)
    ]
    for account_id in due:
        digest_send(account_id, now=now)
    return len(due)


def _local(at: datetime | None) -> datetime | None:
    return timezone.localtime(at) if at else None


@action("hall.messages.digest_send")
def digest_send(account_id: int, *, now: datetime) -> int | None:
    """Send a person's collected lines as one message (发送摘要); None when there are none."""
    rows = DigestEntry.objects.filter(account_id=account_id, message=None, at__lte=now)
    lines = list(rows.order_by("pk").values_list("pk", "kind", "text"))
    audit_record(f"account:{account_id}", detail={"lines": len(lines)})
    if not lines:
        return None
    day = timezone.localdate(now)
    message_id = message_send(
        account_id,
        template=TEMPLATE,
        params={"n": len(lines), "lines": body_make((kind, text) for _pk, kind, text in lines)},
        link=reverse("hall_messages:digest", args=[day.isoformat()]),
        source=f"digest:{account_id}:{day}",
        now=now,
    )
    rows.filter(pk__in=[line[0] for line in lines]).update(message=message_id)
    return message_id


@action("hall.messages.digest_choose")
def digest_choose(*, is_wanted: bool, now: datetime) -> None:
    """Switch one's own daily digest on or off (摘要开关); off drops what was waiting."""
    account_id = context_get().account_id
    if account_id is None:
        raise SignInNeeded()
    DigestChoice.objects.update_or_create(
        account_id=account_id, defaults={"is_wanted": is_wanted, "chosen_at": now}
    )
    dropped = 0
    if not is_wanted:
        dropped, _by = DigestEntry.objects.filter(account_id=account_id, message=None).delete()
    audit_record(f"account:{account_id}", detail={"is_wanted": is_wanted, "dropped": dropped})


def digest_wanted(account_id: int | None) -> bool:
    """Tell whether a person gets the digest (是否接收摘要)."""
    return not DigestChoice.objects.filter(account_id=account_id, is_wanted=False).exists()


def digest_lines(account_id: int | None, day: str) -> list[DigestEntry]:
    """Return the lines of one's own digest of a day (某日摘要)."""
    source = f"digest:{account_id}:{day}"
    rows = DigestEntry.objects.filter(account_id=account_id, message__source=source)
    return list(rows.order_by("pk"))
