"""Departments' sending systems (通知服务): limits, templates and keys, on a page of their own."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from yiwang.hall.messages.data import STATES
from yiwang.hall.messages.errors import SendingLeft, ServiceInvalid
from yiwang.hall.messages.models import NotifyService
from yiwang.hall.messages.notify import actions
from yiwang.hall.messages.notify.answers import NoResult
from yiwang.hall.messages.notify.callbacks import callback_token
from yiwang.hall.messages.notify.queries import (
    SERVICES,
    notification_rows,
    service_get,
    service_rows,
    template_get,
    template_rows,
)
from yiwang.hall.messages.queries import address_masked
from yiwang.identity.api import allow, department_get
from yiwang.kernel.api import (
    Column,
    Filter,
    choices_of,
    context_get,
    datetime_text,
    error_text,
    flash,
    page_of,
    render,
)
from yiwang.sdk.errors import N_, NotFound

KINDS = {"sms": N_("Text message"), "email": N_("E-mail"), "letter": N_("Letter")}
KEY_KINDS = {
    "test": N_("Try out: nothing is sent"),
    "team": N_("Team: only to the try-out receivers"),
    "live": N_("Live: to anybody"),
}
KEYS = {"test": N_("try out"), "team": N_("team"), "live": N_("live")}
API_STATES = {
    "created": STATES["CREATED"],
    "sending": STATES["SENDING"],
    "sent": STATES["SENT"],
    "received": STATES["SENT"],
    "delivered": STATES["DELIVERED"],
    "temporary-failure": STATES["TEMPORARY_FAILURE"],
    "permanent-failure": STATES["PERMANENT_FAILURE"],
    "technical-failure": STATES["TECHNICAL_FAILURE"],
    "cancelled": STATES["CANCELLED"],
}
NUMBERS = {
    "per_minute": (N_("Calls a minute"), 3000),
    "sms_per_day": (N_("Text messages a day"), 1000),
    "email_per_day": (N_("E-mails a day"), 10000),
    "letter_per_day": (N_("Letters a day"), 100),
}
_FILTERS = (
    Filter(
        "waiting",
        N_("Waiting for its time"),
        "flag",
        apply=lambda rows, _value: rows.filter(
            scheduled_for__isnull=False, sending__state="CREATED"
        ),
    ),
)
_COLUMNS = (
    Column("name", N_("Name of the system"), order="name"),
    Column("department", N_("Department"), text=lambda row: row.department.name),
    Column("state", N_("State"), text=lambda row: _(_state(row))),
)


def _state(row: NotifyService) -> str:
    if not row.is_active:
        return N_("Closed")
    return N_("Live") if row.is_live else N_("Being tried out")


@require_safe
@allow(populations={"STAFF"}, permission=SERVICES)
def services(request: HttpRequest) -> HttpResponse:
    """List the departments' sending systems (通知服务)."""
    page = page_of(request, service_rows(), columns=_COLUMNS)
    return render(request, "hall/messages/services.html", {"page": page, "state": _state})


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=SERVICES)
def service_new(request: HttpRequest) -> HttpResponse:
    """Register a sending system of one's own department (登记通知服务)."""
    return _service_form(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=SERVICES)
def service_edit(request: HttpRequest, service_id: uuid.UUID) -> HttpResponse:
    """Change a sending system: signature, limits, try-out receivers (修改通知服务)."""
    return _service_form(request, service_get(service_id))


def _service_form(request: HttpRequest, row: NotifyService | None) -> HttpResponse:
    department_id = row.department_id if row else context_get().department_id
    if department_id is None:
        raise NotFound()
    values, errors = _service_values(request, row), {}
    if request.method == "POST":
        sent = values | {name: _number(str(values[name])) for name in NUMBERS}
        sent["guests"] = [line.strip() for line in values["guests"].splitlines() if line.strip()]
        try:
            service_id = actions.service_put(
                {**sent, "department_id": department_id},
                now=timezone.now(),
                service_id=row.pk if row else None,
            )
        except ServiceInvalid as error:
            errors = _said(error)
        else:
            flash(request, "success", _("The service is kept."))
            return redirect("hall_messages:service", service_id)
    return render(
        request,
        "hall/messages/service_form.html",
        {
            "service": row,
            "department": department_get(department_id),
            "values": values,
            "errors": errors,
            "numbers": NUMBERS,
        },
        status=422 if errors else 200,
    )


def _service_values(request: HttpRequest, row: NotifyService | None) -> dict:
    texts = ("name", "sender", "reply_to", "callback_url")
    flags = ("is_live", "may_post")
    if request.method == "POST":
        given = request.POST
        values: dict = {name: given.get(name, "").strip()[:300] for name in (*texts, *NUMBERS)}
        values |= {name: given.get(name) == "1" for name in flags}
        return values | {"guests": given.get("guests", "")[:4000]}
    if row is None:
        blank = dict.fromkeys(texts, "") | dict.fromkeys(flags, False)
        return blank | {name: default for name, (_t, default) in NUMBERS.items()} | {"guests": ""}
    values = {name: getattr(row, name) for name in (*texts, *flags, *NUMBERS)}
    return values | {"guests": "\n".join(row.guests)}


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else -1


def _said(error: ServiceInvalid) -> dict[str, list[str]]:
    return {key: [_(text) for text in texts] for key, texts in error.fields.items()}


@require_safe
@allow(populations={"STAFF"}, permission=SERVICES, purpose="查看本部门发送的通知")
def service(request: HttpRequest, service_id: uuid.UUID) -> HttpResponse:
    """Show a sending system: its templates, keys and what it sent last (通知服务)."""
    return _service_page(request, service_get(service_id))


