"""A session that ends in the middle of a form (表单暂存): what was typed waits for the sign-in.

Kept are the posted texts, never files or passwords; for half an hour; for the browser that holds
the cookie; and, where the ended session is known, for its account only.
"""

import hashlib
import secrets
from datetime import datetime

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone

from yiwang.identity.accounts.data import PENDING_FORM_LIFE
from yiwang.identity.accounts.models import AccountSession, PendingForm
from yiwang.identity.accounts.sessions import key_digest
from yiwang.kernel.api import action, audit_record, context_get

COOKIE = "pending_form"
_SALT = "yiwang.identity.pending_form"
_LARGEST = 512 * 1024
# Visitors without any earlier session could fill the table: beyond this many, no more are kept.
_UNKNOWN_AT_MOST = 1000
_SECRET_NAMES = ("password", "passwd", "code", "csrfmiddlewaretoken", "totp", "secret", "present")


def pending_form_keep(request: HttpRequest, response: HttpResponse, page: str) -> None:
    """Keep the posted fields of a request that needs a sign-in, and tie them to a cookie.

    page: the path of the page on which the form stands; it may be another than the posted one.
    """
    kept = request.POST.copy()
    for name in list(kept):
        if any(part in name.lower() for part in _SECRET_NAMES):
            del kept[name]
    if not kept:
        return
    payload = signing.dumps([request.path, kept.urlencode()], salt=_SALT, compress=True)
    account_id = _ended_account(request)
    if len(payload) > _LARGEST or (account_id is None and _unknown_full()):
        return
    token = secrets.token_urlsafe(32)
    _keep(_digest(token), page[:300], account_id, payload, timezone.now())
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(PENDING_FORM_LIFE.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def pending_form_take(request: HttpRequest, path: str) -> QueryDict | None:
    """Return what this browser had posted to `path` before signing in (取回暂存表单), once.

    A QueryDict (a dict; `.getlist` for repeated names), None when nothing waits. Call it when the
    form's page is shown, with its own path or with the path that the form posts to.
    """
    token = request.COOKIES.get(COOKIE, "")
    if not token:
        return None
    now = timezone.now()
    row = PendingForm.objects.filter(token_digest=_digest(token), expires_at__gt=now).first()
    if row is None or row.account_id not in {None, context_get().account_id}:
        return None
    try:
        posted_to, fields = signing.loads(row.payload, salt=_SALT)
    except signing.BadSignature:
        return None
    if path not in {row.path, posted_to}:
        return None
    taken = PendingForm.objects.filter(pk=row.pk).delete()[0]
    return QueryDict(fields) if taken else None


@action("identity.accounts.pending_form_keep")
def _keep(digest: str, path: str, account_id: int | None, payload: str, now: datetime) -> None:
    PendingForm.objects.create(
        token_digest=digest,
        path=path,
        account_id=account_id,
        payload=payload,
        expires_at=now + PENDING_FORM_LIFE,
    )
    audit_record(f"account:{account_id or 0}", detail={"path": path})


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _ended_account(request: HttpRequest) -> int | None:
    """Return whose session it was that is over, if that can still be told."""
    ended = getattr(request, "ended_account_id", None)
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if ended or not key:
        return ended
    rows = AccountSession.objects.filter(pk=key_digest(key))
    return rows.values_list("account_id", flat=True).first()


def _unknown_full() -> bool:
    rows = PendingForm.objects.filter(account_id=None, expires_at__gt=timezone.now())
    return rows[:_UNKNOWN_AT_MOST].count() >= _UNKNOWN_AT_MOST
