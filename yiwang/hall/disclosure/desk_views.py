"""Pages of the departments (双公示工作台): the check queue, entering, correcting, publishing, files, the board."""

from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yiwang.hall.disclosure import actions, queries
from yiwang.hall.disclosure.asking import day_of
from yiwang.hall.disclosure.data import GROUNDS, HIDDEN, KINDS, REPAIR, REVOKED, STATES
from yiwang.hall.disclosure.errors import (
    FileTooLong,
    FileUnreadable,
    NotPublishedYet,
    ReasonNeeded,
    RecordMoved,
    TooEarly,
)
from yiwang.hall.disclosure.intake import file_rows, records_take
from yiwang.hall.disclosure.queries import ENTER, OVERSEE, PUBLISH, PURPOSE
from yiwang.hall.disclosure.rules import standard_get, table_make, values_clean
from yiwang.hall.disclosure.wording import problem_texts
from yiwang.identity.api import allow, department_get
from yiwang.kernel.api import (
    Column,
    Filter,
    Source,
    audit_read_record,
    choices_of,
    context_get,
    error_text,
    flash,
    localized,
    page_of,
    render,
    sheet_response,
)
from yiwang.sdk.errors import N_, NotFound

BOARD_DAYS = {"30": 30, "90": 90, "365": 365}
ENCODINGS = {"utf-8": "utf-8-sig", "gb18030": "gb18030"}
COLUMNS = (
    Column("subject", N_("Subject of the decision")),
    Column("kind", N_("Kind")),
    Column("number", N_("Number of the decision")),
    Column("state", N_("State")),
    Column("due", N_("To be published by")),
)


@require_GET
@allow(populations={"STAFF"}, permission=ENTER, purpose=PURPOSE)
def desk(request: HttpRequest) -> HttpResponse:
    """List one's department's records, what is due first on top (公示核对队列)."""

    def asked(query):  # noqa: ANN001, ANN202 - a ListQuery
        given = query.filters
        return {
            "kind": given.get("kind", ""),
            "state": given.get("state", "OPEN"),
            "text": given.get("q", ""),
        }

    source = Source(
        lambda query: queries.record_list(**asked(query), offset=query.offset, limit=query.limit),
        lambda query, cap: queries.record_count(**asked(query), cap=cap),
    )
    filters = [
        Filter("q", N_("Code or number")),
        Filter("kind", N_("Kind"), "select", choices=choices_of(KINDS)),
        Filter(
            "state",
            N_("State"),
            "select",
            choices=choices_of(STATES),
            unset=N_("Not published yet"),
        ),
    ]
    page = page_of(request, source, columns=COLUMNS, filters=filters)
    context = {
        "page": page,
        "kinds": dict(choices_of(KINDS)),
        "words": {row.id: problem_texts(row.kind, row.errors) for row in page.rows},
        "may_publish": context_get().may(PUBLISH),
        "ready": queries.record_count(state="READY", cap=2000),
        "now": timezone.now(),
    }
    return render(request, "hall/disclosure/desk.html", context)


@require_POST
@allow(populations={"STAFF"}, permission=PUBLISH, purpose=PURPOSE)
def publish_all(request: HttpRequest) -> HttpResponse:
    """Publish everything that is clean (批量公示)."""
    count = actions.records_publish(now=timezone.now())
    text = ngettext("%(n)s decision was published.", "%(n)s decisions were published.", count)
    flash(request, "success", text % {"n": count})
    return redirect("hall_disclosure:desk")


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=ENTER, purpose=PURPOSE)
def new(request: HttpRequest, kind: str) -> HttpResponse:
    """Enter a decision by hand (录入决定)."""
    if kind not in KINDS:
        raise NotFound()
    department = department_get(context_get().department_id)
    errors: dict[str, list[str]] = {}
    values = _values(kind, request)
    if request.method == "POST":
        if values[f"{kind}_WSH"] and values[f"{kind}_XDR_MC"]:
            kept = actions.record_enter(
                kind,
                values,
                department_id=department.id,
                source="form",
                period=request.POST.get("period", ""),
                now=timezone.now(),
            )
            _entered_flash(request, kept.record.errors)
            return redirect("hall_disclosure:record", kept.record.id)
        missing = [c for c in (f"{kind}_WSH", f"{kind}_XDR_MC") if not values[c]]
        errors = problem_texts(kind, {code: ["missing"] for code in missing})
    context = {
        "kind": kind,
        "kinds": dict(choices_of(KINDS)),
        "groups": _groups(kind, values),
        "errors": errors,
        "department": department,
        "periods": _periods(),
        "period": request.POST.get("period", "GENERAL"),
    }
    return render(request, "hall/disclosure/new.html", context, status=422 if errors else 200)


