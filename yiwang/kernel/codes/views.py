"""The public pages of the code tables (代码表)."""

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from yiwang.kernel.codes.data import CodeView
from yiwang.kernel.codes.queries import (
    code_diff,
    code_get,
    code_search,
    code_table_get,
    code_table_list,
    edition_get,
)
from yiwang.kernel.codes.rules import KINDS, UNCHANGED
from yiwang.kernel.ui.policies import public
from yiwang.kernel.ui.tables import Column, Filter, ListQuery, Source, page_of
from yiwang.kernel.ui.templating import render
from yiwang.sdk.errors import N_, NotFound

COLUMNS = [
    Column("code", N_("Code")),
    Column("name", N_("Code name"), text=lambda view: view.title),
    Column("parent_code", N_("Parent code")),
    Column("level", N_("Level"), align="end"),
    Column("attributes", N_("Attributes")),
]
FILTERS = [
    Filter("q", N_("Code or name")),
    Filter("parent", N_("Directly below the code")),
    Filter("as_of", N_("As of"), kind="date"),
]
# How the attributes of the shipped tables read; others are shown as they are.
WORDS = {
    "kind": N_("Kind:"),
    "basis": N_("Basis:"),
    "platform_code": N_("Code in the city's data platform:"),
    "gbt_39046": N_("Code in GB/T 39046:"),
    "stars": N_("Stars:"),
    "is_bad": N_("Counts as a bad rating:"),
    "yes": N_("yes"),
    "no": N_("no"),
    "subdistrict": N_("subdistrict"),
    "town": N_("town"),
    "community": N_("community"),
    "village": N_("village"),
    "other": N_("other"),
    "functional_area": N_("functional area"),
    "functional_zone": N_("functional zone"),
}
CHANGE_COLUMNS = [
    Column("kind", N_("What happened")),
    Column("from_code", N_("Old code")),
    Column("to_code", N_("New code")),
    Column("evidence", N_("Evidence")),
    Column("decided_by", N_("Found by")),
]


@public
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """List the code tables with the edition in force."""
    today = timezone.localdate()
    rows = [
        (table, next((e for e in reversed(table.editions) if e.holds_on(today)), None))
        for table in code_table_list()
    ]
    return render(request, "kernel/codes/index.html", {"rows": rows})


@public
@require_GET
def table(request: HttpRequest, key: str) -> HttpResponse:
    """Show one table as of a date: search, paging, editions."""
    view = code_table_get(key)
    if view is None:
        raise NotFound()
    as_of = _date(request.GET.get("as_of")) or timezone.localdate()
    edition = edition_get(key, as_of)

    def found(query: ListQuery, limit: int, offset: int = 0) -> tuple[int, list[CodeView]]:
        if edition is None:
            return 0, []
        return code_search(
            key,
            query.filters.get("q", ""),
            parent=query.filters.get("parent"),
            edition=edition.edition,
            limit=limit,
            offset=offset,
        )

    source = Source(
        fetch=lambda query: found(query, query.limit, query.offset)[1],
        count=lambda query, cap: min(found(query, 0)[0], cap),
    )
    page = page_of(request, source, columns=COLUMNS, filters=FILTERS)
    if page.wants_export:
        return page.export(f"codes-{key}")
    parent = page.filter_values.get("parent", "")
    return render(
        request,
        "kernel/codes/table.html",
        {
            "view": view,
            "page": page,
            "as_of": as_of,
            "edition": edition,
            "words": WORDS,
            "above": code_get(key, parent, as_of) if parent else None,
        },
    )


@public
@require_GET
def differences(request: HttpRequest, key: str) -> HttpResponse:
    """Show what became of every code from one edition to another."""
    view = code_table_get(key)
    if view is None or len(view.editions) < 2:
        raise NotFound()
    names = [edition.edition for edition in view.editions]
    a, b = request.GET.get("a", ""), request.GET.get("b", "")
    if a not in names or b not in names or names.index(a) >= names.index(b):
        a, b = names[-2:]
    diff = code_diff(key, a, b)
    kinds = [(kind, diff.counts[kind]) for kind in KINDS if kind != UNCHANGED]
    kind = Filter("kind", N_("What happened"), apply=lambda rows, value: diff.of(value))
    page = page_of(request, diff.changes, columns=CHANGE_COLUMNS, filters=[kind])
    if page.wants_export:
        return page.export(f"codes-{key}-{a}-{b}")
    return render(
        request,
        "kernel/codes/differences.html",
        {"view": view, "names": names, "a": a, "b": b, "diff": diff, "kinds": kinds, "page": page},
    )


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
