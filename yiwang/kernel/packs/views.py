"""The page of the packs (应用包) for the system's administrators."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from yiwang.kernel.audit.context import RequestContext
from yiwang.kernel.packs.queries import pack_state_list
from yiwang.kernel.ui.templating import render


@dataclass(frozen=True, slots=True)
class _Policy:
    """The shape of `identity.access.RoutePolicy`, which stands above the kernel."""

    populations: frozenset[str] = frozenset({"STAFF"})
    permission: str = "kernel.packs.read"
    purpose: str = ""

    def permits(self, context: RequestContext) -> bool:
        return context.population in self.populations and context.may(self.permission)


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Show every pack, its version in force and what is wrong with it."""
    states = pack_state_list()
    return render(
        request,
        "kernel/packs/index.html",
        {"states": states, "sound": sum(state.is_sound for state in states)},
    )


index.route_policy = _Policy()
