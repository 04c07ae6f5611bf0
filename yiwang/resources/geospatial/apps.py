from django.apps import AppConfig


class ResourcesGeospatialConfig(AppConfig):
    name = "yiwang.resources.geospatial"
    label = "resources_geospatial"
    verbose_name = "空间"

    def ready(self) -> None:
        from yiwang.kernel.api import menu_register  # noqa: PLC0415
        from yiwang.sdk.errors import N_  # noqa: PLC0415

        menu_register(
            "portal", "", N_("City map"), "resources_geospatial:index", order=70, icon="map"
        )
