"""One-time messages (提示): said once on the next page, kept in a signed cookie, so no session row."""

from django.core import signing
from django.http import HttpRequest, HttpResponse

COOKIE = "flash"
KINDS = ("info", "success", "warning", "danger")
_SALT = "yiwang.kernel.ui.flash"
_LIMIT = 5


def _read(request: HttpRequest) -> list[list[str]]:
    raw = request.COOKIES.get(COOKIE)
    if not raw:
        return []
    try:
        return signing.loads(raw, salt=_SALT, max_age=600)
    except signing.BadSignature:
        return []


def flash(request: HttpRequest, kind: str, text: str) -> None:
    """Say `text` on the next page shown to this person; kind: info, success, warning or danger."""
    if kind not in KINDS:
        raise ValueError(f"A flash is one of {KINDS}, not {kind!r}.")
    waiting = getattr(request, "_flashes", None)
    if waiting is None:
        waiting = request._flashes = _read(request)
    waiting.append([kind, str(text)[:500]])
    del waiting[:-_LIMIT]


def flash_take(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the waiting messages and forget them (the response clears the cookie)."""
    waiting = getattr(request, "_flashes", None)
    if waiting is None:
        waiting = _read(request)
    request._flashes = []
    return [(kind, text) for kind, text in waiting]


def flash_store(request: HttpRequest, response: HttpResponse) -> None:
    """Write what is still unsaid to the cookie, or clear it."""
    waiting = getattr(request, "_flashes", None)
    if waiting is None:
        return
    if waiting:
        value = signing.dumps(waiting, salt=_SALT, compress=True)
        response.set_cookie(COOKIE, value, max_age=600, httponly=True, samesite="Lax")
    elif COOKIE in request.COOKIES:
        response.delete_cookie(COOKIE, samesite="Lax")
