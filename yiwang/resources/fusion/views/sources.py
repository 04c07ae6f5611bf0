"""What feeds the registries (数据源绑定): the data bureau's page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from yiwang.identity.api import allow
from yiwang.kernel.api import error_text, flash, render
from yiwang.resources.catalogue.data import ResourceFilter
from yiwang.resources.catalogue.queries import resource_list
from yiwang.resources.fusion.actions import source_bind, source_unbind
from yiwang.resources.fusion.desk import REGISTRIES
from yiwang.resources.fusion.permissions import BIND, is_bureau
from yiwang.resources.fusion.queries import bindings, plan_get
from yiwang.resources.fusion.views import words
from yiwang.sdk.errors import YiwangError

CHOICES = 500


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=BIND)
def sources(request: HttpRequest) -> HttpResponse:
    """Show which resource feeds which class, what is missing, and bind (绑定)."""
    registry = request.GET.get("registry", "")
    registry = registry if registry in REGISTRIES else "population"
    problem = ""
    if request.method == "POST":
        try:
            return _bind(request, registry)
        except YiwangError as error:
            problem = error_text(error)
    found = bindings(registry)
    here = reverse("resources_fusion:sources")
    context = {
        "registry": registry,
        "tabs": [
            (words.registry(name), f"{here}?registry={name}", name == registry)
            for name in REGISTRIES
        ],
        "bindings": found,
        "departments": words.departments(plan_get(registry)),
        "bound": sum(bool(one.resource_code) for one in found),
        "choices": resource_list(ResourceFilter(), limit=CHOICES).rows if is_bureau() else (),
        "may_bind": is_bureau(),
        "chosen": request.GET.get("class", ""),
        "problem": problem,
        "words": words,
    }
    status = 422 if problem else 200
    return render(request, "resources/fusion/sources.html", context, status=status)


def _bind(request: HttpRequest, registry: str) -> HttpResponse:
    code, now = request.POST.get("class", "")[:8], timezone.now()
    resource = request.POST.get("resource", "").strip().split(" ")[0][:60]
    if request.POST.get("act") == "unbind":
        source_unbind(registry, code, now=now)
        flash(request, "success", _("Unbound. Its rows leave with the next run."))
    else:
        made = source_bind(registry, code, resource, now=now)
        text = _("Bound. %(matched)s of %(all)s columns match.")
        counts = {"matched": len(made.matched), "all": len(made.matched) + len(made.missing)}
        flash(request, "success", text % counts)
    return redirect(f"{reverse('resources_fusion:sources')}?registry={registry}#{code}")
