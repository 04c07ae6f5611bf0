"""Reads of promises (承诺查询). Who promised sees their own, officers their departments'."""

from django.db.models import Q, QuerySet

from yiwang.hall.promises.data import OPEN, SUPPLIED, BarView, PromiseView
from yiwang.hall.promises.errors import PromiseNotFound, PromiseUnkept
from yiwang.hall.promises.models import Promise, PromiseBar
from yiwang.hall.promises.rules import blocks_issue
from yiwang.identity.api import Rule, data_scope, field_equals, field_in, of_context, rule_by_office
from yiwang.kernel.api import RequestContext, context_get

CHECK = "hall.promises.check"
BREAK = "hall.promises.break"
HOLDER_RULE: Rule = field_equals("holder_ref", of_context("subject_ref"))
DEPARTMENT_RULE: Rule = field_in("department_id", "department_ids")


def promise_rule(context: RequestContext) -> Rule:
    """Return the rule (行级规则) of the promises that a person may see."""
    return rule_by_office(context, CHECK, office=DEPARTMENT_RULE, others=HOLDER_RULE)


def promise_rows(purpose: str) -> QuerySet[Promise]:
    """Return the promises that the acting person may see (可见承诺)."""
    context = context_get()
    with data_scope(purpose=context.purpose or purpose, reason="承诺"):
        return Promise.objects.filter(promise_rule(context).filter(context))


def promise_get(promise_id: int) -> PromiseView:
    """Return a promise that the acting person may see. Raises `PromiseNotFound` for all others."""
    row = promise_rows("查看承诺").filter(pk=promise_id).first()
    if row is None:
        raise PromiseNotFound()
    return promise_view(row)


def promise_list_of(subject: str) -> list[PromiseView]:
    """List the promises of a subject (办件的承诺); who may see the subject may see them."""
    with data_scope(purpose="查看办件承诺", reason=subject):
        return [promise_view(row) for row in Promise.objects.filter(subject=subject).order_by("pk")]


def promises_require(subject: str) -> None:
    """Refuse to issue while a promise stands against it (未履行承诺不得发证). Raises PromiseUnkept."""
    for promise in promise_list_of(subject):
        if blocks_issue(promise.kind, promise.state, promise.consequence):
            raise PromiseUnkept(item=promise.item)


def promise_due_rows() -> QuerySet[Promise]:
    """Return what waits for somebody in the acting person's departments, the soonest due first."""
    return promise_rows("承诺核查").order_by("due_at", "pk")


def promise_work_count(context: RequestContext, *, cap: int = 99) -> int:
    """Count what the departments of a person have to look at (待核查): handed in, or to be checked."""
    with data_scope(purpose="承诺核查", reason="count"):
        rows = Promise.objects.filter(DEPARTMENT_RULE.filter(context))
        return rows.filter(waits_for_department()).values("pk")[:cap].count()


def waits_for_department() -> Q:
    """Return the filter of what waits for the department and not for the applicant."""
    return Q(state=SUPPLIED) | Q(state=OPEN, kind="COMMITMENT")


def bar_get(holder_ref: str, matter_code: str) -> BarView | None:
    """Say why somebody may not commit themselves for a matter (承诺限制), None when they may."""
    row = (
        PromiseBar.objects.filter(
            holder_ref=holder_ref, matter_code=matter_code, lifted_at__isnull=True
        )
        .values("pk", "holder_ref", "matter_code", "reason", "since", "promise__number")
        .first()
    )
    return BarView(*row.values()) if row else None


def promise_view(row: Promise) -> PromiseView:
    """Turn a row into what others see."""
    return PromiseView(
        id=row.pk,
        kind=row.kind,
        state=row.state,
        subject=row.subject,
        number=row.number,
        matter_code=row.matter_code,
        title=row.title,
        key=row.key,
        item=row.item,
        text=row.text,
        sha256=row.sha256,
        days=row.days,
        consequence=row.consequence,
        legal_basis=row.legal_basis,
        holder_ref=row.holder_ref,
        holder_name=row.holder_name,
        department_id=row.department_id,
        made_at=row.made_at,
        begun_at=row.begun_at,
        due_at=row.due_at,
        warn_at=row.warn_at,
        attachment_id=row.attachment_id,
        supplied_at=row.supplied_at,
        result=row.result,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        return_reason=row.return_reason,
        revoked=tuple(row.revoked),
        accept=tuple(row.accept),
        max_mb=row.max_mb,
    )
