"""Civil servants' accounts and posts (公务人员账户与岗位), for the administrators."""

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from yiwang.identity.access.data import ROLES
from yiwang.identity.access.policies import allow
from yiwang.identity.accounts import actions
from yiwang.identity.accounts.data import StaffRow
from yiwang.identity.accounts.queries import (
    account_get,
    holding_list,
    session_list,
    staff_count,
    staff_list,
)
from yiwang.identity.organisations.queries import department_list, post_list
from yiwang.kernel.api import (
    Column,
    Filter,
    Source,
    context_get,
    error_text,
    flash,
    localized,
    page_of,
    render,
)
from yiwang.sdk.errors import N_, Invalid, YiwangError

_READ, _MANAGE = "identity.accounts.read", "identity.accounts.manage"


def _posts_text(row: StaffRow) -> str:
    return "；".join(f"{held.department_name} · {held.post_title}" for held in row.holdings)


def _state_text(row: StaffRow) -> str:
    if not row.is_active:
        return _("Closed")
    return _("In use") if row.has_second_factor else _("Second factor not set up yet")


_COLUMNS = (
    Column("username", N_("User name"), text=lambda row: row.account.username),
    Column("name", N_("Name"), text=lambda row: row.account.name),
    Column("posts", N_("Posts held"), text=_posts_text),
    Column("state", N_("State"), text=_state_text),
)
_FILTERS = (Filter("q", N_("Name, user name, post or department")),)


@allow(populations={"STAFF"}, permission=_READ, purpose="管理公务人员账户")
@require_safe
def staff(request: HttpRequest) -> HttpResponse:
    """List civil servants' accounts with the posts they hold."""
    today = timezone.localdate()
    source = Source(
        fetch=lambda query: staff_list(
            text=query.filters.get("q", ""), offset=query.offset, limit=query.limit, on=today
        ),
        count=lambda query, cap: min(staff_count(query.filters.get("q", "")), cap),
    )
    page = page_of(request, source, columns=_COLUMNS, filters=_FILTERS)
    if page.wants_export:
        return page.export("accounts")
    return render(
        request,
        "identity/accounts/staff.html",
        {"page": page, "may_create": context_get().may(_MANAGE)},
    )


@allow(populations={"STAFF"}, permission=_MANAGE)
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def staff_new(request: HttpRequest) -> HttpResponse:
    """Create a civil servant's account (新建公务人员账户)."""
    names = ("username", "name", "phone", "email")
    values = {name: request.POST.get(name, "").replace("\x00", "").strip()[:80] for name in names}
    errors: dict = {}
    if request.method == "POST":
        try:
            account_id = actions.account_create(
                values["username"][:60],
                population="STAFF",
                name=values["name"],
                phone=values["phone"][:20],
                email=values["email"],
                password=request.POST.get("password", "")[:1000],
                now=timezone.now(),
            )
        except Invalid as error:
            errors = {key: [_(text) for text in texts] for key, texts in error.fields.items()}
        else:
            flash(
                request,
                "success",
                _("The account is created. It needs a post before its first use."),
            )
            return redirect("identity_accounts:staff_one", account_id)
    return render(
        request,
        "identity/accounts/staff_new.html",
        {"values": values, "errors": errors},
        status=422 if errors else 200,
    )


