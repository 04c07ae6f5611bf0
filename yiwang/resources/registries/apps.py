from django.apps import AppConfig


class ResourcesRegistriesConfig(AppConfig):
    name = "yiwang.resources.registries"
    label = "resources_registries"
    verbose_name = "基础库"

    def ready(self) -> None:
        from yiwang.identity.api import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import menu_register  # noqa: PLC0415
        from yiwang.resources.registries.queries import objection_open_count  # noqa: PLC0415
        from yiwang.sdk.errors import N_  # noqa: PLC0415

        permission_register(
            "resources.registries.objections",
            title={"zh": "答复数据异议", "en": "Answer objections to data"},
            roles={"DATA_STEWARD"},
        )
        space = "resources_registries:"
        menu_register("space", "", N_("My data"), f"{space}me", order=50, icon="person-vcard")
        menu_register(
            "space",
            "",
            N_("Enterprise data"),
            f"{space}enterprise",
            permission="AGENT",
            order=51,
            icon="building",
        )
        menu_register(
            "space", "", N_("Who looked at my data"), f"{space}access_log", order=52, icon="eye"
        )
        menu_register(
            "desk",
            N_("Data"),
            N_("Objections to data"),
            f"{space}objections",
            permission="resources.registries.objections",
            count=objection_open_count,
            order=300,
            icon="chat-square-text",
        )
