"""Pages everybody reads (双公示公开页): published licences and penalties, masked by the rules of their fields."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from yiwang.hall.disclosure import queries
from yiwang.hall.disclosure.asking import FILTER_KEYS, day_of, filter_of
from yiwang.hall.disclosure.data import KINDS
from yiwang.hall.disclosure.rules import standard_get, table_make
from yiwang.identity.api import department_list, public
from yiwang.kernel.api import (
    Column,
    Filter,
    ListQuery,
    Source,
    date_text,
    localized,
    page_of,
    render,
    sheet_response,
)
from yiwang.sdk.errors import N_, NotFound

EXPORT_MAX = 50_000
COLUMNS = (
    Column("subject", N_("Subject of the decision")),
    Column("kind", N_("Kind")),
    Column("content", N_("What was decided")),
    Column("number", N_("Number of the decision")),
    Column("decided", N_("Day of the decision")),
)


@public
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """List what was granted and what was punished (行政许可和行政处罚公示)."""
    source = Source(
        lambda query: queries.public_list(filter_of(query), offset=query.offset, limit=query.limit),
        lambda query, cap: queries.public_count(filter_of(query), cap=cap),
    )
    page = page_of(request, source, columns=COLUMNS, filters=_filters())
    kept = {key: value for key, value in page.filter_values.items() if value}
    context = {"page": page, "kinds": _kinds(), "kept": kept}
    return render(request, "hall/disclosure/index.html", context)


@public
@require_GET
def detail(request: HttpRequest, record_id: int) -> HttpResponse:
    """Show one published decision with its corrections (公示详情)."""
    record = queries.public_get(record_id)
    specs = standard_get().fields[record.kind]
    pairs = [
        (localized(spec.text), shown(record.kind, spec.code, record.values[spec.code]))
        for spec in specs
        if record.values.get(spec.code)
    ]
    context = {
        "record": record,
        "pairs": pairs,
        "kinds": _kinds(),
        "corrections": queries.public_corrections(record_id),
    }
    return render(request, "hall/disclosure/detail.html", context)


@public
@require_GET
def export(request: HttpRequest, form: str) -> HttpResponse:
    """Give what is published of one kind as a file, masked as on the page (公示信息下载)."""
    kind = request.GET.get("kind", "")
    if form not in ("csv", "xlsx") or kind not in KINDS:
        raise NotFound()
    given = {key: request.GET.get(key, "")[:100] for key in FILTER_KEYS}
    filters = filter_of(ListQuery({k: v for k, v in given.items() if v}, (), 0, 0))
    rows = (record.values for record in queries.public_list(filters, limit=EXPORT_MAX))
    return sheet_response(form, table_make(kind, rows, heading="title"), f"disclosure-{kind}")


def shown(kind: str, code: str, text: str) -> str:
    """Return a value as a person reads it (显示值): code values in words, days as the language writes them."""
    spec = standard_get().field(kind, code)
    if spec.codes == "subject_types":
        types = standard_get().subject_types
        return localized(types[text]) if text in types else text
    if spec.codes == "states":
        return {"1": _("In force"), "2": _("Not in force any more")}.get(text, text)
    return date_text(day) if spec.type == "DATE" and (day := day_of(text)) else text


def _kinds() -> dict[str, str]:
    return {kind: _(text) for kind, text in KINDS.items()}


def _filters() -> list[Filter]:
    departments = [
        (row.id, localized({"zh": row.short_name or row.name, "en": row.name_en or row.name}))
        for row in department_list(level="CITY")
    ]
    return [
        Filter("q", N_("Name, code or number")),
        Filter("kind", N_("Kind"), kind="select", choices=list(_kinds().items())),
        Filter("department", N_("Department"), kind="select", choices=departments),
        Filter("since", N_("Decided from"), kind="date"),
        Filter("until", N_("Decided until"), kind="date"),
    ]
