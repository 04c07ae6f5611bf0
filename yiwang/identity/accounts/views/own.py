"""One's own account (我的账户): sessions, password, profile, post, enterprise."""

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from yiwang.identity.access.policies import allow
from yiwang.identity.accounts import actions
from yiwang.identity.accounts.queries import (
    account_get,
    account_row_get,
    authority_list,
    holding_list,
    session_list,
)
from yiwang.identity.accounts.session_context import ENTERPRISE_KEY, POST_KEY
from yiwang.identity.accounts.views.sign_in import home_of, language_remember, target_of
from yiwang.kernel.api import context_get, error_text, flash, render
from yiwang.sdk.errors import Invalid

_BACKEND = "django.contrib.auth.backends.ModelBackend"


@allow()
@require_http_methods(["GET", "HEAD", "POST"])
def sessions(request: HttpRequest) -> HttpResponse:
    """List one's own sessions (我的会话), or end one or all others."""
    context, now = context_get(), timezone.now()
    if request.method == "POST":
        ref = request.POST.get("ref", "").replace("\x00", "")[:16]
        others = "" if ref else context.session_ref
        ended = actions.session_revoke(context.account_id, ref=ref, others_than=others, now=now)
        flash(request, "success", _("%(n)s sessions were ended.") % {"n": ended})
        return redirect("identity_accounts:sessions")
    rows = session_list(context.account_id, current_ref=context.session_ref, now=now)
    return _page(request, "sessions", {"sessions": rows})


@allow()
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """Change one's own password (修改口令)."""
    context, errors = context_get(), {}
    if request.method == "POST":
        wanted = request.POST.get("password", "")[:1000]
        if wanted != request.POST.get("repeated", ""):
            errors = {"repeated": [_("The two new passwords differ. Enter the same twice.")]}
        else:
            try:
                actions.password_change(
                    context.account_id,
                    present=request.POST.get("present", "")[:1000],
                    password=wanted,
                    session_ref=context.session_ref,
                    now=timezone.now(),
                )
            except Invalid as error:
                errors = _sentences(error)
            else:
                # The present session goes on: its mark must fit the new password.
                auth.update_session_auth_hash(request, account_row_get(context.account_id))
                flash(request, "success", _("Your password is changed; other sessions have ended."))
                return redirect("identity_accounts:profile")
    return _page(request, "password", {"errors": errors})


@allow()
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Show one's own account and change its preferences (账户资料与偏好)."""
    context = context_get()
    account = account_get(context.account_id)
    values = {name: getattr(account, name) for name in ("language", "phone", "email")}
    errors: dict = {}
    if request.method == "POST":
        values = {name: request.POST.get(name, "").replace("\x00", "").strip() for name in values}
        values["phone"], values["email"] = values["phone"][:20], values["email"][:120]
        if values["language"] not in dict(settings.LANGUAGES):
            values["language"] = settings.LANGUAGE_CODE
        try:
            actions.preferences_set(context.account_id, **values, now=timezone.now())
        except Invalid as error:
            errors = _sentences(error)
        else:
            flash(request, "success", _("Your preferences are saved."))
            response = redirect("identity_accounts:profile")
            language_remember(response, values["language"])
            return response
    return _page(
        request,
        "profile",
        {
            "account": account,
            "values": values,
            "errors": errors,
            "holdings": holding_list(account_ids=[account.id], on=timezone.localdate()),
            "authorities": authority_list(account.id, timezone.localdate()),
        },
    )


@allow(populations={"STAFF"})
@require_http_methods(["GET", "HEAD", "POST"])
def posts(request: HttpRequest) -> HttpResponse:
    """Choose from which of one's posts to act (切换岗位)."""
    context, today = context_get(), timezone.localdate()
    if request.method == "POST":
        post_id = _number(request.POST.get("post"))
        actions.post_choose(context.account_id, post_id=post_id, on=today, now=timezone.now())
        request.session[POST_KEY] = post_id
        return redirect(home_of("STAFF"))
    holdings = holding_list(account_ids=[context.account_id], on=today)
    return _page(request, "posts", {"holdings": holdings})


@allow(populations={"AGENT"})
@require_http_methods(["GET", "HEAD", "POST"])
def enterprises(request: HttpRequest) -> HttpResponse:
    """Choose which enterprise to represent (选择代表的企业)."""
    context, today = context_get(), timezone.localdate()
    target = target_of(request, (request.POST.get("next") or request.GET.get("next") or "")[:2000])
    if request.method == "POST":
        request.session[ENTERPRISE_KEY] = actions.agent_act_for(
            context.account_id,
            request.POST.get("enterprise", "").replace("\x00", "")[:40],
            on=today,
            now=timezone.now(),
        )
        return redirect(target or home_of("AGENT"))
    authorities = authority_list(context.account_id, today)
    return _page(request, "enterprises", {"authorities": authorities, "next": target})


@allow()
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """Lead to one's own profile (我的账户)."""
    return redirect("identity_accounts:profile")


def _page(request: HttpRequest, name: str, names: dict) -> HttpResponse:
    shell = "desk" if context_get().population == "STAFF" else "space"
    status = 422 if names.get("errors") else 200
    names = {**names, "shell": f"kernel/ui/{shell}.html"}
    return render(request, f"identity/accounts/{name}.html", names, status=status)


def _sentences(error: Invalid) -> dict[str, list[str]]:
    if not error.fields:
        return {"": [error_text(error)]}
    return {name: [_(text) for text in texts] for name, texts in error.fields.items()}


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0
