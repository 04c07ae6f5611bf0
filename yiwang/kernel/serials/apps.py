from django.apps import AppConfig


class KernelSerialsConfig(AppConfig):
    name = "yiwang.kernel.serials"
    label = "kernel_serials"
    verbose_name = "流水号"
