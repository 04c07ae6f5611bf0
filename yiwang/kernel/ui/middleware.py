"""The outermost layer of our own: errors become answers, every answer gets its security headers."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from yiwang.kernel.ui.flashes import flash_store
from yiwang.kernel.ui.problems import error_response
from yiwang.sdk.errors import YiwangError

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


class ErrorMiddleware:
    """Turn `YiwangError` into a page, a notice or problem+json; add the headers of every answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            response = self.get_response(request)
        except YiwangError as error:
            response = error_response(request, error)
        flash_store(request, response)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), microphone=(), geolocation=()"
        )
        if response.headers.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Cache-Control", "private, no-cache")
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer an expected error of a view; leave a defect to Django and `server_error`."""
        return error_response(request, error) if isinstance(error, YiwangError) else None
