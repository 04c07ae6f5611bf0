"""Which addresses a department's system may call with a token (部门系统可调用的接口).

    @programs(zh="报送批次", en="Send a batch")
    @allow(populations={"STAFF"}, permission="resources.landing.send")
    def batches(request, code): ...

A route is closed to programs unless its view says so. Who a token belongs to is told by the app `tokens`,
which stands above and registers its reader here.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from django.http import HttpRequest

from yiwang.identity.access.policies import RoutePolicy
from yiwang.kernel.api import RequestContext
from yiwang.sdk.errors import N_, Forbidden, YiwangError

PROGRAM = "PROGRAM"
SCHEME = "bearer "


class TokenRefused(YiwangError):
    """The token is not one of ours, or its second half is wrong."""

    code = "token_refused"
    status = 401
    message = N_(
        "This token is not known. Check that it was copied whole, with yw_ in front, and sent as "
        "“Authorization: Bearer yw_…”; else issue a new one on the page Systems and tokens."
    )


class TokenRouteForbidden(Forbidden):
    """The token is good, but not for this address."""

    code = "token_route_forbidden"
    message = N_(
        "The token %(prefix)s of %(name)s is not for this address. Issue one that names "
        "%(route)s, or call one of its own addresses."
    )


class ProgramRouteInvalid(YiwangError):
    """A view was opened to programs that asks for no permission: a defect."""

    code = "program_route_invalid"
    status = 500
    message = N_("%(view)s cannot be opened to programs: it asks for no permission.")


@dataclass(frozen=True, slots=True)
class ProgramCall:
    """A call with a good token: who acts, and the routes the token names."""

    context: RequestContext
    routes: frozenset[str]


ProgramReader = Callable[[str, str], ProgramCall]


def programs(*, zh: str, en: str) -> Callable[[Callable], Callable]:
    """Open a view to departments' systems that hold its permission; title: what it is for."""

    def decorate(view: Callable) -> Callable:
        policy: RoutePolicy | None = getattr(view, "route_policy", None)
        if policy is None or not policy.permission:
            raise ProgramRouteInvalid(view=getattr(view, "__qualname__", view))
        view.route_policy = replace(policy, populations=policy.populations | {PROGRAM})
        view.program_title = {"zh": zh, "en": en}
        return view

    return decorate


def _nobody(token: str, address: str) -> ProgramCall:
    raise TokenRefused()


_reader: ProgramReader = _nobody


def program_gate_register(reader: ProgramReader) -> None:
    """Name who turns a token and the caller's address into an acting system."""
    global _reader  # noqa: PLW0603
    _reader = reader


def program_call_of(request: HttpRequest, *, address: str) -> ProgramCall | None:
    """Return who calls with a token (部门系统调用); None when the request brings none.

    Only addresses of the API know tokens. Raises what the reader raises: `TokenRefused` and others.
    """
    given = request.headers.get("Authorization", "")
    if not request.path.startswith("/api/") or not given.lower().startswith(SCHEME):
        return None
    return _reader(given[len(SCHEME) :].strip(), address)


def program_route_enforce(request: HttpRequest, call: ProgramCall) -> None:
    """Raise `TokenRouteForbidden` unless the token names the route that is called."""
    route = request.resolver_match.view_name
    if route not in call.routes:
        context = call.context
        prefix = context.session_ref.removeprefix("token:")
        raise TokenRouteForbidden(prefix=prefix, name=context.name, route=route)
