"""What people still have to type (免填统计): matters ranked, one matter's fields, the months."""

from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from yiwang.hall.matters.queries import matter_get
from yiwang.hall.reuse import queries
from yiwang.hall.reuse.data import ORIGINS, FieldReuse, MatterReuse, OriginCounts
from yiwang.hall.reuse.queries import READ
from yiwang.identity.api import allow
from yiwang.kernel.api import Column, localized, page_of, render
from yiwang.sdk.errors import N_

PERIODS = {"1": N_("this month"), "3": N_("three months"), "12": N_("twelve months")}


def percent(share: float | None) -> str:
    """Write a share for people: "83.3%"."""
    return "—" if share is None else f"{share * 100:.1f}%"


def held_text(row: FieldReuse) -> str:
    """Say who holds what a field asks for, and whether the form asks them."""
    if not row.held:
        return "—"
    if row.is_declared:
        return _("%(holder)s, not of everybody") % {"holder": localized(row.held)}
    return _("%(holder)s, but the form does not ask there") % {"holder": localized(row.held)}


def _counted(origin: str) -> Column:
    return Column(
        origin.lower(),
        ORIGINS[origin],
        text=lambda row: row.origins.counts.get(origin, 0),
        align="end",
    )


_MATTERS = (
    Column("title", N_("Matter"), order="code", text=lambda row: localized(row.title)),
    Column("applications", N_("Applications"), order="applications", align="end"),
    Column("share", N_("Not typed"), text=lambda row: percent(row.origins.share), align="end"),
    Column("avoidable", N_("Typed although held"), order="avoidable", align="end"),
    *(_counted(origin) for origin in ORIGINS),
)
_FIELDS = (
    Column("title", N_("Field"), order="field", text=lambda row: localized(row.title)),
    Column("share", N_("Not typed"), text=lambda row: percent(row.origins.share), align="end"),
    Column("held", N_("Who has it"), text=held_text),
    *(_counted(origin) for origin in ORIGINS),
)


def _period(request: HttpRequest) -> tuple[str, date, date]:
    months = request.GET.get("months", "")
    months = months if months in PERIODS else "12"
    until = timezone.localdate().replace(day=1)
    since = until
    for _month in range(int(months) - 1):
        since = (since - timedelta(days=1)).replace(day=1)
    return months, since, until


def _tabs(request: HttpRequest, months: str) -> list[tuple[str, str, bool]]:
    return [(_(text), f"?months={code}", code == months) for code, text in PERIODS.items()]


def _series(since: date, until: date, code: str = "") -> dict:
    rows = queries.month_reuse_list(since=since, until=until, code=code)
    return {
        "labels": [f"{row.month:%Y-%m}" for row in rows],
        "series": [
            {
                "name": _("Not typed (%)"),
                "data": [round((row.origins.share or 0) * 100, 1) for row in rows],
            }
        ],
    }


@allow(populations={"STAFF"}, permission=READ)
@require_safe
def matters(request: HttpRequest) -> HttpResponse:
    """Rank the matters by what they make people type although a department has it (免填排名)."""
    months, since, until = _period(request)
    rows: list[MatterReuse] = queries.matter_reuse_list(since=since, until=until)
    page = page_of(request, rows, columns=_MATTERS)
    if page.wants_export:
        return page.export("fields-not-typed")
    total: OriginCounts = queries.total_reuse(rows)
    names = {
        "page": page,
        "tabs": _tabs(request, months),
        "months": months,
        "total": total,
        "share": percent(total.share),
        "applications": sum(row.applications for row in rows),
        "avoidable": sum(row.avoidable for row in rows),
        "chart": _series(since, until),
        "percent": percent,
    }
    return render(request, "hall/reuse/matters.html", names)


@allow(populations={"STAFF"}, permission=READ)
@require_safe
def fields(request: HttpRequest, code: str) -> HttpResponse:
    """Show the fields of one matter: where their values come from, who has what is typed (字段免填情况)."""
    months, since, until = _period(request)
    rows = queries.field_reuse_list(code, since=since, until=until)
    page = page_of(request, rows, columns=_FIELDS, size=100)
    if page.wants_export:
        return page.export(f"fields-not-typed-{code}")
    names = {
        "page": page,
        "title": matter_get(code).title,
        "code": code,
        "tabs": _tabs(request, months),
        "chart": _series(since, until, code),
        "percent": percent,
        "held_text": held_text,
    }
    return render(request, "hall/reuse/fields.html", names)
