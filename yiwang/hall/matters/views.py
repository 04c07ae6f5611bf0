"""Pages of the matters: browsing, searching, the guide."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from yiwang.engines.api import SearchHit, SearchResult, process_xml, search
from yiwang.hall.matters import rules
from yiwang.hall.matters.data import MatterFilter, MatterRow
from yiwang.hall.matters.guides import guide_build
from yiwang.hall.matters.parts import parts_of
from yiwang.hall.matters.queries import (
    life_event_list,
    matter_count_by,
    matter_get,
    matter_list,
    matter_popular,
    matter_version_list,
)
from yiwang.identity.api import department_list, public
from yiwang.kernel.api import (
    Column,
    Filter,
    ListQuery,
    Source,
    context_get,
    page_of,
    render,
    wants_partial,
)
from yiwang.sdk.errors import N_, NotFound

LIVE_HITS = 8
PAGE = 20
KINDS = {
    "matter": N_("Service matters"),
    "licence_type": N_("Licences"),
    "department": N_("Government departments"),
    "place": N_("Places"),
    "resource": N_("Data resources"),
    "page": N_("Pages"),
}
COLUMNS = (
    Column("title", N_("Service"), order="title"),
    Column("department", N_("Department"), order="department"),
    Column("item_type", N_("Kind of matter"), order="item_type"),
    Column("popular", N_("Applications"), order="popular", align="end"),
)


@public
@require_GET
def browse(request: HttpRequest) -> HttpResponse:
    """Show all matters with filters (事项分类浏览)."""
    names = function_names()
    page = page_of(
        request,
        Source(_fetch, _count),
        columns=COLUMNS,
        filters=_filters(names),
        default_order="popular",
    )
    context = {
        "page": page,
        "names": names,
        "item_types": {code: _(text) for code, text in rules.ITEM_TYPES.items()},
        "life_event": next(
            (e for e in life_event_list() if e.key == page.filter_values.get("life_event")), None
        ),
    }
    return render(request, "hall/matters/list.html", context)


@public
@require_GET
def search_page(request: HttpRequest) -> HttpResponse:
    """Search over everything (统一检索): a page, or its live results while one types."""
    query = request.GET.get("q", "")
    kind = request.GET.get("kind", "") if request.GET.get("kind", "") in KINDS else ""
    kinds = [kind] if kind else None
    if wants_partial(request):
        return _search_live(request, search(query, kinds=kinds, limit=LIVE_HITS), query.strip())
    results: list[SearchResult] = []

    def fetch(asked: ListQuery) -> list:
        results.append(search(query, kinds=kinds, limit=asked.limit, offset=asked.offset))
        return list(results[-1].hits)

    source = Source(fetch, lambda asked, cap: search(query, kinds=kinds, limit=0).total)
    page = page_of(request, source, columns=(), size=PAGE)
    context = {
        "query": query.strip(),
        "kind": kind,
        "kinds": {code: _(text) for code, text in KINDS.items()},
        "page": page,
        "result": results[-1],
        "popular": matter_popular(limit=6) if not page.rows else [],
    }
    return render(request, "hall/matters/search.html", context)


def _search_live(request: HttpRequest, result: SearchResult, query: str) -> HttpResponse:
    """Answer while one types: a few links, each with its kind, because names repeat over kinds."""

    def lines(hits: tuple[SearchHit, ...]) -> list[dict[str, str]]:
        return [
            {"url": hit.url, "title": hit.title, "snippet": _(KINDS.get(hit.kind, hit.kind))}
            for hit in hits
        ]

    context = {
        "query": query,
        "total": result.total,
        "hits": lines(result.hits),
        "suggestions": lines(result.suggestions),
    }
    return render(request, "hall/matters/search_live.html", context)


@public
@require_GET
def detail(request: HttpRequest, code: str) -> HttpResponse:
    """Show the guide of a matter (办事指南)."""
    number = request.GET.get("version", "")
    view = matter_get(code, int(number) if number.isascii() and number.isdigit() else None)
    guide = guide_build(view, language=_language())
    versions = matter_version_list(code)
    context = {
        "guide": guide,
        "is_current": view.is_current,
        "versions": versions if len(versions) > 1 else [],
        "words": {
            "item_type": _(rules.ITEM_TYPES.get(guide.item_type, guide.item_type)),
            "level": _(rules.LEVELS.get(guide.level, guide.level)),
            "project_type": _(rules.PROJECT_TYPES[guide.project_type]),
            "service_objects": [_(rules.SERVICE_OBJECTS[code]) for code in guide.service_objects],
            "handling_forms": [_(rules.HANDLING_FORMS[code]) for code in guide.handling_forms],
        },
        "registries": {
            "person": _("population registry"),
            "enterprise": _("legal-person registry"),
        },
    }
    shell = "print" if request.GET.get("print") == "1" else "portal"
    context["shell"] = f"kernel/ui/{shell}.html"
    note = rules.applicant_note(
        rules.applicant_kinds(guide.service_objects), population=context_get().population
    )
    context["apply_note"] = _(note) if note else ""
    context["extra_parts"] = parts_of("matter", view) if view.is_current else []
    return render(request, "hall/matters/detail.html", context)


@public
@require_GET
def diagram(request: HttpRequest, code: str) -> HttpResponse:
    """Return the process of a matter as BPMN XML, for the diagram of the guide."""
    view = matter_get(code)
    if view.process_version_id is None:
        raise NotFound()
    return HttpResponse(process_xml(view.process_version_id), content_type="application/xml")


def function_names() -> dict[str, str]:
    """Name every function in the active language, as the city's own departments are called."""
    zh = _language() == "zh"
    found = {
        function: title[0] if zh else title[1] for function, title in rules.FUNCTION_NAMES.items()
    }
    for department in department_list(level="CITY"):
        name = department.short_name if zh else department.name_en
        found[department.function] = name or department.name
    return found


def _fetch(asked: ListQuery) -> list[MatterRow]:
    order = asked.order[0] if asked.order else "popular"
    page = matter_list(
        MatterFilter(**asked.filters), order=order, offset=asked.offset, limit=asked.limit
    )
    return list(page.rows)


def _count(asked: ListQuery, cap: int) -> int:
    return min(matter_list(MatterFilter(**asked.filters), limit=0).total, cap)


def _filters(names: dict[str, str]) -> list[Filter]:
    """Offer only values that have matters, with how many."""
    themes = {code: _(text) if _language() == "en" else code for code, text in rules.THEMES.items()}
    events = {
        event.key: event.title["zh" if _language() == "zh" else "en"] for event in life_event_list()
    }
    objects = {code: _(text) for code, text in rules.SERVICE_OBJECTS.items()}
    types = {code: _(text) for code, text in rules.ITEM_TYPES.items()}
    kinds = {
        "APPLY": pgettext("kind of matter", "Apply on line"),
        "GUIDE_ONLY": pgettext("kind of matter", "Guide only"),
    }
    return [
        _select("kind", N_("On line"), kinds),
        _select("life_event", N_("Event of life"), events),
        _select("theme", N_("Theme"), themes),
        _select("service_object", N_("Who may apply"), objects),
        _select("department", N_("Department"), names),
        _select("item_type", N_("Kind of matter"), types),
    ]


def _select(key: str, title: str, texts: dict[str, str]) -> Filter:
    counts = matter_count_by(key)
    choices = [
        (value, f"{text} ({counts[value]})") for value, text in texts.items() if counts.get(value)
    ]
    return Filter(key, title, kind="select", choices=choices)


def _language() -> str:
    return "zh" if (get_language() or "zh").startswith("zh") else "en"
