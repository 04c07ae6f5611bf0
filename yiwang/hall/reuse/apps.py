from django.apps import AppConfig


class HallReuseConfig(AppConfig):
    name = "yiwang.hall.reuse"
    label = "hall_reuse"
    verbose_name = "数据复用"

    def ready(self) -> None:
        from yiwang.engines.api import prefill_register  # noqa: PLC0415
        from yiwang.hall.reuse.actions import origins_fold  # noqa: PLC0415
        from yiwang.hall.reuse.queries import READ  # noqa: PLC0415
        from yiwang.hall.reuse.samples import prefill_sources  # noqa: PLC0415
        from yiwang.identity.api import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import menu_register, sweep_register  # noqa: PLC0415
        from yiwang.sdk.errors import N_  # noqa: PLC0415

        prefill_register(prefill_sources())
        sweep_register("hall.reuse.fold", origins_fold, every_seconds=60)
        permission_register(
            READ,
            {"zh": "查看免填统计", "en": "See what people still have to type"},
            {"DEPARTMENT_HEAD", "SUPERVISOR", "DATA_STEWARD"},
        )
        menu_register(
            "space", "", N_("Saved for forms"), "hall_reuse:blocks", order=55, icon="bookmark"
        )
        menu_register(
            "desk",
            N_("Supervision"),
            N_("Fields not typed"),
            "hall_reuse:fields",
            permission=READ,
            order=60,
            icon="keyboard",
        )
