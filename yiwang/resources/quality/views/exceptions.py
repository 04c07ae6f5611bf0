"""The desk of exceptions (异常反馈): the list, one of them, its rows, corrections."""

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
    audit_list,
    choices_of,
    context_get,
    error_text,
    flash,
    page_of,
    render,
)
from yiwang.resources.catalogue.models import Resource
from yiwang.resources.catalogue.queries import view_of
from yiwang.resources.quality.actions.exceptions import (
    exception_answer,
    exception_decide,
    exception_fix,
    exception_see,
)
from yiwang.resources.quality.contracts import Contract, ContractInvalid
from yiwang.resources.quality.data import ORIGINS, STATES, ExceptionView
from yiwang.resources.quality.keeping import OWN, rows_page
from yiwang.resources.quality.queries import (
    HANDLE,
    contract_build,
    data_path,
    exception_get,
    exception_lights,
    exception_rows,
    exception_view,
    is_bureau,
    light_rows,
)
from yiwang.resources.quality.suggesting import suggestion_of
from yiwang.resources.quality.views import words
from yiwang.resources.quality.views.boards import csv_response, rows_seen
from yiwang.resources.quality.wording import rule_text
from yiwang.sdk.errors import N_, Invalid, YiwangError

ROWS = 20
CELL = "c-"


@require_safe
@allow(populations={"STAFF"}, permission=HANDLE)
def exceptions(request: HttpRequest) -> HttpResponse:
    """List the exceptions of my department, of all for the data bureau (异常反馈)."""
    now, rows = timezone.now(), exception_rows()
    shown = rows if request.GET.get("state") else rows.exclude(state="CLOSED")
    page = page_of(request, shown, columns=_columns(), filters=_filters(now), default_order="due")
    if page.wants_export:
        return page.export("exceptions")
    return render(
        request,
        "resources/quality/exceptions.html",
        {
            "page": page,
            "lights": exception_lights(rows, now),
            "view": lambda row: exception_view(row, now=now),
            "bureau": is_bureau(),
            "words": words,
        },
    )


def _columns() -> tuple[Column, ...]:
    return (
        Column("number", N_("Exception"), order="id"),
        Column("title", N_("What is wrong")),
        Column(
            "department", N_("Provider"), text=lambda row: words.department_name(row.department_id)
        ),
        Column("rows_open", N_("Rows left"), order="rows_open", align="end"),
        Column("state", N_("State"), order="state", text=lambda row: words.state_text(row.state)),
        Column(
            "due", N_("Deadline"), order=("due_date", "id"), text=lambda row: row.due_date or ""
        ),
    )


def _filters(now) -> tuple[Filter, ...]:  # noqa: ANN001 - a moment
    return (
        Filter(
            "state", N_("State"), kind="select", unset=N_("Not settled yet"),
            choices=[("ALL", _("All")), *choices_of(STATES)],
            apply=lambda rows, value: rows if value == "ALL" else rows.filter(state=value),
        ),
        Filter(
            "light", N_("Deadline"), kind="select",
            choices=[(key, words.light_text(key)) for key in ("RED", "YELLOW", "GREEN")],
            apply=lambda rows, value: light_rows(rows, value, now),
        ),
        Filter(
            "origin", N_("Origin"), kind="select",
            choices=choices_of(ORIGINS),
            apply=lambda rows, value: rows.filter(origin=value),
        ),
        Filter(
            "q", N_("Number or words"),
            apply=lambda rows, value: rows.filter(title__contains=value)
            | rows.filter(number__startswith=value),
        ),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=HANDLE)
def exception(request: HttpRequest, exception_id: int) -> HttpResponse:
    """Show an exception with its rows; answer, decide, correct (办理异常)."""
    now, problem, errors = timezone.now(), "", {}
    if request.method == "POST":
        try:
            text = _act(request, exception_id)
        except Invalid as error:
            errors = {key: [_(each) for each in texts] for key, texts in error.fields.items()}
        except YiwangError as error:
            problem = error_text(error)
        else:
            flash(request, "success", text)
            return redirect("resources_quality:exception", exception_id)
        view = exception_get(exception_id, now=now)
    else:
        view = exception_get(exception_id, now=now)
        if view.state == "OPEN" and view.department_id in context_get().department_ids:
            view = exception_see(exception_id, now=now)
    return render(
        request,
        "resources/quality/exception.html",
        _content(request, view) | {"problem": problem, "errors": errors},
        status=422 if errors or problem else 200,
    )


