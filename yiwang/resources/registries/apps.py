from django.apps import AppConfig


class ResourcesRegistriesConfig(AppConfig):
    name = "yiwang.resources.registries"
    label = "resources_registries"
    verbose_name = "基础库"
