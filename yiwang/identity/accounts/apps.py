from django.apps import AppConfig


class IdentityAccountsConfig(AppConfig):
    name = "yiwang.identity.accounts"
    label = "identity_accounts"
    verbose_name = "账户"

    def ready(self) -> None:
        from yiwang.identity.access.gate import gate_register  # noqa: PLC0415
        from yiwang.identity.access.permissions import permission_register  # noqa: PLC0415
        from yiwang.identity.accounts.actions import pending_form_keep, session_purge  # noqa: PLC0415
        from yiwang.identity.accounts.session_context import context_read  # noqa: PLC0415
        from yiwang.kernel.api import menu_register, sweep_register  # noqa: PLC0415
        from yiwang.sdk.errors import N_  # noqa: PLC0415

        gate_register(reader=context_read, keeper=pending_form_keep)
        for name, zh, en, roles in (
            ("read", "查看公务人员账户", "See civil servants' accounts", ("SYSTEM", "SECURITY")),
            ("manage", "管理账户", "Manage accounts", ("SYSTEM",)),
            ("post_assign", "任命岗位", "Assign posts", ("SECURITY",)),
            ("post_leave", "办理离任", "End posts", ("SYSTEM", "SECURITY")),
        ):
            permission_register(
                f"identity.accounts.{name}",
                title={"zh": zh, "en": en},
                roles={f"{role}_ADMIN" for role in roles},
            )
        menu_register(
            "desk",
            N_("Administration"),
            N_("Accounts and posts"),
            "identity_accounts:staff",
            permission="identity.accounts.read",
            order=900,
            icon="people",
        )
        for shell in ("space", "desk"):
            menu_register(
                shell,
                "",
                N_("My account"),
                "identity_accounts:profile",
                order=800,
                icon="person-gear",
            )
        menu_register(
            "space",
            "",
            N_("Enterprises"),
            "identity_accounts:enterprises",
            permission="AGENT",
            order=790,
            icon="buildings",
        )
        sweep_register("identity.accounts.session_purge", session_purge, 3600)
