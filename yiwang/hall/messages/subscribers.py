"""What happens elsewhere that somebody is told about: one subscription a topic of the templates."""

from django.urls import NoReverseMatch, reverse

from yiwang.hall.messages.actions import message_send
from yiwang.hall.messages.rules import Template, params_of, template_for
from yiwang.hall.messages.shipped import TEMPLATES, TOPICS
from yiwang.kernel.api import EventView, subscriber


def person_tell(event: EventView) -> None:
    """Tell the person (通知当事人) whom an event names by `account_id`."""
    payload = event.payload
    template = template_for(TEMPLATES.values(), event.topic, payload)
    account_id = payload.get("account_id")
    if template is None or not account_id:
        return
    message_send(
        account_id,
        template=template.name,
        params=params_of(template, payload),
        link=_link(template, event),
        source=f"event:{event.id}",
        now=event.published_at,
    )


def register() -> None:
    """Subscribe (called once, from `ready`)."""
    for topic in TOPICS:
        subscriber(topic, name=f"hall.messages.{topic}")(person_tell)


def _link(template: Template, event: EventView) -> str:
    if event.payload.get("link"):
        return event.payload["link"]
    name, field = template.page
    try:
        if name:
            return reverse(name, args=[event.payload[field]])
        return reverse("hall_applications:detail", args=[event.payload["number"]])
    except (NoReverseMatch, KeyError):
        return ""
