"""Reads of services, their templates and what they sent."""

import uuid
from datetime import UTC, datetime

from django.db.models import Case, CharField, F, Q, QuerySet, Value, When

from yiwang.hall.messages.channels import channel_get
from yiwang.hall.messages.models import (
    Notification,
    NotifyService,
    NotifyTemplate,
    NotifyTemplateVersion,
)
from yiwang.hall.messages.notify.answers import NoResult
from yiwang.hall.messages.notify.texts import places_of
from yiwang.kernel.api import context_get
from yiwang.sdk.errors import NotFound

SERVICES = "hall.messages.services"
PAGE = 250
STAMP = "%Y-%m-%dT%H:%M:%S.%fZ"
CHANNELS = {"sms": "SMS", "email": "EMAIL", "letter": "LETTER"}
# What the queue calls it and what the API does.
STATES = {
    "CREATED": "created",
    "SENDING": "sending",
    "SENT": "sending",
    "DELIVERED": "delivered",
    "TEMPORARY_FAILURE": "temporary-failure",
    "PERMANENT_FAILURE": "permanent-failure",
    "TECHNICAL_FAILURE": "technical-failure",
    "STOPPED": "permanent-failure",
    "CANCELLED": "cancelled",
    "BUNDLED": "sending",
}


def service_rows() -> QuerySet[NotifyService]:
    """Return the services of the acting officer's departments (通知服务); the city's operators see all."""
    context = context_get()
    rows = NotifyService.objects.select_related("department").order_by("name", "id")
    if context.may("hall.messages.outgoing"):
        return rows
    return rows.filter(department_id__in=context.department_ids)


def service_get(service_id: uuid.UUID) -> NotifyService:
    """Return a service that the acting officer may see. Raises `NotFound`."""
    row = service_rows().filter(pk=service_id).first()
    if row is None:
        raise NotFound()
    return row


def template_rows(service_id: uuid.UUID) -> QuerySet[NotifyTemplate]:
    """Return a service's templates in use, the newest first."""
    return NotifyTemplate.objects.filter(service=service_id, is_archived=False).order_by(
        "-created_at", "id"
    )


def template_get(
    service_id: uuid.UUID, template_id: uuid.UUID, *, version: int | None = None
) -> NotifyTemplateVersion:
    """Return a version of a service's template, the current one by default. Raises `NoResult`."""
    wanted = F("template__version") if version is None else version
    row = (
        NotifyTemplateVersion.objects.select_related("template")
        .filter(template=template_id, template__service=service_id, version=wanted)
        .first()
    )
    if row is None:
        raise NoResult()
    return row


def template_json(row: NotifyTemplateVersion) -> dict:
    """Return a template as the API shows it (模板)."""
    template = row.template
    is_first = row.version == 1
    return {
        "id": str(template.pk),
        "name": row.name,
        "type": template.kind,
        "created_at": stamp(template.created_at),
        "updated_at": None if is_first else stamp(row.created_at),
        "created_by": row.created_by,
        "version": row.version,
        "body": row.body,
        "subject": row.subject if template.kind != "sms" else None,
        "postage": "second" if template.kind == "letter" else None,
        "letter_contact_block": None,
        "personalisation": {name: {"required": True} for name in places_of(row.subject, row.body)},
    }


def _state_case() -> Case:
    """Say in the database what the API calls a notification's state."""
    cases = [
        When(sending__state=state, then=Value(name))
        for state, name in STATES.items()
        if state != "SENT"
    ]
    for kind, channel in CHANNELS.items():
        if not channel_get(channel).reports:
            final = "received" if kind == "letter" else "sent"
            cases.append(When(kind=kind, sending__state="SENT", then=Value(final)))
    cases.append(When(sending__state="SENT", then=Value("sending")))
    return Case(
        When(~Q(practice=""), then=F("practice")),
        *cases,
        default=Value("created"),
        output_field=CharField(),
    )


def notification_rows(service_id: uuid.UUID) -> QuerySet[Notification]:
    """Return what a service sent (委托通知) with its `status` as the API calls it, newest first."""
    return (
        Notification.objects.filter(service=service_id)
        .select_related("template__template", "sending")
        .annotate(status=_state_case())
        .order_by("-pk")
    )


def notification_get(service_id: uuid.UUID, ref: uuid.UUID) -> Notification:
    """Return one notification of a service. Raises `NoResult`."""
    row = notification_rows(service_id).filter(ref=ref).first()
    if row is None:
        raise NoResult()
    return row


def notification_page(service_id: uuid.UUID, key_kind: str, filters: dict) -> list[Notification]:
    """Return a page of what was sent with keys of one kind (分页): 250 at most, older than one if asked."""
    rows = notification_rows(service_id).filter(key_kind=key_kind)
    if filters["template_type"]:
        rows = rows.filter(kind__in=filters["template_type"])
    if filters["status"]:
        wanted = set(filters["status"])
        if "failed" in wanted:
            wanted |= {"technical-failure", "temporary-failure", "permanent-failure"}
        rows = rows.filter(status__in=wanted)
    if filters["reference"] is not None:
        rows = rows.filter(reference=filters["reference"])
    if filters["older_than"] is not None:
        mark = Notification.objects.filter(service=service_id, ref=filters["older_than"])
        rows = rows.filter(pk__lt=mark.values("pk")[:1])
    return list(rows[:PAGE])


def notification_json(row: Notification, *, root: str) -> dict:
    """Return a notification as the API shows it (通知)."""
    sending = row.sending
    lines = dict(zip(LINES, [*row.address_lines, *([None] * 7)], strict=False))
    completed = row.created_at if row.practice else sending and sending.completed_at
    return {
        "id": str(row.ref),
        "reference": row.reference,
        "email_address": row.recipient if row.kind == "email" else None,
        "phone_number": row.recipient if row.kind == "sms" else None,
        **lines,
        "type": row.kind,
        "status": row.status,
        "template": template_link(row.template, root=root),
        "body": row.body,
        "subject": row.subject if row.kind != "sms" else None,
        "created_at": stamp(row.created_at),
        "created_by_name": None,
        "sent_at": stamp(row.created_at if row.practice else sending and sending.sent_at),
        "completed_at": stamp(completed),
        "scheduled_for": stamp(row.scheduled_for),
        "postage": "second" if row.kind == "letter" else None,
        "one_click_unsubscribe_url": row.unsubscribe_url or None,
        "is_cost_data_ready": True,
        "cost_in_pounds": 0.0,
        "cost_details": {},
    }


LINES = ("line_1", "line_2", "line_3", "line_4", "line_5", "line_6", "postcode")


def template_link(row: NotifyTemplateVersion, *, root: str) -> dict:
    """Return how an answer names a template."""
    template = row.template
    return {
        "id": str(template.pk),
        "version": row.version,
        "uri": f"{root}services/{template.service_id}/templates/{template.pk}",
    }


def stamp(at: datetime | None) -> str | None:
    """Return a moment as the API writes it (时间)."""
    return at.astimezone(UTC).strftime(STAMP) if at else None
