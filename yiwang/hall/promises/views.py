"""Pages of promises: the applicant's with the document to hand in, the department's desk."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yiwang.engines.api import AttachmentRefused, attachment_get
from yiwang.hall.promises import actions
from yiwang.hall.promises.bar_actions import bar_appeal, bar_decide
from yiwang.hall.promises.data import KINDS, STATES, PromiseView
from yiwang.hall.promises.errors import PromiseReasonMissing
from yiwang.hall.promises.models import Promise
from yiwang.hall.promises.queries import (
    BREAK,
    CHECK,
    bar_list,
    bar_of_promise,
    promise_due_rows,
    promise_get,
    promise_rows,
    promise_view,
    waits_for_department,
)
from yiwang.identity.api import allow
from yiwang.kernel.api import (
    Column,
    Filter,
    choices_of,
    context_get,
    datetime_text,
    error_text,
    flash,
    localized,
    page_of,
    render,
    upload_overflow,
)
from yiwang.sdk.errors import N_, Invalid

HOLDERS = {"CITIZEN", "AGENT"}


def _due_text(row: Promise) -> str:
    if row.due_at is None and row.held_at is not None:
        return _("stands still with the application")
    return datetime_text(row.due_at) if row.due_at else "—"


COLUMNS = (
    Column("item", N_("What was promised"), text=lambda row: localized(row.item)),
    Column("kind", N_("Kind"), text=lambda row: _(KINDS[row.kind])),
    Column("state", N_("State"), text=lambda row: _(STATES[row.state])),
    Column("due_at", N_("Due"), "due_at", text=_due_text),
    Column("number", N_("Its application")),
)


def _filters() -> tuple[Filter, ...]:
    return (
        Filter(
            "state",
            N_("State"),
            "select",
            choices=[("WAITING", _("Waiting for us")), *choices_of(STATES)],
            apply=lambda rows, value: (
                rows.filter(waits_for_department())
                if value == "WAITING"
                else rows.filter(state=value)
            ),
        ),
        Filter(
            "kind",
            N_("Kind"),
            "select",
            choices=choices_of(KINDS),
            apply=lambda rows, value: rows.filter(kind=value),
        ),
        Filter(
            "number",
            N_("Application number"),
            apply=lambda rows, value: rows.filter(number__contains=value.strip()),
        ),
    )


@require_GET
@allow(populations=HOLDERS, purpose="查看本人承诺")
def mine(request: HttpRequest) -> HttpResponse:
    """List what I promised (我的承诺)."""
    rows = promise_rows("查看本人承诺").order_by("-pk")
    page = page_of(request, rows, columns=COLUMNS, filters=(), default_order="")
    bars = bar_list(context_get().subject_ref, on=timezone.localdate())
    names = {"page": page, "view": promise_view, "href": _href, "bars": bars, "kinds": KINDS}
    return render(request, "hall/promises/mine.html", names)


def _href(row: Promise) -> str:
    return reverse("hall_promises:detail", args=[row.pk])


@require_http_methods(["GET", "POST"])
@allow(populations=HOLDERS, purpose="履行承诺")
def detail(request: HttpRequest, promise_id: int) -> HttpResponse:
    """Show a promise (承诺详情) and take the document that follows."""
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        is_appeal = request.POST.get("do") == "appeal"
        errors = _appeal(request, promise_id) if is_appeal else _supply(request, promise_id)
        if not errors:
            told = (
                _("Your appeal was sent. You are told what is decided.")
                if is_appeal
                else _("Handed in. The department looks at it and tells you.")
            )
            flash(request, "success", told)
            return redirect("hall_promises:detail", promise_id)
    typed = request.POST.get("reason", "")[:2000]
    names = {
        **_names(promise_get(promise_id)),
        "bar": bar_of_promise(promise_id),
        "kinds": KINDS,
        "typed": typed,
        "errors": errors,
    }
    status = 413 if upload_overflow(request) else 422 if errors else 200
    return render(request, "hall/promises/detail.html", names, status=status)


def _appeal(request: HttpRequest, promise_id: int) -> dict[str, list[str]]:
    try:
        bar_appeal(promise_id, reason=request.POST.get("reason", ""), now=timezone.now())
    except PromiseReasonMissing as error:
        return {"reason": [error_text(error)]}
    return {}


def _supply(request: HttpRequest, promise_id: int) -> dict[str, list[str]]:
    file = request.FILES.get("file")
    if file is None:
        return {"file": [_("Choose the file to hand in.")]}
    try:
        actions.promise_supply(promise_id, file=file, now=timezone.now())
    except AttachmentRefused as error:
        return {"file": [error_text(error)]}
    return {}


def _names(promise: PromiseView) -> dict:
    file = attachment_get(promise.attachment_id) if promise.attachment_id else None
    return {"promise": promise, "file": file, "light": promise.light(timezone.now())}


@require_GET
@allow(populations={"STAFF"}, permission=CHECK, purpose="承诺核查")
def desk(request: HttpRequest) -> HttpResponse:
    """List the promises of my departments (承诺核查), the soonest due first."""
    page = page_of(
        request, promise_due_rows(), columns=COLUMNS, filters=_filters(), default_order=""
    )
    if page.wants_export:
        return page.export("promises")
    now = timezone.now()
    names = {"page": page, "view": promise_view, "now": now}
    return render(request, "hall/promises/desk.html", names)


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=CHECK, purpose="承诺核查")
def item(request: HttpRequest, promise_id: int) -> HttpResponse:
    """Check one promise (核查承诺): kept, sent back, or broken."""
    typed = {key: request.POST.get(key, "")[:2000] for key in ("result", "reason", "legal_basis")}
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        do = request.POST.get("do", "")
        is_paper = do == "supply"
        errors = _supply(request, promise_id) if is_paper else _conclude(do, promise_id, typed)
        if not errors:
            flash(request, "success", _("Done. The applicant has been told."))
            return redirect("hall_promises:item", promise_id)
    promise = promise_get(promise_id)
    names = {
        **_names(promise),
        "errors": errors,
        "typed": typed,
        "do": request.POST.get("do", ""),
        "may_break": context_get().may(BREAK),
        "kinds": KINDS,
        "bar": bar_of_promise(promise_id),
    }
    status = 413 if upload_overflow(request) else 422 if errors else 200
    return render(request, "hall/promises/item.html", names, status=status)


def _conclude(do: str, promise_id: int, typed: dict[str, str]) -> dict[str, list[str]]:
    now = timezone.now()
    basis = {"reason": typed["reason"], "legal_basis": typed["legal_basis"]}
    acts = {
        "keep": lambda: actions.promise_keep(promise_id, result=typed["result"], now=now),
        "return": lambda: actions.promise_return(promise_id, reason=typed["reason"], now=now),
        "break": lambda: actions.promise_break(promise_id, **basis, now=now),
        "lift": lambda: actions.bar_lift(promise_id, reason=typed["reason"], now=now),
        "grant": lambda: bar_decide(promise_id, granted=True, reason=typed["reason"], now=now),
        "uphold": lambda: bar_decide(promise_id, granted=False, reason=typed["reason"], now=now),
    }
    if do not in acts:
        return {"": [_("Choose one of the conclusions.")]}
    try:
        acts[do]()
    except Invalid as error:
        return {name: [_(text) for text in texts] for name, texts in error.fields.items()}
    return {}
