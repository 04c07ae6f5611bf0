"""The API of Notify v2 (通知接口): every answer has its shape, also the refusals."""

import json
import uuid
from collections.abc import Callable
from functools import wraps
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from yiwang.hall.messages.models import Notification, NotifyKey, NotifyService
from yiwang.hall.messages.notify import keys, schema
from yiwang.hall.messages.notify.actions import notification_send
from yiwang.hall.messages.notify.answers import (
    ApiProblem,
    AuthProblem,
    BadRequest,
    NoResult,
    RateProblem,
    Unvalid,
)
from yiwang.hall.messages.notify.queries import (
    notification_get,
    notification_json,
    notification_page,
    template_get,
    template_json,
    template_link,
    template_rows,
)
from yiwang.hall.messages.notify.texts import html_of, missing_of, sanitised, text_fill
from yiwang.identity.api import public
from yiwang.kernel.api import RequestContext, context_get, context_use, rate_exceeded

BODY_MAX = 3 << 20
SEEN_EVERY_SECONDS = 60
FAILED_PER_MINUTE = 60


def _api(*methods: str) -> Callable[[Callable], Callable]:
    """Make a view of the API: who calls is proven first, every error becomes an answer of its shape."""

    def decorate(view: Callable) -> Callable:
        @csrf_exempt
        @public
        @wraps(view)
        def run(request: HttpRequest, **named: str) -> HttpResponse:
            try:
                if request.method not in methods:
                    raise BadRequest("Method not allowed", status=405)
                key = _caller(request)
                with context_use(_context(key)):
                    return view(request, key, **named)
            except ApiProblem as problem:
                return JsonResponse(problem.body(), status=problem.status)

        return run

    return decorate


def _caller(request: HttpRequest) -> NotifyKey:
    """Return the living key that signed the call. Raises `AuthProblem`."""
    # The limit is on failures of one address, so that nobody can try secrets out.
    try:
        token = keys.token_of(request.headers.get("Authorization"))
        key = _key_of(token)
        keys.age_check(token, now=timezone.now().timestamp())
    except keys.TokenProblem as problem:
        if rate_exceeded(
            f"hall.messages.token:{context_get().address}", per_minute=FAILED_PER_MINUTE
        ):
            raise RateProblem("Exceeded rate limit for failed authentication") from None
        raise AuthProblem(problem.message, status=problem.status) from None
    now = timezone.now()
    if key.used_at is None or (now - key.used_at).total_seconds() > SEEN_EVERY_SECONDS:
        NotifyKey.objects.filter(pk=key.pk).update(used_at=now)
    return key


def _key_of(token: str) -> NotifyKey:
    service = NotifyService.objects.filter(pk=keys.issuer_of(token)).first()
    if service is None:
        raise keys.TokenProblem("Invalid token: service not found")
    rows = list(
        service.keys.select_related("service__department").order_by("revoked_at", "created_at")
    )
    if not rows:
        raise keys.TokenProblem("Invalid token: service has no API keys")
    if not service.is_active:
        raise keys.TokenProblem("Invalid token: service is archived")
    for row in rows:
        if keys.is_signed_by(token, keys.secret_make(row.pk, settings.SECRET_KEY)):
            if row.revoked_at is not None:
                raise keys.TokenProblem("Invalid token: API key revoked")
            return row
    raise keys.TokenProblem("Invalid token: API key not found")


def _context(key: NotifyKey) -> RequestContext:
    department = key.service.department
    return RequestContext(
        population="PROGRAM",
        name=key.service.name,
        post_title=key.service.name,
        department_id=department.pk,
        department_name=department.name,
        purpose="发送通知",
        channel="API",
        address=context_get().address,
        session_ref=f"key:{key.pk}",
    )


def _body(request: HttpRequest) -> object:
    if int(request.META.get("CONTENT_LENGTH") or 0) > BODY_MAX:
        raise BadRequest("The request is too large", status=413)
    try:
        return json.loads(request.body or b"{}")
    except ValueError:
        raise BadRequest("Invalid JSON supplied in POST data") from None


def _root() -> str:
    return settings.SITE_ADDRESS.rstrip("/") + "/"


@_api("POST")
def send(request: HttpRequest, key: NotifyKey, kind: str) -> HttpResponse:
    """POST /v2/notifications/<kind>: send a text message, an e-mail or a letter (发送通知)."""
    limit = key.service.per_minute
    if rate_exceeded(f"hall.messages.notify:{key.service_id}:{key.kind}", per_minute=limit):
        raise RateProblem(
            f"Exceeded rate limit for key type {key.kind.upper()} of {limit} requests per 60 seconds"
        )
    body = _body(request)
    if kind == "letter" and isinstance(body, dict) and "content" in body:
        # Whole documents would have to be looked through before anybody prints them.
        raise BadRequest("Service is not allowed to send precompiled letters")
    now = timezone.now()
    form = schema.body_check(kind, body, now=now)
    row = notification_send(key, kind, form, now=now)
    return JsonResponse(_sent_json(row, form), status=201)


