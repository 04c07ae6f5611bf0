"""The outermost layer of our own: errors become answers, every answer gets its security headers."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, QueryDict
from django.http.request import UnreadablePostError

from yiwang.kernel.ui.flashes import flash_store
from yiwang.kernel.ui.problems import error_response
from yiwang.kernel.ui.uploads import upload_check
from yiwang.sdk.errors import N_, NotFound, YiwangError

# Nothing inline and nothing from elsewhere. MapLibre starts its worker from a blob.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


def _without_nul(query: QueryDict) -> QueryDict:
    if not any("\x00" in text for name, texts in query.lists() for text in (name, *texts)):
        return query
    kept = QueryDict(mutable=True)
    for name, texts in query.lists():
        kept.setlist(name.replace("\x00", ""), [text.replace("\x00", "") for text in texts])
    kept._mutable = False
    return kept


class MethodNotAllowed(YiwangError):
    """An address that only takes forms was opened like a page, or the other way round."""

    code = "method_not_allowed"
    status = 405
    message = N_("This address only answers to a button of ours. Go back and use the page itself.")


class RequestCutOff(YiwangError):
    """The connection broke before all of a request had arrived; who sent it may read this after all."""

    code = "request_cut_off"
    status = 400
    message = N_(
        "Only a part of what you sent arrived, and nothing of it was taken. What you had saved before is still "
        "there. Please send it once more."
    )


class ErrorMiddleware:
    """Turn `YiwangError` into a page, a notice or problem+json; add the headers of every answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            response = self._answer(request)
        except UnreadablePostError:
            response = error_response(request, RequestCutOff())
        except YiwangError as error:
            response = error_response(request, error)
        if isinstance(response, HttpResponseNotAllowed):
            allowed = response.headers["Allow"]
            response = error_response(request, MethodNotAllowed())
            response.headers["Allow"] = allowed
        flash_store(request, response)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), microphone=(), geolocation=()"
        )
        if response.headers.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Cache-Control", "private, no-cache")
        return response

    def _answer(self, request: HttpRequest) -> HttpResponse:
        """Pass on what is not too large and can be text: no database keeps the character NUL, and no person types it."""
        if "\x00" in request.path:
            raise NotFound()
        upload_check(request)
        request.GET = _without_nul(request.GET)
        if request.method == "POST":
            request.POST = _without_nul(request.POST)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer an expected error of a view; leave a defect to Django and `server_error`."""
        if isinstance(error, UnreadablePostError):
            error = RequestCutOff()
        return error_response(request, error) if isinstance(error, YiwangError) else None
