"""The only door of the area `kernel`: what other areas may use. Keep `__all__` sorted and complete."""

from yiwang.kernel.audit.actions import ActWithoutAudit, action, audit_record, permission_require
from yiwang.kernel.audit.context import (
    ANONYMOUS,
    RequestContext,
    context_get,
    context_system,
    context_use,
    purpose_use,
)
from yiwang.kernel.audit.queries import audit_list

__all__ = [
    "ANONYMOUS",
    "ActWithoutAudit",
    "RequestContext",
    "action",
    "audit_list",
    "audit_record",
    "context_get",
    "context_system",
    "context_use",
    "permission_require",
    "purpose_use",
]
