"""Services, their keys and templates (通知服务维护), and what they send (委托发送)."""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from yiwang.hall.messages.errors import SendingLeft, ServiceInvalid
from yiwang.hall.messages.models import (
    Notification,
    NotifyKey,
    NotifyService,
    NotifyTemplate,
    NotifyTemplateVersion,
)
from yiwang.hall.messages.notify import keys, schema
from yiwang.hall.messages.notify.answers import BadRequest, DayProblem, NoResult
from yiwang.hall.messages.notify.queries import (
    CHANNELS,
    SERVICES,
    notification_get,
    service_get,
    service_rows,
    template_get,
)
from yiwang.hall.messages.notify.texts import missing_of, sanitised, text_fill, too_long
from yiwang.hall.messages.sendings import sending_add, sending_call_off
from yiwang.identity.api import department_get
from yiwang.kernel.api import action, audit_record, context_get, serial_next
from yiwang.sdk.errors import N_, Forbidden

KEYS_MAX = 10
LIMITS = ("per_minute", "sms_per_day", "email_per_day", "letter_per_day")


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key just made (新密钥): shown this once."""

    id: uuid.UUID
    name: str
    text: str


@action("hall.messages.service_put", permission=SERVICES)
def service_put(
    values: Mapping[str, object], *, now: datetime, service_id: uuid.UUID | None = None
) -> uuid.UUID:
    """Register a department's sending system (登记通知服务), or change it; returns its id.

    values: department_id, name, sender, reply_to, guests, is_live, may_post, callback_url and LIMITS. Raises
    `ServiceInvalid`; `Forbidden` for another department.
    """
    context = context_get()
    department_id = values["department_id"]
    is_own = department_id in context.department_ids
    if not is_own and not context.may("hall.messages.outgoing"):
        raise Forbidden()
    department_get(department_id)
    faults = _service_faults(values)
    same = NotifyService.objects.filter(department_id=department_id, name=values["name"])
    if same.exclude(pk=service_id).exists():
        faults["name"] = [N_("The department has a service of this name already.")]
    if faults:
        raise ServiceInvalid(fields=faults)
    if service_id is None:
        service_id = NotifyService.objects.create(created_at=now, **values).pk
    else:
        service_rows().filter(pk=service_get(service_id).pk).update(**values)
    audit_record(
        f"notify_service:{service_id}",
        detail={name: values[name] for name in ("name", "is_live", "may_post", *LIMITS)},
    )
    return service_id


def _service_faults(values: Mapping) -> dict[str, list[str]]:
    faults: dict[str, list[str]] = {}
    if not 2 <= len(values["name"]) <= 80:
        faults["name"] = [N_("Enter the service's name, 2 to 80 characters.")]
    if not 2 <= len(values["sender"]) <= 20 or re.search(r"[【】\s]", values["sender"]):
        faults["sender"] = [N_("The signature has 2 to 20 characters without spaces or brackets.")]
    if values["callback_url"] and not values["callback_url"].startswith("https://"):
        faults["callback_url"] = [N_("The address begins with https://.")]
    for name in LIMITS:
        if not 0 <= values[name] <= 10_000_000:
            faults[name] = [N_("Enter a number from 0 to 10,000,000.")]
    wrong = [guest for guest in values["guests"] if schema.phone_fault(guest) and "@" not in guest]
    if wrong:
        faults["guests"] = [N_("Write mobile numbers and e-mail addresses, one a line.")]
    return faults


@action("hall.messages.service_close", permission=SERVICES)
def service_close(service_id: uuid.UUID, *, now: datetime) -> None:
    """Close a service (停用通知服务): its keys are revoked, what it sent stays."""
    service = service_get(service_id)
    NotifyService.objects.filter(pk=service.pk).update(is_active=False)
    revoked = service.keys.filter(revoked_at=None).update(revoked_at=now)
    audit_record(f"notify_service:{service_id}", detail={"keys": revoked})


@action("hall.messages.key_make", permission=SERVICES)
def key_make(service_id: uuid.UUID, *, name: str, kind: str, now: datetime) -> IssuedKey:
    """Make a key (签发密钥) and return it whole, this once. kind: live, team or test. Raises `ServiceInvalid`."""
    service = service_get(service_id)
    cleaned = re.sub(r"[^\w.]+", "_", name.strip())[:60]
    faults: dict[str, list[str]] = {}
    if not cleaned.strip("_"):
        faults["name"] = [N_("Give the key a name.")]
    if kind not in keys.KINDS:
        faults["kind"] = [N_("Choose what the key is for.")]
    if kind == "live" and not service.is_live:
        faults["kind"] = [
            N_("The service is still being tried out. A live key can be made once it is live.")
        ]
    if not service.is_active or service.keys.filter(revoked_at=None).count() >= KEYS_MAX:
        faults["name"] = [N_("The service is closed, or has ten keys. Revoke one first.")]
    if faults:
        raise ServiceInvalid(fields=faults)
    row = NotifyKey.objects.create(
        service=service, name=cleaned, kind=kind, created_at=now, created_by=context_get().name
    )
    audit_record(f"notify_service:{service_id}", detail={"key": str(row.pk), "kind": kind})
    secret = keys.secret_make(row.pk, settings.SECRET_KEY)
    return IssuedKey(row.pk, cleaned, keys.key_text(cleaned, service.pk, secret))


@action("hall.messages.key_revoke", permission=SERVICES)
def key_revoke(service_id: uuid.UUID, key_id: uuid.UUID, *, now: datetime) -> None:
    """Revoke a key (吊销密钥): the next call with it is refused."""
    service = service_get(service_id)
    if not service.keys.filter(pk=key_id, revoked_at=None).update(revoked_at=now):
        raise ServiceInvalid(fields={"": [N_("This key was revoked already.")]})
    audit_record(f"notify_service:{service_id}", detail={"key": str(key_id)})


@action("hall.messages.service_template_put", permission=SERVICES)
def template_put(
    service_id: uuid.UUID,
    *,
    name: str,
    body: str,
    now: datetime,
    kind: str = "",
    subject: str = "",
    template_id: uuid.UUID | None = None,
) -> uuid.UUID:
    """Write a service's template (编写通知模板) or its next version; returns its id. Raises `ServiceInvalid`."""
    service = service_get(service_id)
    template = None
    if template_id is not None:
        template = service.templates.select_for_update().filter(pk=template_id).first()
        if template is None:
            raise NoResult()
        kind = template.kind
    _template_check(kind, name, subject, body)
    if template is None:
        template = NotifyTemplate.objects.create(
            service=service, kind=kind, name=name.strip(), created_at=now
        )
    else:
        template.version += 1
        NotifyTemplate.objects.filter(pk=template.pk).update(
            version=template.version, name=name.strip()
        )
    NotifyTemplateVersion.objects.create(
        template=template,
        version=template.version,
        name=name.strip(),
        subject=subject.strip() if kind != "sms" else "",
        body=body,
        created_by=context_get().name,
        created_at=now,
    )
    detail = {"template": str(template.pk), "version": template.version}
    audit_record(f"notify_service:{service_id}", detail=detail)
    return template.pk


