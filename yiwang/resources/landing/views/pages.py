"""Pages of a department's clerk (报送人员): what to send, sending it, what became of it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from yiwang.identity.api import allow
from yiwang.kernel.api import (
    Column,
    Filter,
    Source,
    audit_list,
    choices_of,
    context_get,
    error_text,
    flash,
    page_of,
    render,
)
from yiwang.resources.catalogue.data import ResourceSpec, ResourceView
from yiwang.resources.catalogue.queries import view_of
from yiwang.resources.landing import actions, sheets
from yiwang.resources.landing.actions.receiving import batch_receive_chunks
from yiwang.resources.landing.data import MODES, STATES, BatchView
from yiwang.resources.landing.models import Batch
from yiwang.resources.landing.queries import (
    OVERSEE,
    SEND,
    batch_for_staff,
    batch_rows,
    batch_rows_of_staff,
    batch_view,
    feed_rows,
    feed_rows_map,
    last_batches,
    next_due,
    oversees_all,
    resource_rows_of_staff,
    resource_view,
    source_list,
)
from yiwang.resources.landing.views import words
from yiwang.sdk.errors import N_, Forbidden, Invalid, NotFound, YiwangError

PERSONAL_LEVEL = 3
UPLOAD_MAX = 2 * 1024**3
RESOURCE_COLUMNS = (
    Column("title", N_("Resource"), order="draft_title"),
    Column("last", N_("Last batch")),
    Column("due", N_("Next due")),
    Column("rows", N_("Rows in force"), align="end"),
    Column("send", N_("Act")),
)
BATCH_COLUMNS = (
    Column("number", N_("Batch")),
    Column("state", N_("State"), order="state"),
    Column("received_at", N_("Received on"), order="received_at"),
    Column("accepted", N_("Rows taken"), align="end"),
    Column("rejected", N_("Rows refused"), align="end"),
)
ROW_COLUMNS = (
    Column("line", N_("Line of the file"), align="end"),
    Column("reasons", N_("Reasons")),
)


@require_safe
@allow(populations={"STAFF"}, permission=SEND)
def home(request: HttpRequest) -> HttpResponse:
    """List what my department sends, with its last batch and when the next is due (报送清单)."""
    page = page_of(
        request,
        resource_rows_of_staff(),
        columns=RESOURCE_COLUMNS,
        filters=(
            Filter(
                "q",
                N_("Name or code"),
                apply=lambda rows, value: (
                    rows.filter(draft_title__contains=value) | rows.filter(code__startswith=value)
                ),
            ),
        ),
        default_order="title",
    )
    ids = [row.pk for row in page.rows]
    last, in_force = last_batches(ids), feed_rows_map(ids)
    views = {row.pk: view_of(row) for row in page.rows}
    return render(
        request,
        "resources/landing/home.html",
        {
            "page": page,
            "last": last,
            "in_force": in_force,
            "views": views,
            "due": {pk: next_due(view) for pk, view in views.items()},
            "now": timezone.now(),
            "waiting": list(_waiting()),
            "oversees": oversees_all(),
            "words": words,
        },
    )


@require_safe
@allow(populations={"STAFF"}, permission=SEND)
def batches(request: HttpRequest) -> HttpResponse:
    """List the batches that my department sent, or all for overseers (批次记录)."""
    page = page_of(
        request,
        batch_rows_of_staff(),
        columns=BATCH_COLUMNS,
        filters=(
            Filter(
                "state",
                N_("State"),
                kind="select",
                choices=choices_of(STATES),
                apply=lambda rows, value: rows.filter(state=value),
            ),
            Filter(
                "q",
                N_("Resource or file"),
                apply=lambda rows, value: (
                    rows.filter(resource__draft_title__contains=value)
                    | rows.filter(name__contains=value)
                ),
            ),
        ),
        default_order="-received_at",
    )
    views = {row.pk: batch_view(row) for row in page.rows}
    return render(
        request,
        "resources/landing/batches.html",
        {"page": page, "views": views, "words": words, "oversees": oversees_all()},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=SEND)
def resource(request: HttpRequest, resource_id: int) -> HttpResponse:
    """Show a resource with what was sent of it, and take a file (报送数据)."""
    view = _resource(resource_id)
    errors: dict[str, list[str]] = {}
    mode = request.POST.get("mode", "DELTA")
    if request.method == "POST":
        errors, batch = _upload(request, view, mode)
        if batch is not None:
            return redirect("resources_landing:batch", batch.id)
    rows = batch_rows_of_staff().filter(resource_id=view.id)
    page = page_of(request, rows, columns=BATCH_COLUMNS, default_order="-received_at")
    return render(
        request,
        "resources/landing/resource.html",
        {
            "view": view,
            "page": page,
            "views": {row.pk: batch_view(row) for row in page.rows},
            "rows": feed_rows(view.code),
            "due": next_due(view),
            "now": timezone.now(),
            "sources": source_list(view.code),
            "mode": mode if mode in MODES else "DELTA",
            "errors": errors,
            "words": words,
        },
        status=422 if errors else 200,
    )


def _upload(
    request: HttpRequest, view: ResourceView, mode: str
) -> tuple[dict[str, list[str]], BatchView | None]:
    upload = request.FILES.get("file")
    if upload is None:
        return {"file": [_("Choose the file to send.")]}, None
    if upload.size > UPLOAD_MAX:
        return {"file": [_("The file is larger than 2 GB. Send it in parts or by folder.")]}, None
    try:
        batch = batch_receive_chunks(
            view.code, upload.chunks(), name=upload.name or "", mode=mode, now=timezone.now()
        )
    except Invalid as error:
        return {name: [_(text) for text in texts] for name, texts in error.fields.items()}, None
    except YiwangError as error:
        return {"file": [error_text(error)]}, None
    if batch.is_repeated:
        text = _("This very file was received before as batch %(n)s. Nothing was changed.")
        flash(request, "info", text % {"n": batch.number})
    return {}, batch


@require_safe
@allow(populations={"STAFF"}, permission=SEND)
def template(request: HttpRequest, resource_id: int, form: str) -> HttpResponse:
    """Send an empty file with the right heading (下载模板)."""
    view = _resource(resource_id)
    if form not in sheets.FORMS:
        raise NotFound()
    content = sheets.template_write(form, view.spec.fields)
    return _file(content, form, f"{view.spec.title}-模板")


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=SEND)
def batch(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Show what became of a batch, and act on it (批次详情)."""
    view = batch_for_staff(batch_id)
    errors, problem = {}, ""
    if request.method == "POST":
        try:
            flash(request, "success", _act(request, view))
        except Invalid as error:
            errors = {name: [_(text) for text in texts] for name, texts in error.fields.items()}
        except YiwangError as error:
            problem = error_text(error)
        else:
            return redirect("resources_landing:batch", batch_id)
        view = batch_for_staff(batch_id)
    return render(
        request,
        "resources/landing/batch.html",
        _batch_facts(view)
        | {"errors": errors, "problem": problem, "reason": request.POST.get("reason", "")},
        status=422 if errors or problem else 200,
    )


