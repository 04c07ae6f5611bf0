"""The page of the packs (应用包) for the system's administrators."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from yiwang.kernel.packs.queries import pack_state_list
from yiwang.kernel.ui.policies import allow
from yiwang.kernel.ui.templating import render


@allow(populations={"STAFF"}, permission="kernel.packs.read")
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Show every pack, its version in force and what is wrong with it."""
    states = pack_state_list()
    return render(
        request,
        "kernel/packs/index.html",
        {"states": states, "sound": sum(state.is_sound for state in states)},
    )