def _template_check(kind: str, name: str, subject: str, body: str) -> None:
    faults: dict[str, list[str]] = {}
    if kind not in schema.KINDS:
        faults["kind"] = [N_("Choose text message, e-mail or letter.")]
    if not 2 <= len(name.strip()) <= 80:
        faults["name"] = [N_("Enter the template's name, 2 to 80 characters.")]
    if kind != "sms" and not 1 <= len(subject.strip()) <= 300:
        faults["subject"] = [N_("Enter a subject.")]
    if not body.strip() or too_long(kind, body):
        faults["body"] = [N_("Enter the text; a text message has at most 918 characters.")]
    if faults:
        raise ServiceInvalid(fields=faults)


@action("hall.messages.service_template_archive", permission=SERVICES)
def template_archive(service_id: uuid.UUID, template_id: uuid.UUID) -> None:
    """Take a template out of use (停用通知模板); what was sent from it stays."""
    service = service_get(service_id)
    service.templates.filter(pk=template_id).update(is_archived=True)
    audit_record(f"notify_service:{service_id}", detail={"template": str(template_id)})


@action("hall.messages.notify")
def notification_send(key: NotifyKey, kind: str, form: Mapping, *, now: datetime) -> Notification:
    """Send what a service asks for (委托发送), or note what a test key would have seen.

    form: of `schema.body_check`. Raises `BadRequest`, `DayProblem`.
    """
    service = key.service
    _allowance_check(service, kind)
    version = _template(service, kind, form["template_id"])
    values = dict(form.get("personalisation") or {})
    if kind == "email":
        wanted = {str(name).casefold() for name in form.get("sanitise_content_for") or ()}
        values = {
            name: sanitised(value) if name.casefold() in wanted else value
            for name, value in values.items()
        }
    missing = missing_of(values, version.subject, version.body)
    if missing:
        raise BadRequest(f"Missing personalisation: {', '.join(missing)}")
    body = text_fill(version.body, values, is_email=kind == "email")
    if not body.strip():
        raise BadRequest("Your message is empty.")
    if fault := too_long(kind, body):
        raise BadRequest(fault)
    address, lines, practice = _recipient(key, kind, form, values)
    at = schema.schedule_read(form["scheduled_for"]) if form.get("scheduled_for") else None
    _day_count(service, kind, now=now)
    row = Notification(
        service=service,
        key_kind=key.kind,
        kind=kind,
        template=version,
        recipient=address,
        address_lines=lines,
        subject=text_fill(version.subject, values)[:600],
        body=body,
        reference=form.get("reference"),
        unsubscribe_url=form.get("one_click_unsubscribe_url") or "",
        practice=practice,
        scheduled_for=at,
        created_at=now,
    )
    if not practice:
        row.sending = sending_add(
            CHANNELS[kind],
            address if kind != "letter" else "\n".join(line for line in lines if line),
            title=row.subject,
            text=body,
            sender=service.sender,
            reply_to=service.reply_to if kind == "email" else "",
            not_before=at,
            now=now,
        )
    row.save(force_insert=True)
    audit_record(
        f"notification:{row.ref}",
        detail={"service": str(service.pk), "kind": kind, "practice": practice},
    )
    return row


