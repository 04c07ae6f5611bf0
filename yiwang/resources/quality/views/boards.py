"""Scores on pages (质量看板): the city, a department, a resource, a field; trend and drill-down."""

import csv
import io

from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from yiwang.identity.api import allow
from yiwang.kernel.api import Column, Filter, context_get, error_text, page_of, render
from yiwang.resources.catalogue.models import Resource
from yiwang.resources.catalogue.queries import view_of
from yiwang.resources.quality.actions.exceptions import rows_look
from yiwang.resources.quality.contracts import ContractInvalid
from yiwang.resources.quality.data import PROPERTIES, STATES
from yiwang.resources.quality.keeping import rows_page
from yiwang.resources.quality.queries import (
    HANDLE,
    contract_build,
    data_path,
    department_scores,
    exception_lights,
    exception_rows,
    is_bureau,
    run_latest,
    runs_before,
    score_latest,
    score_rows,
    score_trend,
)
from yiwang.resources.quality.views import words
from yiwang.resources.quality.wording import reason_text
from yiwang.sdk.errors import N_, NotFound

ROWS = 50
HIDDEN_LEVEL = 3


@require_safe
@allow(populations={"STAFF"}, permission=HANDLE)
def board(request: HttpRequest) -> HttpResponse:
    """Show the quality of the city's data (质量总览): the bureau all, a department its own."""
    context = context_get()
    if not is_bureau(context):
        return _department_page(request, context.department_id)
    return _overview(request, scope="CITY", department_id=None)


@require_safe
@allow(populations={"STAFF"}, permission=HANDLE)
def department(request: HttpRequest, department_id: int) -> HttpResponse:
    """Show the quality of a department's data (部门质量)."""
    context = context_get()
    if not is_bureau(context) and department_id not in context.department_ids:
        raise NotFound()
    return _department_page(request, department_id)


def _department_page(request: HttpRequest, department_id: int | None) -> HttpResponse:
    return _overview(request, scope="DEPARTMENT", department_id=department_id)


def _overview(request: HttpRequest, *, scope: str, department_id: int | None) -> HttpResponse:
    rows, exceptions = score_rows(), exception_rows()
    keys = {}
    if scope == "DEPARTMENT":
        keys = {"department_id": department_id}
        rows, exceptions = rows.filter(**keys), exceptions.filter(**keys)
    page = page_of(request, rows, columns=_columns(), filters=_filters(), default_order="score")
    if page.wants_export:
        return page.export("quality")
    now = timezone.now()
    latest = score_latest(scope, **keys)
    return render(
        request,
        "resources/quality/board.html",
        {
            "page": page,
            "scope": scope,
            "title": words.department_name(department_id) if keys else "",
            "overall": latest.get(("", "")),
            "properties": [(key, latest.get(("", key))) for key in PROPERTIES],
            "departments": [
                (row, words.department_name(row.department_id))
                for row in (department_scores() if scope == "CITY" else ())
            ],
            "trend": _trend(scope, today=timezone.localdate(now), **keys),
            "lights": exception_lights(exceptions, now),
            "words": words,
        },
    )


def _columns() -> tuple[Column, ...]:
    return (
        Column("resource", N_("Resource"), text=lambda row: words.resource_title(row.resource)),
        Column(
            "provider", N_("Provider"), text=lambda row: words.department_name(row.department_id)
        ),
        Column("score", N_("Score"), order="score", align="end"),
        Column("level", N_("Quality level"), text=lambda row: words.level(row.score)["text"]),
        Column("failed", N_("Faults"), order="failed", align="end"),
        Column("day", N_("Last measured"), order="day"),
    )


def _filters() -> tuple[Filter, ...]:
    return (
        Filter(
            "q",
            N_("Name or code"),
            apply=lambda rows, value: rows.filter(
                Q(resource__current_version__title__contains=value)
                | Q(resource__code__startswith=value)
            ),
        ),
    )


def _trend(scope: str, *, field: str = "", today, **keys) -> dict[str, list]:  # noqa: ANN001, ANN003
    """Lay the scores of the last days out for a chart: a line for each property measured."""
    points = score_trend(scope, field=field, today=today, **keys)
    days = sorted({day for day, _property, _score in points})
    found = {(day, key): score for day, key, score in points}
    series = [
        {"name": words.property_text(key), "data": [found.get((day, key)) for day in days]}
        for key in ("", *PROPERTIES)
        if any((day, key) in found for day in days)
    ]
    return {"labels": [f"{day:%m-%d}" for day in days], "series": series}


@require_safe
@allow(populations={"STAFF"}, permission=HANDLE)
def resource(request: HttpRequest, resource_id: int) -> HttpResponse:
    """Show the quality of a resource by rule and field (资源质量)."""
    row = _resource_row(resource_id)
    latest = score_latest("RESOURCE", resource_id=resource_id)
    run = run_latest(resource_id)
    try:
        contract, problem = contract_build(view_of(row).spec, row.code), ""
    except ContractInvalid as error:
        contract, problem = None, error_text(error)
    titles = {one.name: one.title for one in contract.fields} if contract else {}
    fields = sorted(
        ((key[0], titles.get(key[0], key[0]), score) for key, score in latest.items()
         if key[0] and not key[1]),
        key=lambda item: item[2].score,
    )  # fmt: skip
    counts = [
        one | {"text": reason_text(contract, one["rule"]) if contract else one["rule"]}
        for one in (run.counts if run else ())
    ]
    return render(
        request,
        "resources/quality/resource.html",
        {
            "row": row,
            "run": run,
            "problem": problem,
            "overall": latest.get(("", "")),
            "properties": [(key, latest.get(("", key))) for key in PROPERTIES],
            "fields": fields,
            "counts": sorted(counts, key=lambda one: -one["failed"]),
            "runs": runs_before(resource_id, limit=10),
            "trend": _trend("RESOURCE", today=timezone.localdate(), resource_id=resource_id),
            "states": _states(resource_id),
            "words": words,
        },
    )


