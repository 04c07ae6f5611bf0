"""From a session to the acting person (会话上下文): one query for a citizen, two for the others."""

from datetime import timedelta

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.db.models import Q, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from yiwang.identity.access.permissions import permissions_of
from yiwang.identity.accounts.data import idle_limit
from yiwang.identity.accounts.models import Account, AccountSession, AgentAuthority, PostHolding
from yiwang.identity.accounts.queries import AccountUnknown
from yiwang.identity.accounts.sessions import SessionStore, key_digest
from yiwang.identity.organisations.directory import directory_get
from yiwang.identity.organisations.models import DirectoryVersion
from yiwang.kernel.api import ANONYMOUS, RequestContext

POST_KEY = "post_id"
ENTERPRISE_KEY = "enterprise_ref"
# A session is marked as used at most once in this time: reading pages must not write each time.
_SEEN_EVERY = timedelta(seconds=60)
_HOLDING = (
    *("post_id", "post__title", "post__roles", "post__department_id"),
    *("post__department__name", "stamp"),
)


def context_read(request: HttpRequest) -> RequestContext:
    """Return who acts in this request (操作主体), `ANONYMOUS` without a living session."""
    account = _account_of(request)
    if account is None:
        return ANONYMOUS
    session = request.session
    context = _BUILDERS[account.population](
        account,
        post_id=session.get(POST_KEY),
        enterprise_ref=session.get(ENTERPRISE_KEY, ""),
        session_ref=session_ref(session),
    )
    if context is not None:
        request.user = account
    return context or ANONYMOUS


def context_of_account(
    account_id: int, *, post_id: int | None = None, enterprise_ref: str = ""
) -> RequestContext:
    """Return the context in which an account acts after signing in (账户上下文), without a session.

    For jobs that go on in somebody's name, and for tests. post_id, enterprise_ref: which of several
    to act from; the first post, the only enterprise otherwise. `ANONYMOUS` for a civil servant
    without a post. Raises `AccountUnknown`.
    """
    account = Account.objects.filter(pk=account_id, is_active=True).first()
    if account is None:
        raise AccountUnknown(key=account_id)
    build = _BUILDERS[account.population]
    return (
        build(account, post_id=post_id, enterprise_ref=enterprise_ref, session_ref="") or ANONYMOUS
    )


def session_ref(session: SessionStore) -> str:
    """Return the name of a session that may be shown and logged (not its key)."""
    return key_digest(session.session_key)[:16] if session.session_key else ""


def _account_of(request: HttpRequest) -> Account | None:
    session = request.session
    if session.session_key is None:
        return None
    account = session.account
    if account is None or not account.is_active or not _belongs(session, account):
        return None
    now, row = timezone.now(), session.row
    idle = now - (row.last_seen_at or now)
    if idle > idle_limit(account.population):
        AccountSession.objects.filter(pk=row.pk).update(expire_date=now)
        request.session = SessionStore()
        request.ended_account_id = account.pk
        return None
    if idle > _SEEN_EVERY:
        AccountSession.objects.filter(pk=row.pk).update(last_seen_at=now)
    return account


def _belongs(session: SessionStore, account: Account) -> bool:
    """Tell whether the session was opened for this account and its present password."""
    return session.get(SESSION_KEY) == str(account.pk) and constant_time_compare(
        session.get(HASH_SESSION_KEY, ""), account.get_session_auth_hash()
    )


def _in_force(today) -> Q:
    return Q(from_date__lte=today) & (Q(to_date=None) | Q(to_date__gt=today))


def _citizen(account: Account, **chosen) -> RequestContext:
    return _context(account, chosen, subject_ref=account.subject_ref)


def _agent(account: Account, **chosen) -> RequestContext:
    rows = AgentAuthority.objects.filter(_in_force(_today()), account_id=account.pk)
    refs = list(rows.order_by("id").values_list("enterprise_ref", flat=True))
    subject = chosen["enterprise_ref"]
    if subject not in refs:
        subject = refs[0] if len(refs) == 1 else ""
    return _context(account, chosen, subject_ref=subject)


def _staff(account: Account, **chosen) -> RequestContext | None:
    """Return the context of the chosen post, else of the first; None for who holds no post."""
    stamp = DirectoryVersion.objects.filter(pk=1).values("token")[:1]
    rows = list(
        PostHolding.objects.filter(_in_force(_today()), account_id=account.pk)
        .annotate(stamp=Subquery(stamp))
        .order_by("id")
        .values_list(*_HOLDING)
    )
    if not rows:
        return None
    post_id, title, roles, department_id, department_name, token = next(
        (row for row in rows if row[0] == chosen["post_id"]), rows[0]
    )
    return _context(
        account,
        chosen,
        post_id=post_id,
        post_title=title,
        department_id=department_id,
        department_name=department_name,
        department_ids=directory_get(token or "").below(department_id),
        roles=frozenset(roles),
    )


def _context(account: Account, chosen: dict, **names) -> RequestContext:
    return RequestContext(
        population=account.population,
        account_id=account.pk,
        name=account.name,
        permissions=permissions_of(names.get("roles", frozenset()), account.population),
        session_ref=chosen["session_ref"],
        **names,
    )


def _today():
    return timezone.localdate()


_BUILDERS = {"CITIZEN": _citizen, "AGENT": _agent, "STAFF": _staff}
