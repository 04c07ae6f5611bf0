"""Every business act (业务动作) runs through `@action`: permission, one transaction, an audit row.

    @action("hall.licences.revoke", permission="hall.licences.revoke")
    def licence_revoke(licence_id, *, reason, now): ...
        audit_record(f"licence:{licence_id}", detail={"reason": reason})

An action that ends without having recorded anything is rolled back (`ActWithoutAudit`).
"""

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import transaction
from django.utils import timezone

from yiwang.kernel.audit import journal
from yiwang.kernel.audit.context import context_get
from yiwang.kernel.audit.models import AuditEvent
from yiwang.sdk.errors import N_, Forbidden, SignInNeeded, YiwangError

P = ParamSpec("P")
R = TypeVar("R")


class ActWithoutAudit(YiwangError):
    """An action finished without an audit row: a defect of the action, so nothing is kept."""

    code = "act_without_audit"
    status = 500
    message = N_("The act %(act)s left no audit row and was rolled back.")


class _Act:
    __slots__ = ("name", "rows")

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows = 0


_act: ContextVar[_Act | None] = ContextVar("yiwang_act", default=None)


def action(
    act: str, *, permission: str | None = None
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function a business act named `act`, in one transaction, with its audit row.

    permission: refused with `Forbidden` (or `SignInNeeded` for nobody) unless the context holds it;
    None means that the action checks by itself, or that its caller's act covers it.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            if permission is not None:
                permission_require(permission)
            running = _Act(act)
            is_outermost = _act.get() is None
            token = _act.set(running)
            try:
                # An act inside another fails it whole, so it needs no savepoint of its own.
                with transaction.atomic(savepoint=is_outermost):
                    result = function(*args, **kwargs)
                    if not running.rows:
                        raise ActWithoutAudit(act=act)
                    return result
            finally:
                _act.reset(token)

        run.act = act  # type: ignore[attr-defined]
        run.permission = permission  # type: ignore[attr-defined]
        return run

    return decorate


def permission_require(permission: str) -> None:
    """Raise unless the acting person holds `permission` (权限)."""
    context = context_get()
    if context.may(permission):
        return
    if context.population == "ANONYMOUS":
        raise SignInNeeded()
    raise Forbidden()


def audit_record(
    subject: str,
    *,
    detail: dict | None = None,
    person_ref: str = "",
    outcome: str = "DONE",
    act: str | None = None,
) -> int:
    """Write one audit row (审计) in the transaction of the running action and return its id.

    subject: what was acted on, as "kind:key", for example "application:1132…0001".
    person_ref: whose data were touched, so that the person sees it in *who looked at my data*.
    act: the name; by default that of the innermost `@action`. Outside one it must be given.
    """
    running = _act.get()
    if running is None and act is None:
        raise ActWithoutAudit(act="audit_record outside an action")
    if running is not None:
        running.rows += 1
    context = context_get()
    event = AuditEvent.objects.create(
        at=timezone.now(),
        act=act or running.name,
        population=context.population,
        account_id=context.account_id,
        actor_name=context.name,
        post_title=context.post_title,
        department_id=context.department_id,
        department_name=context.department_name,
        purpose=context.purpose,
        channel=context.channel,
        address=context.address,
        subject=subject,
        person_ref=person_ref,
        outcome=outcome,
        detail=detail or {},
    )
    return event.pk


def audit_read_record(
    subject: str, *, act: str, person_ref: str = "", detail: dict | None = None
) -> None:
    """Write that somebody read (读取审计); when this returns, the row survives a crash.

    subject, act, person_ref, detail: as in `audit_record`.
    """
    if not journal.is_beside():
        audit_record(subject, act=act, person_ref=person_ref, detail=detail)
        return
    context = context_get()
    row = (
        timezone.now().isoformat(),
        act,
        context.population,
        context.account_id,
        context.name,
        context.post_title,
        context.department_id,
        context.department_name,
        context.purpose,
        context.channel,
        context.address,
        subject,
        person_ref,
        "DONE",
        detail or {},
    )
    journal.row_write(row)