@require_safe
@allow(populations={"STAFF"}, permission=HANDLE)
def field(request: HttpRequest, resource_id: int, name: str) -> HttpResponse:
    """Show the quality of a field with the rows at fault (信息项质量)."""
    row = _resource_row(resource_id)
    latest = score_latest("RESOURCE", resource_id=resource_id, field=name)
    if not latest:
        raise Http404
    run = run_latest(resource_id)
    contract = contract_build(view_of(row).spec, row.code)
    titles = {one.name: one.title for one in contract.fields}
    counts = [one for one in (run.counts if run else ()) if name in one["fields"]]
    return render(
        request,
        "resources/quality/field.html",
        {
            "row": row,
            "name": name,
            "title": titles.get(name, name),
            "overall": latest.get((name, "")),
            "properties": [(key, latest.get((name, key))) for key in PROPERTIES],
            "counts": [one | {"text": reason_text(contract, one["rule"])} for one in counts],
            "trend": _trend(
                "RESOURCE", field=name, today=timezone.localdate(), resource_id=resource_id
            ),
            "words": words,
        },
    )


@require_safe
@allow(populations={"STAFF"}, permission=HANDLE)
def rows(request: HttpRequest, resource_id: int) -> HttpResponse:
    """Show the rows at fault of the last batch, page by page (异常数据)."""
    row = _resource_row(resource_id)
    run = run_latest(resource_id)
    number = _page_number(request)
    path = data_path(run.faults) if run and run.faults else None
    found = rows_page(path, offset=(number - 1) * ROWS, limit=ROWS + 1) if path else []
    contract = contract_build(view_of(row).spec, row.code)
    is_own = row.department_id in context_get().department_ids
    found = rows_seen(found, f"resource:{row.code}", resource=row, is_own=is_own)
    return render(
        request,
        "resources/quality/rows.html",
        {
            "row": row,
            "run": run,
            "number": number,
            "has_next": len(found) > ROWS,
            "rows": found[:ROWS],
            "names": [one for one in contract.fields if found and one.name in found[0]],
            "reason": lambda key: reason_text(contract, key),
        },
    )


@require_safe
@allow(populations={"STAFF"}, permission=HANDLE)
def rows_export(request: HttpRequest, resource_id: int) -> HttpResponse:
    """Give the rows at fault of the last batch as CSV (导出异常数据)."""
    row = _resource_row(resource_id)
    run = run_latest(resource_id)
    found = rows_page(data_path(run.faults), offset=0, limit=50_000) if run and run.faults else []
    is_own = row.department_id in context_get().department_ids
    found = rows_seen(found, f"resource:{row.code}", resource=row, is_own=is_own)
    return csv_response(found, f"faults-{row.pk}")


def rows_seen(
    found: list[dict], subject: str, *, resource: Resource | None, is_own: bool
) -> list[dict]:
    """Record that rows are looked at, and hide personal values from other departments (脱敏)."""
    if not found:
        return found
    rows_look(subject, lines=len(found))
    if is_own or resource is None:
        return found
    hidden = {one.name for one in view_of(resource).spec.fields if one.level >= HIDDEN_LEVEL}
    if hidden:
        hidden.add("key")
    return [
        {name: _hidden(value) if name in hidden else value for name, value in row.items()}
        for row in found
    ]


def _hidden(value: object) -> object:
    return f"{str(value)[:1]}***" if value else value


def csv_response(found: list[dict], name: str) -> HttpResponse:
    """Write rows as CSV as office programs read it; a cell that could be a formula is text."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    names = [one for one in (found[0] if found else ()) if one not in ("key", "rejected")]
    writer.writerow(names)
    for one in found:
        cells = [", ".join(v) if isinstance(v := one[key], list) else str(v or "") for key in names]
        writer.writerow([f"'{c}" if c.startswith(("=", "+", "-", "@", "\t")) else c for c in cells])
    response = HttpResponse("\ufeff" + buffer.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _states(resource_id: int) -> list[tuple[str, int]]:
    found = exception_rows().filter(resource_id=resource_id).values_list("state")
    counts = dict(found.annotate(Count("pk")).order_by())
    return [(state, counts[state]) for state in STATES if state in counts]


def _resource_row(resource_id: int) -> Resource:
    row = Resource.objects.select_related("current_version").filter(pk=resource_id).first()
    context = context_get()
    if row is None or not (is_bureau(context) or row.department_id in context.department_ids):
        raise NotFound()
    return row


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return min(max(int(text), 1), 100_000) if text.isdecimal() and len(text) < 7 else 1
