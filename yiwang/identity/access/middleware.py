"""The door of every page (访问控制中间件): who is it, and may they open this route."""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language

from yiwang.identity.access.data import Role
from yiwang.identity.access.gate import context_of, form_keep
from yiwang.identity.access.permissions import permission_roles
from yiwang.identity.access.policies import RoutePolicy
from yiwang.identity.access.programs import (
    program_call_of,
    program_route_enforce,
)
from yiwang.kernel.api import RequestContext, context_get, context_use, error_response
from yiwang.sdk.errors import N_, Forbidden, SignInNeeded, YiwangError

logger = logging.getLogger(__name__)


class RouteWithoutPolicy(YiwangError):
    """A view says nothing about who may open it: a defect, so nobody may."""

    code = "route_without_policy"
    status = 403
    message = N_("This page cannot be opened: it does not say who may. Tell the city's operators.")


class RouteForbidden(Forbidden):
    """The person is known, but the page is for others."""

    message = N_(
        "This page is for: %(who)s. You are signed in as %(name)s. "
        "Sign in with an account or post of that kind, or go back."
    )


class AccessMiddleware:
    """Set the context of the request, then hold the route's policy against it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        address = address_of(request)
        try:
            call = program_call_of(request, address=address)
        except YiwangError as error:
            return token_answer(request, error)
        request.yiwang_call = call
        # A token is sent by a program on purpose, never by a browser on its own: nothing to forge.
        request._dont_enforce_csrf_checks = call is not None or getattr(
            request, "_dont_enforce_csrf_checks", False
        )
        context = replace(
            call.context if call else context_of(request),
            channel="API" if request.path.startswith("/api/") else "WEB",
            address=address,
        )
        with ExitStack() as stack:
            stack.enter_context(context_use(context))
            request.yiwang_contexts = stack
            return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable, args, kwargs):
        """Let the request in, or answer in the view's place.

        An exception raised here would not reach any other middleware (Django turns it into a plain
        500), so that the answer is made here and now.
        """
        try:
            policy = policy_of(view)
            if policy is None:
                return self._without_policy(request, view)
            policy_enforce(policy)
            if request.yiwang_call is not None and policy.populations:
                program_route_enforce(request, request.yiwang_call)
        except YiwangError as error:
            return answer(request, error)
        if policy.purpose:
            request.yiwang_contexts.enter_context(
                context_use(replace(context_get(), purpose=policy.purpose))
            )
        return None

    def process_exception(self, request: HttpRequest, error: Exception):
        """Answer *please sign in* that an action raised; every other error is the interface's."""
        return answer(request, error) if isinstance(error, SignInNeeded) else None

    @staticmethod
    def _without_policy(request: HttpRequest, view: Callable) -> HttpResponse:
        name = f"{getattr(view, '__module__', '')}.{getattr(view, '__qualname__', view)}"
        logger.error("The view %s has no route policy and was refused.", name)
        error = RouteWithoutPolicy()
        error.status = 500 if settings.DEBUG or settings.STRICT_ROUTES else 403
        return error_response(request, error)


def policy_of(view: Callable) -> RoutePolicy | None:
    """Return the policy of a view, also of a class-based one (`view_class`)."""
    policy = getattr(view, "route_policy", None)
    if policy is None:
        policy = getattr(getattr(view, "view_class", None), "route_policy", None)
    return policy


def policy_enforce(policy: RoutePolicy) -> None:
    """Raise `SignInNeeded` or `RouteForbidden` unless the running context may enter."""
    context = context_get()
    if policy.permits(context):
        return
    if context.population == "ANONYMOUS":
        raise SignInNeeded()
    raise RouteForbidden(who=_audience(policy), name=_described(context))


def answer(request: HttpRequest, error: YiwangError) -> HttpResponse:
    """Turn a refusal into what the caller understands: redirect, HTMX redirect, problem, page."""
    if not isinstance(error, SignInNeeded) or request.path.startswith("/api/"):
        return error_response(request, error)
    page = _return_path(request)
    target = f"{settings.LOGIN_URL}?{urlencode({'next': page})}"
    if request.headers.get("HX-Request") == "true":
        response = HttpResponse(status=401, headers={"HX-Redirect": target})
    else:
        response = HttpResponseRedirect(target)
    if request.method == "POST":
        form_keep(request, response, urlsplit(page).path)
    return response


def token_answer(request: HttpRequest, error: YiwangError) -> HttpResponse:
    """Answer a call whose token does not let it in: a problem document and what HTTP asks for."""
    response = error_response(request, error)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="yiwang", error="invalid_token"'
    if "seconds" in error.params:
        response.headers["Retry-After"] = str(error.params["seconds"])
    return response


def address_of(request: HttpRequest) -> str:
    """Return the caller's address (来源地址), believing only as many proxies as the city runs.

    With PROXIES = n, the n-th entry of X-Forwarded-For from the right was written by our own
    outermost proxy; whatever stands left of it anyone could have made up.
    """
    chain = [p.strip() for p in request.headers.get("X-Forwarded-For", "").split(",") if p.strip()]
    trusted = settings.PROXIES
    if trusted and len(chain) >= trusted:
        return chain[-trusted][:45]
    return request.META.get("REMOTE_ADDR", "")[:45]


def _return_path(request: HttpRequest) -> str:
    """Return the page to come back to: this one, or for a POST the page the form stands on."""
    if request.method in {"GET", "HEAD"} and request.headers.get("HX-Request") != "true":
        return request.get_full_path()
    page = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    if page and url_has_allowed_host_and_scheme(page, {request.get_host()}):
        parts = urlsplit(page)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path
    return request.path if request.method in {"GET", "POST"} else "/"


def _audience(policy: RoutePolicy) -> str:
    """Name who may enter: roles if the permission belongs to some, else populations."""
    roles = permission_roles(policy.permission) if policy.permission else []
    titles = [role.title for role in roles] or [
        _POPULATION_TITLES[name] for name in sorted(policy.populations)
    ]
    return ("、" if _language() == "zh" else ", ").join(title[_language()] for title in titles)


def _described(context: RequestContext) -> str:
    title = context.post_title or _POPULATION_TITLES.get(context.population, {}).get(_language())
    return f"{context.name} ({title})" if title else context.name


def _language() -> str:
    return "en" if (get_language() or "").startswith("en") else "zh"


_POPULATION_TITLES = {
    "CITIZEN": {"zh": "公民", "en": "citizens"},
    "AGENT": {"zh": "企业经办人", "en": "agents of enterprises"},
    "STAFF": {"zh": "公务人员", "en": "civil servants"},
    "PROGRAM": {"zh": "部门系统", "en": "departments' systems"},
    "SYSTEM": {"zh": "系统", "en": "the system"},
}
__all__ = ["AccessMiddleware", "Role", "RouteForbidden", "RouteWithoutPolicy", "address_of"]
