"""The catalogue for everyone (目录公开): browsing, one resource, versions, files, standards."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from yiwang.identity.api import department_list, public
from yiwang.kernel.api import Column, Filter, ListQuery, Source, code_list, page_of, render
from yiwang.resources.catalogue import data
from yiwang.resources.catalogue.data import ResourceFilter, ResourceRow, ResourceView
from yiwang.resources.catalogue.queries import (
    crosswalk_list,
    element_list,
    entry_of_view,
    resource_count_by,
    resource_get,
    resource_light_count,
    resource_list,
    resource_views,
    version_compare,
    version_get,
    version_list,
)
from yiwang.resources.catalogue.rules import freshness
from yiwang.resources.catalogue.sheets import FORMS, file_write
from yiwang.resources.catalogue.views import words
from yiwang.sdk.errors import N_, NotFound

COLUMNS = (
    Column("title", N_("Resource"), order="title"),
    Column("department", N_("Provider")),
    Column("theme", N_("Field of government")),
    Column("sharing", N_("Sharing")),
    Column("delivered", N_("Freshness"), order="delivered"),
)


@public
@require_safe
def browse(request: HttpRequest) -> HttpResponse:
    """Show the city's and the districts' resources as one register, with filters (目录浏览)."""
    query = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    now = timezone.now()

    def fetch(asked: ListQuery) -> list[ResourceRow]:
        order = asked.order[0] if asked.order else ("best" if query else "title")
        filters = ResourceFilter(**asked.filters)
        page = resource_list(filters, order=order, offset=asked.offset, limit=asked.limit, now=now)
        return list(page.rows)

    def count(asked: ListQuery, cap: int) -> int:
        return min(resource_list(ResourceFilter(**asked.filters), limit=0, now=now).total, cap)

    page = page_of(request, Source(fetch, count), columns=COLUMNS, filters=_filters())
    context = {
        "page": page,
        "query": query,
        "lights": resource_light_count(now=now),
        "levels": resource_count_by("level"),
        "words": words,
        "address": request.GET.urlencode(),
    }
    return render(request, "resources/catalogue/browse.html", context)


@public
@require_safe
def export(request: HttpRequest, form: str) -> HttpResponse:
    """Send the filtered register as XLSX, CSV or JSON (目录导出)."""
    if form not in FORMS:
        raise NotFound()
    keys = ResourceFilter.__dataclass_fields__
    asked = {key: request.GET.get(key, "").replace("\x00", "")[:100] for key in keys}
    views = resource_views(ResourceFilter(**asked))
    return file_response(form, views, name="catalogue", working=False)


@public
@require_safe
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a resource: its metadata, fields with levels, versions and freshness (目录详情)."""
    view = resource_get(_code_of(slug))
    number = request.GET.get("version", "")
    versions = version_list(view.id)
    shown = view.published
    if number.isascii() and number.isdigit() and int(number) != shown.number:
        shown = version_get(view.id, int(number))
    context = {
        "view": view,
        "spec": shown.spec,
        "shown": shown,
        "versions": versions,
        "light": light_of(view),
        "words": words,
        "related": _related(shown.spec.related),
    }
    return render(request, "resources/catalogue/detail.html", context)


@public
@require_safe
def compare(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what is different between two versions of a resource, field by field (版本比对)."""
    view = resource_get(_code_of(slug))
    versions = version_list(view.id)
    numbers = [version.number for version in versions]
    after = _number(request.GET.get("after"), numbers, numbers[0])
    before = _number(request.GET.get("before"), numbers, numbers[min(1, len(numbers) - 1)])
    specs = {version.number: version.spec for version in versions}
    changes = version_compare(view.id, before, after)
    context = {
        "view": view,
        "versions": versions,
        "before": before,
        "after": after,
        "lines": words.change_lines(changes, specs[before], specs[after]),
        "words": words,
    }
    return render(request, "resources/catalogue/compare.html", context)


@public
@require_safe
def standards(request: HttpRequest) -> HttpResponse:
    """Show the data elements and the crosswalks between code lists (数据元与代码对照)."""
    context = {"elements": element_list(), "crosswalks": crosswalk_list(), "words": words}
    return render(request, "resources/catalogue/standards.html", context)


def light_of(view: ResourceView) -> str:
    """Return the light of a resource now."""
    published = view.published
    return freshness(
        published.spec.cycle if published else "",
        delivered_at=view.last_delivered_at,
        published_at=published.valid_from if published else None,
        now=timezone.now(),
    )


def file_response(
    form: str, views: list[ResourceView], *, name: str, working: bool
) -> HttpResponse:
    """Send resources as a file to be saved."""
    entries = (entry_of_view(view, working=working) for view in views)
    response = HttpResponse(file_write(form, entries), content_type=FORMS[form])
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response


def _filters() -> list[Filter]:
    functions = {
        row.function: row.short_name if words.is_chinese() else row.name_en or row.name
        for row in department_list(level="CITY")
    }
    districts = {
        row.code: row.title for row in code_list("divisions", parent=settings.CITY["area_code"])
    }
    areas = {code: title["zh" if words.is_chinese() else "en"] for code, title in districts.items()}
    texts = {
        "theme": {code: words.word("theme", code) for code in data.THEMES},
        "department": functions,
        "level": {"CITY": _("City level"), "DISTRICT": _("District level")},
        "area": areas,
        "category": {code: words.word("category", code) for code in data.CATEGORIES},
        "sharing": {code: words.word("sharing", code) for code in data.SHARINGS},
        "opening": {code: words.word("opening", code) for code in data.OPENINGS},
    }
    lights = [(code, words.word("light", code)) for code in data.LIGHTS]
    return [
        Filter("q", N_("Words, department, field or pinyin")),
        _select("theme", N_("Field of government"), texts["theme"]),
        _select("department", N_("Department"), texts["department"]),
        _select("level", N_("Level"), texts["level"]),
        _select("area", N_("District"), texts["area"]),
        _select("category", N_("Class"), texts["category"]),
        _select("sharing", N_("Sharing"), texts["sharing"]),
        _select("opening", N_("Openness"), texts["opening"]),
        Filter("light", N_("Freshness"), kind="select", choices=lights),
    ]


def _select(key: str, title: str, texts: dict[str, str]) -> Filter:
    """Offer only values that resources have, with how many; what has no name stands as it is."""
    counts = resource_count_by(key)
    named = {
        value: texts.get(value, value) for value in [*texts, *sorted(set(counts) - set(texts))]
    }
    choices = [
        (value, f"{text} ({counts[value]})") for value, text in named.items() if counts.get(value)
    ]
    return Filter(key, title, kind="select", choices=choices)


def _code_of(slug: str) -> str:
    return slug.replace("-", "/", 1)


def _number(text: str | None, known: list[int], default: int) -> int:
    if text and text.isascii() and text.isdigit() and len(text) < 8 and int(text) in known:
        return int(text)
    return default


def _related(codes: tuple[str, ...]) -> list[tuple[str, ResourceView | None]]:
    found = []
    for code in codes:
        try:
            found.append((code, resource_get(code)))
        except NotFound:
            found.append((code, None))
    return found
