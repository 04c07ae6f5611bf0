"""The register and what new companies bring to other departments (登记簿与多证合一)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yiwang.hall.companies.actions.registration import follow_up_settle
from yiwang.hall.companies.data import COMPANY_STATES, FACTS, FOLLOW_UPS, ROLES
from yiwang.hall.companies.files import transfer_list_of
from yiwang.hall.companies.history import entry_list
from yiwang.hall.companies.notices import notice_list_of
from yiwang.hall.companies.queries import (
    REGISTER,
    branch_list,
    company_count,
    company_get,
    company_list,
    company_parent,
    company_view,
    follow_up_count,
    follow_up_list,
    follow_up_of,
)
from yiwang.hall.companies.taken import difference_list, taken_facts
from yiwang.identity.api import allow
from yiwang.kernel.api import (
    Column,
    Filter,
    choices_of,
    date_text,
    flash,
    page_of,
    render,
    source_of,
)
from yiwang.sdk.errors import N_

PURPOSE = "商事登记管理"
COLUMNS = (
    Column("name", N_("Name of the company")),
    Column("uscc", N_("Unified social credit code")),
    Column("legal_representative", N_("Legal representative")),
    Column("capital", N_("Capital (10,000 yuan)"),
           text=lambda row: "" if row.is_branch else row.capital_text, align="end"),
    Column("established", N_("Established"), text=lambda row: date_text(row.established_date)),
    Column("state", N_("State"), text=lambda row: _(row.state_label)),
)  # fmt: skip
FOLLOW_UP_COLUMNS = (
    Column("company", N_("Company"), text=lambda row: row.company_name),
    Column("kind", N_("What is to be done"), text=lambda row: _(row.label)),
    Column("opened", N_("Sent"), text=lambda row: date_text(row.opened_at)),
    Column("state", N_("State"), text=lambda row: row.note or row.state),
)


@require_GET
@allow(populations={"STAFF"}, permission=REGISTER, purpose=PURPOSE)
def register(request: HttpRequest) -> HttpResponse:
    """List the companies of one's register (商事登记簿)."""
    source = source_of(company_list, company_count, ("name", "uscc", "state"))
    filters = [
        Filter("name", N_("Name of the company"), "text"),
        Filter("uscc", N_("Unified social credit code"), "text"),
        Filter("state", N_("State"), "select",
               choices=choices_of(COMPANY_STATES)),
    ]  # fmt: skip
    page = page_of(request, source, columns=COLUMNS, filters=filters)
    if page.wants_export:
        return page.export("companies")
    return render(request, "hall/companies/register.html", {"page": page})


@require_GET
@allow(populations={"STAFF"}, permission=REGISTER, purpose=PURPOSE)
def company(request: HttpRequest, uscc: str) -> HttpResponse:
    """Show a company with shareholders, officers and what was entered (登记簿详情)."""
    row = company_get(uscc)
    view = company_view(row)
    names = {
        "company": view,
        "parent": company_parent(view),
        "taken": taken_facts(row),
        "differences": difference_list(row),
        "transfers": transfer_list_of(row.pk),
        "branches": branch_list(row.pk),
        "notices": notice_list_of(row.pk, today=timezone.localdate()),
        "facts": FACTS,
        "posts": ROLES,
        "shareholdings": list(row.shareholdings.order_by("pk")),
        "officers": list(row.officers.order_by("pk")),
        "entries": entry_list(row.pk),
        "follow_ups": follow_up_of(row.pk),
    }
    return render(request, "hall/companies/company.html", names)


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=REGISTER, purpose=PURPOSE)
def follow_ups(request: HttpRequest) -> HttpResponse:
    """List what new companies brought to one's department, and settle it (多证合一事项)."""
    if request.method == "POST":
        key = request.POST.get("item", "")
        follow_up_settle(
            int(key) if key.isdigit() else 0,
            note=request.POST.get("note", ""),
            now=timezone.now(),
        )
        flash(request, "success", _("Noted."))
        return redirect("hall_companies:follow_ups")
    source = source_of(follow_up_list, follow_up_count, ("state",))
    choices = [("OPEN", _("Not yet done")), ("DONE", _("Done"))]
    filters = [Filter("state", N_("State"), "select", choices=choices)]
    page = page_of(request, source, columns=FOLLOW_UP_COLUMNS, filters=filters)
    if page.wants_export:
        return page.export("company-items")
    names = {"page": page, "titles": FOLLOW_UPS}
    return render(request, "hall/companies/follow_ups.html", names)
