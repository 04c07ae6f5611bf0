"""What I filed for others (代办记录): a deputy's own list, of what was filed on line and at windows."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from yiwang.hall.api import FILING_CHANNELS, bundle_state_map, filed_state_map
from yiwang.identity.api import (
    DeputyFiling,
    allow,
    deputy_filing_count,
    deputy_filing_list,
    deputy_principal_list,
)
from yiwang.kernel.api import (
    Column,
    Filter,
    datetime_text,
    localized,
    page_of,
    render,
    source_of,
)
from yiwang.sdk.errors import N_

PURPOSE = "查看代办记录"
GONE = N_("The authorisation has ended")


@dataclass(frozen=True, slots=True)
class FilingRow:
    """A line of the list. state: "" where the authorisation no longer lets one look."""

    filing: DeputyFiling
    number: str
    state: str
    state_label: str
    href: str


_COLUMNS = (
    Column("at", N_("Filed at"), text=lambda row: datetime_text(row.filing.at)),
    Column("principal", N_("Filed for"), text=lambda row: row.filing.principal_name),
    Column("title", N_("What"), text=lambda row: localized(row.filing.title)),
    Column("number", N_("Number")),
    Column("channel", N_("Filed through"), text=lambda row: channel_text(row.filing.channel)),
    Column("state", N_("State"), text=lambda row: _(row.state_label)),
)


def channel_text(channel: str) -> str:
    """Return a channel in words (渠道)."""
    return _(FILING_CHANNELS[channel]) if channel in FILING_CHANNELS else "—"


def _filters() -> tuple[Filter, ...]:
    principals = [(name, name) for name in deputy_principal_list()]
    channels = [(code, _(text)) for code, text in FILING_CHANNELS.items() if code != "KIOSK"]
    return (
        Filter("principal", N_("Filed for"), "select", principals),
        Filter("channel", N_("Filed through"), "select", channels),
    )


@require_safe
@allow(populations={"CITIZEN"}, purpose=PURPOSE)
def filings(request: HttpRequest) -> HttpResponse:
    """List what I filed for whom, at which window or on line, and where it stands (代办记录)."""
    source = source_of(_fetch, deputy_filing_count, ("principal", "channel"))
    page = page_of(request, source, columns=_COLUMNS, filters=_filters())
    if page.wants_export:
        return page.export("filed-for-others")
    names = {"page": page, "channel_text": channel_text}
    return render(request, "portal/spaces/filings.html", names)


def _fetch(**asked: object) -> list[FilingRow]:
    """Fetch a page of lines with where each stands: three statements, however many lines."""
    rows = deputy_filing_list(**asked)
    applications = filed_state_map(_numbers(rows, "application"))
    bundles = bundle_state_map(_numbers(rows, "bundle"))
    return [_row(one, applications, bundles) for one in rows]


def _numbers(rows: Iterable[DeputyFiling], kind: str) -> list[str]:
    found = (one.subject.partition(":") for one in rows)
    return [number for each, _sep, number in found if each == kind]


def _row(
    filing: DeputyFiling,
    applications: dict[str, tuple[str, str]],
    bundles: dict[str, tuple[str, str]],
) -> FilingRow:
    kind, _sep, number = filing.subject.partition(":")
    known = bundles if kind == "bundle" else applications
    state, label = known.get(number, ("", GONE))
    name = "hall_bundles:case" if kind == "bundle" else "hall_applications:detail"
    return FilingRow(filing, number, state, label, reverse(name, args=[number]) if state else "")
