"""Runs of the fusion (融合运行): asked for, watched, read."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from yiwang.identity.api import allow
from yiwang.kernel.api import (
    Column,
    Filter,
    choices_of,
    error_text,
    flash,
    page_of,
    render,
    wants_partial,
)
from yiwang.resources.fusion.actions import run_request
from yiwang.resources.fusion.data import FusionPlan
from yiwang.resources.fusion.desk import REGISTRIES, RUN_STATES, FusionRunView
from yiwang.resources.fusion.permissions import RUN, is_bureau
from yiwang.resources.fusion.queries import plan_get, run_get
from yiwang.resources.fusion.queries.runs import run_before, run_rows
from yiwang.resources.fusion.views import words
from yiwang.sdk.errors import N_, YiwangError

COLUMNS = (
    Column("pk", N_("No."), order="pk"),
    Column("registry", N_("Registry"), order="registry"),
    Column("state", N_("State"), order="state"),
    Column("started_at", N_("Begun at"), order="started_at"),
    Column("records", N_("Records"), align="end"),
    Column("persons", N_("Subjects"), align="end"),
    Column("review", N_("Uncertain pairs"), align="end"),
    Column("seconds", N_("Seconds taken"), align="end"),
)
COUNTS = {
    "records": N_("Records read"),
    "persons": N_("Subjects with a valid identifier"),
    "provisional": N_("Provisional subjects"),
    "persons_in_conflict": N_("Subjects on which sources disagree"),
    "residue": N_("Rows without a valid identifier"),
    "review": N_("Uncertain pairs"),
    "standardised": N_("Records standardised anew"),
    "touched": N_("Buckets fused anew"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=RUN)
def runs(request: HttpRequest) -> HttpResponse:
    """List the runs (融合运行); the data bureau asks for a new one."""
    problem = ""
    if request.method == "POST":
        try:
            view = run_request(request.POST.get("registry", "")[:40], now=timezone.now())
        except YiwangError as error:
            problem = error_text(error)
        else:
            flash(request, "success", _("The run is asked for. You may leave this page."))
            return redirect("resources_fusion:run", view.id)
    page = page_of(
        request,
        run_rows(),
        columns=COLUMNS,
        filters=(
            Filter("registry", N_("Registry"), kind="select", choices=choices_of(REGISTRIES),
                   apply=lambda rows, value: rows.filter(registry=value)),
            Filter("state", N_("State"), kind="select", choices=choices_of(RUN_STATES),
                   apply=lambda rows, value: rows.filter(state=value)),
        ),
        default_order="-pk",
    )  # fmt: skip
    context = {
        "page": page,
        "registries": list(REGISTRIES),
        "may_run": is_bureau(),
        "problem": problem,
        "words": words,
    }
    status = 422 if problem else 200
    return render(request, "resources/fusion/runs.html", context, status=status)


@require_safe
@allow(populations={"STAFF"}, permission=RUN)
def run(request: HttpRequest, run_id: int) -> HttpResponse:
    """Show one run: how far it is, or its report (运行报告)."""
    view = run_get(run_id)
    context = {"run": view, "words": words}
    if wants_partial(request):
        if view.is_over:
            return HttpResponse(status=200, headers={"HX-Refresh": "true"})
        return render(request, "resources/fusion/run_progress.html", context)
    plan = plan_get(view.registry)
    before = run_before(view)
    context |= {
        "plan": plan,
        "before": before,
        "counts": [
            (
                _(title),
                view.counts.get(name, 0),
                _change(view, before, name) if before else None,
            )
            for name, title in COUNTS.items()
        ],
        "conflicts": _conflicts(view, before, plan),
        "matrix": _matrix(view, plan),
        "matrix_fields": _matrix_fields(view, plan),
        "against": _against(view, plan),
        "placed": _placed(view),
        "lineage": f"{reverse('resources_fusion:lineage')}?run={view.trace}",
    }
    return render(request, "resources/fusion/run.html", context)


def _change(view: FusionRunView, before: FusionRunView, name: str) -> int:
    return view.counts.get(name, 0) - before.counts.get(name, 0)


def _conflicts(view: FusionRunView, before: FusionRunView | None, plan: FusionPlan) -> list[tuple]:
    """Return conflicts by field: (title, now, share of subjects, change against the run before)."""
    now = view.report.get("conflicts", {})
    then = before.report.get("conflicts", {}) if before else {}
    subjects = view.counts.get("persons", 0) + view.counts.get("provisional", 0) or 1
    return [
        (
            words.field(one.name, one.title),
            now[one.name],
            100 * now[one.name] / subjects,
            now[one.name] - then.get(one.name, 0) if before else None,
        )
        for one in plan.fields
        if now.get(one.name)
    ]


def _matrix_fields(view: FusionRunView, plan: FusionPlan) -> list[tuple[str, str]]:
    found = view.report.get("disagreements", {})
    return [
        (one.name, words.field(one.name, one.title)) for one in plan.fields if found.get(one.name)
    ]


def _matrix(view: FusionRunView, plan: FusionPlan) -> list[tuple[str, list[int], int]]:
    """Return departments × fields: values that lost against another department's."""
    found = view.report.get("disagreements", {})
    fields = [name for name, _title in _matrix_fields(view, plan)]
    rows: dict[str, list[int]] = {}
    for source in plan.sources:
        row = rows.setdefault(source.department, [0] * len(fields))
        for place, name in enumerate(fields):
            row[place] += found[name].get(source.code, 0)
    names = words.departments(plan)
    return [(names.get(code, code), row, sum(row)) for code, row in rows.items()]


def _against(view: FusionRunView, plan: FusionPlan) -> list[tuple[str, list[tuple[str, str, int]]]]:
    """Return who disagrees with whom by field: (loser, winner, values), the most first."""
    found = view.report.get("against", {})
    return [
        (
            words.field(one.name, one.title),
            sorted(
                (
                    (words.code_title(plan, loser), words.code_title(plan, winner), count)
                    for loser, winners in found[one.name].items()
                    for winner, count in winners.items()
                ),
                key=lambda row: -row[2],
            )[:40],
        )
        for one in plan.fields
        if found.get(one.name)
    ]


def _placed(view: FusionRunView) -> list[tuple[str, int, float]]:
    counts = view.report.get("placed", {})
    all_of = sum(counts.values()) or 1
    return [(words.rule(name), count, 100 * count / all_of) for name, count in counts.items()]
