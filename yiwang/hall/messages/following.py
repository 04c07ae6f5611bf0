"""Keeping up with what is said later of sendings (跟踪回执): the practice channels push it like all others."""

from datetime import datetime
from itertools import groupby

from yiwang.hall.messages.channels import channel_get
from yiwang.hall.messages.channels.practice import Practice, receipts_signed
from yiwang.hall.messages.models import PracticeReceipt
from yiwang.hall.messages.sendings import receipts_take
from yiwang.kernel.api import context_system, context_use

AT_ONCE = 200


def practice_receipts_push(now: datetime) -> int:
    """Let the practice channels say what is due (演练回执推送), signed, through the same door as all."""
    rows = list(PracticeReceipt.objects.filter(due_at__lte=now).order_by("channel", "pk")[:AT_ONCE])
    with context_use(context_system("接收回执")):
        for channel, said in groupby(rows, key=lambda row: row.channel):
            headers, body = receipts_signed(list(said), now=now)
            adapter = channel_get(channel)
            if isinstance(adapter, Practice):  # else the city has another one by now
                receipts_take(channel, adapter.receipts_read(headers, body, now=now), now=now)
    PracticeReceipt.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)
