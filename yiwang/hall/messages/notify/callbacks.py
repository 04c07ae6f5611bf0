"""Telling a service what became of what it sent (状态回调): POST to its address, as Notify does."""

import hashlib
import hmac
import json
import urllib.request

from django.conf import settings

from yiwang.hall.messages.models import Notification
from yiwang.hall.messages.notify.queries import STATES, stamp
from yiwang.kernel.api import EventView, subscriber

TIMEOUT_SECONDS = 15


def service_tell(event: EventView) -> None:
    """Post what became of a notification (状态回调); anything but 2xx is tried again by the outbox."""
    row = (
        Notification.objects.select_related("service", "sending", "template")
        .filter(sending=event.payload["sending_id"])
        .first()
    )
    if row is None or not row.service.callback_url:
        return
    said = {
        "id": str(row.ref),
        "reference": row.reference,
        "to": row.recipient,
        "status": STATES[row.sending.state],
        "created_at": stamp(row.created_at),
        "completed_at": stamp(row.sending.completed_at),
        "sent_at": stamp(row.sending.sent_at),
        "notification_type": row.kind,
        "template_id": str(row.template.template_id),
        "template_version": row.template.version,
    }
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {callback_token(row.service_id)}",
    }
    # The address was set by the department on its page and begins with https.
    request = urllib.request.Request(  # noqa: S310
        row.service.callback_url, json.dumps(said).encode(), headers
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):  # noqa: S310
        pass


def callback_token(service_id: object) -> str:
    """Return the word by which a service knows that it is us (回调令牌)."""
    text = f"notify-callback:{service_id}".encode()
    return hmac.new(settings.SECRET_KEY.encode(), text, hashlib.sha256).hexdigest()[:40]


def register() -> None:
    """Subscribe (called once, from `ready`)."""
    subscriber("message.completed", name="hall.messages.callback", outside=True)(service_tell)