@action("hall.messages.call_off", permission=SERVICES)
def notification_call_off(service_id: uuid.UUID, ref: uuid.UUID, *, now: datetime) -> None:
    """Call a scheduled notification off before it leaves (取消定时通知). Raises `NoResult`, `SendingLeft`.

    What a test key asked for was never going to be sent. The day's number it took is not given back.
    """
    service = service_get(service_id)
    row = notification_get(service.pk, ref)
    if row.scheduled_for is None or row.sending_id is None:
        raise SendingLeft()
    sending_call_off(row.sending_id, now=now)
    audit_record(
        f"notification:{row.ref}",
        detail={"service": str(service.pk), "scheduled_for": row.scheduled_for.isoformat()},
    )


def _allowance_check(service: NotifyService, kind: str) -> None:
    if kind == "letter" and not service.may_post:
        raise BadRequest("Service is not allowed to send letters")


def _template(service: NotifyService, kind: str, template_id: str) -> NotifyTemplateVersion:
    try:
        version = template_get(service.pk, uuid.UUID(template_id))
    except NoResult:
        raise BadRequest("Template not found") from None
    found = version.template
    if found.kind != kind:
        raise BadRequest(f"{found.kind} template is not suitable for {kind} notification")
    if found.is_archived:
        raise BadRequest("Template has been deleted")
    return version


def _recipient(
    key: NotifyKey, kind: str, form: Mapping, values: Mapping
) -> tuple[str, list[str | None], str]:
    """Return address, lines of a letter and what a try-out shows ("" when it really goes)."""
    service = key.service
    if kind == "letter":
        return _letter_address(key, values)
    if kind == "sms":
        address = schema.phone_clean(form["phone_number"])
        practice = schema.phone_practice(form["phone_number"])
    else:
        address = form["email_address"].strip()
        practice = schema.PRACTICE_EMAIL.get(address.casefold(), "")
    if key.kind == "test":
        return address, [], practice or "delivered"
    if practice == "delivered":
        return address, [], practice
    if key.kind == "team" or not service.is_live:
        known = {schema.phone_clean(one) if "@" not in one else one for one in service.guests}
        if address not in known:
            raise BadRequest(
                "Can’t send to this recipient using a team-only API key"
                if key.kind == "team"
                else "Can’t send to this recipient when service is in trial mode "
                "- see https://www.notifications.service.gov.uk/trial-mode"
            )
    return address, [], ""


def _letter_address(key: NotifyKey, values: Mapping) -> tuple[str, list[str | None], str]:
    if key.kind == "team":
        raise BadRequest("Cannot send letters with a team api key", status=403)
    if key.kind == "live" and not key.service.is_live:
        raise BadRequest("Cannot send letters when service is in trial mode", status=403)
    given = [str(values.get(f"address_line_{n}", "")).strip() for n in range(1, 8)]
    given = [line for line in given if line]
    postcode = str(values.get("postcode", "")).strip()
    if postcode:
        given.append(postcode)
    if len(given) < 3:
        raise BadRequest("Address must be at least 3 lines")
    if not re.fullmatch(r"\d{6}", given[-1]):
        raise BadRequest("The last line of the address must be a postcode of six digits")
    lines: list[str | None] = [*given[:-1], *([None] * (6 - len(given[:-1])))][:6]
    return given[0], [*lines, given[-1]], "received" if key.kind == "test" else ""


def _day_count(service: NotifyService, kind: str, *, now: datetime) -> None:
    """Count a message of the day; a refused call gives its number back with the transaction."""
    limit = getattr(service, f"{kind}_per_day")
    day = timezone.localdate(now)
    if serial_next(f"hall.messages:{service.pk}:{kind}:{day}") > limit:
        raise DayProblem(f"Exceeded send limits ({kind}: {limit}) for today")


def keys_of(service: NotifyService) -> Sequence[NotifyKey]:
    """List a service's keys (密钥列表), living ones first."""
    return list(service.keys.order_by("revoked_at", "-created_at"))
