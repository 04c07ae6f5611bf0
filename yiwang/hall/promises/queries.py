"""Reads of promises (承诺查询). Who promised sees their own, officers their departments'."""

from dataclasses import replace
from datetime import date

from django.db.models import Q, QuerySet
from django.utils import timezone

from yiwang.hall.promises.data import (
    COMMITMENT,
    OPEN,
    SUPPLIED,
    BarRuleView,
    BarTerms,
    BarView,
    BreachView,
    Hold,
    PromiseView,
)
from yiwang.hall.promises.errors import PromiseNotFound, PromiseUnkept
from yiwang.hall.promises.models import Promise, PromiseBar, PromiseBarRule, PromiseBreach
from yiwang.hall.promises.rules import blocks_issue
from yiwang.identity.api import Rule, data_scope, field_equals, field_in, of_context, rule_by_office
from yiwang.kernel.api import RequestContext, context_get

CHECK = "hall.promises.check"
BREAK = "hall.promises.break"
BAR_RULES = "hall.promises.bar_rules"
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


BAR_FIELDS = (
    "pk",
    "holder_ref",
    "matter_code",
    "reason",
    "since",
    "promise__number",
    "until",
    "kinds",
    "promise_id",
    "appeal",
    "appealed_at",
    "ruling",
)


def bar_list(holder_ref: str, *, on: date, matter_code: str | None = None) -> list[BarView]:
    """List what keeps somebody from promising (承诺限制) on a day, for a matter or altogether; the longest first."""
    rows = PromiseBar.objects.filter(holder_ref=holder_ref, lifted_at__isnull=True)
    rows = rows.filter(Q(until__isnull=True) | Q(until__gte=on))
    if matter_code is not None:
        rows = rows.filter(matter_code__in=["", matter_code])
    views = [_bar_view(row) for row in rows.values(*BAR_FIELDS)]
    return sorted(views, key=lambda one: (one.until is not None, -(one.until or on).toordinal()))


def bars_of(holder_ref: str, matter_code: str, *, on: date) -> dict[str, BarView]:
    """Say for each kind of promise why somebody may not make it for a matter (承诺限制), one statement."""
    found: dict[str, BarView] = {}
    for bar in bar_list(holder_ref, on=on, matter_code=matter_code):
        for kind in bar.kinds:
            found.setdefault(kind, bar)
    return found


def bar_get(holder_ref: str, matter_code: str, *, on: date | None = None) -> BarView | None:
    """Say why somebody may not commit themselves for a matter (承诺限制), None when they may."""
    return bars_of(holder_ref, matter_code, on=on or timezone.localdate()).get(COMMITMENT)


def bar_of_promise(promise_id: int) -> BarView | None:
    """Return the bar that a broken promise led to (该承诺引起的限制), lifted or over or not."""
    row = PromiseBar.objects.filter(promise_id=promise_id).values(*BAR_FIELDS, "lifted_at").first()
    if row is None:
        return None
    lifted = row.pop("lifted_at")
    view = _bar_view(row)
    return replace(view, state="LIFTED") if lifted else view


def _bar_view(row: dict) -> BarView:
    appealed_at, ruling = row["appealed_at"], row["ruling"]
    return BarView(
        id=row["pk"],
        holder_ref=row["holder_ref"],
        matter_code=row["matter_code"],
        reason=row["reason"],
        since=row["since"],
        number=row["promise__number"],
        until=row["until"],
        kinds=tuple(row["kinds"]),
        promise_id=row["promise_id"],
        state=("UPHELD" if ruling else "APPEALED") if appealed_at else "",
        appeal=row["appeal"],
        ruling=ruling,
    )


def bar_rule_list() -> list[BarRuleView]:
    """List what the city bars from for breaking each kind (承诺限制规则)."""
    return [
        BarRuleView(row.kind, row.days, row.scope, tuple(row.kinds), row.basis, row.is_enabled)
        for row in PromiseBarRule.objects.order_by("kind")
    ]


def bar_terms() -> dict[str, BarTerms]:
    """Return the terms to be told with each kind of promise (告知的限制条件), one statement."""
    return {rule.kind: rule.terms for rule in bar_rule_list() if rule.terms is not None}


def breach_list(*, after: int = 0, limit: int = 500) -> list[BreachView]:
    """List broken promises by id (失信记录), for a room of credit that takes them over in order; voided ones too."""
    with data_scope(purpose="信用信息归集", reason="失信记录"):
        rows = PromiseBreach.objects.filter(pk__gt=after).select_related("promise")
        return [_breach_view(row) for row in rows.order_by("pk")[:limit]]


def _breach_view(row: PromiseBreach) -> BreachView:
    promise = row.promise
    return BreachView(
        id=row.pk,
        promise_id=promise.pk,
        holder_ref=row.holder_ref,
        kind=promise.kind,
        matter_code=promise.matter_code,
        number=promise.number,
        item=promise.item,
        department_id=promise.department_id,
        reason=row.reason,
        legal_basis=row.legal_basis,
        consequence=promise.consequence,
        revoked=tuple(promise.revoked),
        barred_until=row.barred_until,
        broken_at=row.broken_at,
        voided_at=row.voided_at,
        taken_at=row.taken_at,
    )


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
        held_at=row.held_at,
        hold=Hold(**row.hold) if row.hold else None,
    )
