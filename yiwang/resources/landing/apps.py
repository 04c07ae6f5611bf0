from django.apps import AppConfig


class ResourcesLandingConfig(AppConfig):
    name = "yiwang.resources.landing"
    label = "resources_landing"
    verbose_name = "数据归集"

    def ready(self) -> None:
        from yiwang.identity.api import permission_register  # noqa: PLC0415

        send, oversee = "resources.landing.send", "resources.landing.oversee"
        for name, zh, en in (
            (send, "报送本部门数据", "Send the department's data"),
            (oversee, "监管数据归集", "Oversee the deliveries of data"),
        ):
            permission_register(name, title={"zh": zh, "en": en}, roles={"DATA_STEWARD"})
