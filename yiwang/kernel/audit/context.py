"""Who acts, from which post, for what purpose: one context variable for the whole process.

It stands in the kernel because every write is audited; `identity.access` fills it from the session.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class RequestContext:
    """The acting person (操作主体) as every action, query and audit row sees them.

    population: CITIZEN, AGENT, STAFF, PROGRAM (a department's system), SYSTEM or ANONYMOUS.
    subject_ref: whom the act is for: "person:<ref>" or "enterprise:<uscc>", "" for staff.
    department_ids: the post's department and all below it.
    permissions: names such as "hall.applications.decide"; {"*"} allows everything (SYSTEM only).
    """

    population: str = "ANONYMOUS"
    account_id: int | None = None
    name: str = ""
    subject_ref: str = ""
    post_id: int | None = None
    post_title: str = ""
    department_id: int | None = None
    department_name: str = ""
    department_ids: frozenset[int] = field(default_factory=frozenset)
    roles: frozenset[str] = field(default_factory=frozenset)
    permissions: frozenset[str] = field(default_factory=frozenset)
    purpose: str = ""
    channel: str = "WEB"
    address: str = ""
    session_ref: str = ""

    def may(self, permission: str) -> bool:
        """Tell whether the context holds a permission."""
        return permission in self.permissions or "*" in self.permissions


ANONYMOUS = RequestContext()
_current: ContextVar[RequestContext] = ContextVar("yiwang_request_context", default=ANONYMOUS)


def context_get() -> RequestContext:
    """Return the context of the running request, job or test."""
    return _current.get()


@contextmanager
def context_use(context: RequestContext) -> Iterator[RequestContext]:
    """Run a block as `context`; the one before comes back at the end."""
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)


def context_system(purpose: str, name: str = "system") -> RequestContext:
    """Build the context of the machine itself (系统): jobs, loaders, sweeps."""
    return RequestContext(
        population="SYSTEM",
        name=name,
        purpose=purpose,
        permissions=frozenset({"*"}),
        channel="SYSTEM",
    )


@contextmanager
def purpose_use(purpose: str) -> Iterator[RequestContext]:
    """Run a block with the same person under another stated purpose (使用目的)."""
    with context_use(replace(context_get(), purpose=purpose)) as context:
        yield context