@allow(populations={"STAFF"}, permission=_READ, purpose="管理公务人员账户")
@require_safe
def staff_one(request: HttpRequest, account_id: int) -> HttpResponse:
    """Show one civil servant's account: posts, roles, sessions and what may be done."""
    context, today = context_get(), timezone.localdate()
    account = account_get(account_id)
    department_id = _number(request.GET.get("department"))
    word = request.GET.get("q", "").strip()[:60]
    found = department_list(text=word)[:20] if word else []
    holdings = holding_list(account_ids=[account_id], on=today)
    return render(
        request,
        "identity/accounts/staff_one.html",
        {
            "account": account,
            "holdings": [(held, [ROLES[code].title for code in held.roles]) for held in holdings],
            "sessions": session_list(account_id, now=timezone.now()),
            "may_manage": context.may(_MANAGE),
            "may_assign": context.may("identity.accounts.post_assign"),
            "may_end": context.may("identity.accounts.post_leave"),
            "q": word,
            "departments": found,
            "department_id": department_id,
            "posts": [
                (post.id, f"{post.title} ({_roles_text(post.roles)})")
                for post in post_list(department_id=department_id)
            ]
            if department_id
            else [],
            "today": today,
        },
    )


@allow(populations={"STAFF"}, permission="identity.accounts.post_assign")
@require_POST
def post_assign(request: HttpRequest, account_id: int) -> HttpResponse:
    """Let a civil servant hold a post from a day on (任命)."""
    return _act(
        request,
        account_id,
        lambda: actions.post_assign(
            account_id,
            post_id=_number(request.POST.get("post")),
            from_date=_day(request.POST.get("from_date")),
            now=timezone.now(),
        ),
        _("The post is assigned."),
    )


@allow(populations={"STAFF"}, permission="identity.accounts.post_leave")
@require_POST
def post_leave(request: HttpRequest, account_id: int) -> HttpResponse:
    """End a post held (离任); sessions end at once."""
    return _act(
        request,
        account_id,
        lambda: actions.post_leave(
            _number(request.POST.get("holding")),
            to_date=timezone.localdate(),
            now=timezone.now(),
        ),
        _("The post is ended and all sessions of the account are closed."),
    )


@allow(populations={"STAFF"}, permission=_MANAGE)
@require_POST
def sessions_end(request: HttpRequest, account_id: int) -> HttpResponse:
    """End all sessions of an account (注销全部会话)."""
    return _act(
        request,
        account_id,
        lambda: actions.session_revoke(account_id, now=timezone.now()),
        _("All sessions of the account are ended."),
    )


@allow(populations={"STAFF"}, permission=_MANAGE)
@require_POST
def totp_reset(request: HttpRequest, account_id: int) -> HttpResponse:
    """Forget the second factor of an account (解绑动态口令)."""
    return _act(
        request,
        account_id,
        lambda: actions.totp_reset(account_id, now=timezone.now()),
        _("The second factor is removed; the next sign-in sets up a new one."),
    )


@allow(populations={"STAFF"}, permission=_MANAGE)
@sensitive_post_parameters("password")
@require_POST
def password_set(request: HttpRequest, account_id: int) -> HttpResponse:
    """Give an account a new password (重置口令)."""
    password = request.POST.get("password", "")[:1000]
    return _act(
        request,
        account_id,
        lambda: actions.password_set(account_id, password=password, now=timezone.now()),
        _("The password is set and all sessions of the account are closed."),
    )


@allow(populations={"STAFF"}, permission=_MANAGE)
@require_POST
def account_close(request: HttpRequest, account_id: int) -> HttpResponse:
    """Close an account (停用账户)."""
    return _act(
        request,
        account_id,
        lambda: actions.account_close(account_id, now=timezone.now()),
        _("The account is closed."),
    )


def _act(request: HttpRequest, account_id: int, act, done: str) -> HttpResponse:
    """Carry out one act and come back with a sentence about it."""
    try:
        act()
    except Invalid as error:
        sentences = [_(text) for texts in error.fields.values() for text in texts]
        flash(request, "danger", " ".join(sentences) or error_text(error))
    except YiwangError as error:
        flash(request, "danger", error_text(error))
    else:
        flash(request, "success", done)
    return redirect("identity_accounts:staff_one", account_id)


def _roles_text(roles: tuple[str, ...]) -> str:
    return "、".join(localized(ROLES[code].title) for code in roles)


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0


def _day(text: str | None) -> date:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return timezone.localdate()
