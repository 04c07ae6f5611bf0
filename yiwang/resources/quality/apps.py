from django.apps import AppConfig


class ResourcesQualityConfig(AppConfig):
    name = "yiwang.resources.quality"
    label = "resources_quality"
    verbose_name = "数据质量"

    def ready(self) -> None:
        from yiwang.identity.api import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import menu_register, sweep_register  # noqa: PLC0415
        from yiwang.resources.quality import subscribers  # noqa: F401, PLC0415
        from yiwang.resources.quality.actions.exceptions import (  # noqa: PLC0415
            exceptions_escalate,
        )
        from yiwang.resources.quality.actions.monitoring import monitor_sweep  # noqa: PLC0415
        from yiwang.resources.quality.queries import (  # noqa: PLC0415
            HANDLE,
            alert_count,
            exception_count,
        )
        from yiwang.sdk.errors import N_  # noqa: PLC0415

        permission_register(
            HANDLE,
            title={"zh": "办理数据质量异常", "en": "Handle exceptions of data quality"},
            roles={"DATA_STEWARD"},
        )
        sweep_register("resources.quality.monitor", monitor_sweep, every_seconds=3600)
        sweep_register("resources.quality.escalate", exceptions_escalate, every_seconds=3600)
        data = N_("Data")
        space = "resources_quality:"
        for title, name, count, order, icon in (
            (N_("Quality of data"), "board", None, 330, "speedometer2"),
            (N_("Exceptions"), "exceptions", exception_count, 331, "exclamation-diamond"),
            (N_("Monitor of deliveries"), "monitor", alert_count, 332, "activity"),
        ):
            menu_register(
                "desk", data, title, f"{space}{name}",
                permission=HANDLE, count=count, order=order, icon=icon,
            )  # fmt: skip
