from django.apps import AppConfig


class DecisionsConfig(AppConfig):
    name = "yiwang.engines.decisions"
    label = "engines_decisions"
    verbose_name = "决策"

    def ready(self) -> None:
        from yiwang.engines.decisions.pack import decisions_read  # noqa: PLC0415
        from yiwang.identity.api import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import menu_register, pack_section_register  # noqa: PLC0415
        from yiwang.sdk.errors import N_  # noqa: PLC0415

        pack_section_register("decisions", decisions_read, order=15)
        permission_register(
            "engines.decisions.publish",
            {"zh": "发布决策模型", "en": "Publish decision models"},
            {"SYSTEM_ADMIN"},
        )
        permission_register(
            "engines.decisions.read",
            {"zh": "查看和试算决策表", "en": "Look at decision tables and try them"},
            {
                "WINDOW_CLERK",
                "REVIEWER",
                "APPROVER",
                "DEPARTMENT_HEAD",
                "SUPERVISOR",
                "SYSTEM_ADMIN",
            },
        )
        menu_register(
            "desk",
            N_("Rules of the city"),
            N_("Decision tables"),
            "engines_decisions:list",
            permission="engines.decisions.read",
            order=70,
            icon="signpost-split",
        )
