from django.apps import AppConfig


class ResourcesGeospatialConfig(AppConfig):
    name = "yiwang.resources.geospatial"
    label = "resources_geospatial"
    verbose_name = "空间"