def _batch_facts(view: BatchView) -> dict:
    spec = resource_view(view.resource_id).spec
    titles = {one.name: one.title or one.name for one in spec.fields}
    return {
        "view": view,
        "spec": spec,
        "hidden": _hidden(view, spec),
        "titles": titles,
        "sample": batch_rows(view.id, limit=5).rows if view.counts.rejected else (),
        "history": _history(view.id),
        "oversees": oversees_all() and context_get().may(OVERSEE),
        "words": words,
    }


def _hidden(view: BatchView, spec: ResourceSpec) -> frozenset[str]:
    """Return the personal fields whose values the acting person does not see: another department's."""
    if view.department_id in context_get().department_ids:
        return frozenset()
    return frozenset(one.name for one in spec.fields if one.level >= PERSONAL_LEVEL)


def _act(request: HttpRequest, view: BatchView) -> str:
    act, now = request.POST.get("act", ""), timezone.now()
    reason = request.POST.get("reason", "")
    if act == "cancel":
        actions.batch_cancel(view.id, now=now)
        return _("The batch was cancelled. Nothing of it was kept.")
    if act == "retry":
        actions.batch_retry(view.id, now=now)
        return _("The batch is processed again.")
    if act == "release":
        actions.batch_release(view.id, reason=reason, now=now)
        return _("The batch was released and is in force.")
    if act == "withdraw":
        actions.batch_withdraw(view.id, reason=reason, now=now)
        return _("The batch was taken back. What it replaced is in force again.")
    raise NotFound()


