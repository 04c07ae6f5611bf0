"""What the applicant sees of submitted applications (我的办件)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from yiwang.engines.api import form_post_values, form_state
from yiwang.hall.applications import rules
from yiwang.hall.applications.actions.applicant import (
    application_delivery_choose,
    application_rate,
    application_withdraw,
    correction_answer,
)
from yiwang.hall.applications.errors import ApplicationNotFound
from yiwang.hall.applications.queries.details import (
    application_detail_get,
    application_receipt_get,
    own_application_rows,
)
from yiwang.hall.applications.queries.drafts import draft_open_list
from yiwang.hall.deliveries.data import METHODS, Receiver
from yiwang.hall.deliveries.errors import LockerFull, ReceiverIncomplete
from yiwang.hall.deliveries.queries import locker_list
from yiwang.hall.matters.parts import parts_of
from yiwang.hall.ratings.data import INDICATORS, LEVELS, ONLINE
from yiwang.hall.ratings.errors import RatingIncomplete
from yiwang.hall.ratings.tracing import device_of
from yiwang.hall.receipts.queries import proof_exists
from yiwang.identity.api import allow, pending_form_take
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
from yiwang.sdk.errors import N_, Invalid

APPLICANTS = {"CITIZEN", "AGENT"}
PURPOSE = "查看本人办件"

COLUMNS = (
    Column("title", N_("Matter")),
    Column("number", N_("Number")),
    Column("state", N_("State"), "state", text=lambda row: _(rules.STATE_LABELS[row.state])),
    Column("submitted", N_("Submitted"), "submitted_at"),
)


def _filters() -> tuple[Filter, ...]:
    return (
        Filter(
            "state",
            N_("State"),
            "select",
            choices=choices_of(rules.STATE_LABELS),
            apply=lambda rows, value: rows.filter(state=value),
        ),
        Filter(
            "q",
            N_("Number contains"),
            apply=lambda rows, value: rows.filter(number__contains=value.strip()),
        ),
    )


@allow(populations=APPLICANTS, purpose=PURPOSE)
def mine(request: HttpRequest) -> HttpResponse:
    """List one's applications and drafts."""
    page = page_of(
        request, own_application_rows(), columns=COLUMNS, filters=_filters(), default_order=""
    )
    return render(
        request,
        "hall/applications/mine.html",
        {"page": page, "drafts": draft_open_list(), "labels": rules.STATE_LABELS},
    )


@allow(populations=APPLICANTS, purpose=PURPOSE)
def detail(request: HttpRequest, number: str) -> HttpResponse:
    """Show one's application: state, clock, story, documents, what happens next."""
    found = application_detail_get(number, purpose=PURPOSE, now=timezone.now())
    names = {"detail": found, "cards": parts_of("application", found)}
    return render(request, "hall/applications/detail.html", names)


@allow(populations=APPLICANTS, purpose=PURPOSE)
def receipt(request: HttpRequest, number: str) -> HttpResponse:
    """Show the receipt (回执) with the hash of what was submitted."""
    application, department = application_receipt_get(number, purpose=PURPOSE)
    names = {
        "application": application,
        "department": department,
        "has_proof": proof_exists(number),
    }
    return render(request, "hall/applications/receipt.html", names)


