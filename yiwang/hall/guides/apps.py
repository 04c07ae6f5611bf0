from django.apps import AppConfig

from yiwang.sdk.errors import N_


class HallGuidesConfig(AppConfig):
    name = "yiwang.hall.guides"
    label = "hall_guides"
    verbose_name = "情形引导与办结预测"

    def ready(self) -> None:
        from yiwang.hall.guides import following  # noqa: PLC0415
        from yiwang.hall.guides.pack import guides_read  # noqa: PLC0415
        from yiwang.hall.guides.parts import application_part, matter_part  # noqa: PLC0415
        from yiwang.hall.matters.parts import part_register  # noqa: PLC0415
        from yiwang.kernel.api import (  # noqa: PLC0415
            menu_register,
            pack_section_register,
            sweep_register,
        )

        following.register()
        pack_section_register("guides", guides_read, order=45)
        sweep_register("hall.guides.forecast", following.forecast_sweep, every_seconds=3600)
        part_register("matter", matter_part, order=10)
        part_register("application", application_part, order=10)
        part_register("track", application_part, order=10)
        menu_register(
            "portal",
            N_("Before you apply"),
            N_("Which matter is mine?"),
            "hall_guides:list",
            order=15,
            icon="signpost-split",
        )
