"""Keeping the register: settling what the registry says differently, handing files over (维护登记簿)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yiwang.hall.companies.actions.moves import file_hand_over, file_object
from yiwang.hall.companies.actions.takings import company_compare, difference_settle
from yiwang.hall.companies.data import ENTRY_KINDS, FACTS, TRANSFER_STATES
from yiwang.hall.companies.errors import (
    DifferenceUnexplained,
    FileTransferRefused,
    NotTakeable,
)
from yiwang.hall.companies.files import transfer_count, transfer_get, transfer_list
from yiwang.hall.companies.queries import (
    MAINTAIN,
    REGISTER,
    company_get,
    company_view,
)
from yiwang.hall.companies.taken import (
    difference_list,
    taken_facts,
    taking_count,
    taking_list,
)
from yiwang.identity.api import allow
from yiwang.kernel.api import (
    Column,
    Filter,
    choices_of,
    context_get,
    date_text,
    error_text,
    flash,
    page_of,
    render,
    source_of,
)
from yiwang.sdk.errors import N_, NotFound

PURPOSE = "商事登记管理"
TAKINGS = (
    Column("name", N_("Name of the company")),
    Column("uscc", N_("Unified social credit code")),
    Column("taken", N_("Taken up on"), text=lambda row: date_text(row.taken_at)),
    Column("open", N_("Points to settle"), text=lambda row: f"{row.open}", align="end"),
    Column("checked", N_("Settled on"),
           text=lambda row: date_text(row.checked_at) if row.checked_at else ""),
)  # fmt: skip
FILES = (
    Column("company_name", N_("Name of the company")),
    Column("number", N_("Hand-over number")),
    Column("from_department", N_("Old registrar")),
    Column("to_department", N_("New registrar")),
    Column("due", N_("To be handed over by"), text=lambda row: date_text(row.due_date)),
    Column("state", N_("State"), text=lambda row: _(row.state_label)),
)


@require_GET
@allow(populations={"STAFF"}, permission=REGISTER, purpose=PURPOSE)
def takings(request: HttpRequest) -> HttpResponse:
    """List the companies that were taken up from the registry (承接核对清单)."""
    choices = [("OPEN", _("To be settled")), ("DONE", _("All settled"))]
    filters = [Filter("state", N_("State"), "select", choices=choices)]
    source = source_of(taking_list, taking_count, ("state",))
    page = page_of(request, source, columns=TAKINGS, filters=filters)
    if page.wants_export:
        return page.export("takings")
    return render(request, "hall/companies/takings.html", {"page": page})


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=REGISTER, purpose=PURPOSE)
def check_company(request: HttpRequest, uscc: str) -> HttpResponse:
    """Compare a company with the registry and settle what differs (核对登记信息)."""
    row = company_get(uscc)
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            _check_act(request, uscc)
        except DifferenceUnexplained as error:
            key = request.POST.get("difference", "")
            errors = {f"reason-{key}": said for said in error.fields.values()}
        except NotTakeable as error:
            errors = {"": [error_text(error)]}
        else:
            return redirect("hall_companies:check_company", uscc)
    names = {
        "company": company_view(row),
        "taken": taken_facts(row),
        "differences": difference_list(row),
        "facts": FACTS,
        "errors": errors,
        "may_settle": context_get().may(MAINTAIN),
    }
    status = 422 if errors else 200
    return render(request, "hall/companies/check_company.html", names, status=status)


def _check_act(request: HttpRequest, uscc: str) -> None:
    now, wanted = timezone.now(), request.POST.get("do", "")
    if wanted == "compare":
        count = company_compare(uscc, now=now)
        none = _("The registry says nothing that is not in the register or settled.")
        found = _("%(count)s points differ from the registry.") % {"count": count}
        flash(request, "success", found if count else none)
    elif wanted in ("take", "keep"):
        key = request.POST.get("difference", "")
        difference_settle(
            int(key) if key.isdecimal() else 0,
            takes=wanted == "take",
            reason=request.POST.get("reason", ""),
            now=now,
        )
        flash(request, "success", _("The point is settled."))
    else:
        raise NotFound()


@require_GET
@allow(populations={"STAFF"}, permission=REGISTER, purpose=PURPOSE)
def files(request: HttpRequest) -> HttpResponse:
    """List the files that one's registrar hands over or takes (档案移交清单)."""
    filters = [
        Filter("way", N_("Way of the file"), "select",
               choices=[("OUT", _("To hand over")), ("IN", _("To take in"))]),
        Filter("state", N_("State"), "select",
               choices=choices_of(TRANSFER_STATES)),
    ]  # fmt: skip
    source = source_of(transfer_list, transfer_count, ("way", "state"))
    page = page_of(request, source, columns=FILES, filters=filters)
    if page.wants_export:
        return page.export("files")
    return render(request, "hall/companies/files.html", {"page": page})


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=REGISTER, purpose=PURPOSE)
def file(request: HttpRequest, number: str) -> HttpResponse:
    """Show a hand-over, and answer it as the old registrar (移交档案或者提出异议)."""
    found = transfer_get(number)
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            _file_act(request, number)
        except FileTransferRefused as error:
            errors = dict(error.fields)
        else:
            return redirect("hall_companies:file", number)
    names = {
        "file": found,
        "errors": errors,
        "kinds": ENTRY_KINDS,
        "may_answer": found.may_answer and context_get().may(MAINTAIN),
    }
    return render(request, "hall/companies/file.html", names, status=422 if errors else 200)


def _file_act(request: HttpRequest, number: str) -> None:
    now = timezone.now()
    match request.POST.get("do", ""):
        case "hand_over":
            papers, note = request.POST.get("papers", ""), request.POST.get("note", "")
            file_hand_over(number, papers=papers, note=note, now=now)
            flash(request, "success", _("The file is handed over."))
        case "object":
            file_object(number, reason=request.POST.get("reason", ""), now=now)
            flash(request, "success", _("The objection is noted; the other registrar is told."))
        case _:
            raise NotFound()
