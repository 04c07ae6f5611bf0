"""Errors as answers (错误应答): a page in the right shell, an HTMX notice, or RFC 9457 problem+json."""

import json
from http import HTTPStatus
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import get_language, gettext

from yiwang.kernel.audit.context import context_get
from yiwang.kernel.ui.templating import render
from yiwang.sdk.errors import Invalid, SignInNeeded, YiwangError

PROBLEM_JSON = "application/problem+json"
_SHELLS = {"CITIZEN": "space", "AGENT": "space", "STAFF": "desk"}


def error_text(error: YiwangError) -> str:
    """Return the sentence of an error in the active language, its params filled in."""
    is_chinese = (get_language() or "zh").startswith("zh")
    return error.text(gettext, "zh" if is_chinese else "en")


def field_texts(error: Invalid) -> dict[str, list[str]]:
    """Return the sentences of an error by field, in the active language (各项错误提示)."""
    return {name: [gettext(one) for one in said] for name, said in error.fields.items()}


def wants_json(request: HttpRequest) -> bool:
    """Tell whether the caller is a program: an API address, or a plain wish for JSON."""
    if request.path.startswith("/api/"):
        return True
    accept = request.headers.get("Accept", "")
    return "json" in accept and "text/html" not in accept


def wants_partial(request: HttpRequest) -> bool:
    """Tell whether HTMX asks for a piece of a page (a boosted link wants the whole)."""
    return request.headers.get("HX-Request") == "true" and "HX-Boosted" not in request.headers


def shell_of_person() -> str:
    """Return the shell that belongs to the acting person: portal, space or desk."""
    return _SHELLS.get(context_get().population, "portal")


def problem_response(error: YiwangError, *, instance: str = "") -> HttpResponse:
    """Return an error as problem+json: type, title, status, detail, code, instance, fields."""
    return _problem(
        status=error.status,
        code=error.code,
        detail=error_text(error),
        instance=instance,
        fields=error.fields if isinstance(error, Invalid) else None,
    )


def _problem(
    *, status: int, code: str, detail: str, instance: str, fields: dict | None = None
) -> HttpResponse:
    body = {
        "type": f"urn:yiwang:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "instance": instance,
    }
    if fields:
        body["fields"] = fields
    return HttpResponse(
        json.dumps(body, ensure_ascii=False), status=status, content_type=PROBLEM_JSON
    )


def error_response(request: HttpRequest, error: YiwangError) -> HttpResponse:
    """Answer a request that ended in an expected error (可预期的错误).

    Nobody signed in and a page asked for with GET: to the sign-in page, and back afterwards.
    """
    if wants_json(request):
        return problem_response(error, instance=request.path)
    if isinstance(error, SignInNeeded) and request.method in ("GET", "HEAD"):
        target = sign_in_url(request)
        if not wants_partial(request):
            return HttpResponseRedirect(target)
    return message_response(
        request,
        status=error.status,
        code=error.code,
        text=error_text(error),
        fields=error.fields if isinstance(error, Invalid) else None,
    )


def sign_in_url(request: HttpRequest) -> str:
    """Return the sign-in page that leads back to this page, or to the form that was sent from."""
    back = request.get_full_path()
    if request.method not in ("GET", "HEAD") or wants_partial(request):
        back = _own_path(request, request.headers.get("HX-Current-URL") or "") or _own_path(
            request, request.headers.get("Referer") or ""
        )
    return f"{settings.LOGIN_URL}?{urlencode({'next': back})}" if back else settings.LOGIN_URL


def _own_path(request: HttpRequest, address: str) -> str:
    origin = f"{request.scheme}://{request.get_host()}/"
    return "/" + address.removeprefix(origin) if address.startswith(origin) else ""


def message_response(
    request: HttpRequest,
    *,
    status: int,
    code: str,
    text: str,
    fields: dict[str, list[str]] | None = None,
    reference: str = "",
) -> HttpResponse:
    """Show one sentence about what went wrong, as a page of the person's shell or as a notice."""
    if wants_json(request):
        return _problem(status=status, code=code, detail=text, instance=request.path, fields=fields)
    partial = wants_partial(request)
    response = render(
        request,
        "kernel/ui/notice.html" if partial else "kernel/ui/error.html",
        {
            "shell": f"kernel/ui/{shell_of_person()}.html",
            "status": status,
            "code": code,
            "text": text,
            "fields": fields or {},
            "reference": reference,
            "sign_in": sign_in_url(request) if status == 401 else "",
        },
        status=status,
    )
    if partial:
        response.headers["HX-Retarget"] = "#notices"
        response.headers["HX-Reswap"] = "innerHTML show:#notices:top"
    return response