def _content(request: HttpRequest, view: ExceptionView) -> dict:
    resource = _resource(view)
    contract = _contract(resource)
    rule = next((one for one in contract.rules if one.key == view.rule), None) if contract else None
    number = _number(request)
    path = data_path(view.path) if view.path else None
    found = rows_page(path, offset=(number - 1) * ROWS, limit=ROWS + 1) if path else []
    titles = {one.name: one.title for one in contract.fields} if contract else {}
    names = [name for name in (found[0] if found else ()) if name not in OWN]
    is_own = view.department_id in context_get().department_ids
    found = rows_seen(found, f"exception:{view.number}", resource=resource, is_own=is_own)
    return {
        "view": view,
        "resource": resource,
        "rule_text": rule_text(rule, contract) if rule and contract else words.message_text(view),
        "that": rule.that if rule and rule.kind == "ROW" else "",
        "rows": [
            (row, suggestion_of(rule, row, contract) if rule and contract else {})
            for row in found[:ROWS]
        ],
        "names": [(name, titles.get(name, name)) for name in names],
        "wrong": set(rule.fields) if rule else set(),
        "number": number,
        "has_next": len(found) > ROWS,
        "is_own": is_own,
        "may_answer": is_own and view.state in ("OPEN", "SEEN") and not view.objection,
        "may_decide": is_bureau() and view.state == "DISPUTED",
        "may_fix": is_own and resource is not None
        and view.state in ("OPEN", "SEEN", "ANSWERED", "FIX_SENT"),
        "objection_url": _objection_url(view),
        "history": history_of(view.number),
        "entries": request.POST,
        "cell_prefix": _cell,
        "words": words,
    }  # fmt: skip


def _cell(line: int, name: str) -> str:
    return f"{CELL}{line}-{name}"


def _act(request: HttpRequest, exception_id: int) -> str:
    act, now = request.POST.get("act", ""), timezone.now()
    reason = request.POST.get("reason", "")
    if act in ("ACCEPTED", "DISPUTED"):
        exception_answer(exception_id, outcome=act, reason=reason, now=now)
        return _("Your answer is on record.")
    if act in ("UPHELD", "WAIVED"):
        exception_decide(exception_id, outcome=act, reason=reason, now=now)
        return _("Your decision is on record.")
    view = exception_fix(exception_id, _corrections(request, exception_id), now=now)
    if view.state == "CLOSED":
        return _(
            "The corrected rows have landed and prove the correction: this exception is settled."
        )
    return _(
        "The corrected rows were sent. This exception is settled once they have landed and hold."
    )


def _corrections(request: HttpRequest, exception_id: int) -> dict[int, dict[str, str]]:
    """Read the cells that differ from what the page showed: only those are corrections."""
    view = exception_get(exception_id)
    number = _number(request)
    found = (
        rows_page(data_path(view.path), offset=(number - 1) * ROWS, limit=ROWS) if view.path else []
    )
    corrected: dict[int, dict[str, str]] = {}
    for row in found:
        for name in (name for name in row if name not in OWN):
            cell = _cell(row["line"], name)
            typed = request.POST.get(f"take-{cell}") or request.POST.get(cell)
            if typed is not None and typed.strip() != str(row[name] or ""):
                corrected.setdefault(int(row["line"]), {})[name] = typed
    return corrected


@require_safe
@allow(populations={"STAFF"}, permission=HANDLE)
def exception_rows_export(request: HttpRequest, exception_id: int) -> HttpResponse:
    """Give the rows of an exception as CSV (导出异常行)."""
    view = exception_get(exception_id)
    found = rows_page(data_path(view.path), offset=0, limit=50_000) if view.path else []
    is_own = view.department_id in context_get().department_ids
    subject = f"exception:{view.number}"
    found = rows_seen(found, subject, resource=_resource(view), is_own=is_own)
    return csv_response(found, view.number)


def history_of(number: str) -> list[dict]:
    """Return what happened to an exception as entries of a timeline, newest first (流转记录)."""
    entries = []
    for row in audit_list(subject=f"exception:{number}", limit=50):
        detail = row["detail"]
        is_look = row["act"] == "resources.quality.see" and not detail.get("seen")
        if is_look or row["act"] == "resources.quality.rows_look":
            continue
        text = str(detail.get("reason", ""))
        if batch := detail.get("batch"):
            text = _("Batch %(n)s") % {"n": batch}
        who = " · ".join(filter(None, (row["department_name"], row["actor_name"])))
        title = _(words.ACTS.get(row["act"], row["act"]))
        entries.append({"title": title, "at": row["at"], "by": who, "text": text})
    return entries


def _resource(view: ExceptionView) -> Resource | None:
    rows = Resource.objects.select_related("current_version")
    return rows.filter(pk=view.resource_id).first() if view.resource_id else None


def _contract(resource: Resource | None) -> Contract | None:
    try:
        return contract_build(view_of(resource).spec, resource.code) if resource else None
    except ContractInvalid:
        return None


def _objection_url(view: ExceptionView) -> str:
    """Return where the objection is answered; its pages belong to the registries."""
    return (
        reverse("resources_registries:objection", args=[view.objection]) if view.objection else ""
    )


def _number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return min(max(int(text), 1), 100_000) if text.isdecimal() and len(text) < 7 else 1
