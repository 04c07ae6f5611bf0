from django.apps import AppConfig


class ResourcesLandingConfig(AppConfig):
    name = "yiwang.resources.landing"
    label = "resources_landing"
    verbose_name = "数据归集"

    def ready(self) -> None:
        from yiwang.identity.api import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import menu_register, sweep_register  # noqa: PLC0415
        from yiwang.resources.landing.actions import source_sweep  # noqa: PLC0415
        from yiwang.resources.landing.actions.receiving import rows_fix  # noqa: PLC0415
        from yiwang.resources.landing.queries import waiting_count  # noqa: PLC0415
        from yiwang.resources.quality.hooks import fix_register  # noqa: PLC0415
        from yiwang.sdk.errors import N_  # noqa: PLC0415

        send, oversee = "resources.landing.send", "resources.landing.oversee"
        for name, zh, en in (
            (send, "报送本部门数据", "Send the department's data"),
            (oversee, "监管数据归集", "Oversee the deliveries of data"),
        ):
            permission_register(name, title={"zh": zh, "en": en}, roles={"DATA_STEWARD"})
        menu_register(
            "desk",
            N_("Data"),
            N_("Sending data"),
            "resources_landing:home",
            permission=send,
            count=waiting_count,
            order=305,
            icon="upload",
        )
        sweep_register("resources.landing.sources", source_sweep, every_seconds=15)
        fix_register(rows_fix)
