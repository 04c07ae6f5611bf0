"""Following an application without an account (进度查询): by number and query code."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from yiwang.hall.applications.queries.details import application_track
from yiwang.identity.api import public
from yiwang.kernel.api import context_get, rate_exceeded, render

TRIES_PER_MINUTE = 30
"""From one address, and for one number: a code of eight letters cannot be guessed at this pace."""


@public
def track(request: HttpRequest) -> HttpResponse:
    """Ask for number and code (办件查询码); show state, step and dates, nothing personal."""
    number = request.GET.get("number", "")
    code = request.GET.get("code", "")
    errors: dict[str, list[str]] = {}
    found, status = None, 200
    if (number or code) and _is_too_often(number):
        status = 429
        errors[""] = [_("Too many tries. Wait a minute.")]
    elif number or code:
        found = application_track(number, code, now=timezone.now())
        if found is None:
            status = 404
            errors[""] = [
                _(
                    "Number and query code do not belong together. Both are on the receipt; "
                    "the code has 8 letters and figures."
                )
            ]
    return render(
        request,
        "hall/applications/track.html",
        {"number": number, "code": code, "found": found, "errors": errors},
        status=status,
    )


def _is_too_often(number: str) -> bool:
    room = "hall.applications.track"
    from_here = rate_exceeded(f"{room}:{context_get().address}", per_minute=TRIES_PER_MINUTE)
    wanted = number.strip()[:50]
    is_number = wanted.isascii() and wanted.isalnum()
    return from_here or (
        is_number and rate_exceeded(f"{room}:number:{wanted}", per_minute=TRIES_PER_MINUTE)
    )
