from django.apps import AppConfig


class EnginesClocksConfig(AppConfig):
    name = "yiwang.engines.clocks"
    label = "engines_clocks"
    verbose_name = "时限"
