"""Asking a thematic dataset (主题库查询): the builder, the answer, what each source was asked."""

import csv
import io
from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from yiwang.identity.api import allow
from yiwang.kernel.api import Column, choices_of, context_get, page_of, render, wants_partial
from yiwang.resources.virtual.actions import run_cancel, run_export
from yiwang.resources.virtual.data import (
    FAULTS,
    MEASURES,
    OPERATORS,
    RUN_STATES,
    DatasetView,
    FilterSpec,
    MeasureSpec,
    Query,
    QueryInvalid,
    VirtualSpec,
)
from yiwang.resources.virtual.models import VirtualRun
from yiwang.resources.virtual.queries import (
    QUERY,
    dataset_get,
    dataset_rows,
    dataset_view,
    department_title,
    query_load,
    run_answer,
    run_get,
    run_rows,
    scope_of,
)
from yiwang.resources.virtual.rules import spec_load
from yiwang.resources.virtual.starting import run_start
from yiwang.resources.virtual.views.words import failure_text, field_title
from yiwang.sdk.errors import N_, YiwangError

FILTER_ROWS, MEASURE_ROWS, GROUP_ROWS = 4, 2, 2
LIMITS = (20, 100, 500, 1000)
RUN_COLUMNS = (
    Column("number", N_("Question"), order="number"),
    Column("dataset", N_("Dataset"), text=lambda row: spec_load(row.version.spec).title),
    Column("purpose", N_("Purpose"), order="purpose"),
    Column("state", N_("State"), order="state", text=lambda row: _(RUN_STATES[row.state])),
    Column("rows", N_("Rows"), order="rows", align="end"),
    Column("created_at", N_("Asked"), order="created_at"),
)
_HARMLESS = ("=", "+", "-", "@", "\t", "\r")


@require_safe
@allow(populations={"STAFF"}, permission=QUERY)
def browse(request: HttpRequest) -> HttpResponse:
    """List the thematic datasets (主题库)."""
    views = [dataset_view(row) for row in dataset_rows().order_by("key")]
    context = {"views": [(view, _may_ask(view)) for view in views], "runs": list(run_rows()[:5])}
    return render(
        request,
        "resources/virtual/browse.html",
        {**context, "states": RUN_STATES, "department_title": department_title},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=QUERY)
def dataset(request: HttpRequest, key: str) -> HttpResponse:
    """Show a dataset and build a question to it (主题库查询)."""
    view = dataset_get(key)
    spec = view.published
    scope = scope_of(spec)
    typed = typed_read(request.POST, spec) if request.method == "POST" else _typed_first(spec)
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        purpose = typed["purpose"] + (f"：{typed['case']}" if typed["case"] else "")
        try:
            number = run_start(key, query_typed(typed), purpose=purpose, now=timezone.now())
        except QueryInvalid as error:
            errors = {name: [_(text) for text in texts] for name, texts in error.fields.items()}
        except YiwangError as error:
            if error.code != "purpose_not_allowed":
                raise
            errors = {"purpose": [_(error.message)]}
        else:
            return redirect("resources_virtual:run", number)
    return render(
        request,
        "resources/virtual/dataset.html",
        {
            "view": view,
            "spec": spec,
            "scope": scope,
            "typed": typed,
            "errors": errors,
            "operators": choices_of(OPERATORS),
            "measures": choices_of(MEASURES),
            "limits": [(number, number) for number in LIMITS if number <= spec.max_rows],
            "options": [(one.key, field_title(one)) for one in spec.fields],
            "field_title": field_title,
            "department": department_title(view.department_id),
        },
        status=422 if errors else 200,
    )


