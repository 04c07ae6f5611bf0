"""Reads of filed bundles (一件事进度): each matter's state, the critical path, the projected end."""

from collections.abc import Collection
from datetime import date, datetime

from django.utils import timezone

from yiwang.engines.api import ClockView, clock_map
from yiwang.hall.applications.filing import Filing, filing_page
from yiwang.hall.applications.models import Correction
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.bundles import data
from yiwang.hall.bundles.data import BundleCaseView, BundleView, CaseRow, ItemView
from yiwang.hall.bundles.models import BundleCase, BundleItem
from yiwang.hall.bundles.queries.access import case_rows, own_case_get, own_case_rows
from yiwang.hall.bundles.queries.bundles import bundle_view
from yiwang.hall.bundles.rules import PROMISED, plan_step
from yiwang.hall.bundles.schedule import PlanStep, Schedule, schedule_count, schedule_make
from yiwang.hall.matters.rules import function_title
from yiwang.identity.api import department_get
from yiwang.kernel.api import CalendarNotPublished, calendar_get, context_get

IN_PLAN = (data.WAITING, data.FILED, data.ATTENTION, data.APPROVED)


def bundle_case_get(number: str, *, now: datetime) -> BundleCaseView:
    """Return one's own case with everything its page shows (一件事进度). Raises `BundleNotFound`."""
    return _case_view(own_case_get(number), now=now)


def bundle_case_list(*, context_ref: str = "", limit: int = 50, offset: int = 0) -> list[CaseRow]:
    """List one's own cases (我的一件事), newest first; context_ref: those of a project or the like."""
    rows = own_case_rows()
    rows = rows.filter(context_ref=context_ref) if context_ref else rows
    return [_row(case) for case in rows[offset : offset + limit]]


def case_list_of_visit(visit_id: int) -> list[CaseRow]:
    """List the bundles taken in at a visit (来访收件); the caller has checked that it is the clerk's own."""
    rows = case_rows("窗口受理一件事").select_related("version__bundle").filter(visit_id=visit_id)
    return [_row(case) for case in rows.order_by("pk")]


def case_filing_page(number: str) -> str:
    """Return where the clerk who filed a bundle goes on (代办后续页面), "" when the applicant did."""
    rows = case_rows("提交后续").filter(number=number, filed_by_id=context_get().account_id)
    case = rows.first()
    return filing_page(Filing(visit_id=case.visit_id)) if case else ""


def bundle_case_count() -> int:
    """Count one's own cases."""
    return own_case_rows().count()


def bundle_case_find(context_ref: str, *, now: datetime) -> list[BundleCaseView]:
    """Return the cases that belong to something (关联一件事), oldest first; the caller knows who may see them."""
    rows = case_rows("查看关联一件事").select_related("version__bundle")
    found = rows.filter(context_ref=context_ref).exclude(context_ref="").order_by("pk")
    return [_case_view(case, now=now) for case in found]


def case_of_application(number: str) -> tuple[str, dict[str, str], list[BundleItem]] | None:
    """Return number, title and matters of the bundle that an application is part of (所属一件事), else None.

    For those who may see the application: states and titles only.
    """
    item = BundleItem.objects.filter(application_number=number).first()
    if item is None:
        return None
    rows = case_rows("查看所属一件事").select_related("version")
    case = rows.get(pk=item.case_id)
    return case.number, case.version.definition["title"], list(case.items.order_by("pk"))


def _case_view(case: BundleCase, *, now: datetime) -> BundleCaseView:
    bundle = bundle_view(case.version)
    rows = list(case.items.order_by("pk"))
    schedule, missing = _schedule(case, bundle, rows, now=now)
    return BundleCaseView(
        number=case.number,
        key=bundle.key,
        title=bundle.title,
        context_ref=case.context_ref,
        state=case.state,
        applicant=case.applicant_name,
        submitted_at=case.submitted_at,
        ended_at=case.ended_at,
        sha256=case.sha256,
        items=tuple(_items(bundle, rows)),
        schedule=schedule,
        missing_year=missing,
        filed_by=case.filed_by_name,
        is_own=_is_mine(case),
    )


