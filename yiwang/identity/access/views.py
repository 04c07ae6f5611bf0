"""The audit trail (审计记录), for the audit administrator."""

from datetime import date, datetime, time, timedelta

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from yiwang.identity.access.actions import audit_export
from yiwang.identity.access.policies import allow
from yiwang.kernel.api import (
    Column,
    Filter,
    ListQuery,
    Source,
    audit_search,
    keyset_mark,
    keyset_values,
    page_of,
    render,
)
from yiwang.sdk.errors import N_


def _time_text(row: dict) -> str:
    """Return the second of an event in the city's time, as it sorts."""
    return f"{timezone.localtime(row['at']):%Y-%m-%d %H:%M:%S}"


_COLUMNS = (
    Column("at", N_("Time"), text=_time_text),
    Column("act", N_("Act")),
    Column("actor_name", N_("Who")),
    Column("post_title", N_("Post")),
    Column("department_name", N_("Department")),
    Column("subject", N_("Subject")),
    Column("person_ref", N_("Person concerned")),
    Column("purpose", N_("Purpose")),
    Column("channel", N_("Channel")),
    Column("address", N_("Network address")),
    Column("outcome", N_("Outcome")),
)
CHANNELS = {
    "WEB": N_("Web page"),
    "API": N_("Interface for programs"),
    "SYSTEM": N_("The system itself"),
}
OUTCOMES = {
    "REFUSED": N_("Not allowed"),
    "FAILED": N_("Failed"),
    "REPEATED": N_("Repeated"),
}
# On the page post, department, person concerned and address stand below who, subject and channel.
_SHOWN = ("at", "act", "actor_name", "subject", "purpose", "channel", "outcome")
_FILTERS = (
    Filter("act", N_("Act (its beginning)")),
    Filter("person", N_("Who acted, or the person concerned")),
    Filter("subject", N_("Subject (its beginning)")),
    Filter("since", N_("From"), kind="date"),
    Filter("until", N_("Until"), kind="date"),
)


@allow(populations={"STAFF"}, permission="identity.access.audit", purpose="安全审计")
@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """Show the audit trail by act, person, subject and date, or export it as CSV."""
    page = page_of(
        request,
        Source(fetch=_fetch, keyset=True),
        columns=_COLUMNS,
        filters=_FILTERS,
        size=50,
    )
    if page.wants_export:
        audit_export(page.filter_values)
        return page.export("audit")
    return render(
        request,
        "identity/access/audit.html",
        {
            "page": page,
            "shown": [column for column in _COLUMNS if column.key in _SHOWN],
            "time_text": _time_text,
            "channels": CHANNELS,
            "outcomes": OUTCOMES,
        },
    )


def _fetch(query: ListQuery) -> tuple[list[dict], str]:
    marks = keyset_values(query.after)
    until = _moment(query.filters.get("until", ""))
    rows = audit_search(
        act=query.filters.get("act", ""),
        person=query.filters.get("person", ""),
        subject=query.filters.get("subject", ""),
        since=_moment(query.filters.get("since", "")),
        until=until + timedelta(days=1) if until else None,
        before=int(marks[0]) if marks and (marks[0] or "").isdigit() else None,
        limit=query.limit + 1,
    )
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    return rows, keyset_mark([rows[-1]["id"]]) if more else ""


def _moment(text: str) -> datetime | None:
    """Return the beginning of a day in the city's time, None for what is no date."""
    try:
        return timezone.make_aware(datetime.combine(date.fromisoformat(text), time.min))
    except ValueError:
        return None
