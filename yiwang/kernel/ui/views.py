"""Pages of the house itself: errors, language and large print, health."""

import logging
import secrets
import sys

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from yiwang.kernel.ui import gallery
from yiwang.kernel.ui.health import health_get
from yiwang.kernel.ui.policies import public
from yiwang.kernel.ui.problems import error_response, message_response
from yiwang.kernel.ui.templating import LARGE_PRINT_COOKIE, render
from yiwang.sdk.errors import N_, Forbidden, NotFound, YiwangError

_log = logging.getLogger("yiwang")
_YEAR = 365 * 24 * 3600


class TooMuchSent(YiwangError):
    """More fields, files or text in one request than any form of ours has."""

    code = "too_much_sent"
    status = 413
    message = N_(
        "Too much was sent at once; nothing of it was taken. At most 100 files and 12 MB of text go "
        "together: go back and send them in several steps."
    )


_TOO_MUCH = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that there is nothing at this address (404)."""
    return error_response(request, NotFound())


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that the person may not do this (403)."""
    return error_response(request, Forbidden())


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that the request could not be understood (400), or was beyond what is taken at once."""
    if isinstance(exception, _TOO_MUCH):
        return error_response(request, TooMuchSent())
    return message_response(
        request,
        status=400,
        code="bad_request",
        text=_(
            "The request could not be understood. Go back, check what you entered and try again."
        ),
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that the form is too old (403), which happens after signing in or out in another tab."""
    return message_response(
        request,
        status=403,
        code="form_expired",
        text=_("This form has expired. Go back, reload the page and send it again."),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Log a defect once and show its reference (500); safe when the database is gone."""
    error = sys.exc_info()[1]
    if isinstance(error, YiwangError):  # raised by a middleware, outside the views
        response = error_response(request, error)
    else:
        reference = secrets.token_hex(4).upper()
        _log.error(
            "Unexpected error %s at %s %s", reference, request.method, request.path, exc_info=error
        )
        response = _server_error_page(request, reference)
    response._has_been_logged = True  # Django would log it a second time, without the reference
    return response


def _server_error_page(request: HttpRequest, reference: str) -> HttpResponse:
    text = _("Something went wrong on our side. Nothing was lost; please try again in a moment.")
    try:
        return message_response(
            request, status=500, code="server_error", text=text, reference=reference
        )
    except Exception:  # noqa: BLE001 - the shell itself may be what is broken
        return HttpResponse(
            f"{text} ({reference})", status=500, content_type="text/plain; charset=utf-8"
        )


def _back(request: HttpRequest) -> HttpResponse:
    target = request.POST.get("next") or request.headers.get("Referer") or "/"
    if not url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        target = "/"
    return HttpResponseRedirect(target)


@public
@require_POST
def language_set(request: HttpRequest) -> HttpResponse:
    """Remember the person's language (语言) and go back."""
    response = _back(request)
    if request.POST.get("language") in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            request.POST["language"],
            max_age=_YEAR,
            samesite="Lax",
        )
    return response


@public
@require_POST
def large_print_set(request: HttpRequest) -> HttpResponse:
    """Remember whether the person reads in large print (长者版) and go back."""
    response = _back(request)
    if request.POST.get("on") == "1":
        response.set_cookie(LARGE_PRINT_COOKIE, "1", max_age=_YEAR, samesite="Lax")
    else:
        response.delete_cookie(LARGE_PRINT_COOKIE, samesite="Lax")
    return response


@public
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Say how the house is (健康检查): 200, or 503 when it cannot serve."""
    state = health_get(now=timezone.now())
    return JsonResponse(state, status=503 if state["status"] == "DOWN" else 200)


@public
@require_safe
def gallery_page(request: HttpRequest) -> HttpResponse:
    """Show every component with its states (组件一览)."""
    asked = request.GET.get("shell", "portal")
    shell = asked if asked in ("portal", "space", "desk") else "portal"
    context = gallery.gallery_context(request)
    if context["page"].wants_export:
        return context["page"].export("sample")
    name = "print" if request.GET.get("print") == "1" else shell
    context |= {"shell": f"kernel/ui/{name}.html", "shell_name": shell}
    context["row_href"] = lambda row: f"?shell={shell}&item={row['number']}"
    return render(request, "kernel/ui/gallery.html", context)


@public
@require_safe
def gallery_search_page(request: HttpRequest) -> HttpResponse:
    """Answer the sample of the live search."""
    hits = gallery.gallery_search(request.GET.get("q", "").strip())
    return render(request, "kernel/ui/gallery_search.html", {"hits": hits})