def _items(bundle: BundleView, rows: list[BundleItem]) -> list[ItemView]:
    numbers = [row.application_number for row in rows if row.application_number]
    cases = application_rows("查看一件事进度").filter(number__in=numbers)
    departments = dict(cases.values_list("number", "department_id"))
    corrections: dict[str, list[int]] = {}
    waiting = Correction.objects.filter(application__in=cases, answered_at=None)
    for number, pk in waiting.order_by("pk").values_list("application__number", "pk"):
        corrections.setdefault(number, []).append(pk)
    present = {row.key for row in rows}
    found = []
    for row in rows:
        matter = bundle.spec.matter(row.key)
        department_id = departments.get(row.application_number)
        function = bundle.matters[row.key].department_function
        found.append(
            ItemView(
                key=row.key,
                title=row.title,
                matter_code=row.matter_code,
                department=_department(department_id, function),
                state=row.state,
                application=row.application_number,
                draft_id=row.draft_id,
                reasons=tuple(row.reasons),
                after=tuple(one for one in matter.after if one in present),
                basis=matter.basis,
                filed_at=row.filed_at,
                ended_at=row.ended_at,
                corrections=tuple(corrections.get(row.application_number, ())),
            )
        )
    return found


def _department(department_id: int | None, function: str) -> dict[str, str]:
    if department_id is None:
        return function_title(function)
    department = department_get(department_id)
    return {"zh": department.name, "en": department.name_en or department.name}


def _schedule(
    case: BundleCase, bundle: BundleView, rows: list[BundleItem], *, now: datetime
) -> tuple[Schedule, int | None]:
    """Project when all will be done (预计办结): what has happened, clocks of what runs, limits of the rest."""
    planned = [row for row in rows if row.state in IN_PLAN]
    subjects = {f"application:{row.application_number}": row for row in planned}
    clocks = clock_map(list(subjects), now=now)
    keys = tuple(row.key for row in planned)
    steps = [
        _step(bundle, row, keys, clocks.get(f"application:{row.application_number}", ()))
        for row in planned
    ]
    today = _day(now) if case.state == data.OPEN else None
    begin = _day(case.submitted_at)
    try:
        found = schedule_make(steps, begin=begin, calendar=calendar_get(), today=today)
    except CalendarNotPublished as error:
        return schedule_count(steps, begin=begin), error.year
    return found, None


def _step(
    bundle: BundleView, row: BundleItem, keys: tuple[str, ...], clocks: list[ClockView]
) -> PlanStep:
    limits = bundle.matters[row.key].limits
    plan = plan_step(bundle.spec.matter(row.key), limits, keys, kind=PROMISED)
    due = next((one.due_at for one in _promised_first(clocks) if one.due_at), None)
    return PlanStep(
        plan.key,
        plan.amount,
        plan.unit,
        plan.after,
        plan.join,
        started=_day(row.filed_at),
        finished=_day(row.ended_at),
        due=_day(due),
    )


def _promised_first(clocks: list[ClockView]) -> list[ClockView]:
    return sorted(clocks, key=lambda one: one.kind != "PROMISED")


def _day(moment: datetime | None) -> date | None:
    return timezone.localtime(moment).date() if moment else None


def _row(case: BundleCase) -> CaseRow:
    return CaseRow(
        number=case.number,
        key=case.version.bundle.key,
        title=case.version.definition["title"],
        state=case.state,
        submitted_at=case.submitted_at,
        applicant="" if _is_mine(case) else case.applicant_name,
        applicant_ref=case.applicant_ref,
    )


def _is_mine(case: BundleCase) -> bool:
    return case.applicant_ref == context_get().subject_ref


def bundle_state_map(numbers: Collection[str]) -> dict[str, tuple[str, str]]:
    """Return state and its words of those of some cases that the acting person may open (代办一件事状态)."""
    found = own_case_rows().filter(number__in=list(numbers)).values_list("number", "state")
    return {number: (state, data.CASE_STATES[state]) for number, state in found}
