from django.apps import AppConfig

OFFICERS = {"REVIEWER", "APPROVER", "DATA_STEWARD"}
PERMISSIONS = (
    ("check", "核验人口信息", "Verify what people say", OFFICERS | {"WINDOW_CLERK"}),
    ("lookup", "查询人口和法人", "Look up people and organisations", OFFICERS),
    ("unmask", "查看未脱敏信息", "See personal data in full", {"APPROVER", "DATA_STEWARD"}),
    ("masters", "查看主数据版本", "See versions of the registries", {"DATA_STEWARD"}),
    ("publish", "发布和回退主数据", "Publish and roll back registries", {"DATA_STEWARD"}),
)


class ResourcesRegistriesConfig(AppConfig):
    name = "yiwang.resources.registries"
    label = "resources_registries"
    verbose_name = "基础库"

    def ready(self) -> None:
        from yiwang.identity.api import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import menu_register  # noqa: PLC0415
        from yiwang.resources.registries import returning  # noqa: F401, PLC0415 - subscribes
        from yiwang.resources.registries.queries import objection_open_count  # noqa: PLC0415
        from yiwang.sdk.errors import N_  # noqa: PLC0415

        permission_register(
            "resources.registries.objections",
            title={"zh": "答复数据异议", "en": "Answer objections to data"},
            roles={"DATA_STEWARD"},
        )
        for name, zh, en, roles in PERMISSIONS:
            permission_register(
                f"resources.registries.{name}", title={"zh": zh, "en": en}, roles=roles
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
        for order, (title, name, permission, icon) in enumerate(
            (
                (N_("Verify and look up people"), "people", "check", "person-check"),
                (N_("Look up organisations"), "organisations", "lookup", "building-check"),
                (N_("Versions of the registries"), "masters", "masters", "layers"),
            )
        ):
            menu_register(
                "desk",
                N_("Data"),
                title,
                f"{space}{name}",
                permission=f"resources.registries.{permission}",
                order=301 + order,
                icon=icon,
            )
