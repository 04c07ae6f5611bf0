"""Pages of the lists everybody reads (权责清单公示): the list of a day, one power, adjustments, two days compared."""

from collections.abc import Iterator
from datetime import date, timedelta

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from yiwang.hall.lists import queries
from yiwang.hall.lists.data import CHANGE_KINDS, PARTS, POWER_TYPES, EntryFilter, EntryView
from yiwang.hall.lists.rules import changed_parts
from yiwang.hall.matters.rules import ITEM_TYPES, LEVELS
from yiwang.hall.matters.views import function_names
from yiwang.identity.api import department_find, public
from yiwang.kernel.api import (
    Column,
    Filter,
    ListQuery,
    Source,
    choices_of,
    localized,
    page_of,
    render,
    sheet_response,
)
from yiwang.sdk.errors import N_, NotFound

FORMS = ("csv", "xlsx", "json")
TABS = {"power": N_("Powers"), "responsibility": N_("Responsibilities")}
COLUMNS = {
    "power": (
        Column("title", N_("Name of the power"), order="title"),
        Column("item_type", N_("Kind of power"), order="item_type"),
        Column("department", N_("Department"), order="department"),
        Column("level", N_("Level"), order="level"),
        Column("basis", N_("Legal basis")),
    ),
    "responsibility": (
        Column("title", N_("Name of the power"), order="title"),
        Column("department", N_("Department"), order="department"),
        Column("office", N_("Responsible office")),
        Column("steps", N_("Steps and who acts")),
        Column("accountability", N_("When somebody is held to account")),
    ),
}
CHANGE_COLUMNS = (
    Column("title", N_("Name of the power")),
    Column("kind", N_("Kind of change")),
    Column("department", N_("Department")),
    Column("what", N_("What changes")),
)


@public
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Show the lists of today or of another day (权力清单、责任清单)."""
    tab = request.GET.get("list", "power")
    tab = tab if tab in COLUMNS else "power"
    names = function_names()
    source = Source(
        lambda query: queries.entry_list(
            filter_of(query),
            order=query.order[0] if query.order else "department",
            offset=query.offset,
            limit=query.limit,
        ),
        lambda query, cap: queries.entry_count(filter_of(query), cap=cap),
    )
    page = page_of(request, source, columns=COLUMNS[tab], filters=_filters(names))
    context = {
        "page": page,
        "tab": tab,
        "tabs": TABS,
        "address": _kept(request),
        "is_published": queries.is_published(),
        **words(names),
    }
    return render(request, "hall/lists/index.html", context)


@public
@require_GET
def export(request: HttpRequest, form: str) -> HttpResponse:
    """Give the whole list of a day as CSV, Excel or JSON (清单下载), as the filters narrow it."""
    if form not in FORMS:
        raise NotFound()
    given = {key: request.GET.get(key, "")[:100] for key in FILTER_KEYS}
    filters = filter_of(ListQuery({k: v for k, v in given.items() if v}, (), 0, 0))
    names = function_names()
    day = filters.on or timezone.localdate()
    name = f"power-list-{day:%Y%m%d}"
    if form != "json":
        return sheet_response(form, _table(filters, names), name)
    entries = [
        {"code": each.code, "valid_from": each.valid_from, **each.content}
        for each in queries.entry_walk(filters)
    ]
    body = msgspec.json.encode({"on": day, "total": len(entries), "entries": entries})
    response = HttpResponse(body, content_type="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.json"'
    return response


def _table(filters: EntryFilter, names: dict[str, str]) -> Iterator[list[str]]:
    types = {code: _(text) for code, text in ITEM_TYPES.items()}
    levels = {code: _(text) for code, text in LEVELS.items()}
    unknown = _("Not stated by the source")
    yield [
        _("Matter code"),
        _("Name of the power"),
        _("Kind of power"),
        _("Department"),
        _("Level"),
        _("Legal basis"),
        _("Responsible office"),
        _("Steps and who acts"),
        _("Responsibility items"),
        _("When somebody is held to account"),
        _("Ground of being held to account"),
        _("On the list since"),
    ]
    for entry in queries.entry_walk(filters):
        yield [
            entry.code,
            localized(entry.title),
            types[entry.content["item_type"]],
            names.get(entry.content["function"], entry.content["function"]),
            levels[entry.content["level"]],
            entry.basis_text or unknown,
            entry.content["office"] or unknown,
            step_text(entry) or unknown,
            entry.content["responsibilities"] or unknown,
            entry.content["accountability"] or unknown,
            entry.content["accountability_basis"] or unknown,
            entry.valid_from.isoformat(),
        ]


def step_text(entry: EntryView) -> str:
    """Write the steps of a power in one line (责任环节)."""
    return " → ".join(localized(step["name"]) for step in entry.content["steps"])


@public
@require_GET
def detail(request: HttpRequest, code: str) -> HttpResponse:
    """Show a power as of a day, who answers for it and what it said before (清单事项)."""
    on = day_of(request.GET.get("on", ""))
    entry = queries.entry_get(code, on=on)
    names = function_names()
    area = settings.CITY["area_code"]
    context = {
        "entry": entry,
        "on": on,
        "department": department_find(entry.content["function"], area, entry.content["level"]),
        "history": queries.entry_history(code),
        **words(names),
    }
    return render(request, "hall/lists/detail.html", context)


@public
@require_GET
def adjustments(request: HttpRequest) -> HttpResponse:
    """List the published adjustments with their reasons (历次清单调整)."""
    context = {"rows": queries.adjustment_list(published=True), "kinds": CHANGE_KINDS}
    return render(request, "hall/lists/adjustments.html", context)


@public
@require_GET
def adjustment(request: HttpRequest, number: int) -> HttpResponse:
    """Show a published adjustment with every power it changed (清单调整公告)."""
    view = queries.adjustment_get(number)
    names = function_names()
    context = {
        "view": view,
        "page": change_page(request, view.id, names, left_out=False),
        **words(names),
    }
    return render(request, "hall/lists/adjustment.html", context)


@public
@require_GET
def compare(request: HttpRequest) -> HttpResponse:
    """Compare the lists of two days (两日清单对比)."""
    today = timezone.localdate()
    later = day_of(request.GET.get("to", "")) or today
    earlier = day_of(request.GET.get("from", "")) or later - timedelta(days=365)
    if earlier > later:
        earlier, later = later, earlier
    found = queries.comparison(earlier, later)
    names = function_names()
    filters = [
        Filter(
            "kind",
            N_("Kind of change"),
            kind="select",
            choices=[(key, f"{_(CHANGE_KINDS[key])} ({n})") for key, n in found.counts.items()],
            apply=lambda rows, value: [row for row in rows if row.kind == value],
        )
    ]
    page = page_of(request, found.changes, columns=CHANGE_COLUMNS, filters=filters)
    context = {"found": found, "page": page, **words(names)}
    return render(request, "hall/lists/compare.html", context)


FILTER_KEYS = ("q", "department", "item_type", "level", "basis", "on")


def filter_of(query: ListQuery) -> EntryFilter:
    """Read what a list is narrowed to from the address (清单筛选)."""
    given = query.filters
    return EntryFilter(
        text=given.get("q", ""),
        department=given.get("department", ""),
        item_type=given.get("item_type", ""),
        level=given.get("level", ""),
        basis=given.get("basis", ""),
        on=day_of(given.get("on", "")),
    )


def change_page(request: HttpRequest, adjustment_id: int, names: dict[str, str], *, left_out: bool):  # noqa: ANN201 - a Page
    """Return the page of an adjustment's changes (调整事项分页)."""
    rows = queries.change_rows(adjustment_id)
    rows = rows if left_out else rows.filter(is_left_out=False)
    kinds = choices_of(CHANGE_KINDS)
    filters = [
        Filter(
            "q",
            N_("Name of the power"),
            apply=lambda rows, value: rows.filter(title__icontains=value),
        ),
        Filter(
            "kind",
            N_("Kind of change"),
            kind="select",
            choices=kinds,
            apply=lambda rows, value: rows.filter(kind=value),
        ),
        Filter(
            "department",
            N_("Department"),
            kind="select",
            choices=list(names.items()),
            apply=lambda rows, value: rows.filter(function=value),
        ),
    ]

    def fetch(query: ListQuery) -> list:
        return [queries.change_view(row) for row in narrowed(query)[query.offset :][: query.limit]]

    def narrowed(query: ListQuery):  # noqa: ANN202 - a queryset
        found = rows
        for one in filters:
            if value := query.filters.get(one.key):
                found = one.apply(found, value)
        return found

    source = Source(fetch, lambda query, cap: narrowed(query)[:cap].count())
    return page_of(request, source, columns=CHANGE_COLUMNS, filters=filters)


