from django.apps import AppConfig


class KernelStampsConfig(AppConfig):
    name = "yiwang.kernel.stamps"
    label = "kernel_stamps"
    verbose_name = "版本戳"
