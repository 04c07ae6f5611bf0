"""Versions of the registries (主数据版本): publish, compare, roll back."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from yiwang.identity.api import allow
from yiwang.kernel.api import context_get, flash, render
from yiwang.resources.fusion.permissions import is_bureau
from yiwang.resources.registries.data import LEGAL_PERSONS, POPULATION, MasterView, RegistryUnknown
from yiwang.resources.registries.masters import job_get, master_compare, master_list
from yiwang.resources.registries.models import Enterprise, Person
from yiwang.resources.registries.pruning import LEAST
from yiwang.resources.registries.publishing import registry_forward, registry_rollback
from yiwang.resources.registries.refresh import prune_request, publish_request
from yiwang.resources.registries.subjects import MASTERS, PUBLISH
from yiwang.sdk.errors import N_, Invalid

REGISTRIES = {"population": POPULATION, "legal-persons": LEGAL_PERSONS}
STATES = {
    "WRITING": N_("Is being written"),
    "HELD": N_("Held back"),
    "PUBLISHED": N_("Published earlier"),
    "ROLLED_BACK": N_("Rolled back"),
    "DISCARDED": N_("Discarded"),
    "PRUNED": N_("Removed by the data bureau"),
}
STAGES = {
    "": N_("Waiting for the worker"),
    "feed": N_("Gathering what has landed"),
    "standardise": N_("Standardising"),
    "fuse": N_("Fusing"),
    "residue": N_("Placing what has no number"),
    "publish": N_("Publishing"),
    "write": N_("Writing the new version"),
    "index": N_("Writing the indexes"),
    "prune": N_("Removing old versions"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=MASTERS)
def masters(request: HttpRequest, registry: str = "population") -> HttpResponse:
    """List the versions of a registry; the data bureau publishes and rolls back (主数据版本)."""
    _known(registry)
    errors = {}
    if request.method == "POST":
        try:
            _carry_out(request, registry)
            return redirect("resources_registries:masters_of", registry)
        except Invalid as error:
            errors = {name: [_(text) for text in texts] for name, texts in error.fields.items()}
    views = master_list(registry)
    current = next((view for view in views if view.is_current), None)
    context = {
        "registry": registry,
        "registries": REGISTRIES,
        "masters": views,
        "current": current,
        "base": next(
            (v for v in views if current and v.number == current.base and v.state != "PRUNED"), None
        ),
        "typed": {"keep": request.POST.get("keep", "10"), "reason": request.POST.get("reason", "")},
        "may_prune": sum(view.state == "PUBLISHED" for view in views) > LEAST,
        "next": _forward_to(views, current),
        "held": next((view for view in views if view.state == "HELD"), None),
        "job": job_get(registry),
        "states": STATES,
        "stages": STAGES,
        "errors": errors,
        "may_publish": context_get().may(PUBLISH) and is_bureau(),
    }
    return render(
        request, "resources/registries/masters.html", context, status=422 if errors else 200
    )


@require_safe
@allow(populations={"STAFF"}, permission=MASTERS)
def progress(request: HttpRequest, registry: str) -> HttpResponse:
    """Answer with how far the job is (发布进度), for the page that waits."""
    _known(registry)
    return render(
        request,
        "resources/registries/masters_progress.html",
        {"registry": registry, "job": job_get(registry), "stages": STAGES},
    )


@require_safe
@allow(populations={"STAFF"}, permission=MASTERS)
def compare(request: HttpRequest, registry: str) -> HttpResponse:
    """Compare two versions: who came, who went, what changed in how many (版本比较)."""
    _known(registry)
    views = master_list(registry)
    numbers = [v.number for v in views if v.published_at and v.state != "PRUNED"]
    older, newer = (_number(request.GET.get(name, "")) for name in ("older", "newer"))
    difference = None
    if older in numbers and newer in numbers and older < newer:
        difference = master_compare(registry, older, newer)
    model = Person if registry == "population" else Enterprise
    names = {field.name: str(field.verbose_name) for field in model._meta.concrete_fields}
    return render(
        request,
        "resources/registries/compare.html",
        {
            "registry": registry,
            "registries": REGISTRIES,
            "numbers": [(number, str(number)) for number in numbers],
            "older": older,
            "newer": newer,
            "difference": difference,
            "names": names,
            "subject_url": "person" if registry == "population" else "organisation",
        },
    )


def _carry_out(request: HttpRequest, registry: str) -> None:
    act, now = request.POST.get("act", ""), timezone.now()
    reason = request.POST.get("reason", "")
    if act == "rollback":
        view = registry_rollback(registry, reason=reason, now=now)
        flash(request, "success", _("Version %(number)s is served now.") % {"number": view.number})
    elif act == "forward":
        view = registry_forward(registry, reason=reason, now=now)
        flash(request, "success", _("Version %(number)s is served now.") % {"number": view.number})
    elif act in ("refresh", "publish", "confirm"):
        publish_request(registry, fuse=act == "refresh", confirmed=act == "confirm", now=now)
        flash(request, "success", _("Asked for. This page shows how far it is."))
    elif act == "prune":
        prune_request(registry, keep=_number(request.POST.get("keep", "")), reason=reason, now=now)
        flash(request, "success", _("Asked for. This page shows how far it is."))
    else:
        raise Invalid(fields={"act": [N_("Choose what to do.")]})


def _forward_to(views: list[MasterView], current: MasterView | None) -> MasterView | None:
    later = [v for v in views if current and v.base == current.number and v.state == "ROLLED_BACK"]
    writing = any(view.state in ("WRITING", "HELD") for view in views)
    return later[0] if later and not writing else None


def _known(registry: str) -> None:
    if registry not in REGISTRIES:
        raise RegistryUnknown(registry=registry)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
