from django.apps import AppConfig


class FusionConfig(AppConfig):
    name = "yiwang.resources.fusion"
    label = "resources_fusion"
    verbose_name = "融合"

    def ready(self) -> None:
        from yiwang.identity.api import permission_register  # noqa: PLC0415
        from yiwang.resources.fusion.permissions import PERMISSIONS  # noqa: PLC0415

        for name, (zh, en, roles) in PERMISSIONS.items():
            permission_register(name, title={"zh": zh, "en": en}, roles=roles)
