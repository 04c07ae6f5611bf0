"""Two addresses of an API, of which one lets programs in, beside the pages of tokens."""

from django.http import HttpRequest, JsonResponse
from django.urls import include, path
from django.views.decorators.http import require_POST

from yiwang.identity.access.policies import allow
from yiwang.identity.access.programs import programs
from yiwang.kernel.api import audit_record, context_get

PERMISSION = "identity.tokens.read"


@programs(zh="试用接口", en="Try it")
@require_POST
@allow(populations={"STAFF"}, permission=PERMISSION)
def tried(request: HttpRequest) -> JsonResponse:
    """Show who acts, and act."""
    audit_record("tried", act="test.tried", person_ref="person:p")
    context = context_get()
    names = ("population", "account_id", "name", "department_id", "purpose", "channel", "address")
    return JsonResponse({name: getattr(context, name) for name in names})


@programs(zh="另一接口", en="The other")
@allow(populations={"STAFF"}, permission="identity.tokens.manage")
def other(request: HttpRequest) -> JsonResponse:
    """Answer."""
    return JsonResponse({"permissions": sorted(context_get().permissions)})


@allow(populations={"STAFF"}, permission=PERMISSION)
def closed(request: HttpRequest) -> JsonResponse:
    """Never answer a program."""
    return JsonResponse({})


_api = (
    [
        path("tried/", tried, name="tried"),
        path("other/", other, name="other"),
        path("closed/", closed, name="closed"),
    ],
    "api_test",
)
urlpatterns = [
    path("api/v1/test/", include(_api)),
    path("page/", tried, name="page"),
    path("", include(("yiwang.kernel.ui.urls", "kernel_ui"))),
    path("identity/accounts/", include(("yiwang.identity.accounts.urls", "identity_accounts"))),
    path("identity/tokens/", include(("yiwang.identity.tokens.urls", "identity_tokens"))),
]
handler500 = "yiwang.kernel.ui.views.server_error"
