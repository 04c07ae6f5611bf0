from django.apps import AppConfig


class EnginesFormdesignerConfig(AppConfig):
    name = "yiwang.engines.formdesigner"
    label = "engines_formdesigner"
    verbose_name = "表单设计"

    def ready(self) -> None:
        from yiwang.engines.formdesigner.queries import DESIGN, PUBLISH, READ  # noqa: PLC0415
        from yiwang.identity.api import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import menu_register  # noqa: PLC0415
        from yiwang.sdk.errors import N_  # noqa: PLC0415

        permission_register(
            READ,
            {"zh": "查看表单", "en": "Look at forms"},
            {
                "REVIEWER",
                "APPROVER",
                "DEPARTMENT_HEAD",
                "SUPERVISOR",
                "DATA_STEWARD",
                "SYSTEM_ADMIN",
            },
        )
        permission_register(
            DESIGN, {"zh": "设计表单", "en": "Design forms"}, {"DATA_STEWARD", "SYSTEM_ADMIN"}
        )
        permission_register(
            PUBLISH,
            {"zh": "发布表单", "en": "Publish forms"},
            {"DATA_STEWARD", "SYSTEM_ADMIN"},
        )
        menu_register(
            "desk",
            N_("Rules of the city"),
            N_("Forms"),
            "engines_formdesigner:list",
            permission=READ,
            order=65,
            icon="ui-checks",
        )