def _service_page(request: HttpRequest, row: NotifyService, **more: object) -> HttpResponse:
    columns = (
        Column("created_at", N_("Asked for"), text=lambda one: datetime_text(one.created_at)),
        Column("kind", N_("Kind"), text=lambda one: _(KINDS[one.kind])),
        Column("to", N_("Sent to"), text=_masked),
        Column("template", N_("Template"), text=lambda one: one.template.name),
        Column(
            "scheduled_for",
            N_("Scheduled for"),
            text=lambda one: datetime_text(one.scheduled_for) if one.scheduled_for else "—",
        ),
        Column("status", N_("State"), text=lambda one: _(API_STATES[one.status])),
        Column("key_kind", N_("Kind of key"), text=lambda one: _(KEYS[one.key_kind])),
        Column("call_off", N_("Call the message off")),
    )
    return render(
        request,
        "hall/messages/service.html",
        {
            "service": row,
            "state": _state(row),
            "keys": actions.keys_of(row),
            "templates": list(template_rows(row.pk)),
            "page": page_of(
                request,
                notification_rows(row.pk),
                columns=columns,
                filters=_FILTERS,
                count_cap=10_000,
            ),
            "kinds": KINDS,
            "key_names": KEYS,
            "callback_word": callback_token(row.pk) if row.callback_url else "",
            "key_kinds": choices_of(KEY_KINDS),
            "numbers": NUMBERS,
            "errors": {},
            "now": timezone.now(),
            **more,
        },
        status=422 if more.get("errors") else 200,
    )


def _masked(one: object) -> str:
    channel = "SMS" if one.kind == "sms" else "EMAIL"  # type: ignore[attr-defined]
    return address_masked(channel, one.recipient)  # type: ignore[attr-defined]


@never_cache
@require_POST
@allow(populations={"STAFF"}, permission=SERVICES)
@sensitive_variables("issued")
def key_new(request: HttpRequest, service_id: uuid.UUID) -> HttpResponse:
    """Make a key and show it this once (签发密钥): the answer is the page itself, no redirect keeps it."""
    row = service_get(service_id)
    given = request.POST
    try:
        issued = actions.key_make(
            service_id, name=given.get("name", ""), kind=given.get("kind", ""), now=timezone.now()
        )
    except ServiceInvalid as error:
        return _service_page(request, row, errors=_said(error))
    return _service_page(request, row, issued=issued)


@require_POST
@allow(populations={"STAFF"}, permission=SERVICES)
def key_revoke(request: HttpRequest, service_id: uuid.UUID, key_id: uuid.UUID) -> HttpResponse:
    """Revoke a key (吊销密钥)."""
    try:
        actions.key_revoke(service_id, key_id, now=timezone.now())
    except ServiceInvalid:
        flash(request, "warning", _("This key was revoked already."))
    else:
        flash(request, "success", _("The key is revoked. The next call with it is refused."))
    return redirect("hall_messages:service", service_id)


@require_POST
@allow(populations={"STAFF"}, permission=SERVICES)
def call_off(request: HttpRequest, service_id: uuid.UUID, ref: uuid.UUID) -> HttpResponse:
    """Call a scheduled notification off before it leaves (取消定时通知)."""
    try:
        actions.notification_call_off(service_id, ref, now=timezone.now())
    except NoResult:
        raise NotFound() from None
    except SendingLeft as error:
        flash(request, "warning", error_text(error))
    else:
        flash(request, "success", _("Called off: it will not be sent."))
    return redirect("hall_messages:service", service_id)


@require_POST
@allow(populations={"STAFF"}, permission=SERVICES)
def service_close(request: HttpRequest, service_id: uuid.UUID) -> HttpResponse:
    """Close a sending system (停用通知服务)."""
    actions.service_close(service_id, now=timezone.now())
    flash(request, "success", _("The service is closed and its keys are revoked."))
    return redirect("hall_messages:service", service_id)


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=SERVICES)
def service_template(
    request: HttpRequest, service_id: uuid.UUID, template_id: uuid.UUID | None = None
) -> HttpResponse:
    """Write a service's template or its next version (编写通知模板)."""
    row, current = service_get(service_id), None
    if template_id is not None:
        try:
            current = template_get(row.pk, template_id)
        except NoResult:
            raise NotFound() from None
    values, errors = _template_values(request, current), {}
    if request.method == "POST" and request.POST.get("act") == "archive" and current:
        actions.template_archive(row.pk, current.template_id)
        flash(request, "success", _("The template is no longer used."))
        return redirect("hall_messages:service", service_id)
    if request.method == "POST":
        try:
            actions.template_put(row.pk, template_id=template_id, now=timezone.now(), **values)
        except ServiceInvalid as error:
            errors = _said(error)
        else:
            flash(request, "success", _("The template is kept."))
            return redirect("hall_messages:service", service_id)
    return render(
        request,
        "hall/messages/service_template.html",
        {
            "service": row,
            "current": current,
            "values": values,
            "errors": errors,
            "kinds": choices_of(KINDS),
        },
        status=422 if errors else 200,
    )


def _template_values(request: HttpRequest, current: object | None) -> dict[str, str]:
    sizes = {"kind": 6, "name": 100, "subject": 400, "body": 20000}
    if request.method == "POST":
        values = {name: request.POST.get(name, "")[:size] for name, size in sizes.items()}
        return values | {"body": values["body"].replace("\r\n", "\n")}
    if current is None:
        return dict.fromkeys(sizes, "") | {"kind": "sms"}
    shown = {name: getattr(current, name) for name in ("name", "subject", "body")}
    return shown | {"kind": current.template.kind}  # type: ignore[attr-defined]
