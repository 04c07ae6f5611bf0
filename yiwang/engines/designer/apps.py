from django.apps import AppConfig


class EnginesDesignerConfig(AppConfig):
    name = "yiwang.engines.designer"
    label = "engines_designer"
    verbose_name = "流程设计"

    def ready(self) -> None:
        from yiwang.identity.api import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import menu_register  # noqa: PLC0415
        from yiwang.sdk.errors import N_  # noqa: PLC0415

        permission_register(
            "engines.designer.read",
            {"zh": "查看流程模型", "en": "Look at process models"},
            {
                "REVIEWER",
                "APPROVER",
                "DEPARTMENT_HEAD",
                "SUPERVISOR",
                "SYSTEM_ADMIN",
                "SECURITY_ADMIN",
            },
        )
        permission_register(
            "engines.designer.design",
            {"zh": "设计流程模型", "en": "Design process models"},
            {"SYSTEM_ADMIN"},
        )
        permission_register(
            "engines.designer.instances",
            {"zh": "查看流程运行情况", "en": "Look at how processes run"},
            {"SUPERVISOR", "SYSTEM_ADMIN"},
        )
        menu_register(
            "desk",
            N_("Rules of the city"),
            N_("Process models"),
            "engines_designer:list",
            permission="engines.designer.read",
            order=60,
            icon="diagram-3",
        )
