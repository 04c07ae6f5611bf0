"""Pages of requests for opinions (征求意见页面): asking, answering, following, the panels of experts."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yiwang.engines.api import AttachmentRefused
from yiwang.hall.consultations import data
from yiwang.hall.consultations.actions import consultation_answer, consultation_recall
from yiwang.hall.consultations.casework import (
    application_consult,
    application_review_ask,
    consult_item_get,
)
from yiwang.hall.consultations.data import PartyAsk
from yiwang.hall.consultations.panels import expert_add, expert_remove, panel_put
from yiwang.hall.consultations.queries import (
    ASK,
    PANELS,
    consultation_asked_rows,
    consultation_get,
    consultation_sent_rows,
    panel_list,
    panel_own_get,
)
from yiwang.identity.api import allow, department_get, department_list
from yiwang.kernel.api import (
    Column,
    Filter,
    choices_of,
    context_get,
    error_text,
    flash,
    localized,
    page_of,
    render,
)
from yiwang.sdk.errors import N_, Conflict, Invalid
from yiwang.sdk.joins import ALL, QUORUM, VETO, Join

PURPOSE = "征求意见"
COLUMNS = (
    Column("number", N_("Number"), "number"),
    Column("title", N_("About"), text=lambda row: localized(row.title)),
    Column("department_name", N_("Asking department"), "department_name"),
    Column("state", N_("State"), "state", text=lambda row: _(data.STATES[row.state])),
    Column("asked_at", N_("Asked on"), "asked_at"),
    Column("due_at", N_("Due"), "due_at"),
)


def _list(request: HttpRequest, rows, *, tab: str) -> HttpResponse:
    states = choices_of(data.STATES)
    filters = [
        Filter("state", N_("State"), "select", states, lambda r, value: r.filter(state=value)),
        Filter("number", N_("Number"), apply=lambda r, value: r.filter(number=value.strip())),
    ]
    page = page_of(request, rows, columns=COLUMNS, filters=filters)
    if page.wants_export:
        return page.export("consultations")
    context = context_get()
    tabs = [(_("Asked of us"), reverse("hall_consultations:asked"), tab == "asked")]
    if context.may(ASK):
        tabs.append((_("Asked by us"), reverse("hall_consultations:sent"), tab == "sent"))
    now = timezone.now()
    names = {"page": page, "tab": tab, "tabs": tabs, "now": now, "labels": data.STATES}
    return render(request, "hall/consultations/list.html", names)


@require_GET
@allow(populations={"STAFF"}, purpose=PURPOSE)
def asked(request: HttpRequest) -> HttpResponse:
    """List what others want to know from my department or from me (待我方答复)."""
    return _list(request, consultation_asked_rows(), tab="asked")


@require_GET
@allow(populations={"STAFF"}, permission=ASK, purpose=PURPOSE)
def sent(request: HttpRequest) -> HttpResponse:
    """List what my departments asked others (我方发出)."""
    return _list(request, consultation_sent_rows(), tab="sent")


@require_GET
@allow(populations={"STAFF"}, purpose=PURPOSE)
def detail(request: HttpRequest, consultation_id: int) -> HttpResponse:
    """Show a request with its answers, to who asked and to who is asked."""
    return _detail(request, consultation_id)


def _detail(
    request: HttpRequest,
    consultation_id: int,
    *,
    errors: dict | None = None,
    typed: dict | None = None,
    status: int = 200,
) -> HttpResponse:
    found = consultation_get(consultation_id, now=timezone.now())
    names = {
        "consultation": found,
        "mine": [one for one in found.parties if one.may_answer],
        "opinions": list(data.OPINIONS.items()),
        "errors": errors or {},
        "typed": typed or {},
        "number": found.subject.removeprefix("application:"),
    }
    return render(request, "hall/consultations/detail.html", names, status=status)


@require_POST
@allow(populations={"STAFF"}, purpose=PURPOSE)
def answer(request: HttpRequest, party_id: int) -> HttpResponse:
    """Answer for one's department, or as an expert."""
    typed = {key: request.POST.get(key, "") for key in ("opinion", "answer", "reason")}
    shown = request.POST.get("consultation", "")
    try:
        found = consultation_answer(
            party_id, **typed, file=request.FILES.get("file"), now=timezone.now()
        )
    except AttachmentRefused as error:
        errors = {"file": [error_text(error)]}
        return _detail(request, int(shown), errors=errors, typed=typed, status=422)
    except Invalid as error:
        return _detail(request, int(shown), errors=error.fields, typed=typed, status=422)
    flash(request, "success", _("Your answer is in the case file."))
    return redirect("hall_consultations:detail", found.id)


