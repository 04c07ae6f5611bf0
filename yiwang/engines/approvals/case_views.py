"""Pages about whole cases (中止、恢复、终止办理): one case, and what stands suspended."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from yiwang.engines.approvals import cases
from yiwang.engines.workflow.actions import (
    instance_resume,
    instance_suspend,
    instance_terminate,
)
from yiwang.engines.workflow.holding import HOLD
from yiwang.identity.api import account_list, allow, department_get
from yiwang.kernel.api import (
    Column,
    Filter,
    context_get,
    error_text,
    flash,
    localized,
    page_of,
    render,
)
from yiwang.sdk.errors import N_, Conflict, Forbidden, Invalid

PURPOSE = "办理办件"
DAYS_MAX = 250
"""Working days of a year: what is said to take longer is no suspension."""

DONE = {
    "suspend": N_("Suspended. Nothing can be done with the case until it is resumed."),
    "resume": N_("Resumed. The case goes on where it stood."),
    "terminate": N_("Terminated. All open steps have ended."),
}
STATES = {
    "RUNNING": N_("Being handled"),
    "SUSPENDED": N_("Handling suspended"),
    "FAILED": N_("Stopped by an error"),
    "COMPLETED": N_("Case closed"),
    "WITHDRAWN": N_("Withdrawn"),
    "TERMINATED": N_("Handling terminated"),
}
ENDS = {
    "RESUMED": N_("Resumed"),
    "WITHDRAWN": N_("Withdrawn"),
    "TERMINATED": N_("Handling terminated"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=HOLD, purpose=PURPOSE)
def case(request: HttpRequest, instance_id: int) -> HttpResponse:
    """Show a whole case to the head of the department in charge, and suspend, resume or terminate it."""
    found = cases.case_get(instance_id, context_get())
    errors: dict[str, list[str]] = {}
    act = request.POST.get("act", "")
    if request.method == "POST":
        try:
            _do(act, found, request.POST, now=timezone.now())
        except Invalid as error:
            texts = error.fields or {"": [error_text(error)]}
            errors = {
                f"{act}-{key}" if key else "": [_(text) for text in some]
                for key, some in texts.items()
            }
        except (Conflict, Forbidden) as error:
            errors = {"": [error_text(error)]}
        else:
            flash(request, "success", _(DONE[act]))
            return redirect("engines_approvals:case", found.id)
    return render(
        request,
        "engines/approvals/case.html",
        _names(found) | {"typed": request.POST, "act": act, "errors": errors},
        status=422 if errors else 200,
    )


def _names(found: cases.CaseView) -> dict[str, object]:
    now, titles = timezone.now(), cases.ground_titles()
    held = {one.assignee_id for one in found.steps if one.assignee_id}
    people = {one.id: one.name for one in account_list(ids=held)} if held else {}
    department = department_get(found.department_id) if found.department_id else None
    return {
        "case": found,
        "states": STATES,
        "ends": ENDS,
        "department": department,
        "steps": [
            (one, department_get(one.department_id).name, people.get(one.assignee_id, ""))
            for one in found.steps
        ],
        "titles": titles,
        "grounds": [(code, localized(title)) for code, title in found.grounds],
        "is_long": found.hold is not None and cases.hold_is_long(found.hold, now=now),
    }


def _do(act: str, found: cases.CaseView, given: QueryDict, *, now: datetime) -> None:
    """Do what was chosen with the whole case (执行). Raises `Invalid` with the fields, and what the engine refuses."""
    acts = {"suspend": _suspend, "resume": _resume, "terminate": _terminate}
    if act not in acts:
        raise Invalid(N_("Choose what is to be done."))
    reason = given.get("reason", "").strip()
    if not reason:
        raise Invalid(fields={"reason": [N_("State the reason.")]})
    acts[act](found, given, reason=reason, now=now)


def _suspend(found: cases.CaseView, given: QueryDict, *, reason: str, now: datetime) -> None:
    days = given.get("days", "").strip()
    if days and not (days.isdecimal() and 1 <= int(days) <= DAYS_MAX):
        raise Invalid(fields={"days": [N_("A whole number of working days, from 1 to 250.")]})
    instance_suspend(
        found.id,
        reason=reason,
        ground=given.get("ground", "")[:40],
        document=given.get("document", "").strip()[:160],
        expected_days=int(days) if days else None,
        now=now,
    )


def _resume(found: cases.CaseView, given: QueryDict, *, reason: str, now: datetime) -> None:
    instance_resume(found.id, reason=reason, now=now)


def _terminate(found: cases.CaseView, given: QueryDict, *, reason: str, now: datetime) -> None:
    if not given.get("sure"):
        raise Invalid(fields={"sure": [N_("Confirm that you know this cannot be undone.")]})
    basis = given.get("basis", "").strip()[:300]
    instance_terminate(found.id, reason=reason, basis=basis, now=now)


def _columns() -> tuple[Column, ...]:
    titles = cases.ground_titles()
    return (
        Column("title", N_("Case"), text=lambda row: localized(row.instance.card["title"])),
        Column("number", N_("Number"), text=lambda row: row.instance.card["number"]),
        Column("since", N_("Suspended since"), "suspended_at", text=lambda row: row.suspended_at),
        Column("ground", N_("Ground"), text=lambda row: localized(titles.get(row.ground, {}))),
        Column("document", N_("Document that says so")),
        Column("by", N_("Suspended by"), text=lambda row: row.suspended_by),
    )


def _filters() -> tuple[Filter, ...]:
    grounds = [(code, localized(title)) for code, title in cases.ground_titles().items()]
    return (
        Filter(
            "ground",
            N_("Ground"),
            "select",
            choices=grounds,
            apply=lambda rows, value: rows.filter(ground=value),
        ),
    )


@require_safe
@allow(populations={"STAFF"}, permission=cases.SEE, purpose="查看中止办理的案件")
def suspended(request: HttpRequest) -> HttpResponse:
    """List what stands suspended, the longest first (中止办理清单): nothing is forgotten there."""
    context = context_get()
    page = page_of(
        request,
        cases.hold_rows(context),
        columns=_columns(),
        filters=_filters(),
        default_order="since",
    )
    if page.wants_export:
        return page.export("suspended")
    now = timezone.now()
    names = {
        "page": page,
        "titles": cases.ground_titles(),
        "is_long": lambda row: cases.hold_is_long(row, now=now),
        "may_hold": context.may(HOLD),
    }
    return render(request, "engines/approvals/suspended.html", names)
