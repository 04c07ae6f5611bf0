"""Pages of how cases really went (流程分析): conformance with the models, bottlenecks, a fair league of departments."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from yiwang.hall.supervision.flow import flow_count, month_span
from yiwang.hall.supervision.flow_rules import SMALL, verdict
from yiwang.hall.supervision.models import FlowReport
from yiwang.hall.supervision.queries import SUPERVISE, VIEW
from yiwang.hall.supervision.views import PURPOSE, department_name
from yiwang.identity.api import allow, department_list
from yiwang.kernel.api import Column, Page, context_get, flash, localized, page_of, render
from yiwang.sdk.errors import N_, NotFound

PARTS = {
    "models": N_("Against the models"),
    "steps": N_("Bottlenecks"),
    "departments": N_("Departments compared"),
}
DEVIATIONS = {
    "RETURNED": N_("A step came again or back"),
    "SKIPPED": N_("Steps were left out"),
    "OUT_OF_ORDER": N_("Out of order"),
    "FOREIGN": N_("A step of another version"),
    "ENDED_EARLY": N_("Ended before its last step"),
}
VERDICTS = {
    "FASTER": N_("Faster than the city"),
    "LIKE": N_("Like the city"),
    "SLOWER": N_("Slower than the city"),
}
MODEL_COLUMNS = (
    Column("title", N_("Process"), text=lambda row: localized(row["title"]) or row["key"]),
    Column("number", N_("Version"), align="end"),
    Column("cases", N_("Cases"), align="end"),
    Column("deviating", N_("Cases with deviations"), align="end"),
    Column("fitness", N_("Fitness in percent"), align="end"),
    Column(
        "deviations",
        N_("Deviations"),
        text=lambda row: "；".join(deviation_text(one) for one in row["deviations"]),
    ),
)
STEP_COLUMNS = (
    Column("title", N_("Matter"), text=lambda row: localized(row["title"])),
    Column("step", N_("Step"), text=lambda row: localized(row["step"])),
    Column("count", N_("Steps done"), align="end"),
    Column("waiting", N_("Waiting, hours"), align="end"),
    Column("working", N_("Worked on, hours"), align="end"),
    Column("p50", N_("Half within, hours"), align="end"),
    Column("p80", N_("80 of 100 within, hours"), align="end"),
    Column("p95", N_("95 of 100 within, hours"), align="end"),
    Column("spent", N_("All together, hours"), align="end"),
)


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=VIEW, purpose=PURPOSE)
def flow(request: HttpRequest) -> HttpResponse:
    """Show how the cases of a month really went (流程分析), one part at a time, each to export."""
    months = list(FlowReport.objects.order_by("-month").values_list("month", flat=True)[:24])
    month = request.GET.get("month", "") or (months[0] if months else "")
    if request.method == "POST":
        return _again(request, request.POST.get("month", ""))
    report = FlowReport.objects.filter(month=month).first()
    part = request.GET.get("part", "")
    part = part if part in PARTS else "models"
    page = _page(request, part, report.content if report else {})
    if page.wants_export:
        return page.export(f"flow-{part}-{month}")
    names = {
        "report": report,
        "month": month,
        "months": months,
        "part": part,
        "tabs": [(f"?month={month}&part={key}", _(text), key) for key, text in PARTS.items()],
        "page": page,
        "deviation_text": deviation_text,
        "verdict": verdict,
        "verdicts": VERDICTS,
        "names": _names(),
        "small": SMALL,
        "may_count": context_get().may(SUPERVISE),
        "this_month": timezone.localdate().isoformat()[:7],
    }
    return render(request, "hall/supervision/flow.html", names)


def _page(request: HttpRequest, part: str, content: dict) -> Page:
    if part == "models":
        return page_of(request, content.get("versions", []), columns=MODEL_COLUMNS)
    if part == "steps":
        return page_of(request, content.get("steps", []), columns=STEP_COLUMNS, size=50)
    rows = content.get("departments", [])
    return page_of(request, rows, columns=_department_columns(), size=50)


def _names() -> dict[int, str]:
    return {row.id: localized(department_name(row)) for row in department_list()}


def _department_columns() -> tuple[Column, ...]:
    names = _names()
    return (
        Column("place", N_("Place"), align="end"),
        Column("department_id", N_("Department"), text=lambda row: names.get(row["department_id"], "")),
        Column("steps", N_("Steps done"), align="end"),
        Column("took", N_("Took, hours"), align="end", text=lambda row: f"{row['took'] / 3600:.1f}"),
        Column("expected", N_("Expected, hours"), align="end", text=lambda row: f"{row['expected'] / 3600:.1f}"),
        Column("ratio", N_("Ratio"), align="end", text=lambda row: f"{row['ratio']:.2f}"),
        Column("interval", N_("Interval (95 of 100)"), text=lambda row: f"{row['low']:.2f}–{row['high']:.2f}"),
        Column("verdict", N_("What can be said"), text=lambda row: _(VERDICTS[verdict(row["low"], row["high"])])),
    )  # fmt: skip


def deviation_text(one: dict) -> str:
    """Say one deviation in a line (偏离说明): what, between which steps, how often."""
    begin, end = _("beginning"), _("end")
    before = localized(one["before"]) if one["before"] else begin
    step = localized(one["step"]) if one["step"] else end
    between = ", ".join(localized(each) for each in one["skipped"])
    way = f"{before} → {step}" + (f" ({between})" if between else "")
    return f"{_(DEVIATIONS[one['kind']])}: {way} × {one['count']}"


def _again(request: HttpRequest, month: str) -> HttpResponse:
    try:
        month_span(month)
    except ValueError:
        raise NotFound() from None
    flow_count(month, now=timezone.now())
    flash(request, "success", _("Counted again."))
    return redirect(f"{request.path}?month={month}")
