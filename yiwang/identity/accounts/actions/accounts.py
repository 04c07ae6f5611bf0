"""Creating accounts, passwords and preferences (账户, 口令, 偏好)."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.contrib.auth.hashers import check_password, make_password
from django.db import IntegrityError, transaction
from django.utils.timezone import localtime

from yiwang.identity.accounts.actions.sessions import sessions_end
from yiwang.identity.accounts.models import Account, AgentAuthority, PostHolding
from yiwang.identity.accounts.queries import AccountUnknown
from yiwang.identity.accounts.rules import password_faults, totp_secret_fits
from yiwang.identity.accounts.second_factor import totp_seal
from yiwang.identity.organisations.actions import roles_check
from yiwang.identity.organisations.models import Post
from yiwang.kernel.api import action, audit_record, context_get
from yiwang.sdk.errors import N_, Forbidden, Invalid

NAME_TAKEN = N_("This user name is taken. Choose another.")
_BATCH = 400
_COLUMNS = ("population", "name", "subject_ref", "phone", "email")


class AccountInvalid(Invalid):
    """What was entered for an account needs attention."""

    code = "account_invalid"


class PasswordWrong(Invalid):
    """The present password given for a change is wrong."""

    code = "password_wrong"
    message = N_("The present password is wrong. Nothing was changed.")


@action("identity.accounts.account_create", permission="identity.accounts.manage")
def account_create(
    username: str,
    *,
    population: str,
    name: str,
    now: datetime,
    password: str | None = None,
    subject_ref: str = "",
    phone: str = "",
    email: str = "",
    is_made: bool = False,
) -> int:
    """Create an account (开户) and return its id. Without password nobody can sign in yet.

    Raises `AccountInvalid` with the fields at fault.
    """
    fields: dict[str, list[str]] = {}
    if not username.strip():
        fields["username"] = [N_("Enter a user name.")]
    elif Account.objects.filter(username=username.strip()).exists():
        fields["username"] = [NAME_TAKEN]
    if not name.strip():
        fields["name"] = [N_("Enter the person's name.")]
    if population not in Account.Population.values:
        fields["population"] = [N_("Choose one of the kinds of account.")]
    if password is not None and (faults := password_faults(password, username=username)):
        fields["password"] = faults
    if fields:
        raise AccountInvalid(fields=fields)
    try:
        with transaction.atomic():
            account = Account.objects.create(
                username=username.strip(),
                population=population,
                name=name.strip(),
                subject_ref=subject_ref,
                phone=phone.strip(),
                email=email.strip(),
                password=make_password(password),
                is_made=is_made,
                created_at=now,
            )
    except IntegrityError:
        # Somebody else took the name since it was looked up.
        raise AccountInvalid(fields={"username": [NAME_TAKEN]}) from None
    audit_record(f"account:{account.pk}", detail={"population": population})
    return account.pk


@action("identity.accounts.account_close", permission="identity.accounts.manage")
def account_close(account_id: int, *, now: datetime) -> None:
    """Close an account (停用账户): it stays, nobody signs in any more, its sessions end at once."""
    if not Account.objects.filter(pk=account_id, is_active=True).update(is_active=False):
        raise AccountUnknown(key=account_id)
    audit_record(f"account:{account_id}", detail={"sessions_ended": sessions_end(account_id)})


@action("identity.accounts.password_set", permission="identity.accounts.manage")
def password_set(account_id: int, *, password: str, now: datetime) -> None:
    """Give an account a new password (重置口令); all its sessions end."""
    _password_write(_account(account_id), password)
    audit_record(f"account:{account_id}", detail={"sessions_ended": sessions_end(account_id)})


@action("identity.accounts.totp_reset", permission="identity.accounts.manage")
def totp_reset(account_id: int, *, now: datetime) -> None:
    """Forget a second factor (解绑动态口令), for a lost phone; the next sign-in sets up another."""
    changed = Account.objects.filter(pk=account_id, is_active=True).update(totp_secret="")
    if not changed:
        raise AccountUnknown(key=account_id)
    audit_record(f"account:{account_id}", detail={"sessions_ended": sessions_end(account_id)})


@action("identity.accounts.password_change")
def password_change(
    account_id: int, *, present: str, password: str, session_ref: str, now: datetime
) -> None:
    """Change one's own password (修改口令); the other sessions end. Raises `PasswordWrong`."""
    if context_get().account_id != account_id:
        raise Forbidden()
    account = _account(account_id)
    if not check_password(present, account.password):
        raise PasswordWrong(fields={"present": [PasswordWrong.message]})
    _password_write(account, password)
    ended = sessions_end(account_id, others_than=session_ref)
    audit_record(f"account:{account_id}", detail={"sessions_ended": ended})


