from django.apps import AppConfig


class KernelPacksConfig(AppConfig):
    name = "yiwang.kernel.packs"
    label = "kernel_packs"
    verbose_name = "应用包"