def _entered_flash(request: HttpRequest, errors: dict) -> None:
    if errors:
        flash(request, "warning", _("Kept. Some entries must be put right before it is published."))
    else:
        flash(request, "success", _("Kept. It can be published."))


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=ENTER, purpose=PURPOSE)
def record(request: HttpRequest, record_id: int) -> HttpResponse:
    """Show a record with all that is wrong in it; put it right, publish it (核对、更正、公示)."""
    view = queries.record_get(record_id)
    errors: dict[str, list[str]] = {}
    values = _values(view.kind, request) if request.method == "POST" else dict(view.values)
    if request.method == "POST":
        try:
            return redirect("hall_disclosure:record", _record_act(request, view, values))
        except ReasonNeeded as error:
            errors = {"reason": [error_text(error)]}
        except NotPublishedYet as error:
            errors = problem_texts(view.kind, error.fields)
        except RecordMoved as error:
            errors = {"": [error_text(error)]}
    problems = problem_texts(view.kind, view.errors)
    context = {
        "record": view,
        "kinds": dict(choices_of(KINDS)),
        "groups": _groups(view.kind, values),
        "errors": errors or problems,
        "field_errors": problems | errors,
        "revisions": queries.record_revisions(record_id),
        "periods": _periods(),
        "grounds": _grounds(view.kind),
        "repair_day": actions.repair_day(view.kind, view.decided_date, view.period),
        "may_publish": context_get().may(PUBLISH),
        "is_open": view.is_current and view.state != HIDDEN,
        "now": timezone.now(),
    }
    return render(request, "hall/disclosure/record.html", context, status=422 if errors else 200)


def _record_act(request: HttpRequest, view, values: dict[str, str]) -> int:  # noqa: ANN001
    now = timezone.now()
    if request.POST.get("do") == "hide":
        _hide(request, view.id, now=now)
        return view.id
    if request.POST.get("do") == "publish":
        done = actions.record_publish(view.id, now=now)
        flash(request, "success", _("Published."))
        return done.id
    done = actions.record_correct(
        view.id,
        values,
        reason=request.POST.get("reason", ""),
        period=request.POST.get("period", ""),
        now=now,
    )
    _entered_flash(request, done.errors)
    return done.id


def _hide(request: HttpRequest, record_id: int, *, now: datetime) -> None:
    """Take a record from view: credit repaired, or the decision withdrawn (停止公示)."""
    try:
        actions.record_hide(
            record_id,
            ground=request.POST.get("ground", ""),
            reason=request.POST.get("hide_reason", ""),
            now=now,
        )
    except (ReasonNeeded, TooEarly, RecordMoved) as error:
        flash(request, "danger", error_text(error))
    else:
        flash(request, "success", _("Taken from view. The record stays with its reason."))


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=ENTER, purpose=PURPOSE)
def file(request: HttpRequest) -> HttpResponse:
    """Take in a CSV file of decisions; say what is wrong, line by line (批量报送)."""
    kind = request.POST.get("kind", "CF")
    kind = kind if kind in KINDS else "CF"
    found, errors, lines = None, {}, []
    if request.method == "POST":
        sent = request.FILES.get("file")
        try:
            if sent is None:
                raise FileUnreadable()
            rows = file_rows(kind, sent.read())
        except (FileUnreadable, FileTooLong) as error:
            errors = {"file": [error_text(error)]}
        else:
            found = records_take(
                kind,
                rows,
                department_id=context_get().department_id,
                source=f"csv:{sent.name[:80]}",
                now=timezone.now(),
            )
            lines = [(line, problem_texts(kind, each)) for line, each in found.problems.items()]
    context = {
        "kind": kind,
        "kinds": choices_of(KINDS),
        "found": found,
        "errors": errors,
        "lines": lines,
    }
    return render(request, "hall/disclosure/file.html", context, status=422 if errors else 200)


