"""The government desk (政务空间·待办): all open work of a post by due date, from every area."""

from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from yiwang.engines.api import (
    WorkItemView,
    work_item_count,
    work_item_done_list,
    work_item_list,
)
from yiwang.hall.api import UrgeMark, outcome_label_get, urged_items
from yiwang.identity.api import allow
from yiwang.kernel.api import (
    Column,
    Filter,
    ListQuery,
    RequestContext,
    Source,
    context_get,
    page_of,
    render,
)
from yiwang.sdk.errors import N_

COUNT_SECONDS = 10
LIGHTS = ("RED", "YELLOW", "GREEN", "NONE")

COLUMNS = (
    Column("light", N_("Limit")),
    Column("title", N_("Matter and step")),
    Column("applicant", N_("Applicant")),
    Column("due", N_("Due"), "due"),
    Column("opened", N_("Arrived"), "opened"),
)


@dataclass(frozen=True, slots=True)
class DeskRow:
    """One open item with its light at this moment."""

    item: WorkItemView
    light: str
    due_text: str
    urged: UrgeMark | None = None


def _departments(context: RequestContext, scope: str) -> frozenset[int]:
    if context.department_id is None:
        return frozenset()
    return context.department_ids if scope == "below" else frozenset({context.department_id})


def _fetch(query: ListQuery) -> tuple[list[DeskRow], str]:
    """Read one keyset page; the mark of the next is "due|id" of the last row."""
    context = context_get()
    show = query.filters.get("show", "")
    now = timezone.now()
    rows = work_item_list(
        department_ids=_departments(context, query.filters.get("scope", "")),
        roles=context.roles,
        account_id=context.account_id if show != "all" else None,
        states=("SUSPENDED",) if show == "waiting" else ("READY", "CLAIMED"),
        order="opened" if "opened" in query.order else "due",
        after=_mark_read(query.after),
        limit=query.limit + 1,
    )
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    mark = _mark_write(rows[-1]) if more else ""
    urged = urged_items([item.id for item in rows])
    return [
        DeskRow(item, item.light(now), _due_text(item, now), urged.get(item.id)) for item in rows
    ], mark


def _due_text(item: WorkItemView, now: datetime) -> str:
    """Write a due time as short as a list needs; the full one is its title."""
    if item.due_at is None:
        return ""
    due = timezone.localtime(item.due_at)
    this_year = due.year == timezone.localtime(now).year
    return f"{due:%m-%d %H:%M}" if this_year else f"{due:%Y-%m-%d %H:%M}"


def _mark_write(item: WorkItemView) -> str:
    return f"{item.due_at.isoformat() if item.due_at else ''}|{item.id}"


def _mark_read(mark: str) -> tuple[datetime | None, int] | None:
    due, _sep, item_id = mark.partition("|")
    if not item_id.isdigit():
        return None
    try:
        return (datetime.fromisoformat(due) if due else None, int(item_id))
    except ValueError:
        return None


def light_counts(context: RequestContext, scope: str, *, now: datetime) -> dict[str, int]:
    """Count open items by light; a few seconds old at most, since it stands on every desk page."""
    departments = _departments(context, scope)
    key = f"desk:{sorted(departments)[:1]}:{len(departments)}:{sorted(context.roles)}"
    counts = cache.get(key)
    if counts is None:
        counts = dict.fromkeys(LIGHTS, 0)
        if departments and context.roles:
            for row in work_item_count(department_ids=departments, roles=context.roles, now=now):
                if row["state"] != "SUSPENDED":
                    counts[row["light"]] += row["count"]
        cache.set(key, counts, COUNT_SECONDS)
    return counts


def open_count(context: RequestContext) -> int | None:
    """Count the post's open items for the menu."""
    if context.department_id is None:
        return None
    return sum(light_counts(context, "", now=timezone.now()).values())


@allow(populations={"STAFF"}, purpose="查看待办")
def desk(request: HttpRequest) -> HttpResponse:
    """Show the desk: what is due first, with traffic lights; the item opens beside the list."""
    context = context_get()
    filters = (
        Filter(
            "show",
            N_("Show"),
            "select",
            choices=[
                ("all", _("also what colleagues hold")),
                ("waiting", _("waiting or suspended")),
            ],
            unset=N_("mine and what nobody holds"),
        ),
        Filter(
            "scope",
            N_("Whose work"),
            "select",
            choices=[("below", _("with those below"))],
            unset=N_("my department"),
        ),
    )
    page = page_of(
        request,
        Source(fetch=_fetch, keyset=True),
        columns=COLUMNS,
        filters=filters,
        default_order="due",
        size=50,
    )
    if page.wants_export:
        return page.export("desk")
    scope = page.filter_values.get("scope", "")
    counts = light_counts(context, scope, now=timezone.now())
    return render(
        request, "portal/spaces/desk.html", {"page": page, "counts": counts, "lights": LIGHTS}
    )


@allow(populations={"STAFF"}, purpose="查看已办")
def done(request: HttpRequest) -> HttpResponse:
    """Show what one has finished, newest first."""
    rows = work_item_done_list(account_id=context_get().account_id, limit=200)
    columns = (
        Column("title", N_("Matter and step")),
        Column("applicant", N_("Applicant")),
        Column("outcome", N_("Conclusion")),
        Column("closed", N_("Finished")),
    )
    page = page_of(request, rows, columns=columns, filters=(), default_order="")
    context = {"page": page, "outcome_label": outcome_label_get}
    return render(request, "portal/spaces/done.html", context)
