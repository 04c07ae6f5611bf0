"""What anybody may see: companies of the register, and companies that are to end (公示)."""

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yiwang.hall.companies.actions.cancellation import claim_make
from yiwang.hall.companies.data import COMPANY_KINDS, COMPANY_STATES, FACTS, ROLES
from yiwang.hall.companies.errors import ClaimIncomplete
from yiwang.hall.companies.history import entry_list, facts_on
from yiwang.hall.companies.notices import notice_count, notice_get, notice_list
from yiwang.hall.companies.queries import (
    branch_list,
    company_find,
    company_known_get,
    company_parent,
)
from yiwang.identity.api import public
from yiwang.kernel.api import (
    Column,
    Filter,
    context_get,
    date_text,
    flash,
    page_of,
    rate_exceeded,
    render,
    source_of,
)
from yiwang.sdk.errors import N_
from yiwang.sdk.text import clean

A_MINUTE = {"look_up": 30, "claim": 5}
NOTICE_COLUMNS = (
    Column("company_name", N_("Name of the company")),
    Column("way", N_("Way"), text=lambda row: _(row.way_label)),
    Column("published", N_("Announced on"), text=lambda row: date_text(row.published_at)),
    Column("ends", N_("Notice ends"), text=lambda row: date_text(row.ends_date)),
    Column("state", N_("State"), text=lambda row: _(row.state_label)),
)


def _too_many(act: str) -> bool:
    key = f"hall.companies.{act}:{context_get().address}"
    return rate_exceeded(key, per_minute=A_MINUTE[act])


@require_GET
@public
def look_up(request: HttpRequest) -> HttpResponse:
    """Find a company by its name or code (企业登记信息查询)."""
    asked = clean(request.GET.get("q", ""))[:100]
    too_many = bool(asked) and _too_many("look_up")
    names = {
        "asked": asked,
        "too_many": too_many,
        "found": [] if too_many else company_find(asked),
    }
    return render(request, "hall/companies/look_up.html", names, status=429 if too_many else 200)


@require_GET
@public
def known(request: HttpRequest, uscc: str) -> HttpResponse:
    """Show what is public of a company, today or on a day gone by (登记信息公示)."""
    company, day = company_known_get(uscc), _day(request.GET.get("on", ""))
    names = {
        "company": company,
        "parent": company_parent(company),
        "branches": branch_list(company.id),
        "entries": entry_list(company.id),
        "day": day,
        "then": facts_on(company.id, day) if day else None,
        "today_facts": facts_on(company.id, timezone.localdate()),
        "facts": FACTS,
        "posts": ROLES,
        "kinds": COMPANY_KINDS,
        "states": COMPANY_STATES,
    }
    return render(request, "hall/companies/known.html", names)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@require_GET
@public
def notices(request: HttpRequest) -> HttpResponse:
    """List the companies that are to be struck off (注销公告)."""
    source = source_of(notice_list, notice_count, ("name",))
    filters = [Filter("name", N_("Name of the company"), "text")]
    page = page_of(request, source, columns=NOTICE_COLUMNS, filters=filters)
    return render(request, "hall/companies/notices.html", {"page": page})


@require_http_methods(["GET", "POST"])
@public
def notice(request: HttpRequest, number: str) -> HttpResponse:
    """Show a notice, and let creditors speak up while it runs (注销公告与债权人异议)."""
    found = notice_get(number, today=timezone.localdate())
    errors: dict[str, list[str]] = {}
    status = 200
    typed = {
        name: request.POST.get(name, "") for name in ("creditor", "contact", "amount", "grounds")
    }
    if request.method == "POST":
        if _too_many("claim"):
            errors, status = (
                {"grounds": [_("Too many in a minute. Wait a little and try again.")]},
                429,
            )
        else:
            try:
                claim = claim_make(number, **typed, now=timezone.now())
            except ClaimIncomplete as error:
                errors = {name: [_(one) for one in said] for name, said in error.fields.items()}
                status = 422
            else:
                flash(
                    request,
                    "success",
                    _("What you said was noted under the number %(number)s.") % {"number": claim},
                )
                return redirect("hall_companies:notice", number)
    names = {"notice": found, "typed": typed, "errors": errors}
    return render(request, "hall/companies/notice.html", names, status=status)