def _sent_json(row: Notification, form: dict) -> dict:
    root = _root()
    said: dict = {
        "id": str(row.ref),
        "reference": row.reference,
        "uri": f"{root}v2/notifications/{row.ref}",
        "template": template_link(row.template, root=root),
        "scheduled_for": form.get("scheduled_for"),
    }
    if row.kind == "sms":
        said["content"] = {"from_number": row.service.sender, "body": row.body}
        return said
    said["content"] = {"subject": row.subject, "body": row.body}
    if row.kind == "email":
        said["content"]["from_email"] = settings.MAIL_FROM
        said["content"]["one_click_unsubscribe_url"] = row.unsubscribe_url or None
        said["sanitised_content"] = _sanitised(form)
    return said


def _sanitised(form: dict) -> dict:
    wanted = {str(name).casefold() for name in form.get("sanitise_content_for") or ()}
    pairs = {
        name: (value, sanitised(value))
        for name, value in (form.get("personalisation") or {}).items()
        if name.casefold() in wanted
    }
    return {
        name: {"unsanitised": before, "sanitised": after}
        for name, (before, after) in pairs.items()
        if before != after
    }


@_api("GET")
def notification(request: HttpRequest, key: NotifyKey, ref: str) -> HttpResponse:
    """GET /v2/notifications/<id>: what became of one (查询通知)."""
    row = notification_get(key.service_id, schema.uuid_check("notification_id", ref))
    return JsonResponse(notification_json(row, root=_root()))


@_api("GET")
def letter_pdf(request: HttpRequest, key: NotifyKey, ref: str) -> HttpResponse:
    """GET /v2/notifications/<id>/pdf: letters are typeset where they are printed, so there is no PDF to give."""
    row = notification_get(key.service_id, schema.uuid_check("notification_id", ref))
    if row.kind != "letter":
        raise BadRequest("Notification is not a letter")
    raise BadRequest(f"PDF not available for letters in status {row.status}")


@_api("GET")
def notifications(request: HttpRequest, key: NotifyKey) -> HttpResponse:
    """GET /v2/notifications: what was sent, 250 a page, older than one if asked (通知列表)."""
    query = {name: request.GET.getlist(name) for name in request.GET}
    filters = schema.query_check(query)
    rows = notification_page(key.service_id, key.kind, filters)
    address = f"{_root()}v2/notifications"
    query.pop("older_than", None)
    links = {"current": _link(address, request.GET.lists())}
    if rows:
        links["next"] = _link(address, [*query.items(), ("older_than", [str(rows[-1].ref)])])
    found = [notification_json(row, root=_root()) for row in rows]
    return JsonResponse({"notifications": found, "links": links})


def _link(address: str, pairs) -> str:  # noqa: ANN001 - pairs of a name and its values
    text = urlencode([(name, value) for name, values in pairs for value in values])
    return f"{address}?{text}" if text else address


@_api("GET")
def template(
    request: HttpRequest, key: NotifyKey, template_id: str, version: int | None = None
) -> HttpResponse:
    """GET /v2/template/<id>[/version/<n>]: a template (查询模板)."""
    found = schema.uuid_check("id", template_id)
    return JsonResponse(template_json(template_get(key.service_id, found, version=version)))


@_api("POST")
def preview(request: HttpRequest, key: NotifyKey, template_id: str) -> HttpResponse:
    """POST /v2/template/<id>/preview: a template filled in (预览)."""
    form = schema.body_check("preview", _body(request), now=timezone.now())
    row = template_get(key.service_id, schema.uuid_check("id", template_id))
    values = form.get("personalisation") or {}
    missing = missing_of(values, row.subject, row.body)
    if missing:
        raise BadRequest(f"Missing personalisation: {', '.join(missing)}")
    kind = row.template.kind
    body = text_fill(row.body, values, is_email=kind == "email")
    return JsonResponse(
        {
            "id": str(row.template_id),
            "type": kind,
            "version": row.version,
            "body": body,
            "subject": text_fill(row.subject, values) if kind != "sms" else None,
            "html": html_of(body) if kind == "email" else None,
            "postage": "second" if kind == "letter" else None,
        }
    )


@_api("GET")
def templates(request: HttpRequest, key: NotifyKey) -> HttpResponse:
    """GET /v2/templates: a service's templates (模板列表)."""
    kind = request.GET.get("type")
    if kind is not None and kind not in schema.KINDS:
        raise Unvalid(f"type {kind} is not one of [{', '.join(schema.KINDS)}]")
    rows = template_rows(key.service_id)
    if kind:
        rows = rows.filter(kind=kind)
    found = [template_json(template_get(key.service_id, row.pk)) for row in rows]
    return JsonResponse({"templates": found})


@_api("GET")
def versions(
    request: HttpRequest, key: NotifyKey, service_id: uuid.UUID, template_id: str
) -> HttpResponse:
    """GET /service/<id>/template/<id>/versions: every version of a template (模板版本)."""
    found = schema.uuid_check("id", template_id)
    if service_id != key.service_id:
        raise NoResult()
    newest = template_get(key.service_id, found)
    rows = [
        template_json(template_get(key.service_id, found, version=number))
        for number in range(newest.version, 0, -1)
    ]
    return JsonResponse({"data": rows})


@_api("GET")
def received(request: HttpRequest, key: NotifyKey) -> HttpResponse:
    """GET /v2/received-text-messages: nobody can write to us by text message, so there are none (收到的短信)."""
    links = {"current": f"{_root()}v2/received-text-messages"}
    return JsonResponse({"received_text_messages": [], "links": links})
