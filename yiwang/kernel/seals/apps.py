from django.apps import AppConfig


class KernelSealsConfig(AppConfig):
    name = "yiwang.kernel.seals"
    label = "kernel_seals"
    verbose_name = "文书签章"