@require_http_methods(["GET", "POST"])
@allow(populations=APPLICANTS, purpose="选择领取方式")
def delivery(request: HttpRequest, number: str) -> HttpResponse:
    """Choose how to receive the paper result of an application (选择领取方式)."""
    found = application_detail_get(number, purpose="选择领取方式", now=timezone.now())
    if not found.may_choose_delivery:
        return redirect("hall_applications:detail", number)
    names = ("method", "name", "phone", "address", "locker")
    typed = {name: request.POST.get(name, "").strip()[:200] for name in names}
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            application_delivery_choose(
                number,
                method=typed["method"],
                receiver=Receiver(typed["name"], typed["phone"], typed["address"]),
                locker_id=int(typed["locker"]) if typed["locker"].isdecimal() else None,
                now=timezone.now(),
            )
        except ReceiverIncomplete as error:
            errors = dict(error.fields)
        except LockerFull as error:
            errors = {"locker": [error_text(error)]}
        else:
            flash(request, "success", _("Chosen. You are told when it is on its way."))
            return redirect("hall_applications:detail", number)
    else:
        typed |= {"name": found.application.applicant_name, "method": "COURIER"}
    page = {
        "detail": found,
        "typed": typed,
        "errors": errors,
        "methods": choices_of(METHODS),
        "lockers": [
            (one.id, f"{localized(one.title)} · {one.address}") for one in locker_list() if one.free
        ],
    }
    status = 422 if errors else 200
    return render(request, "hall/applications/delivery.html", page, status=status)


@require_http_methods(["GET", "POST"])
@allow(populations=APPLICANTS, purpose="服务评价")
def rate(request: HttpRequest, number: str) -> HttpResponse:
    """Rate how one's application was handled (评价办件)."""
    found = application_detail_get(number, purpose="服务评价", now=timezone.now())
    typed = {
        key: request.POST.get(key, "")[:2000] for key in ("level", "text", *INDICATORS[ONLINE])
    }
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            application_rate(
                number,
                level=typed["level"],
                indicators={key: typed[key] for key in INDICATORS[ONLINE]},
                text=typed["text"],
                device=device_of(context_get().address, request.headers.get("User-Agent", "")),
                now=timezone.now(),
            )
        except RatingIncomplete as error:
            errors = {"level" if not typed["level"] else "text": [error_text(error)]}
        else:
            flash(request, "success", _("Thank you. Your word counts."))
            return redirect("hall_applications:detail", number)
    names = {
        "detail": found,
        "typed": typed,
        "errors": errors,
        "levels": choices_of(LEVELS),
        "indicators": choices_of(INDICATORS[ONLINE]),
    }
    return render(request, "hall/applications/rate.html", names, status=422 if errors else 200)


@require_POST
@allow(populations=APPLICANTS, purpose="撤回申请")
def withdraw(request: HttpRequest, number: str) -> HttpResponse:
    """Withdraw one's application."""
    application_withdraw(number, reason=request.POST.get("reason", ""), now=timezone.now())
    flash(request, "success", _("The application was withdrawn. You may apply again at any time."))
    return redirect("hall_applications:detail", number)


@require_http_methods(["GET", "POST"])
@allow(populations=APPLICANTS, purpose="提交补正")
def correction(request: HttpRequest, number: str, correction_id: int) -> HttpResponse:
    """Answer a correction notice: exactly the fields and documents that it names."""
    found = application_detail_get(number, purpose="提交补正", now=timezone.now())
    notice = next((row for row in found.corrections if row.pk == correction_id), None)
    if notice is None:
        raise ApplicationNotFound()
    errors: dict[str, list[str]] = {}
    typed = pending_form_take(request, request.path) or {}
    if request.method == "POST":
        typed = {key: request.POST.get(key, "") for key in request.POST}
        try:
            correction_answer(
                number,
                correction_id,
                values=typed,
                files=dict(request.FILES.items()),
                note=typed.get("note", ""),
                now=timezone.now(),
            )
        except Invalid as error:
            errors = error.fields
        else:
            flash(request, "success", _("Your correction was sent; the clock goes on."))
            return redirect("hall_applications:detail", number)
    asked = [item["key"] for item in notice.items if item["kind"] == "field"]
    values = form_post_values(
        found.application.form_version_id,
        typed,
        fields=[name for name in asked if name in typed],
        values=found.application.form_data,
    )
    state = form_state(found.application.form_version_id, values)
    fields = [field for page in state.pages for field in page.fields if field.key in asked]
    context = {
        "detail": found,
        "notice": notice,
        "fields": fields,
        "errors": errors,
        "typed": typed,
    }
    status = 422 if errors else 200
    return render(request, "hall/applications/correction.html", context, status=status)
