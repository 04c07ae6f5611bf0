"""Every business act (业务动作) runs through `@action`: permission, one transaction, an audit row.

    @action("hall.licences.revoke", permission="hall.licences.revoke")
    def licence_revoke(licence_id, *, reason, now): ...
        audit_record(f"licence:{licence_id}", detail={"reason": reason})

An action that ends without having recorded anything is rolled back (`ActWithoutAudit`). The rows of an act and of
the acts inside it are written together, as the last thing before it ends.
"""

from collections.abc import Callable, Hashable
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import connection, transaction
from django.utils import timezone

from yiwang.kernel.audit import journal
from yiwang.kernel.audit.context import context_get
from yiwang.kernel.audit.models import AuditEvent
from yiwang.kernel.rows.sending import together
from yiwang.kernel.rows.statements import rows_insert
from yiwang.sdk.errors import N_, Forbidden, SignInNeeded, YiwangError

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class ActWithoutAudit(YiwangError):
    """An action finished without an audit row: a defect of the action, so nothing is kept."""

    code = "act_without_audit"
    status = 500
    message = N_("The act %(act)s left no audit row and was rolled back.")


class _Act:
    """A running act. The outermost one holds the rows to be written and what was read once."""

    __slots__ = ("name", "once", "outermost", "rows", "savepoints", "waiting")

    def __init__(self, name: str, outermost: "_Act | None") -> None:
        self.name = name
        self.rows = 0
        self.outermost = outermost or self
        self.waiting: list[AuditEvent] = []
        self.once: dict[Hashable, object] = {}
        self.savepoints = 0

    def begin(self) -> None:
        self.savepoints = _savepoints()

    def keep(self, row: AuditEvent) -> None:
        """Let a row wait for the end of the act, unless a savepoint may still take it back alone."""
        if _savepoints() == self.savepoints:
            self.waiting.append(row)
        else:
            rows_insert([row])

    def end(self) -> None:
        rows_insert(self.waiting)


def _savepoints() -> int:
    return sum(one is not None for one in connection.savepoint_ids)


_act: ContextVar[_Act | None] = ContextVar("yiwang_act", default=None)


def act_once(key: Hashable, read: Callable[[], T]) -> T:
    """Return what `read` gives, asked once in the running act (一次操作只读一次); outside acts each time.

    For what every part of an act must see alike: the calendar in force, what its caches stand on.
    """
    running = _act.get()
    if running is None:
        return read()
    once = running.outermost.once
    if key not in once:
        once[key] = read()
    return once[key]  # type: ignore[return-value]


def act_once_forget(key: Hashable) -> None:
    """Let what was read once be read again, since this act has changed it (重新读取)."""
    running = _act.get()
    if running is not None:
        running.outermost.once.pop(key, None)


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
            around = _act.get()
            running = _Act(act, around and around.outermost)
            token = _act.set(running)
            try:
                # An act inside another fails it whole, so it needs no savepoint of its own.
                with transaction.atomic(savepoint=around is None):
                    running.begin()
                    with together(act):
                        result = function(*args, **kwargs)
                        if not running.rows:
                            raise ActWithoutAudit(act=act)
                        if around is None:
                            running.end()
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
) -> None:
    """Write one audit row (审计) in the transaction of the running action.

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
    event = AuditEvent(
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
    if running is None:
        rows_insert([event])
    else:
        running.outermost.keep(event)


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
