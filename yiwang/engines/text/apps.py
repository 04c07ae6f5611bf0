from django.apps import AppConfig


class EnginesTextConfig(AppConfig):
    name = "yiwang.engines.text"
    label = "engines_text"
    verbose_name = "文本"