@require_POST
@allow(populations={"STAFF"}, permission=ASK, purpose=PURPOSE)
def recall(request: HttpRequest, consultation_id: int) -> HttpResponse:
    """Take a request back."""
    reason = request.POST.get("recall_reason", "")
    try:
        consultation_recall(consultation_id, reason=reason, now=timezone.now())
    except Invalid:
        errors = {"recall_reason": [_("Give the reason.")]}
        return _detail(request, consultation_id, errors=errors, status=422)
    flash(request, "success", _("Taken back. The work on the case can go on."))
    return redirect("hall_consultations:detail", consultation_id)


# --- asking --------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=ASK, purpose=PURPOSE)
def ask(request: HttpRequest, item_id: int) -> HttpResponse:
    """Ask other departments or a panel of experts about the case of a work item."""
    item = consult_item_get(item_id)
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            found = _asked(request, item_id)
        except AttachmentRefused as error:
            errors = {"file": [error_text(error)]}
        except Invalid as error:
            errors = dict(error.fields) or {"": [error_text(error)]}
        else:
            flash(request, "success", _("Asked. The answers come into the case file."))
            return redirect("hall_consultations:detail", found.id)
    context = context_get()
    own = department_get(context.department_id)
    names = {
        "item": item,
        "departments": [
            (f"{data.DEPARTMENT}:{one.id}", one.name)
            for one in department_list()
            if one.id != own.id and one.level in ("CITY", own.level)
            and (one.level == "CITY" or one.area_code == own.area_code)
        ],
        "panels": [(f"{data.PANEL}:{one.id}", localized(one.title)) for one in panel_list()],
        "policies": list(data.POLICIES.items()),
        "typed": request.POST,
        "chosen": request.POST.getlist("parties"),
        "errors": errors,
    }  # fmt: skip
    status = 422 if errors else 200
    return render(request, "hall/consultations/ask.html", names, status=status)


@require_POST
@allow(populations={"STAFF"}, permission=ASK, purpose=PURPOSE)
def review(request: HttpRequest, item_id: int) -> HttpResponse:
    """Ask the panel for the review that the step needs."""
    found = application_review_ask(item_id, request.POST.get("review", ""), now=timezone.now())
    flash(request, "success", _("Asked. The answers come into the case file."))
    return redirect("hall_consultations:detail", found.id)


def _asked(request: HttpRequest, item_id: int):
    parties = []
    for text in request.POST.getlist("parties"):
        kind, _sep, ref = text.partition(":")
        if kind in (data.DEPARTMENT, data.PANEL) and ref.isdecimal():
            parties.append(PartyAsk(kind, int(ref)))
    days = request.POST.get("days", "")
    return application_consult(
        item_id,
        question=request.POST.get("question", ""),
        parties=parties,
        days=int(days) if days.isdecimal() and len(days) < 4 else 0,
        join=_join(request, parties),
        ground=data.EXPERT_REVIEW if request.POST.get("pauses") else "",
        file=request.FILES.get("file"),
        now=timezone.now(),
    )


def _join(request: HttpRequest, parties: list[PartyAsk]) -> Join:
    policy = request.POST.get("policy", ALL)
    policy = policy if policy in data.POLICIES else ALL
    quorum = request.POST.get("quorum", "")
    named = [f"department_{one.ref}" for one in parties if one.kind == data.DEPARTMENT]
    return Join(
        policy,
        int(quorum) if policy == QUORUM and quorum.isdecimal() and len(quorum) < 4 else 0,
        tuple(named[:1]) if policy == VETO else (),
    )


# --- panels --------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=PANELS, purpose="维护专家组")
def panels(request: HttpRequest) -> HttpResponse:
    """List the panels of experts, set one up."""
    errors: dict[str, list[str]] = {}
    typed = {key: request.POST.get(key, "") for key in ("key", "title_zh", "title_en")}
    if request.method == "POST":
        try:
            made = panel_put(**typed)
        except Invalid as error:
            errors = dict(error.fields)
        else:
            return redirect("hall_consultations:panel", made.id)
    names = {"panels": panel_list(only_open=False), "errors": errors, "typed": typed}
    return render(request, "hall/consultations/panels.html", names, status=422 if errors else 200)


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=PANELS, purpose="维护专家组")
def panel(request: HttpRequest, panel_id: int) -> HttpResponse:
    """Show a panel, add and remove its experts."""
    errors: dict[str, list[str]] = {}
    typed = {key: request.POST.get(key, "") for key in ("username", "field")}
    if request.method == "POST":
        try:
            removed = request.POST.get("remove", "")
            if removed.isdecimal():
                expert_remove(panel_id, expert_id=int(removed))
            else:
                expert_add(panel_id, **typed)
        except Conflict:
            errors = {"username": [_("This expert is on the panel already.")]}
        except Invalid as error:
            errors = dict(error.fields)
        else:
            return redirect("hall_consultations:panel", panel_id)
    names = {"panel": panel_own_get(panel_id), "errors": errors, "typed": typed}
    return render(request, "hall/consultations/panel.html", names, status=422 if errors else 200)