@require_safe
@allow(populations={"STAFF"}, permission=SEND)
def progress(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Answer how far a batch is; when it is done the page loads anew (处理进度)."""
    view = batch_for_staff(batch_id)
    response = render(request, "resources/landing/progress.html", {"view": view, "words": words})
    if not view.is_running:
        response.headers["HX-Refresh"] = "true"
    return response


@require_safe
@allow(populations={"STAFF"}, permission=SEND)
def rows(request: HttpRequest, batch_id: int) -> HttpResponse:
    """List the refused rows with every reason and their values (拒收明细)."""
    view = batch_for_staff(batch_id)
    spec = resource_view(view.resource_id).spec
    reason = request.GET.get("reason", "")
    found = Source(
        fetch=lambda query: (
            batch_rows(
                view.id,
                reason=query.filters.get("reason", ""),
                limit=query.limit,
                offset=query.offset,
            ).rows
        ),
        count=lambda query, cap: min(
            cap, batch_rows(view.id, reason=query.filters.get("reason", ""), limit=0).total
        ),
    )
    page = page_of(
        request,
        found,
        columns=ROW_COLUMNS,
        filters=(
            Filter(
                "reason",
                N_("Reason"),
                kind="select",
                choices=[(key, words.reason_text(key, spec)) for key in view.reasons],
            ),
        ),
    )
    actions.rows_read_note(view.id)
    titles = {one.name: one.title or one.name for one in spec.fields}
    context = {"view": view, "page": page, "spec": spec, "titles": titles, "reason": reason}
    context["hidden"] = _hidden(view, spec)
    return render(request, "resources/landing/rows.html", context | {"words": words})


@require_safe
@allow(populations={"STAFF"}, permission=SEND)
def rows_file(request: HttpRequest, batch_id: int, form: str) -> HttpResponse:
    """Send the refused rows with their reasons, to correct and send again (下载拒收数据)."""
    view = batch_for_staff(batch_id)
    if form not in sheets.FORMS:
        raise NotFound()
    spec = resource_view(view.resource_id).spec
    if _hidden(view, spec):
        raise Forbidden()
    actions.rows_read_note(view.id)
    content = sheets.rejected_write(
        form,
        spec.fields,
        sheets.rejected_read(view.id),
        lambda reason: words.reason_text(reason, spec),
    )
    return _file(content, form, f"{view.resource_title}-{view.number}-拒收")


def _file(content: bytes, form: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=sheets.FORMS[form])
    response.headers["Content-Disposition"] = content_disposition_header(
        as_attachment=True, filename=f"{name}.{form}"
    )
    return response


def _waiting() -> list[BatchView]:
    rows = batch_rows_of_staff().filter(state__in=[Batch.State.STOPPED, Batch.State.FAILED])
    return [batch_view(row) for row in rows[:5]]


def _resource(resource_id: int) -> ResourceView:
    row = resource_rows_of_staff().filter(pk=resource_id).first() if resource_id < 2**62 else None
    if row is None:
        raise NotFound()
    return view_of(row)


def _history(batch_id: int) -> list[dict]:
    entries = []
    for row in audit_list(subject=f"batch:{batch_id}", limit=50):
        act = row["act"]
        if row["detail"].get("overtaken"):
            continue
        repeated = row["detail"].get("repeated")
        title = _("The same file came again") if repeated else _(words.ACTS.get(act, act))
        who = " · ".join(filter(None, (row["department_name"], row["actor_name"])))
        text = row["detail"].get("reason", "")
        entries.append({"title": title, "at": row["at"], "by": who, "text": text})
    return entries
