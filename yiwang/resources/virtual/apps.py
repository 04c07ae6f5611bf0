from django.apps import AppConfig


class ResourcesVirtualConfig(AppConfig):
    name = "yiwang.resources.virtual"
    label = "resources_virtual"
    verbose_name = "虚拟库"

    def ready(self) -> None:
        from yiwang.identity.api import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import menu_register, sweep_register  # noqa: PLC0415
        from yiwang.resources.virtual import jobs  # noqa: F401, PLC0415 - the job is known by it
        from yiwang.resources.virtual.actions import answers_sweep  # noqa: PLC0415
        from yiwang.resources.virtual.queries import (  # noqa: PLC0415
            DEFINE,
            PERSONAL,
            QUERY,
            REVIEW,
            review_count,
        )
        from yiwang.sdk.errors import N_  # noqa: PLC0415

        for name, zh, en, roles in (
            (
                QUERY,
                "查询主题库",
                "Ask thematic datasets",
                {"DATA_STEWARD", "REVIEWER", "APPROVER"},
            ),
            (PERSONAL, "查看主题库个人信息", "See personal fields", {"REVIEWER", "APPROVER"}),
            (DEFINE, "编制主题库", "Define thematic datasets", {"DATA_STEWARD"}),
            (REVIEW, "审核主题库", "Review thematic datasets", {"DATA_STEWARD"}),
        ):
            permission_register(name, title={"zh": zh, "en": en}, roles=roles)
        space = "resources_virtual:"
        menu_register(
            "desk",
            N_("Data"),
            N_("Thematic datasets"),
            f"{space}browse",
            permission=QUERY,
            order=340,
            icon="diagram-3",
        )
        menu_register(
            "desk",
            N_("Data"),
            N_("Definitions of datasets"),
            f"{space}desk",
            permission=DEFINE,
            count=review_count,
            order=341,
            icon="bezier2",
        )
        sweep_register("resources.virtual.answers", answers_sweep, every_seconds=86_400)
