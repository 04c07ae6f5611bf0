"""Changing a project, handing it to another company, ending it (项目变更、转让、终止). The code stays."""

from collections.abc import Mapping
from datetime import datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from yiwang.hall.applications.actions.applicant import application_withdraw
from yiwang.hall.applications.filing import account_of_applicant
from yiwang.hall.bundles.actions.cases import bundle_withdraw
from yiwang.hall.bundles.models import BundleItem
from yiwang.hall.bundles.queries.cases import bundle_case_list
from yiwang.hall.projects import rules
from yiwang.hall.projects.actions.following import (
    approval_reset,
    approvals_catch_up,
    project_watch,
)
from yiwang.hall.projects.actions.registration import approvals_write
from yiwang.hall.projects.effects import ChangeEffect, change_effect, change_read, investor_effect
from yiwang.hall.projects.errors import (
    ChangeBlocked,
    ChangeRefused,
    ProjectEnded,
    ProjectNotFound,
)
from yiwang.hall.projects.models import Project, ProjectChange
from yiwang.hall.projects.queries import context_ref_of
from yiwang.hall.projects.tables import project_plan
from yiwang.kernel.api import action, audit_record, context_get, event_publish
from yiwang.resources.api import enterprise_get
from yiwang.sdk.errors import N_, YiwangError

REASON_LEAST = 5
REASON_SHORT = N_("Say why, in a few words.")
COMPANY_UNKNOWN = N_("The registry knows no such company.")
COMPANY_SAME = N_("This is the investor already.")
OFFERED_ALREADY = N_("The project is offered to a company already. Take that back first.")


def _lock(code: str) -> Project:
    rows = Project.objects.select_for_update().filter(code=code)
    project = rows.filter(investor_ref=context_get().subject_ref or "-").first()
    if project is None:
        raise ProjectNotFound()
    if project.state != Project.State.ACTIVE:
        raise ProjectEnded()
    return project


def _reason(text: str) -> str:
    reason = text.strip()[:500]
    if len(reason) < REASON_LEAST:
        raise ChangeRefused(fields={"reason": [gettext(REASON_SHORT)]})
    return reason


@action("hall.projects.change")
def project_change(
    code: str, values: Mapping[str, str], *, reason: str, now: datetime
) -> ChangeEffect:
    """Change name, place, scale, amount or time of one's project (项目变更); returns what follows from it.

    A large change needs approvals again, by the plan's rules; the type is decided anew. Raises
    ProjectNotFound, ProjectEnded, ChangeRefused, ProjectIncomplete, ChangeBlocked while what would be needed
    again is being handled.
    """
    project = _lock(code)
    approvals_catch_up(project, now=now)
    changed = change_read(project, values)
    reason = _reason(reason)
    effect = change_effect(project, changed)
    _not_underway(project, (*effect.again, *effect.dropped))
    for name, (_old, new) in changed.items():
        setattr(project, name, new)
    project.kind, project.kind_reason = effect.kind, effect.kind_reason
    project.save()
    _carry_out(project, effect, now=now)
    said = {name: [_plain(old), _plain(new)] for name, (old, new) in changed.items()}
    if effect.kind != effect.kind_before:
        said["kind"] = [effect.kind_before, effect.kind]
    _note(project, values=said, again=effect.again, reason=reason, now=now)
    return effect


def _plain(value: object) -> str:
    return f"{value:f}" if hasattr(value, "quantize") else str(value)


def _not_underway(project: Project, keys: tuple[str, ...]) -> None:
    rows = project.approvals.filter(key__in=keys, state=rules.APPLIED).order_by("pk")
    if busy := list(rows.values_list("key", flat=True)):
        raise ChangeBlocked(names=project_plan().titles(busy))


def _carry_out(project: Project, effect: ChangeEffect, *, now: datetime) -> None:
    approvals_write(project, now=now)
    approval_reset(project, list(effect.again), now=now)
    project_watch(project, now=now)


def _note(
    project: Project,
    *,
    values: Mapping[str, list[str]],
    again: tuple[str, ...],
    reason: str,
    now: datetime,
) -> None:
    ProjectChange.objects.create(
        project=project,
        values=dict(values),
        again=list(again),
        reason=reason,
        account_id=context_get().account_id,
        changed_at=now,
    )
    audit_record(f"project:{project.code}", detail={"values": dict(values), "again": list(again)})
    _tell("project.changed", project, account_id=project.account_id, now=now)


def _tell(topic: str, project: Project, *, account_id: int | None, now: datetime, **more) -> None:
    event_publish(
        topic,
        {
            "number": project.code,
            "title": {"zh": project.name, "en": project.name},
            "account_id": account_id,
            "investor": project.investor_name,
            **more,
        },
        key=f"{project.code}:{now.isoformat()}",
    )


# --- another investor ---------------------------------------------------------------------------


