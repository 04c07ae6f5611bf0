from django.apps import AppConfig


class KernelCodesConfig(AppConfig):
    name = "yiwang.kernel.codes"
    label = "kernel_codes"
    verbose_name = "代码表"