@require_GET
@allow(populations={"STAFF"}, permission=ENTER, purpose=PURPOSE)
def standard_file(request: HttpRequest) -> HttpResponse:
    """Give the standard file of one's department's published records in full (标准文件导出)."""
    kind, form = request.GET.get("kind", "XK"), request.GET.get("form", "csv")
    encoding = ENCODINGS.get(request.GET.get("encoding", "utf-8"))
    if kind not in KINDS or form not in ("csv", "xlsx") or encoding is None:
        raise NotFound()
    heading = "title" if request.GET.get("heading") == "title" else "code"
    rows: list[dict[str, str]] = []
    if request.GET.get("empty") != "1":
        rows = queries.record_export(
            kind=kind,
            since=day_of(request.GET.get("since", "")),
            until=day_of(request.GET.get("until", "")),
        )
        audit_read_record(
            f"disclosure:{kind}", act="hall.disclosure.export", detail={"rows": len(rows)}
        )
    table = table_make(kind, rows, heading=heading)
    return sheet_response(form, table, f"{kind}-{timezone.localdate():%Y%m%d}", encoding=encoding)


@require_GET
@allow(populations={"STAFF"}, permission=OVERSEE, purpose="公示时效统计")
def board(request: HttpRequest) -> HttpResponse:
    """Show how timely each department publishes (公示时效看板)."""
    days = BOARD_DAYS.get(request.GET.get("days", ""), 90)
    now = timezone.now()
    today = timezone.localdate(now)
    context = {
        "rows": queries.timeliness(since=today - timedelta(days=days), until=today, now=now),
        "days": days,
        "periods": sorted(BOARD_DAYS.values()),
    }
    return render(request, "hall/disclosure/board.html", context)


def _values(kind: str, request: HttpRequest) -> dict[str, str]:
    given = {}
    for spec in standard_get().fields[kind]:
        texts = request.POST.getlist(spec.code)
        given[spec.code] = ";".join(texts) if spec.several else (texts or [""])[0][:6000]
    return values_clean(kind, given)


def _groups(kind: str, values: dict[str, str]) -> list[tuple[str, list[dict]]]:
    """Part the fields of a form: who, the decision, the organ (表单分组)."""
    specs = standard_get().fields[kind]
    first = next(i for i, spec in enumerate(specs) if spec.code.endswith(("_XKWS", "_WSH")))
    last = next(i for i, spec in enumerate(specs) if spec.code.endswith(("JG", "CFJG")))
    return [
        (_("Who it concerns"), [_field(each, values) for each in specs[:first]]),
        (_("The decision"), [_field(each, values) for each in specs[first:last]]),
        (_("Who decided and who sends"), [_field(each, values) for each in specs[last:]]),
    ]


def _field(spec, values: dict[str, str]) -> dict:  # noqa: ANN001 - a FieldSpec
    standard = standard_get()
    text = values.get(spec.code, "")
    kind, options = "text", []
    if spec.codes == "subject_types":
        options = [(key, localized(title)) for key, title in standard.subject_types.items()]
        kind = "select"
    elif spec.codes == "states":
        kind, options = "select", [("1", _("In force")), ("2", _("Not in force any more"))]
    elif spec.codes:
        options = [(code, code) for code in standard.codes[spec.codes]]
        kind = "checkboxes" if spec.several else "select"
        known = set(standard.codes[spec.codes])
        own = [part for part in text.split(";") if part and part not in known]
        options += [(part, part) for part in own]  # "其他-…" stays what it was
        text = text.split(";") if spec.several else text
    elif spec.type == "DATE":
        kind = "date"
    elif spec.max and spec.max >= 500:
        kind = "textarea"
    return {
        "name": spec.code,
        "label": f"{localized(spec.text)} ({spec.code})",
        "value": text,
        "type": kind,
        "options": options,
        "required": spec.required == "ALWAYS",
        "maxlength": spec.max,
    }


def _periods() -> list[tuple[str, str]]:
    periods = standard_get().periods.items()
    return [(key, localized({"zh": each.zh, "en": each.en})) for key, each in periods]


def _grounds(kind: str) -> list[tuple[str, str]]:
    keys = (REPAIR, REVOKED) if kind == "CF" else (REVOKED,)
    return [(key, _(GROUNDS[key])) for key in keys]
