"""Signing in and out (登录, 退出)."""

from datetime import datetime, timedelta
from urllib.parse import urlencode

import pyotp
import segno
from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from yiwang.identity.access.policies import public
from yiwang.identity.accounts import actions
from yiwang.identity.accounts.actions.pending_forms import COOKIE as PENDING_COOKIE
from yiwang.identity.accounts.actions.sign_in import SignInLocked
from yiwang.identity.accounts.data import DEVICE_LIFE, SECOND_STEP_LIFE, SESSION_LIFE
from yiwang.identity.accounts.demo import demo_account_list, demo_code, is_demo_city
from yiwang.identity.accounts.devices import COOKIE as DEVICE_COOKIE
from yiwang.identity.accounts.devices import device_add
from yiwang.identity.accounts.models import Account
from yiwang.identity.accounts.queries import account_row_get, authority_list
from yiwang.identity.accounts.second_factor import totp_open, totp_seal
from yiwang.kernel.api import context_get, error_text, flash, render
from yiwang.sdk.errors import Invalid, YiwangError

_HALF = "sign_in"
_BACKEND = "django.contrib.auth.backends.ModelBackend"
_HOMES = {"STAFF": "portal_spaces:desk"}


@public
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Show the sign-in page (登录), or take name and password."""
    now = timezone.now()
    if request.method != "POST":
        return _sign_in_page(request)
    username = request.POST.get("username", "").replace("\x00", "")[:200]
    try:
        if "demo" in request.POST and is_demo_city():
            step = actions.sign_in_demo(request.POST["demo"].replace("\x00", ""), now=now)
            method = "DEMO"
        else:
            password = request.POST.get("password", "")[:1000]
            cookie = request.COOKIES.get(DEVICE_COOKIE, "")
            step = actions.sign_in_password(username, password, now=now, cookie=cookie)
            method = "PASSWORD"
    except YiwangError as error:
        return _sign_in_page(request, username=username, error=error)
    if step.needs == "DONE":
        return _session_open(request, step.account_id, method=method, target=_next(request))
    request.session[_HALF] = {
        "account": step.account_id,
        "needs": step.needs,
        "method": method,
        "next": _next(request),
        "at": now.timestamp(),
    }
    return redirect(
        "identity_accounts:sign_in_code" if step.needs == "CODE" else "identity_accounts:totp_enrol"
    )


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """Ask a civil servant for the one-time code (动态口令)."""
    now = timezone.now()
    half, account = _half(request, "CODE", now)
    if account is None:
        return _again(request, half)
    error = None
    if request.method == "POST":
        try:
            code, cookie = request.POST.get("code", "")[:20], request.COOKIES.get(DEVICE_COOKIE, "")
            actions.sign_in_code(account.pk, code, now=now, cookie=cookie)
            method = f"{half['method']}+TOTP"
            return _session_open(request, account.pk, method=method, target=half["next"])
        except YiwangError as refused:
            error = refused
            account.refresh_from_db(fields=["totp_last_step"])
    response = render(
        request,
        "identity/accounts/sign_in_code.html",
        {
            "name": account.name,
            "demo_code": demo_code(account, now),
            "is_demo": is_demo_city() and account.is_made,
            "errors": {"code": [error_text(error)]} if error else {},
        },
        status=error.status if error else 200,
    )
    return _wait_say(response, error)


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def totp_enrol(request: HttpRequest) -> HttpResponse:
    """Let a civil servant set up the second factor (绑定动态口令) at the first sign-in."""
    now = timezone.now()
    half, account = _half(request, "ENROL", now)
    if account is None:
        return _again(request, half)
    if "secret" not in half:
        # The table of sessions is a table like others: what it keeps of the key is sealed.
        half["secret"] = totp_seal(account.username, pyotp.random_base32())
        request.session[_HALF] = half
    secret, error = totp_open(account.username, half["secret"]), None
    if request.method == "POST":
        try:
            code = request.POST.get("code", "")[:20]
            actions.totp_enrol(account.pk, secret=secret, code=code, now=now)
            method = f"{half['method']}+TOTP"
            return _session_open(request, account.pk, method=method, target=half["next"])
        except YiwangError as refused:
            error = refused
    issuer = settings.CITY["name"]["zh"]
    link = pyotp.TOTP(secret).provisioning_uri(name=account.username, issuer_name=issuer)
    return render(
        request,
        "identity/accounts/totp_enrol.html",
        {
            "name": account.name,
            "secret": secret,
            "qr": segno.make(link, error="m").svg_data_uri(scale=5, border=2),
            "demo_code": pyotp.TOTP(secret).at(int(now.timestamp()))
            if is_demo_city() and account.is_made
            else "",
            "errors": {"code": [error_text(error)]} if error else {},
        },
        status=error.status if error else 200,
    )


@public
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session (退出) and go to the front page."""
    context = context_get()
    if context.account_id is not None:
        actions.sign_out(context.account_id, session_ref=context.session_ref, now=timezone.now())
        flash(request, "success", _("You are signed out."))
    auth.logout(request)
    response = redirect("/")
    response.delete_cookie(PENDING_COOKIE, samesite="Lax")
    return response


