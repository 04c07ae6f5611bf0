from django.apps import AppConfig


class EnginesFormsConfig(AppConfig):
    name = "yiwang.engines.forms"
    label = "engines_forms"
    verbose_name = "表单"
