from django.apps import AppConfig

_OPERATORS = {"SYSTEM_ADMIN", "DATA_STEWARD"}


class IdentityAccessConfig(AppConfig):
    name = "yiwang.identity.access"
    label = "identity_access"
    verbose_name = "授权"

    def ready(self) -> None:
        from yiwang.identity.access.permissions import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import menu_register  # noqa: PLC0415
        from yiwang.sdk.errors import N_  # noqa: PLC0415

        # The kernel stands below and cannot register its own.
        for name, zh, en, roles in (
            ("kernel.packs.read", "查看应用包", "See the packs", _OPERATORS),
            ("kernel.packs.load", "加载应用包", "Load packs", {"SYSTEM_ADMIN"}),
            ("kernel.events.retry", "重试事件投递", "Retry events", {"SYSTEM_ADMIN"}),
            ("kernel.jobs.retry", "重试后台任务", "Retry jobs", {"SYSTEM_ADMIN"}),
            ("kernel.calendar.load", "导入工作日历", "Load the calendar", _OPERATORS),
            ("kernel.calendar.close", "设置停办日", "Set closures", _OPERATORS),
            ("kernel.codes.load", "导入代码表", "Load code tables", _OPERATORS),
            ("kernel.codes.decide", "确认代码变更", "Decide changes of codes", _OPERATORS),
        ):
            permission_register(name, title={"zh": zh, "en": en}, roles=roles)
        permission_register(
            "identity.access.roles",
            title={"zh": "维护岗位角色", "en": "Maintain the roles of posts"},
            roles={"SECURITY_ADMIN"},
        )
        permission_register(
            "identity.access.audit",
            title={"zh": "查看审计记录", "en": "Read the audit trail"},
            roles={"AUDIT_ADMIN"},
        )
        menu_register(
            "desk",
            N_("Administration"),
            N_("Audit records"),
            "identity_access:audit",
            permission="identity.access.audit",
            order=910,
            icon="journal-check",
        )