@action("identity.accounts.preferences_set")
def preferences_set(
    account_id: int, *, language: str, phone: str, email: str, now: datetime
) -> None:
    """Write one's own preferences (偏好): language, phone, e-mail."""
    if context_get().account_id != account_id:
        raise Forbidden()
    if email.strip() and "@" not in email:
        raise AccountInvalid(fields={"email": [N_("This is no e-mail address: it has no @.")]})
    Account.objects.filter(pk=account_id).update(
        language=language, phone=phone.strip(), email=email.strip()
    )
    audit_record(f"account:{account_id}", detail={"language": language})


@action("identity.accounts.load", permission="identity.accounts.manage")
def accounts_load(rows: Iterable[Mapping], *, now: datetime) -> int:
    """Load many accounts at once (批量导入), known by username; return how many there are.

    rows: dicts with username, population, name and, where known, subject_ref, phone, email,
    password, totp_secret, is_made (True unless said), posts [{department_uscc, title}],
    authorities [{enterprise_ref, enterprise_name}]. Existing passwords and second factors stay when none is given.
    """
    wanted = {row["username"]: row for row in rows}
    known = {}
    names = list(wanted)
    for start in range(0, len(names), _BATCH):
        part = Account.objects.filter(username__in=names[start : start + _BATCH])
        known.update({account.username: account for account in part})
    fresh, changed = [], []
    for username, row in wanted.items():
        account = known.get(username)
        (fresh if account is None else changed).append(_filled(account, row, now))
    Account.objects.bulk_create(fresh, batch_size=_BATCH)
    Account.objects.bulk_update(
        changed, [*_COLUMNS, "totp_secret", "password", "is_made"], batch_size=_BATCH // 8
    )
    ids = {account.username: account.pk for account in (*fresh, *changed)}
    posts = _posts_load(wanted, ids, now)
    authorities = _authorities_load(wanted, ids, now)
    audit_record(
        "accounts",
        detail={
            "created": len(fresh),
            "changed": len(changed),
            "posts": posts,
            "authorities": authorities,
        },
    )
    return len(wanted)


def _filled(account: Account | None, row: Mapping, now: datetime) -> Account:
    if account is None:
        account = Account(username=row["username"], created_at=now, password=make_password(None))
    for column in _COLUMNS:
        setattr(account, column, row.get(column) or "")
    if secret := row.get("totp_secret"):
        if not totp_secret_fits(secret):
            raise AccountInvalid(
                fields={"totp_secret": [N_("The key is no Base32 of 112 bits or more.")]}
            )
        account.totp_secret = totp_seal(account.username, secret)
    account.is_made = row.get("is_made", True)
    if row.get("password"):
        account.password = make_password(row["password"])
    return account


def _posts_load(wanted: Mapping[str, Mapping], ids: Mapping[str, int], now: datetime) -> int:
    rows = Post.objects.values_list("pk", "department__uscc", "title", "roles")
    posts = {(uscc, title): (pk, roles) for pk, uscc, title, roles in rows}
    held = set(PostHolding.objects.filter(to_date=None).values_list("account_id", "post_id"))
    fresh = []
    for username, row in wanted.items():
        chosen = [posts[post["department_uscc"], post["title"]] for post in row.get("posts") or ()]
        roles_check(role for _, roles in chosen for role in roles)
        fresh += [
            PostHolding(account_id=ids[username], post_id=pk, from_date=localtime(now).date())
            for pk, _ in chosen
            if (ids[username], pk) not in held
        ]
    PostHolding.objects.bulk_create(fresh, batch_size=_BATCH)
    return len(fresh)


def _authorities_load(wanted: Mapping[str, Mapping], ids: Mapping[str, int], now: datetime) -> int:
    held = set(
        AgentAuthority.objects.filter(to_date=None).values_list("account_id", "enterprise_ref")
    )
    fresh = [
        AgentAuthority(
            account_id=ids[username],
            enterprise_ref=item["enterprise_ref"],
            enterprise_name=item["enterprise_name"],
            from_date=localtime(now).date(),
        )
        for username, row in wanted.items()
        for item in row.get("authorities") or ()
        if (ids[username], item["enterprise_ref"]) not in held
    ]
    AgentAuthority.objects.bulk_create(fresh, batch_size=_BATCH)
    return len(fresh)


def _account(account_id: int) -> Account:
    account = Account.objects.select_for_update().filter(pk=account_id, is_active=True).first()
    if account is None:
        raise AccountUnknown(key=account_id)
    return account


def _password_write(account: Account, password: str) -> None:
    if faults := password_faults(password, username=account.username):
        raise AccountInvalid(fields={"password": faults})
    Account.objects.filter(pk=account.pk).update(password=make_password(password))
