"""Legal persons for civil servants (法人查询): lookup and one of them."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_safe

from yiwang.identity.api import allow
from yiwang.kernel.api import render
from yiwang.resources.registries.subjects import READ, organisation_find
from yiwang.resources.registries.views.people import subject_page
from yiwang.sdk.text import clean


@require_safe
@allow(populations={"STAFF"}, permission=READ)
def organisations(request: HttpRequest) -> HttpResponse:
    """Find a legal person by its code or its whole name (法人查询)."""
    text = clean(request.GET.get("q", ""))[:200]
    return render(
        request,
        "resources/registries/organisations.html",
        {"q": text, "found": organisation_find(text) if text else None},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=READ)
def organisation(request: HttpRequest, key: str) -> HttpResponse:
    """Show one legal person: fields, branches, investors, representative, versions (法人详情)."""
    return subject_page(request, "enterprise", key)