def home_of(population: str) -> str:
    """Return where a person of a population starts: desk or space, else the front page."""
    try:
        return reverse(_HOMES.get(population, "portal_spaces:mine"))
    except NoReverseMatch:
        return "/"


def target_of(request: HttpRequest, target: str) -> str:
    """Return `target` if it is a page of this very host, else ""."""
    fine = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if fine and not target.startswith(settings.LOGIN_URL) else ""


def _next(request: HttpRequest) -> str:
    given = request.POST.get("next") or request.GET.get("next") or ""
    return target_of(request, given[:2000])


def _sign_in_page(
    request: HttpRequest, *, username: str = "", error: YiwangError | None = None
) -> HttpResponse:
    target = _next(request)
    context = context_get()
    response = render(
        request,
        "identity/accounts/sign_in.html",
        {
            "next": target,
            "username": username,
            "is_kept": PENDING_COOKIE in request.COOKIES and bool(target),
            "signed_in": context.account_id is not None,
            "onward": target or home_of(context.population),
            "demo_accounts": demo_account_list(),
            "errors": {"": [error_text(error)]} if error else {},
            "is_wrong": isinstance(error, Invalid),
        },
        status=error.status if error else 200,
    )
    return _wait_say(response, error)


def _wait_say(response: HttpResponse, error: YiwangError | None) -> HttpResponse:
    """Tell programs, too, when to try again."""
    if isinstance(error, SignInLocked):
        response["Retry-After"] = str(error.params["seconds"])
    return response


def _half(request: HttpRequest, needs: str, now: datetime) -> tuple[dict | None, Account | None]:
    """Return what the first step left in the session and its account; None when it is too old."""
    half = request.session.get(_HALF)
    if not half or half["needs"] != needs:
        return half, None
    if now.timestamp() - half["at"] > SECOND_STEP_LIFE.total_seconds():
        del request.session[_HALF]
        return half, None
    return half, account_row_get(half["account"])


def _again(request: HttpRequest, half: dict | None) -> HttpResponse:
    if half:
        flash(request, "info", _("The sign-in took too long. Please begin again."))
    target = half["next"] if half else ""
    query = f"?{urlencode({'next': target})}" if target else ""
    return redirect(f"{settings.LOGIN_URL}{query}")


def _session_open(
    request: HttpRequest, account_id: int, *, method: str, target: str
) -> HttpResponse:
    now = timezone.now()
    account = actions.sign_in_finish(account_id, method=method, now=now)
    auth.login(request, account, backend=_BACKEND)
    request.session.pop(_HALF, None)
    request.session["address"] = context_get().address
    request.session["user_agent"] = request.headers.get("User-Agent", "")[:200]
    request.session.set_expiry(now + timedelta(seconds=SESSION_LIFE[account.population]))
    response = HttpResponseRedirect(_onward(account, target))
    response.set_cookie(
        DEVICE_COOKIE,
        device_add(request.COOKIES.get(DEVICE_COOKIE, ""), account_id),
        max_age=DEVICE_LIFE,
        path=settings.LOGIN_URL,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    if account.language in dict(settings.LANGUAGES):
        language_remember(response, account.language)
    return response


def language_remember(response: HttpResponse, language: str) -> None:
    """Write the language cookie that the interface reads."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, language, max_age=365 * 24 * 3600, samesite="Lax"
    )


def _onward(account: Account, target: str) -> str:
    """Return the page after signing in; an agent of several enterprises first says for which."""
    if account.population == "AGENT" and len(authority_list(account.pk, timezone.localdate())) > 1:
        query = urlencode({"next": target}) if target else ""
        return f"{reverse('identity_accounts:enterprises')}?{query}"
    return target or home_of(account.population)
