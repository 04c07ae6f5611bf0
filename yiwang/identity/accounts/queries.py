"""Reads of accounts, posts held, authorities and sessions (账户查询)."""

from collections.abc import Iterable
from datetime import date

from django.db.models import Q, QuerySet

from yiwang.identity.accounts.data import (
    AccountView,
    AuthorityView,
    HoldingView,
    SessionView,
    StaffRow,
)
from yiwang.identity.accounts.models import Account, AccountSession, AgentAuthority, PostHolding
from yiwang.sdk.errors import N_, NotFound

_ACCOUNT = ("id", "username", "population", "name", "subject_ref", "phone", "email")
_HOLDING = (
    "id",
    "account_id",
    "post_id",
    "post__title",
    "post__roles",
    "post__department_id",
    "post__department__name",
    "from_date",
    "to_date",
)
_AUTHORITY = (
    "id",
    "account_id",
    "enterprise_ref",
    "enterprise_name",
    "scope",
    "from_date",
    "to_date",
)


class AccountUnknown(NotFound):
    """No account has this id or name."""

    code = "account_unknown"
    message = N_("The account %(key)s does not exist.")


def account_get(account_id: int) -> AccountView:
    """Return an account (账户) by id. Raises `AccountUnknown`."""
    row = _accounts().filter(pk=account_id).first()
    if row is None:
        raise AccountUnknown(key=account_id)
    return AccountView(*row)


def account_row_get(account_id: int) -> Account | None:
    """Return the row of an account that may sign in, for this area's own pages; else None."""
    return Account.objects.filter(pk=account_id, is_active=True).first()


def account_find(username: str) -> AccountView | None:
    """Return the account of a user name, None when there is none."""
    row = _accounts().filter(username=username).first()
    return AccountView(*row) if row else None


def account_list(*, ids: Iterable[int] | None = None, subject_ref: str = "") -> list[AccountView]:
    """List accounts (账户列表) by ids, or by the subject they belong to."""
    rows = _accounts().order_by("id")
    if ids is not None:
        rows = rows.filter(pk__in=list(ids))
    if subject_ref:
        rows = rows.filter(subject_ref=subject_ref)
    return [AccountView(*row) for row in rows]


def account_list_by_address(address: str) -> list[AccountView]:
    """List the accounts that have an e-mail address or a mobile number (按联系方式查账户), without case."""
    if not address.strip():
        return []
    column = "email__iexact" if "@" in address else "phone"
    rows = _accounts().filter(**{column: address.strip()}, is_active=True).order_by("id")
    return [AccountView(*row) for row in rows]


def holding_list(
    *, account_ids: Iterable[int] | None = None, post_id: int | None = None, on: date
) -> list[HoldingView]:
    """List the posts held on a day (任职), the earliest first."""
    rows = PostHolding.objects.filter(_holds("to_date", on)).order_by("from_date", "id")
    if account_ids is not None:
        rows = rows.filter(account_id__in=list(account_ids))
    if post_id is not None:
        rows = rows.filter(post_id=post_id)
    return [HoldingView(*row[:4], tuple(row[4]), *row[5:]) for row in rows.values_list(*_HOLDING)]


def account_list_by_department(department_id: int, *, role: str, on: date) -> list[AccountView]:
    """List who holds a post with a role in a department on a day (部门内同角色人员), by name."""
    rows = PostHolding.objects.filter(_holds("to_date", on), post__department_id=department_id)
    ids = [
        account_id
        for account_id, roles in rows.values_list("account_id", "post__roles")
        if role in roles
    ]
    found = Account.objects.filter(pk__in=ids, is_active=True).order_by("name", "id")
    return [AccountView(*row) for row in found.values_list(*_ACCOUNT)]


def authority_list(account_id: int, on: date) -> list[AuthorityView]:
    """List the enterprises for which an agent may act on a day (经办授权), by name."""
    rows = AgentAuthority.objects.filter(_holds("to_date", on), account_id=account_id)
    rows = rows.order_by("enterprise_name", "id").values_list(*_AUTHORITY)
    return [AuthorityView(*row) for row in rows]


def agent_may_act_for(account_id: int, enterprise_ref: str, on: date) -> bool:
    """Tell whether an agent may act for an enterprise on a day (能否代办)."""
    return AgentAuthority.objects.filter(
        _holds("to_date", on), account_id=account_id, enterprise_ref=enterprise_ref
    ).exists()


def agent_list(enterprise_ref: str, on: date) -> list[AccountView]:
    """List the accounts that may act for an enterprise on a day (经办人)."""
    held = AgentAuthority.objects.filter(_holds("to_date", on), enterprise_ref=enterprise_ref)
    return account_list(ids=held.values_list("account_id", flat=True))


def session_list(account_id: int, *, current_ref: str = "", now) -> list[SessionView]:
    """List an account's living sessions (会话), the one used last first."""
    rows = AccountSession.objects.filter(account_id=account_id, expire_date__gt=now)
    return [
        SessionView(
            ref=row.pk[:16],
            address=row.address,
            user_agent=row.user_agent,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            is_current=row.pk[:16] == current_ref,
        )
        for row in rows.order_by("-last_seen_at", "pk")
    ]


def staff_count(text: str = "") -> int:
    """Count civil servants' accounts whose name, user name or post contains a text."""
    return _staff(text).count()


def staff_list(*, text: str = "", offset: int = 0, limit: int = 50, on: date) -> list[StaffRow]:
    """List civil servants' accounts (公务人员账户) with the posts they hold, by user name."""
    accounts = list(_staff(text).order_by("username", "id")[offset : offset + limit])
    held: dict[int, list[HoldingView]] = {}
    for holding in holding_list(account_ids=[account.pk for account in accounts], on=on):
        held.setdefault(holding.account_id, []).append(holding)
    return [
        StaffRow(
            account=AccountView(*(getattr(account, name) for name in _ACCOUNT)),
            is_active=account.is_active,
            has_second_factor=bool(account.totp_secret),
            holdings=tuple(held.get(account.pk, ())),
        )
        for account in accounts
    ]


def _staff(text: str) -> QuerySet:
    rows = Account.objects.filter(population="STAFF")
    for word in text.split():
        posts = PostHolding.objects.filter(
            Q(post__title__contains=word) | Q(post__department__name__contains=word), to_date=None
        )
        rows = rows.filter(
            Q(username__contains=word)
            | Q(name__contains=word)
            | Q(pk__in=posts.values("account_id"))
        )
    return rows


def _accounts() -> QuerySet:
    return Account.objects.values_list(*_ACCOUNT, "language")


def _holds(column: str, on: date) -> Q:
    """Return the filter of what is in force on a day: begun, and not ended yet."""
    return Q(from_date__lte=on) & (Q((column, None)) | Q((f"{column}__gt", on)))


def account_shared_refs() -> frozenset[str]:
    """Return whose citizens' and agents' accounts have a mobile number that staff have too (与工作人员共用手机号).

    Subjects such as "person:<ref>": one statement, for rooms that must know when staff speak as citizens.
    """
    staff = Account.objects.filter(population="STAFF").exclude(phone="").values("phone")
    rows = Account.objects.exclude(population="STAFF").exclude(subject_ref="")
    return frozenset(rows.filter(phone__in=staff).values_list("subject_ref", flat=True))
