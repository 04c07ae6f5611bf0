"""A page of ours shown inside another page of ours (同源内嵌), as previews are; nobody else may frame it."""

from django.http import HttpResponse

from yiwang.kernel.ui.middleware import CONTENT_SECURITY_POLICY


def frame_allow(response: HttpResponse) -> HttpResponse:
    """Let a page of this site frame this answer (允许本站内嵌)."""
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY.replace(
        "frame-ancestors 'none'", "frame-ancestors 'self'"
    )
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response
