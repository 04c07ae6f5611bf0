from django.apps import AppConfig


class KernelAuditConfig(AppConfig):
    name = "yiwang.kernel.audit"
    label = "kernel_audit"
    verbose_name = "审计"
