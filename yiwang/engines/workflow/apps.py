from django.apps import AppConfig


class EnginesWorkflowConfig(AppConfig):
    name = "yiwang.engines.workflow"
    label = "engines_workflow"
    verbose_name = "流程"