@require_safe
@allow(populations={"STAFF"}, permission=QUERY)
def runs(request: HttpRequest) -> HttpResponse:
    """List my questions (我的查询)."""
    page = page_of(request, run_rows(), columns=RUN_COLUMNS, default_order="-created_at")
    return render(request, "resources/virtual/runs.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=QUERY)
def run(request: HttpRequest, number: str) -> HttpResponse:
    """Show a question: how far it is, its answer, what each source was asked (查询结果)."""
    row = run_get(number)
    if request.method == "POST":
        run_cancel(number, now=timezone.now())
        return redirect("resources_virtual:run", number)
    spec = spec_load(row.version.spec)
    columns, rows = run_answer(row)
    context = {
        "run": row,
        "spec": spec,
        "dataset_key": row.version.dataset.key,
        "titles": [column_title(spec, name) for name in columns],
        "rows": rows,
        "is_gone": row.state in ("DONE", "INCOMPLETE") and not columns,
        "missing": [one for one in row.reports if one["state"] == "FAILED"],
        "faults": {code: _(text) for code, text in FAULTS.items()},
        "state": _(RUN_STATES[row.state]),
        "failure": failure_text(row),
        "is_open": row.state in ("QUEUED", "RUNNING"),
        "lines": query_lines(spec, query_load(row.query)),
    }
    name = "run_progress" if wants_partial(request) and context["is_open"] else "run"
    answer = render(request, f"resources/virtual/{name}.html", context)
    if wants_partial(request) and not context["is_open"]:
        answer = HttpResponse(status=204)
        answer["HX-Refresh"] = "true"
    return answer


@require_safe
@allow(populations={"STAFF"}, permission=QUERY)
def export(request: HttpRequest, number: str) -> HttpResponse:
    """Send an answer as CSV with purpose, asker and number on it (导出)."""
    row = run_export(number, now=timezone.now())
    columns, rows = run_answer(row)
    spec = spec_load(row.version.spec)
    mark = _watermark(row)
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([mark])
    for one in row.reports:
        if one["state"] == "FAILED":
            writer.writerow([_("Incomplete: %(part)s is missing.") % {"part": one["title"]}])
    writer.writerow([*(column_title(spec, name) for name in columns), _("Use restricted to")])
    for values in rows:
        writer.writerow([*(_cell(value) for value in values), f"{row.number} {row.purpose}"])
    response = HttpResponse("\ufeff" + buffer.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{row.number}.csv"'
    return response


def typed_read(post: Mapping[str, str], spec: VirtualSpec) -> dict:
    """Return what was chosen in the builder, as it was chosen (表单内容)."""
    known = [one.key for one in spec.fields]
    chosen = post.getlist("fields") if hasattr(post, "getlist") else []
    limit = post.get("limit", "")
    return {
        "fields": [key for key in known if key in chosen],
        "filters": [
            {name: post.get(f"f{number}-{name}", "")[:400] for name in ("field", "op", "value")}
            for number in range(FILTER_ROWS)
        ],
        "groups": [post.get(f"g{number}", "") for number in range(GROUP_ROWS)],
        "measures": [
            {name: post.get(f"m{number}-{name}", "") for name in ("kind", "field")}
            for number in range(MEASURE_ROWS)
        ],
        "order": post.get("order", ""),
        "down": post.get("down") == "1",
        "limit": int(limit) if limit.isascii() and limit.isdigit() and len(limit) < 6 else 100,
        "purpose": post.get("purpose", ""),
        "case": post.get("case", "").strip()[:100],
    }


def query_typed(typed: dict) -> Query:
    """Build a question out of what was chosen (生成查询); rules say whether it may be asked."""
    filters = []
    for one in typed["filters"]:
        if not one["field"]:
            continue
        value = one["value"].strip()
        values = value.replace("，", ",").split(",") if one["op"] == "IN" else [value]
        kept = tuple(text.strip() for text in values if text.strip())
        filters.append(FilterSpec(one["field"], one["op"], kept))
    groups = tuple(dict.fromkeys(key for key in typed["groups"] if key))
    measures = tuple(
        MeasureSpec(one["kind"], one["field"] if one["kind"] != "COUNT" else "")
        for one in typed["measures"]
        if one["kind"]
    )
    if groups and not measures:
        measures = (MeasureSpec("COUNT"),)
    order = ((typed["order"], typed["down"]),) if typed["order"] else ()
    return Query(
        fields=() if groups or measures else tuple(typed["fields"]),
        filters=tuple(filters),
        groups=groups,
        measures=measures,
        order=order,
        limit=typed["limit"],
    )


def column_title(spec: VirtualSpec, name: str) -> str:
    """Return the title of a column of an answer (列名)."""
    for one in spec.fields:
        if one.key == name:
            return field_title(one)
    kind, _sep, key = name.partition("_")
    title = _(MEASURES.get(kind.upper(), name))
    found = next((one for one in spec.fields if one.key == key), None)
    return f"{title} · {field_title(found)}" if found else title


def query_lines(spec: VirtualSpec, query: Query) -> list[str]:
    """Say in words what was asked (查询条件)."""
    lines = []
    for one in query.filters:
        values = ", ".join(str(value) for value in one.values)
        lines.append(f"{column_title(spec, one.field)} {_(OPERATORS[one.op])} {values}".strip())
    return lines


def _typed_first(spec: VirtualSpec) -> dict:
    empty: dict[str, str] = {}
    return typed_read(empty, spec) | {
        "fields": [one.key for one in spec.fields[:6]],
        "limit": min(100, spec.max_rows),
    }


def _may_ask(view: DatasetView) -> bool:
    try:
        scope_of(view.published)
    except YiwangError:
        return False
    return True


def _watermark(row: VirtualRun) -> str:
    context = context_get()
    when = timezone.localtime().strftime("%Y-%m-%d %H:%M")
    return _("For %(purpose)s only. %(number)s, %(who)s, %(department)s, %(when)s") % {
        "purpose": row.purpose,
        "number": row.number,
        "who": context.name,
        "department": context.department_name,
        "when": when,
    }


def _cell(value: object) -> object:
    if value is None:
        return ""
    return "'" + value if isinstance(value, str) and value.startswith(_HARMLESS) else value