def words(names: dict[str, str]) -> dict[str, object]:
    """Return what every page of the lists needs to speak (用语)."""
    return {
        "names": names,
        "item_types": {code: _(text) for code, text in ITEM_TYPES.items()},
        "levels": {code: _(text) for code, text in LEVELS.items()},
        "kinds": {code: _(text) for code, text in CHANGE_KINDS.items()},
        "part_titles": {code: _(text) for code, text in PARTS.items()},
        "changed_parts": changed_parts,
    }


def day_of(text: str) -> date | None:
    """Read a day out of the address; None for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _filters(names: dict[str, str]) -> list[Filter]:
    by_function = queries.entry_count_by("function")
    by_type = queries.entry_count_by("item_type")
    by_level = queries.entry_count_by("level")
    return [
        Filter("q", N_("Name or code")),
        _select(
            "department", N_("Department"), {key: names.get(key, key) for key in sorted(by_function)}, by_function
        ),
        _select("item_type", N_("Kind of power"), {t: _(ITEM_TYPES[t]) for t in POWER_TYPES}, by_type),
        _select("level", N_("Level"), {key: _(text) for key, text in LEVELS.items()}, by_level),
        Filter(
            "basis",
            N_("Legal basis"),
            kind="select",
            choices=[("known", _("Stated")), ("unknown", _("Not stated by the source"))],
        ),
        Filter("on", N_("As of"), kind="date"),
    ]  # fmt: skip


def _select(key: str, title: str, texts: dict[str, str], counts: dict[str, int]) -> Filter:
    choices = [
        (value, f"{text} ({counts[value]})") for value, text in texts.items() if counts.get(value)
    ]
    return Filter(key, title, kind="select", choices=choices)  # fmt: skip


def _kept(request: HttpRequest) -> str:
    query = request.GET.copy()
    for name in list(query):
        if name not in FILTER_KEYS:
            del query[name]
    return query.urlencode()
