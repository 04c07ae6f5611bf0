"""Acts upon the audit trail itself (审计管理)."""

from collections.abc import Mapping

from yiwang.kernel.api import action, audit_record


@action("identity.access.audit_export", permission="identity.access.audit")
def audit_export(filters: Mapping[str, str]) -> None:
    """Record that the trail is taken out of the house (导出审计), with the filters used."""
    audit_record("audit", detail={name: value for name, value in filters.items() if value})
