"""Ending sessions (会话终止)."""

from datetime import datetime

from yiwang.identity.accounts.limits import tries_purge
from yiwang.identity.accounts.models import AccountSession, PendingForm
from yiwang.kernel.api import action, audit_record, context_get
from yiwang.sdk.errors import Forbidden


@action("identity.accounts.session_revoke")
def session_revoke(account_id: int, *, ref: str = "", others_than: str = "", now: datetime) -> int:
    """End one session by its `ref`, or all but one (注销会话); return how many ended.

    ref, others_than: the first sixteen characters of the stored key (`SessionView.ref`); with
    neither, all sessions end. One's own, or anybody's with identity.accounts.manage.
    """
    context = context_get()
    if context.account_id != account_id and not context.may("identity.accounts.manage"):
        raise Forbidden()
    ended = sessions_end(account_id, ref=ref, others_than=others_than)
    audit_record(f"account:{account_id}", detail={"ended": ended})
    return ended


def sessions_end(account_id: int, *, ref: str = "", others_than: str = "") -> int:
    """Delete sessions inside a running act and return their number."""
    rows = AccountSession.objects.filter(account_id=account_id)
    if ref:
        rows = rows.filter(session_key__startswith=ref)
    if others_than:
        rows = rows.exclude(session_key__startswith=others_than)
    return rows.delete()[0]


def session_purge(now: datetime) -> int:
    """Sweep sessions, kept forms and tries whose time is over (定期清理); return how many."""
    return (
        AccountSession.objects.filter(expire_date__lt=now).delete()[0]
        + PendingForm.objects.filter(expires_at__lt=now).delete()[0]
        + tries_purge(now)
    )
