"""Small views for the tests of the door."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path

from yiwang.identity.access.policies import allow, public
from yiwang.kernel.api import context_get
from yiwang.sdk.errors import Conflict, SignInNeeded


def shown(request: HttpRequest) -> HttpResponse:
    """Show the context that the view sees."""
    context = context_get()
    names = ("population", "account_id", "purpose", "channel", "address")
    return JsonResponse({name: getattr(context, name) for name in names})


def asking(request: HttpRequest) -> HttpResponse:
    """Need a sign-in although the route is open."""
    raise SignInNeeded()


def conflicting(request: HttpRequest) -> HttpResponse:
    """Fail with an expected error."""
    raise Conflict()


def copy(view):
    """Return the view as a function of its own, so that policies do not meet."""

    def run(request: HttpRequest) -> HttpResponse:
        return view(request)

    return run


urlpatterns = [
    path("open/", public(copy(shown))),
    path("staff/", allow(populations={"STAFF"}, purpose="审批办件")(copy(shown))),
    path("any/", allow()(copy(shown))),
    path(
        "admin/", allow(populations={"STAFF"}, permission="identity.accounts.manage")(copy(shown))
    ),
    path("without/", copy(shown)),
    path("asking/", public(copy(asking))),
    path("conflict/", public(copy(conflicting))),
    path("api/v1/staff/", allow(populations={"STAFF"})(copy(shown))),
    path("", include(("yiwang.kernel.ui.urls", "kernel_ui"))),
    path(
        "identity/accounts/",
        include(("yiwang.identity.accounts.urls", "identity_accounts")),
    ),
]
handler500 = "yiwang.kernel.ui.views.server_error"
