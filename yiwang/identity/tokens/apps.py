from django.apps import AppConfig


class IdentityTokensConfig(AppConfig):
    name = "yiwang.identity.tokens"
    label = "identity_tokens"
    verbose_name = "接口令牌"

    def ready(self) -> None:
        from yiwang.identity.access.permissions import permission_register  # noqa: PLC0415
        from yiwang.identity.access.programs import program_gate_register  # noqa: PLC0415
        from yiwang.identity.tokens.actions import token_expiry_sweep  # noqa: PLC0415
        from yiwang.identity.tokens.calls import program_call  # noqa: PLC0415
        from yiwang.kernel.api import menu_register, sweep_register  # noqa: PLC0415
        from yiwang.sdk.errors import N_  # noqa: PLC0415

        program_gate_register(program_call)
        for name, zh, en, roles in (
            (
                "read",
                "查看部门系统与接口令牌",
                "See systems and tokens",
                {"DATA_STEWARD", "DEPARTMENT_HEAD", "SECURITY_ADMIN"},
            ),
            (
                "manage",
                "管理本部门系统与接口令牌",
                "Manage the department's systems and tokens",
                {"DATA_STEWARD", "DEPARTMENT_HEAD"},
            ),
            (
                "oversee",
                "监管全市接口令牌",
                "Oversee the city's tokens",
                {"SECURITY_ADMIN"},
            ),
        ):
            permission_register(f"identity.tokens.{name}", title={"zh": zh, "en": en}, roles=roles)
        menu_register(
            "desk",
            N_("Administration"),
            N_("Systems and tokens"),
            "identity_tokens:systems",
            permission="identity.tokens.read",
            order=905,
            icon="key",
        )
        sweep_register("identity.tokens.expiry", token_expiry_sweep, every_seconds=3600)
