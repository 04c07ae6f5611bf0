"""Checking and keeping names (名称自查与保留)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from yiwang.hall.companies.actions.filings import registration_begin
from yiwang.hall.companies.actions.names import name_extend, name_release, name_reserve
from yiwang.hall.companies.checking import name_check
from yiwang.hall.companies.data import ARRANGEMENTS, KINDS
from yiwang.hall.companies.errors import NameRefused
from yiwang.hall.companies.naming import FRONT, NameParts
from yiwang.hall.companies.queries import (
    filing_list,
    reservation_list,
)
from yiwang.hall.companies.standing import company_own_get, company_own_list
from yiwang.hall.companies.tables import naming_tables, places_of
from yiwang.hall.companies.taken import takeable_own
from yiwang.hall.companies.views.deputies import delegation_chosen, principals
from yiwang.identity.api import allow, public
from yiwang.kernel.api import (
    choices_of,
    code_list,
    context_get,
    flash,
    localized,
    rate_exceeded,
    render,
)
from yiwang.sdk.errors import NotFound
from yiwang.sdk.text import clean

FOUNDERS = {"CITIZEN"}
PURPOSE = "公司登记"
CHECKS_A_MINUTE = 30


@require_GET
@public
def check(request: HttpRequest) -> HttpResponse:
    """Say of a name whether it can be had, with the reason for each refusal (企业名称自查)."""
    asked = _asked(request.GET)
    names = {"asked": asked, "result": None, "too_many": False, **_choices(asked["area"])}
    if request.GET.get("core", "").strip():
        if rate_exceeded(
            f"hall.companies.check:{context_get().address}", per_minute=CHECKS_A_MINUTE
        ):
            names["too_many"] = True
            return render(request, "hall/companies/check.html", names, status=429)
        names["result"] = _judged(asked)
    return render(request, "hall/companies/check.html", names)


def _asked(given) -> dict[str, str]:  # noqa: ANN001 - a QueryDict
    names = ("area", "division", "core", "trade", "form", "arrangement", "kind", "uscc")
    asked = {name: clean(given.get(name, ""))[:40] for name in names}
    if asked["uscc"]:  # a new name for one's company: its kind and place are given
        company = company_own_get(asked["uscc"])
        asked |= {"kind": company.kind, "area": company.area_code}
    asked["kind"] = asked["kind"] if asked["kind"] in KINDS else "LIMITED"
    asked["arrangement"] = asked["arrangement"] if asked["arrangement"] in ARRANGEMENTS else FRONT
    return asked


def _choices(area: str) -> dict[str, object]:
    from django.conf import settings  # noqa: PLC0415 - the city's own code

    tables = naming_tables()
    return {
        "areas": code_list("divisions", parent=settings.CITY["area_code"]),
        "divisions": sorted(places_of(area).allowed, key=lambda name: (len(name), name)),
        "trades": sorted(tables.trades),
        "forms": list(tables.forms),
        "kinds": KINDS,
        "arrangements": ARRANGEMENTS,
        "may_reserve": context_get().population in FOUNDERS,
        "area_options": lambda rows: [
            (row.code, localized({"zh": row.name, "en": row.name_en or row.name})) for row in rows
        ],
        "pairs": lambda texts: [(text, text) for text in texts],
        "labelled": choices_of,
    }


def _parts(asked: dict[str, str]) -> NameParts:
    allowed = places_of(asked["area"]).allowed
    division = asked["division"] if asked["division"] in allowed else min(allowed, key=len)
    return NameParts(division, asked["core"], asked["trade"], asked["form"], asked["arrangement"])


def _judged(asked: dict[str, str]):  # noqa: ANN202 - a NameCheck
    today = timezone.localdate()
    return name_check(
        _parts(asked),
        kind=asked["kind"],
        area_code=asked["area"],
        today=today,
        uscc=asked["uscc"],
    )


@require_POST
@allow(populations=FOUNDERS, purpose=PURPOSE)
def reserve(request: HttpRequest) -> HttpResponse:
    """Reserve a name (名称申报); what stands against it meanwhile is shown."""
    asked = _asked(request.POST)
    try:
        made = name_reserve(
            _parts(asked),
            kind=asked["kind"],
            area_code=asked["area"],
            now=timezone.now(),
            uscc=asked["uscc"],
        )
    except NameRefused:
        names = {"asked": asked, "result": _judged(asked), "too_many": False}
        names |= _choices(asked["area"])
        return render(request, "hall/companies/check.html", names, status=422)
    flash(request, "success", _("“%(name)s” is reserved for you.") % {"name": made.name})
    if made.uscc:
        return redirect("hall_companies:own_company", made.uscc)
    return redirect("hall_companies:mine")


@require_GET
@allow(populations={"CITIZEN", "AGENT"}, purpose=PURPOSE)
def mine(request: HttpRequest) -> HttpResponse:
    """Show one's names, registrations to confirm, and companies (我的公司登记)."""
    today = timezone.localdate()
    filings = filing_list()
    ref = context_get().subject_ref
    names = {
        "reservations": reservation_list(today=today),
        "to_confirm": [one for one in filings if _waits_for(one, ref)],
        "filings": filings,
        "companies": company_own_list(),
        "takeable": takeable_own(),
        "principals": principals(),
    }
    return render(request, "hall/companies/mine.html", names)


def _waits_for(filing, ref: str) -> bool:  # noqa: ANN001 - a FilingView
    return filing.state == "SIGNING" and any(
        one.subject_ref == ref and one.state == "WAITING" for one in filing.parties
    )


@require_POST
@allow(populations=FOUNDERS, purpose=PURPOSE)
def reservation(request: HttpRequest, number: str) -> HttpResponse:
    """Extend a reservation, give it up, or begin to register the company (名称保留操作)."""
    now = timezone.now()
    match request.POST.get("do", ""):
        case "begin":
            draft_id = registration_begin(
                number, now=now, delegation_id=delegation_chosen(request.POST)
            )
            return redirect("hall_applications:resume", draft_id)
        case "extend":
            name_extend(number, now=now)
            flash(request, "success", _("The name is kept for a month longer."))
        case "release":
            name_release(number, now=now)
            flash(request, "success", _("You gave the name up."))
        case _:
            raise NotFound()
    return redirect("hall_companies:mine")
