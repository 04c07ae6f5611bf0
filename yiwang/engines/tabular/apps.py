from django.apps import AppConfig


class TabularConfig(AppConfig):
    name = "yiwang.engines.tabular"
    label = "engines_tabular"
    verbose_name = "表格计算"
