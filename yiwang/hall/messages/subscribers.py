"""What happens elsewhere that an applicant is told about, and the channels that carry it."""

from django.urls import NoReverseMatch, reverse

from yiwang.hall.messages.actions import message_dispatch, message_send
from yiwang.hall.messages.rules import TOPICS, template_for
from yiwang.kernel.api import EventView, subscriber

_PARAMS = (
    "number",
    "title",
    "reason",
    "legal_basis",
    "amount",
    "document_number",
    "tracking",
    "measures",
)
_PAGES = {
    "licence": ("hall_licences:detail", "licence_id"),
    "payment": ("hall_payments:detail", "bill_id"),
    "delivery": ("hall_deliveries:detail", "delivery_id"),
}
_COUNTS = ("count", "red", "yellow", "warnings")


def applicant_tell(event: EventView) -> None:
    """Tell the applicant (通知申请人) about an event of a case or licence."""
    payload = event.payload
    template = template_for(event.topic, payload)
    account_id = payload.get("account_id")
    if template is None or not account_id:
        return
    params = {name: payload[name] for name in _PARAMS if payload.get(name)}
    params |= {name: str(payload[name]) for name in _COUNTS if name in payload}
    if payload.get("department_name"):
        params["department"] = payload["department_name"]
    message_send(
        account_id,
        template=template,
        params=params,
        link=_link(event),
        source=f"event:{event.id}",
        now=event.published_at,
    )


def email_send(event: EventView) -> None:
    """Carry a message by e-mail (邮件)."""
    message_dispatch(event.payload["message_id"], "EMAIL")


def sms_send(event: EventView) -> None:
    """Carry a message by text message (短信)."""
    message_dispatch(event.payload["message_id"], "SMS")


def register() -> None:
    """Subscribe (called once, from `ready`)."""
    for topic in (*TOPICS, "application.decided"):
        subscriber(topic, name=f"hall.messages.{topic}")(applicant_tell)
    subscriber("message.sent", name="hall.messages.email", outside=True)(email_send)
    subscriber("message.sent", name="hall.messages.sms", outside=True)(sms_send)


def _link(event: EventView) -> str:
    if event.topic.startswith("supervision."):
        return event.payload.get("link", "")
    page = _PAGES.get(event.topic.partition(".")[0])
    if page is not None:
        return reverse(page[0], args=[event.payload[page[1]]])
    try:
        return reverse("hall_applications:detail", args=[event.payload["number"]])
    except NoReverseMatch:
        return ""
