from django.apps import AppConfig


class DecisionsConfig(AppConfig):
    name = "yiwang.engines.decisions"
    label = "engines_decisions"
    verbose_name = "决策"
