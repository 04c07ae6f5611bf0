from django.apps import AppConfig


class FusionConfig(AppConfig):
    name = "yiwang.resources.fusion"
    label = "resources_fusion"
    verbose_name = "融合"