@action("hall.projects.offer")
def project_offer(code: str, *, uscc: str, reason: str, now: datetime) -> int:
    """Offer one's project to another company (变更投资主体); it holds when that company accepts.

    Raises ProjectNotFound, ProjectEnded, ChangeRefused, ChangeBlocked.
    """
    project = _lock(code)
    reason, wanted = _reason(reason), uscc.strip().upper()
    approvals_catch_up(project, now=now)
    try:
        company = enterprise_get(wanted)
    except YiwangError as error:
        raise ChangeRefused(fields={"uscc": [gettext(COMPANY_UNKNOWN)]}) from error
    to_ref = f"enterprise:{company.uscc}"
    if to_ref == project.investor_ref:
        raise ChangeRefused(fields={"uscc": [gettext(COMPANY_SAME)]})
    if project.changes.filter(state=ProjectChange.State.OFFERED).exists():
        raise ChangeRefused(fields={"uscc": [gettext(OFFERED_ALREADY)]})
    _nothing_underway(project)
    row = ProjectChange.objects.create(
        project=project,
        state=ProjectChange.State.OFFERED,
        values={"investor": [project.investor_name, company.name]},
        reason=reason,
        to_ref=to_ref,
        account_id=context_get().account_id,
        changed_at=now,
    )
    audit_record(f"project:{code}", detail={"offered_to": to_ref})
    account_id = account_of_applicant(to_ref, on=timezone.localdate(now))
    link = reverse("hall_projects:mine")
    _tell("project.offered", project, account_id=account_id, now=now, link=link)
    return row.pk


def _nothing_underway(project: Project) -> None:
    """An application cannot change its applicant: none may be open while the investor changes."""
    _not_underway(project, tuple(project.approvals.values_list("key", flat=True)))


@action("hall.projects.offer_recall")
def project_offer_recall(code: str, *, now: datetime) -> None:
    """Take the offer of one's project back (收回转让)."""
    project = _lock(code)
    rows = project.changes.filter(state=ProjectChange.State.OFFERED)
    count = rows.update(state=ProjectChange.State.RECALLED, answered_at=now)
    audit_record(f"project:{code}", detail={"recalled": count})


@action("hall.projects.offer_answer")
def project_offer_answer(change_id: int, *, accepts: bool, now: datetime) -> str:
    """Accept or decline a project that is offered to one's company (接受或不接受); returns its code.

    With the acceptance the company is the investor, and the approvals that stand on the investor are needed
    again. Raises ProjectNotFound, ProjectEnded, ChangeBlocked.
    """
    context = context_get()
    offers = ProjectChange.objects.select_for_update().filter(state=ProjectChange.State.OFFERED)
    row = offers.filter(pk=change_id, to_ref=context.subject_ref or "-").first()
    if row is None:
        raise ProjectNotFound()
    project = Project.objects.select_for_update().get(pk=row.project_id)
    if project.state != Project.State.ACTIVE:
        raise ProjectEnded()
    row.state, row.answered_at = ProjectChange.State.DECLINED, now
    if accepts:
        approvals_catch_up(project, now=now)
        _nothing_underway(project)
        effect = investor_effect(project)
        row.state, row.again = ProjectChange.State.DONE, list(effect.again)
        project.investor_ref, project.account_id = row.to_ref, context.account_id
        project.investor_name = row.values["investor"][1]
        project.save()
        _carry_out(project, effect, now=now)
    row.save()
    audit_record(f"project:{project.code}", detail={"offer": row.pk, "accepts": accepts})
    topic = "project.offer_accepted" if accepts else "project.offer_declined"
    link = reverse("hall_projects:mine")
    _tell(topic, project, account_id=row.account_id, now=now, link=link)
    return project.code


# --- the end ------------------------------------------------------------------------------------


@action("hall.projects.end")
def project_end(code: str, *, reason: str, now: datetime) -> list[str]:
    """End one's project (终止项目) and withdraw what is open of it; returns those applications' numbers.

    What was granted stays as it is; the code is never given again. Raises ProjectNotFound, ProjectEnded,
    ChangeRefused without a reason.
    """
    project = _lock(code)
    reason = _reason(reason)
    approvals_catch_up(project, now=now)
    withdrawn = _withdraw(project, reason=reason, now=now)
    project.approvals.filter(application_number__in=withdrawn).update(
        state=rules.NOT_STARTED, application_number="", applied_at=None, decided_at=None
    )
    offers = project.changes.filter(state=ProjectChange.State.OFFERED)
    offers.update(state=ProjectChange.State.RECALLED, answered_at=now)
    project.state, project.ended_at, project.end_reason = Project.State.CANCELLED, now, reason
    project.flags, project.is_off_track = [], False
    project.save()
    audit_record(f"project:{code}", detail={"reason": reason, "withdrawn": withdrawn})
    _tell("project.ended", project, account_id=project.account_id, now=now, reason=reason)
    return withdrawn


def _withdraw(project: Project, *, reason: str, now: datetime) -> list[str]:
    """Withdraw the open bundles and applications of a project, with the reason (撤回在办事项)."""
    rows = project.approvals.filter(state=rules.APPLIED).order_by("pk")
    numbers = list(rows.values_list("application_number", flat=True))
    within: set[str] = set()
    for case in bundle_case_list(context_ref=context_ref_of(project.code)):
        if case.state == "OPEN":
            within |= _bundle_numbers(case.number)
            bundle_withdraw(case.number, reason=reason, now=now)
    for number in numbers:
        if number not in within:
            application_withdraw(number, reason=reason, now=now)
    return numbers


def _bundle_numbers(number: str) -> set[str]:
    """Return the applications that a bundle's withdrawal withdraws with it."""
    rows = BundleItem.objects.filter(case__number=number, state="FILED")
    return set(rows.values_list("application_number", flat=True))
