from django.apps import AppConfig


class KernelUiConfig(AppConfig):
    name = "yiwang.kernel.ui"
    label = "kernel_ui"
    verbose_name = "界面"
