from django.apps import AppConfig


class IdentityAccessConfig(AppConfig):
    name = "yiwang.identity.access"
    label = "identity_access"
    verbose_name = "授权"

    def ready(self) -> None:
        from yiwang.identity.access.permissions import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import menu_register  # noqa: PLC0415
        from yiwang.sdk.errors import N_  # noqa: PLC0415

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
            N_("Audit trail"),
            "identity_access:audit",
            permission="identity.access.audit",
            order=910,
            icon="journal-check",
        )
