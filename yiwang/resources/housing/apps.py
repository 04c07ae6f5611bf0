from django.apps import AppConfig


class ResourcesHousingConfig(AppConfig):
    name = "yiwang.resources.housing"
    label = "resources_housing"
    verbose_name = "动态住房数据库"

    def ready(self) -> None:
        from yiwang.identity.api import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import menu_register, sweep_register  # noqa: PLC0415
        from yiwang.resources.housing.jobs import sweep  # noqa: PLC0415
        from yiwang.resources.housing.queries import exception_open_count  # noqa: PLC0415
        from yiwang.sdk.errors import N_  # noqa: PLC0415

        read, report = "resources.housing.read", "resources.housing.report"
        permission_register(
            read,
            title={"zh": "查询住房库", "en": "Consult the housing registry"},
            roles={"DATA_STEWARD", "REVIEWER", "APPROVER"},
        )
        permission_register(
            report,
            title={"zh": "报送住房事件", "en": "Report to the housing registry"},
            roles={"DATA_STEWARD"},
        )
        space = "resources_housing:"
        menu_register("space", "", N_("My homes"), f"{space}mine", order=53, icon="house")
        menu_register(
            "desk",
            N_("Data"),
            N_("Housing registry"),
            f"{space}search",
            permission=read,
            order=330,
            icon="houses",
        )
        menu_register(
            "desk",
            N_("Data"),
            N_("Refused housing reports"),
            f"{space}exceptions",
            permission=report,
            count=exception_open_count,
            order=331,
            icon="house-exclamation",
        )
        sweep_register("resources.housing.day", sweep, every_seconds=3600)
