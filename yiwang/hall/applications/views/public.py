"""Following an application without an account (进度查询): by number and query code."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from yiwang.hall.applications.queries.details import application_track
from yiwang.identity.api import public
from yiwang.kernel.api import render


@public
def track(request: HttpRequest) -> HttpResponse:
    """Ask for number and code; show where the application stands, without personal data."""
    number = request.GET.get("number", "")
    code = request.GET.get("code", "")
    errors: dict[str, list[str]] = {}
    found = None
    if number or code:
        found = application_track(number, code, now=timezone.now())
        if found is None:
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
        status=404 if errors else 200,
    )
