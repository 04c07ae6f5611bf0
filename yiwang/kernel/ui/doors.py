"""Doors of outside systems (外部系统推送入口): where a payment provider, a courier or a gateway says what happened.

    @pushed()
    def message(request, courier): ...

Nobody signs in there: the signature of what is sent is its credential, and the view must check it, with an error of
status 401 where it does not hold. An address that sends too many of those hears 429 before anything is read or written.
"""

import hashlib
from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from yiwang.kernel.audit.context import context_get
from yiwang.kernel.ui.policies import public
from yiwang.sdk.errors import YiwangError
from yiwang.sdk.signed import Signer

REFUSED_AT_MOST = 60
_WINDOW_SECONDS = 60


def pushed(*, body_max: int = 64 << 10) -> Callable[[Callable], Callable]:
    """Make a view such a door: POST, at most `body_max` bytes, no form with files (413, 415, 429)."""

    def decorate(view: Callable) -> Callable:
        @csrf_exempt
        @require_POST
        @public
        @wraps(view)
        def run(request: HttpRequest, **named: str) -> HttpResponse:
            if int(request.META.get("CONTENT_LENGTH") or 0) > body_max:
                return HttpResponse(status=413)
            if request.content_type == "multipart/form-data":
                return HttpResponse(status=415)
            tries = f"door:{view.__module__}:{context_get().address}"
            if cache.get(tries, 0) >= REFUSED_AT_MOST:
                return HttpResponse(status=429, headers={"Retry-After": str(_WINDOW_SECONDS)})
            try:
                return view(request, **named)
            except YiwangError as error:
                if error.status == 401:
                    _count(tries)
                raise

        return run

    return decorate


def _count(tries: str) -> None:
    cache.add(tries, 0, timeout=_WINDOW_SECONDS)
    try:
        cache.incr(tries)
    except ValueError:  # evicted between the two calls
        cache.set(tries, 1, timeout=_WINDOW_SECONDS)


def practice_signer(purpose: str, prefix: str) -> Signer:
    """Return what a system that is only practised with signs by (演练签名): a secret made of the installation's own."""
    key = hashlib.sha256(f"{purpose}:{settings.SECRET_KEY}".encode()).digest()
    return Signer(key, prefix)
